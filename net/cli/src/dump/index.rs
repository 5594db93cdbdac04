//! Whether a segment's index agrees with its batches.

use std::io::ErrorKind;
use std::path::Path;

use millrace_log::{IndexEntry, StoredIndex};
use millrace_record::batch::Batch;
use millrace_record::header::NO_TIMESTAMP;
use serde::Serialize;

use crate::output::CliError;

/// How many times a segment may have been compacted for its index to be recognised.
const REVISIONS_TRIED: u32 = 256;

/// What became of a segment's index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum IndexState {
    /// There is none: it is made when the segment is closed, or when it is needed.
    None,
    /// It says of every batch what the batch says.
    Ok,
    /// It is damaged, or older than the segment: the broker makes it anew when it needs it.
    Stale,
    /// It is whole and of this segment, and says something else.
    Wrong,
}

impl IndexState {
    pub(super) fn name(self) -> &'static str {
        match self {
            IndexState::None => "none",
            IndexState::Ok => "ok",
            IndexState::Stale => "stale",
            IndexState::Wrong => "wrong",
        }
    }
}

/// Follows the batches of a segment, and notes in what its index disagrees with them.
pub(super) struct IndexCheck {
    /// None when there is no file; nothing in it when that is damaged.
    stored: Option<Option<StoredIndex>>,
    base_offset: i64,
    /// How many entries were passed.
    passed: usize,
    max_timestamp: i64,
    first_timestamp: Option<i64>,
    problems: Vec<String>,
}

impl IndexCheck {
    /// The index beside a segment.
    pub(super) fn open(segment: &Path) -> Result<Self, CliError> {
        let path = segment.with_extension("sparse");
        let stem = segment.file_stem().and_then(|stem| stem.to_str());
        let base_offset = stem.and_then(|stem| stem.parse().ok());
        let stored = match std::fs::read(&path) {
            Ok(bytes) => base_offset.map(|_| {
                // Which revision a segment is of is in the broker's checkpoint.
                (0..REVISIONS_TRIED).find_map(|revision| StoredIndex::decode(&bytes, revision))
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(source) => return Err(CliError::File { what: path.display().to_string(), source }),
        };
        Ok(Self {
            stored,
            base_offset: base_offset.unwrap_or_default(),
            passed: 0,
            max_timestamp: NO_TIMESTAMP,
            first_timestamp: None,
            problems: Vec::new(),
        })
    }

    /// Notes the next sound batch.
    pub(super) fn note(&mut self, position: u64, batch: &Batch<'_>) {
        while let Some(entry) = self.next_entry().filter(|entry| u64::from(entry.position) <= position) {
            self.passed += 1;
            self.compare(entry, position, batch.base_offset());
        }
        self.max_timestamp = self.max_timestamp.max(batch.max_timestamp());
        self.first_timestamp.get_or_insert(batch.max_timestamp());
    }

    fn next_entry(&self) -> Option<IndexEntry> {
        self.stored.as_ref()?.as_ref()?.index.entries.get(self.passed).copied()
    }

    fn compare(&mut self, entry: IndexEntry, position: u64, offset: i64) {
        if u64::from(entry.position) < position {
            self.problems.push(format!("index: no batch begins at position {}", entry.position));
            return;
        }
        let indexed = self.base_offset + i64::from(entry.relative_offset);
        if indexed != offset {
            self.problems.push(format!("index: the batch at {position} has the offset {offset}, not {indexed}"));
        }
        let (before, indexed) = (self.max_timestamp, entry.max_timestamp_before);
        if before != indexed {
            let problem =
                format!("index: the greatest timestamp before position {position} is {before}, not {indexed}");
            self.problems.push(problem);
        }
    }

    /// The verdict, for a segment of `end` bytes, and everything in which the two differ.
    pub(super) fn finish(mut self, end: u64) -> (IndexState, Vec<String>) {
        let index = match self.stored.take() {
            None => return (IndexState::None, Vec::new()),
            Some(Some(stored)) if stored.segment_bytes == end => stored.index,
            Some(_) => return (IndexState::Stale, Vec::new()),
        };
        for entry in index.entries.iter().skip(self.passed) {
            self.problems.push(format!("index: no batch begins at position {}", entry.position));
        }
        let (max, indexed) = (self.max_timestamp, index.max_timestamp);
        if max != indexed {
            self.problems.push(format!("index: the greatest timestamp is {max}, not {indexed}"));
        }
        if self.first_timestamp != index.first_timestamp {
            self.problems.push("index: the first timestamp is another batch's".to_owned());
        }
        (if self.problems.is_empty() { IndexState::Ok } else { IndexState::Wrong }, self.problems)
    }
}
