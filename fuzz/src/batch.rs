//! Record batches: what a producer may have sent, and what a log or an answer may hold.

use millrace_base::topic_config::TimestampType;
use millrace_record::batch::{Batch, batches};
use millrace_record::builder::{BatchBuilder, Recompression, recompress};
use millrace_record::columns::{from_kafka, to_kafka};
use millrace_record::compression::{Codec, Compressor, Scratch};
use millrace_record::header::{
    HEADER_BYTES, LENGTH_PREFIX_BYTES, MAGIC_COLUMNS, MAGIC_PREFIX_BYTES, MAGIC_V2, seal_crc,
};
use millrace_record::validate::{Produced, RecordFormat, Rules, Summary, take_produced};

use crate::input::Input;

/// What records may inflate to, in bytes.
pub(crate) const INFLATED_BYTES_MAX: usize = 1 << 20;
/// The first byte's bit that asks for a right length, magic and CRC: without it few inputs get past them.
const SEALED: u8 = 1;
const APPEND_TIME: u8 = 2;
const KEY_REQUIRED: u8 = 4;
const OLD_CLIENT: u8 = 8;
/// The topic stores columns, and the client may send them.
const COLUMNS: u8 = 16;
/// Where a batch's attributes end, in bytes.
const ATTRIBUTES_END: usize = 23;
/// With [`SEALED`]: the magic is that of columns.
const SEALED_COLUMNS: u8 = 32;

/// Reads what the topic asks for, then bytes that claim to be a batch.
///
/// # Panics
/// At a finding.
pub fn run(input: &[u8]) {
    let mut input = Input::new(input);
    let flags = input.byte();
    let rules = Rules {
        api_version: if flags & OLD_CLIENT != 0 { 3 } else { 13 },
        timestamp_type: if flags & APPEND_TIME != 0 { TimestampType::LogAppendTime } else { TimestampType::CreateTime },
        now_ms: 2_000,
        key_required: flags & KEY_REQUIRED != 0,
        format: if flags & COLUMNS != 0 { RecordFormat::Columns } else { RecordFormat::Kafka },
        accepts_columns: flags & COLUMNS != 0,
        ..Rules::default()
    };
    let mut bytes = input.rest().to_vec();
    if flags & SEALED != 0 {
        seal(&mut bytes, if flags & SEALED_COLUMNS != 0 { MAGIC_COLUMNS } else { MAGIC_V2 });
    }
    let mut scratch = Scratch::new(INFLATED_BYTES_MAX);
    let whole = read(&bytes, &mut scratch);
    transcode_all(&bytes, &mut scratch);
    if let Ok(Produced { summary, rewritten }) = take_produced(&bytes, &rules, &mut scratch, &mut Compressor::default())
    {
        assert_eq!(summary.record_count as usize, whole, "what was accepted can be read");
        if let Some(columns) = &rewritten {
            assert_eq!(read(columns, &mut scratch), whole, "what was accepted is stored");
        }
        use_accepted(&mut bytes, &summary, &rules, &mut scratch);
    }
}

/// What can be read as columns can be told as Kafka's, and is the same again after it was stored again.
fn transcode_all(bytes: &[u8], scratch: &mut Scratch) {
    for batch in batches(bytes).flatten().filter(Batch::is_columns) {
        let mut kafka = Vec::new();
        if to_kafka(&batch, &mut kafka).is_err() {
            assert!(kafka.is_empty(), "a refusal leaves nothing behind");
            continue;
        }
        let mut again = Vec::new();
        let stored = Batch::first(&kafka).and_then(|kafka| from_kafka(&kafka, scratch));
        let told = stored.and_then(|stored| Batch::first(&stored).and_then(|stored| to_kafka(&stored, &mut again)));
        if let Err(error) = told {
            panic!("what was told as Kafka's cannot be stored again: {error}");
        }
        // Attributes without a meaning go.
        let records = |batch: &[u8]| batch.get(ATTRIBUTES_END..).map(<[u8]>::to_vec);
        assert_eq!(records(&again), records(&kafka), "the same records, however they lay");
    }
}

