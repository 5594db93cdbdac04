//! What is known of the broker: what it has acknowledged, and what it has shown. Whatever contradicts that is a
//! failure.
//!
//! Invariants:
//! - a record that was acknowledged or shown at an offset is there for ever, and nothing else is;
//! - a log's end never goes back below what was acknowledged or shown, and its start never goes back;
//! - a record of an idempotent producer is at one offset.

use std::collections::{BTreeMap, BTreeSet};

use millrace_base::ids::{Offset, ProducerId};

use crate::group_model::GroupModel;
use crate::records::RecordId;

/// Something that a broker says, and must stand by from then on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Promise {
    /// Records are there.
    Records,
    /// A log begins where it was asked to.
    Start,
    /// A topic is there.
    Topic,
    /// A topic is not there any more.
    Deletion,
    /// An offset is committed.
    Commit,
    /// A member owns partitions.
    Assignment,
    /// A producer id belongs to one producer.
    ProducerId,
}

/// A topic as its creation was acknowledged.
#[derive(Clone, Debug)]
pub(crate) struct Topic {
    pub(crate) name: String,
    pub(crate) id: [u8; 16],
    pub(crate) partitions: usize,
    /// Whether the creation itself was acknowledged: then every core knows of it.
    pub(crate) is_everywhere: bool,
}

/// A topic that comes and goes beside the main one.
#[derive(Clone, Debug)]
pub(crate) struct SideTopic {
    pub(crate) topic: Topic,
    /// Records that were acknowledged, and those that were sent.
    pub(crate) acknowledged: Offset,
    pub(crate) sent: Offset,
    /// Whether its deletion was asked for, and whether that was acknowledged.
    pub(crate) is_doomed: bool,
    pub(crate) is_deleted: bool,
}

/// What is known of a partition's log.
#[derive(Default)]
struct Log {
    records: BTreeMap<Offset, RecordId>,
    /// Where the records of idempotent producers are.
    places: BTreeMap<RecordId, Offset>,
    /// Everything below was acknowledged or shown.
    end: Offset,
    /// Where it was said to begin.
    start: Offset,
    /// Where it was asked to begin, at most.
    start_max: Offset,
}

/// Everything that is known, by all clients of a run.
#[derive(Default)]
pub(crate) struct Model {
    /// The topic that producers write to, once it was created.
    pub(crate) topic: Option<Topic>,
    pub(crate) side_topics: Vec<SideTopic>,
    pub(crate) groups: Vec<GroupModel>,
    logs: Vec<Log>,
    /// By producer and partition: how many records were sent.
    sent: BTreeMap<(u32, usize), u64>,
    /// Producers whose records are there once.
    idempotent: BTreeSet<u32>,
    producer_ids: BTreeSet<ProducerId>,
    promises: BTreeMap<Promise, u64>,
    /// Producers that have not ended.
    pub(crate) producing: usize,
    /// There will be no faults any more: every request is answered, or its connection closed.
    pub(crate) is_calm: bool,
    /// The disk was full once: what needs room may be refused until it has some again.
    pub(crate) was_full: bool,
    pub(crate) acknowledged_records: u64,
    pub(crate) fetched_records: u64,
}

impl Model {
    /// Nothing is known but how many producers there are.
    pub(crate) fn new(producers: usize) -> Self {
        Self { producing: producers, ..Self::default() }
    }

    /// A client has been given a promise.
    pub(crate) fn promised(&mut self, promise: Promise) {
        *self.promises.entry(promise).or_default() += 1;
    }

    /// How many promises of a kind clients have been given.
    pub(crate) fn promises(&self, of: Promise) -> u64 {
        self.promises.get(&of).copied().unwrap_or(0)
    }

    pub(crate) fn created(&mut self, topic: Topic) {
        self.logs.resize_with(topic.partitions, Log::default);
        self.topic = Some(topic);
    }

    /// A producer got its id, which nobody else has or had.
    pub(crate) fn identified(&mut self, producer: u32, id: ProducerId) {
        assert!(self.producer_ids.insert(id), "the producer id {id} was given twice");
        self.idempotent.insert(producer);
        self.promised(Promise::ProducerId);
    }

