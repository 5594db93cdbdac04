//! Consumes a topic: one stream for each partition, sent ahead as far as its window goes.
//!
//! Always true:
//! - at most the window's bytes of a partition (and one batch) are on their way or not yet consumed: what was handed
//!   out counts as consumed when the next delivery is asked for;
//! - the records of a partition are delivered in the order of their offsets, each once for as long as the consumer
//!   lives, whatever connections break meanwhile.

use std::ops::Range;
use std::time::{Duration, Instant};

use millrace_base::code::ErrorCode;
use millrace_record::RecordError;
use millrace_record::batch::{Batches, batches};
use millrace_record::compression::Scratch;
use millrace_record::record::Record;
use millrace_wire::native::{PartitionId, ToBroker, ToClient};

use super::access::{Access, again};
use super::link::Arrived;
use super::links::{Links, Topic};
use crate::error::ClientError;

/// Kafka's special timestamps.
const LATEST: i64 = -1;
const EARLIEST: i64 = -2;

/// Where a consumer begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With the first record that there is.
    Earliest,
    /// With the first record to come.
    Latest,
    /// With this offset, in each partition.
    Offset(i64),
    /// With the first record that is not older than this (Unix ms).
    Timestamp(i64),
}

/// Where a consumer goes on when its offset does not exist (any more).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// With the first record that there is.
    Earliest,
    /// With the first record to come.
    Latest,
    /// Nowhere: that is an error.
    Fail,
}

/// How a consumer consumes.
#[derive(Clone, Debug)]
pub struct ConsumerOptions {
    /// What is consumed.
    pub access: Access,
    /// Which of its partitions; all of them when empty.
    pub partitions: Vec<i32>,
    /// Where to begin.
    pub start: Start,
    /// Where to go on when an offset does not exist.
    pub reset: Reset,
    /// How far each partition is sent ahead, in bytes.
    pub window_bytes: u32,
    /// The receiving buffer of each connection, in bytes.
    pub buffer_bytes: usize,
    /// For how long to look again and again whether something has come before the thread goes to sleep.
    pub busy_poll: Duration,
    /// Whether each batch's checksum is compared (`check.crcs`).
    pub check_crcs: bool,
}

impl ConsumerOptions {
    /// The defaults, for a topic from its start on.
    #[must_use]
    pub fn new(bootstrap: &str, topic: &str) -> Self {
        Self {
            access: Access::new(bootstrap, topic),
            partitions: Vec::new(),
            start: Start::Earliest,
            reset: Reset::Fail,
            window_bytes: 4 << 20,
            buffer_bytes: 1 << 20,
            busy_poll: Duration::ZERO,
            check_crcs: true,
        }
    }
}

/// What is known of a partition that is consumed.
struct Stream {
    partition: i32,
    link: usize,
    /// The next offset to be delivered; none while it is asked for.
    next: Option<i64>,
    /// Consumed bytes for which no credit was given yet.
    owed: u32,
}

/// A consumer of one topic.
pub struct Consumer {
    options: ConsumerOptions,
    links: Links,
    topic: Topic,
    streams: Vec<Stream>,
    /// The connection that is looked at next.
    turn: usize,
    /// What was handed out last: its stream, and its bytes.
    handed_out: Option<(usize, usize)>,
}

/// Records of one partition, where they arrived.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// The partition.
    pub partition: i32,
    /// The first offset to be consumed: a first batch may begin before it.
    pub offset: i64,
    /// The offset that follows the last record.
    pub next_offset: i64,
    /// Where what may be read ended when this was read (exclusive).
    pub high_watermark: i64,
    /// Whole batches.
    pub bytes: &'a [u8],
    check_crcs: bool,
}

/// What has come of a stream.
struct Came {
    stream: usize,
    offset: i64,
    next_offset: i64,
    high_watermark: i64,
    payload: Range<usize>,
}

