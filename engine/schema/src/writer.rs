//! Writes Kafka's primitive types to the end of a buffer.

use crate::reader::STRING_BYTES_MAX;
use crate::{Array, Records, Wire, WireError};

/// Bytes that are sent by reference: they belong at `position` of the writer's buffer, but are not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Splice {
    /// Index in the buffer of the byte that follows the spliced ones.
    pub position: usize,
    /// How many bytes.
    pub bytes: usize,
}

/// A buffer that grows by what is written, and the places where other bytes are to be sent in between.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    buffer: Vec<u8>,
    splices: Vec<Splice>,
    flexible: bool,
    throttle_time_at: Option<usize>,
}

/// A section of tagged fields that is being written.
#[derive(Debug)]
pub struct TagSection {
    count_at: usize,
    count: u8,
}

impl Writer {
    /// An empty writer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Continues a buffer: what it holds stays before what is written.
    pub fn from_vec(buffer: Vec<u8>) -> Self {
        Writer { buffer, ..Self::default() }
    }

    /// Chooses the encoding of lengths for what follows (KIP-482).
    pub fn set_flexible(&mut self, flexible: bool) {
        self.flexible = flexible;
    }

    /// Whether lengths are written in the compact encoding.
    pub fn is_flexible(&self) -> bool {
        self.flexible
    }

    /// What was written, spliced bytes left out.
    pub fn buffer(&self) -> &[u8] {
        &self.buffer
    }

    /// The splices, in order of position.
    pub fn splices(&self) -> &[Splice] {
        &self.splices
    }

    /// The buffer and its splices.
    pub fn into_parts(self) -> (Vec<u8>, Vec<Splice>) {
        (self.buffer, self.splices)
    }

    /// The buffer, where nothing is spliced in.
    pub fn into_vec(self) -> Vec<u8> {
        debug_assert!(self.splices.is_empty(), "spliced bytes would be lost");
        self.buffer
    }

    /// Bytes in the buffer.
    pub fn len(&self) -> usize {
        self.buffer.len()
    }

    /// Whether the buffer has no byte.
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Bytes in the buffer from `position` on and bytes spliced in after it: what goes over the wire.
    pub fn sent_bytes_from(&self, position: usize) -> usize {
        let spliced = self.splices.iter().filter(|splice| splice.position > position).map(|splice| splice.bytes);
        self.buffer.len().saturating_sub(position) + spliced.sum::<usize>()
    }

    /// Empties it and keeps its memory.
    pub fn clear(&mut self) {
        self.buffer.clear();
        self.splices.clear();
    }

    /// Drops what was written after `position`: an answer that turned out not to be one.
    pub fn truncate(&mut self, position: usize) {
        self.buffer.truncate(position);
        self.splices.retain(|splice| splice.position <= position);
    }

    /// Appends bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Overwrites the four bytes at `position` with an int32 (a length that was not known before).
    pub fn patch_int32(&mut self, position: usize, value: i32) {
        if let Some(bytes) = self.buffer.get_mut(position..).and_then(|rest| rest.first_chunk_mut::<4>()) {
            *bytes = value.to_be_bytes();
        } else {
            debug_assert!(false, "patched bytes were never written");
        }
    }

    /// A boolean.
    pub fn bool(&mut self, value: bool) {
        self.buffer.push(u8::from(value));
    }

    /// An int8.
    pub fn int8(&mut self, value: i8) {
        self.raw(&value.to_be_bytes());
    }

    /// An int16.
    pub fn int16(&mut self, value: i16) {
        self.raw(&value.to_be_bytes());
    }

    /// A uint16.
    pub fn uint16(&mut self, value: u16) {
        self.raw(&value.to_be_bytes());
    }

    /// An int32.
    pub fn int32(&mut self, value: i32) {
        self.raw(&value.to_be_bytes());
    }

    /// An answer's `ThrottleTimeMs`: an int32, whose place is remembered.
    pub fn throttle_time_ms(&mut self, value: i32) {
        self.throttle_time_at = Some(self.buffer.len());
        self.int32(value);
    }

    /// Index in the buffer of the answer's `ThrottleTimeMs`, if it has one.
    pub fn throttle_time_at(&self) -> Option<usize> {
        self.throttle_time_at
    }

    /// An int64.
    pub fn int64(&mut self, value: i64) {
        self.raw(&value.to_be_bytes());
    }

    /// A float64.
    pub fn float64(&mut self, value: f64) {
        self.raw(&value.to_be_bytes());
    }

    /// A UUID: 16 bytes.
    pub fn uuid(&mut self, value: [u8; 16]) {
        self.raw(&value);
    }

    /// An unsigned variable-length integer.
    pub fn unsigned_varint(&mut self, value: u32) {
        let (bytes, length) = varint(value);
        self.buffer.extend(bytes.into_iter().take(length));
    }

