//! Frames: four bytes of length (int32, big-endian, not counting themselves), then so many bytes.

use crate::Writer;

/// Bytes of the length that stands before every frame.
pub const LENGTH_BYTES: usize = 4;

/// A length that no frame may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The length is below 0.
    #[error("a frame of {0} bytes")]
    NegativeLength(i32),
    /// The length is above the limit (`socket.request.max.bytes` for requests).
    #[error("a frame of {length} bytes, where {limit} are allowed")]
    TooLarge {
        /// Announced length in bytes.
        length: usize,
        /// Largest allowed length in bytes.
        limit: usize,
    },
    /// What is to be sent is longer than a frame can say.
    #[error("{0} bytes do not fit in a frame")]
    Unsendable(usize),
}

/// The length in bytes of the frame that starts at the first of `bytes`, or `None` while its length has not all come.
///
/// `limit` is in bytes, inclusive.
///
/// # Errors
/// A length that is negative or above the limit; the connection cannot go on.
pub fn length(bytes: &[u8], limit: usize) -> Result<Option<usize>, FrameError> {
    let Some(length) = bytes.first_chunk::<LENGTH_BYTES>() else { return Ok(None) };
    let length = i32::from_be_bytes(*length);
    match usize::try_from(length) {
        Err(_) => Err(FrameError::NegativeLength(length)),
        Ok(length) if length > limit => Err(FrameError::TooLarge { length, limit }),
        Ok(length) => Ok(Some(length)),
    }
}

/// Starts a frame: leaves room for its length. The returned position is for [`end`].
pub fn begin(writer: &mut Writer) -> usize {
    let start = writer.len();
    writer.int32(0);
    start
}

/// Ends a frame: fills in its length, spliced bytes counted.
///
/// # Errors
/// [`FrameError::Unsendable`] when that is more than 2^31 - 1 bytes.
pub fn end(writer: &mut Writer, start: usize) -> Result<(), FrameError> {
    let bytes = writer.sent_bytes_from(start).saturating_sub(LENGTH_BYTES);
    let length = i32::try_from(bytes).or(Err(FrameError::Unsendable(bytes)))?;
    writer.patch_int32(start, length);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Records;

    #[test]
    fn a_length_is_known_once_its_four_bytes_came() {
        let bytes = [0, 0, 1, 0, 9];
        assert_eq!(length(&bytes[..3], 1_000), Ok(None));
        assert_eq!(length(&bytes[..4], 1_000), Ok(Some(256)));
        assert_eq!(length(&bytes, 256), Ok(Some(256)));
    }

    #[test]
    fn bad_lengths_have_names() {
        assert_eq!(length(&[0xff; 4], 100), Err(FrameError::NegativeLength(-1)));
        assert_eq!(length(&[0x80, 0, 0, 0], 100), Err(FrameError::NegativeLength(i32::MIN)));
        let huge = i32::MAX as usize;
        assert_eq!(length(&[0x7f, 0xff, 0xff, 0xff], 100), Err(FrameError::TooLarge { length: huge, limit: 100 }));
        assert_eq!(length(&[0, 0, 0, 101], 100), Err(FrameError::TooLarge { length: 101, limit: 100 }));
    }

    #[test]
    fn a_frame_counts_spliced_bytes_of_its_own_only() {
        let mut writer = Writer::new();
        let first = begin(&mut writer);
        writer.records(Records::Spliced(1_000)).unwrap();
        end(&mut writer, first).unwrap();
        let second = begin(&mut writer);
        writer.records(Records::Spliced(10)).unwrap();
        writer.int8(1);
        end(&mut writer, second).unwrap();
        assert_eq!(writer.buffer(), [0, 0, 3, 236, 0, 0, 3, 232, 0, 0, 0, 15, 0, 0, 0, 10, 1]);
        let places: Vec<_> = writer.splices().iter().map(|splice| (splice.position, splice.bytes)).collect();
        assert_eq!(places, [(8, 1_000), (16, 10)]);
    }

    #[test]
    fn a_frame_of_two_gibibytes_is_refused() {
        let mut writer = Writer::new();
        let start = begin(&mut writer);
        writer.records(Records::Spliced(i32::MAX as usize)).unwrap();
        assert_eq!(end(&mut writer, start), Err(FrameError::Unsendable(i32::MAX as usize + 4)));
    }
}
