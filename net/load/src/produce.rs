//! A producer: records become due, wait for their batch, are sent, and acknowledged.
//!
//! Always true:
//! - the time from which a record's latency counts is its schedule's, whenever it is really sent;
//! - a connection has at most `in_flight` requests without an answer, and answers come in the order of the requests.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use millrace_base::code::ErrorCode;
use millrace_runtime::sync::{Notify, select};
use millrace_runtime::{Bytes, Core, Monotonic};
use millrace_wire::messages::produce::{PartitionProduceData, ProduceRequest, ProduceResponse, TopicProduceData};
use millrace_wire::{Message, Reader, Records};

use crate::batch::{Batches, Run};
use crate::error::LoadError;
use crate::keys::{KEY_BYTES, KeySource};
use crate::link::{self, Answers, Frame, Requests};
use crate::plan::{Plan, Shared};
use crate::queue::Queues;
use crate::schedule::Schedule;
use crate::spec::{Acks, Keys, Rate};
use crate::tally::{Counts, Tally};

/// How long a broker may take to acknowledge.
const TIMEOUT_MS: i32 = 60_000;
/// Records that may wait in a producer; those that become due beyond are counted as unfinished at once.
const BACKLOG_RECORDS_MAX: u64 = 50_000_000;

/// One producer.
pub(crate) struct Producer {
    core: Core,
    plan: Rc<Plan>,
    shared: std::sync::Arc<Shared>,
    tally: Rc<Tally>,
    number: usize,
    batches: RefCell<Batches>,
    lanes: Vec<Lane>,
    /// By partition, of those that are written to: its lane, and its place in that lane.
    places: Vec<(usize, usize)>,
    is_over: Cell<bool>,
    overflow: RefCell<Vec<Run>>,
}

/// The way to one leader.
struct Lane {
    /// By place.
    partitions: Vec<i32>,
    /// By place: the sequence number of the next record.
    sequences: RefCell<Vec<i32>>,
    queues: RefCell<Queues>,
    in_flight: RefCell<VecDeque<Flight>>,
    /// Something became ready, an answer came, or it is over.
    changed: Notify,
    next_place: Cell<usize>,
}

/// A request without an answer.
struct Flight {
    correlation_id: i32,
    batches: Vec<Sent>,
}

struct Sent {
    partition: i32,
    runs: Vec<Run>,
    records: u32,
}

/// What a lane does next.
enum Next {
    Send(Frame),
    /// Nothing before this time, in nanoseconds on the load's clock.
    Until(u64),
    Wait,
    End,
}

impl Producer {
    pub(crate) fn new(
        core: &Core,
        plan: &Rc<Plan>,
        shared: &std::sync::Arc<Shared>,
        tally: &Rc<Tally>,
        number: usize,
    ) -> Producer {
        let load = &plan.load;
        let linger_ns = u64::try_from(load.linger.as_nanos()).unwrap_or(u64::MAX);
        let mut places = Vec::new();
        let mut lanes = Vec::new();
        for (lane, leader) in plan.target.leaders.iter().enumerate() {
            let wanted = leader.partitions.iter().copied().filter(|partition| load.only.contains(*partition));
            let partitions: Vec<i32> = wanted.collect();
            places.extend(partitions.iter().enumerate().map(|(place, partition)| (*partition, lane, place)));
            let count = partitions.len();
            lanes.push(Lane {
                partitions,
                sequences: RefCell::new(vec![0; count]),
                queues: RefCell::new(Queues::new(count, load.batch_records(), linger_ns)),
                in_flight: RefCell::default(),
                changed: Notify::new(),
                // Producers do not begin with the same partition.
                next_place: Cell::new(number * count / load.producers.max(1)),
            });
        }
        places.sort_unstable();
        let places = places.into_iter().map(|(_, lane, place)| (lane, place)).collect();
        Producer {
            core: core.clone(),
            plan: plan.clone(),
            shared: shared.clone(),
            tally: tally.clone(),
            number,
            batches: RefCell::new(Batches::new(load, plan.epoch_ns)),
            lanes,
            places,
            is_over: Cell::new(false),
            overflow: RefCell::default(),
        }
    }