impl Consumer {
    /// Connects, and asks for the topic's records.
    ///
    /// # Errors
    /// [`ClientError`] when the broker cannot be reached, or there is no such topic or partition.
    pub fn open(options: ConsumerOptions) -> Result<Self, ClientError> {
        let (links, topic) = options.access.connect(options.buffer_bytes)?;
        let known = 0..i32::try_from(topic.cores.len()).unwrap_or(i32::MAX);
        if let Some(unknown) = options.partitions.iter().find(|partition| !known.contains(partition)) {
            let (topic, count) = (options.access.topic.clone(), topic.cores.len());
            return Err(ClientError::UnknownPartition { topic, partition: *unknown, count });
        }
        let chosen = if options.partitions.is_empty() { known.collect() } else { options.partitions.clone() };
        let streams = chosen.into_iter().map(|partition| Stream { partition, link: 0, next: None, owed: 0 }).collect();
        let mut consumer = Self { options, links, topic, streams, turn: 0, handed_out: None };
        consumer.subscribe_all()?;
        Ok(consumer)
    }

    /// The records that have come first of those not yet delivered; nothing when none come within `patience`.
    ///
    /// # Errors
    /// [`ClientError`] when the broker refuses, or cannot be reached for longer than it is tried.
    pub fn poll(&mut self, patience: Duration) -> Result<Option<Delivery<'_>>, ClientError> {
        let deadline = Instant::now() + patience;
        let mut busy_until = None;
        let came = loop {
            match self.look() {
                Ok(Some(came)) => break came,
                Ok(None) => {
                    let now = Instant::now();
                    if now >= deadline {
                        return Ok(None);
                    }
                    let busy_until = *busy_until.get_or_insert(now + self.options.busy_poll);
                    if now >= busy_until
                        && let Err(error) = self.links.wait(deadline - now)
                    {
                        self.reconnect(error)?;
                    }
                }
                Err(error) => self.reconnect(error)?,
            }
        };
        self.handed_out = Some((came.stream, came.payload.len()));
        let (link, partition) = self.streams.get(came.stream).map_or((0, 0), |stream| (stream.link, stream.partition));
        Ok(Some(Delivery {
            partition,
            offset: came.offset,
            next_offset: came.next_offset,
            high_watermark: came.high_watermark,
            bytes: self.links.get(link).payload(came.payload),
            check_crcs: self.options.check_crcs,
        }))
    }

    /// How many partitions are consumed.
    #[must_use]
    pub fn partitions(&self) -> usize {
        self.streams.len()
    }

    /// Gives credit for what was consumed, and looks once at each connection.
    fn look(&mut self) -> Result<Option<Came>, ClientError> {
        self.give_credit()?;
        for _ in 0..self.links.len() {
            let link = self.turn;
            if let Some(came) = self.take(link)? {
                return Ok(Some(came));
            }
            self.turn = (self.turn + 1) % self.links.len();
            if self.links.get(link).receive()?
                && let Some(came) = self.take(link)?
            {
                return Ok(Some(came));
            }
        }
        self.links.tend()?;
        Ok(None)
    }

    fn give_credit(&mut self) -> Result<(), ClientError> {
        let Some((index, bytes)) = self.handed_out.take() else { return Ok(()) };
        let Some(stream) = self.streams.get_mut(index) else { return Ok(()) };
        stream.owed = stream.owed.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
        if stream.owed >= self.options.window_bytes / 2 {
            let bytes = std::mem::take(&mut stream.owed);
            self.links.get(stream.link).say(&ToBroker::Credit { stream: number(index), bytes }, &[])?;
        }
        Ok(())
    }

    /// Takes what has arrived on a connection, up to the first records.
    fn take(&mut self, link: usize) -> Result<Option<Came>, ClientError> {
        while let Some(Arrived { message, payload }) = self.links.get(link).next()? {
            match message {
                ToClient::Records { stream, next_offset, high_watermark } => {
                    let index = stream as usize;
                    let of_link = self.streams.get_mut(index).filter(|stream| stream.link == link);
                    // What was under way when a stream was begun anew elsewhere is not asked for any more.
                    let Some(next) = of_link.and_then(|stream| stream.next.as_mut()) else { continue };
                    let offset = std::mem::replace(next, next_offset);
                    return Ok(Some(Came { stream: index, offset, next_offset, high_watermark, payload }));
                }
                ToClient::Offset { request, offset } => self.begin(request as usize, offset)?,
                ToClient::Failed { request: stream, code, message } | ToClient::Ended { stream, code, message } => {
                    self.mend(stream as usize, code, &message)?;
                }
                other => return Err(self.links.get(link).unexpected(&other)),
            }
        }
        Ok(None)
    }

    /// Subscribes to every partition, from where it was or is to begin.
    fn subscribe_all(&mut self) -> Result<(), ClientError> {
        for index in 0..self.streams.len() {
            let Some(stream) = self.streams.get_mut(index) else { continue };
            let core = usize::try_from(stream.partition).ok().and_then(|index| self.topic.cores.get(index));
            stream.link = self.links.of_core(core.copied().unwrap_or_default());
            stream.owed = 0;
            match (stream.next, self.options.start) {
                (Some(offset), _) | (None, Start::Offset(offset)) => self.begin(index, offset)?,
                (None, Start::Earliest) => self.ask(index, EARLIEST)?,
                (None, Start::Latest) => self.ask(index, LATEST)?,
                (None, Start::Timestamp(timestamp)) => self.ask(index, timestamp)?,
            }
        }
        Ok(())
    }

    /// Asks for the offset that a timestamp stands for; the stream begins when it comes.
    fn ask(&mut self, index: usize, timestamp: i64) -> Result<(), ClientError> {
        let Some((link, partition)) = self.place(index) else { return Ok(()) };
        self.links.get(link).say(&ToBroker::FindOffset { request: number(index), partition, timestamp }, &[])
    }

    /// Begins a stream at an offset; at the end when there is none.
    fn begin(&mut self, index: usize, offset: i64) -> Result<(), ClientError> {
        if offset < 0 {
            // No record is as young as was asked for.
            return self.ask(index, LATEST);
        }
        if let Some(stream) = self.streams.get_mut(index) {
            stream.next = Some(offset);
        }
        let Some((link, partition)) = self.place(index) else { return Ok(()) };
        let credit_bytes = self.options.window_bytes;
        let stream = number(index);
        self.links.get(link).say(&ToBroker::Subscribe { stream, partition, offset, credit_bytes }, &[])
    }

    fn place(&self, index: usize) -> Option<(usize, PartitionId)> {
        let stream = self.streams.get(index)?;
        Some((stream.link, PartitionId { topic: self.topic.id, index: stream.partition }))
    }

    /// Begins a stream anew that the broker has ended, if its options say where.
    fn mend(&mut self, index: usize, code: i16, message: &str) -> Result<(), ClientError> {
        let is_out_of_range = code == ErrorCode::OffsetOutOfRange.code();
        let reset = match self.options.reset {
            Reset::Earliest if is_out_of_range => Some(EARLIEST),
            Reset::Latest if is_out_of_range => Some(LATEST),
            _ => None,
        };
        if let Some(timestamp) = reset {
            if let Some(stream) = self.streams.get_mut(index) {
                (stream.next, stream.owed) = (None, 0);
            }
            return self.ask(index, timestamp);
        }
        let partition = self.streams.get(index).map_or(-1, |stream| stream.partition);
        let what = format!("{}-{partition} cannot be read", self.options.access.topic);
        Err(ClientError::refused(what, code, Some(message)))
    }

    /// Connects again, to wherever the partitions are now.
    fn reconnect(&mut self, error: ClientError) -> Result<(), ClientError> {
        self.handed_out = None;
        again(self.options.access.retry, error, || {
            (self.links, self.topic) = self.options.access.connect(self.options.buffer_bytes)?;
            self.turn = 0;
            self.subscribe_all()
        })
    }
}

/// A stream's number: its place.
fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

impl<'a> Delivery<'a> {
    /// The batches, one after the other.
    #[must_use]
    pub fn batches(&self) -> Batches<'a> {
        batches(self.bytes)
    }

    /// Gives each record to `visit`, where it lies. A compressed batch is inflated into `scratch`.
    ///
    /// # Errors
    /// [`RecordError`] at the first damage; what comes before it was given.
    pub fn for_each(&self, scratch: &mut Scratch, mut visit: impl FnMut(Record<'_>)) -> Result<u64, RecordError> {
        let mut count = 0;
        for batch in self.batches() {
            let batch = batch?;
            if self.check_crcs {
                batch.check_crc()?;
            }
            for record in batch.records(scratch)? {
                let record = record?;
                if record.offset >= self.offset {
                    count += 1;
                    visit(record);
                }
            }
        }
        Ok(count)
    }
}
