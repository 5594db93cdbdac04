//! Record batches, Kafka's and Millrace's own: zero-copy header view, records, columns, validation, compression,
//! builders.
//!
//! Invariants of this crate:
//! - No input makes it panic, and none makes it allocate more than a limit that the caller named.
//! - A batch's bytes are never rewritten by looking at them. What rewrites says so: [`header::stamp`] (outside the
//!   CRC), [`header::restamp`] (the CRC is computed anew).
//! - Everything is big-endian and unaligned, as on the wire; sizes are bytes, timestamps are Unix milliseconds.
//!
//! Kafka's format is that of its protocol guide, section *Record Batch* (magic 2, KIP-98); Millrace's is in
//! [`columns`].

pub mod batch;
pub mod builder;
pub mod columns;
pub mod compression;
pub mod crc;
mod error;
pub mod header;
pub mod record;
pub mod retain;
pub mod validate;
mod varint;

pub use error::RecordError;
