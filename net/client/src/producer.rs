//! Writes records: gathered into batches, sent to the leaders of their partitions.
//!
//! Always true:
//! - at most one batch of a partition is under way, so that records keep their order whatever is tried again; batches
//!   of other partitions, and the gathering of the next one, go on meanwhile;
//! - with acks=all a batch that is sent twice is written once: the producer is idempotent where the broker offers it.

use std::collections::{BTreeMap, VecDeque};

use millrace_base::code::ErrorCode;
use millrace_record::builder::{BatchBuilder, HeaderPair};
use millrace_record::compression::Codec;
use millrace_wire::Records;
use millrace_wire::messages::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};
use millrace_wire::messages::produce::{PartitionProduceData, ProduceRequest, ProduceResponse, TopicProduceData};

use crate::batches::Unsent;
use crate::cluster::{Cluster, TopicMetadata};
use crate::connection::Pending;
use crate::error::ClientError;

pub use crate::batches::Identity;

/// A batch is sent when its records are so large, before compression, in bytes. A larger record has a batch of its own.
pub const BATCH_BYTES: usize = 256 * 1024;
/// How long a broker may take to acknowledge.
const TIMEOUT_MS: i32 = 30_000;
/// `acks` of a producer that waits for every replica in sync.
const ACKS_ALL: i16 = -1;

/// A record to write.
#[derive(Clone, Copy, Debug)]
pub struct NewRecord<'a> {
    /// Unix ms.
    pub timestamp_ms: i64,
    /// Decides the partition, if there is one.
    pub key: Option<&'a [u8]>,
    /// `None` is a tombstone.
    pub value: Option<&'a [u8]>,
    /// Names and values.
    pub headers: &'a [HeaderPair<'a>],
    /// Overrides the partitioner.
    pub partition: Option<i32>,
}

/// What was written to a partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// How many records.
    pub records: u64,
    /// Offset of the first one; `None` when the broker did not say (acks=0, or a batch that it had already taken).
    pub first_offset: Option<i64>,
    /// Offset of the last one, inclusive; `None` as for `first_offset`.
    pub last_offset: Option<i64>,
}

/// Writes to one topic.
pub struct Producer<'a> {
    cluster: &'a mut Cluster,
    topic: TopicMetadata,
    codec: Codec,
    acks: i16,
    identity: Option<Identity>,
    partitions: Vec<Slot>,
    /// By broker, in the order of sending: answers come in the same.
    under_way: BTreeMap<i32, VecDeque<Sent>>,
    /// Where records without a key go until the batch is full.
    partition_without_key: i32,
}

/// A partition's batches.
struct Slot {
    gathered: BatchBuilder,
    /// To be sent, one after the other, once nothing is under way.
    waiting: VecDeque<Unsent>,
    /// The broker that has the batch under way.
    broker: Option<i32>,
    next_sequence: i32,
    written: Written,
}

struct Sent {
    partition: i32,
    pending: Pending,
    batch: Unsent,
}

impl<'a> Producer<'a> {
    /// A producer for one topic. `acks` is 0, 1 or -1 (all).
    ///
    /// # Errors
    /// [`ClientError`] when the topic does not exist.
    pub fn new(cluster: &'a mut Cluster, topic: &str, codec: Codec, acks: i16) -> Result<Self, ClientError> {
        let topic = cluster.await_topic(topic)?;
        let identity = if acks == ACKS_ALL { cluster.retrying(identity)? } else { None };
        let slot = |_| Slot {
            gathered: BatchBuilder::new(codec),
            waiting: VecDeque::new(),
            broker: None,
            next_sequence: 0,
            written: Written::default(),
        };
        let partitions = topic.partitions.keys().map(slot).collect();
        let under_way = BTreeMap::new();
        Ok(Self { cluster, topic, codec, acks, identity, partitions, under_way, partition_without_key: 0 })
    }