    /// Makes records due as the schedule says, from `begin` to `end` (nanoseconds on the load's clock).
    pub(crate) async fn schedule(&self, begin: u64, end: u64) -> Result<(), LoadError> {
        let load = &self.plan.load;
        let mut keys = KeySource::new(load.keys, self.places.len(), self.number as u64)?;
        let Rate::PerSecond(rate) = load.rate else {
            self.core.sleep_until(Monotonic(end)).await;
            self.end();
            return Ok(());
        };
        let mut next_partition = self.number * self.places.len() / load.producers.max(1);
        for burst in Schedule::new(rate, load.burst, self.number, load.producers) {
            let intended = begin + burst.at;
            if intended >= end || self.shared.is_stopped() {
                break;
            }
            self.core.sleep_until(Monotonic(intended)).await;
            self.tally.lateness(intended, self.core.now().0, burst.records);
            match &mut keys {
                Some(keys) => (0..burst.records).for_each(|_| {
                    let (key, partition) = keys.draw();
                    self.push(partition, Run { intended, records: 1, key: Some(key) });
                }),
                None => next_partition = self.push_round(next_partition, intended, burst.records),
            }
            self.lanes.iter().for_each(|lane| lane.changed.notify_all());
        }
        self.end();
        Ok(())
    }

    /// Gives records to the partitions in turn, from `first` on; who is next.
    fn push_round(&self, first: usize, intended: u64, records: u64) -> usize {
        let partitions = self.places.len();
        let (each, more) = (records / partitions as u64, records % partitions as u64);
        for turn in 0..partitions.min(usize::try_from(records).unwrap_or(usize::MAX)) {
            let records = each + u64::from((turn as u64) < more);
            let records = u32::try_from(records).unwrap_or(u32::MAX);
            self.push((first + turn) % partitions, Run { intended, records, key: None });
        }
        (first + more as usize) % partitions
    }

    fn push(&self, partition: usize, run: Run) {
        let Some((lane, place)) = self.places.get(partition).copied() else { return };
        let Some(lane) = self.lanes.get(lane) else { return };
        let mut queues = lane.queues.borrow_mut();
        if queues.records() >= BACKLOG_RECORDS_MAX {
            self.overflow.borrow_mut().push(run);
        } else {
            queues.push(place, run);
        }
    }

    fn end(&self) {
        self.is_over.set(true);
        self.lanes.iter().for_each(|lane| lane.changed.notify_all());
    }

    /// Sends what is due to one leader, until nothing will be any more.
    pub(crate) async fn send(&self, lane: usize, mut requests: Requests) -> Result<(), LoadError> {
        let Some(lane) = self.lanes.get(lane) else { return Ok(()) };
        let mut keys = KeySource::new(self.plan.load.keys, self.places.len(), self.number as u64)?;
        loop {
            let changed = lane.changed.notified();
            match self.next(lane, &mut requests, keys.as_mut())? {
                Next::Send(frame) => {
                    requests.send(frame).await?;
                    if self.plan.load.acks == Acks::None {
                        self.sent(lane);
                    }
                }
                Next::Until(at) => drop(select(changed, self.core.sleep_until(Monotonic(at))).await),
                Next::Wait => changed.await,
                Next::End => return Ok(()),
            }
        }
    }

