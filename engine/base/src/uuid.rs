//! Kafka's ids as text: 16 bytes in URL-safe base64 without padding (22 characters).
//!
//! [`TopicId`] prints itself; this file reads it back, and says which ids may be given to a topic.

use std::str::FromStr;

use crate::ids::TopicId;

/// Characters of an id in text.
const TEXT_BYTES: usize = 22;

/// Why a text is not an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UuidError {
    /// The text is not 22 characters long.
    #[error("an id has {TEXT_BYTES} characters, this has {0} bytes")]
    Length(usize),
    /// A character lies outside the URL-safe base64 alphabet.
    #[error("{0:?} is not a character of URL-safe base64")]
    Character(char),
    /// The last character has bits set that belong to no byte of the id.
    #[error("the last character {0:?} does not end 16 bytes")]
    Tail(char),
}

impl TopicId {
    /// Whether a topic may bear this id: neither "no id" nor the one of `__cluster_metadata`, and not with a leading
    /// dash in its text, which command lines would take for an option (Kafka draws its random ids by the same rule).
    pub fn is_assignable(self) -> bool {
        self != TopicId::ZERO && self != TopicId::METADATA && !self.to_string().starts_with('-')
    }
}

impl FromStr for TopicId {
    type Err = UuidError;

    /// Reads what `Display` prints.
    fn from_str(text: &str) -> Result<Self, UuidError> {
        if text.len() != TEXT_BYTES {
            return Err(UuidError::Length(text.len()));
        }
        let mut word = 0_u128;
        for character in text.chars().take(TEXT_BYTES - 1) {
            word = (word << 6) | u128::from(digit(character)?);
        }
        // 21 digits are 126 bits: the last digit holds the 2 that remain, above 4 bits of padding.
        let last = text.chars().next_back().unwrap_or_default();
        let digit = digit(last)?;
        if digit & 0b1111 != 0 {
            return Err(UuidError::Tail(last));
        }
        Ok(TopicId(((word << 2) | u128::from(digit >> 4)).to_be_bytes()))
    }
}

/// The six bits that a character of URL-safe base64 stands for.
fn digit(character: char) -> Result<u8, UuidError> {
    match character {
        'A'..='Z' => Ok(character as u8 - b'A'),
        'a'..='z' => Ok(character as u8 - b'a' + 26),
        '0'..='9' => Ok(character as u8 - b'0' + 52),
        '-' => Ok(62),
        '_' => Ok(63),
        _ => Err(UuidError::Character(character)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_kafka_prints() {
        assert_eq!("AAAAAAAAAAAAAAAAAAAAAQ".parse(), Ok(TopicId::METADATA));
        assert_eq!("AAAAAAAAAAAAAAAAAAAAAA".parse(), Ok(TopicId::ZERO));
        assert_eq!("_____________________w".parse(), Ok(TopicId([0xff; 16])));
        assert_eq!("-----------------------".parse::<TopicId>(), Err(UuidError::Length(23)));
    }

    #[test]
    fn refuses_what_is_not_an_id() {
        assert_eq!("".parse::<TopicId>(), Err(UuidError::Length(0)));
        assert_eq!("AAAAAAAAAAAAAAAAAAAAA=".parse::<TopicId>(), Err(UuidError::Character('=')));
        assert_eq!("AAAAAAAAAAAAAAAAAAAAAB".parse::<TopicId>(), Err(UuidError::Tail('B')));
        assert_eq!("AAAAAAAAAAAAAAAAAAAAé".parse::<TopicId>(), Err(UuidError::Character('é')));
    }

    #[test]
    fn reserved_ids_are_not_assignable() {
        assert!(!TopicId::ZERO.is_assignable());
        assert!(!TopicId::METADATA.is_assignable());
        assert!(!TopicId([0xfb; 16]).is_assignable(), "begins with a dash");
        assert!(TopicId([7; 16]).is_assignable());
    }

    proptest! {
        #[test]
        fn every_id_reads_back_as_it_was_printed(bytes: [u8; 16]) {
            let id = TopicId(bytes);
            prop_assert_eq!(id.to_string().parse(), Ok(id));
        }

        #[test]
        fn no_text_makes_it_panic(text: String) {
            if let Ok(id) = text.parse::<TopicId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }
}
