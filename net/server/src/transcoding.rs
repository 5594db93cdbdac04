//! What is stored as columns, as clients of Kafka's read it.
//!
//! Invariants:
//! - Limits count what the client gets; it gets whole batches only, as Kafka tells them.
//! - A core transcodes for one fetch at a time, so that the memory for it does not grow with the number of clients;
//!   what waits to be sent lies in the core's bounded pool, as everything that was read does.

use std::cell::Cell;

use millrace_base::code::ErrorCode;
use millrace_base::ids::Offset;
use millrace_log::{Partition, ReadLimits, ReadPart};
use millrace_record::RecordError;
use millrace_record::batch::batches;
use millrace_record::columns::to_kafka;
use millrace_runtime::{Bytes, Core, sync};
use std::rc::Rc;
use tracing::error;

use crate::limits::{TRANSCODED_BYTES_MAX, TRANSCODED_PIECE_BYTES};
use crate::server::Server;

/// A core's memory to transcode with.
pub(crate) struct Transcoder {
    /// Whose turn it is.
    turn: sync::Semaphore,
    /// What is made lies here before it moves to the pool; kept for its room.
    room: Cell<Vec<u8>>,
}

impl Default for Transcoder {
    fn default() -> Transcoder {
        Transcoder { turn: sync::Semaphore::new(1), room: Cell::default() }
    }
}

/// Reads a partition of a topic of columns from the batch that holds `offset` on, as Kafka's batches.
///
/// # Errors
/// As when any partition is read.
pub(crate) async fn read(
    server: &Server,
    partition: &Rc<Partition>,
    offset: Offset,
    limits: ReadLimits,
) -> Result<Vec<ReadPart>, ErrorCode> {
    let limits = ReadLimits { bytes_max: limits.bytes_max.min(TRANSCODED_BYTES_MAX), ..limits };
    let _turn = server.transcoder.turn.acquire(1).await;
    let mut told = Told { kafka: server.transcoder.room.take(), next: offset, limits };
    told.kafka.clear();
    let outcome = told.fill(&server.core, partition).await;
    let parts = in_pool(&server.core, &told.kafka).await;
    told.kafka.shrink_to(TRANSCODED_BYTES_MAX);
    server.transcoder.room.set(told.kafka);
    match outcome {
        Err(error) if parts.is_empty() => Err(error),
        // What comes before it is told; the next fetch begins with it.
        _ => Ok(parts),
    }
}

/// What a client is told.
struct Told {
    /// Batches, as Kafka has them.
    kafka: Vec<u8>,
    /// The offset that follows them, or that was asked for.
    next: Offset,
    limits: ReadLimits,
}

impl Told {
    /// Reads and transcodes until there is no room for another batch, or there is none.
    async fn fill(&mut self, core: &Core, partition: &Rc<Partition>) -> Result<(), ErrorCode> {
        loop {
            let bytes_max = self.limits.bytes_max - self.kafka.len().min(self.limits.bytes_max);
            if bytes_max == 0 && !self.may_exceed() {
                return Ok(());
            }
            // Always a whole batch: as columns it may be larger than as Kafka's.
            let wanted = ReadLimits { bytes_max, at_least_one_batch: true };
            let stored = partition.read(self.next, wanted).await.map_err(|error| error.code())?;
            if stored.parts.is_empty() {
                return Ok(());
            }
            let stored = joined(core, stored.parts).await.map_err(|error| {
                error!(partition = %partition.id(), offset = self.next, %error, "stored batches cannot be read");
                ErrorCode::KafkaStorageError
            })?;
            let before = self.next;
            let has_room = self.add_all(&stored).map_err(|error| {
                error!(partition = %partition.id(), offset = self.next, %error, "a batch cannot be transcoded");
                ErrorCode::CorruptMessage
            })?;
            if !has_room || self.next == before {
                return Ok(());
            }
        }
    }

    /// Adds batch by batch, as long as the limits allow it; says whether they still do. A part of a batch at the end is
    /// left for the next read.
    fn add_all(&mut self, stored: &[u8]) -> Result<bool, RecordError> {
        for batch in batches(stored) {
            let batch = match batch {
                Err(error) if error.is_incomplete() => return Ok(true),
                batch => batch?,
            };
            let (start, may_exceed) = (self.kafka.len(), self.may_exceed());
            match batch.is_columns() {
                true => to_kafka(&batch, &mut self.kafka)?,
                false => self.kafka.extend_from_slice(batch.bytes()),
            }
            if self.kafka.len() > self.limits.bytes_max && !may_exceed {
                self.kafka.truncate(start);
                return Ok(false);
            }
            self.next = batch.next_offset();
        }
        Ok(true)
    }

    /// Whether the next batch may be larger than the limits allow.
    fn may_exceed(&self) -> bool {
        self.kafka.is_empty() && self.limits.at_least_one_batch
    }
}

/// What was read, in one piece: as it is if it is one of moderate size in memory, else a copy, loaded piece by piece.
async fn joined(core: &Core, mut parts: Vec<ReadPart>) -> std::io::Result<Bytes> {
    if let (1, Some(ReadPart::Memory(_))) = (parts.len(), parts.first())
        && let Some(ReadPart::Memory(bytes)) = parts.pop()
    {
        return Ok(bytes);
    }
    let mut all = Vec::with_capacity(parts.iter().map(ReadPart::len).sum());
    for part in parts {
        match part {
            ReadPart::Memory(bytes) => all.extend_from_slice(&bytes),
            ReadPart::File { file, position, length } => {
                let mut at = 0;
                while at < length {
                    let piece = (length - at).min(TRANSCODED_PIECE_BYTES as u64);
                    let part = ReadPart::File { file: file.clone(), position: position + at, length: piece };
                    all.extend_from_slice(&part.load(core).await?);
                    at += piece;
                }
            }
        }
    }
    Ok(Bytes::from(all))
}

/// A copy in the core's pool; waits until there is room.
async fn in_pool(core: &Core, bytes: &[u8]) -> Vec<ReadPart> {
    let mut parts = Vec::new();
    for piece in bytes.chunks(TRANSCODED_PIECE_BYTES) {
        let mut buffer = core.buffers().alloc_wait(piece.len()).await;
        buffer.extend_from_slice(piece);
        parts.push(ReadPart::Memory(buffer.freeze()));
    }
    parts
}
