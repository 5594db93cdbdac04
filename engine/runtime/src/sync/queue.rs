//! A queue between tasks of one core: bounded or not.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};

use super::semaphore::{Permit, Semaphore};

struct State<T> {
    items: VecDeque<(T, Option<Permit>)>,
    senders: usize,
    receiver_gone: bool,
    waiting: Option<Waker>,
}

/// Puts items in at the end. Clones share the queue.
pub struct Sender<T> {
    state: Rc<RefCell<State<T>>>,
    room: Option<Semaphore>,
}

/// Takes items out at the front.
pub struct Receiver<T> {
    state: Rc<RefCell<State<T>>>,
}

/// A queue of at most `capacity` items.
#[must_use]
pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    channel(Some(Semaphore::new(capacity)))
}

/// A queue without a limit: for items that are bounded elsewhere.
#[must_use]
pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    channel(None)
}

fn channel<T>(room: Option<Semaphore>) -> (Sender<T>, Receiver<T>) {
    let state = State { items: VecDeque::new(), senders: 1, receiver_gone: false, waiting: None };
    let state = Rc::new(RefCell::new(state));
    (Sender { state: state.clone(), room }, Receiver { state })
}

impl<T> Sender<T> {
    /// Puts an item in, waiting for room.
    ///
    /// # Errors
    /// The item, when the receiver has gone.
    pub async fn send(&self, item: T) -> Result<(), T> {
        let permit = match &self.room {
            Some(room) => Some(room.acquire(1).await),
            None => None,
        };
        self.push(item, permit)
    }

    /// Puts an item in if there is room.
    ///
    /// # Errors
    /// The item, when there is no room or the receiver has gone.
    pub fn try_send(&self, item: T) -> Result<(), T> {
        match self.room.as_ref().map(|room| room.try_acquire(1)) {
            None => self.push(item, None),
            Some(Some(permit)) => self.push(item, Some(permit)),
            Some(None) => Err(item),
        }
    }

    /// Whether the receiver has gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.state.borrow().receiver_gone
    }

    fn push(&self, item: T, permit: Option<Permit>) -> Result<(), T> {
        let waiting = {
            let mut state = self.state.borrow_mut();
            if state.receiver_gone {
                return Err(item);
            }
            state.items.push_back((item, permit));
            state.waiting.take()
        };
        if let Some(waiting) = waiting {
            waiting.wake();
        }
        Ok(())
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Sender<T> {
        self.state.borrow_mut().senders += 1;
        Sender { state: self.state.clone(), room: self.room.clone() }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let waiting = {
            let mut state = self.state.borrow_mut();
            state.senders -= 1;
            if state.senders > 0 { None } else { state.waiting.take() }
        };
        if let Some(waiting) = waiting {
            waiting.wake();
        }
    }
}

impl<T> Receiver<T> {
    /// The next item; `None` once the queue is empty and all senders have gone.
    pub async fn receive(&mut self) -> Option<T> {
        poll_fn(|context| {
            if let Some(item) = self.try_receive() {
                return Poll::Ready(Some(item));
            }
            let mut state = self.state.borrow_mut();
            if state.senders == 0 {
                return Poll::Ready(None);
            }
            state.waiting = Some(context.waker().clone());
            Poll::Pending
        })
        .await
    }

    /// The next item if it is there already.
    pub fn try_receive(&mut self) -> Option<T> {
        let (item, permit) = self.state.borrow_mut().items.pop_front()?;
        drop(permit);
        Some(item)
    }

    /// How many items wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.state.borrow().items.len()
    }

    /// Whether no item waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits for the next item or for `other`, whichever comes first; an item goes first.
    pub async fn receive_or<O>(&mut self, other: impl Future<Output = O>) -> super::Either<Option<T>, O> {
        let receive = pin!(self.receive());
        super::select(receive, pin!(other)).await
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let unread = {
            let mut state = self.state.borrow_mut();
            state.receiver_gone = true;
            std::mem::take(&mut state.items)
        };
        drop(unread);
    }
}
