//! Telling all who wait that something happened.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

#[derive(Default)]
struct NotifyState {
    /// How many times it was notified.
    round: Cell<u64>,
    next_waiter: Cell<u64>,
    waiting: RefCell<BTreeMap<u64, Waker>>,
}

/// Wakes all who wait, each time. Clones share it.
#[derive(Clone, Default)]
pub struct Notify {
    state: Rc<NotifyState>,
}

impl Notify {
    /// With nobody waiting.
    #[must_use]
    pub fn new() -> Notify {
        Notify::default()
    }

    /// Completes every [`Notified`] that exists.
    pub fn notify_all(&self) {
        self.state.round.set(self.state.round.get().wrapping_add(1));
        let waiting = self.state.waiting.take();
        for (_, waker) in waiting {
            waker.wake();
        }
    }

    /// Completes at the first `notify_all` after this call, whether or not it is polled before: make it, look at the
    /// condition, then await it.
    #[must_use]
    pub fn notified(&self) -> Notified {
        Notified { state: self.state.clone(), round: self.state.round.get(), waiter: None }
    }
}

/// Waits for the next notification.
pub struct Notified {
    state: Rc<NotifyState>,
    round: u64,
    waiter: Option<u64>,
}

impl Future for Notified {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.state.round.get() != self.round {
            return Poll::Ready(());
        }
        let waiter = self.waiter.unwrap_or_else(|| {
            let waiter = self.state.next_waiter.get();
            self.state.next_waiter.set(waiter + 1);
            waiter
        });
        self.waiter = Some(waiter);
        self.state.waiting.borrow_mut().insert(waiter, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Notified {
    fn drop(&mut self) {
        if let Some(waiter) = self.waiter {
            self.state.waiting.borrow_mut().remove(&waiter);
        }
    }
}

/// Something that happens once: who waits afterwards does not wait. Clones share it.
#[derive(Clone, Default)]
pub struct Event {
    is_set: Rc<Cell<bool>>,
    notify: Notify,
}

impl Event {
    /// Not set.
    #[must_use]
    pub fn new() -> Event {
        Event::default()
    }

    /// Sets it, for ever.
    pub fn set(&self) {
        self.is_set.set(true);
        self.notify.notify_all();
    }

    /// Whether it was set.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.is_set.get()
    }

    /// Waits until it is set.
    pub async fn wait(&self) {
        let notified = self.notify.notified();
        if !self.is_set.get() {
            notified.await;
        }
    }
}
