//! One direction of a simulated connection: bytes in order, some of them still on the way.

use std::collections::VecDeque;

use crate::sim::random::Random;

/// The longest piece that arrives at once, in bytes.
const SEGMENT_BYTES_MAX: usize = 64 << 10;

/// A piece on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    /// So many bytes.
    Data(usize),
    /// The sender has closed.
    End,
}

/// Bytes from one end to the other, bounded.
#[derive(Debug)]
pub(crate) struct Pipe {
    bytes: VecDeque<u8>,
    /// How many of `bytes` have arrived; the rest is under way.
    arrived: usize,
    under_way: VecDeque<Segment>,
    ended: bool,
    capacity: usize,
    /// When the latest segment arrives (virtual time): none arrives before an earlier one.
    last_at: u64,
}

impl Pipe {
    pub(crate) fn new(capacity: usize) -> Pipe {
        Pipe {
            bytes: VecDeque::new(),
            arrived: 0,
            under_way: VecDeque::new(),
            ended: false,
            capacity: capacity.max(1),
            last_at: 0,
        }
    }

    /// How many bytes fit.
    pub(crate) fn room(&self) -> usize {
        self.capacity.saturating_sub(self.bytes.len())
    }

    /// Takes bytes that fit; they are not a segment until [`Pipe::seal`].
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    /// Cuts `len` new bytes into segments.
    pub(crate) fn seal(&mut self, mut len: usize, random: &mut Random) -> usize {
        let before = self.under_way.len();
        while len > 0 {
            let whole = len.min(SEGMENT_BYTES_MAX);
            let piece = if random.chance(200) { 1 + random.index(whole) } else { whole };
            self.under_way.push_back(Segment::Data(piece));
            len -= piece;
        }
        self.under_way.len() - before
    }

    pub(crate) fn push_end(&mut self) {
        self.under_way.push_back(Segment::End);
    }

    /// When a segment arrives that would arrive at `at` if it had no predecessors.
    pub(crate) fn arrival(&mut self, at: u64) -> u64 {
        self.last_at = self.last_at.max(at);
        self.last_at
    }

    /// The next segment has arrived.
    pub(crate) fn deliver(&mut self) -> Option<Segment> {
        let segment = self.under_way.pop_front()?;
        match segment {
            Segment::Data(len) => self.arrived += len,
            Segment::End => self.ended = true,
        }
        Some(segment)
    }

    /// Bytes to be received now.
    pub(crate) fn arrived(&self) -> usize {
        self.arrived
    }

    /// Nothing comes after what has arrived.
    pub(crate) fn ended(&self) -> bool {
        self.ended
    }

    /// Receives into `target`; gives how many bytes.
    pub(crate) fn take(&mut self, target: &mut [u8]) -> usize {
        let count = self.arrived.min(target.len());
        for (place, byte) in target.iter_mut().zip(self.bytes.drain(..count)) {
            *place = byte;
        }
        self.arrived -= count;
        count
    }

    /// Throws away what has arrived.
    pub(crate) fn discard(&mut self) {
        self.bytes.drain(..self.arrived);
        self.arrived = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_what_was_pushed_in_order_and_only_what_arrived() {
        let mut random = Random::new(3);
        let mut pipe = Pipe::new(1000);
        let sent: Vec<u8> = (0..=255).cycle().take(700).collect();
        pipe.push(&sent);
        let segments = pipe.seal(700, &mut random);
        pipe.push_end();
        assert_eq!(pipe.room(), 300);
        let mut target = vec![0; 700];
        assert_eq!(pipe.take(&mut target), 0);
        let mut received = Vec::new();
        for _ in 0..segments {
            assert!(matches!(pipe.deliver(), Some(Segment::Data(_))));
            let count = pipe.take(&mut target);
            received.extend_from_slice(&target[..count]);
        }
        assert_eq!(received, sent);
        assert!(!pipe.ended());
        assert_eq!(pipe.deliver(), Some(Segment::End));
        assert!(pipe.ended());
        assert_eq!(pipe.room(), 1000);
    }

    #[test]
    fn arrivals_never_overtake() {
        let mut pipe = Pipe::new(1);
        assert_eq!(pipe.arrival(50), 50);
        assert_eq!(pipe.arrival(20), 50);
        assert_eq!(pipe.arrival(60), 60);
    }
}
