//! What can go wrong with a journal.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The journal could not be created, opened, read or removed.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The disk's answer.
    #[error("cannot {what} {}: {source}", path.display())]
    Io {
        /// What was attempted.
        what: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Written by a newer Millrace.
    #[error("{} has format version {version}; this Millrace reads up to {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version that it says.
        version: u16,
        /// The newest version that this program knows.
        known: u16,
    },
    /// More restarts than sequences are set aside for.
    #[error("{} has been opened {incarnation} times, which is the most there are sequence numbers for", path.display())]
    IncarnationsUsedUp {
        /// The ring file.
        path: PathBuf,
        /// The incarnation that was reached.
        incarnation: u64,
    },
    /// A commit with a valid checksum holds an entry that cannot be read.
    #[error("{}: commit {sequence}, entry {index} is malformed: {reason}", path.display())]
    MalformedEntry {
        /// The ring file.
        path: PathBuf,
        /// The commit.
        sequence: u64,
        /// The entry's index in the commit.
        index: u32,
        /// What is wrong with it.
        reason: String,
    },
    /// No memory to read with.
    #[error("no memory to read the journal: {0}")]
    Memory(#[from] millrace_runtime::PoolExhausted),
}

impl JournalError {
    pub(super) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> JournalError {
        let path = path.to_path_buf();
        move |source| JournalError::Io { what, path, source }
    }
}

/// The journal has failed for good: nothing that is not durable yet will be. The log directory goes offline.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the journal failed: {cause}")]
pub struct JournalFailed {
    /// The first error.
    #[source]
    pub cause: Arc<JournalError>,
}

impl From<JournalError> for JournalFailed {
    fn from(cause: JournalError) -> JournalFailed {
        JournalFailed { cause: Arc::new(cause) }
    }
}
