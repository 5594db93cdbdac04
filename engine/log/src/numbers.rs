//! What a core's log can say of itself in numbers.

use millrace_base::metrics::Durations;

use crate::core_log::CoreLog;

/// A core's log in numbers.
#[derive(Clone, Debug, Default)]
pub struct LogNumbers {
    /// How long each synced write of a commit took, since the start.
    pub journal_commits: Durations,
    /// Bytes of those writes.
    pub journal_bytes: u64,
    /// Bytes of recent records in memory.
    pub tail_bytes: usize,
    /// Whether the log directory does not answer any more.
    pub is_offline: bool,
}

impl CoreLog {
    /// The numbers as of now.
    #[must_use]
    pub fn numbers(&self) -> LogNumbers {
        let (journal_commits, journal_bytes) = self.shared.journal.written();
        LogNumbers {
            journal_commits,
            journal_bytes,
            tail_bytes: self.shared.tail_bytes(),
            is_offline: self.shared.check().is_err(),
        }
    }
}