    /// Takes a record; sends its partition's batch when that is full.
    ///
    /// # Errors
    /// [`ClientError`] when this batch or an earlier one is refused.
    pub fn push(&mut self, record: &NewRecord<'_>) -> Result<(), ClientError> {
        let count = i32::try_from(self.partitions.len()).unwrap_or(i32::MAX);
        let partition = match (record.partition, record.key) {
            (Some(partition), _) => partition,
            (None, Some(key)) => crate::partitioner::partition_of_key(key, count),
            (None, None) => self.partition_without_key,
        };
        let gathered = &self.slot(partition)?.gathered;
        if !gathered.is_empty() && gathered.uncompressed_bytes() + bytes_of(record) > BATCH_BYTES {
            self.dispatch(partition)?;
        }
        let gathered = &mut self.slot(partition)?.gathered;
        Ok(gathered.push(record.timestamp_ms, record.key, record.value, record.headers)?)
    }

    /// Sends what is gathered, without waiting for what it can do later.
    ///
    /// # Errors
    /// [`ClientError`] when an earlier batch is refused.
    pub fn send(&mut self) -> Result<(), ClientError> {
        self.indices().try_for_each(|partition| self.dispatch(partition))
    }

    /// Sends what is gathered, and waits until all of it is acknowledged.
    ///
    /// # Errors
    /// [`ClientError`] when a batch is refused.
    pub fn flush(&mut self) -> Result<(), ClientError> {
        self.send()?;
        self.indices().try_for_each(|partition| self.settle(partition))
    }

    /// What was written, by partition; what is under way is not counted.
    pub fn written(&self) -> impl Iterator<Item = (i32, Written)> {
        self.indices().zip(&self.partitions).map(|(partition, slot)| (partition, slot.written))
    }

    fn indices(&self) -> impl Iterator<Item = i32> + use<> {
        0..i32::try_from(self.partitions.len()).unwrap_or(i32::MAX)
    }

    fn slot(&mut self, partition: i32) -> Result<&mut Slot, ClientError> {
        let count = self.partitions.len();
        let slot = usize::try_from(partition).ok().and_then(|index| self.partitions.get_mut(index));
        slot.ok_or_else(|| ClientError::UnknownPartition { topic: self.topic.name.clone(), partition, count })
    }

    /// Builds and sends a partition's batch, once the one before it is acknowledged.
    fn dispatch(&mut self, partition: i32) -> Result<(), ClientError> {
        let (codec, identity) = (self.codec, self.identity);
        let slot = self.slot(partition)?;
        if slot.gathered.is_empty() {
            return Ok(());
        }
        let mut gathered = std::mem::replace(&mut slot.gathered, BatchBuilder::new(codec));
        if let Some(Identity { producer_id, producer_epoch }) = identity {
            let sequence = slot.next_sequence;
            // Sequence numbers wrap from 2^31-1 to 0.
            slot.next_sequence = sequence.wrapping_add(gathered.record_count()) & i32::MAX;
            gathered = gathered.producer(producer_id, producer_epoch, sequence);
        }
        let batch = Unsent::build(gathered)?;
        self.settle(partition)?;
        self.slot(partition)?.waiting.push_back(batch);
        self.start(partition)?;
        if partition == self.partition_without_key {
            let count = i32::try_from(self.partitions.len()).unwrap_or(i32::MAX);
            self.partition_without_key = (partition + 1).checked_rem(count).unwrap_or(0);
        }
        Ok(())
    }

    /// Waits until nothing of a partition is under way or waits.
    fn settle(&mut self, partition: i32) -> Result<(), ClientError> {
        loop {
            let slot = self.slot(partition)?;
            match slot.broker {
                Some(broker) => self.take_answer(broker)?,
                None if slot.waiting.is_empty() => return Ok(()),
                None => self.start(partition)?,
            }
        }
    }

    /// Puts the first waiting batch of a partition under way.
    fn start(&mut self, partition: i32) -> Result<(), ClientError> {
        let Some(mut batch) = self.slot(partition)?.waiting.pop_front() else { return Ok(()) };
        let (broker, pending) = loop {
            match self.submit(partition, &batch) {
                Ok(sent) => break sent,
                Err(error) => self.cluster.recover(&mut self.topic, error, &mut batch.patience)?,
            }
        };
        if self.acks == 0 {
            self.slot(partition)?.written.add(batch.records, None);
            return Ok(());
        }
        self.slot(partition)?.broker = Some(broker);
        self.under_way.entry(broker).or_default().push_back(Sent { partition, pending, batch });
        Ok(())
    }

