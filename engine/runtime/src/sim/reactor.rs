//! The simulator's end of the seam: a core's operations go to the world.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, PoisonError};
use std::task::{Wake, Waker};

use millrace_base::ids::CoreId;

use super::state::{State, Wakes};
use crate::clock::Monotonic;
use crate::op::{Op, Token};
use crate::reactor::{Events, Reactor};

/// The reactor of one simulated core.
pub(crate) struct SimReactor {
    state: Rc<RefCell<State>>,
    core: usize,
}

impl SimReactor {
    pub(crate) fn new(state: Rc<RefCell<State>>, core: usize) -> SimReactor {
        SimReactor { state, core }
    }
}

/// Notes that a core wants a turn.
struct NoteWake {
    core: usize,
    wakes: Wakes,
}

impl Wake for NoteWake {
    fn wake(self: Arc<Self>) {
        self.wakes.lock().unwrap_or_else(PoisonError::into_inner).push(self.core);
    }
}

impl Reactor for SimReactor {
    fn submit(&self, op: Op, token: Token) {
        self.state.borrow_mut().submit(self.core, op, token);
    }

    fn cancel(&self, token: Token) {
        self.state.borrow_mut().cancel(self.core, token);
    }

    fn poll(&self, events: &mut Events) {
        let mut state = self.state.borrow_mut();
        let core = state.core_mut(self.core);
        events.completions.append(&mut core.completions);
        events.woken |= std::mem::take(&mut core.woken);
    }

    fn park(&self, _deadline: Option<Monotonic>, events: &mut Events) {
        self.poll(events);
    }

    fn now(&self) -> Monotonic {
        self.state.borrow().monotonic(self.core)
    }

    fn wall_ms(&self) -> i64 {
        let state = self.state.borrow();
        state.host(state.core(self.core).host).clock.wall_ms(state.now)
    }

    fn random_u64(&self) -> u64 {
        self.state.borrow_mut().random.next_u64()
    }

    fn wake(&self, to: CoreId) {
        let mut state = self.state.borrow_mut();
        let host = state.core(self.core).host;
        if let Some(core) = state.core_of(host, to) {
            state.wake(core);
        }
    }

    fn remote_waker(&self) -> Waker {
        let wakes = self.state.borrow().wakes.clone();
        Waker::from(Arc::new(NoteWake { core: self.core, wakes }))
    }

    fn pick(&self, ready: usize) -> usize {
        if ready > 1 { self.state.borrow_mut().random.index(ready) } else { 0 }
    }

    fn mark(&self, kind: u16, value: u64) {
        let mut state = self.state.borrow_mut();
        state.trace.note(u64::from(kind));
        state.trace.note(value);
    }
}
