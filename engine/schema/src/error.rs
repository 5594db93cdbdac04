//! What can be wrong with bytes that claim to be a message, or with a message that is to become bytes.

use std::str::Utf8Error;

/// A message could not be decoded or encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The message ends before its last field does.
    #[error("message is cut short: {needed} bytes expected, {remaining} left")]
    Truncated {
        /// Bytes that the next field takes.
        needed: usize,
        /// Bytes that are left.
        remaining: usize,
    },
    /// An array or a tag section announces more elements than the remaining bytes can hold.
    #[error("{count} elements cannot fit in the {remaining} bytes that are left")]
    CountTooLarge {
        /// Announced number of elements.
        count: usize,
        /// Bytes that are left.
        remaining: usize,
    },
    /// A length or a count is negative where it cannot be.
    #[error("negative length {0}")]
    NegativeLength(i64),
    /// Null where the version does not allow it.
    #[error("null where this version allows none")]
    UnexpectedNull,
    /// A string or a count is longer than the format can say, or than Kafka accepts (32,767 bytes for a string).
    #[error("length {0} is more than the protocol allows")]
    TooLong(usize),
    /// A variable-length integer has more bytes than its type.
    #[error("variable-length integer is too long")]
    VarintTooLong,
    /// A string is not UTF-8.
    #[error("string is not UTF-8")]
    NotUtf8(#[from] Utf8Error),
    /// Bytes follow where a message or a tagged field should have ended.
    #[error("{0} bytes follow the end")]
    TrailingBytes(usize),
    /// The message has no such version.
    #[error("{message} has no version {version}")]
    UnsupportedVersion {
        /// Kafka's name of the message.
        message: &'static str,
        /// The version asked for.
        version: i16,
    },
    /// No API has this key.
    #[error("no API has the key {0}")]
    UnknownKey(i16),
    /// A field has a value that this version cannot carry and that must not be lost.
    #[error("version {version} cannot carry a value of the field {field}")]
    UnsupportedField {
        /// Kafka's name of the field.
        field: &'static str,
        /// The version asked for.
        version: i16,
    },
    /// A field is null, and this version cannot say so.
    #[error("version {version} cannot carry null in the field {field}")]
    UnsupportedNull {
        /// Kafka's name of the field.
        field: &'static str,
        /// The version asked for.
        version: i16,
    },
}
