//! Counted permits.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

struct Waiting {
    id: u64,
    permits: usize,
    waker: Waker,
}

#[derive(Default)]
struct State {
    available: usize,
    next_id: u64,
    line: VecDeque<Waiting>,
}

impl State {
    fn wake_first(&self) {
        if let Some(first) = self.line.front()
            && first.permits <= self.available
        {
            first.waker.wake_by_ref();
        }
    }
}

/// Hands out permits, first come, first served: a large request at the front is not overtaken. Clones share it.
#[derive(Clone)]
pub struct Semaphore {
    state: Rc<RefCell<State>>,
}

impl Semaphore {
    /// With `permits` available.
    #[must_use]
    pub fn new(permits: usize) -> Semaphore {
        Semaphore { state: Rc::new(RefCell::new(State { available: permits, ..State::default() })) }
    }

    /// How many permits nobody holds.
    #[must_use]
    pub fn available(&self) -> usize {
        self.state.borrow().available
    }

    /// Waits for `permits` permits; they go back when the [`Permit`] is dropped.
    pub fn acquire(&self, permits: usize) -> Acquire {
        Acquire { state: self.state.clone(), permits, id: None }
    }

    /// Takes permits if they are available and nobody waits.
    #[must_use]
    pub fn try_acquire(&self, permits: usize) -> Option<Permit> {
        let mut state = self.state.borrow_mut();
        if !state.line.is_empty() || state.available < permits {
            return None;
        }
        state.available -= permits;
        Some(Permit { state: self.state.clone(), permits })
    }

    /// Adds permits that never existed before.
    pub fn add(&self, permits: usize) {
        let mut state = self.state.borrow_mut();
        state.available += permits;
        state.wake_first();
    }
}

/// Waits for permits.
pub struct Acquire {
    state: Rc<RefCell<State>>,
    permits: usize,
    id: Option<u64>,
}

impl Future for Acquire {
    type Output = Permit;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Permit> {
        let shared = self.state.clone();
        let mut state = shared.borrow_mut();
        let permits = self.permits;
        let is_first = match self.id {
            Some(id) => state.line.front().is_some_and(|first| first.id == id),
            None => state.line.is_empty(),
        };
        if is_first && state.available >= permits {
            state.available -= permits;
            if self.id.take().is_some() {
                state.line.pop_front();
            }
            state.wake_first();
            return Poll::Ready(Permit { state: shared.clone(), permits });
        }
        match self.id {
            Some(id) => {
                if let Some(own) = state.line.iter_mut().find(|waiting| waiting.id == id) {
                    own.waker.clone_from(context.waker());
                }
            }
            None => {
                let id = state.next_id;
                state.next_id += 1;
                state.line.push_back(Waiting { id, permits, waker: context.waker().clone() });
                self.id = Some(id);
            }
        }
        Poll::Pending
    }
}

impl Drop for Acquire {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            let mut state = self.state.borrow_mut();
            state.line.retain(|waiting| waiting.id != id);
            state.wake_first();
        }
    }
}

/// Permits held; dropping gives them back.
pub struct Permit {
    state: Rc<RefCell<State>>,
    permits: usize,
}

impl Permit {
    /// How many.
    #[must_use]
    pub fn permits(&self) -> usize {
        self.permits
    }

    /// Gives some back early.
    ///
    /// # Panics
    /// When it holds fewer.
    pub fn release(&mut self, permits: usize) {
        assert!(permits <= self.permits, "{permits} permits of {}", self.permits);
        self.permits -= permits;
        let mut state = self.state.borrow_mut();
        state.available += permits;
        state.wake_first();
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.release(self.permits);
    }
}
