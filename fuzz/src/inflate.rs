//! Compressed records: nothing inflates beyond its limit, and what was compressed inflates to what it was.

use millrace_record::compression::{Codec, compress, decompress};

use crate::input::Input;

/// The largest limit that is tried, as a power of two.
const LIMIT_POWER_MAX: u8 = 20;
/// What a codec may allocate besides its output, in bytes.
const WORK_BYTES_MAX: u64 = 1 << 20;

/// Reads a codec and a limit, then bytes to inflate, and to compress.
///
/// # Panics
/// At a finding.
pub fn run(input: &[u8]) {
    let mut input = Input::new(input);
    let codec = Codec::from_id(i16::from(input.byte() % 5)).unwrap_or_default();
    let limit_bytes = 1_usize << (input.byte() % (LIMIT_POWER_MAX + 1));
    let bytes = input.rest();
    if codec != Codec::None {
        let mut inflated = None;
        let memory = allocation_counter::measure(|| inflated = decompress(codec, bytes, limit_bytes).ok());
        // The buffer that grows, its next size beside it, and the copy that is returned.
        let allowed_bytes = 4 * limit_bytes as u64 + WORK_BYTES_MAX;
        assert!(memory.bytes_max <= allowed_bytes, "{codec:?} took {} of {allowed_bytes} bytes", memory.bytes_max);
        assert!(
            inflated.is_none_or(|inflated| inflated.len() <= limit_bytes),
            "{codec:?} inflated beyond {limit_bytes}"
        );
    }
    match compress(codec, None, bytes) {
        Ok(packed) => assert_eq!(decompress(codec, &packed, bytes.len()).as_deref(), Ok(bytes), "{codec:?}"),
        Err(error) => panic!("{codec:?} does not compress: {error}"),
    }
}

/// Streams of each codec, and those of other people's making.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let texts: [&[u8]; 4] =
        [b"", b"a", &[7; 2_000], b"one two three two one three one two, and once more: one two three"];
    // Xerial's framing: two chunks, of which one is stored as raw snappy writes what it cannot compress.
    let xerial = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01\0\0\0\x03\x01\0a\0\0\0\x03\x01\0b";
    let mut seeds = vec![[&[2, 20], &xerial[..]].concat(), [&[2, 20], &b"\x01\0a"[..]].concat()];
    for codec in Codec::ALL {
        for packed in texts.iter().filter_map(|text| compress(codec, None, text).ok()) {
            seeds.push([&[codec.id().to_be_bytes()[1], 20], packed.as_slice()].concat());
        }
    }
    seeds
}
