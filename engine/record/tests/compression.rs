//! Streams that other writers make: options of the formats that our own compressor does not use.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

use std::io::Write;

use flate2::{Compression, GzBuilder};
use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};
use millrace_record::compression::{Codec, CompressionError, Compressor, INFLATED_BYTES_MAX, compress, decompress};

/// 200,000 bytes that compress about threefold.
fn text() -> Vec<u8> {
    (0..200_000_u32).map(|index| b"abcdefgh"[(index.wrapping_mul(2_654_435_761) >> 20) as usize % 8]).collect()
}

/// Bytes that no codec makes fewer: Marsaglia's xorshift64.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..bytes).map(|_| next()).collect()
}

fn inflate(codec: Codec, bytes: &[u8]) -> Result<Vec<u8>, CompressionError> {
    decompress(codec, bytes, INFLATED_BYTES_MAX)
}

fn assert_damaged(codec: Codec, bytes: &[u8]) {
    let result = inflate(codec, bytes).map(|bytes| bytes.len());
    assert!(matches!(result, Err(CompressionError::Damaged { .. })), "{codec:?}: {result:?}");
}

#[test]
fn gzip_members_with_every_optional_field() {
    let mut encoder = GzBuilder::new()
        .extra(vec![1, 2, 3])
        .filename("records")
        .comment("made elsewhere")
        .write(Vec::new(), Compression::best());
    encoder.write_all(&text()).unwrap();
    let good = encoder.finish().unwrap();
    assert_eq!(inflate(Codec::Gzip, &good), Ok(text()));
    for length in [0, 1, 9, 10, 11, 14, 20, 30, good.len() - 9, good.len() - 1] {
        assert_damaged(Codec::Gzip, &good[..length]);
    }
}

#[test]
fn gzip_header_checksum_is_verified() {
    // RFC 1952: FLG.FHCRC, then the two lower bytes of the CRC-32 of the header. The CRC-32 of these ten bytes is from
    // zlib.
    let plain = compress(Codec::Gzip, None, b"records").unwrap();
    let header = [0x1f, 0x8b, 8, 2, 0, 0, 0, 0, 0, 0xff];
    let crc = 0xb857_c990_u32 as u16;
    let good = [&header[..], &crc.to_le_bytes(), &plain[10..]].concat();
    assert_eq!(inflate(Codec::Gzip, &good), Ok(b"records".to_vec()));
    assert_damaged(Codec::Gzip, &[&header[..], &(crc ^ 1).to_le_bytes(), &plain[10..]].concat());
}

#[test]
fn another_magic_method_or_reserved_flag_is_no_gzip() {
    let good = compress(Codec::Gzip, None, &text()).unwrap();
    // RFC 1952: ID1, ID2, the method 8, and flags of which bits 5 to 7 are reserved.
    assert_eq!(good[..4], [0x1f, 0x8b, 8, 0]);
    for (at, byte) in [(0, 0x1e), (1, 0x8c), (2, 7), (3, 0x20), (3, 0x80)] {
        let mut bad = good.clone();
        bad[at] = byte;
        assert_damaged(Codec::Gzip, &bad);
    }
}

#[test]
fn an_lz4_block_that_inflates_to_more_than_its_frame_allows_is_damage() {
    // Version 1, independent blocks of 64 KiB at most, the descriptor's checksum.
    let mut frame = vec![0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82];
    let block = lz4_flex::block::compress(&[7; (64 << 10) + 1]);
    frame.extend((block.len() as u32).to_le_bytes());
    frame.extend(&block);
    frame.extend([0; 4]);
    assert_damaged(Codec::Lz4, &frame);
}

#[test]
fn lz4_frames_with_every_optional_field() {
    for block_size in [BlockSize::Max64KB, BlockSize::Max256KB, BlockSize::Max1MB, BlockSize::Max4MB] {
        let frame = FrameInfo::new()
            .block_mode(BlockMode::Independent)
            .block_size(block_size)
            .block_checksums(true)
            .content_checksum(true)
            .content_size(Some(text().len() as u64));
        let mut encoder = FrameEncoder::with_frame_info(frame, Vec::new());
        encoder.write_all(&text()).unwrap();
        let good = encoder.finish().unwrap();
        assert_eq!(inflate(Codec::Lz4, &good), Ok(text()));
        for at in [0, 4, 5, 6, 14, 15, 18, good.len() / 2, good.len() - 8, good.len() - 1] {
            let mut bad = good.clone();
            bad[at] ^= 0x10;
            assert_damaged(Codec::Lz4, &bad);
        }
        for length in 0..30 {
            assert_damaged(Codec::Lz4, &good[..length]);
        }
    }
}

