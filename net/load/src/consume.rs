//! A consumer: reads every partition, with one Fetch under way per leader, in a fetch session (KIP-227). As clients do
//! that are used for their speed, it asks for what comes next before it looks at the records that came.

use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use std::cell::{Cell, RefCell};

use millrace_base::code::ErrorCode;
use millrace_record::RecordError;
use millrace_record::batch::{Batch, batches};
use millrace_record::compression::Scratch;
use millrace_runtime::Core;
use millrace_wire::messages::fetch::{FetchPartition, FetchRequest, FetchResponse, FetchTopic, PartitionData};
use millrace_wire::{Message, Reader};

use crate::batch::read_stamp;
use crate::error::LoadError;
use crate::link::{self, Answers, Frame, Requests};
use crate::plan::{Leader, Plan, Shared};
use crate::spec::Workload;
use crate::tally::{Counts, Tally};

/// How long a broker may wait for records.
const WAIT_MS: i32 = 500;
/// The first version with fetch sessions.
const SESSIONS_FROM_VERSION: i16 = 7;
/// A session that is not asked for, and one that is to be made.
const NO_SESSION_EPOCH: i32 = -1;
const NEW_SESSION_EPOCH: i32 = 0;

/// One consumer.
pub(crate) struct Consumer {
    core: Core,
    plan: Rc<Plan>,
    shared: Arc<Shared>,
    tally: Rc<Tally>,
    scratch: RefCell<Scratch>,
    /// Records that it has read.
    read: Cell<u64>,
}

/// What is read from one leader.
struct Reading {
    /// By partition index: where it is read, and whether the session knows of that.
    positions: Vec<Position>,
    session_id: i32,
    session_epoch: i32,
}

#[derive(Clone, Copy, Default)]
struct Position {
    partition: i32,
    offset: i64,
    start: i64,
    end: i64,
    is_told: bool,
}

impl Consumer {
    pub(crate) fn new(core: &Core, plan: &Rc<Plan>, shared: &Arc<Shared>, tally: &Rc<Tally>) -> Consumer {
        Consumer {
            core: core.clone(),
            plan: plan.clone(),
            shared: shared.clone(),
            tally: tally.clone(),
            scratch: RefCell::default(),
            read: Cell::new(0),
        }
    }

    /// Whether it has read everything that was written, where producers write.
    pub(crate) fn is_finished(&self) -> bool {
        match self.plan.load.workload {
            Workload::Mixed { .. } => {
                let written = self.plan.records_before() + self.shared.acknowledged();
                !self.shared.is_producing() && self.read.get() >= written
            }
            _ => true,
        }
    }

    /// Reads one leader's partitions without end.
    pub(crate) async fn run(&self, leader: &Leader, mut link: (Requests, Answers)) -> Result<(), LoadError> {
        let target = &self.plan.target;
        let at = |offsets: &[i64], partition: i32| {
            usize::try_from(partition).ok().and_then(|partition| offsets.get(partition)).copied().unwrap_or_default()
        };
        let position = |partition: &i32| {
            let start = at(&target.starts, *partition);
            let end = at(&target.ends, *partition);
            Position { partition: *partition, offset: start, start, end, is_told: false }
        };
        let epoch = if target.fetch_version >= SESSIONS_FROM_VERSION { NEW_SESSION_EPOCH } else { NO_SESSION_EPOCH };
        let mut reading = Reading {
            positions: leader.partitions.iter().map(position).collect(),
            session_id: 0,
            session_epoch: epoch,
        };
        let (requests, answers) = &mut link;
        let mut expected = self.ask(requests, &mut reading).await?;
        loop {
            let range = answers.next().await?;
            let now = self.core.now().0;
            let response = self.response(answers, range, expected)?;
            let from = self.advance(&response, &mut reading)?;
            if self.plan.load.workload == Workload::Consume {
                reading.rewind();
            }
            expected = self.ask(requests, &mut reading).await?;
            self.take(&response, &from, now)?;
        }
    }

    /// Sends a Fetch; gives its correlation id.
    async fn ask(&self, requests: &mut Requests, reading: &mut Reading) -> Result<i32, LoadError> {
        let frame = self.frame(requests, reading)?;
        let correlation_id = frame.correlation_id;
        requests.send(frame).await?;
        Ok(correlation_id)
    }

    fn frame(&self, requests: &mut Requests, reading: &mut Reading) -> Result<Frame, LoadError> {
        let load = &self.plan.load;
        let is_full = reading.session_epoch <= NEW_SESSION_EPOCH;
        let mut partitions = Vec::new();
        for position in reading.positions.iter_mut().filter(|position| is_full || !position.is_told) {
            position.is_told = true;
            partitions.push(FetchPartition {
                partition: position.partition,
                fetch_offset: position.offset,
                partition_max_bytes: load.fetch_partition_bytes,
                ..Default::default()
            });
        }
        let topic = FetchTopic { topic: &self.plan.target.topic, partitions: partitions.into(), ..Default::default() };
        let request = FetchRequest {
            max_wait_ms: WAIT_MS,
            min_bytes: 1,
            max_bytes: load.fetch_bytes,
            session_id: reading.session_id,
            session_epoch: reading.session_epoch,
            topics: if topic.partitions.is_empty() { Vec::new().into() } else { vec![topic].into() },
            ..Default::default()
        };
        requests.frame(self.plan.target.fetch_version, &request, [])
    }

