//! Records that say who sent them, and as which of theirs: so that each can be told from every other.

use millrace_base::ids::Offset;
use millrace_record::batch::batches;
use millrace_record::compression::Scratch;

/// Bytes of a record's value that name it.
const NAME_BYTES: usize = 12;

/// A record of the simulation: the number of its producer, and its own among those that the producer sent to its
/// partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RecordId {
    pub(crate) producer: u32,
    pub(crate) number: u64,
}

impl RecordId {
    /// A value of `bytes` (or as many as a name takes) that holds the id, and nothing that another would hold.
    pub(crate) fn value(self, bytes: usize) -> Vec<u8> {
        let mut value = Vec::with_capacity(bytes.max(NAME_BYTES));
        value.extend_from_slice(&self.producer.to_be_bytes());
        value.extend_from_slice(&self.number.to_be_bytes());
        value.extend((NAME_BYTES..bytes).map(|at| self.filler(at)));
        value
    }

    fn filler(self, at: usize) -> u8 {
        (u64::from(self.producer) * 31 + self.number * 7 + at as u64) as u8
    }

    /// The id in a value, all of whose bytes must be as they were sent.
    fn of(value: &[u8]) -> RecordId {
        let (producer, rest) = value.split_first_chunk().expect("a record of the simulation");
        let number = rest.first_chunk().expect("a record of the simulation");
        let id = RecordId { producer: u32::from_be_bytes(*producer), number: u64::from_be_bytes(*number) };
        let is_whole = value.iter().enumerate().skip(NAME_BYTES).all(|(at, byte)| *byte == id.filler(at));
        assert!(is_whole, "the value of {id:?} is not what was sent");
        id
    }
}

/// The records of an answer to a fetch at `position`, and the offset after them. Batches must be sound, and follow each
/// other without a gap; the last one may be cut off.
pub(crate) fn read(bytes: &[u8], position: Offset) -> (Vec<(Offset, RecordId)>, Offset) {
    let mut scratch = Scratch::default();
    let mut records = Vec::new();
    let mut next = None;
    for batch in batches(bytes) {
        let batch = match batch {
            Ok(batch) => batch,
            Err(error) if error.is_incomplete() => break,
            Err(error) => panic!("a fetch at {position} gives no record batch: {error}"),
        };
        assert!(batch.crc_is_valid(), "a damaged batch at {}", batch.base_offset());
        match next {
            None => assert!((batch.base_offset()..batch.next_offset()).contains(&position), "fetched at {position}"),
            Some(next) => assert_eq!(batch.base_offset(), next, "a gap in what a fetch gives"),
        }
        next = Some(batch.next_offset());
        for record in batch.records(&mut scratch).unwrap() {
            let record = record.unwrap();
            records.push((record.offset, RecordId::of(record.value.unwrap())));
        }
    }
    (records, next.unwrap_or(position))
}
