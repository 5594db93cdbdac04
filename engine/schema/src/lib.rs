//! Protocol primitives: the readers and writers that every generated codec is made of, and Kafka's internal record
//! formats (offsets, groups, transactions, share groups).
//!
//! - A message is one struct for both directions. Decoding borrows from the received bytes and allocates nothing.
//! - A whole message is walked and bounds-checked once when it is decoded; [`Array::iter`] decodes its elements again,
//!   one by one, and can no longer fail.
//! - A count or a length is checked against the bytes that remain before anything loops over it.

mod array;
mod error;
mod message;
mod reader;
mod record_set;
pub mod records;
mod versioned;
mod writer;

pub use array::{Array, Iter};
pub use error::WireError;
pub use message::{Message, NEVER_FLEXIBLE, Request, VersionRange, Wire, not_null};
pub use reader::{Reader, Tags};
pub use record_set::Records;
pub use versioned::{decode_versioned, encode_versioned};
pub use writer::{Splice, TagSection, Writer};
