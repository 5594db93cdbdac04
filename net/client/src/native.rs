//! A client of Millrace's [native protocol](millrace_wire::native): it knows which core owns a partition and talks to
//! that core alone.
//!
//! A [`Consumer`] is sent records for as long as it gives credit, and hands them out where they arrived: nothing is
//! copied or allocated per record. A [`Producer`] has several batches of a partition under way, and each is written
//! once. Both are one thread's, and block only where they say so.

mod access;
mod consumer;
mod inbox;
mod link;
mod links;
mod producer;

pub use access::Access;
pub use consumer::{Consumer, ConsumerOptions, Delivery, Reset, Start};
pub use producer::{Producer, ProducerOptions};