    /// Numbers for `count` records that a producer is about to send.
    pub(crate) fn next_numbers(&mut self, producer: u32, partition: usize, count: u64) -> u64 {
        let sent = self.sent.entry((producer, partition)).or_default();
        *sent += count;
        *sent - count
    }

    /// A record is known to be at an offset.
    pub(crate) fn found(&mut self, partition: usize, offset: Offset, record: RecordId) {
        let sent = self.sent.get(&(record.producer, partition)).copied().unwrap_or(0);
        assert!(record.number < sent, "partition {partition}: {record:?} at {offset} was never sent there");
        let log = &mut self.logs[partition];
        let known = *log.records.entry(offset).or_insert(record);
        assert_eq!(known, record, "partition {partition}: another record than before at {offset}");
        if self.idempotent.contains(&record.producer) {
            let place = *log.places.entry(record).or_insert(offset);
            assert_eq!(place, offset, "partition {partition}: {record:?} is there twice");
        }
        log.end = log.end.max(offset + 1);
    }

    /// A batch was acknowledged.
    pub(crate) fn acknowledged(&mut self, partition: usize, base_offset: Offset, first: RecordId, count: u64) {
        for index in 0..count {
            let record = RecordId { number: first.number + index, ..first };
            self.found(partition, base_offset + index as Offset, record);
        }
        self.acknowledged_records += count;
        self.promised(Promise::Records);
    }

    /// A log was said to end at `end`; `floor` was known when the request was sent.
    pub(crate) fn ends(&mut self, partition: usize, end: Offset, floor: Offset) {
        assert!(end >= floor, "partition {partition} ends at {end}, {floor} was known");
        let log = &mut self.logs[partition];
        log.end = log.end.max(end);
    }

    /// Where a log ends at least, in any answer to a request that is sent from now on.
    pub(crate) fn end(&self, partition: usize) -> Offset {
        self.logs[partition].end
    }

    /// Where a log begins at least, in any answer to a request that is sent from now on.
    pub(crate) fn start(&self, partition: usize) -> Offset {
        self.logs[partition].start
    }

    /// Records below `before` are about to be deleted.
    pub(crate) fn is_to_begin(&mut self, partition: usize, before: Offset) {
        let log = &mut self.logs[partition];
        log.start_max = log.start_max.max(before);
    }

    /// A log is said to begin at `start`; `floor` was known when the request was sent.
    pub(crate) fn begins(&mut self, partition: usize, start: Offset, floor: Offset) {
        let log = &mut self.logs[partition];
        assert!((floor..=log.start_max).contains(&start), "partition {partition} begins at {start}, not {floor}");
        log.start = log.start.max(start);
    }

    /// Whether what lies at an offset may have been deleted.
    pub(crate) fn may_be_deleted(&self, partition: usize, offset: Offset) -> bool {
        offset < self.logs[partition].start_max
    }

    /// What a log holds that was read from its start to its end.
    pub(crate) fn check_whole(&self, partition: usize, end: Offset) {
        let log = &self.logs[partition];
        assert_eq!(log.end, end, "partition {partition} ends elsewhere than what was read");
        let offsets = log.records.range(log.start..).map(|(offset, _)| *offset);
        assert!(offsets.eq(log.start..end), "partition {partition}: a gap in {:?}", log.records.keys());
        for producer in &self.idempotent {
            let sent = self.sent.get(&(*producer, partition)).copied().unwrap_or(0);
            let is_of_it = |(_, record): &(&Offset, &RecordId)| record.producer == *producer;
            // Those that were deleted may never have been seen.
            let all: Vec<u64> = log.records.iter().filter(is_of_it).map(|(_, record)| record.number).collect();
            assert!(all.is_sorted(), "partition {partition}: producer {producer} in order: {all:?}");
            let left = log.records.range(log.start..).filter(is_of_it).count() as u64;
            let (found, expected) = (&all[all.len() - left as usize..], sent - left..sent);
            assert!(
                found.iter().copied().eq(expected),
                "partition {partition}: producer {producer}, once each: {all:?}"
            );
            assert_eq!(all.last().map_or(0, |last| last + 1), sent, "partition {partition}: producer {producer}, all");
        }
    }
}
