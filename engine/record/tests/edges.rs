//! Edges that no random record reaches: the least length, one byte that differs, sizes near the format's end.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

use millrace_base::topic_config::CompressionType;
use millrace_record::RecordError;
use millrace_record::batch::{Batch, framed_bytes};
use millrace_record::builder::{BatchBuilder, Recompression};
use millrace_record::compression::{Codec, Scratch};
use millrace_record::header::view_mut;

/// The beginning of a batch: base offset, length and magic.
fn prefix(batch_length: i32, magic: i8) -> Vec<u8> {
    let mut bytes = vec![0; 8];
    bytes.extend(batch_length.to_be_bytes());
    bytes.extend([0, 0, 0, 0, magic.cast_unsigned()]);
    bytes
}

#[test]
fn the_least_length_of_each_format_is_taken_and_one_less_refused() {
    let refused = |batch_length, minimum| RecordError::BatchLength { batch_length, minimum };
    for (magic, least) in [(0, 14), (1, 14), (2, 49)] {
        assert_eq!(framed_bytes(&prefix(least, magic)).unwrap(), 12 + least as usize, "format {magic}");
        let less = framed_bytes(&prefix(least - 1, magic)).unwrap_err().to_string();
        assert_eq!(less, refused(least - 1, least).to_string(), "format {magic}");
    }
}

#[test]
fn a_checksum_holds_for_the_bytes_it_was_made_of_and_no_others() {
    let mut builder = BatchBuilder::new(Codec::None);
    builder.push(0, None, Some(b"value"), &[]).unwrap();
    let mut bytes = builder.build().unwrap();
    assert!(Batch::first(&bytes).unwrap().crc_is_valid());
    *bytes.last_mut().unwrap() ^= 1;
    assert!(!Batch::first(&bytes).unwrap().crc_is_valid());
}

#[test]
fn only_a_batch_that_ends_too_soon_is_incomplete() {
    assert!(Batch::first(&prefix(49, 2)).unwrap_err().is_incomplete());
    assert!(!Batch::first(&prefix(48, 2)).unwrap_err().is_incomplete(), "no more bytes make this length right");
    assert!(!Batch::first(&prefix(49, 3)).unwrap_err().is_incomplete());
}

#[test]
fn bytes_after_the_last_record_are_told_in_its_place() {
    let mut builder = BatchBuilder::new(Codec::None);
    for _ in 0..3 {
        builder.push(0, None, Some(b"value"), &[]).unwrap();
    }
    let mut bytes = builder.build().unwrap();
    view_mut(&mut bytes).unwrap().record_count = 2.into();
    let mut scratch = Scratch::default();
    let batch = Batch::first(&bytes).unwrap();
    let mut records = batch.records(&mut scratch).unwrap();
    assert_eq!(records.next().unwrap().unwrap().value, Some(&b"value"[..]));
    let error = records.next().unwrap().unwrap_err();
    assert!(matches!(error, RecordError::RecordsRemain { count: 2, bytes: 12 }), "{error:?}");
    assert!(records.next().is_none());
}

#[test]
fn a_header_shows_what_it_holds() {
    let mut builder = BatchBuilder::new(Codec::None);
    builder.push(0, None, None, &[(b"a", Some(b"b")), (b"c", None)]).unwrap();
    let bytes = builder.build().unwrap();
    let mut scratch = Scratch::default();
    let batch = Batch::first(&bytes).unwrap();
    let record = batch.records(&mut scratch).unwrap().next().unwrap().unwrap();
    assert_eq!(format!("{:?}", record.headers), "[([97], Some([98])), ([99], None)]");
}

#[test]
fn a_builder_knows_how_many_records_it_has() {
    let mut builder = BatchBuilder::new(Codec::None);
    assert!(builder.is_empty());
    for count in 1..=3 {
        builder.push(0, Some(b"key"), None, &[]).unwrap();
        assert_eq!((builder.record_count(), builder.is_empty()), (count, false));
    }
}

#[test]
fn a_batch_of_many_megabytes_is_built() {
    let value = vec![7; 40 << 20];
    let mut builder = BatchBuilder::new(Codec::None);
    for _ in 0..2 {
        builder.push(0, None, Some(&value), &[]).unwrap();
    }
    let bytes = builder.build().unwrap();
    assert_eq!(Batch::first(&bytes).unwrap().record_count(), 2);
}

#[test]
fn settings_of_compression_name_codec_and_level() {
    let of = |compression| Recompression::of(compression).map(|to| (to.codec, to.level));
    assert_eq!(of(CompressionType::Producer), None);
    assert_eq!(of(CompressionType::Uncompressed), Some((Codec::None, None)));
    assert_eq!(of(CompressionType::Gzip(3)), Some((Codec::Gzip, Some(3))));
    assert_eq!(of(CompressionType::Snappy), Some((Codec::Snappy, None)));
    assert_eq!(of(CompressionType::Lz4(9)), Some((Codec::Lz4, Some(9))));
    assert_eq!(of(CompressionType::Zstd(-5)), Some((Codec::Zstd, Some(-5))));
}
