//! Messages between the cores of a host: one typed mailbox per core.
//!
//! Messages from one core to another arrive in the order in which they were sent. A mailbox has no limit of its own:
//! who sends bounds what is under way (permits, connections).
//!
//! No wake is lost: the sender pushes, then wakes; a woken core's arrivals are notified after the push is visible; and
//! the receiver registers for arrivals before it looks at the queue a last time.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;

use crossbeam_queue::SegQueue;
use millrace_base::ids::CoreId;

use crate::core::Core;

/// Messages that a core takes one after the other before its other tasks have a turn.
const STREAK_MAX: u32 = 64;

type Queues<M> = Arc<[SegQueue<(CoreId, M)>]>;

/// The mailboxes of all cores of one host.
pub struct Mesh<M> {
    queues: Queues<M>,
}

impl<M> Clone for Mesh<M> {
    fn clone(&self) -> Mesh<M> {
        Mesh { queues: self.queues.clone() }
    }
}

impl<M: Send> Mesh<M> {
    /// Mailboxes for `cores` cores.
    #[must_use]
    pub fn new(cores: usize) -> Mesh<M> {
        Mesh { queues: (0..cores).map(|_| SegQueue::new()).collect() }
    }

    /// The mailbox of `core`.
    #[must_use]
    pub fn mailbox(&self, core: &Core) -> Mailbox<M> {
        Mailbox { queues: self.queues.clone(), core: core.clone(), streak: Rc::default() }
    }
}

/// A core's end of the mesh: receives what is sent to it, sends to any. Clones share it.
pub struct Mailbox<M> {
    queues: Queues<M>,
    core: Core,
    /// Messages received since the receiver last let others run.
    streak: Rc<Cell<u32>>,
}

impl<M> Clone for Mailbox<M> {
    fn clone(&self) -> Mailbox<M> {
        Mailbox { queues: self.queues.clone(), core: self.core.clone(), streak: self.streak.clone() }
    }
}

impl<M: Send> Mailbox<M> {
    /// Sends a message to a core; to itself too.
    ///
    /// # Panics
    /// When the host has no such core.
    pub fn send(&self, to: CoreId, message: M) {
        let own = self.core.id();
        queue(&self.queues, to).push((own, message));
        if to == own {
            self.core.arrivals().notify_all();
        } else {
            self.core.reactor().wake(to);
        }
    }

    /// The next message, and who sent it. Lets other tasks run now and then, however many messages there are.
    pub async fn receive(&self) -> (CoreId, M) {
        if self.streak.get() >= STREAK_MAX {
            self.streak.set(0);
            self.core.yield_now().await;
        }
        loop {
            let arrival = self.core.arrivals().notified();
            if let Some(message) = self.try_receive() {
                self.streak.set(self.streak.get() + 1);
                return message;
            }
            self.streak.set(0);
            arrival.await;
        }
    }

    /// The next message if it is there already.
    #[must_use]
    pub fn try_receive(&self) -> Option<(CoreId, M)> {
        queue(&self.queues, self.core.id()).pop()
    }

    /// A way for any thread to send to this core.
    #[must_use]
    pub fn remote_sender(&self) -> RemoteSender<M> {
        RemoteSender { queues: self.queues.clone(), to: self.core.id(), waker: self.core.reactor().remote_waker() }
    }
}

/// Sends to one core from any thread. What it sends seems to come from that core itself.
pub struct RemoteSender<M> {
    queues: Queues<M>,
    to: CoreId,
    waker: Waker,
}

impl<M> Clone for RemoteSender<M> {
    fn clone(&self) -> RemoteSender<M> {
        RemoteSender { queues: self.queues.clone(), to: self.to, waker: self.waker.clone() }
    }
}

impl<M: Send> RemoteSender<M> {
    /// Sends a message.
    pub fn send(&self, message: M) {
        queue(&self.queues, self.to).push((self.to, message));
        self.waker.wake_by_ref();
    }
}

fn queue<M>(queues: &Queues<M>, of: CoreId) -> &SegQueue<(CoreId, M)> {
    match queues.get(usize::from(of.0)) {
        Some(queue) => queue,
        None => panic!("core {} of a host with {}", of.0, queues.len()),
    }
}
