//! Where compressed bytes go: behind what is in a buffer already, and only so many.

use std::io;

use super::CompressionError;

/// The end of a buffer that takes no more than a limit.
pub(super) struct Bounded<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
    limit_bytes: usize,
}

impl<'a> Bounded<'a> {
    /// Appends `limit_bytes` (inclusive) to `out` at most.
    pub(super) fn new(out: &'a mut Vec<u8>, limit_bytes: usize) -> Bounded<'a> {
        Bounded { start: out.len(), out, limit_bytes }
    }

    /// How much more may be written.
    pub(super) fn allowed_bytes(&self) -> usize {
        self.limit_bytes.saturating_sub(self.out.len() - self.start)
    }

    pub(super) fn too_large(&self) -> CompressionError {
        CompressionError::CompressedTooLarge { limit_bytes: self.limit_bytes }
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// [`CompressionError::CompressedTooLarge`] when they would pass the limit.
    pub(super) fn extend(&mut self, bytes: &[u8]) -> Result<(), CompressionError> {
        if bytes.len() > self.allowed_bytes() {
            return Err(self.too_large());
        }
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    /// Appends what `write` writes into `room_bytes` of room, which may be more than the limit leaves; `write` says how
    /// many bytes it wrote.
    ///
    /// # Errors
    /// What `write` fails with; [`CompressionError::CompressedTooLarge`] when what it wrote passes the limit.
    pub(super) fn fill(
        &mut self,
        room_bytes: usize,
        write: impl FnOnce(&mut [u8]) -> Result<usize, CompressionError>,
    ) -> Result<(), CompressionError> {
        let (from, allowed_bytes) = (self.out.len(), self.allowed_bytes());
        self.out.resize(from + room_bytes, 0);
        let written = write(self.out.get_mut(from..).unwrap_or_default())?;
        if written > allowed_bytes {
            return Err(self.too_large());
        }
        self.out.truncate(from + written);
        Ok(())
    }
}

impl io::Write for Bounded<'_> {
    /// Fails with [`io::ErrorKind::FileTooLarge`] when the limit is passed.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.extend(bytes).map_err(|error| io::Error::new(io::ErrorKind::FileTooLarge, error))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
