//! The fingerprint of a run: every event, in order, folded into 64 bits.

use super::random::mix;

/// How many bytes at each end of a run of data count.
const SAMPLE_BYTES: usize = 128;

/// Folds what happens into a number that differs when anything differs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Trace {
    hash: u64,
}

impl Trace {
    pub(crate) fn hash(self) -> u64 {
        self.hash
    }

    pub(crate) fn note(&mut self, word: u64) {
        self.hash = mix(self.hash ^ word).rotate_left(1);
    }

    /// Notes data by its length and its ends.
    pub(crate) fn note_bytes(&mut self, bytes: &[u8]) {
        self.note(bytes.len() as u64);
        let head = bytes.get(..SAMPLE_BYTES.min(bytes.len())).unwrap_or_default();
        let tail = bytes.get(SAMPLE_BYTES.max(bytes.len().saturating_sub(SAMPLE_BYTES))..).unwrap_or_default();
        for chunk in head.chunks(8).chain(tail.chunks(8)) {
            let word = chunk.iter().fold(0_u64, |word, byte| (word << 8) | u64::from(*byte));
            self.hash = (self.hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23);
        }
    }
}
