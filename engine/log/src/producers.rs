//! What a partition knows about its idempotent producers (KIP-98; traps 5 to 8).
//!
//! Invariants:
//! - Of each producer at most the last [`PRODUCER_BATCHES`] batches of its current epoch are remembered, oldest first,
//!   their offsets rising.
//! - The state is a function of the batches in the log: what is in it after a restart is what a scan of the log would
//!   give, expired producers aside.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, VecDeque};

use millrace_base::ids::{Offset, ProducerEpoch, ProducerId};
use millrace_record::batch::Batch;
use rkyv::{Archive, Deserialize, Serialize};

use crate::error::SequenceError;
use crate::limits::PRODUCER_BATCHES;

/// The sequence before the first of an epoch.
const NO_SEQUENCE: i32 = -1;

/// A batch that a producer has appended.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerBatch {
    /// Sequence number of its first record.
    pub base_sequence: i32,
    /// Sequence number of its last record.
    pub last_sequence: i32,
    /// Offset of its first record.
    pub base_offset: Offset,
    /// Offset of its last record, inclusive.
    pub last_offset: Offset,
    /// Its greatest timestamp, in Unix ms.
    pub timestamp_ms: i64,
}

/// One producer's current session.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProducerState {
    pub(crate) producer_id: ProducerId,
    pub(crate) epoch: ProducerEpoch,
    /// Oldest first.
    pub(crate) batches: VecDeque<ProducerBatch>,
    /// When the last batch came, by the broker's clock, in Unix ms; 0 after a recovery that read it from the log.
    pub(crate) seen_ms: i64,
}

/// What is to be done with a producer's batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It is new: append it.
    Append,
    /// It was appended before, as this.
    Duplicate(ProducerBatch),
}

/// All producers of a partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Producers {
    states: BTreeMap<ProducerId, ProducerState>,
    /// What `states` was when the log ended at the durable offset, of the producers that it differs for since.
    durable: BTreeMap<ProducerId, Option<ProducerState>>,
    /// What was noted and is not durable yet, oldest first.
    pending: VecDeque<Noted>,
}

/// A producer's batch, as it was noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Noted {
    producer_id: ProducerId,
    epoch: ProducerEpoch,
    is_control: bool,
    seen_ms: i64,
    batch: ProducerBatch,
}

impl Producers {
    /// Producers as they were stored.
    pub(crate) fn from_states(states: Vec<ProducerState>) -> Producers {
        let states = states.into_iter().map(|state| (state.producer_id, state)).collect();
        Producers { states, ..Producers::default() }
    }

    /// All states as of the durable offset, by producer id.
    pub(crate) fn durable_states(&self) -> impl Iterator<Item = &ProducerState> {
        let unchanged = self.states.values().filter(|state| !self.durable.contains_key(&state.producer_id));
        unchanged.chain(self.durable.values().flatten())
    }

    /// Everything below `end` (exclusive) is durable.
    pub(crate) fn note_durable(&mut self, end: Offset) {
        while let Some(noted) = self.pending.pop_front_if(|noted| noted.batch.last_offset < end) {
            if let Some(state) = self.durable.get_mut(&noted.producer_id) {
                noted.apply(state.get_or_insert_with(|| noted.fresh()));
            }
        }
        if self.pending.is_empty() {
            self.durable.clear();
        }
    }

