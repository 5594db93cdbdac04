//! Waiting between tasks of one core. Nothing here is atomic, and nothing leaves its thread.
//!
//! Every waiter is served in the order in which it came; a dropped waiter gives up its place.

mod combine;
mod notify;
pub mod oneshot;
pub mod queue;
mod semaphore;
#[cfg(test)]
mod test;

pub use combine::{Either, join_all, select};
pub use notify::{Event, Notified, Notify};
pub use semaphore::{Acquire, Permit, Semaphore};
