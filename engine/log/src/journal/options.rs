//! The journal's limits.

use std::time::Duration;

use millrace_runtime::BLOCK_BYTES;

use super::commit::COMMIT_HEADER_BYTES;
use super::entry::ENTRY_HEADER_BYTES;

/// Commits that may be in the process of being written at once, per journal.
pub const COMMITS_IN_FLIGHT: u64 = 2;

/// Ring files that a journal begins with: with one alone, an entry carried forward would keep the file that it is to
/// free.
pub(super) const FIRST_FILES: usize = 2;
/// Ring files of one journal, at most: what fits in a superblock.
pub(super) const RING_FILES_MAX: usize = 32;
/// The largest record that a reader accepts, in bytes. Raising [`Options::commit_bytes_max`] above it needs a new
/// format version.
pub(super) const RECORD_BYTES_LIMIT: usize = 4 * 1024 * 1024;

/// What a journal may use. The defaults are the broker's; tests make rings small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Size of each of the first two ring files in bytes: all of it is written at creation, before the journal opens.
    pub first_file_bytes: u64,
    /// Size of each later ring file in bytes.
    pub file_bytes: u64,
    /// How many files are added, in the background, after the first two.
    pub files_added: usize,
    /// The largest commit record in bytes, header included.
    pub commit_bytes_max: usize,
    /// Bytes that may wait for a commit before [`super::Journal::has_room`] says no.
    pub waiting_bytes_max: usize,
    /// After this long without work, an empty commit attests the last one, so that later damage to it is known for rot.
    pub seal_after: Duration,
    /// How long the background waits when there is no space for another ring file.
    pub grow_retry: Duration,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            first_file_bytes: 4 * 1024 * 1024,
            file_bytes: 64 * 1024 * 1024,
            files_added: 3,
            commit_bytes_max: 1024 * 1024,
            waiting_bytes_max: 16 * 1024 * 1024,
            seal_after: Duration::from_millis(20),
            grow_retry: Duration::from_secs(30),
        }
    }
}

impl Options {
    /// The most redo bytes that one entry may carry.
    #[must_use]
    pub fn redo_bytes_max(&self) -> usize {
        self.commit_bytes_max - COMMIT_HEADER_BYTES - ENTRY_HEADER_BYTES
    }

    /// Asserts what the code relies on.
    pub(super) fn check(&self) {
        let block = BLOCK_BYTES as u64;
        assert!(self.first_file_bytes.is_multiple_of(block) && self.file_bytes.is_multiple_of(block));
        assert!(self.commit_bytes_max.is_multiple_of(BLOCK_BYTES) && self.commit_bytes_max <= RECORD_BYTES_LIMIT);
        assert!(
            self.commit_bytes_max > 0 && self.commit_bytes_max as u64 <= self.first_file_bytes.min(self.file_bytes)
        );
        assert!(FIRST_FILES + self.files_added <= RING_FILES_MAX);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn the_brokers_options_are_good_and_a_whole_entry_fits_beside_the_headers() {
        Options::default().check();
        assert_eq!(Options::default().redo_bytes_max() + COMMIT_HEADER_BYTES + ENTRY_HEADER_BYTES, 1024 * 1024);
    }

    #[test]
    fn options_that_the_format_has_no_room_for_are_refused() {
        let good = Options { files_added: RING_FILES_MAX - FIRST_FILES, ..Options::default() };
        good.check();
        let (file_bytes, block) = (good.file_bytes, BLOCK_BYTES);
        let bad = [
            ("half a block in a first file", Options { first_file_bytes: good.first_file_bytes + 512, ..good }),
            ("half a block in a file", Options { file_bytes: file_bytes + 512, ..good }),
            ("half a block in a commit", Options { commit_bytes_max: good.commit_bytes_max + 512, ..good }),
            ("a commit larger than a record", Options { commit_bytes_max: RECORD_BYTES_LIMIT + block, ..good }),
            ("no commit", Options { commit_bytes_max: 0, ..good }),
            ("a first file smaller than a commit", Options { first_file_bytes: block as u64, ..good }),
            ("a file smaller than a commit", Options { file_bytes: block as u64, ..good }),
            ("too many files", Options { files_added: good.files_added + 1, ..good }),
        ];
        for (what, options) in bad {
            assert!(catch_unwind(|| options.check()).is_err(), "{what}");
        }
        let whole = RECORD_BYTES_LIMIT;
        Options { commit_bytes_max: whole, first_file_bytes: whole as u64, file_bytes: whole as u64, ..good }.check();
    }
}
