//! A small Kafka client for the command line: it works against any Kafka broker.
//!
//! Blocking, and one connection per broker: simple before fast. What Kafka's clients try again is tried again, for a
//! bounded time ([`retry`]). The core-aware client of Millrace's own protocol is [`native`].
#![allow(clippy::disallowed_methods, reason = "a client runs outside the runtime: it has the operating system's clock")]

pub mod admin;
mod assignor;
mod batches;
pub mod cluster;
pub mod configs;
pub mod connection;
pub mod consumer;
pub mod consumer_member;
pub mod error;
pub mod groups;
mod heartbeats;
pub mod member;
pub mod native;
pub mod offsets;
pub mod partitioner;
pub mod producer;
pub mod retry;

pub use cluster::Cluster;
pub use error::ClientError;