#[test]
fn lz4_blocks_that_depend_on_each_other_are_refused_as_kafka_refuses_them() {
    let frame = FrameInfo::new().block_mode(BlockMode::Linked);
    let mut encoder = FrameEncoder::with_frame_info(frame, Vec::new());
    encoder.write_all(&text()).unwrap();
    assert_damaged(Codec::Lz4, &encoder.finish().unwrap());
}

#[test]
fn zstd_streams_of_unknown_size_are_inflated_however_far_they_go() {
    for length in [0, 1, 100, 70_000, 5 << 20] {
        let bytes = vec![7; length];
        let mut encoder = zstd::stream::Encoder::new(Vec::new(), 3).unwrap();
        encoder.write_all(&bytes).unwrap();
        let stream = encoder.finish().unwrap();
        assert_eq!(inflate(Codec::Zstd, &stream).map(|inflated| inflated == bytes), Ok(true), "{length}");
        let twice = [&stream[..], &compress(Codec::Zstd, None, &bytes).unwrap()].concat();
        assert_eq!(inflate(Codec::Zstd, &twice).map(|inflated| inflated.len()), Ok(2 * length));
        if length > 0 {
            let limit_bytes = 2 * length - 1;
            let refused = decompress(Codec::Zstd, &twice, limit_bytes).map(|inflated| inflated.len());
            assert_eq!(refused, Err(CompressionError::TooLarge { limit_bytes }));
        }
    }
}

#[test]
fn every_level_that_kafka_allows_is_taken_and_no_other() {
    for level in [-1, 1, 9] {
        assert_eq!(inflate(Codec::Gzip, &compress(Codec::Gzip, Some(level), &text()).unwrap()), Ok(text()));
    }
    for level in [-131_072, -1, 1, 22] {
        assert_eq!(inflate(Codec::Zstd, &compress(Codec::Zstd, Some(level), &text()).unwrap()), Ok(text()));
    }
    for level in [1, 3, 8, 9, 10, 17] {
        assert_eq!(inflate(Codec::Lz4, &compress(Codec::Lz4, Some(level), &text()).unwrap()), Ok(text()));
    }
    for level in [-1, 0, 18] {
        assert!(matches!(compress(Codec::Lz4, Some(level), &[]), Err(CompressionError::Compress { .. })), "{level}");
    }
    for level in [-2, 0, 10] {
        assert!(matches!(compress(Codec::Gzip, Some(level), &[]), Err(CompressionError::Compress { .. })), "{level}");
    }
}

#[test]
fn a_higher_level_compresses_better() {
    for (codec, low, high) in [(Codec::Gzip, 1, 9), (Codec::Lz4, 9, 17), (Codec::Zstd, 1, 19)] {
        let bytes = |level| compress(codec, Some(level), &text()).unwrap().len();
        assert!(bytes(high) < bytes(low), "{codec:?}: {} and {} bytes", bytes(high), bytes(low));
    }
}

#[test]
fn what_is_compressed_keeps_to_its_limit_and_not_a_byte_less() {
    let random: Vec<u8> = (0..300_000_u32).map(|index| (index.wrapping_mul(index) >> 7) as u8).collect();
    let mut compressor = Compressor::default();
    for codec in Codec::ALL {
        for bytes in [&text(), &random, &noise(1 << 20), &vec![7; 300_000], &Vec::new()] {
            let packed = compress(codec, None, bytes).unwrap();
            let mut within = |limit_bytes| {
                let mut out = b"before".to_vec();
                let compressed = compressor.compress(codec, None, bytes, limit_bytes, &mut out);
                assert!(out.starts_with(b"before") && out.len() <= 6 + limit_bytes, "{codec:?}: {} bytes", out.len());
                compressed.map(|()| out.split_off(6))
            };
            assert_eq!(within(packed.len()).as_ref(), Ok(&packed), "{codec:?}");
            for limit_bytes in [0, 1, packed.len() / 2, packed.len().saturating_sub(1)] {
                if limit_bytes < packed.len() {
                    assert_eq!(within(limit_bytes), Err(CompressionError::CompressedTooLarge { limit_bytes }));
                }
            }
        }
    }
}

#[test]
fn kafkas_frame_of_lz4_is_ours() {
    // Magic, version 1 with independent blocks, blocks of 64 KiB, the descriptor's checksum: what Kafka 4.3.1 writes.
    let plain = compress(Codec::Lz4, None, b"").unwrap();
    assert_eq!(plain, [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82, 0, 0, 0, 0]);
}
