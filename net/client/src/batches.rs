//! Built batches on their way to a broker.

use millrace_record::RecordError;
use millrace_record::batch::Batch;
use millrace_record::builder::BatchBuilder;
use millrace_record::compression::Scratch;

use crate::retry::Patience;

/// The numbers by which a broker knows a batch that it has already taken (KIP-98).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its id.
    pub producer_id: i64,
    /// Its epoch.
    pub producer_epoch: i16,
}

/// A batch that no broker has acknowledged yet.
#[derive(Debug)]
pub(crate) struct Unsent {
    pub(crate) bytes: Vec<u8>,
    pub(crate) records: i32,
    pub(crate) patience: Patience,
}

impl Unsent {
    /// Builds what was gathered.
    pub(crate) fn build(batch: BatchBuilder) -> Result<Self, RecordError> {
        Ok(Self { records: batch.record_count(), bytes: batch.build()?, patience: Patience::default() })
    }

    /// The same records in two batches of half as many each, for a topic that takes no larger ones.
    pub(crate) fn halves(&self) -> Result<[Self; 2], RecordError> {
        let whole = Batch::first(&self.bytes)?;
        let first_count = self.records / 2;
        let half = |skipped: i32| {
            let builder = BatchBuilder::new(whole.codec()?);
            Ok::<_, RecordError>(if whole.has_producer_id() {
                // Sequence numbers wrap from 2^31-1 to 0.
                let sequence = whole.base_sequence().wrapping_add(skipped) & i32::MAX;
                builder.producer(whole.producer_id(), whole.producer_epoch(), sequence)
            } else {
                builder
            })
        };
        let mut halves = [half(0)?, half(first_count)?];
        let mut scratch = Scratch::default();
        let [first, second] = &mut halves;
        for record in whole.records(&mut scratch)? {
            let record = record?;
            let headers: Vec<_> = record.headers.clone().collect();
            let half = if first.record_count() < first_count { &mut *first } else { &mut *second };
            half.push(record.timestamp, record.key, record.value, &headers)?;
        }
        let [first, second] = halves;
        Ok([Self::build(first)?, Self::build(second)?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millrace_record::compression::Codec;

    #[test]
    fn halves_hold_the_records_of_the_whole_in_order() {
        let mut builder = BatchBuilder::new(Codec::Zstd).producer(7, 1, i32::MAX);
        for number in 0..5_u8 {
            builder.push(1_000 + i64::from(number), Some(&[number]), None, &[(b"name", Some(b"value"))]).unwrap();
        }
        let halves = Unsent::build(builder).unwrap().halves().unwrap();
        let batches = halves.each_ref().map(|half| Batch::first(&half.bytes).unwrap());
        assert_eq!(batches.map(|batch| batch.record_count()), [2, 3]);
        assert_eq!(batches.map(|batch| batch.base_sequence()), [i32::MAX, 1]);
        assert_eq!(batches.map(|batch| (batch.producer_id(), batch.producer_epoch())), [(7, 1); 2]);
        let mut found = Vec::new();
        for batch in batches {
            for record in batch.records(&mut Scratch::default()).unwrap() {
                let record = record.unwrap();
                assert_eq!(record.headers.collect::<Vec<_>>(), [(&b"name"[..], Some(&b"value"[..]))]);
                found.push((record.timestamp, record.key.unwrap().to_vec()));
            }
        }
        assert_eq!(found, (0..5_u8).map(|number| (1_000 + i64::from(number), vec![number])).collect::<Vec<_>>());
    }
}
