//! Writes records: gathered into one batch per partition, sent to its leader.

use millrace_record::builder::{BatchBuilder, HeaderPair};
use millrace_record::compression::Codec;
use millrace_wire::Records;
use millrace_wire::messages::produce::{PartitionProduceData, ProduceRequest, ProduceResponse, TopicProduceData};

use crate::cluster::{Cluster, TopicMetadata};
use crate::error::ClientError;

/// A batch is sent when its records are so large, before compression, in bytes.
pub const BATCH_BYTES: usize = 256 * 1024;
const TIMEOUT_MS: i32 = 30_000;

/// Writes to one topic.
pub struct Producer<'a> {
    cluster: &'a mut Cluster,
    topic: TopicMetadata,
    codec: Codec,
    acks: i16,
    batches: Vec<BatchBuilder>,
    next_without_key: i32,
}

/// A record to write.
pub struct NewRecord<'a> {
    /// Milliseconds since 1970.
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

impl<'a> Producer<'a> {
    /// A producer for one topic. `acks` is 0, 1 or -1 (all).
    ///
    /// # Errors
    /// [`ClientError`] when the topic does not exist.
    pub fn new(cluster: &'a mut Cluster, topic: &str, codec: Codec, acks: i16) -> Result<Self, ClientError> {
        let topic = cluster.describe_topic(topic)?;
        let batches = topic.partitions.keys().map(|_| BatchBuilder::new(codec)).collect();
        Ok(Self { cluster, topic, codec, acks, batches, next_without_key: 0 })
    }

    /// Takes a record; sends its partition's batch when that is full.
    ///
    /// # Errors
    /// [`ClientError`] when a batch is refused.
    pub fn push(&mut self, record: &NewRecord<'_>) -> Result<(), ClientError> {
        let count = i32::try_from(self.batches.len()).unwrap_or(i32::MAX);
        let partition = match (record.partition, record.key) {
            (Some(partition), _) => partition,
            (None, Some(key)) => crate::partitioner::partition_of_key(key, count),
            (None, None) => self.next_without_key,
        };
        let unknown =
            ClientError::UnknownPartition { topic: self.topic.name.clone(), partition, count: self.batches.len() };
        let slot = usize::try_from(partition).ok().and_then(|index| self.batches.get_mut(index));
        let Some(batch) = slot else { return Err(unknown) };
        batch.push(record.timestamp_ms, record.key, record.value, record.headers)?;
        if batch.uncompressed_bytes() >= BATCH_BYTES {
            self.send(partition)?;
            if partition == self.next_without_key {
                self.next_without_key = (partition + 1).checked_rem(count).unwrap_or(0);
            }
        }
        Ok(())
    }

    /// Sends what is gathered.
    ///
    /// # Errors
    /// [`ClientError`] when a batch is refused.
    pub fn flush(&mut self) -> Result<(), ClientError> {
        for partition in 0..i32::try_from(self.batches.len()).unwrap_or(i32::MAX) {
            self.send(partition)?;
        }
        Ok(())
    }

    fn send(&mut self, partition: i32) -> Result<(), ClientError> {
        let slot = usize::try_from(partition).ok().and_then(|index| self.batches.get_mut(index));
        let Some(batch) = slot.filter(|batch| !batch.is_empty()) else { return Ok(()) };
        let bytes = std::mem::replace(batch, BatchBuilder::new(self.codec)).build()?;
        let leader = self.cluster.leader(&self.topic, partition)?;
        let version = leader.version::<ProduceRequest<'_>>(12)?;
        let data = PartitionProduceData { index: partition, records: Some(Records::Slice(&bytes)) };
        let topic =
            TopicProduceData { name: &self.topic.name, partition_data: vec![data].into(), ..Default::default() };
        let request = ProduceRequest {
            acks: self.acks,
            timeout_ms: TIMEOUT_MS,
            topic_data: vec![topic].into(),
            ..Default::default()
        };
        if self.acks == 0 {
            return leader.tell(version, &request);
        }
        let answer = leader.call(version, &request)?;
        for topic in answer.decode::<ProduceResponse<'_>>()?.responses.iter() {
            for result in topic.partition_responses.iter() {
                if result.error_code != 0 {
                    let what = format!("records for {}-{partition} were not taken", self.topic.name);
                    return Err(ClientError::refused(what, result.error_code, result.error_message));
                }
            }
        }
        Ok(())
    }
}
