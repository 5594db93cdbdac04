//! Damage: whatever is done to a batch's bytes, nothing panics, nothing inflates beyond its limit, and no change of a
//! byte that the CRC covers gets past validation.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

use millrace_base::code::ErrorCode;
use millrace_record::RecordError;
use millrace_record::batch::{Batch, batches};
use millrace_record::builder::BatchBuilder;
use millrace_record::compression::{Codec, CompressionError, Scratch, compress, decompress};
use millrace_record::header::{CRC_COVERS_FROM, HEADER_BYTES, seal_crc};
use millrace_record::validate::{Invalid, Rules, validate_produced};
use proptest::prelude::*;

fn batch(codec: Codec) -> Vec<u8> {
    let mut builder = BatchBuilder::new(codec).producer(9, 1, 40);
    for index in 0..6_i64 {
        let value = vec![b'a' + index as u8; 50];
        builder
            .push(1_000 + index, Some(b"key"), Some(&value), &[(b"name", Some(b"content")), (b"null", None)])
            .unwrap();
    }
    builder.build().unwrap()
}

fn rules() -> Rules {
    Rules { now_ms: 2_000, ..Rules::default() }
}

/// Reads all there is to read, and returns the number of whole records.
fn read_everything(bytes: &[u8], scratch: &mut Scratch) -> usize {
    let mut whole = 0;
    for batch in batches(bytes).flatten() {
        let Ok(records) = batch.records(scratch) else { continue };
        for record in records.flatten() {
            assert!(record.headers.clone().count() == record.headers.len());
            whole += 1;
        }
    }
    whole
}

#[test]
fn no_changed_byte_under_the_crc_gets_past_validation() {
    let mut scratch = Scratch::default();
    for codec in Codec::ALL {
        let good = batch(codec);
        validate_produced(&good, &rules(), &mut scratch).unwrap();
        for at in CRC_COVERS_FROM..good.len() {
            for flip in [1, 0x80, 0xff] {
                let mut bad = good.clone();
                bad[at] ^= flip;
                let verdict = validate_produced(&bad, &rules(), &mut scratch);
                assert!(
                    matches!(verdict, Err(Invalid::Damaged(RecordError::Crc { .. }))),
                    "{codec:?} {at}: {verdict:?}"
                );
            }
        }
    }
}

#[test]
fn before_the_crc_only_the_leaders_epoch_may_change() {
    let good = batch(Codec::None);
    for at in 0..CRC_COVERS_FROM {
        let mut bad = good.clone();
        bad[at] ^= 0x01;
        let verdict = validate_produced(&bad, &rules(), &mut Scratch::default());
        assert_eq!(verdict.is_ok(), (12..16).contains(&at), "{at}: {verdict:?}");
    }
}

#[test]
fn damage_with_a_right_crc_never_panics() {
    let mut scratch = Scratch::new(1 << 20);
    for codec in Codec::ALL {
        let good = batch(codec);
        for at in 0..good.len() {
            for flip in [0x01, 0x02, 0x04, 0x40, 0x80, 0xff] {
                let mut bad = good.clone();
                bad[at] ^= flip;
                seal_crc(&mut bad).unwrap();
                let read = read_everything(&bad, &mut scratch);
                if let Ok(summary) = validate_produced(&bad, &rules(), &mut scratch) {
                    assert_eq!(summary.record_count as usize, read);
                }
            }
        }
    }
}

#[test]
fn a_cut_batch_is_incomplete_at_every_length() {
    let good = batch(Codec::None);
    for length in 0..good.len() {
        assert!(Batch::first(&good[..length]).unwrap_err().is_incomplete(), "{length}");
        let verdict = validate_produced(&good[..length], &rules(), &mut Scratch::default());
        assert_eq!(verdict, Err(Invalid::NoBatch));
    }
}

