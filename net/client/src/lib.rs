//! A small Kafka client for the command line: it works against any Kafka broker.
//!
//! Blocking, one connection per broker, one request at a time on each: simple before fast. The core-aware native client
//! is another matter.
#![allow(clippy::disallowed_methods, reason = "a client runs outside the runtime: it has the operating system's clock")]

pub mod admin;
pub mod cluster;
pub mod connection;
pub mod consumer;
pub mod error;
pub mod partitioner;
pub mod producer;

pub use cluster::Cluster;
pub use error::ClientError;