    /// Number of producers.
    pub fn len(&self) -> usize {
        self.states.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// Epoch and remembered batches (oldest first) of each producer, by producer id.
    pub fn entries(&self) -> impl Iterator<Item = (ProducerId, ProducerEpoch, impl Iterator<Item = &ProducerBatch>)> {
        self.states.values().map(|state| (state.producer_id, state.epoch, state.batches.iter()))
    }

    /// Whether a client's batch may be appended: Kafka's rules for sequences and epochs. A batch without a producer id
    /// always may.
    ///
    /// # Errors
    /// [`SequenceError`]; the state stays as it was.
    pub(crate) fn admit(&self, batch: &Batch<'_>) -> Result<Admission, SequenceError> {
        let producer_id = batch.producer_id();
        let (true, Some(state)) = (batch.has_producer_id(), self.states.get(&producer_id)) else {
            return Ok(Admission::Append);
        };
        let (found_epoch, found) = (batch.producer_epoch(), batch.base_sequence());
        if found_epoch < state.epoch {
            return Err(SequenceError::StaleEpoch { producer_id, found: found_epoch, current: state.epoch });
        }
        if batch.is_control() {
            return Ok(Admission::Append);
        }
        if found_epoch > state.epoch {
            return if found == 0 {
                Ok(Admission::Append)
            } else {
                Err(SequenceError::OutOfOrder { producer_id, found, last: NO_SEQUENCE })
            };
        }
        let same = |old: &&ProducerBatch| old.base_sequence == found && old.last_sequence == batch.last_sequence();
        if let Some(old) = state.batches.iter().find(same) {
            return Ok(Admission::Duplicate(*old));
        }
        let last = state.batches.back().map_or(NO_SEQUENCE, |old| old.last_sequence);
        let follows = if last == i32::MAX { found == 0 } else { found == last + 1 };
        if follows { Ok(Admission::Append) } else { Err(SequenceError::OutOfOrder { producer_id, found, last }) }
    }

    /// Forgets producers that sent nothing for longer than `expiry_ms`, by the broker's clock. One that was read back
    /// from the log counts as seen now.
    pub(crate) fn expire(&mut self, now_ms: i64, expiry_ms: i64) {
        for state in self.states.values_mut().filter(|state| state.seen_ms == 0) {
            state.seen_ms = now_ms;
        }
        self.states.retain(|_, state| now_ms.saturating_sub(state.seen_ms) <= expiry_ms);
    }

    /// Whether the batch is of a producer that is not known.
    pub(crate) fn is_news(&self, batch: &Batch<'_>) -> bool {
        batch.has_producer_id() && !self.states.contains_key(&batch.producer_id())
    }

    /// Notes a batch that is in the log at `base_offset`, durable or not. `seen_ms`: the broker's clock.
    pub(crate) fn note(&mut self, batch: &Batch<'_>, base_offset: Offset, seen_ms: i64) {
        if !batch.has_producer_id() {
            return;
        }
        let noted = Noted {
            producer_id: batch.producer_id(),
            epoch: batch.producer_epoch(),
            is_control: batch.is_control(),
            seen_ms,
            batch: ProducerBatch {
                base_sequence: batch.base_sequence(),
                last_sequence: batch.last_sequence(),
                base_offset,
                last_offset: base_offset + i64::from(batch.last_offset_delta()),
                timestamp_ms: batch.max_timestamp(),
            },
        };
        if let Entry::Vacant(vacant) = self.durable.entry(noted.producer_id) {
            vacant.insert(self.states.get(&noted.producer_id).cloned());
        }
        noted.apply(self.states.entry(noted.producer_id).or_insert_with(|| noted.fresh()));
        self.pending.push_back(noted);
    }
}

impl Noted {
    fn fresh(&self) -> ProducerState {
        let Noted { producer_id, epoch, seen_ms, .. } = *self;
        ProducerState { producer_id, epoch, batches: VecDeque::new(), seen_ms }
    }

    fn apply(&self, state: &mut ProducerState) {
        if self.epoch != state.epoch {
            state.epoch = self.epoch;
            state.batches.clear();
        }
        state.seen_ms = self.seen_ms;
        if self.is_control {
            return;
        }
        if state.batches.len() == PRODUCER_BATCHES {
            state.batches.pop_front();
        }
        state.batches.push_back(self.batch);
    }
}

#[cfg(test)]
mod tests {
    use millrace_record::builder::BatchBuilder;
    use millrace_record::compression::Codec;

    use super::*;
    use crate::testing::batch_bytes;

    struct Log {
        producers: Producers,
        end: Offset,
    }

    impl Log {
        fn new() -> Log {
            Log { producers: Producers::default(), end: 100 }
        }

        fn append(&mut self, epoch: ProducerEpoch, sequence: i32, records: usize) -> Result<Offset, SequenceError> {
            let bytes = batch_bytes(Some((7, epoch, sequence)), records, 0, b"v");
            let batch = Batch::first(&bytes).unwrap();
            match self.producers.admit(&batch)? {
                Admission::Duplicate(old) => Ok(old.base_offset),
                Admission::Append => {
                    let base = self.end;
                    self.producers.note(&batch, base, 1);
                    self.end += records as Offset;
                    Ok(base)
                }
            }
        }
    }

    #[test]
    fn trap_05_duplicates_of_the_last_five_batches_return_their_original_offset() {
        let mut log = Log::new();
        for index in 0..6 {
            assert_eq!(log.append(0, index * 2, 2), Ok(100 + Offset::from(index) * 2));
        }
        for index in 1..6 {
            assert_eq!(log.append(0, index * 2, 2), Ok(100 + Offset::from(index) * 2));
        }
        assert_eq!(log.append(0, 0, 2), Err(SequenceError::OutOfOrder { producer_id: 7, found: 0, last: 11 }));
    }

    #[test]
    fn trap_05_a_batch_that_only_begins_or_only_ends_as_an_earlier_one_is_no_duplicate() {
        let mut log = Log::new();
        for index in 0..3 {
            log.append(0, index * 2, 2).unwrap();
        }
        for (sequence, records) in [(2, 1), (3, 1), (0, 4), (4, 3)] {
            let refused = SequenceError::OutOfOrder { producer_id: 7, found: sequence, last: 5 };
            assert_eq!(log.append(0, sequence, records), Err(refused), "{records} from {sequence} on");
        }
    }

