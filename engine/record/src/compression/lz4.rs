//! The LZ4 frame format, as v2 batches hold it: one frame of independent blocks.
//!
//! Kafka's Java code refuses blocks that depend on earlier ones, and so do we: what it cannot read must not get into a
//! log. Frame: magic, descriptor (flags, block size, maybe the content's size, a byte of checksum), blocks (a 4-byte
//! little-endian length whose top bit says "stored"), a length of zero, maybe the content's checksum.

use lz4::block::{CompressionMode, compress_to_buffer};
use lz4_flex::block::{compress_into, decompress_into, get_maximum_output_size};
use twox_hash::XxHash32;

use super::bounded::Bounded;
use super::output::Output;
use super::{Codec, CompressionError};

const MAGIC: [u8; 4] = 0x184d_2204_u32.to_le_bytes();
const FLAG_VERSION: u8 = 0xc0;
const FLAG_VERSION_1: u8 = 0x40;
const FLAG_INDEPENDENT: u8 = 0x20;
const FLAG_BLOCK_CHECKSUM: u8 = 0x10;
const FLAG_CONTENT_SIZE: u8 = 0x08;
const FLAG_CONTENT_CHECKSUM: u8 = 0x04;
/// One reserved bit, and that of a dictionary's id, which Kafka has no use for.
const FLAGS_RESERVED: u8 = 0x03;
/// The top bit of a block's length: its bytes are stored, not compressed.
const STORED: u32 = 0x8000_0000;

/// A frame's descriptor.
struct Descriptor {
    flags: u8,
    block_bytes_max: usize,
}

pub(super) fn decompress(bytes: &[u8], output: &mut Output) -> Result<(), CompressionError> {
    let (descriptor, mut rest) = read_descriptor(bytes)?;
    loop {
        let length = read_u32(&mut rest)?;
        if length == 0 {
            break;
        }
        let stored = length & STORED != 0;
        let (block, after) = rest
            .split_at_checked((length & !STORED) as usize)
            .filter(|(block, _)| block.len() <= descriptor.block_bytes_max)
            .ok_or_else(|| damaged("a block ends early or is larger than the frame allows"))?;
        rest = after;
        if descriptor.flags & FLAG_BLOCK_CHECKSUM != 0 && read_u32(&mut rest)? != XxHash32::oneshot(0, block) {
            return Err(damaged("a block's checksum differs"));
        }
        let written = if stored {
            let room = output.room(block.len())?;
            room.get_mut(..block.len()).unwrap_or_default().copy_from_slice(block);
            block.len()
        } else {
            inflate_block(block, descriptor.block_bytes_max, output)?
        };
        output.advance(written)?;
    }
    if descriptor.flags & FLAG_CONTENT_CHECKSUM != 0 && read_u32(&mut rest)? != XxHash32::oneshot(0, output.filled()) {
        return Err(damaged("the content's checksum differs"));
    }
    if rest.is_empty() { Ok(()) } else { Err(damaged("bytes follow the frame")) }
}

fn inflate_block(block: &[u8], block_bytes_max: usize, output: &mut Output) -> Result<usize, CompressionError> {
    // One byte above the limit is enough to see that it is passed.
    let wanted = block_bytes_max.min(output.allowed_bytes().saturating_add(1));
    let passes_limit = wanted < block_bytes_max;
    let room = output.room(wanted)?;
    match decompress_into(block, room.get_mut(..wanted).unwrap_or_default()) {
        Ok(written) => Ok(written),
        Err(lz4_flex::block::DecompressError::OutputTooSmall { .. }) if passes_limit => Err(output.too_large()),
        Err(error) => Err(damaged(error)),
    }
}

