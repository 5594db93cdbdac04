//! Record batches made cheaply: encoded once, and where that is enough only stamped again.

use millrace_client::producer::Identity;
use millrace_record::RecordError;
use millrace_record::batch::Batch;
use millrace_record::builder::BatchBuilder;
use millrace_record::compression::{Codec, Compressor, Scratch};
use millrace_record::header;
use millrace_runtime::Bytes;

use crate::keys::key_bytes;
use crate::spec::{Load, STAMP_BYTES};

/// Text that values are cut from one after the other, in bytes: more than a usual batch, so that it holds none twice.
const TEXT_BYTES: usize = 256 * 1024;
/// What the text is made of.
const WORDS: [&str; 16] = [
    "order",
    "payment",
    "shipped",
    "warehouse",
    "customer",
    "amount",
    "currency",
    "pending",
    "timestamp",
    "region",
    "invoice",
    "quantity",
    "discount",
    "status",
    "account",
    "carrier",
];

/// Records that were to be sent at the same time, and go the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// Nanoseconds on the load's clock.
    pub(crate) intended: u64,
    pub(crate) records: u32,
    /// The key of all of them.
    pub(crate) key: Option<u32>,
}

/// A batch that was encoded once for its number of records.
struct Template {
    bytes: Bytes,
    /// Where in `bytes` the values begin.
    values: Vec<usize>,
}

/// Makes batches.
pub(crate) struct Batches {
    codec: Codec,
    record_bytes: usize,
    is_stamped: bool,
    /// Unix time in nanoseconds at the beginning of the load's clock.
    epoch_ns: u64,
    text: Vec<u8>,
    next_value: usize,
    /// By number of records.
    templates: Vec<Option<Template>>,
    compressor: Compressor,
}

impl Batches {
    /// `epoch_ns`: Unix time in nanoseconds at the beginning of the load's clock.
    pub(crate) fn new(load: &Load, epoch_ns: u64) -> Batches {
        Batches {
            codec: load.codec,
            record_bytes: load.record_bytes.max(if load.is_stamped() { STAMP_BYTES } else { 0 }),
            is_stamped: load.is_stamped(),
            epoch_ns,
            text: text(TEXT_BYTES.max(2 * load.record_bytes)),
            next_value: 0,
            templates: Vec::new(),
            compressor: Compressor::default(),
        }
    }

    /// A batch of these runs' records. `identity`: who sends it, and the sequence number of its first record.
    pub(crate) fn make(&mut self, runs: &[Run], identity: Option<(Identity, i32)>) -> Result<Bytes, RecordError> {
        let is_keyed = runs.iter().any(|run| run.key.is_some());
        if is_keyed || (self.is_stamped && self.codec != Codec::None) {
            return self.build(runs, identity).map(|(batch, _)| Bytes::from(batch));
        }
        let count: u32 = runs.iter().map(|run| run.records).sum();
        self.template(count)?;
        let Some(Some(template)) = self.templates.get(count as usize) else { return Ok(Bytes::new()) };
        if !self.is_stamped && identity.is_none() {
            return Ok(template.bytes.clone());
        }
        let mut batch = template.bytes.to_vec();
        if self.is_stamped {
            let times = runs.iter().flat_map(|run| (0..run.records).map(|_| run.intended));
            for (at, intended) in template.values.iter().zip(times) {
                write_stamp(batch.get_mut(*at..).unwrap_or_default(), self.epoch_ns + intended);
            }
        }
        if let Some((identity, sequence)) = identity {
            let header = header::view_mut(&mut batch)?;
            header.producer_id = identity.producer_id.into();
            header.producer_epoch = identity.producer_epoch.into();
            header.base_sequence = sequence.into();
        }
        header::seal_crc(&mut batch)?;
        Ok(Bytes::from(batch))
    }

    /// Sees to it that there is a template of so many records.
    fn template(&mut self, count: u32) -> Result<(), RecordError> {
        let index = count as usize;
        if self.templates.len() <= index {
            self.templates.resize_with(index + 1, || None);
        }
        if !matches!(self.templates.get(index), Some(Some(_))) {
            let (bytes, values) = self.build(&[Run { intended: 0, records: count, key: None }], None)?;
            if let Some(place) = self.templates.get_mut(index) {
                *place = Some(Template { bytes: Bytes::from(bytes), values });
            }
        }
        Ok(())
    }

    /// The batch, and where its values begin when it is not compressed.
    fn build(&mut self, runs: &[Run], identity: Option<(Identity, i32)>) -> Result<(Vec<u8>, Vec<usize>), RecordError> {
        let mut builder = BatchBuilder::new(self.codec);
        if let Some((identity, sequence)) = identity {
            builder = builder.producer(identity.producer_id, identity.producer_epoch, sequence);
        }
        let mut value = vec![0; self.record_bytes];
        for run in runs {
            let now_ns = self.epoch_ns + run.intended;
            let timestamp_ms = i64::try_from(now_ns / 1_000_000).unwrap_or(i64::MAX);
            let key = run.key.map(key_bytes);
            for _ in 0..run.records {
                self.fill_value(&mut value);
                if self.is_stamped {
                    write_stamp(&mut value, now_ns);
                }
                builder.push(timestamp_ms, key.as_ref().map(<[u8; _]>::as_slice), Some(&value), &[])?;
            }
        }
        let batch = builder.build_with(&mut self.compressor)?;
        let values = if self.codec == Codec::None { value_positions(&batch)? } else { Vec::new() };
        Ok((batch, values))
    }

