//! The handle through which code does everything on its core.
//!
//! Invariants:
//! - A `Core` and what it gives (futures, sockets, mailboxes) stay on its thread.
//! - Each op that was submitted has a slot until its completion, whoever still waits for it: a dropped future orphans
//!   its op, whose buffers are freed at the completion and not before.
//! - Nothing is borrowed while a task runs or a reactor is called.

mod drive;
mod files;
mod operation;
mod time;

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use millrace_base::ids::CoreId;

use crate::buffer::BufferPool;
use crate::clock::Monotonic;
use crate::executor::{Executor, JoinHandle};
use crate::file::wrong_outcome;
use crate::op::{Op, Outcome, Signal};
use crate::reactor::{Events, Reactor};
use crate::socket::{Listener, Socket};
use crate::sync::Notify;
use crate::timer::Timers;

pub use operation::Operation;
pub use time::{Elapsed, Sleep};

struct CoreInner {
    id: CoreId,
    count: usize,
    reactor: Rc<dyn Reactor>,
    executor: Executor,
    timers: RefCell<Timers>,
    operations: RefCell<operation::Table>,
    events: RefCell<Events>,
    buffers: BufferPool,
    /// Notified when another core may have put something into this core's mailbox.
    arrivals: Notify,
    /// How long it has waited in the reactor.
    parked: Cell<Duration>,
}

/// A core: its tasks, clock, buffers, files and sockets. A cheap clone; stays on its thread.
#[derive(Clone)]
pub struct Core {
    inner: Rc<CoreInner>,
}

impl Core {
    /// A core numbered `id` of `count`, on top of a reactor, with at most `buffers_bytes` of buffers. For hosts.
    #[must_use]
    pub fn new(id: CoreId, count: usize, reactor: Rc<dyn Reactor>, buffers_bytes: usize) -> Core {
        let buffers = BufferPool::new(buffers_bytes, reactor.remote_waker());
        let inner = CoreInner {
            id,
            count,
            reactor,
            executor: Executor::new(),
            timers: RefCell::default(),
            operations: RefCell::default(),
            events: RefCell::default(),
            buffers,
            arrivals: Notify::new(),
            parked: Cell::default(),
        };
        Core { inner: Rc::new(inner) }
    }

    /// This core's number, from 0.
    #[must_use]
    pub fn id(&self) -> CoreId {
        self.inner.id
    }

    /// How many cores its host has.
    #[must_use]
    pub fn count(&self) -> usize {
        self.inner.count
    }

    /// The monotonic clock.
    #[must_use]
    pub fn now(&self) -> Monotonic {
        self.inner.reactor.now()
    }

    /// The wall clock, in Unix milliseconds. It may jump.
    #[must_use]
    pub fn wall_ms(&self) -> i64 {
        self.inner.reactor.wall_ms()
    }

    /// 64 random bits: the operating system's on a real host, the seed's under the simulator.
    #[must_use]
    pub fn random_u64(&self) -> u64 {
        self.inner.reactor.random_u64()
    }

    /// Notes an event in a recorded trace, in order with the ops around it; nothing without a recorder.
    pub fn mark(&self, kind: u16, value: u64) {
        self.inner.reactor.mark(kind, value);
    }

    /// This core's buffers.
    #[must_use]
    pub fn buffers(&self) -> &BufferPool {
        &self.inner.buffers
    }

    /// Starts a task that nobody waits for.
    pub fn spawn<F: Future<Output = ()> + 'static>(&self, future: F) {
        self.inner.executor.spawn(Box::pin(future));
    }

    /// Starts a task whose output can be awaited.
    pub fn spawn_join<T: 'static, F: Future<Output = T> + 'static>(&self, future: F) -> JoinHandle<T> {
        let (handle, task) = JoinHandle::new(future);
        self.spawn(task);
        handle
    }

    /// Submits an op at once; the future gives its completion. Dropping the future orphans the op, and asks the reactor
    /// to end it if it is cancellable.
    pub fn perform(&self, op: Op) -> Operation {
        Operation::submit(self.clone(), op)
    }

    /// Opens a listening TCP socket; port 0 lets the host choose. `backlog`: how many connections may wait.
    ///
    /// # Errors
    /// The host's.
    pub async fn listen(&self, address: SocketAddr, backlog: u32) -> io::Result<Listener> {
        match self.perform(Op::Listen { address, backlog }).await.result? {
            Outcome::Listener(listener) => Ok(listener),
            _ => wrong_outcome(),
        }
    }

    /// Opens a TCP connection.
    ///
    /// # Errors
    /// The host's.
    pub async fn connect(&self, address: SocketAddr) -> io::Result<Socket> {
        match self.perform(Op::Connect { address }).await.result? {
            Outcome::Socket(socket) => Ok(socket),
            _ => wrong_outcome(),
        }
    }

    /// Waits until the process is asked to end (SIGTERM or SIGINT).
    ///
    /// # Errors
    /// The host's.
    pub async fn termination(&self) -> io::Result<Signal> {
        match self.perform(Op::Termination).await.result? {
            Outcome::Signal(signal) => Ok(signal),
            _ => wrong_outcome(),
        }
    }

    pub(crate) fn arrivals(&self) -> &Notify {
        &self.inner.arrivals
    }

    pub(crate) fn reactor(&self) -> &dyn Reactor {
        &*self.inner.reactor
    }
}
