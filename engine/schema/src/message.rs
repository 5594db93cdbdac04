//! What all messages and their parts can do.

use std::fmt;

use crate::{Reader, WireError, Writer};

/// The `FLEXIBLE_FROM` of a message without flexible versions.
pub const NEVER_FLEXIBLE: i16 = i16::MAX;

/// Versions of a message or an API, both ends inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionRange {
    /// Lowest version.
    pub min: i16,
    /// Highest version.
    pub max: i16,
}

impl VersionRange {
    /// Whether the version lies in the range.
    pub fn contains(self, version: i16) -> bool {
        self.min <= version && version <= self.max
    }

    /// The versions that lie in both ranges, if there are any.
    pub fn intersect(self, other: VersionRange) -> Option<VersionRange> {
        let range = VersionRange { min: self.min.max(other.min), max: self.max.min(other.max) };
        (range.min <= range.max).then_some(range)
    }
}

impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.min == self.max { write!(f, "{}", self.min) } else { write!(f, "{}-{}", self.min, self.max) }
    }
}

/// Something that a message is made of: a primitive or a struct.
pub trait Wire<'a>: Clone {
    /// The fewest bytes that a value takes, over all versions.
    const BYTES_MIN: usize;
    /// Whether every value takes exactly `BYTES_MIN` bytes, and any bytes are a value.
    const IS_FIXED: bool = false;

    /// Reads a value as it is written in `version`.
    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError>;

    /// Writes the value as `version` wants it.
    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError>;
}

/// A whole message: a request, a response, or the key or value of an internal record.
pub trait Message<'a>: Wire<'a> {
    /// Kafka's name.
    const NAME: &'static str;
    /// The versions that this crate can encode and decode.
    const VERSIONS: VersionRange;
    /// The first version with compact lengths and tagged fields, or [`NEVER_FLEXIBLE`].
    const FLEXIBLE_FROM: i16;

    /// Decodes and checks the whole message; the reader then stands after it.
    ///
    /// # Errors
    /// [`WireError::UnsupportedVersion`], or what is wrong with the bytes.
    fn decode_message(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        check_version(Self::NAME, Self::VERSIONS, version)?;
        reader.set_flexible(version >= Self::FLEXIBLE_FROM);
        Self::read(reader, version)
    }

    /// Appends the message to the writer.
    ///
    /// # Errors
    /// [`WireError::UnsupportedVersion`], or a value that this version cannot carry.
    fn encode_message(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        check_version(Self::NAME, Self::VERSIONS, version)?;
        writer.set_flexible(version >= Self::FLEXIBLE_FROM);
        self.write(writer, version)
    }
}

/// A request, and what answers it.
pub trait Request<'a>: Message<'a> {
    /// The API's key.
    const KEY: i16;
    /// The answer.
    type Response<'r>: Message<'r>;
}

/// The value of a field that may be null, in a version in which it may not.
///
/// # Errors
/// [`WireError::UnsupportedNull`].
pub fn not_null<T>(value: Option<T>, field: &'static str, version: i16) -> Result<T, WireError> {
    value.ok_or(WireError::UnsupportedNull { field, version })
}

fn check_version(message: &'static str, versions: VersionRange, version: i16) -> Result<(), WireError> {
    if versions.contains(version) { Ok(()) } else { Err(WireError::UnsupportedVersion { message, version }) }
}

/// Implements [`Message`] for a generated struct, and `decode` and `encode` that need no trait in scope.
#[macro_export]
#[doc(hidden)]
macro_rules! message {
    ($name:ident<$life:lifetime>, $($facts:tt)*) => {
        impl<$life> $name<$life> {
            $crate::message!(@inherent $life, $($facts)*);
        }
        impl<$life> $crate::Message<$life> for $name<$life> {
            $crate::message!(@facts $name, $($facts)*);
        }
    };
    ($name:ident, $($facts:tt)*) => {
        impl $name {
            $crate::message!(@inherent '_, $($facts)*);
        }
        impl $crate::Message<'_> for $name {
            $crate::message!(@facts $name, $($facts)*);
        }
    };
    (
        @inherent $life:lifetime,
        $(key $key:literal,)? versions $min:literal..=$max:literal, flexible from $flexible:expr
    ) => {
        $(
            /// The API's key, or the type of an internal record.
            pub const KEY: i16 = $key;
        )?
        /// The versions that can be encoded and decoded.
        pub const VERSIONS: $crate::VersionRange = $crate::VersionRange { min: $min, max: $max };

        /// Decodes and checks the whole message; the reader then stands after it.
        ///
        /// # Errors
        /// `UnsupportedVersion`, or what is wrong with the bytes.
        pub fn decode(reader: &mut $crate::Reader<$life>, version: i16) -> Result<Self, $crate::WireError> {
            $crate::Message::decode_message(reader, version)
        }

        /// Appends the message to the writer.
        ///
        /// # Errors
        /// `UnsupportedVersion`, or a value that this version cannot carry.
        pub fn encode(&self, writer: &mut $crate::Writer, version: i16) -> Result<(), $crate::WireError> {
            $crate::Message::encode_message(self, writer, version)
        }
    };
    (@facts $name:ident, $(key $key:literal,)? versions $min:literal..=$max:literal, flexible from $flexible:expr) => {
        const NAME: &'static str = stringify!($name);
        const VERSIONS: $crate::VersionRange = $crate::VersionRange { min: $min, max: $max };
        const FLEXIBLE_FROM: i16 = $flexible;
    };
}

macro_rules! primitive {
    ($($type:ty, $bytes:literal, $method:ident;)*) => {$(
        impl Wire<'_> for $type {
            const BYTES_MIN: usize = $bytes;
            const IS_FIXED: bool = true;

            fn read(reader: &mut Reader<'_>, _version: i16) -> Result<Self, WireError> {
                reader.$method()
            }

            fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
                writer.$method(*self);
                Ok(())
            }
        }
    )*};
}

primitive! {
    i8, 1, int8;
    i16, 2, int16;
    i32, 4, int32;
    i64, 8, int64;
    [u8; 16], 16, uuid;
}

impl<'a> Wire<'a> for &'a str {
    const BYTES_MIN: usize = 1;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        reader.string()
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self)
    }
}
