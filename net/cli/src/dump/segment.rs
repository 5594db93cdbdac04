//! A segment file, read batch by batch.
//!
//! Always true: no more than one batch is in memory, and none above [`BATCH_BYTES_MAX`], whatever the file claims.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use millrace_record::batch::{Batch, framed_bytes};
use millrace_record::header::HEADER_BYTES;

use super::search::{could_be_batch, first_candidate, is_batch};
use crate::output::CliError;

/// The largest batch that is believed in, in bytes: `max.message.bytes` is rarely more than a few MiB.
const BATCH_BYTES_MAX: usize = 256 * 1024 * 1024;
/// How much is read at once, in bytes.
const READ_BYTES: usize = 256 * 1024;
/// In how many bytes at a time a header is searched for.
const SEARCH_BYTES: usize = 64 * 1024;

/// A file and the place in it.
pub(super) struct Segment {
    name: String,
    file: BufReader<File>,
    position: u64,
    /// When it was opened: a broker may go on writing.
    length: u64,
    buffer: Vec<u8>,
}

/// What lies at a place.
pub(super) enum Found<'a> {
    Batch(Batch<'a>),
    /// So many zeros up to the end: space that a broker has reserved.
    Reserved(u64),
    /// So many bytes up to the next batch, or the end, that are none.
    Unreadable {
        bytes: u64,
        why: String,
    },
    End,
}

impl Segment {
    pub(super) fn open(path: &Path) -> Result<Self, CliError> {
        let name = path.display().to_string();
        let failed = |source| CliError::File { what: name.clone(), source };
        let file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let file = BufReader::with_capacity(READ_BYTES, file);
        Ok(Self { name, file, position: 0, length, buffer: Vec::new() })
    }

    /// Where the next batch begins, in bytes from the file's beginning.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Reads on: a batch, or what lies before the next one.
    pub(super) fn next(&mut self) -> Result<Found<'_>, CliError> {
        let left = self.length - self.position;
        if left == 0 {
            return Ok(Found::End);
        }
        self.buffer.clear();
        self.fill(HEADER_BYTES)?;
        let why = if self.buffer.iter().all(|byte| *byte == 0) {
            if self.only_zeros_follow(left)? {
                self.position = self.length;
                return Ok(Found::Reserved(left));
            }
            "zeros, and then something else".to_owned()
        } else {
            match framed_bytes(&self.buffer) {
                Ok(bytes) if bytes as u64 > left => {
                    format!("the batch needs {bytes} bytes and {left} are there; a running broker may hold the rest")
                }
                Ok(bytes) if bytes > BATCH_BYTES_MAX => format!("a batch of {bytes} bytes is not believed in"),
                Ok(bytes) => {
                    self.fill(bytes)?;
                    match Batch::first(&self.buffer).and_then(|batch| batch.check_crc()) {
                        Err(error) if !self.is_followed(bytes as u64)? => error.to_string(),
                        Err(_) | Ok(()) => {
                            self.position += bytes as u64;
                            return Ok(match Batch::first(&self.buffer) {
                                Ok(batch) => Found::Batch(batch),
                                // An older format, whose frame is known.
                                Err(error) => Found::Unreadable { bytes: bytes as u64, why: error.to_string() },
                            });
                        }
                    }
                }
                Err(error) => error.to_string(),
            }
        };
        let start = self.position;
        let found = self.search();
        self.position = found.map_err(CliError::file(self.name.as_str()))?;
        Ok(Found::Unreadable { bytes: self.position - start, why })
    }

    /// Whether something follows the batch of so many bytes at this place that could be a batch, or space, or the end:
    /// if not, a damaged batch's length is not to be trusted.
    fn is_followed(&mut self, bytes: u64) -> Result<bool, CliError> {
        let mut next = Vec::new();
        let read = self.file.by_ref().take(HEADER_BYTES as u64).read_to_end(&mut next);
        let back = -i64::try_from(next.len()).unwrap_or_default();
        let read = read.and_then(|_| self.file.seek_relative(back));
        read.map_err(CliError::file(self.name.as_str()))?;
        let is_end = self.position + bytes >= self.length;
        Ok(is_end || could_be_batch(&next).is_some() || next.iter().all(|byte| *byte == 0))
    }

    /// Where the next batch begins behind this place, or the end.
    fn search(&mut self) -> io::Result<u64> {
        let mut at = self.position + 1;
        while at + HEADER_BYTES as u64 <= self.length {
            self.read_at(at, SEARCH_BYTES)?;
            let Some((index, bytes)) = first_candidate(&self.buffer) else {
                // The last header's beginning may be here, and its end not.
                at += (self.buffer.len().max(HEADER_BYTES) - HEADER_BYTES + 1) as u64;
                continue;
            };
            at += index as u64;
            if bytes <= BATCH_BYTES_MAX && bytes as u64 <= self.length - at {
                self.read_at(at, bytes)?;
                if is_batch(&self.buffer) {
                    self.file.seek(SeekFrom::Start(at))?;
                    return Ok(at);
                }
            }
            at += 1;
        }
        Ok(self.length)
    }

    /// Fills the buffer with so many bytes from a place, fewer at the end.
    fn read_at(&mut self, position: u64, bytes: usize) -> io::Result<()> {
        self.buffer.clear();
        self.file.seek(SeekFrom::Start(position))?;
        self.file.by_ref().take(bytes as u64).read_to_end(&mut self.buffer).map(drop)
    }

    /// Reads until the buffer has so many bytes, or the file ends.
    fn fill(&mut self, bytes: usize) -> Result<(), CliError> {
        let missing = bytes.saturating_sub(self.buffer.len()) as u64;
        let left = self.length - self.position - self.buffer.len() as u64;
        let read = self.file.by_ref().take(missing.min(left)).read_to_end(&mut self.buffer);
        read.map(drop).map_err(CliError::file(self.name.as_str()))
    }

    /// Whether what is left of `left` bytes, some of which are in the buffer, is all zeros.
    fn only_zeros_follow(&mut self, left: u64) -> Result<bool, CliError> {
        let mut rest = left - self.buffer.len() as u64;
        while rest > 0 {
            self.buffer.clear();
            let read = self.file.by_ref().take(rest.min(READ_BYTES as u64)).read_to_end(&mut self.buffer);
            let read = read.map_err(CliError::file(self.name.as_str()))?;
            if self.buffer.iter().any(|byte| *byte != 0) {
                return Ok(false);
            }
            // A file that was cut meanwhile ends here.
            rest = if read == 0 { 0 } else { rest - read as u64 };
        }
        Ok(true)
    }
}