    #[test]
    fn trap_06_sequences_wrap_to_zero() {
        let mut log = Log::new();
        assert_eq!(log.append(0, i32::MAX - 1, 2), Ok(100));
        assert_eq!(log.append(0, 0, 1), Ok(102));
        let mut log = Log::new();
        assert_eq!(log.append(0, i32::MAX, 3), Ok(100));
        assert_eq!(log.append(0, 2, 1), Ok(103));
    }

    #[test]
    fn trap_06_an_unknown_producer_starts_anywhere_and_a_new_epoch_at_zero() {
        let mut log = Log::new();
        assert_eq!(log.append(3, 77, 1), Ok(100));
        let refused = SequenceError::OutOfOrder { producer_id: 7, found: 78, last: -1 };
        assert_eq!(log.append(4, 78, 1), Err(refused));
        assert_eq!(log.append(4, 0, 1), Ok(101));
        assert!(matches!(log.append(4, 2, 1), Err(SequenceError::OutOfOrder { .. })));
    }

    #[test]
    fn trap_06_behind_a_marker_alone_a_producer_starts_at_zero() {
        let mut log = Log::new();
        let mut marker = BatchBuilder::new(Codec::None).producer(7, 3, -1).control();
        marker.push(0, Some(&[0; 4]), Some(&[0; 6]), &[]).unwrap();
        let marker = marker.build().unwrap();
        log.producers.note(&Batch::first(&marker).unwrap(), 100, 1);
        for sequence in [1, 2, -1] {
            let refused = SequenceError::OutOfOrder { producer_id: 7, found: sequence, last: -1 };
            assert_eq!(log.append(3, sequence, 1), Err(refused));
        }
        assert_eq!(log.append(3, 0, 1), Ok(100));
    }

    #[test]
    fn trap_07_a_stale_epoch_is_named_as_such() {
        let mut log = Log::new();
        assert_eq!(log.append(4, 0, 1), Ok(100));
        let stale = SequenceError::StaleEpoch { producer_id: 7, found: 3, current: 4 };
        assert_eq!(log.append(3, 0, 1), Err(stale));
    }

    #[test]
    fn what_is_not_durable_is_not_part_of_the_durable_state() {
        let mut log = Log::new();
        for index in 0..6 {
            log.append(0, index * 2, 2).unwrap();
        }
        log.producers.note_durable(110);
        log.append(1, 0, 1).unwrap();
        let durable: Vec<_> = log.producers.durable_states().cloned().collect();
        assert_eq!(durable.len(), 1);
        let sequences: Vec<_> = durable[0].batches.iter().map(|batch| batch.base_sequence).collect();
        assert_eq!((durable[0].epoch, sequences), (0, vec![0, 2, 4, 6, 8]));
        log.producers.note_durable(113);
        let durable: Vec<_> = log.producers.durable_states().cloned().collect();
        assert_eq!((durable[0].epoch, durable[0].batches.len()), (1, 1));
    }

    #[test]
    fn what_was_stored_is_known_again() {
        let mut log = Log::new();
        assert!(log.producers.is_empty());
        log.append(2, 0, 2).unwrap();
        let states: Vec<_> = log.producers.durable_states().cloned().collect();
        assert!(states.is_empty(), "nothing is durable yet");
        log.producers.note_durable(101);
        assert_eq!(log.producers.durable_states().count(), 0, "the batch ends at offset 101");
        log.producers.note_durable(102);
        let states: Vec<_> = log.producers.durable_states().cloned().collect();
        let stored = Producers::from_states(states);
        assert!(!stored.is_empty() && stored.len() == 1);
        let repeated = batch_bytes(Some((7, 2, 0)), 2, 0, b"v");
        let duplicate = stored.admit(&Batch::first(&repeated).unwrap()).unwrap();
        assert!(matches!(duplicate, Admission::Duplicate(old) if (old.base_offset, old.last_offset) == (100, 101)));
        let of = |producer| batch_bytes(producer, 1, 0, b"v");
        let is_news = |bytes: Vec<u8>| stored.is_news(&Batch::first(&bytes).unwrap());
        assert!(is_news(of(Some((8, 0, 0)))) && !is_news(of(Some((7, 5, 0)))) && !is_news(of(None)));
    }

    #[test]
    fn a_producer_that_is_silent_expires_and_one_read_back_counts_as_seen_now() {
        let mut log = Log::new();
        log.append(0, 0, 2).unwrap();
        let mut read_back = log.producers.clone();
        log.producers.expire(1 + 1000, 1000);
        assert_eq!(log.producers.len(), 1);
        log.producers.expire(1 + 1001, 1000);
        assert_eq!(log.producers.len(), 0);
        for state in read_back.states.values_mut() {
            state.seen_ms = 0;
        }
        read_back.expire(5000, 1000);
        read_back.expire(6000, 1000);
        assert_eq!(read_back.len(), 1);
        read_back.expire(6001, 1000);
        assert!(read_back.is_empty());
    }
}
