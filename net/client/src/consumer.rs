//! Reads records of chosen partitions, without a group.

use std::collections::BTreeMap;

use millrace_record::batch::batches;
use millrace_record::compression::Scratch;
use millrace_record::record::Record;
use millrace_wire::messages::fetch::{FetchPartition, FetchRequest, FetchResponse, FetchTopic};
use millrace_wire::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsRequest, ListOffsetsResponse, ListOffsetsTopic,
};

use crate::cluster::{Cluster, TopicMetadata};
use crate::error::ClientError;

const FETCH_WAIT_MS: i32 = 500;
const FETCH_BYTES_MAX: i32 = 16 * 1024 * 1024;
const PARTITION_BYTES_MAX: i32 = 1024 * 1024;

/// Where to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// The oldest record there is.
    Earliest,
    /// After the newest record there is.
    Latest,
    /// At an offset.
    Offset(i64),
    /// At the first record with this timestamp or a later one, in milliseconds since 1970.
    Time(i64),
}

/// Reads some partitions of one topic.
pub struct Consumer<'a> {
    cluster: &'a mut Cluster,
    topic: TopicMetadata,
    /// The next offset to read, by partition.
    positions: BTreeMap<i32, i64>,
}

impl<'a> Consumer<'a> {
    /// A consumer of `partitions` (empty: all) of a topic.
    ///
    /// # Errors
    /// [`ClientError`] when topic or partition do not exist, or a position cannot be found.
    pub fn new(cluster: &'a mut Cluster, topic: &str, partitions: &[i32], start: Start) -> Result<Self, ClientError> {
        let topic = cluster.describe_topic(topic)?;
        let chosen: Vec<i32> =
            if partitions.is_empty() { topic.partitions.keys().copied().collect() } else { partitions.to_vec() };
        let mut positions = BTreeMap::new();
        for partition in chosen {
            let position = find_position(cluster, &topic, partition, start)?;
            positions.insert(partition, position);
        }
        Ok(Self { cluster, topic, positions })
    }

    /// Where each partition ends at this moment (its high watermark), for those that are read.
    ///
    /// # Errors
    /// [`ClientError`] when a leader does not answer.
    pub fn ends(&mut self) -> Result<BTreeMap<i32, i64>, ClientError> {
        let partitions: Vec<i32> = self.positions.keys().copied().collect();
        let find = |partition| Ok((partition, find_position(self.cluster, &self.topic, partition, Start::Latest)?));
        partitions.into_iter().map(find).collect()
    }

    /// The next offset to read, by partition.
    #[must_use]
    pub fn positions(&self) -> &BTreeMap<i32, i64> {
        &self.positions
    }

    /// Asks every partition's leader once and gives what came to `each`, as (partition, record). `false` from `each` ends
    /// the reading; the position is then behind the record last given.
    ///
    /// # Errors
    /// [`ClientError`] when a leader refuses or sends damaged records, or `each` fails.
    pub fn poll<E: From<ClientError>>(
        &mut self,
        mut each: impl FnMut(i32, &Record<'_>) -> Result<bool, E>,
    ) -> Result<bool, E> {
        let mut scratch = Scratch::default();
        let partitions: Vec<i32> = self.positions.keys().copied().collect();
        for partition in partitions {
            let position = self.positions.get(&partition).copied().unwrap_or(0);
            let wait_ms = FETCH_WAIT_MS / i32::try_from(self.positions.len()).unwrap_or(i32::MAX).max(1);
            let run = fetch(self.cluster, &self.topic, partition, position, wait_ms)?;
            let damaged =
                |source| ClientError::Records { topic: self.topic.name.clone(), partition, offset: position, source };
            for batch in batches(&run) {
                let batch = batch.map_err(damaged)?;
                if !batch.is_control() {
                    for record in batch.records(&mut scratch).map_err(damaged)? {
                        let record = record.map_err(damaged)?;
                        // A batch is sent whole: what lies before the position was not asked for.
                        if record.offset >= position && !each(partition, &record)? {
                            self.positions.insert(partition, record.offset + 1);
                            return Ok(false);
                        }
                    }
                }
                self.positions.insert(partition, batch.next_offset());
            }
        }
        Ok(true)
    }
}

/// One fetch of one partition: its records' bytes.
fn fetch(
    cluster: &mut Cluster,
    topic: &TopicMetadata,
    partition: i32,
    offset: i64,
    wait_ms: i32,
) -> Result<Vec<u8>, ClientError> {
    let leader = cluster.leader(topic, partition)?;
    let version = leader.version::<FetchRequest<'_>>(12)?;
    let wanted = FetchPartition {
        partition,
        fetch_offset: offset,
        partition_max_bytes: PARTITION_BYTES_MAX,
        ..Default::default()
    };
    let wanted = FetchTopic { topic: &topic.name, partitions: vec![wanted].into(), ..Default::default() };
    let request = FetchRequest {
        max_wait_ms: wait_ms,
        min_bytes: 1,
        max_bytes: FETCH_BYTES_MAX,
        topics: vec![wanted].into(),
        ..Default::default()
    };
    let answer = leader.call(version, &request)?;
    let response = answer.decode::<FetchResponse<'_>>()?;
    let what = || format!("{}-{partition} cannot be read at offset {offset}", topic.name);
    if response.error_code != 0 {
        return Err(ClientError::refused(what(), response.error_code, None));
    }
    let mut run = Vec::new();
    for topic in response.responses.iter() {
        for found in topic.partitions.iter() {
            if found.error_code != 0 {
                return Err(ClientError::refused(what(), found.error_code, None));
            }
            run.extend_from_slice(found.records.and_then(|records| records.as_slice()).unwrap_or_default());
        }
    }
    Ok(run)
}

fn find_position(
    cluster: &mut Cluster,
    topic: &TopicMetadata,
    partition: i32,
    start: Start,
) -> Result<i64, ClientError> {
    const LATEST: i64 = -1;
    const EARLIEST: i64 = -2;
    let timestamp = match start {
        Start::Offset(offset) => return Ok(offset),
        Start::Latest => LATEST,
        Start::Earliest => EARLIEST,
        Start::Time(timestamp) => timestamp,
    };
    let leader = cluster.leader(topic, partition)?;
    let version = leader.version::<ListOffsetsRequest<'_>>(8)?;
    let wanted = ListOffsetsPartition { partition_index: partition, timestamp, ..Default::default() };
    let wanted = ListOffsetsTopic { name: &topic.name, partitions: vec![wanted].into() };
    let request = ListOffsetsRequest { replica_id: -1, topics: vec![wanted].into(), ..Default::default() };
    let answer = leader.call(version, &request)?;
    let response = answer.decode::<ListOffsetsResponse<'_>>()?;
    let found = response.topics.iter().find_map(|topic| topic.partitions.iter().next());
    let what = || format!("{}-{partition}: its offsets cannot be listed", topic.name);
    match found {
        Some(found) if found.error_code != 0 => Err(ClientError::refused(what(), found.error_code, None)),
        // No record is that young: begin at the end.
        Some(found) if found.offset < 0 && matches!(start, Start::Time(_)) => {
            find_position(cluster, topic, partition, Start::Latest)
        }
        Some(found) => Ok(found.offset),
        None => Err(ClientError::refused(what(), -1, Some("the answer is empty"))),
    }
}
