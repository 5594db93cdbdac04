//! The journal: one per core and log directory. It makes small appends of many partitions durable with one write.
//!
//! Invariants:
//! - A commit is acknowledged only when its own write and every earlier one have ended: `durable` grows by one at a
//!   time.
//! - At most [`COMMITS_IN_FLIGHT`] consecutive commits are being written. So a record that says `acked_through >= n`
//!   proves that record `n` was durable: a break there is rot, and a break that nothing proves is a tear.
//! - A record counts only if the ring's superblock names its journal id and incarnation, it follows its predecessor's
//!   sequence and checksum, and it lies where the chain expects it. Neither an earlier lap nor an earlier run can pass
//!   for it.
//! - A ring file is entered only when every record in it is released, and only after the superblock says so, durably.
//! - What is being written is a private copy: nothing changes under DMA.
//! - A failed write or sync is never retried: the journal fails for good, and so does everyone who waits on it.
//! - Opening begins a new incarnation and voids all records of earlier ones: recovery has made them durable elsewhere
//!   by then.

mod commit;
mod entry;
mod error;
mod files;
mod grow;
mod handle;
mod options;
mod reader;
mod replay;
mod ring;
mod seal;
mod shared;
mod superblock;
mod writer;

pub use commit::Sequence;
pub use entry::{Entry, External, Operation};
pub use error::{JournalError, JournalFailed};
pub use files::retire;
pub use handle::{CommitDone, Journal};
pub use options::{COMMITS_IN_FLIGHT, Options};
pub use replay::{JournalReplay, Replay, ReplayedCommit, Verdict, replay};

#[cfg(test)]
mod test;
