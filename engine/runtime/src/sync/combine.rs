//! Waiting for one of two, or for all of many.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

/// Which of two came first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Either<A, B> {
    /// The first one.
    First(A),
    /// The second one.
    Second(B),
}

/// Waits for whichever of two comes first; the first one if both have. The other is dropped.
pub async fn select<A: Future + Unpin, B: Future + Unpin>(mut first: A, mut second: B) -> Either<A::Output, B::Output> {
    poll_fn(|context| {
        if let Poll::Ready(output) = Pin::new(&mut first).poll(context) {
            return Poll::Ready(Either::First(output));
        }
        Pin::new(&mut second).poll(context).map(Either::Second)
    })
    .await
}

/// Waits for all; outputs in the order of the futures. Each wake polls all that are not done: for few futures.
pub async fn join_all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    poll_fn(|context| {
        let mut pending = false;
        for (future, output) in &mut running {
            if output.is_none() {
                match future.as_mut().poll(context) {
                    Poll::Ready(value) => *output = Some(value),
                    Poll::Pending => pending = true,
                }
            }
        }
        if pending { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    running.into_iter().filter_map(|(_, output)| output).collect()
}