    fn response<'a>(
        &self,
        answers: &'a Answers,
        range: Range<usize>,
        expected: i32,
    ) -> Result<FetchResponse<'a>, LoadError> {
        let version = self.plan.target.fetch_version;
        let mut reader = Reader::new(answers.bytes(range));
        let found = link::header::<FetchRequest<'_>>(&mut reader, version)?;
        if found != expected {
            return Err(LoadError::OutOfOrder { peer: answers.peer(), expected: Some(expected), found });
        }
        FetchResponse::decode_message(&mut reader, version)
            .map_err(|source| LoadError::Answer { message: FetchResponse::NAME, source })
    }

    /// Goes on behind what an answer holds. Gives where each of its partitions was read from, in its order; nothing for
    /// those that it holds nothing of.
    fn advance(&self, response: &FetchResponse<'_>, reading: &mut Reading) -> Result<Vec<Option<i64>>, LoadError> {
        self.tally.count(Counts { fetch_requests: 1, ..Counts::default() });
        match ErrorCode::from_code(response.error_code) {
            Some(ErrorCode::None) => reading.advance_session(response.session_id),
            Some(ErrorCode::FetchSessionIdNotFound | ErrorCode::InvalidFetchSessionEpoch) => reading.renew_session(),
            _ => self.tally.refused(response.error_code, 0, Some("a Fetch was refused")),
        }
        let mut from = Vec::new();
        for topic in response.responses.iter() {
            for data in topic.partitions.iter() {
                from.push(self.advance_partition(&data, reading)?);
            }
        }
        Ok(from)
    }

    fn advance_partition(&self, data: &PartitionData<'_>, reading: &mut Reading) -> Result<Option<i64>, LoadError> {
        let Some(position) = reading.position_of(data.partition_index) else { return Ok(None) };
        if data.error_code != 0 {
            self.tally.refused(data.error_code, 0, None);
            return Ok(None);
        }
        let from = position.offset;
        for batch in whole_batches(data) {
            position.offset = position.offset.max(batch?.next_offset());
            position.is_told = false;
        }
        Ok(Some(from))
    }

    /// Looks at the records of an answer that came at `now`, as [`Consumer::advance`] says where they were asked for.
    fn take(&self, response: &FetchResponse<'_>, from: &[Option<i64>], now: u64) -> Result<(), LoadError> {
        let partitions = response.responses.iter().flat_map(|topic| topic.partitions.iter().collect::<Vec<_>>());
        for (data, from) in partitions.zip(from) {
            let Some(mut from) = *from else { continue };
            for batch in whole_batches(&data) {
                let batch = batch?;
                let damaged = |source| LoadError::Records { partition: data.partition_index, source };
                self.take_batch(&batch, from, now).map_err(damaged)?;
                from = from.max(batch.next_offset());
            }
        }
        Ok(())
    }

    fn take_batch(&self, batch: &Batch<'_>, from: i64, now: u64) -> Result<(), RecordError> {
        if self.plan.load.checks_crc {
            batch.check_crc()?;
        }
        if batch.is_control() {
            return Ok(());
        }
        // A batch is sent whole: what lies before the position was not asked for.
        let records = if batch.base_offset() >= from {
            u64::from(batch.record_count().unsigned_abs())
        } else {
            u64::try_from(batch.next_offset() - from).unwrap_or_default()
        };
        if self.plan.load.is_stamped() {
            let mut scratch = self.scratch.borrow_mut();
            for record in batch.records(&mut scratch)? {
                let record = record?;
                let stamp = record.value.and_then(read_stamp).filter(|_| record.offset >= from);
                if let Some(intended) = stamp.and_then(|stamp| stamp.checked_sub(self.plan.epoch_ns)) {
                    self.tally.end_to_end_latency(intended, now);
                }
            }
        }
        self.read.set(self.read.get() + records);
        let consumed_bytes = batch.batch_bytes() as u64;
        self.tally.count(Counts { consumed_records: records, consumed_bytes, ..Counts::default() });
        Ok(())
    }
}

/// The batches that an answer holds of a partition. It may end within one: that is asked for again.
fn whole_batches<'a>(data: &PartitionData<'a>) -> impl Iterator<Item = Result<Batch<'a>, LoadError>> {
    let partition = data.partition_index;
    let run = data.records.and_then(|records| records.as_slice()).unwrap_or_default();
    let is_whole = |batch: &Result<_, RecordError>| !batch.as_ref().is_err_and(RecordError::is_incomplete);
    batches(run).take_while(is_whole).map(move |batch| batch.map_err(|source| LoadError::Records { partition, source }))
}

impl Reading {
    fn position_of(&mut self, partition: i32) -> Option<&mut Position> {
        let at = self.positions.binary_search_by_key(&partition, |position| position.partition).ok()?;
        self.positions.get_mut(at)
    }

    fn advance_session(&mut self, session_id: i32) {
        // Without an id the broker keeps no session: every request names everything.
        if session_id == 0 || self.session_epoch == NO_SESSION_EPOCH {
            self.renew_session();
            return;
        }
        self.session_id = session_id;
        // Epochs wrap from 2^31-1 to 1.
        self.session_epoch = if self.session_epoch == i32::MAX { 1 } else { self.session_epoch + 1 };
    }

    fn renew_session(&mut self) {
        self.session_id = 0;
        self.session_epoch = self.session_epoch.min(NEW_SESSION_EPOCH);
    }

    /// Begins anew with the partitions once all of them were read to their end.
    fn rewind(&mut self) {
        if self.positions.iter().all(|position| position.offset >= position.end) {
            for position in &mut self.positions {
                position.is_told = position.is_told && position.offset == position.start;
                position.offset = position.start;
            }
        }
    }
}
