//! Sends from memory to a local socket, without end or one for each that is asked for.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use super::{Lane, Probed, Span};
use crate::error::LoadError;
use crate::stop::Stopper;

/// What asks for an answer, in bytes.
const REQUEST_BYTES: usize = 64;

/// A bare loop over a connection.
#[derive(Clone, Copy, Debug)]
pub struct SendLoop {
    /// Bytes that are sent at a time, at least 1.
    pub piece_bytes: usize,
    /// The memory that pieces are taken from, one after the other, in bytes: what fits into a processor's cache is sent
    /// faster.
    pub memory_bytes: usize,
    /// The reader asks for each piece once it has the one before; otherwise all of them follow each other.
    pub is_asked: bool,
    /// When.
    pub span: Span,
    /// The processor that the sender is pinned to.
    pub processor: Option<usize>,
    /// The reader's.
    pub peer_processor: Option<usize>,
}

impl SendLoop {
    /// Sends, and reads at the other end. A step is a piece that has come there: from its request, or from the piece
    /// before it.
    ///
    /// # Errors
    /// [`LoadError::File`] for the sockets', [`LoadError::Spec`] for sizes that cannot be and a processor that may not
    /// be used, [`LoadError::Interrupted`].
    pub fn run(&self, stopper: &Stopper) -> Result<Probed, LoadError> {
        if self.piece_bytes == 0 || self.memory_bytes < self.piece_bytes {
            let (piece, memory) = (self.piece_bytes, self.memory_bytes);
            return Err(LoadError::Spec(format!("pieces of {piece} bytes cannot be sent from {memory} bytes")));
        }
        let (near, far) = connection().map_err(LoadError::file("a connection over loopback"))?;
        let died = |_panic| LoadError::Spec("a thread that sends has panicked".to_owned());
        let (sent, read) = thread::scope(|scope| {
            let sender = scope.spawn(|| self.send(near));
            let reader = scope.spawn(|| self.read(far, stopper));
            (sender.join().map_err(died).flatten(), reader.join().map_err(died).flatten())
        });
        // A sender that failed is why the reader did.
        let (sent, read) = (sent?, read?);
        let mut probed = Probed::new(self.piece_bytes, self.span.length);
        probed.add(&Lane { cpu_s: 0.0, ..read })?;
        (probed.cpu_s, probed.peer_cpu_s) = (sent.cpu_s, read.cpu_s);
        Ok(probed)
    }

    /// Sends until the reader has gone.
    fn send(&self, mut stream: TcpStream) -> Result<Lane, LoadError> {
        let mut lane = Lane::begin(self.span, self.processor)?;
        // Written, so that it is memory and not the kernel's one page of zeros.
        let memory = vec![b'm'; self.memory_bytes];
        let pieces = memory.chunks_exact(self.piece_bytes);
        let mut request = [0; REQUEST_BYTES];
        for piece in pieces.cycle() {
            let mut is_gone = false;
            lane.step(|| {
                let asked = if self.is_asked { stream.read_exact(&mut request) } else { Ok(()) };
                match asked.and_then(|()| stream.write_all(piece)) {
                    Err(error) if is_end(error.kind()) => is_gone = true,
                    done => done.map_err(LoadError::file("sending over loopback"))?,
                }
                Ok(())
            })?;
            if is_gone {
                break;
            }
        }
        lane.end()
    }

    fn read(&self, mut stream: TcpStream, stopper: &Stopper) -> Result<Lane, LoadError> {
        let mut lane = Lane::begin(self.span, self.peer_processor)?;
        let mut piece = vec![0; self.piece_bytes];
        let mut exchange = || {
            let asked = if self.is_asked { stream.write_all(&[1; REQUEST_BYTES]) } else { Ok(()) };
            let read = asked.and_then(|()| stream.read_exact(&mut piece));
            read.map_err(LoadError::file("reading over loopback"))
        };
        while lane.step(&mut exchange)? {
            if stopper.is_stopped() {
                return Err(LoadError::Interrupted);
            }
        }
        lane.end()
    }
}

/// The other end has closed the connection: with what was not read it is reset.
pub(super) fn is_end(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
}

pub(super) fn connection() -> std::io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let near = TcpStream::connect(listener.local_addr()?)?;
    let (far, _) = listener.accept()?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    Ok((near, far))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn sends(piece_bytes: usize, memory_bytes: usize, is_asked: bool) -> SendLoop {
        let span = Span { warm_up: Duration::from_millis(5), length: Duration::from_millis(50) };
        SendLoop { piece_bytes, memory_bytes, is_asked, span, processor: None, peer_processor: None }
    }

    #[test]
    fn pieces_come_to_the_other_end_asked_for_or_not() {
        for is_asked in [false, true] {
            let probed = sends(1_000, 2_500, is_asked).run(&Stopper::default()).unwrap();
            assert!(probed.bytes() > 0 && probed.bytes() == probed.steps.len() * 1_000, "asked for: {is_asked}");
        }
    }

    #[test]
    fn impossible_pieces_and_a_full_stop_are_told() {
        for (piece, memory) in [(0, 10), (11, 10)] {
            let refused = sends(piece, memory, false).run(&Stopper::default()).unwrap_err();
            assert!(refused.to_string().contains("cannot be sent from 10 bytes"), "{refused}");
        }
        let stopper = Stopper::default();
        stopper.stop();
        assert!(matches!(sends(10, 10, true).run(&stopper), Err(LoadError::Interrupted)));
    }
}
