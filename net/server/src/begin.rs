//! Work that must begin in order but may end in any: it runs up to its first wait at once, and goes on as a task.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use millrace_runtime::{Core, JoinHandle};

/// Work that has begun.
pub(crate) enum Begun<T> {
    /// It is done already.
    Done(T),
    /// It waits for something.
    Running(JoinHandle<T>),
}

/// Runs `work` up to its first wait.
pub(crate) async fn begin<T: 'static>(core: &Core, mut work: Pin<Box<dyn Future<Output = T>>>) -> Begun<T> {
    match poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await {
        Poll::Ready(done) => Begun::Done(done),
        // Its first wait was registered for the caller's task: as a task of its own it looks again at once.
        Poll::Pending => Begun::Running(core.spawn_join(work)),
    }
}