    /// A length as int32, or compact: `None` is null.
    fn long_length(&mut self, length: Option<usize>) -> Result<(), WireError> {
        let length = match length {
            None => -1,
            Some(length) => i32::try_from(length).or(Err(WireError::TooLong(length)))?,
        };
        if self.flexible {
            self.unsigned_varint(length.wrapping_add(1).cast_unsigned());
        } else {
            self.int32(length);
        }
        Ok(())
    }

    /// A string that may be null.
    pub fn nullable_string(&mut self, value: Option<&str>) -> Result<(), WireError> {
        let length = match value {
            None => -1,
            Some(value) if value.len() <= STRING_BYTES_MAX => value.len() as i16,
            Some(value) => return Err(WireError::TooLong(value.len())),
        };
        if self.flexible {
            self.unsigned_varint((i32::from(length) + 1).cast_unsigned());
        } else {
            self.int16(length);
        }
        self.raw(value.unwrap_or_default().as_bytes());
        Ok(())
    }

    /// A string.
    pub fn string(&mut self, value: &str) -> Result<(), WireError> {
        self.nullable_string(Some(value))
    }

    /// Bytes that may be null.
    pub fn nullable_bytes(&mut self, value: Option<&[u8]>) -> Result<(), WireError> {
        self.long_length(value.map(<[u8]>::len))?;
        self.raw(value.unwrap_or_default());
        Ok(())
    }

    /// Bytes.
    pub fn bytes(&mut self, value: &[u8]) -> Result<(), WireError> {
        self.nullable_bytes(Some(value))
    }

    /// Record batches, that may be null.
    pub fn nullable_records(&mut self, value: Option<Records<'_>>) -> Result<(), WireError> {
        self.long_length(value.map(|records| records.len()))?;
        match value {
            None => {}
            Some(Records::Slice(bytes)) => self.raw(bytes),
            Some(Records::Spliced(bytes)) => self.splices.push(Splice { position: self.buffer.len(), bytes }),
        }
        Ok(())
    }

    /// Record batches.
    pub fn records(&mut self, value: Records<'_>) -> Result<(), WireError> {
        self.nullable_records(Some(value))
    }

    /// An array that may be null.
    pub fn nullable_array<'a, T: Wire<'a>>(
        &mut self,
        value: Option<&Array<'a, T>>,
        version: i16,
    ) -> Result<(), WireError> {
        self.long_length(value.map(Array::len))?;
        value.map_or(Ok(()), |array| array.write(self, version))
    }

    /// An array.
    pub fn array<'a, T: Wire<'a>>(&mut self, value: &Array<'a, T>, version: i16) -> Result<(), WireError> {
        self.nullable_array(Some(value), version)
    }

    /// A struct that may be null.
    pub fn nullable_struct<'a, T: Wire<'a>>(&mut self, value: Option<&T>, version: i16) -> Result<(), WireError> {
        match value {
            None => self.int8(-1),
            Some(value) => {
                self.int8(1);
                value.write(self, version)?;
            }
        }
        Ok(())
    }

    /// A struct in a tagged field that may be null.
    pub fn tagged_struct<'a, T: Wire<'a>>(&mut self, value: Option<&T>, version: i16) -> Result<(), WireError> {
        self.buffer.push(u8::from(value.is_some()));
        value.map_or(Ok(()), |value| value.write(self, version))
    }

    /// A section without tagged fields.
    pub fn no_tags(&mut self) {
        self.buffer.push(0);
    }

    /// Starts a section of at most 127 tagged fields.
    pub fn tags(&mut self) -> TagSection {
        self.buffer.push(0);
        TagSection { count_at: self.buffer.len() - 1, count: 0 }
    }

    /// Starts a tagged field; the returned position is for [`Writer::tag_end`].
    pub fn tag(&mut self, tags: &mut TagSection, tag: u32) -> usize {
        tags.count += 1;
        self.unsigned_varint(tag);
        self.buffer.len()
    }

    /// Ends a tagged field: puts its size before it.
    pub fn tag_end(&mut self, start: usize) {
        debug_assert!(self.splices.last().is_none_or(|splice| splice.position < start), "records in a tagged field");
        let (bytes, length) = varint((self.buffer.len() - start) as u32);
        self.buffer.splice(start..start, bytes.into_iter().take(length));
    }

    /// Ends a section of tagged fields: fills in their count.
    pub fn tags_end(&mut self, tags: &TagSection) {
        debug_assert!(tags.count < 0x80, "the count takes one byte");
        if let Some(count) = self.buffer.get_mut(tags.count_at) {
            *count = tags.count;
        }
    }
}

/// The bytes of an unsigned variable-length integer, and how many of them it takes.
fn varint(mut value: u32) -> ([u8; 5], usize) {
    let mut bytes = [0; 5];
    let mut length = 0;
    for byte in &mut bytes {
        length += 1;
        if value < 0x80 {
            *byte = value as u8;
            break;
        }
        *byte = value as u8 | 0x80;
        value >>= 7;
    }
    (bytes, length)
}
