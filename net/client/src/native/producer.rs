//! Produces to a topic: several batches of a partition under way at once, each written once and in order.
//!
//! Always true:
//! - the batches of a partition have consecutive sequence numbers of one producer id, at most
//!   [`BATCHES_UNDER_WAY_MAX`] of them are not acknowledged, and these can all be sent again: the broker knows which
//!   it has;
//! - what was acknowledged is on stable storage (of a topic with `millrace.durability=sync`).

use std::collections::VecDeque;
use std::time::Duration;

use millrace_base::code::ErrorCode;
use millrace_base::hash::Map;
use millrace_record::builder::BatchBuilder;
use millrace_record::columns::ColumnsBuilder;
use millrace_record::compression::Codec;
use millrace_wire::native::{PartitionId, ToBroker, ToClient};

use super::access::{Access, again};
use super::link::Arrived;
use super::links::{Links, Topic};
use crate::error::ClientError;
use crate::partitioner::partition_of_key;
use crate::producer::{NewRecord, Written};

/// As many as a broker remembers of a producer, in each partition.
const BATCHES_UNDER_WAY_MAX: usize = 5;
/// The epoch of a new producer.
const FIRST_EPOCH: i16 = 0;
/// The receiving buffer of each connection, in bytes: answers are short.
const BUFFER_BYTES: usize = 64 * 1024;
/// How long to wait for answers before it is looked whether the connections are still there.
const PATIENCE: Duration = Duration::from_secs(1);

/// How a producer produces.
#[derive(Clone, Debug)]
pub struct ProducerOptions {
    /// What is written to.
    pub access: Access,
    /// How batches are compressed; those of a topic in columns are not.
    pub codec: Codec,
    /// A batch is sent when its records are so large, in bytes.
    pub batch_bytes: usize,
}

impl ProducerOptions {
    /// The defaults.
    #[must_use]
    pub fn new(bootstrap: &str, topic: &str) -> Self {
        Self { access: Access::new(bootstrap, topic), codec: Codec::None, batch_bytes: 256 * 1024 }
    }
}

/// A batch that is being filled, in the topic's format.
enum Filling {
    Kafka(BatchBuilder),
    Columns(ColumnsBuilder),
}

/// A batch that is not acknowledged.
struct Sent {
    request: u32,
    batch: Vec<u8>,
    records: i32,
}

struct Partition {
    filling: Filling,
    under_way: VecDeque<Sent>,
    next_sequence: i32,
    link: usize,
    written: Written,
}

/// A producer for one topic.
pub struct Producer {
    options: ProducerOptions,
    links: Links,
    topic: Topic,
    producer_id: i64,
    partitions: Vec<Partition>,
    /// By request that is not answered: the partition whose batch it has.
    unanswered: Map<u32, i32>,
    next_request: u32,
    /// Where records without a key go until the batch is full.
    partition_without_key: i32,
}

impl Filling {
    fn new(topic: &Topic, codec: Codec) -> Self {
        if topic.is_columns {
            Filling::Columns(ColumnsBuilder::new())
        } else {
            Filling::Kafka(BatchBuilder::new(codec))
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Filling::Kafka(builder) => builder.uncompressed_bytes(),
            Filling::Columns(builder) => builder.batch_bytes(),
        }
    }

    fn record_count(&self) -> i32 {
        match self {
            Filling::Kafka(builder) => builder.record_count(),
            Filling::Columns(builder) => builder.record_count(),
        }
    }

    fn push(&mut self, record: &NewRecord<'_>) -> Result<(), ClientError> {
        let NewRecord { timestamp_ms, key, value, headers, .. } = *record;
        match self {
            Filling::Kafka(builder) => builder.push(timestamp_ms, key, value, headers)?,
            Filling::Columns(builder) => builder.push(timestamp_ms, key, value, headers)?,
        }
        Ok(())
    }

    fn build(self, producer_id: i64, base_sequence: i32) -> Result<Vec<u8>, ClientError> {
        Ok(match self {
            Filling::Kafka(builder) => builder.producer(producer_id, FIRST_EPOCH, base_sequence).build()?,
            Filling::Columns(builder) => builder.producer(producer_id, FIRST_EPOCH, base_sequence).build()?,
        })
    }
}

