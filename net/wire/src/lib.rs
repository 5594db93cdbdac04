//! Kafka framing, generated codecs and the version table; and the [`native`] protocol.
//!
//! A request on the wire is a frame ([`frame`]): a length, a header ([`header`]), and a message ([`messages`]) in one
//! of the versions of its API ([`versions`]). A response is a frame with a shorter header.

pub mod frame;
pub mod header;
pub mod messages;
pub mod native;
pub mod versions;

pub use millrace_schema::{
    Array, Iter, Message, NEVER_FLEXIBLE, Reader, Records, Request, Splice, VersionRange, Wire, WireError, Writer,
};
