//! A stream: what is in a partition from an offset on, and what comes, sent as far as the consumer's credit goes.

use std::cell::Cell;
use std::pin::pin;
use std::rc::Rc;

use millrace_base::code::ErrorCode;
use millrace_base::ids::{Offset, TopicPartition};
use millrace_cluster::quota::QuotaKey;
use millrace_log::{ReadError, ReadLimits, ReadPart, Run};
use millrace_runtime::sync::{self, Either};
use millrace_wire::native::ToClient;
use tracing::debug;

use super::session::Session;
use crate::appending::Refused;
use crate::dispatch::{self, CoreCall};
use crate::limits::{CREDIT_BYTES_MAX, RUN_BYTES_MAX};
use crate::quotas;
use crate::request::{Operation, Resource};
use crate::server::Server;

/// A stream of a connection.
pub(super) struct Stream {
    pub id: u32,
    /// Bytes that may be sent; below 0 when the last batch was larger than what was left.
    credit: Cell<i64>,
    more_credit: sync::Notify,
    /// Set when its consumer wants no more.
    pub cancelled: sync::Event,
}

impl Stream {
    pub(super) fn new(id: u32, credit_bytes: u32) -> Self {
        let stream = Self { id, credit: Cell::new(0), more_credit: sync::Notify::new(), cancelled: sync::Event::new() };
        stream.add_credit(credit_bytes);
        stream
    }

    pub(super) fn add_credit(&self, bytes: u32) {
        self.credit.set((self.credit.get() + i64::from(bytes)).min(CREDIT_BYTES_MAX));
        self.more_credit.notify_all();
    }

    /// Waits until something may be sent; how much.
    async fn await_credit(&self) -> usize {
        loop {
            let more = self.more_credit.notified();
            if let Some(bytes) = usize::try_from(self.credit.get()).ok().filter(|bytes| *bytes > 0) {
                return bytes;
            }
            more.await;
        }
    }
}

/// Sends a partition's records from `offset` on until the stream's consumer, its connection or the broker ends, or
/// there is an error to tell.
pub(super) async fn push(session: Rc<Session>, stream: Rc<Stream>, partition: TopicPartition, offset: Offset) {
    let over = async {
        let ends = async { sync::select(pin!(session.over.wait()), pin!(session.server.stopping.wait())).await };
        sync::select(pin!(ends), pin!(stream.cancelled.wait())).await
    };
    let failed = match sync::select(pin!(push_until_failed(&session, &stream, partition, offset)), pin!(over)).await {
        Either::First(failed) => failed,
        Either::Second(_) => None,
    };
    session.forget(&stream);
    if let Some(refused) = failed {
        let message = refused.message.unwrap_or_else(|| refused.code.message().to_owned());
        debug!(peer = %session.peer, stream = stream.id, message, "a stream ends");
        let ended = ToClient::Ended { stream: stream.id, code: refused.code.code(), message };
        session.say(ended, Vec::new()).await;
    }
}

/// Gives the error that ends the stream; nothing when its connection is over.
async fn push_until_failed(
    session: &Session,
    stream: &Stream,
    partition: TopicPartition,
    mut offset: Offset,
) -> Option<Refused> {
    let server = &session.server;
    if let Err(code) = authorize(session, partition) {
        return Some(code.into());
    }
    loop {
        let bytes_max = stream.await_credit().await.min(RUN_BYTES_MAX);
        let found = dispatch::call(server, server.owner(partition), NextRun { partition, offset, bytes_max }).await;
        let Found { run: Run { parts, next_offset }, high_watermark } = match found {
            Ok(found) => found,
            Err(refused) => return Some(refused),
        };
        let bytes: usize = parts.iter().map(ReadPart::len).sum();
        stream.credit.set(stream.credit.get() - i64::try_from(bytes).unwrap_or(CREDIT_BYTES_MAX));
        offset = next_offset;
        server.metrics.note_native_streamed(bytes);
        if !session.say(ToClient::Records { stream: stream.id, next_offset, high_watermark }, parts).await {
            return None;
        }
        let throttle = quotas::record_bytes(server, &session.client, QuotaKey::ConsumerByteRate, bytes).await;
        if !throttle.is_zero() {
            server.core.sleep(throttle).await;
        }
    }
}

fn authorize(session: &Session, partition: TopicPartition) -> Result<(), ErrorCode> {
    let image = session.server.image();
    let topic = image.topic_by_id(partition.topic).ok_or(ErrorCode::UnknownTopicId)?;
    let allowed = session.client.principal.authorize(Operation::Read, Resource::Topic(&topic.name));
    if !allowed {
        return Err(ErrorCode::TopicAuthorizationFailed);
    }
    topic.partition(partition.partition).map(drop).ok_or(ErrorCode::UnknownTopicOrPartition)
}

/// Waits until there is something to read of a partition from an offset on, and reads it.
struct NextRun {
    partition: TopicPartition,
    offset: Offset,
    bytes_max: usize,
}

struct Found {
    run: Run,
    high_watermark: Offset,
}

impl CoreCall for NextRun {
    type Reply = Result<Found, Refused>;
    const CANCELLABLE: bool = true;

    async fn run(self, server: Rc<Server>) -> Self::Reply {
        let limits = ReadLimits { bytes_max: self.bytes_max, at_least_one_batch: true };
        let refused = |error: ReadError| Refused::because(error.code(), &error);
        loop {
            let (partition, _) = server.led(self.partition)?;
            let high_watermark = partition.offsets().high_watermark;
            if let Some(run) = partition.read_run(self.offset, limits).await.map_err(refused)? {
                return Ok(Found { run, high_watermark });
            }
            partition.wait_beyond(high_watermark, self.offset).await;
        }
    }
}
