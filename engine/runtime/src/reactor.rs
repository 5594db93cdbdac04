//! The seam: whatever performs a core's operations.

use std::task::Waker;

use millrace_base::ids::CoreId;

use crate::clock::Monotonic;
use crate::op::{Completion, Op, Token};

/// What a reactor has to tell its core.
#[derive(Debug, Default)]
pub struct Events {
    /// Ended operations, in the order in which they ended.
    pub completions: Vec<Completion>,
    /// Somebody woke this core since the last look: its mailbox or its buffer pool may have something.
    pub woken: bool,
}

/// Performs the operations of one core. All methods are called on the core's own thread.
///
/// `submit`, `cancel`, `wake` and `mark` may be called from inside a task; they never call back into the core.
pub trait Reactor {
    /// Takes an op. It ends with exactly one [`Completion`] that carries `token`, in a later `poll` or `park`; never
    /// before `submit` returns. `token` is not in use by another op.
    fn submit(&self, op: Op, token: Token);

    /// Asks that an op end soon, with `ErrorKind::Interrupted` or whatever it came to. Its completion still arrives.
    /// For ops that are not [`Op::is_cancellable`], and for unknown tokens, does nothing.
    fn cancel(&self, token: Token);

    /// Appends what has happened to `events`, without waiting.
    fn poll(&self, events: &mut Events);

    /// Waits until something happens or `deadline` passes (`None`: for ever), then does as `poll`. May return early
    /// with nothing. Never called by the simulator, which drives cores by `poll` alone.
    fn park(&self, deadline: Option<Monotonic>, events: &mut Events);

    /// Waits until no op is under way, and appends what they came to: no task is left that could want it. The simulator
    /// has no need of it: its ops end with their host.
    fn drain(&self, _events: &mut Events) {}

    /// The monotonic clock.
    fn now(&self) -> Monotonic;

    /// The wall clock, in Unix milliseconds.
    fn wall_ms(&self) -> i64;

    /// 64 random bits.
    fn random_u64(&self) -> u64;

    /// Makes the core `to` of the same host see `Events::woken` soon, even if it is parked or about to park. What the
    /// caller wrote before is visible to that core when it sees it.
    fn wake(&self, to: CoreId);

    /// Wakes *this* core from any thread, as `wake` does.
    fn remote_waker(&self) -> Waker;

    /// Which of `_ready` tasks (at least 1, in the order in which they became ready) runs next; below `_ready`.
    fn pick(&self, _ready: usize) -> usize {
        0
    }

    /// Notes an event in a recorded trace, in order with the ops around it; nothing without a recorder.
    fn mark(&self, _kind: u16, _value: u64) {}
}
