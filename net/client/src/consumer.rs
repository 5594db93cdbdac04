//! Reads records of chosen partitions, without a group.

use std::collections::BTreeMap;

use millrace_base::code::ErrorCode;
use millrace_record::RecordError;
use millrace_record::batch::batches;
use millrace_record::compression::Scratch;
use millrace_record::record::Record;
use millrace_wire::messages::fetch::{FetchPartition, FetchRequest, FetchResponse, FetchTopic};

use crate::cluster::{Cluster, TopicMetadata};
use crate::connection::{Answer, Pending};
use crate::error::ClientError;
use crate::offsets::{Place, offsets};
use crate::retry::Patience;

/// How long a broker may wait for records before it answers that there are none.
const FETCH_WAIT_MS: i32 = 500;
/// The most bytes of one answer, but for a first batch that is larger.
const FETCH_BYTES_MAX: i32 = 16 * 1024 * 1024;
/// The most bytes of one partition in one answer, but for a first batch that is larger.
const PARTITION_BYTES_MAX: i32 = 4 * 1024 * 1024;

/// Where to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// The oldest record there is.
    Earliest,
    /// After the newest record there is.
    Latest,
    /// At an offset.
    Offset(i64),
    /// So many offsets before the end, or at the oldest record there is.
    BeforeEnd(i64),
    /// At the first record with this timestamp or a later one, in Unix ms; at the end when none is that young.
    Time(i64),
}

/// Reads some partitions of one topic.
pub struct Consumer<'a> {
    cluster: &'a mut Cluster,
    topic: TopicMetadata,
    /// The next offset to read, by partition.
    positions: BTreeMap<i32, i64>,
    /// Where partitions ended in the latest answers.
    ends_seen: BTreeMap<i32, i64>,
    scratch: Scratch,
    /// Which partition is asked for first, so that none starves behind a busy one.
    turn: usize,
    /// Since the last answer without a failure.
    patience: Option<Patience>,
}

impl<'a> Consumer<'a> {
    /// A consumer of `partitions` (empty: all) of a topic.
    ///
    /// # Errors
    /// [`ClientError`] when topic, partition or offset do not exist, or a leader does not answer.
    pub fn new(cluster: &'a mut Cluster, topic: &str, partitions: &[i32], start: Start) -> Result<Self, ClientError> {
        let mut topic = cluster.await_topic(topic)?;
        let chosen: Vec<i32> =
            if partitions.is_empty() { topic.partitions.keys().copied().collect() } else { partitions.to_vec() };
        let positions = positions(cluster, &mut topic, &chosen, start)?;
        Ok(Self::at(cluster, topic, positions))
    }

    /// A consumer of these partitions of a topic, each from its own offset.
    pub fn at(cluster: &'a mut Cluster, topic: TopicMetadata, positions: BTreeMap<i32, i64>) -> Self {
        let (ends_seen, scratch) = (BTreeMap::new(), Scratch::default());
        Self { cluster, topic, positions, ends_seen, scratch, turn: 0, patience: None }
    }

    /// How many offsets lie between what was read and what there was by the latest answers.
    #[must_use]
    pub fn lag(&self) -> i64 {
        let behind = |(partition, end): (&i32, &i64)| {
            self.positions.get(partition).map_or(0, |position| (end - position).max(0))
        };
        self.ends_seen.iter().map(behind).sum()
    }

    /// Where each partition ends at this moment (its high watermark, exclusive), for those that are read.
    ///
    /// # Errors
    /// [`ClientError`] when a leader does not answer.
    pub fn ends(&mut self) -> Result<BTreeMap<i32, i64>, ClientError> {
        let partitions: Vec<i32> = self.positions.keys().copied().collect();
        offsets(self.cluster, &mut self.topic, &partitions, Place::Latest)
    }

    /// The next offset to read, by partition.
    #[must_use]
    pub fn positions(&self) -> &BTreeMap<i32, i64> {
        &self.positions
    }

    /// Leaves a partition out from now on.
    pub fn leave(&mut self, partition: i32) {
        self.positions.remove(&partition);
    }