impl Producer {
    /// Connects, and asks for a producer id.
    ///
    /// # Errors
    /// [`ClientError`] when the broker cannot be reached, or there is no such topic.
    pub fn open(options: ProducerOptions) -> Result<Self, ClientError> {
        let (mut links, topic) = options.access.connect(BUFFER_BYTES)?;
        let producer_id = init_producer(&mut links)?;
        let partition = |_| Partition {
            filling: Filling::new(&topic, options.codec),
            under_way: VecDeque::new(),
            next_sequence: 0,
            link: 0,
            written: Written::default(),
        };
        let partitions = topic.cores.iter().map(partition).collect();
        let mut producer = Self {
            options,
            links,
            topic,
            producer_id,
            partitions,
            unanswered: Map::default(),
            next_request: 0,
            partition_without_key: 0,
        };
        producer.assign_links();
        Ok(producer)
    }

    /// How many partitions the topic has.
    #[must_use]
    pub fn partitions(&self) -> usize {
        self.partitions.len()
    }

    /// Takes a record; sends its partition's batch when that is full. Waits while too many are not acknowledged.
    ///
    /// # Errors
    /// [`ClientError`] when this batch or an earlier one is refused, or the broker cannot be reached for longer than it
    /// is tried.
    pub fn push(&mut self, record: &NewRecord<'_>) -> Result<(), ClientError> {
        let count = i32::try_from(self.partitions.len()).unwrap_or(i32::MAX);
        let index = match (record.partition, record.key) {
            (Some(partition), _) => partition,
            (None, Some(key)) => partition_of_key(key, count),
            (None, None) => self.partition_without_key,
        };
        let limit = self.options.batch_bytes;
        let partition = self.partition(index)?;
        partition.filling.push(record)?;
        if partition.filling.bytes() >= limit {
            self.send(index)?;
            if index == self.partition_without_key {
                self.partition_without_key = (index + 1).checked_rem(count).unwrap_or(0);
            }
        }
        Ok(())
    }

