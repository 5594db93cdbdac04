//! Where inflated bytes go: a buffer that grows to a limit and is kept from batch to batch.

use super::CompressionError;

/// What a scratch keeps when a batch is done; beyond it, memory is given back.
const KEPT_BYTES: usize = 4 << 20;
/// The least that the buffer grows to: one allocation for most batches.
const GROWN_BYTES_MIN: usize = 64 << 10;

/// A bounded buffer. `bytes` is initialised as far as it reaches, `len` of it is output.
pub(super) struct Output {
    bytes: Vec<u8>,
    len: usize,
    limit_bytes: usize,
}

impl Output {
    pub(super) fn new(limit_bytes: usize) -> Output {
        Output { bytes: Vec::new(), len: 0, limit_bytes }
    }

    /// Forgets the output, and gives memory back that only a large batch needs.
    pub(super) fn clear(&mut self) {
        self.len = 0;
        if self.bytes.len() > KEPT_BYTES {
            self.bytes.truncate(KEPT_BYTES);
            self.bytes.shrink_to_fit();
        }
    }

    /// The output so far.
    pub(super) fn filled(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// How much more may be written.
    pub(super) fn allowed_bytes(&self) -> usize {
        self.limit_bytes.saturating_sub(self.len)
    }

    pub(super) fn too_large(&self) -> CompressionError {
        CompressionError::TooLarge { limit_bytes: self.limit_bytes }
    }

    /// At least `wanted` bytes to write to, and whatever else is at hand: what was written is then reported with
    /// [`Self::advance`]. Never more than the limit and one byte, so that a stream that passes it is seen to.
    ///
    /// # Errors
    /// [`CompressionError::TooLarge`] when that many bytes would pass the limit.
    pub(super) fn room(&mut self, wanted: usize) -> Result<&mut [u8], CompressionError> {
        if wanted > self.allowed_bytes() + 1 {
            return Err(self.too_large());
        }
        let end = self.len + wanted;
        if end > self.bytes.len() {
            let grown = end.max(self.bytes.len().saturating_mul(2)).max(GROWN_BYTES_MIN);
            self.bytes.resize(grown.min(self.limit_bytes.saturating_add(1)), 0);
        }
        let end = self.bytes.len().min(self.limit_bytes.saturating_add(1));
        Ok(self.bytes.get_mut(self.len..end).unwrap_or_default())
    }

    /// `written` bytes of the room were filled.
    ///
    /// # Errors
    /// [`CompressionError::TooLarge`] when the limit is passed.
    pub(super) fn advance(&mut self, written: usize) -> Result<(), CompressionError> {
        if written > self.allowed_bytes() {
            return Err(self.too_large());
        }
        self.len += written;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_that_only_a_large_batch_needs_is_given_back_and_no_other() {
        let mut output = Output::new(64 << 20);
        for (wanted, kept) in [(KEPT_BYTES - 1, KEPT_BYTES - 1), (KEPT_BYTES + 1, KEPT_BYTES), (100, KEPT_BYTES)] {
            output.room(wanted).unwrap();
            output.advance(100).unwrap();
            output.clear();
            assert_eq!((output.bytes.len(), output.filled().len()), (kept, 0), "{wanted} bytes");
            assert!(output.bytes.capacity() < kept + GROWN_BYTES_MIN);
        }
    }
}
