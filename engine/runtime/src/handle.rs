//! What a file or socket is to its host: a descriptor of the operating system, or an id of the simulator.

use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::{Arc, Mutex, PoisonError};

/// A host's name for an open file, socket or listener. Dropping it closes it.
#[derive(Debug)]
pub enum Handle {
    /// A descriptor of the operating system.
    Os(OwnedFd),
    /// An object of the simulated world.
    Sim(SimHandle),
}

impl Handle {
    /// The descriptor; `None` under the simulator.
    #[must_use]
    pub fn raw_fd(&self) -> Option<RawFd> {
        match self {
            Handle::Os(fd) => Some(fd.as_raw_fd()),
            Handle::Sim(_) => None,
        }
    }

    /// The simulator's id; `None` on a real host.
    #[must_use]
    pub fn sim_id(&self) -> Option<u64> {
        match self {
            Handle::Os(_) => None,
            Handle::Sim(handle) => Some(handle.id),
        }
    }
}

/// What happened to a simulated handle outside any operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandleEvent {
    /// The last owner dropped it: a socket is closed.
    Released(u64),
    /// [`crate::Socket::shutdown`] was called.
    Shutdown(u64),
}

/// The list in which the simulator finds handle events; it takes them out at each step of the world.
pub type HandleEvents = Arc<Mutex<Vec<HandleEvent>>>;

/// An open object of the simulated world.
#[derive(Debug)]
pub struct SimHandle {
    id: u64,
    events: HandleEvents,
}

impl SimHandle {
    /// A handle for the object `id`; what happens to it is noted in `events`.
    #[must_use]
    pub fn new(id: u64, events: HandleEvents) -> SimHandle {
        SimHandle { id, events }
    }

    /// The object's id.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Notes that the socket was shut down.
    pub fn shutdown(&self) {
        self.note(HandleEvent::Shutdown(self.id));
    }

    fn note(&self, event: HandleEvent) {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    }
}

impl Drop for SimHandle {
    fn drop(&mut self) {
        self.note(HandleEvent::Released(self.id));
    }
}