    fn next(&self, lane: &Lane, requests: &mut Requests, keys: Option<&mut KeySource>) -> Result<Next, LoadError> {
        if lane.in_flight.borrow().len() >= self.plan.load.in_flight {
            return Ok(Next::Wait);
        }
        let now = self.core.now().0;
        let wake_at = if self.plan.load.rate == Rate::Max {
            if self.is_over.get() {
                return Ok(Next::End);
            }
            self.fill(lane, now, keys);
            None
        } else {
            lane.queues.borrow_mut().settle(now)
        };
        let (taken, bytes) = self.take_batches(lane)?;
        if taken.is_empty() {
            return Ok(match wake_at {
                Some(at) => Next::Until(at),
                None if self.is_over.get() => Next::End,
                None => Next::Wait,
            });
        }
        let frame = self.frame(requests, &taken, bytes)?;
        let flight = Flight { correlation_id: frame.correlation_id, batches: taken };
        lane.in_flight.borrow_mut().push_back(flight);
        Ok(Next::Send(frame))
    }

    /// At the maximal rate: a full batch for the next partition, due now.
    fn fill(&self, lane: &Lane, now: u64, keys: Option<&mut KeySource>) {
        let records = self.plan.load.batch_records();
        let place = lane.next_place.get();
        lane.next_place.set((place + 1) % lane.partitions.len().max(1));
        let mut queues = lane.queues.borrow_mut();
        match keys {
            None => queues.push(place, Run { intended: now, records, key: None }),
            // Only keys decide which partition fills first; those of other leaders are theirs to draw.
            Some(keys) => {
                let mut due = 0;
                while due < records {
                    let (key, partition) = keys.draw();
                    if let Some((_, place)) = self.places.get(partition).filter(|(own, _)| self.is_lane(*own, lane)) {
                        queues.push(*place, Run { intended: now, records: 1, key: Some(key) });
                        due += 1;
                    }
                }
                queues.settle(u64::MAX);
            }
        }
    }

    fn is_lane(&self, index: usize, lane: &Lane) -> bool {
        self.lanes.get(index).is_some_and(|other| std::ptr::eq(other, lane))
    }

    /// Batches for one request.
    fn take_batches(&self, lane: &Lane) -> Result<(Vec<Sent>, Vec<Bytes>), LoadError> {
        let identity = self.plan.target.identities.get(self.number);
        let mut queues = lane.queues.borrow_mut();
        queues.begin_request();
        let mut sequences = lane.sequences.borrow_mut();
        let (mut taken, mut encoded, mut bytes) = (Vec::new(), Vec::new(), 0);
        while bytes < self.plan.load.request_bytes
            && let Some((place, runs)) = queues.pop()
        {
            let partition = lane.partitions.get(place).copied().unwrap_or_default();
            let records: u32 = runs.iter().map(|run| run.records).sum();
            let numbered = identity.copied().zip(sequences.get(place).copied());
            let batch = self.batches.borrow_mut().make(&runs, numbered);
            let batch = batch.map_err(|source| LoadError::Records { partition, source })?;
            if let Some(sequence) = sequences.get_mut(place) {
                // Sequence numbers wrap from 2^31-1 to 0.
                *sequence = sequence.wrapping_add(records.cast_signed()) & i32::MAX;
            }
            bytes += batch.len();
            encoded.push(batch);
            taken.push(Sent { partition, runs, records });
        }
        Ok((taken, encoded))
    }

    fn frame(&self, requests: &mut Requests, taken: &[Sent], bytes: Vec<Bytes>) -> Result<Frame, LoadError> {
        let partitions = taken.iter().zip(&bytes).map(|(sent, bytes)| PartitionProduceData {
            index: sent.partition,
            records: Some(Records::Spliced(bytes.len())),
        });
        let topic = TopicProduceData {
            name: &self.plan.target.topic,
            partition_data: partitions.collect(),
            ..Default::default()
        };
        let request = ProduceRequest {
            transactional_id: None,
            acks: self.plan.load.acks.code(),
            timeout_ms: TIMEOUT_MS,
            topic_data: vec![topic].into(),
        };
        requests.frame(self.plan.target.produce_version, &request, bytes)
    }

