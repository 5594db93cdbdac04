//! Gzip (RFC 1952): one member or several, their checksums verified.

use std::io::{ErrorKind, Write};

use flate2::write::GzEncoder;
use flate2::{Compression, Decompress, FlushDecompress, Status};

use super::bounded::Bounded;
use super::output::Output;
use super::{Codec, CompressionError};

/// `compression.gzip.level` -1 in Kafka: zlib's own default.
const LEVEL_DEFAULT: u32 = 6;
/// The least and the greatest of `compression.gzip.level`.
const LEVELS: std::ops::RangeInclusive<i32> = 1..=9;

const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];
const FLAG_HEADER_CRC: u8 = 0x02;
const FLAG_EXTRA: u8 = 0x04;
const FLAG_NAME: u8 = 0x08;
const FLAG_COMMENT: u8 = 0x10;
const FLAGS_RESERVED: u8 = 0xe0;

/// Keeps the inflate state between batches.
#[derive(Default)]
pub(super) struct Inflater {
    state: Option<Decompress>,
}

impl Inflater {
    pub(super) fn decompress(&mut self, mut bytes: &[u8], output: &mut Output) -> Result<(), CompressionError> {
        loop {
            let body = after_header(bytes).ok_or_else(|| damaged("no gzip header"))?;
            let trailer = self.inflate_member(body, output)?;
            if trailer.is_empty() {
                return Ok(());
            }
            bytes = trailer;
        }
    }

    /// Inflates one member; returns what follows its trailer.
    fn inflate_member<'a>(&mut self, mut body: &'a [u8], output: &mut Output) -> Result<&'a [u8], CompressionError> {
        let state = self.state.get_or_insert_with(|| Decompress::new(false));
        state.reset(false);
        let start = output.filled().len();
        loop {
            let (read, written) = (state.total_in(), state.total_out());
            let status = state.decompress(body, output.room(1)?, FlushDecompress::None).map_err(damaged)?;
            let (read, written) = ((state.total_in() - read) as usize, (state.total_out() - written) as usize);
            output.advance(written)?;
            body = body.get(read..).unwrap_or_default();
            match status {
                Status::StreamEnd => break,
                Status::Ok | Status::BufError if read + written == 0 => return Err(damaged("the stream ends early")),
                Status::Ok | Status::BufError => {}
            }
        }
        let member = output.filled().get(start..).unwrap_or_default();
        let (trailer, rest) = body.split_first_chunk::<8>().ok_or_else(|| damaged("no gzip trailer"))?;
        let [a, b, c, d, length @ ..] = *trailer;
        let crc = u32::from_le_bytes([a, b, c, d]);
        // The length is stored modulo 2^32.
        if crc != crc_fast::crc32_iso_hdlc(member) || u32::from_le_bytes(length) != member.len() as u32 {
            return Err(damaged("the checksum or the length differs"));
        }
        Ok(rest)
    }
}

/// What follows the member header that `bytes` begin with; none if there is no sound one.
fn after_header(bytes: &[u8]) -> Option<&[u8]> {
    let (fixed, mut rest) = bytes.split_first_chunk::<10>()?;
    let flags = *fixed.get(3)?;
    if fixed.get(..3)? != MAGIC || flags & FLAGS_RESERVED != 0 {
        return None;
    }
    if flags & FLAG_EXTRA != 0 {
        let (length, after) = rest.split_first_chunk::<2>()?;
        rest = after.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    for flag in [FLAG_NAME, FLAG_COMMENT] {
        if flags & flag != 0 {
            let end = rest.iter().position(|byte| *byte == 0)?;
            rest = rest.get(end + 1..)?;
        }
    }
    if flags & FLAG_HEADER_CRC != 0 {
        let header = bytes.get(..bytes.len() - rest.len())?;
        let (crc, after) = rest.split_first_chunk::<2>()?;
        if u16::from_le_bytes(*crc) != crc_fast::crc32_iso_hdlc(header) as u16 {
            return None;
        }
        rest = after;
    }
    Some(rest)
}

fn damaged(cause: impl std::fmt::Display) -> CompressionError {
    CompressionError::damaged(Codec::Gzip, cause)
}

pub(super) fn compress(level: Option<i32>, bytes: &[u8], out: &mut Bounded<'_>) -> Result<(), CompressionError> {
    let failed = |cause: &dyn std::fmt::Display| CompressionError::compress(Codec::Gzip, cause);
    let level = match level {
        None | Some(-1) => LEVEL_DEFAULT,
        Some(level) if LEVELS.contains(&level) => level.unsigned_abs(),
        Some(level) => return Err(failed(&format_args!("level {level} is not one of -1 and 1 to 9"))),
    };
    let mut encoder = GzEncoder::new(&mut *out, Compression::new(level));
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish().map(drop));
    written.map_err(|error| match error.kind() {
        ErrorKind::FileTooLarge => out.too_large(),
        _ => failed(&error),
    })
}