    /// Sends what is gathered, and waits until all of it is acknowledged.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub fn flush(&mut self) -> Result<(), ClientError> {
        let indices = 0..i32::try_from(self.partitions.len()).unwrap_or(i32::MAX);
        indices.clone().try_for_each(|index| self.send(index))?;
        while self.partitions.iter().any(|partition| !partition.under_way.is_empty()) {
            self.settle()?;
        }
        Ok(())
    }

    /// What was acknowledged, by partition.
    pub fn written(&self) -> impl Iterator<Item = (i32, Written)> {
        (0..).zip(self.partitions.iter().map(|partition| partition.written))
    }

    fn partition(&mut self, index: i32) -> Result<&mut Partition, ClientError> {
        let count = self.partitions.len();
        let found = usize::try_from(index).ok().and_then(|index| self.partitions.get_mut(index));
        found.ok_or_else(|| ClientError::UnknownPartition {
            topic: self.options.access.topic.clone(),
            partition: index,
            count,
        })
    }

    /// Sends what a partition has gathered, once few enough of its batches are under way.
    fn send(&mut self, index: i32) -> Result<(), ClientError> {
        while self.partition(index)?.under_way.len() >= BATCHES_UNDER_WAY_MAX {
            self.settle()?;
        }
        let empty = Filling::new(&self.topic, self.options.codec);
        let (producer_id, request) = (self.producer_id, self.next_request);
        let partition = self.partition(index)?;
        let records = partition.filling.record_count();
        if records == 0 {
            return Ok(());
        }
        let filled = std::mem::replace(&mut partition.filling, empty);
        let batch = filled.build(producer_id, partition.next_sequence)?;
        // Sequence numbers wrap from 2^31-1 to 0.
        partition.next_sequence = partition.next_sequence.wrapping_add(records) & i32::MAX;
        partition.under_way.push_back(Sent { request, batch, records });
        let newest = partition.under_way.len() - 1;
        self.next_request = request.wrapping_add(1);
        self.unanswered.insert(request, index);
        let sent = self.transmit(index, newest).and_then(|()| self.take_answers().map(drop));
        sent.or_else(|error| self.reconnect(error))
    }

    /// Sends a partition's batches that are not acknowledged, from the one at `first` on.
    fn transmit(&mut self, index: i32, first: usize) -> Result<(), ClientError> {
        let id = PartitionId { topic: self.topic.id, index };
        let found = usize::try_from(index).ok().and_then(|index| self.partitions.get(index));
        for sent in found.iter().flat_map(|partition| partition.under_way.iter().skip(first)) {
            let link = found.map_or(0, |partition| partition.link);
            self.links.get(link).say(&ToBroker::Produce { request: sent.request, partition: id }, &sent.batch)?;
        }
        Ok(())
    }

    /// Takes the answers that have arrived; waits for one if there is none.
    fn settle(&mut self) -> Result<(), ClientError> {
        let taken = match self.take_answers() {
            Ok(0) => self.links.wait(PATIENCE).and_then(|()| self.links.tend()),
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        };
        taken.or_else(|error| self.reconnect(error))
    }

    /// Takes the answers that have arrived; how many there were.
    fn take_answers(&mut self) -> Result<usize, ClientError> {
        let mut taken = 0;
        for index in 0..self.links.len() {
            loop {
                while let Some(Arrived { message, .. }) = self.links.get(index).next()? {
                    self.take_answer(index, message)?;
                    taken += 1;
                }
                if !self.links.get(index).receive()? {
                    break;
                }
            }
        }
        Ok(taken)
    }

    fn take_answer(&mut self, link: usize, message: ToClient) -> Result<(), ClientError> {
        match message {
            ToClient::Produced { request, base_offset } => {
                self.acknowledge(request, Some(base_offset).filter(|offset| *offset >= 0))
            }
            ToClient::Failed { request, code, .. } if code == ErrorCode::DuplicateSequenceNumber.code() => {
                self.acknowledge(request, None)
            }
            ToClient::Failed { code, message, .. } => {
                let what = format!("records for topic {:?} were not taken", self.options.access.topic);
                Err(ClientError::refused(what, code, Some(&message)))
            }
            other => Err(self.links.get(link).unexpected(&other)),
        }
    }

    fn acknowledge(&mut self, request: u32, base_offset: Option<i64>) -> Result<(), ClientError> {
        // The answer to what is not under way (any more) says nothing new.
        let Some(index) = self.unanswered.remove(&request) else { return Ok(()) };
        let partition = self.partition(index)?;
        if let Some(at) = partition.under_way.iter().position(|sent| sent.request == request)
            && let Some(sent) = partition.under_way.remove(at)
        {
            partition.written.add(sent.records, base_offset);
        }
        Ok(())
    }

    fn assign_links(&mut self) {
        for (partition, core) in self.partitions.iter_mut().zip(&self.topic.cores) {
            partition.link = self.links.of_core(*core);
        }
    }

    /// Connects again, and sends again what is not acknowledged: the broker knows what of it it has.
    fn reconnect(&mut self, error: ClientError) -> Result<(), ClientError> {
        again(self.options.access.retry, error, || {
            let (links, topic) = self.options.access.connect(BUFFER_BYTES)?;
            if topic.id != self.topic.id {
                // What is not acknowledged belongs to a topic that is no more.
                return Err(ClientError::UnknownTopic(self.options.access.topic.clone()));
            }
            (self.links, self.topic) = (links, topic);
            self.assign_links();
            let mut indices = 0..i32::try_from(self.partitions.len()).unwrap_or(i32::MAX);
            indices.try_for_each(|index| self.transmit(index, 0))
        })
    }
}

fn init_producer(links: &mut Links) -> Result<i64, ClientError> {
    let first = links.get(0);
    first.say(&ToBroker::InitProducer { request: 0 }, &[])?;
    match first.answer()? {
        ToClient::Producer { producer_id, .. } => Ok(producer_id),
        ToClient::Failed { code, message, .. } => {
            Err(ClientError::refused("no producer id was given", code, Some(&message)))
        }
        other => Err(first.unexpected(&other)),
    }
}
