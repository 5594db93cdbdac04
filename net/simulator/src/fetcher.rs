//! A consumer without a group: reads all partitions from their start, with or without a fetch session, by long polls.

use millrace_base::code::ErrorCode;
use millrace_base::ids::Offset;
use millrace_wire::messages::fetch::{FetchPartition, FetchRequest, FetchResponse, FetchTopic, PartitionData};

use crate::client::Client;
use crate::model::Topic;
use crate::offsets;
use crate::plan::FetcherPlan;
use crate::records;

/// The first version that tells where a log begins.
const LOG_START_VERSION: i16 = 5;
/// The first version with sessions.
const SESSION_VERSION: i16 = 7;
/// The first one that names topics by id.
const TOPIC_ID_VERSION: i16 = 13;
/// The epoch of a request that wants no session.
const EPOCH_FINAL: i32 = -1;

/// How often a fetcher reads something again.
const LOOKS_BACK: usize = 5;

/// A fetch session, as the client knows it.
#[derive(Default)]
struct Session {
    id: i32,
    epoch: i32,
    /// By partition: the position that the broker knows.
    told: Vec<Option<Offset>>,
}

/// What is known of a log when a request is sent: the answer must not fall behind it.
#[derive(Clone, Copy)]
struct Known {
    start: Offset,
    end: Offset,
}

struct Fetcher {
    client: Client,
    plan: FetcherPlan,
    topic: Topic,
    positions: Vec<Offset>,
    session: Session,
    /// How often something is still to be read again.
    looks_back: usize,
}

/// Reads until there is nothing left to come, and everything that is known was read.
pub(crate) async fn fetch(client: Client, plan: FetcherPlan) {
    let topic = client.topic().await;
    let mut fetcher = Fetcher::new(client, plan, topic);
    while !fetcher.is_done() {
        fetcher.look_back();
        fetcher.poll().await;
    }
    fetcher.client.note(format_args!("all is read"));
}

/// Reads what there is, from the start to the end.
pub(crate) async fn read_all(
    client: Client,
    plan: FetcherPlan,
    topic: Topic,
    starts: Vec<Offset>,
    ends: &[Offset],
) -> Client {
    let mut fetcher = Fetcher::new(client, plan, topic);
    fetcher.positions = starts;
    while fetcher.positions.iter().zip(ends).any(|(position, end)| position < end) {
        fetcher.poll().await;
    }
    fetcher.client
}

impl Fetcher {
    fn new(client: Client, plan: FetcherPlan, topic: Topic) -> Self {
        let positions = vec![0; topic.partitions];
        let session = Session { told: vec![None; topic.partitions], ..Session::default() };
        Self { client, plan, topic, positions, session, looks_back: LOOKS_BACK }
    }

    fn is_done(&self) -> bool {
        let model = self.client.model();
        let has_all = |(partition, position): (usize, &Offset)| *position >= model.end(partition);
        model.producing == 0 && self.positions.iter().enumerate().all(has_all)
    }

    /// At times something is read again: it must be what it was.
    fn look_back(&mut self) {
        if self.looks_back == 0 || !self.client.random.chance(50) {
            return;
        }
        self.looks_back -= 1;
        let partition = self.client.random.index(self.positions.len());
        let start = self.client.model().start(partition);
        let read = self.positions[partition].saturating_sub(start).max(0);
        self.positions[partition] -= self.client.random.below(read as u64 + 1) as Offset;
    }

    fn has_sessions(&self) -> bool {
        self.plan.has_session && self.plan.version >= SESSION_VERSION
    }

