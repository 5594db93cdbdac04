//! Requests that come from a local socket and are answered once what they carry is on the disk: a broker that does
//! nothing else, for one connection and one request at a time.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use millrace_runtime::BLOCK_BYTES;

use super::disk::{DiskFile, zeros};
use super::loopback::{connection, is_end};
use super::{Lane, Probed, Span};
use crate::error::LoadError;
use crate::stop::Stopper;

/// An answer, in bytes: about what one to a Produce takes.
const ANSWER_BYTES: usize = 64;

/// A bare loop over a connection and a file.
#[derive(Clone, Copy, Debug)]
pub struct StoreLoop {
    /// Bytes of a request, at least 1.
    pub request_bytes: usize,
    /// How far requests lie apart: each is sent then, or as soon as the one before is answered.
    pub every: Duration,
    /// When.
    pub span: Span,
    /// The processor that who writes is pinned to.
    pub processor: Option<usize>,
    /// That of who sends.
    pub peer_processor: Option<usize>,
}

impl StoreLoop {
    /// Sends, receives, writes and answers, in whole blocks one behind the other, from the file's beginning again after
    /// its end. A step is a request, from when it was due to its answer.
    ///
    /// # Errors
    /// [`LoadError::File`] for the disk's and the sockets', [`LoadError::Spec`] for sizes that cannot be and a
    /// processor that may not be used, [`LoadError::Interrupted`].
    pub fn run(&self, file: &DiskFile, stopper: &Stopper) -> Result<Probed, LoadError> {
        let written_bytes = self.request_bytes.next_multiple_of(BLOCK_BYTES) as u64;
        if self.request_bytes == 0 || written_bytes > file.bytes() {
            let (request, file) = (self.request_bytes, file.bytes());
            return Err(LoadError::Spec(format!("requests of {request} bytes cannot be written to {file} bytes")));
        }
        let (near, far) = connection().map_err(LoadError::file("a connection over loopback"))?;
        let died = |_panic| LoadError::Spec("a thread that writes has panicked".to_owned());
        let (stored, asked) = thread::scope(|scope| {
            let storing = scope.spawn(|| self.store(near, file));
            let asking = scope.spawn(|| self.ask(far, stopper));
            (storing.join().map_err(died).flatten(), asking.join().map_err(died).flatten())
        });
        // Who failed to write is why the other end did.
        let (stored, asked) = (stored?, asked?);
        let mut probed = Probed::new(self.request_bytes, self.span.length);
        probed.add(&Lane { cpu_s: 0.0, ..asked })?;
        (probed.cpu_s, probed.peer_cpu_s) = (stored.cpu_s, asked.cpu_s);
        Ok(probed)
    }

    /// Until the other end has gone.
    fn store(&self, mut stream: TcpStream, file: &DiskFile) -> Result<Lane, LoadError> {
        let mut lane = Lane::begin(self.span, self.processor)?;
        let failed = || LoadError::file("receiving over loopback");
        let mut blocks = zeros(self.request_bytes.next_multiple_of(BLOCK_BYTES)).map_err(failed())?;
        let mut request = vec![0; self.request_bytes];
        let places = file.bytes() / blocks.len() as u64;
        for place in (0..places).cycle() {
            let mut is_gone = false;
            lane.step(|| {
                if let Err(error) = stream.read_exact(&mut request) {
                    is_gone = is_end(error.kind());
                    return if is_gone { Ok(()) } else { Err(failed()(error)) };
                }
                blocks.clear();
                blocks.extend_from_slice(&request);
                blocks.spare_mut().fill(0);
                blocks.set_len(self.request_bytes.next_multiple_of(BLOCK_BYTES));
                file.write_at(&blocks, place * blocks.len() as u64)?;
                stream.write_all(&[1; ANSWER_BYTES]).map_err(LoadError::file("sending over loopback"))
            })?;
            if is_gone {
                break;
            }
        }
        lane.end()
    }

    fn ask(&self, mut stream: TcpStream, stopper: &Stopper) -> Result<Lane, LoadError> {
        let mut lane = Lane::begin(self.span, self.peer_processor)?;
        let request = vec![b'm'; self.request_bytes];
        let mut answer = [0; ANSWER_BYTES];
        for number in 0.. {
            let due = self.every.saturating_mul(number);
            thread::sleep(due.saturating_sub(lane.began.elapsed()));
            let goes_on = lane.step_due(due, || {
                let sent = stream.write_all(&request).and_then(|()| stream.read_exact(&mut answer));
                sent.map_err(LoadError::file("asking over loopback"))
            })?;
            if stopper.is_stopped() {
                return Err(LoadError::Interrupted);
            }
            if !goes_on {
                break;
            }
        }
        lane.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(request_bytes: usize, every: Duration) -> StoreLoop {
        let span = Span { warm_up: Duration::from_millis(5), length: Duration::from_millis(100) };
        StoreLoop { request_bytes, every, span, processor: None, peer_processor: None }
    }

    #[test]
    fn what_is_asked_for_is_in_the_file_before_the_answer() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("probe");
        let file = DiskFile::create(&path, 4 * BLOCK_BYTES as u64).unwrap();
        let probed = task(2 * BLOCK_BYTES + 1, Duration::from_millis(1)).run(&file, &Stopper::default()).unwrap();
        assert!(!probed.steps.is_empty() && probed.steps.len() <= 101, "{} in 100 ms", probed.steps.len());
        assert_eq!(probed.bytes(), probed.steps.len() * (2 * BLOCK_BYTES as u64 + 1));
        let written = std::fs::read(&path).unwrap();
        assert!(written[..=2 * BLOCK_BYTES].iter().all(|byte| *byte == b'm'), "a request");
        assert!(written[2 * BLOCK_BYTES + 1..].iter().all(|byte| *byte == 0), "its block's rest, and what has no room");
    }

    #[test]
    fn who_is_late_counts_from_when_it_was_due() {
        let directory = tempfile::tempdir().unwrap();
        let file = DiskFile::create(&directory.path().join("probe"), BLOCK_BYTES as u64).unwrap();
        // Nobody answers a thousand of them in a microsecond.
        let probed = task(1, Duration::from_nanos(1)).run(&file, &Stopper::default()).unwrap();
        assert!(probed.steps.max() > 50_000_000, "the last of 100 ms took {} ns", probed.steps.max());
    }

    #[test]
    fn impossible_requests_and_a_full_stop_are_told() {
        let directory = tempfile::tempdir().unwrap();
        let file = DiskFile::create(&directory.path().join("probe"), BLOCK_BYTES as u64).unwrap();
        for bytes in [0, BLOCK_BYTES + 1] {
            let refused = task(bytes, Duration::ZERO).run(&file, &Stopper::default()).unwrap_err();
            assert!(refused.to_string().contains("cannot be written to 4096 bytes"), "{refused}");
        }
        let stopper = Stopper::default();
        stopper.stop();
        assert!(matches!(task(1, Duration::ZERO).run(&file, &stopper), Err(LoadError::Interrupted)));
    }
}
