//! What has arrived of a connection: frames in a buffer, handed out where they lie.
//!
//! Always true: a frame that was handed out stays where it is until the next [`Inbox::receive`].

use std::io::{self, Read};
use std::ops::Range;

use millrace_wire::frame::{self, FrameError, LENGTH_BYTES};

/// Largest frame that is accepted, in bytes.
const FRAME_BYTES_MAX: usize = 256 * 1024 * 1024;
/// A frame of which more than this is missing is received by itself: what came after it would have to be moved.
const LARGE_BYTES: usize = 64 * 1024;

/// The receiving buffer of a connection.
pub(super) struct Inbox {
    buffer: Vec<u8>,
    /// What arrived and was not handed out.
    arrived: Range<usize>,
}

impl Inbox {
    /// A buffer of so many bytes; it grows when a frame is larger.
    pub(super) fn new(bytes: usize) -> Self {
        Self { buffer: vec![0; bytes.max(LARGE_BYTES)], arrived: 0..0 }
    }

    /// The next frame, without its length, if all of it has arrived.
    pub(super) fn next(&mut self) -> Result<Option<Range<usize>>, FrameError> {
        let Some(frame) = self.frame()?.filter(|frame| frame.end <= self.arrived.end) else { return Ok(None) };
        self.arrived.start = frame.end;
        Ok(Some(frame))
    }

    /// Bytes of a frame that [`Self::next`] gave.
    pub(super) fn bytes(&self, frame: Range<usize>) -> &[u8] {
        self.buffer.get(frame).unwrap_or_default()
    }

    /// Receives what is there, once. Gives the number of bytes; 0 at the stream's end.
    pub(super) fn receive(&mut self, source: &mut impl Read) -> io::Result<usize> {
        let invalid = |error: FrameError| io::Error::new(io::ErrorKind::InvalidData, error);
        self.move_to_front();
        let missing = match self.frame().map_err(invalid)? {
            Some(frame) => frame.end.saturating_sub(self.arrived.end),
            None => 0,
        };
        if missing > self.buffer.len() - self.arrived.end {
            self.buffer.resize(self.arrived.end + missing, 0);
        }
        let wanted = if missing > LARGE_BYTES { missing } else { self.buffer.len() - self.arrived.end };
        let room = self.buffer.get_mut(self.arrived.end..self.arrived.end + wanted).unwrap_or_default();
        let received = source.read(room)?;
        self.arrived.end += received;
        Ok(received)
    }

    /// Where the next frame lies, as far as its length is known; it need not have arrived as a whole.
    fn frame(&self) -> Result<Option<Range<usize>>, FrameError> {
        let length = frame::length(self.bytes(self.arrived.clone()), FRAME_BYTES_MAX)?;
        let start = self.arrived.start + LENGTH_BYTES;
        Ok(length.map(|length| start..start + length))
    }

    /// Makes room behind what has arrived.
    fn move_to_front(&mut self) {
        let bytes = self.arrived.len();
        if self.arrived.start > 0 {
            self.buffer.copy_within(self.arrived.clone(), 0);
            self.arrived = 0..bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives at most so many bytes at a time.
    struct Trickle<'a>(&'a [u8], usize);

    impl Read for Trickle<'_> {
        fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
            let bytes = self.1.min(target.len()).min(self.0.len());
            target[..bytes].copy_from_slice(&self.0[..bytes]);
            self.0 = &self.0[bytes..];
            Ok(bytes)
        }
    }

    #[test]
    fn frames_come_out_as_they_went_in_however_they_arrive() {
        let frames: Vec<Vec<u8>> =
            [0, 1, 5, 3_000, 70_000, 2, 500_000, 0, 9].iter().map(|length| vec![*length as u8; *length]).collect();
        let mut sent = Vec::new();
        for frame in &frames {
            sent.extend_from_slice(&(frame.len() as i32).to_be_bytes());
            sent.extend_from_slice(frame);
        }
        for step in [1_000_000, 65_536, 4_099, 7] {
            let mut source = Trickle(&sent, step);
            let mut inbox = Inbox::new(1_000);
            let mut came = Vec::new();
            loop {
                while let Some(frame) = inbox.next().unwrap() {
                    came.push(inbox.bytes(frame).to_vec());
                }
                if inbox.receive(&mut source).unwrap() == 0 {
                    break;
                }
            }
            assert!(came == frames, "{step} bytes at a time");
        }
    }

    #[test]
    fn a_length_that_cannot_be_is_an_error() {
        let mut inbox = Inbox::new(1_000);
        inbox.receive(&mut Trickle(&[0xff; 10], 10)).unwrap();
        assert!(inbox.next().is_err());
        assert_eq!(inbox.receive(&mut Trickle(&[0; 10], 10)).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