#[test]
fn every_codec_keeps_to_the_limit_and_not_a_byte_less() {
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        for bytes in
            [vec![0_u8; 300_000], (0..300_000_u32).map(|index| (index.wrapping_mul(index) >> 7) as u8).collect()]
        {
            let packed = compress(codec, None, &bytes).unwrap();
            assert_eq!(decompress(codec, &packed, bytes.len()).as_ref(), Ok(&bytes), "{codec:?}");
            for limit_bytes in [0, 1, 1000, 65_536, bytes.len() - 1] {
                let wanted = Err(CompressionError::TooLarge { limit_bytes });
                assert_eq!(decompress(codec, &packed, limit_bytes), wanted, "{codec:?} {limit_bytes}");
            }
        }
        let nothing = compress(codec, None, &[]).unwrap();
        assert_eq!(decompress(codec, &nothing, 0), Ok(vec![]), "{codec:?}");
    }
}

#[test]
fn a_bomb_is_refused() {
    let mut builder = BatchBuilder::new(Codec::Zstd);
    builder.push(1_000, None, Some(&vec![0; 64 << 20]), &[]).unwrap();
    let bomb = builder.build().unwrap();
    assert!(bomb.len() < 10_000, "{} bytes", bomb.len());
    let invalid = validate_produced(&bomb, &rules(), &mut Scratch::new(16 << 20)).unwrap_err();
    assert_eq!(invalid.code(), ErrorCode::MessageTooLarge);
    assert!(validate_produced(&bomb, &rules(), &mut Scratch::default()).is_ok());
}

#[test]
fn claims_about_sizes_are_not_believed() {
    let mut scratch = Scratch::new(1 << 20);
    // Raw snappy that claims 4 GiB less a byte; a zstd frame that claims 2^62 bytes; xerial with a chunk of 2 GiB.
    let lies: [(Codec, &[u8]); 3] = [
        (Codec::Snappy, &[0xff, 0xff, 0xff, 0xff, 0x0f, 0]),
        (Codec::Zstd, &[0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0x40, 1, 0, 0]),
        (Codec::Snappy, b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01\x7f\xff\xff\xff\0"),
    ];
    for (codec, lie) in lies {
        assert!(scratch.decompress(codec, lie).is_err());
    }
    // A count of records that the bytes cannot hold.
    let mut bytes = batch(Codec::None);
    bytes[57..61].copy_from_slice(&i32::MAX.to_be_bytes());
    assert_eq!(read_everything(&bytes, &mut scratch), 6);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut scratch = Scratch::new(1 << 16);
        read_everything(&bytes, &mut scratch);
        prop_assert!(validate_produced(&bytes, &rules(), &mut scratch).is_err());
        for codec in Codec::ALL {
            if let Ok(inflated) = scratch.decompress(codec, &bytes) {
                prop_assert!(inflated.len() <= 1 << 16 || codec == Codec::None);
            }
        }
    }

    #[test]
    fn any_payload_under_a_good_header_is_read_without_panic(
        payload in prop::collection::vec(any::<u8>(), 0..200), codec in 0..8_u8, count in 0..4_u8,
    ) {
        let mut bytes = batch(Codec::None)[..HEADER_BYTES].to_vec();
        bytes.extend_from_slice(&payload);
        let length = (bytes.len() - 12) as i32;
        bytes[8..12].copy_from_slice(&length.to_be_bytes());
        bytes[22] = codec;
        bytes[57..61].copy_from_slice(&[0, 0, 0, count]);
        bytes[23..27].copy_from_slice(&[0, 0, 0, count.saturating_sub(1)]);
        seal_crc(&mut bytes).unwrap();
        let mut scratch = Scratch::new(1 << 16);
        read_everything(&bytes, &mut scratch);
        let verdict = validate_produced(&bytes, &rules(), &mut scratch);
        prop_assert!(!matches!(verdict, Err(Invalid::Damaged(_) | Invalid::NoBatch | Invalid::NotOneBatch)));
    }
}