/// Gives bytes the frame of one batch.
fn seal(bytes: &mut [u8], of_format: i8) {
    let length = i32::try_from(bytes.len().saturating_sub(LENGTH_PREFIX_BYTES)).unwrap_or(i32::MAX);
    if let Some(field) = bytes.get_mut(8..LENGTH_PREFIX_BYTES) {
        field.copy_from_slice(&length.to_be_bytes());
    }
    if let Some(magic) = bytes.get_mut(MAGIC_PREFIX_BYTES - 1) {
        *magic = of_format.cast_unsigned();
    }
    // Below a header's length there is no CRC.
    let _too_short = seal_crc(bytes);
}

/// Reads all there is to read; gives the number of whole records.
pub(crate) fn read(bytes: &[u8], scratch: &mut Scratch) -> usize {
    let mut whole = 0;
    for batch in batches(bytes).flatten() {
        assert!(batch.batch_bytes() >= HEADER_BYTES);
        let (_crc, _sequence) = (batch.crc_is_valid(), batch.last_sequence());
        let Ok(records) = batch.records(scratch) else { continue };
        for record in records.flatten() {
            assert_eq!(record.headers.clone().count(), record.headers.len());
            whole += 1;
        }
    }
    whole
}

/// What a broker does with a batch that it has accepted: it can be done.
fn use_accepted(bytes: &mut [u8], summary: &Summary, rules: &Rules, scratch: &mut Scratch) {
    if let Some(restamp) = &summary.restamp {
        assert_eq!(restamp.apply(bytes), Ok(()));
    }
    let Some(Ok(batch)) = batches(bytes).next() else { panic!("an accepted batch is a batch") };
    assert!(batch.crc_is_valid(), "stamping keeps the CRC right");
    if rules.timestamp_type == TimestampType::CreateTime {
        assert_eq!(batch.max_timestamp(), summary.max_timestamp);
    }
    if batch.is_columns() {
        return;
    }
    let mut compressor = Compressor::default();
    for codec in Codec::ALL {
        let records = match scratch.decompress(summary.codec, batch.payload()) {
            Ok(records) => records,
            Err(error) => panic!("{codec:?}: an accepted batch cannot be inflated again: {error}"),
        };
        let packed =
            match recompress(&batch, records, Recompression { codec, level: None }, usize::MAX, &mut compressor) {
                Ok(packed) => packed,
                Err(error) => panic!("{codec:?}: an accepted batch cannot be compressed anew: {error}"),
            };
        assert_eq!(read(&packed, &mut Scratch::new(INFLATED_BYTES_MAX)), summary.record_count as usize, "{codec:?}");
    }
}

/// A batch under each codec, plain and idempotent, and as columns; and two in a row.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = vec![vec![0; 1 + HEADER_BYTES]];
    for codec in Codec::ALL {
        for flags in [0, SEALED, SEALED | APPEND_TIME, SEALED | KEY_REQUIRED, SEALED | OLD_CLIENT] {
            let mut builder = BatchBuilder::new(codec);
            if flags & KEY_REQUIRED != 0 {
                builder = builder.producer(9, 1, 40);
            }
            for index in 0..3 {
                let headers: &[(&[u8], Option<&[u8]>)] = &[(b"name", Some(b"content")), (b"null", None)];
                let value = (index != 1).then_some(&b"a value, a value"[..]);
                if let Err(error) = builder.push(1_000 + index, Some(b"key"), value, headers) {
                    panic!("{error}");
                }
            }
            match builder.build() {
                Ok(bytes) => {
                    seeds.push([&[flags | COLUMNS], bytes.as_slice()].concat());
                    let columns = Batch::first(&bytes).and_then(|batch| from_kafka(&batch, &mut Scratch::default()));
                    let flags = flags | COLUMNS | SEALED_COLUMNS;
                    seeds.extend(columns.map(|columns| [&[flags], columns.as_slice()].concat()));
                    seeds.push([&[flags & !(COLUMNS | SEALED_COLUMNS)], bytes.as_slice()].concat());
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
    let twice = seeds.last().map(|last| [last.as_slice(), last.get(1..).unwrap_or_default()].concat());
    seeds.extend(twice);
    seeds
}