    /// Without acknowledgements: what was handed over counts.
    fn sent(&self, lane: &Lane) {
        let flight = lane.in_flight.borrow_mut().pop_front();
        let now = self.core.now().0;
        for sent in flight.iter().flat_map(|flight| &flight.batches) {
            self.acknowledged(sent, now);
        }
        self.tally.count(Counts { produce_requests: 1, ..Counts::default() });
    }

    /// Takes the answers of one leader, until none will come any more.
    pub(crate) async fn receive(&self, lane: usize, mut answers: Answers) -> Result<(), LoadError> {
        let Some(lane) = self.lanes.get(lane) else { return Ok(()) };
        loop {
            let range = answers.next().await?;
            let now = self.core.now().0;
            let flight = lane.in_flight.borrow_mut().pop_front();
            self.answered(&answers, range, flight, now)?;
            lane.changed.notify_all();
        }
    }

    fn answered(
        &self,
        answers: &Answers,
        range: std::ops::Range<usize>,
        flight: Option<Flight>,
        now: u64,
    ) -> Result<(), LoadError> {
        let version = self.plan.target.produce_version;
        let mut reader = Reader::new(answers.bytes(range));
        let found = link::header::<ProduceRequest<'_>>(&mut reader, version)?;
        let expected = flight.as_ref().map(|flight| flight.correlation_id);
        let Some(flight) = flight.filter(|flight| flight.correlation_id == found) else {
            return Err(LoadError::OutOfOrder { peer: answers.peer(), expected, found });
        };
        let response = ProduceResponse::decode_message(&mut reader, version)
            .map_err(|source| LoadError::Answer { message: ProduceRequest::NAME, source })?;
        self.tally.count(Counts { produce_requests: 1, ..Counts::default() });
        let results = response.responses.iter().flat_map(|topic| topic.partition_responses.iter().collect::<Vec<_>>());
        let mut batches = flight.batches.iter();
        for result in results {
            // Answers are in the order of the request, or they are looked for.
            let sent = match batches.next() {
                Some(sent) if sent.partition == result.index => Some(sent),
                _ => flight.batches.iter().find(|sent| sent.partition == result.index),
            };
            let Some(sent) = sent else { continue };
            match ErrorCode::from_code(result.error_code) {
                Some(ErrorCode::None) => self.acknowledged(sent, now),
                _ => self.tally.refused(result.error_code, u64::from(sent.records), result.error_message),
            }
        }
        Ok(())
    }

    fn acknowledged(&self, sent: &Sent, now: u64) {
        let key_bytes = if self.plan.load.keys == Keys::None { 0 } else { KEY_BYTES };
        let records = u64::from(sent.records);
        self.tally.produce_latency(&sent.runs, now);
        self.shared.acknowledge(records);
        self.tally.count(Counts {
            produced_records: records,
            produced_bytes: records * (self.plan.load.record_bytes + key_bytes) as u64,
            ..Counts::default()
        });
    }

    /// Whether everything that was due was sent and answered.
    pub(crate) fn is_finished(&self) -> bool {
        let is_quiet = |lane: &Lane| lane.queues.borrow().records() == 0 && lane.in_flight.borrow().is_empty();
        self.is_over.get() && self.lanes.iter().all(is_quiet)
    }

    /// Gives up: what was due and has no answer counts with the time until `now`, which is less than it would have
    /// taken. How many records that are.
    pub(crate) fn give_up(&self, now: u64) -> u64 {
        let mut left = self.overflow.take();
        for lane in &self.lanes {
            left.extend(lane.queues.borrow_mut().drain());
            left.extend(lane.in_flight.take().into_iter().flat_map(|flight| flight.batches).flat_map(|sent| sent.runs));
        }
        self.tally.produce_latency(&left, now);
        let window = self.tally.window();
        left.iter().filter(|run| window.contains(&run.intended)).map(|run| u64::from(run.records)).sum()
    }
}
