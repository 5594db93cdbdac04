//! Waiting on a core: sleep, time-outs, yielding.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use super::Core;
use crate::clock::Monotonic;
use crate::timer::TimerKey;

/// A time-out passed first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the time-out of {0:?} has passed")]
pub struct Elapsed(pub Duration);

impl Core {
    /// Waits for `duration`.
    pub fn sleep(&self, duration: Duration) -> Sleep {
        self.sleep_until(self.now() + duration)
    }

    /// Waits until the monotonic clock shows `at`.
    pub fn sleep_until(&self, at: Monotonic) -> Sleep {
        Sleep { core: self.clone(), at, timer: None }
    }

    /// Waits for `future`, for at most `duration`; then drops it.
    ///
    /// # Errors
    /// [`Elapsed`] when the time passed first.
    pub async fn timeout<T>(&self, duration: Duration, future: impl Future<Output = T>) -> Result<T, Elapsed> {
        let mut future = pin!(future);
        let mut sleep = self.sleep(duration);
        poll_fn(|context| {
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                return Poll::Ready(Ok(output));
            }
            Pin::new(&mut sleep).poll(context).map(|()| Err(Elapsed(duration)))
        })
        .await
    }

    /// Lets the other ready tasks run first.
    pub async fn yield_now(&self) {
        let mut yielded = false;
        poll_fn(|context| {
            if std::mem::replace(&mut yielded, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

/// Waits until a point in time. Dropping it removes its timer.
pub struct Sleep {
    core: Core,
    at: Monotonic,
    timer: Option<TimerKey>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.core.now() >= self.at {
            return Poll::Ready(());
        }
        let mut timers = self.core.inner.timers.borrow_mut();
        match self.timer {
            Some(timer) => timers.renew(timer, context.waker()),
            None => {
                let timer = timers.set(self.at, context.waker().clone());
                drop(timers);
                self.timer = Some(timer);
            }
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(timer) = self.timer {
            self.core.inner.timers.borrow_mut().remove(timer);
        }
    }
}