    fn submit(&mut self, partition: i32, batch: &Unsent) -> Result<(i32, Pending), ClientError> {
        let leader = self.cluster.leader_of(&self.topic, partition)?;
        let connection = self.cluster.broker(leader)?;
        let version = connection.version::<ProduceRequest<'_>>(12)?;
        let data = PartitionProduceData { index: partition, records: Some(Records::Slice(&batch.bytes)) };
        let topic =
            TopicProduceData { name: &self.topic.name, partition_data: vec![data].into(), ..Default::default() };
        let request = ProduceRequest {
            acks: self.acks,
            timeout_ms: TIMEOUT_MS,
            topic_data: vec![topic].into(),
            ..Default::default()
        };
        Ok((leader, connection.submit(version, &request)?))
    }

    /// Waits for the oldest answer of a broker. What may pass waits again, at the front.
    fn take_answer(&mut self, broker: i32) -> Result<(), ClientError> {
        let Some(sent) = self.under_way.get_mut(&broker).and_then(VecDeque::pop_front) else { return Ok(()) };
        let Sent { partition, pending, mut batch } = sent;
        self.slot(partition)?.broker = None;
        let answer = self.cluster.broker(broker).and_then(|connection| connection.finish(pending));
        let outcome = answer.and_then(|answer| {
            let response = answer.decode::<ProduceResponse<'_>>()?;
            let mut base_offset = None;
            for topic in response.responses.iter() {
                for result in topic.partition_responses.iter() {
                    if result.error_code != 0 {
                        let what = format!("records for {}-{partition} were not taken", self.topic.name);
                        return Err(ClientError::refused(what, result.error_code, result.error_message));
                    }
                    base_offset = Some(result.base_offset).filter(|offset| *offset >= 0);
                }
            }
            Ok(base_offset)
        });
        match outcome.map_err(|error| (error.code(), error)) {
            Ok(base_offset) => self.slot(partition)?.written.add(batch.records, base_offset),
            Err((Some(ErrorCode::DuplicateSequenceNumber), _)) => {
                self.slot(partition)?.written.add(batch.records, None);
            }
            Err((Some(ErrorCode::MessageTooLarge), _)) if batch.records > 1 => {
                let [first, second] = batch.halves()?;
                let waiting = &mut self.slot(partition)?.waiting;
                waiting.push_front(second);
                waiting.push_front(first);
            }
            Err((_, error)) => {
                self.cluster.recover(&mut self.topic, error, &mut batch.patience)?;
                self.slot(partition)?.waiting.push_front(batch);
            }
        }
        Ok(())
    }
}

impl Written {
    pub(crate) fn add(&mut self, records: i32, base_offset: Option<i64>) {
        self.records += u64::from(records.unsigned_abs());
        if let Some(base_offset) = base_offset {
            self.first_offset.get_or_insert(base_offset);
            self.last_offset = Some(base_offset + i64::from(records) - 1);
        }
    }
}

/// Asks for the numbers of an idempotent producer; `None` where there are none to be had.
///
/// # Errors
/// [`ClientError`] when the broker does not answer, or refuses for another reason.
pub fn identity(cluster: &mut Cluster) -> Result<Option<Identity>, ClientError> {
    let broker = cluster.any()?;
    let Ok(version) = broker.version::<InitProducerIdRequest<'_>>(4) else { return Ok(None) };
    let request =
        InitProducerIdRequest { transactional_id: None, transaction_timeout_ms: TIMEOUT_MS, ..Default::default() };
    let answer = broker.call(version, &request)?;
    let response = answer.decode::<InitProducerIdResponse>()?;
    match ErrorCode::from_code(response.error_code) {
        Some(ErrorCode::None) => {
            let InitProducerIdResponse { producer_id, producer_epoch, .. } = response;
            Ok(Some(Identity { producer_id, producer_epoch }))
        }
        Some(ErrorCode::ClusterAuthorizationFailed) => Ok(None),
        _ => Err(ClientError::refused("no producer id was given", response.error_code, None)),
    }
}

/// At least what a record takes in a batch.
fn bytes_of(record: &NewRecord<'_>) -> usize {
    let bytes = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
    let headers = record.headers.iter().map(|(name, value)| name.len() + bytes(*value));
    bytes(record.key) + bytes(record.value) + headers.sum::<usize>()
}
