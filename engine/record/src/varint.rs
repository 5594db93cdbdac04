//! Zig-zag variable-length integers, as Kafka's records use them (Protocol Buffers' `sint32` and `sint64`).
//!
//! Reading is as lenient as Kafka's `ByteUtils`: a number may be written longer than it must be, and bits beyond its
//! width are dropped; more than 5 bytes (10 for 64 bits) are refused. Writing is always the shortest form.

/// The most bytes that a 32-bit number takes.
pub(crate) const VARINT_BYTES_MAX: usize = 5;
/// The most bytes that a 64-bit number takes.
const VARLONG_BYTES_MAX: usize = 10;

/// Why a number could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VarintError {
    /// The bytes ended within it.
    Truncated,
    /// It does not end where the longest number of its width does.
    TooLong,
}

/// Reads a 32-bit number off the front of `bytes`.
#[inline]
pub(crate) fn read_i32(bytes: &mut &[u8]) -> Result<i32, VarintError> {
    match *bytes {
        [first @ 0..0x80, rest @ ..] => {
            *bytes = rest;
            Ok(zigzag_i32(u32::from(*first)))
        }
        // Nearly every length and timestamp that is not of one byte.
        [first, second @ 0..0x80, rest @ ..] => {
            *bytes = rest;
            Ok(zigzag_i32(u32::from(first & 0x7f) | u32::from(*second) << 7))
        }
        _ => read_long_form(bytes, VARINT_BYTES_MAX).map(|value| zigzag_i32(value as u32)),
    }
}

/// Reads a 64-bit number off the front of `bytes`.
#[inline]
pub(crate) fn read_i64(bytes: &mut &[u8]) -> Result<i64, VarintError> {
    if let [first @ 0..0x80, rest @ ..] = *bytes {
        *bytes = rest;
        return Ok(zigzag_i64(u64::from(*first)));
    }
    read_long_form(bytes, VARLONG_BYTES_MAX).map(zigzag_i64)
}

#[inline(never)]
fn read_long_form(bytes: &mut &[u8], bytes_max: usize) -> Result<u64, VarintError> {
    let mut value = 0_u64;
    for (index, byte) in bytes.iter().take(bytes_max).enumerate() {
        // The tenth byte's upper bits fall off the left end, as in Kafka.
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            *bytes = bytes.get(index + 1..).unwrap_or_default();
            return Ok(value);
        }
    }
    Err(if bytes.len() < bytes_max { VarintError::Truncated } else { VarintError::TooLong })
}

/// Appends a 32-bit number.
pub(crate) fn write_i32(out: &mut Vec<u8>, value: i32) {
    write_u64(out, u64::from(((value << 1) ^ (value >> 31)).cast_unsigned()));
}

/// Appends a 64-bit number.
pub(crate) fn write_i64(out: &mut Vec<u8>, value: i64) {
    write_u64(out, ((value << 1) ^ (value >> 63)).cast_unsigned());
}

fn write_u64(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// The bytes that [`write_i32`] appends.
pub(crate) fn bytes_of_i32(value: i32) -> usize {
    bytes_of_u64(u64::from(((value << 1) ^ (value >> 31)).cast_unsigned()))
}

/// The bytes that [`write_i64`] appends.
pub(crate) fn bytes_of_i64(value: i64) -> usize {
    bytes_of_u64(((value << 1) ^ (value >> 63)).cast_unsigned())
}

fn bytes_of_u64(value: u64) -> usize {
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

#[inline]
fn zigzag_i32(value: u32) -> i32 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

#[inline]
fn zigzag_i64(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Pairs from the Protocol Buffers documentation on `sint32`, and the edges of each length.
    const KNOWN: &[(i64, &[u8])] = &[
        (0, &[0]),
        (-1, &[1]),
        (1, &[2]),
        (-2, &[3]),
        (63, &[0x7e]),
        (-64, &[0x7f]),
        (64, &[0x80, 0x01]),
        (-65, &[0x81, 0x01]),
        (8191, &[0xfe, 0x7f]),
        (-8192, &[0xff, 0x7f]),
        (8192, &[0x80, 0x80, 0x01]),
        (0x7fff_ffff, &[0xfe, 0xff, 0xff, 0xff, 0x0f]),
        (-0x8000_0000, &[0xff, 0xff, 0xff, 0xff, 0x0f]),
    ];

    #[test]
    fn known_numbers_have_their_known_bytes() {
        for (value, wanted) in KNOWN {
            let (mut narrow, mut wide) = (Vec::new(), Vec::new());
            write_i32(&mut narrow, i32::try_from(*value).unwrap());
            write_i64(&mut wide, *value);
            assert_eq!((narrow.as_slice(), wide.as_slice()), (*wanted, *wanted));
            let (mut narrow, mut wide) = (*wanted, *wanted);
            assert_eq!(read_i32(&mut narrow).map(i64::from), Ok(*value));
            assert_eq!(read_i64(&mut wide), Ok(*value));
            assert!(narrow.is_empty() && wide.is_empty());
        }
        let mut widest = vec![];
        write_i64(&mut widest, i64::MIN);
        assert_eq!(widest, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
        assert_eq!(read_i64(&mut widest.as_slice()), Ok(i64::MIN));
    }

    #[test]
    fn too_long_and_truncated_are_told_apart() {
        assert_eq!(read_i32(&mut [].as_slice()), Err(VarintError::Truncated));
        assert_eq!(read_i32(&mut [0x80; 4].as_slice()), Err(VarintError::Truncated));
        assert_eq!(read_i32(&mut [0x80; 5].as_slice()), Err(VarintError::TooLong));
        assert_eq!(read_i64(&mut [0xff; 9].as_slice()), Err(VarintError::Truncated));
        assert_eq!(read_i64(&mut [0xff; 10].as_slice()), Err(VarintError::TooLong));
    }

    #[test]
    fn longer_forms_than_needed_are_read_as_kafka_reads_them() {
        assert_eq!(read_i32(&mut [0x80, 0x80, 0x80, 0x80, 0x00].as_slice()), Ok(0));
        assert_eq!(read_i32(&mut [0xff, 0xff, 0xff, 0xff, 0x7f].as_slice()), Ok(i32::MIN));
        assert_eq!(read_i64(&mut [0x82, 0x00, 9].as_slice()), Ok(1));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(value: i64, after: Vec<u8>) {
            for value in [value, value >> 32, value >> 50] {
                let mut bytes = Vec::new();
                write_i64(&mut bytes, value);
                prop_assert_eq!(bytes.len(), bytes_of_i64(value));
                bytes.extend_from_slice(&after);
                let mut rest = bytes.as_slice();
                prop_assert_eq!(read_i64(&mut rest), Ok(value));
                prop_assert_eq!(rest, after.as_slice());

                let narrow = value as i32;
                let mut bytes = Vec::new();
                write_i32(&mut bytes, narrow);
                prop_assert_eq!(bytes.len(), bytes_of_i32(narrow));
                prop_assert_eq!(read_i32(&mut bytes.as_slice()), Ok(narrow));
            }
        }
    }
}
