//! Reads one request frame after the other from a socket, with memory in proportion to what has arrived.
//!
//! Invariants:
//! - a connection that says nothing holds [`HEAD_BYTES`] and no permit;
//! - a larger buffer is taken only once a full head of the request has arrived, under a permit of the core's receive
//!   budget;
//! - a length is checked before anything is done with it.

#[cfg(test)]
mod tests;

use std::io;
use std::time::Duration;

use millrace_runtime::sync::{Permit, Semaphore};
use millrace_runtime::{Buffer, Bytes, Core, ReadHalf};
use millrace_wire::frame::{self, FrameError, LENGTH_BYTES};
use thiserror::Error;

use crate::limits::{HEAD_BYTES, REQUEST_STALL};

/// A request's bytes without their length prefix, and the memory permit that they hold.
pub(crate) struct Frame {
    pub bytes: Bytes,
    pub permit: Option<Permit>,
}

/// Why no further frame comes.
#[derive(Debug, Error)]
pub(crate) enum ReceiveError {
    /// The peer has closed, between two requests.
    #[error("closed by the client")]
    Closed,
    /// The peer has closed in the middle of a request.
    #[error("closed by the client in the middle of a request: {arrived} of {expected} bytes had arrived")]
    Truncated { arrived: usize, expected: usize },
    /// No request for `connections.max.idle.ms`.
    #[error("idle for {0:?}")]
    Idle(Duration),
    /// A request began and stopped arriving.
    #[error("nothing more of a request of {expected} bytes came for {REQUEST_STALL:?}")]
    Stalled { expected: usize },
    /// A length that cannot be.
    #[error(transparent)]
    Length(#[from] FrameError),
    /// The socket failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The core's buffers are used up.
    #[error("no memory for a request of {bytes} bytes: {why}")]
    Memory { bytes: usize, why: String },
}

/// The receiving end of a connection.
pub(crate) struct FrameReader {
    socket: ReadHalf,
    /// What has arrived and is not yet taken: the beginning of the next frame. Gone with a receive that was given up:
    /// then the connection is over.
    head: Option<Buffer>,
    limits: FrameLimits,
}

/// What a connection may do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FrameLimits {
    /// The largest request, in bytes (inclusive).
    pub request_bytes_max: usize,
    /// How long nothing may come between two requests; None: for ever.
    pub idle_max: Option<Duration>,
}

impl FrameReader {
    /// # Errors
    /// [`ReceiveError::Memory`] when the core has no buffer left for another connection.
    pub(crate) fn new(core: &Core, socket: ReadHalf, limits: FrameLimits) -> Result<Self, ReceiveError> {
        let mut head = core.buffers().alloc(HEAD_BYTES).map_err(|why| out_of_memory(HEAD_BYTES, &why))?;
        head.limit_capacity(HEAD_BYTES);
        Ok(Self { socket, head: Some(head), limits })
    }

    /// The next frame, however many pieces it comes in. `budget` is the bytes that all requests of the core may take.
    pub(crate) async fn next(&mut self, core: &Core, budget: &Semaphore) -> Result<Frame, ReceiveError> {
        let FrameLimits { request_bytes_max, idle_max } = self.limits;
        let head = self.fill_head(core, LENGTH_BYTES, idle_max.unwrap_or(Duration::MAX)).await?;
        let length = frame::length(head, request_bytes_max)?.ok_or(ReceiveError::Closed)?;
        if LENGTH_BYTES + length <= HEAD_BYTES {
            self.small_frame(core, length).await
        } else {
            self.large_frame(core, budget, length).await
        }
    }

    /// A frame that fits into the head: it is copied out, and what follows it moves up.
    async fn small_frame(&mut self, core: &Core, length: usize) -> Result<Frame, ReceiveError> {
        let end = LENGTH_BYTES + length;
        let head = self.fill_head(core, end, REQUEST_STALL).await?;
        let mut frame = core.buffers().alloc(length.max(1)).map_err(|why| out_of_memory(length, &why))?;
        frame.extend_from_slice(head.get(LENGTH_BYTES..end).unwrap_or_default());
        head.discard_front(end);
        Ok(Frame { bytes: frame.freeze(), permit: None })
    }

    /// A frame with a buffer of its own.
    async fn large_frame(&mut self, core: &Core, budget: &Semaphore, length: usize) -> Result<Frame, ReceiveError> {
        self.fill_head(core, HEAD_BYTES, REQUEST_STALL).await?;
        let permit = budget.acquire(length).await;
        let mut frame = core.buffers().alloc(length).map_err(|why| out_of_memory(length, &why))?;
        frame.limit_capacity(length);
        if let Some(head) = &mut self.head {
            frame.extend_from_slice(head.get(LENGTH_BYTES..).unwrap_or_default());
            head.clear();
        }
        while frame.len() < length {
            let missing = length - frame.len();
            let receiving = self.socket.receive(core, frame, missing.min(PROGRESS_BYTES));
            let Ok((result, received)) = core.timeout(REQUEST_STALL, receiving).await else {
                return Err(ReceiveError::Stalled { expected: length });
            };
            frame = received;
            if result? == 0 {
                return Err(ReceiveError::Truncated { arrived: frame.len(), expected: length });
            }
        }
        Ok(Frame { bytes: frame.freeze(), permit: Some(permit) })
    }

    /// Receives until the head holds at least `wanted` bytes.
    async fn fill_head(&mut self, core: &Core, wanted: usize, patience: Duration) -> Result<&mut Buffer, ReceiveError> {
        let mut head = self.head.take().ok_or(ReceiveError::Closed)?;
        while head.len() < wanted {
            let arrived = head.len();
            let Ok((result, received)) = core.timeout(patience, self.socket.receive(core, head, 1)).await else {
                return Err(if arrived == 0 {
                    ReceiveError::Idle(patience)
                } else {
                    ReceiveError::Stalled { expected: wanted }
                });
            };
            head = received;
            if result? == 0 {
                return Err(if arrived == 0 {
                    ReceiveError::Closed
                } else {
                    ReceiveError::Truncated { arrived, expected: wanted }
                });
            }
        }
        Ok(self.head.insert(head))
    }
}

/// A receive of a large request completes when this much more has come (or all of it): fewer, larger completions.
const PROGRESS_BYTES: usize = 1024 * 1024;

fn out_of_memory(bytes: usize, why: &dyn std::fmt::Display) -> ReceiveError {
    ReceiveError::Memory { bytes, why: why.to_string() }
}
