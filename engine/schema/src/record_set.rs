//! The record batches of a produce request or a fetch answer: opaque to the codecs.

/// A field of type `records`: zero or more record batches, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Records<'a> {
    /// The bytes themselves. What is decoded is always this.
    Slice(&'a [u8]),
    /// So many bytes (not in memory, or not to be copied) that are sent at this place: encoding writes their length and
    /// notes a [`Splice`](crate::Splice).
    Spliced(usize),
}

impl<'a> Records<'a> {
    /// Length in bytes.
    pub fn len(&self) -> usize {
        match self {
            Records::Slice(bytes) => bytes.len(),
            Records::Spliced(bytes) => *bytes,
        }
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes, unless they are spliced in.
    pub fn as_slice(&self) -> Option<&'a [u8]> {
        match self {
            Records::Slice(bytes) => Some(bytes),
            Records::Spliced(_) => None,
        }
    }
}

impl Default for Records<'_> {
    fn default() -> Self {
        Records::Slice(&[])
    }
}
