//! How a host drives a core.

use std::time::Duration;

use super::Core;
use crate::clock::Monotonic;
use crate::reactor::Events;

/// How many task polls a turn makes before the reactor is looked at again.
const POLLS_PER_TURN: usize = 128;

impl Core {
    /// One turn without waiting: takes what the reactor has, fires due timers, runs ready tasks (a bounded number).
    pub fn turn(&self) {
        let mut events = self.inner.events.take();
        self.inner.reactor.poll(&mut events);
        self.absorb(&mut events);
        self.inner.events.replace(events);
        self.advance();
    }

    /// One turn that first waits in the reactor when nothing is ready.
    pub fn turn_or_park(&self) {
        if self.has_ready() {
            return self.turn();
        }
        let mut events = self.inner.events.take();
        let began = self.now();
        self.inner.reactor.park(self.next_deadline(), &mut events);
        self.inner.parked.set(self.parked() + (self.now() - began));
        self.absorb(&mut events);
        self.inner.events.replace(events);
        self.advance();
    }

    /// The same for a host that waits by itself: `wait` gives back when something may have happened, or the deadline
    /// has passed.
    pub(crate) async fn turn_or_await(&self, wait: impl AsyncFnOnce(Option<Monotonic>)) {
        if !self.has_ready() {
            let began = self.now();
            wait(self.next_deadline()).await;
            self.inner.parked.set(self.parked() + (self.now() - began));
        }
        self.turn();
    }

    /// How long this core has waited with nothing to do, since it began.
    #[must_use]
    pub fn parked(&self) -> Duration {
        self.inner.parked.get()
    }

    /// Whether a task is ready to run.
    #[must_use]
    pub fn has_ready(&self) -> bool {
        self.inner.executor.ready() > 0
    }

    /// How many tasks have not ended.
    #[must_use]
    pub fn tasks(&self) -> usize {
        self.inner.executor.alive()
    }

    /// When the next timer is due.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Monotonic> {
        self.inner.timers.borrow().next_deadline()
    }

    /// Drops all tasks where they stand, as a power loss does, and waits for what they have left under way. Nothing
    /// runs here any more.
    pub fn halt(&self) {
        self.inner.executor.halt();
        let mut events = Events::default();
        self.inner.reactor.drain(&mut events);
        self.absorb(&mut events);
    }

    fn absorb(&self, events: &mut Events) {
        for completion in events.completions.drain(..) {
            self.complete(completion);
        }
        if std::mem::take(&mut events.woken) {
            self.inner.buffers.serve_waiting();
            self.inner.arrivals.notify_all();
        }
    }

    fn advance(&self) {
        if self.next_deadline().is_some() {
            let now = self.now();
            loop {
                let due = self.inner.timers.borrow_mut().take_due(now);
                let Some(waker) = due else { break };
                waker.wake();
            }
        }
        self.inner.executor.run(POLLS_PER_TURN, |ready| self.inner.reactor.pick(ready));
    }
}
