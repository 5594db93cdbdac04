//! Work that belongs to another core: it travels there as an owned message, and its answer comes back the same way.
//!
//! Invariants:
//! - a call to the own core is run in place: no message, no allocation;
//! - calls between the same two cores start in the order in which they were made;
//! - a call whose caller has gone is cancelled on the core that runs it, unless it must not be
//!   ([`CoreCall::CANCELLABLE`]).

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;

use millrace_base::hash::Map;
use millrace_base::ids::CoreId;
use millrace_runtime::DetachedSocket;
use millrace_runtime::sync::{self, Either};

use crate::address::Door;
use crate::begin::begin;
use crate::broker::Start;
use crate::server::Server;

/// A piece of work that one core asks of another.
pub(crate) trait CoreCall: Send + 'static {
    /// What comes back.
    type Reply: Send + 'static;
    /// Whether the work may be dropped half-way when nobody waits for it any more.
    const CANCELLABLE: bool;

    /// Does the work, on the core that owns what it needs.
    fn run(self, server: Rc<Server>) -> impl Future<Output = Self::Reply> + 'static;
}

/// What the cores of a broker send each other: sealed, for whoever makes their mailboxes.
pub struct CoreMessage(pub(crate) Message);

/// What cores send each other.
pub(crate) enum Message {
    /// Begin, with this.
    Start(Box<Start>),
    /// The core has begun, or cannot.
    Started(Result<(), String>),
    /// A new connection, dealt to this core.
    Connection { socket: DetachedSocket, peer: SocketAddr, door: Door },
    /// Work for this core.
    Call { call: u64, work: Box<dyn AnyCall> },
    /// The answer to a call that this core made.
    Reply { call: u64, reply: Box<dyn Any + Send> },
    /// Nobody waits for that call any more.
    Cancel { call: u64 },
    /// All is closed: end.
    Stop,
}

type ReplyFuture = Pin<Box<dyn Future<Output = Box<dyn Any + Send>>>>;

/// A [`CoreCall`] whose type only its caller remembers.
pub(crate) trait AnyCall: Send {
    fn start(self: Box<Self>, server: Rc<Server>) -> ReplyFuture;
    fn is_cancellable(&self) -> bool;
}

impl<C: CoreCall> AnyCall for C {
    fn start(self: Box<Self>, server: Rc<Server>) -> ReplyFuture {
        let running = self.run(server);
        Box::pin(async move { Box::new(running.await) as Box<dyn Any + Send> })
    }

    fn is_cancellable(&self) -> bool {
        C::CANCELLABLE
    }
}

/// The calls of one core: those it has made and those it runs for others.
#[derive(Default)]
pub(crate) struct Calls {
    last_call: Cell<u64>,
    made: RefCell<Map<u64, sync::oneshot::Sender<Box<dyn Any + Send>>>>,
    running: RefCell<Map<(CoreId, u64), Rc<sync::Event>>>,
}

/// Runs `work` on core `to` and gives its answer.
pub(crate) async fn call<C: CoreCall>(server: &Rc<Server>, to: CoreId, work: C) -> C::Reply {
    if to == server.core.id() {
        return work.run(Rc::clone(server)).await;
    }
    let call = server.calls.last_call.get() + 1;
    server.calls.last_call.set(call);
    let (sender, receiver) = sync::oneshot::channel();
    server.calls.made.borrow_mut().insert(call, sender);
    let guard = CallGuard { server, to, call };
    server.mailbox.send(to, CoreMessage(Message::Call { call, work: Box::new(work) }));
    let reply = receiver.await;
    drop(guard);
    match reply.ok().and_then(|reply| reply.downcast::<C::Reply>().ok()) {
        Some(reply) => *reply,
        None => panic!("core {} answered a call with something else than its reply", to.0),
    }
}

/// Forgets a call when its caller ends, and tells the other core if no answer has come.
struct CallGuard<'a> {
    server: &'a Rc<Server>,
    to: CoreId,
    call: u64,
}

impl Drop for CallGuard<'_> {
    fn drop(&mut self) {
        if self.server.calls.made.borrow_mut().remove(&self.call).is_some() {
            self.server.mailbox.send(self.to, CoreMessage(Message::Cancel { call: self.call }));
        }
    }
}

/// Starts `work` for core `from`; its answer is sent when it is done.
pub(crate) async fn run_call(server: &Rc<Server>, from: CoreId, call: u64, work: Box<dyn AnyCall>) {
    let cancelled = work.is_cancellable().then(|| {
        let cancelled = Rc::new(sync::Event::new());
        server.calls.running.borrow_mut().insert((from, call), Rc::clone(&cancelled));
        cancelled
    });
    let running = work.start(Rc::clone(server));
    let of_task = Rc::clone(server);
    let answered = async move {
        let reply = match cancelled {
            None => Some(running.await),
            Some(cancelled) => {
                let ended = sync::select(running, pin!(cancelled.wait())).await;
                of_task.calls.running.borrow_mut().remove(&(from, call));
                match ended {
                    Either::First(reply) => Some(reply),
                    Either::Second(()) => None,
                }
            }
        };
        if let Some(reply) = reply {
            of_task.mailbox.send(from, CoreMessage(Message::Reply { call, reply }));
        }
    };
    // Nobody waits for the task: the caller waits for its message.
    drop(begin(&server.core, Box::pin(answered)).await);
}

/// Hands an answer to the call that waits for it; one that nobody waits for is dropped.
pub(crate) fn finish_call(server: &Rc<Server>, call: u64, reply: Box<dyn Any + Send>) {
    let waiting = server.calls.made.borrow_mut().remove(&call);
    if let Some(waiting) = waiting {
        // Its caller may have gone in this very moment.
        drop(waiting.send(reply));
    }
}

/// Stops work that core `from` no longer waits for.
pub(crate) fn cancel_call(server: &Rc<Server>, from: CoreId, call: u64) {
    if let Some(cancelled) = server.calls.running.borrow().get(&(from, call)) {
        cancelled.set();
    }
}