    /// Asks every leader once and gives what came to `each`, as (partition, record): in order within a partition.
    /// `false` from `each` ends the reading; the position is then behind the record last given. A failure that may pass
    /// gives nothing, and a later call asks again.
    ///
    /// # Errors
    /// [`ClientError`] when a leader refuses or sends damaged records, or `each` fails.
    pub fn poll<E: From<ClientError>>(
        &mut self,
        mut each: impl FnMut(i32, &Record<'_>) -> Result<bool, E>,
    ) -> Result<bool, E> {
        let mut failure = None;
        match self.ask() {
            Ok(asked) => {
                for (leader, pending) in asked {
                    match self.cluster.broker(leader).and_then(|leader| leader.finish(pending)) {
                        Ok(answer) if !self.take(&answer, &mut failure, &mut each)? => return Ok(false),
                        Ok(_) => {}
                        Err(error) => failure = Some(error),
                    }
                }
            }
            Err(error) => failure = Some(error),
        }
        match failure {
            None => self.patience = None,
            Some(error) => {
                let patience = self.patience.get_or_insert_default();
                self.cluster.recover(&mut self.topic, error, patience)?;
            }
        }
        Ok(true)
    }

    /// Sends a fetch to every leader of what is read.
    fn ask(&mut self) -> Result<Vec<(i32, Pending)>, ClientError> {
        let mut partitions: Vec<i32> = self.positions.keys().copied().collect();
        if !partitions.is_empty() {
            self.turn = (self.turn + 1) % partitions.len();
            partitions.rotate_left(self.turn);
        }
        let mut asked = Vec::new();
        for (leader, partitions) in self.cluster.by_leader(&self.topic, &partitions)? {
            let connection = self.cluster.broker(leader)?;
            let version = connection.version::<FetchRequest<'_>>(12)?;
            let wanted = |partition: &i32| FetchPartition {
                partition: *partition,
                fetch_offset: self.positions.get(partition).copied().unwrap_or_default(),
                partition_max_bytes: PARTITION_BYTES_MAX,
                ..Default::default()
            };
            let wanted: Vec<_> = partitions.iter().map(wanted).collect();
            let wanted = FetchTopic { topic: &self.topic.name, partitions: wanted.into(), ..Default::default() };
            let request = FetchRequest {
                max_wait_ms: FETCH_WAIT_MS,
                min_bytes: 1,
                max_bytes: FETCH_BYTES_MAX,
                topics: vec![wanted].into(),
                ..Default::default()
            };
            asked.push((leader, connection.submit(version, &request)?));
        }
        Ok(asked)
    }

    /// Gives an answer's records; `false` when `each` has enough. What may pass is left in `failure`.
    fn take<E: From<ClientError>>(
        &mut self,
        answer: &Answer,
        failure: &mut Option<ClientError>,
        each: &mut impl FnMut(i32, &Record<'_>) -> Result<bool, E>,
    ) -> Result<bool, E> {
        let response = answer.decode::<FetchResponse<'_>>()?;
        if response.error_code != 0 {
            let what = format!("topic {:?} cannot be read", self.topic.name);
            *failure = Some(ClientError::refused(what, response.error_code, None));
        }
        for topic in response.responses.iter() {
            for found in topic.partitions.iter() {
                let partition = found.partition_index;
                let Some(position) = self.positions.get(&partition).copied() else { continue };
                let what = || format!("{}-{partition} cannot be read at offset {position}", self.topic.name);
                let refused = || ClientError::refused(what(), found.error_code, None);
                match ErrorCode::from_code(found.error_code) {
                    Some(ErrorCode::None) => {}
                    Some(ErrorCode::OffsetOutOfRange) => return Err(self.out_of_range(partition, position)?.into()),
                    // Kafka's clients do not ask again for what the broker has found to be damaged.
                    Some(ErrorCode::CorruptMessage) => return Err(refused().into()),
                    _ => *failure = Some(refused()),
                }
                if found.high_watermark >= 0 {
                    self.ends_seen.insert(partition, found.high_watermark);
                }
                let run = found.records.and_then(|records| records.as_slice()).unwrap_or_default();
                if !self.take_run(partition, position, run, each)? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn take_run<E: From<ClientError>>(
        &mut self,
        partition: i32,
        mut position: i64,
        run: &[u8],
        each: &mut impl FnMut(i32, &Record<'_>) -> Result<bool, E>,
    ) -> Result<bool, E> {
        let start = position;
        for batch in batches(run) {
            let damaged = |source: RecordError| {
                let topic = self.topic.name.clone();
                ClientError::Records { topic, partition, offset: position, source }
            };
            let batch = match batch {
                // An answer may end within a batch: it is asked for again.
                Err(error) if error.is_incomplete() && position > start => break,
                batch => batch.map_err(damaged)?,
            };
            batch.check_crc().map_err(damaged)?;
            if !batch.is_control() {
                for record in batch.records(&mut self.scratch).map_err(damaged)? {
                    let record = record.map_err(damaged)?;
                    // A batch is sent whole: what lies before the position was not asked for.
                    if record.offset >= position && !each(partition, &record)? {
                        self.positions.insert(partition, record.offset + 1);
                        return Ok(false);
                    }
                }
            }
            position = position.max(batch.next_offset());
            self.positions.insert(partition, position);
        }
        Ok(true)
    }

    fn out_of_range(&mut self, partition: i32, offset: i64) -> Result<ClientError, ClientError> {
        let start = offsets(self.cluster, &mut self.topic, &[partition], Place::Earliest)?;
        let end = offsets(self.cluster, &mut self.topic, &[partition], Place::Latest)?;
        let at = |offsets: &BTreeMap<i32, i64>| offsets.get(&partition).copied().unwrap_or(-1);
        let topic = self.topic.name.clone();
        Ok(ClientError::OutOfRange { topic, partition, offset, start: at(&start), end: at(&end) })
    }
}

/// Where each partition of a topic is read from.
///
/// # Errors
/// [`ClientError::OutOfRange`] for an offset that a partition does not have; others when a leader does not answer.
pub fn positions(
    cluster: &mut Cluster,
    topic: &mut TopicMetadata,
    partitions: &[i32],
    start: Start,
) -> Result<BTreeMap<i32, i64>, ClientError> {
    let earliest = offsets(cluster, topic, partitions, Place::Earliest)?;
    if start == Start::Earliest {
        return Ok(earliest);
    }
    let mut latest = offsets(cluster, topic, partitions, Place::Latest)?;
    match start {
        Start::Earliest | Start::Latest => {}
        Start::BeforeEnd(count) => {
            for (partition, position) in &mut latest {
                let first = earliest.get(partition).copied().unwrap_or_default();
                *position = position.saturating_sub(count).max(first);
            }
        }
        Start::Offset(offset) => {
            for (partition, position) in &mut latest {
                let first = earliest.get(partition).copied().unwrap_or_default();
                if !(first..=*position).contains(&offset) {
                    let (topic, partition) = (topic.name.clone(), *partition);
                    return Err(ClientError::OutOfRange { topic, partition, offset, start: first, end: *position });
                }
                *position = offset;
            }
        }
        Start::Time(timestamp_ms) => latest.extend(offsets(cluster, topic, partitions, Place::Time(timestamp_ms))?),
    }
    Ok(latest)
}
