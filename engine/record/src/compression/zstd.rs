//! Zstandard (RFC 8878): one frame or several, without dictionaries.

use zstd::zstd_safe::{self, CCtx, DCtx};

use super::bounded::Bounded;
use super::output::Output;
use super::{Codec, CompressionError};

/// Kafka's default of `compression.zstd.level`.
const LEVEL_DEFAULT: i32 = 3;
/// `ZSTD_error_dstSize_tooSmall`, as the library's functions return it.
const CODE_ROOM_TOO_SMALL: usize = 70_usize.wrapping_neg();
/// The largest window that clients read without being told to (`ZSTD_WINDOWLOG_LIMIT_DEFAULT`): 128 MiB.
const WINDOW_LOG_MAX: u8 = 27;
/// The format's largest block, in bytes (`ZSTD_BLOCKSIZE_MAX`).
const BLOCK_BYTES_MAX: usize = 128 << 10;
/// What a stream of unknown size is first given room for, as a multiple of its compressed size.
const RATIO_EXPECTED: usize = 4;

/// Keeps the library's context between batches.
#[derive(Default)]
pub(super) struct Inflater {
    context: Option<DCtx<'static>>,
}

impl Inflater {
    /// Inflates in one go into the output, which is the window too: a frame that claims a large one costs nothing.
    /// Where the size is unknown and the guess too small, begins again with four times the room.
    pub(super) fn decompress(&mut self, bytes: &[u8], output: &mut Output) -> Result<(), CompressionError> {
        if bytes.is_empty() {
            return Ok(());
        }
        let claimed = zstd_safe::get_frame_content_size(bytes).map_err(|_unreadable| damaged("no frame header"))?;
        check_window(bytes)?;
        let most = output.allowed_bytes().saturating_add(1);
        // The claim is the first frame's; another may follow even an empty one.
        let mut wanted = match claimed {
            Some(claimed) => usize::try_from(claimed).unwrap_or(usize::MAX).max(1),
            None => bytes.len().saturating_mul(RATIO_EXPECTED).min(most),
        };
        let context = self.context.get_or_insert_with(DCtx::create);
        loop {
            let room = output.room(wanted)?;
            let room_bytes = room.len();
            match context.decompress(room, bytes) {
                Ok(written) => return output.advance(written),
                Err(CODE_ROOM_TOO_SMALL) if room_bytes == most => return Err(output.too_large()),
                Err(CODE_ROOM_TOO_SMALL) => wanted = room_bytes.saturating_mul(4).min(most),
                Err(code) => return Err(damaged(zstd_safe::get_error_name(code))),
            }
        }
    }
}

/// Refuses a first frame whose window is larger than what consumers accept.
fn check_window(bytes: &[u8]) -> Result<(), CompressionError> {
    const SINGLE_SEGMENT: u8 = 0x20;
    let Some([descriptor, window, ..]) = bytes.get(4..) else { return Ok(()) };
    let has_window = bytes.starts_with(&zstd_safe::MAGICNUMBER.to_le_bytes()) && descriptor & SINGLE_SEGMENT == 0;
    // A mantissa above 0 at the largest exponent is beyond the limit as well.
    if has_window && *window > (WINDOW_LOG_MAX - 10) << 3 {
        return Err(damaged("its window is larger than 128 MiB"));
    }
    Ok(())
}

fn damaged(cause: impl std::fmt::Display) -> CompressionError {
    CompressionError::damaged(Codec::Zstd, cause)
}

/// Keeps the library's context between batches.
#[derive(Default)]
pub(super) struct Deflater {
    context: Option<CCtx<'static>>,
}

impl Deflater {
    pub(super) fn compress(
        &mut self,
        level: Option<i32>,
        bytes: &[u8],
        out: &mut Bounded<'_>,
    ) -> Result<(), CompressionError> {
        let context = self.context.get_or_insert_with(CCtx::create);
        let level = level.unwrap_or(LEVEL_DEFAULT);
        let most = zstd_safe::compress_bound(bytes.len());
        // With less room than that for its last block the library compresses worse, or not at all.
        let room_bytes = out.allowed_bytes().saturating_add(zstd_safe::compress_bound(BLOCK_BYTES_MAX)).min(most);
        let too_large = out.too_large();
        out.fill(room_bytes, |room| match context.compress(room, bytes, level) {
            Err(CODE_ROOM_TOO_SMALL) if room_bytes < most => Err(too_large),
            compressed => {
                compressed.map_err(|code| CompressionError::compress(Codec::Zstd, zstd_safe::get_error_name(code)))
            }
        })
    }
}
