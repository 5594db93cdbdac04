//! One value from one task to another.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

struct State<T> {
    value: Option<T>,
    sender_gone: bool,
    receiver_gone: bool,
    waiting: Option<Waker>,
}

/// The sender went without sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sender went without sending")]
pub struct Closed;

/// Sends the value.
pub struct Sender<T> {
    state: Rc<RefCell<State<T>>>,
}

/// Awaits to the value.
pub struct Receiver<T> {
    state: Rc<RefCell<State<T>>>,
}

/// A sender and its receiver.
#[must_use]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let state = State { value: None, sender_gone: false, receiver_gone: false, waiting: None };
    let state = Rc::new(RefCell::new(state));
    (Sender { state: state.clone() }, Receiver { state })
}

impl<T> Sender<T> {
    /// Sends the value.
    ///
    /// # Errors
    /// The value, when nobody will receive it.
    pub fn send(self, value: T) -> Result<(), T> {
        let mut state = self.state.borrow_mut();
        if state.receiver_gone {
            return Err(value);
        }
        state.value = Some(value);
        Ok(())
    }

    /// Whether the receiver has gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.state.borrow().receiver_gone
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let waiting = {
            let mut state = self.state.borrow_mut();
            state.sender_gone = true;
            state.waiting.take()
        };
        if let Some(waiting) = waiting {
            waiting.wake();
        }
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, Closed>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<T, Closed>> {
        let mut state = self.state.borrow_mut();
        match state.value.take() {
            Some(value) => Poll::Ready(Ok(value)),
            None if state.sender_gone => Poll::Ready(Err(Closed)),
            None => {
                state.waiting = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let unread = {
            let mut state = self.state.borrow_mut();
            state.receiver_gone = true;
            state.value.take()
        };
        drop(unread);
    }
}