    /// One request.
    async fn poll(&mut self) {
        let version = self.plan.version;
        let by_id = version >= TOPIC_ID_VERSION;
        let known = {
            let model = self.client.model();
            let of_partition = |partition| Known { start: model.start(partition), end: model.end(partition) };
            (0..self.topic.partitions).map(of_partition).collect::<Vec<_>>()
        };
        let has_all = self.positions.iter().zip(&known).all(|(position, known)| *position >= known.end);
        let asked = self.asked();
        let topic = FetchTopic {
            topic: if by_id { "" } else { &self.topic.name },
            topic_id: if by_id { self.topic.id } else { [0; 16] },
            partitions: asked.into(),
        };
        let has_topic = !topic.partitions.is_empty();
        let request = FetchRequest {
            max_wait_ms: self.client.random.below(self.plan.wait_ms_max) as i32,
            // Who lags behind takes what there is.
            min_bytes: if has_all { self.plan.bytes_min } else { 1 },
            max_bytes: 1 + self.client.random.below(self.plan.bytes_max) as i32,
            session_id: self.session.id,
            session_epoch: if self.has_sessions() { self.session.epoch } else { EPOCH_FINAL },
            topics: if has_topic { vec![topic].into() } else { Vec::new().into() },
            ..Default::default()
        };
        let Some(answer) = self.client.call(version, &request).await else {
            // Whether the session has taken the request is not known: a new one is begun.
            return self.forget_session();
        };
        let response = answer.decode::<FetchResponse<'_>>();
        match ErrorCode::from_code(response.error_code) {
            Some(ErrorCode::None) => self.continue_session(response.session_id),
            Some(ErrorCode::FetchSessionIdNotFound | ErrorCode::InvalidFetchSessionEpoch) if self.session.epoch > 0 => {
                self.client.note(format_args!("the session is gone"));
                self.session.id = 0;
                return self.forget_session();
            }
            code => panic!("fetch: {code:?}"),
        }
        let mut refused = Vec::new();
        for topic in response.responses.iter() {
            for data in topic.partitions.iter() {
                let partition = data.partition_index as usize;
                if !self.take(&data, known[partition]) {
                    refused.push(partition);
                }
            }
        }
        for partition in refused {
            self.catch_up(partition).await;
        }
    }

    /// What a request names: everything, or what a session does not know.
    fn asked(&mut self) -> Vec<FetchPartition> {
        let is_full = !self.has_sessions() || self.session.epoch == 0;
        let positions = self.positions.iter().zip(&mut self.session.told).enumerate();
        let asked = positions.filter(|(_, (position, told))| is_full || **told != Some(**position));
        let mut asked: Vec<_> = asked
            .map(|(partition, (position, told))| {
                *told = Some(*position);
                FetchPartition {
                    partition: partition as i32,
                    current_leader_epoch: -1,
                    fetch_offset: *position,
                    last_fetched_epoch: -1,
                    log_start_offset: -1,
                    partition_max_bytes: self.plan.partition_bytes_max,
                    ..Default::default()
                }
            })
            .collect();
        // Whoever is asked for last may get nothing, for want of room.
        let first = self.client.random.index(asked.len());
        asked.rotate_left(first);
        asked
    }

    fn continue_session(&mut self, id: i32) {
        if !self.has_sessions() {
            return;
        }
        if id == 0 {
            return self.forget_session();
        }
        self.session.id = id;
        self.session.epoch += 1;
    }

    /// The next request begins a session; it ends the old one, if that is known.
    fn forget_session(&mut self) {
        self.session.epoch = 0;
    }

    /// Goes on where the log begins, if what was to be read next is deleted.
    async fn catch_up(&mut self, partition: usize) {
        let floor = self.client.model().start(partition);
        if let Some(start) = offsets::start(&mut self.client, &self.topic, partition).await {
            self.client.model().begins(partition, start, floor);
            self.positions[partition] = self.positions[partition].max(start);
        }
        self.client.pause().await;
    }

    /// Takes what a partition has given. False when that is nothing for now.
    fn take(&mut self, data: &PartitionData<'_>, known: Known) -> bool {
        let partition = data.partition_index as usize;
        if data.error_code == ErrorCode::OffsetOutOfRange.code() {
            let position = self.positions[partition];
            assert!(self.client.model().may_be_deleted(partition, position), "partition {partition}: no {position}");
            return false;
        }
        if data.error_code != 0 {
            self.client.passes_for(&self.topic, "fetch", data.error_code);
            return false;
        }
        let high_watermark = data.high_watermark;
        self.client.model().ends(partition, high_watermark, known.end);
        if self.plan.version >= LOG_START_VERSION {
            self.client.model().begins(partition, data.log_start_offset, known.start);
        }
        let bytes = data.records.and_then(|records| records.as_slice()).unwrap_or_default();
        let position = self.positions[partition];
        let (records, next) = records::read(bytes, position);
        assert!(next <= high_watermark.max(position), "partition {partition}: {next} is beyond {high_watermark}");
        let mut model = self.client.model();
        for (offset, record) in records {
            model.found(partition, offset, record);
            model.fetched_records += 1;
        }
        drop(model);
        if next > position {
            self.client.note(format_args!("p{partition}: {position}..{next} of {high_watermark}"));
        }
        self.positions[partition] = next;
        true
    }
}
