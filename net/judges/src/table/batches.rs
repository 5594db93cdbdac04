//! Record batches for Produce: good ones, and good ones with one thing made wrong. All are hexadecimal texts, as the
//! table's requests hold them.

use millrace_record::RecordError;
use millrace_record::batch::{Batch, batches as run};
use millrace_record::builder::BatchBuilder;
use millrace_record::columns::from_kafka;
use millrace_record::compression::{Codec, Scratch};
use millrace_record::header::{TimestampType, seal_crc};

use super::codec::{hex, unhex};

/// A timestamp that lies in the past on every clock, and after which records of the table count, in Unix ms.
pub const LONG_AGO_MS: i64 = 1_600_000_000_000;

/// Where the fields of a batch's header are, in bytes from its beginning.
pub mod at {
    /// The base offset, 8 bytes.
    pub const BASE_OFFSET: usize = 0;
    /// The batch's length after this field, 4 bytes.
    pub const LENGTH: usize = 8;
    /// The leader's epoch, 4 bytes.
    pub const LEADER_EPOCH: usize = 12;
    /// The format, 1 byte.
    pub const MAGIC: usize = 16;
    /// The checksum, 4 bytes.
    pub const CRC: usize = 17;
    /// Codec and flags, 2 bytes.
    pub const ATTRIBUTES: usize = 21;
    /// The last record's offset less the first's, 4 bytes.
    pub const LAST_OFFSET_DELTA: usize = 23;
    /// The first record's timestamp, 8 bytes.
    pub const BASE_TIMESTAMP: usize = 27;
    /// The greatest timestamp, 8 bytes.
    pub const MAX_TIMESTAMP: usize = 35;
    /// The number of records, 4 bytes.
    pub const RECORD_COUNT: usize = 57;
    /// The first record.
    pub const RECORDS: usize = 61;
}

/// A batch of so many records, their keys and values told by their places, a second apart.
#[must_use]
pub fn batch(records: usize) -> String {
    filled(BatchBuilder::new(Codec::None), records)
}

/// The same, compressed.
#[must_use]
pub fn compressed(codec: Codec, records: usize) -> String {
    filled(BatchBuilder::new(codec), records)
}

/// The same, of an idempotent producer.
#[must_use]
pub fn idempotent(producer_id: i64, producer_epoch: i16, base_sequence: i32, records: usize) -> String {
    filled(BatchBuilder::new(Codec::None).producer(producer_id, producer_epoch, base_sequence), records)
}

/// The same, of a transaction.
#[must_use]
pub fn transactional(producer_id: i64, producer_epoch: i16, base_sequence: i32) -> String {
    filled(BatchBuilder::new(Codec::None).producer(producer_id, producer_epoch, base_sequence).transactional(), 1)
}

/// A record: timestamp (Unix ms), key and value.
pub type Given<'a> = (i64, Option<&'a [u8]>, Option<&'a [u8]>);

/// A batch of the records given.
#[must_use]
pub fn of(records: &[Given<'_>]) -> String {
    of_codec(Codec::None, records)
}

/// The same, compressed.
#[must_use]
pub fn of_codec(codec: Codec, records: &[Given<'_>]) -> String {
    let mut builder = BatchBuilder::new(codec);
    for (timestamp, key, value) in records {
        builder.push(*timestamp, *key, *value, &[]).expect("a row's records are small");
    }
    hex(&builder.build().expect("a row's batch is small"))
}

fn filled(mut builder: BatchBuilder, records: usize) -> String {
    for index in 0..records {
        let (key, value) = (format!("key {index}"), format!("value {index}"));
        let timestamp = LONG_AGO_MS + 1_000 * i64::try_from(index).expect("a row has few records");
        builder.push(timestamp, Some(key.as_bytes()), Some(value.as_bytes()), &[]).expect("a row's records are small");
    }
    hex(&builder.build().expect("a row's batch is small"))
}

/// The same records as columns, which no client of Kafka's sends.
///
/// # Panics
/// Never: the records are small.
#[must_use]
pub fn columns(records: usize) -> String {
    let kafka = unhex(&batch(records));
    let kafka = Batch::first(&kafka).expect("a row's batch is one");
    hex(&from_kafka(&kafka, &mut Scratch::default()).expect("a row's batch has no gaps"))
}

/// The sizes in bytes of the batches of a fetched run; a part of one at its end does not count.
///
/// # Panics
/// When one is damaged.
#[must_use]
pub fn sizes(records: &str) -> Vec<usize> {
    let bytes = unhex(records);
    let whole = run(&bytes).take_while(|batch| !batch.as_ref().is_err_and(RecordError::is_incomplete));
    whole.map(|batch| batch.expect("a fetched run holds batches").batch_bytes()).collect()
}

/// A fetched run without the part of a batch at its end.
#[must_use]
pub fn whole(records: &str) -> String {
    records.get(..2 * sizes(records).iter().sum::<usize>()).unwrap_or_default().to_owned()
}

/// What a stored batch says of itself.
pub struct Stored {
    /// Whether its checksum is that of its bytes.
    pub crc_is_valid: bool,
    /// Whether its timestamps are the broker's.
    pub has_append_time: bool,
    /// Its greatest timestamp, in Unix ms.
    pub max_timestamp: i64,
}

impl Stored {
    /// Looks at the first batch of a fetched run.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn read(records: &str) -> Self {
        let bytes = unhex(records);
        let batch = Batch::first(&bytes).expect("a fetched batch is one");
        Self {
            crc_is_valid: batch.crc_is_valid(),
            has_append_time: batch.timestamp_type() == TimestampType::LogAppendTime,
            max_timestamp: batch.max_timestamp(),
        }
    }
}

/// What the batches of a fetched run say, with their records inflated: all but what follows from how well they are
/// compressed, and the leader epoch.
///
/// # Panics
/// When one is damaged.
#[must_use]
pub fn inflated(records: &str) -> Vec<String> {
    let bytes = unhex(records);
    let mut scratch = Scratch::default();
    let describe = |batch: Result<Batch<'_>, RecordError>| {
        let batch = batch.expect("a fetched run holds whole batches");
        assert!(batch.crc_is_valid(), "a fetched batch is as it was made");
        let codec = batch.codec().expect("a fetched batch has a codec");
        let payload = scratch.decompress(codec, batch.payload()).expect("a fetched batch can be inflated");
        format!(
            "{} to {}: attributes {:#x}, {} records from {} to {}, producer {}/{} from {}: {}",
            batch.base_offset(),
            batch.last_offset(),
            batch.attributes(),
            batch.record_count(),
            batch.base_timestamp(),
            batch.max_timestamp(),
            batch.producer_id(),
            batch.producer_epoch(),
            batch.base_sequence(),
            hex(payload)
        )
    };
    run(&bytes).map(describe).collect()
}

/// A batch with bytes replaced and its checksum made right again.
#[must_use]
pub fn edited(batch: &str, position: usize, bytes: &[u8]) -> String {
    let mut edited = unhex(&damaged(batch, position, bytes));
    seal_crc(&mut edited).expect("a batch has a header");
    hex(&edited)
}

/// A batch with bytes replaced, and its checksum left as it is.
#[must_use]
pub fn damaged(batch: &str, position: usize, bytes: &[u8]) -> String {
    let mut damaged = unhex(batch);
    damaged[position..position + bytes.len()].copy_from_slice(bytes);
    hex(&damaged)
}
