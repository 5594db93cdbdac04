//! Lines of standard input or a file, read ahead by a thread of their own: so that what was gathered can be sent while
//! a slow writer thinks.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use crate::output::CliError;

/// How much is read at once, in bytes.
const CHUNK_BYTES: usize = 256 * 1024;
/// How many chunks are read ahead.
const CHUNKS_AHEAD: usize = 4;
/// Longest line, in bytes, without its end. Kafka's own limit on a request.
const LINE_BYTES_MAX: usize = 100 * 1024 * 1024;

/// Lines, one after the other.
pub(crate) struct Lines {
    name: String,
    length: Option<u64>,
    chunks: Receiver<io::Result<Vec<u8>>>,
    /// What was received and is not given yet, from `start` on.
    buffer: Vec<u8>,
    start: usize,
    /// Before this there is no end of a line.
    searched: usize,
    number: u64,
    is_ended: bool,
}

/// What came of waiting for a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next<'a> {
    /// A line, without its end.
    Line(&'a [u8]),
    /// None came in time.
    Nothing,
    /// There are no more.
    End,
}

impl Lines {
    /// Opens a file; standard input when there is none.
    ///
    /// # Errors
    /// [`CliError::File`].
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, CliError> {
        let Some(path) = path else { return Ok(Self::new("standard input".to_owned(), None, io::stdin())) };
        let name = path.display().to_string();
        let failed = |source| CliError::File { what: name.clone(), source };
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        let length = metadata.is_file().then_some(metadata.len());
        Ok(Self::new(name, length, file))
    }

    fn new(name: String, length: Option<u64>, input: impl Read + Send + 'static) -> Self {
        let (sender, chunks) = sync_channel(CHUNKS_AHEAD);
        thread::spawn(move || read_ahead(input, &sender));
        Self { name, length, chunks, buffer: Vec::new(), start: 0, searched: 0, number: 0, is_ended: false }
    }

    /// Bytes of the whole input, where that is known before.
    pub(crate) fn length(&self) -> Option<u64> {
        self.length
    }

    /// The place of the line that was given last, for people.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.name, self.number)
    }

    /// The next line; waits so long for it (`None`: as long as it takes).
    ///
    /// # Errors
    /// [`CliError::File`]; [`CliError::Usage`] for a line above the limit.
    pub(crate) fn next(&mut self, wait: Option<Duration>) -> Result<Next<'_>, CliError> {
        loop {
            let rest = self.buffer.get(self.searched..).unwrap_or_default();
            if let Some(at) = rest.iter().position(|byte| *byte == b'\n') {
                let (start, end) = (self.start, self.searched + at);
                self.start = end + 1;
                self.searched = self.start;
                self.number += 1;
                return Ok(Next::Line(self.buffer.get(start..end).unwrap_or_default()));
            }
            self.searched = self.buffer.len();
            if self.is_ended {
                let start = std::mem::replace(&mut self.start, self.buffer.len());
                let last = self.buffer.get(start..).unwrap_or_default();
                self.number += u64::from(!last.is_empty());
                return Ok(if last.is_empty() { Next::End } else { Next::Line(last) });
            }
            if self.buffer.len() - self.start > LINE_BYTES_MAX {
                let (name, line) = (&self.name, self.number + 1);
                return Err(CliError::Usage(format!("{name}:{line}: the line is longer than {LINE_BYTES_MAX} bytes")));
            }
            match self.receive(wait) {
                Ok(chunk) => {
                    let chunk = chunk.map_err(CliError::file(self.name.as_str()))?;
                    self.buffer.drain(..self.start);
                    self.searched -= self.start;
                    self.start = 0;
                    self.buffer.extend_from_slice(&chunk);
                }
                Err(RecvTimeoutError::Timeout) => return Ok(Next::Nothing),
                Err(RecvTimeoutError::Disconnected) => self.is_ended = true,
            }
        }
    }

    fn receive(&self, wait: Option<Duration>) -> Result<io::Result<Vec<u8>>, RecvTimeoutError> {
        match wait {
            Some(wait) => self.chunks.recv_timeout(wait),
            None => self.chunks.recv().map_err(RecvTimeoutError::from),
        }
    }
}

/// Reads until the end, a failure, or nobody wants any more.
fn read_ahead(mut input: impl Read, sender: &SyncSender<io::Result<Vec<u8>>>) {
    loop {
        let mut chunk = vec![0; CHUNK_BYTES];
        let read = match input.read(&mut chunk) {
            Ok(0) => return,
            Ok(read) => {
                chunk.truncate(read);
                Ok(chunk)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
        let is_failed = read.is_err();
        if sender.send(read).is_err() || is_failed {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a piece per read, as a pipe may.
    struct Pieces(Vec<&'static [u8]>);

    impl Read for Pieces {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() {
                return Ok(0);
            }
            let piece = self.0.remove(0);
            buffer[..piece.len()].copy_from_slice(piece);
            Ok(piece.len())
        }
    }

    #[test]
    fn lines_are_the_same_however_they_come() {
        for pieces in [vec![&b"one\n\ntwo\r\nlast"[..]], vec![b"o", b"ne", b"\n\nt", b"wo\r", b"\nlas", b"t"]] {
            let mut lines = Lines::new("pieces".to_owned(), None, Pieces(pieces));
            let mut found = Vec::new();
            while let Next::Line(line) = lines.next(None).unwrap() {
                found.push(line.to_vec());
            }
            assert_eq!(found, [&b"one"[..], b"", b"two\r", b"last"]);
            assert_eq!(lines.place(), "pieces:4");
            assert_eq!(lines.next(None).unwrap(), Next::End);
        }
    }

    #[test]
    fn waiting_for_a_silent_writer_ends_in_time() {
        let (reader, writer) = io::pipe().unwrap();
        let mut lines = Lines::new("pipe".to_owned(), None, reader);
        assert_eq!(lines.next(Some(Duration::from_millis(1))).unwrap(), Next::Nothing);
        drop(writer);
        assert_eq!(lines.next(None).unwrap(), Next::End);
    }
}
