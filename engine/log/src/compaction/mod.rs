//! Compaction: of records with the same key only the last one stays (KIP-58, KIP-354, KIP-534).
//!
//! Invariants:
//! - A record goes only if a later one with its key is durable and sound, or if it is a tombstone whose time is over,
//!   or if it has no key. Its offset is never given to another; what stays keeps offset, timestamp, key, value, headers
//!   and order.
//! - What is appended to is never touched: only sealed segments are replaced, by a file that is written and synced
//!   under another name first. One entry of the journal makes it count; then it takes the segment's name.
//! - A checkpoint has what the replaced batches say of producers before the entry is submitted. The last batch of each
//!   producer stays, without records if need be, and so does the last batch of each file.
//! - Transaction markers stay. A transaction's records end what is cleaned: nobody can say yet whether they count.
//! - A partition in which damage is found is not cleaned any further: a damaged record may be the one that counts.

mod clean;
#[cfg(test)]
mod crash_test;
#[cfg(test)]
mod fault_test;
mod keys;
#[cfg(test)]
mod leftovers_test;
mod output;
mod select;
mod source;
mod swap;
#[cfg(test)]
mod test;
mod throttle;

pub use clean::{CleanError, Cleaned, Cleaner};
pub use select::Cleanable;
pub(crate) use swap::PreparedSwap;
