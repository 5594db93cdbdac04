//! Snappy: raw, as librdkafka writes it, and in the framing of the Java library (`snappy-java`, by Xerial).
//!
//! The framing is 16 bytes of header (magic, version, compatible version), then chunks of a 4-byte big-endian length
//! and as many bytes of raw snappy. Streams may be appended to each other, header and all.

use snap::raw::{Decoder, Encoder, decompress_len, max_compress_len};

use super::bounded::Bounded;
use super::output::Output;
use super::{Codec, CompressionError};

const MAGIC: &[u8; 8] = b"\x82SNAPPY\0";
/// The header that Java writes: the magic, version 1, readable since version 1.
const HEADER: &[u8; 16] = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01";
/// Bytes of input in a chunk, as Java writes it.
const CHUNK_BYTES: usize = 32 << 10;

pub(super) fn decompress(decoder: &mut Decoder, bytes: &[u8], output: &mut Output) -> Result<(), CompressionError> {
    if !bytes.starts_with(MAGIC) {
        return decompress_raw(decoder, bytes, output);
    }
    let mut rest = bytes;
    while !rest.is_empty() {
        if rest.starts_with(MAGIC) {
            rest = rest.get(HEADER.len()..).ok_or_else(|| damaged("the stream ends within its header"))?;
            continue;
        }
        let (length, after) = rest.split_first_chunk::<4>().ok_or_else(|| damaged("a chunk has no length"))?;
        let length = usize::try_from(i32::from_be_bytes(*length)).map_err(damaged)?;
        let (chunk, after) = after.split_at_checked(length).ok_or_else(|| damaged("a chunk ends early"))?;
        decompress_raw(decoder, chunk, output)?;
        rest = after;
    }
    Ok(())
}

fn decompress_raw(decoder: &mut Decoder, bytes: &[u8], output: &mut Output) -> Result<(), CompressionError> {
    let length = decompress_len(bytes).map_err(damaged)?;
    if length > output.allowed_bytes() {
        return Err(output.too_large());
    }
    let written = decoder.decompress(bytes, output.room(length)?).map_err(damaged)?;
    output.advance(written)
}

fn damaged(cause: impl std::fmt::Display) -> CompressionError {
    CompressionError::damaged(Codec::Snappy, cause)
}

pub(super) fn compress(encoder: &mut Encoder, bytes: &[u8], out: &mut Bounded<'_>) -> Result<(), CompressionError> {
    let failed = |cause: &dyn std::fmt::Display| CompressionError::compress(Codec::Snappy, cause);
    out.extend(HEADER)?;
    let mut room = vec![0; max_compress_len(CHUNK_BYTES.min(bytes.len()))];
    for chunk in bytes.chunks(CHUNK_BYTES) {
        let written = encoder.compress(chunk, &mut room).map_err(|error| failed(&error))?;
        // A chunk of 32 KiB stays far below 4 GiB.
        out.extend(&(written as u32).to_be_bytes())?;
        out.extend(room.get(..written).unwrap_or_default())?;
    }
    Ok(())
}
