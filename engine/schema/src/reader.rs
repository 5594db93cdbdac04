//! Reads Kafka's primitive types from a slice, without copying.
//!
//! Invariants:
//! - What is read is never more than what is left: every length is checked before it is used.
//! - A count that is returned can be looped over: so many elements of their smallest size fit in the bytes that are
//!   left.

use crate::{Array, Records, Wire, WireError};

/// The longest string that Kafka accepts, in bytes, also where the format could say more.
pub(crate) const STRING_BYTES_MAX: usize = i16::MAX as usize;
/// The smallest tagged field: its tag and its size, a byte each.
const TAGGED_FIELD_BYTES_MIN: usize = 2;

/// A position in a received message.
///
/// `flexible` chooses between the two encodings of lengths (KIP-482); [`Message::decode`](crate::Message::decode) sets
/// it.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    flexible: bool,
}

/// The tagged fields that are still to be read in one section.
#[derive(Clone, Copy, Debug)]
pub struct Tags {
    remaining: u32,
}

impl<'a> Reader<'a> {
    /// Starts at the first byte, in the old (not flexible) encoding.
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader { bytes, flexible: false }
    }

    /// Chooses the encoding of lengths for what follows.
    pub fn set_flexible(&mut self, flexible: bool) {
        self.flexible = flexible;
    }

    /// Whether lengths are read in the compact encoding.
    pub fn is_flexible(&self) -> bool {
        self.flexible
    }

    /// The bytes that are left.
    pub fn remaining(&self) -> &'a [u8] {
        self.bytes
    }

    /// A reader of the bytes from here to where `end` stands in the same message.
    pub(crate) fn until(&self, end: &Reader<'a>) -> Reader<'a> {
        let bytes = self.bytes.get(..self.bytes.len() - end.bytes.len()).unwrap_or_default();
        Reader { bytes, flexible: self.flexible }
    }

    /// Says that the message ends here.
    ///
    /// # Errors
    /// [`WireError::TrailingBytes`] when it does not.
    pub fn finish(&self) -> Result<(), WireError> {
        if self.bytes.is_empty() { Ok(()) } else { Err(WireError::TrailingBytes(self.bytes.len())) }
    }

    /// The next `count` bytes.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], WireError> {
        match self.bytes.split_at_checked(count) {
            Some((taken, rest)) => {
                self.bytes = rest;
                Ok(taken)
            }
            None => Err(WireError::Truncated { needed: count, remaining: self.bytes.len() }),
        }
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        match self.bytes.split_first_chunk::<N>() {
            Some((taken, rest)) => {
                self.bytes = rest;
                Ok(*taken)
            }
            None => Err(WireError::Truncated { needed: N, remaining: self.bytes.len() }),
        }
    }

    /// A boolean: any byte but 0 is true, as in Kafka.
    pub fn bool(&mut self) -> Result<bool, WireError> {
        Ok(self.int8()? != 0)
    }

    /// An int8.
    pub fn int8(&mut self) -> Result<i8, WireError> {
        Ok(i8::from_be_bytes(self.fixed()?))
    }

    /// An int16.
    pub fn int16(&mut self) -> Result<i16, WireError> {
        Ok(i16::from_be_bytes(self.fixed()?))
    }

    /// A uint16.
    pub fn uint16(&mut self) -> Result<u16, WireError> {
        Ok(u16::from_be_bytes(self.fixed()?))
    }

    /// An int32.
    pub fn int32(&mut self) -> Result<i32, WireError> {
        Ok(i32::from_be_bytes(self.fixed()?))
    }

    /// An int64.
    pub fn int64(&mut self) -> Result<i64, WireError> {
        Ok(i64::from_be_bytes(self.fixed()?))
    }

    /// A float64.
    pub fn float64(&mut self) -> Result<f64, WireError> {
        Ok(f64::from_be_bytes(self.fixed()?))
    }

    /// A UUID: 16 bytes.
    pub fn uuid(&mut self) -> Result<[u8; 16], WireError> {
        self.fixed()
    }

    /// An unsigned variable-length integer of at most 32 bits.
    pub fn unsigned_varint(&mut self) -> Result<u32, WireError> {
        let mut value = 0_u32;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = self.fixed()?;
            if shift == 28 && byte > 0x0f {
                return Err(WireError::VarintTooLong);
            }
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(WireError::VarintTooLong)
    }

    /// A compact length: what is written is one more than it; 0 is null.
    fn compact_length(&mut self) -> Result<Option<usize>, WireError> {
        Ok(self.unsigned_varint()?.checked_sub(1).map(|length| length as usize))
    }

    /// A length in the old encoding: -1 is null.
    fn plain_length(length: i64) -> Result<Option<usize>, WireError> {
        match length {
            -1 => Ok(None),
            _ => usize::try_from(length).map(Some).or(Err(WireError::NegativeLength(length))),
        }
    }

    fn long_length(&mut self) -> Result<Option<usize>, WireError> {
        if self.flexible { self.compact_length() } else { Self::plain_length(i64::from(self.int32()?)) }
    }

    /// A string that may be null.
    pub fn nullable_string(&mut self) -> Result<Option<&'a str>, WireError> {
        let length = if self.flexible { self.compact_length()? } else { Self::plain_length(i64::from(self.int16()?))? };
        match length {
            None => Ok(None),
            Some(length) if length > STRING_BYTES_MAX => Err(WireError::TooLong(length)),
            Some(length) => Ok(Some(std::str::from_utf8(self.take(length)?)?)),
        }
    }

    /// A string.
    pub fn string(&mut self) -> Result<&'a str, WireError> {
        self.nullable_string()?.ok_or(WireError::UnexpectedNull)
    }

    /// Bytes that may be null.
    pub fn nullable_bytes(&mut self) -> Result<Option<&'a [u8]>, WireError> {
        match self.long_length()? {
            None => Ok(None),
            Some(length) => self.take(length).map(Some),
        }
    }

    /// Bytes.
    pub fn bytes(&mut self) -> Result<&'a [u8], WireError> {
        self.nullable_bytes()?.ok_or(WireError::UnexpectedNull)
    }

    /// Record batches, that may be null.
    pub fn nullable_records(&mut self) -> Result<Option<Records<'a>>, WireError> {
        Ok(self.nullable_bytes()?.map(Records::Slice))
    }

    /// Record batches.
    pub fn records(&mut self) -> Result<Records<'a>, WireError> {
        self.bytes().map(Records::Slice)
    }

    /// The number of elements of an array whose elements take at least `element_bytes_min` bytes (at least 1).
    pub(crate) fn count(&mut self, element_bytes_min: usize) -> Result<Option<usize>, WireError> {
        let Some(count) = self.long_length()? else { return Ok(None) };
        self.bound(count, element_bytes_min)?;
        Ok(Some(count))
    }

    fn bound(&self, count: usize, element_bytes_min: usize) -> Result<(), WireError> {
        match count.checked_mul(element_bytes_min) {
            Some(bytes) if bytes <= self.bytes.len() => Ok(()),
            _ => Err(WireError::CountTooLarge { count, remaining: self.bytes.len() }),
        }
    }

    /// An array that may be null. Every element is walked and checked here.
    pub fn nullable_array<T: Wire<'a>>(&mut self, version: i16) -> Result<Option<Array<'a, T>>, WireError> {
        Array::read(self, version)
    }

    /// An array. Every element is walked and checked here.
    pub fn array<T: Wire<'a>>(&mut self, version: i16) -> Result<Array<'a, T>, WireError> {
        Array::read(self, version)?.ok_or(WireError::UnexpectedNull)
    }

    /// A struct that may be null: a byte says which (negative: null).
    pub fn nullable_struct<T: Wire<'a>>(&mut self, version: i16) -> Result<Option<T>, WireError> {
        if self.int8()? < 0 { Ok(None) } else { T::read(self, version).map(Some) }
    }

    /// A struct in a tagged field that may be null: Kafka has an unsigned varint there that says which (0: null).
    pub fn tagged_struct<T: Wire<'a>>(&mut self, version: i16) -> Result<Option<T>, WireError> {
        if self.unsigned_varint()? == 0 { Ok(None) } else { T::read(self, version).map(Some) }
    }

    /// The start of a section of tagged fields.
    pub fn tags(&mut self) -> Result<Tags, WireError> {
        let remaining = self.unsigned_varint()?;
        self.bound(remaining as usize, TAGGED_FIELD_BYTES_MIN)?;
        Ok(Tags { remaining })
    }

    /// The next tagged field of a section: its tag, and a reader of its bytes alone.
    pub fn next_tag(&mut self, tags: &mut Tags) -> Result<Option<(u32, Reader<'a>)>, WireError> {
        match tags.remaining.checked_sub(1) {
            None => Ok(None),
            Some(remaining) => {
                tags.remaining = remaining;
                let tag = self.unsigned_varint()?;
                let size = self.unsigned_varint()? as usize;
                Ok(Some((tag, Reader { bytes: self.take(size)?, flexible: self.flexible })))
            }
        }
    }

    /// Skips a section of tagged fields of which none is known.
    pub fn skip_tags(&mut self) -> Result<(), WireError> {
        let mut tags = self.tags()?;
        while self.next_tag(&mut tags)?.is_some() {}
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Writer;

    #[test]
    fn varints_are_as_in_the_protocol_guide() {
        for (value, bytes) in [
            (0, &[0_u8][..]),
            (127, &[0x7f]),
            (128, &[0x80, 0x01]),
            (300, &[0xac, 0x02]),
            (16_383, &[0xff, 0x7f]),
            (u32::MAX, &[0xff, 0xff, 0xff, 0xff, 0x0f]),
        ] {
            let mut reader = Reader::new(bytes);
            assert_eq!((reader.unsigned_varint(), reader.finish()), (Ok(value), Ok(())));
            let mut writer = Writer::new();
            writer.unsigned_varint(value);
            assert_eq!(writer.buffer(), bytes);
        }
    }

    #[test]
    fn a_varint_of_more_than_32_bits_is_refused() {
        for bytes in [[0xff, 0xff, 0xff, 0xff, 0x10, 0], [0x80, 0x80, 0x80, 0x80, 0x80, 0x01]] {
            assert_eq!(Reader::new(&bytes).unsigned_varint(), Err(WireError::VarintTooLong));
        }
        let cut = Reader::new(&[0x80]).unsigned_varint();
        assert_eq!(cut, Err(WireError::Truncated { needed: 1, remaining: 0 }));
    }

    #[test]
    fn strings_have_two_encodings() {
        let flexible = |bytes| {
            let mut reader = Reader::new(bytes);
            reader.set_flexible(true);
            reader.nullable_string()
        };
        assert_eq!(Reader::new(b"\0\x02hi").nullable_string(), Ok(Some("hi")));
        assert_eq!(Reader::new(b"\xff\xff").nullable_string(), Ok(None));
        assert_eq!(Reader::new(b"\xff\xff").string(), Err(WireError::UnexpectedNull));
        assert_eq!(Reader::new(b"\xff\xfe").nullable_string(), Err(WireError::NegativeLength(-2)));
        assert_eq!(flexible(b"\x03hi"), Ok(Some("hi")));
        assert_eq!(flexible(b"\x00"), Ok(None));
        let longest = WireError::Truncated { needed: 32_767, remaining: 0 };
        assert_eq!(flexible(b"\x80\x80\x02"), Err(longest));
        assert_eq!(flexible(b"\x81\x80\x02"), Err(WireError::TooLong(32_768)));
        assert!(matches!(Reader::new(b"\0\x01\xff").string(), Err(WireError::NotUtf8(_))));
    }

    #[test]
    fn a_count_is_bounded_by_the_smallest_size_of_an_element() {
        let bytes = [0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(Reader::new(&bytes).count(4), Err(WireError::CountTooLarge { count: 2, remaining: 7 }));
        assert_eq!(Reader::new(&bytes).count(3), Ok(Some(2)));
        let huge = [0x7f, 0xff, 0xff, 0xff];
        let refused = WireError::CountTooLarge { count: i32::MAX as usize, remaining: 0 };
        assert_eq!(Reader::new(&huge).count(usize::MAX), Err(refused));
    }

    #[test]
    fn arrays_are_decoded_element_by_element() {
        let bytes = [0, 0, 0, 2, 0, 0, 0, 7, 0xff, 0xff, 0xff, 0xff, 9];
        let mut reader = Reader::new(&bytes);
        let array = reader.array::<i32>(0).unwrap();
        assert_eq!((array.len(), reader.remaining()), (2, &[9][..]));
        assert_eq!(array.iter().collect::<Vec<_>>(), [7, -1]);
        assert_eq!(array, Array::from(vec![7, -1]));
        let strings = Reader::new(b"\0\0\0\x02\0\x01a\0\x02bc").array::<&str>(0).unwrap();
        assert_eq!(strings.iter().collect::<Vec<_>>(), ["a", "bc"]);
    }

    #[test]
    fn a_tagged_field_ends_where_it_says() {
        let bytes = [2, 0, 1, 5, 9, 2, 6, 7, 1];
        let mut reader = Reader::new(&bytes);
        let mut tags = reader.tags().unwrap();
        let (tag, mut field) = reader.next_tag(&mut tags).unwrap().unwrap();
        assert_eq!((tag, field.int8(), field.finish()), (0, Ok(5), Ok(())));
        let (tag, mut field) = reader.next_tag(&mut tags).unwrap().unwrap();
        assert_eq!((tag, field.int8(), field.finish()), (9, Ok(6), Err(WireError::TrailingBytes(1))));
        assert!(reader.next_tag(&mut tags).unwrap().is_none());
        assert_eq!(reader.remaining(), [1]);
    }
}