/// Reads what comes before the blocks.
fn read_descriptor(bytes: &[u8]) -> Result<(Descriptor, &[u8]), CompressionError> {
    let early = || damaged("the frame ends within its header");
    let after_magic = bytes.strip_prefix(&MAGIC).ok_or_else(|| damaged("no frame magic"))?;
    let [flags, block_size, ..] = *after_magic else { return Err(early()) };
    if flags & FLAG_VERSION != FLAG_VERSION_1 || flags & FLAGS_RESERVED != 0 {
        return Err(damaged("the frame's flags are not known"));
    }
    if flags & FLAG_INDEPENDENT == 0 {
        return Err(damaged("its blocks depend on each other, which Kafka does not read"));
    }
    let block_bytes_max = match block_size {
        0x40 => 64 << 10,
        0x50 => 256 << 10,
        0x60 => 1 << 20,
        0x70 => 4 << 20,
        _ => return Err(damaged("the frame's block size is not known")),
    };
    let described_bytes = if flags & FLAG_CONTENT_SIZE == 0 { 2 } else { 10 };
    let (described, rest) = after_magic.split_at_checked(described_bytes).ok_or_else(early)?;
    let (checksum, rest) = rest.split_first().ok_or_else(early)?;
    if *checksum != (XxHash32::oneshot(0, described) >> 8) as u8 {
        return Err(damaged("the header's checksum differs"));
    }
    Ok((Descriptor { flags, block_bytes_max }, rest))
}

fn read_u32(bytes: &mut &[u8]) -> Result<u32, CompressionError> {
    let (word, rest) = bytes.split_first_chunk::<4>().ok_or_else(|| damaged("the frame ends early"))?;
    *bytes = rest;
    Ok(u32::from_le_bytes(*word))
}

fn damaged(cause: impl std::fmt::Display) -> CompressionError {
    CompressionError::damaged(Codec::Lz4, cause)
}

/// `compression.lz4.level`: Kafka compresses fast at its default, and with more effort at every other level.
const LEVEL_DEFAULT: i32 = 9;
const LEVELS: std::ops::RangeInclusive<i32> = 1..=17;
/// The descriptor's flags and its block size (64 KiB), as Kafka's Java code writes them.
const DESCRIPTOR: [u8; 2] = [FLAG_VERSION_1 | FLAG_INDEPENDENT, 0x40];
/// Bytes of input in a block.
const BLOCK_BYTES: usize = 64 << 10;

pub(super) fn compress(level: Option<i32>, bytes: &[u8], out: &mut Bounded<'_>) -> Result<(), CompressionError> {
    let level = level.unwrap_or(LEVEL_DEFAULT);
    if !LEVELS.contains(&level) {
        return Err(failed(format_args!("level {level} is not one of 1 to 17")));
    }
    out.extend(&MAGIC)?;
    out.extend(&DESCRIPTOR)?;
    out.extend(&[(XxHash32::oneshot(0, &DESCRIPTOR) >> 8) as u8])?;
    let mut room = vec![0; get_maximum_output_size(BLOCK_BYTES.min(bytes.len()))];
    for block in bytes.chunks(BLOCK_BYTES) {
        let written = compress_block(level, block, &mut room)?;
        match room.get(..written).filter(|compressed| compressed.len() < block.len()) {
            Some(compressed) => write_block(0, compressed, out)?,
            None => write_block(STORED, block, out)?,
        }
    }
    out.extend(&0_u32.to_le_bytes())
}

fn compress_block(level: i32, block: &[u8], room: &mut [u8]) -> Result<usize, CompressionError> {
    if level == LEVEL_DEFAULT {
        return compress_into(block, room).map_err(failed);
    }
    compress_to_buffer(block, Some(CompressionMode::HIGHCOMPRESSION(level)), false, room).map_err(failed)
}

fn write_block(flag: u32, bytes: &[u8], out: &mut Bounded<'_>) -> Result<(), CompressionError> {
    // A block has 64 KiB at most.
    out.extend(&(bytes.len() as u32 | flag).to_le_bytes())?;
    out.extend(bytes)
}

fn failed(cause: impl std::fmt::Display) -> CompressionError {
    CompressionError::compress(Codec::Lz4, cause)
}
