//! The metadata log: its records, and the image that follows from them.

use millrace_cluster::metadata::{BrokerEndpoint, BrokerRecord, Image, MetadataRecord, PartitionRecord, TopicRecord};

use crate::input::Input;

/// What a record may take in memory for each of its bytes on the disk: a string's header for an empty string.
const MEMORY_PER_BYTE_MAX: u64 = 16;
/// What it may take besides, in bytes.
const MEMORY_BYTES_MAX: u64 = 4 << 10;

/// Reads records, each after its length in two bytes, and lets an image follow them.
///
/// # Panics
/// At a finding.
pub fn run(input: &[u8]) {
    let mut input = Input::new(input);
    let mut image = Image::default();
    while !input.is_empty() {
        let count = usize::from(input.u16());
        let bytes = input.take(count);
        let mut decoded = None;
        let memory = allocation_counter::measure(|| decoded = MetadataRecord::decode(bytes).ok());
        let allowed_bytes = MEMORY_PER_BYTE_MAX * bytes.len() as u64 + MEMORY_BYTES_MAX;
        assert!(memory.bytes_max <= allowed_bytes, "{} bytes took {} in memory", bytes.len(), memory.bytes_max);
        let Some(record) = decoded else { continue };
        assert_eq!(MetadataRecord::decode(&record.encode()).ok().as_ref(), Some(&record));
        if image.apply(&record).is_ok() {
            check(&image);
        }
    }
}

/// An image is all in its records.
fn check(image: &Image) {
    let records = image.to_records();
    let again = Image::from_records(&records);
    assert_eq!(again.as_ref(), Ok(image), "{records:?}");
}

/// One record of each kind, and all of them in order.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let endpoint = BrokerEndpoint { listener: "PLAINTEXT".to_owned(), host: "::1".to_owned(), port: 9092 };
    let partition = PartitionRecord { replicas: vec![1], isr: vec![1], leader: 1, leader_epoch: 5 };
    let records = [
        MetadataRecord::ClusterId { id: "4L6g3nShT-eMCtK--X86sw".to_owned() },
        MetadataRecord::Broker(BrokerRecord { id: 1, incarnation: [9; 16], endpoints: vec![endpoint] }),
        MetadataRecord::Topic(TopicRecord {
            id: [7; 16],
            name: "orders".to_owned(),
            overrides: vec![("segment.ms".to_owned(), "60000".to_owned())],
            partitions: vec![partition.clone(), partition],
        }),
        MetadataRecord::ProducerIds { first: 0, next: 1_000 },
        MetadataRecord::TopicDeleted { id: [7; 16] },
    ];
    let one = |record: &MetadataRecord| {
        let bytes = record.encode();
        let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes();
        [length.as_slice(), &bytes].concat()
    };
    let mut seeds: Vec<Vec<u8>> = records.iter().map(one).collect();
    seeds.push(seeds.concat());
    seeds
}