    fn fill_value(&mut self, value: &mut [u8]) {
        let from = if self.next_value + value.len() <= self.text.len() { self.next_value } else { 0 };
        self.next_value = from + value.len();
        if let Some(text) = self.text.get(from..from + value.len()) {
            value.copy_from_slice(text);
        }
    }
}

fn write_stamp(value: &mut [u8], time_ns: u64) {
    if let Some(stamp) = value.first_chunk_mut::<STAMP_BYTES>() {
        *stamp = time_ns.to_be_bytes();
    }
}

/// The intended send time that a value carries.
pub(crate) fn read_stamp(value: &[u8]) -> Option<u64> {
    value.first_chunk::<STAMP_BYTES>().map(|stamp| u64::from_be_bytes(*stamp))
}

fn value_positions(batch: &[u8]) -> Result<Vec<usize>, RecordError> {
    let mut scratch = Scratch::default();
    let mut positions = Vec::new();
    for record in Batch::first(batch)?.records(&mut scratch)? {
        let value = record?.value.unwrap_or_default();
        positions.push(value.as_ptr().addr() - batch.as_ptr().addr());
    }
    Ok(positions)
}

/// Words and numbers without a short period: what a codec makes of it is what it makes of the usual JSON.
fn text(bytes: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes + 64);
    let mut state = 1_u32;
    while text.len() < bytes {
        // The constants of Numerical Recipes' quick generator: good enough to choose words.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let word = WORDS.get(state as usize >> 28).copied().unwrap_or_default();
        text.extend_from_slice(format!("\"{word}\":{},", state >> 12).as_bytes());
    }
    text.truncate(bytes);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::testing::load;
    use crate::spec::{Keys, Workload};

    const EPOCH_NS: u64 = 1_700_000_000_000_000_000;
    const IDENTITY: Identity = Identity { producer_id: 7, producer_epoch: 3 };

    fn run(intended: u64, records: u32) -> Run {
        Run { intended, records, key: None }
    }

    /// What a consumer sees: the records' times in their values and their keys, after the checks that a broker makes.
    fn seen(batch: &[u8]) -> Vec<(u64, Option<Vec<u8>>)> {
        let whole = Batch::first(batch).unwrap();
        assert_eq!(whole.batch_bytes(), batch.len());
        assert!(whole.crc_is_valid());
        let mut scratch = Scratch::default();
        let records = whole.records(&mut scratch).unwrap();
        records
            .map(|record| {
                let record = record.unwrap();
                let value = record.value.unwrap();
                assert_eq!(value.len(), 100);
                (read_stamp(value).unwrap(), record.key.map(<[u8]>::to_vec))
            })
            .collect()
    }

    #[test]
    fn stamped_records_carry_their_intended_time_whatever_the_codec() {
        for codec in [Codec::None, Codec::Lz4, Codec::Zstd] {
            let mut load = load(Workload::Mixed { from_start: false });
            (load.codec, load.record_bytes) = (codec, 100);
            let mut batches = Batches::new(&load, EPOCH_NS);
            for _ in 0..2 {
                let batch = batches.make(&[run(5, 2), run(9, 1)], None).unwrap();
                let expected = [5, 5, 9].map(|intended| (EPOCH_NS + intended, None));
                assert_eq!(seen(&batch), expected, "{codec:?}");
            }
        }
    }

    #[test]
    fn an_idempotent_producers_batches_are_numbered_and_sealed_anew() {
        let mut load = load(Workload::Produce);
        load.record_bytes = 100;
        let mut batches = Batches::new(&load, EPOCH_NS);
        for sequence in [0, 3, i32::MAX] {
            let batch = batches.make(&[run(0, 3)], Some((IDENTITY, sequence))).unwrap();
            let whole = Batch::first(&batch).unwrap();
            assert_eq!((whole.producer_id(), whole.producer_epoch(), whole.base_sequence()), (7, 3, sequence));
            assert_eq!(seen(&batch).len(), 3);
        }
    }

    #[test]
    fn what_needs_no_stamp_is_encoded_once() {
        let load = load(Workload::Produce);
        let mut batches = Batches::new(&load, EPOCH_NS);
        let first = batches.make(&[run(0, 3)], None).unwrap();
        let second = batches.make(&[run(8, 1), run(9, 2)], None).unwrap();
        assert_eq!(first.as_ptr(), second.as_ptr());
    }

    #[test]
    fn keyed_records_have_their_keys() {
        let mut load = load(Workload::Mixed { from_start: false });
        (load.keys, load.record_bytes) = (Keys::Uniform(10), 100);
        let mut batches = Batches::new(&load, EPOCH_NS);
        let batch = batches.make(&[Run { intended: 1, records: 1, key: Some(4) }], None).unwrap();
        assert_eq!(seen(&batch), [(EPOCH_NS + 1, Some(b"key-00000004".to_vec()))]);
    }

    #[test]
    fn values_compress_as_text_does() {
        let mut load = load(Workload::Produce);
        (load.codec, load.record_bytes) = (Codec::Zstd, 1_000);
        let batch = Batches::new(&load, EPOCH_NS).make(&[run(0, 100)], None).unwrap();
        assert!((25_000..50_000).contains(&batch.len()), "{}", batch.len());
    }
}
