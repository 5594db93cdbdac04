//! Messages that begin with their version, as consumers' subscriptions and assignments do within a group.

use crate::{Message, Reader, WireError, Writer};

/// A message's bytes after its version's.
///
/// # Errors
/// [`WireError`]: a value that this version cannot carry.
pub fn encode_versioned<'a, M: Message<'a>>(message: &M, version: i16) -> Result<Vec<u8>, WireError> {
    let mut writer = Writer::new();
    writer.int16(version);
    message.encode_message(&mut writer, version)?;
    Ok(writer.into_vec())
}

/// Reads what [`encode_versioned`] writes. Of a version that is too new the part is read that the newest known one has.
///
/// # Errors
/// [`WireError`]: what is wrong with the bytes.
pub fn decode_versioned<'a, M: Message<'a>>(bytes: &'a [u8]) -> Result<M, WireError> {
    let mut reader = Reader::new(bytes);
    let version = reader.int16()?.min(M::VERSIONS.max);
    M::decode_message(&mut reader, version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::ConsumerProtocolSubscription;

    #[test]
    fn what_is_newer_is_read_as_far_as_it_is_known() {
        let subscription = ConsumerProtocolSubscription { topics: vec!["t"].into(), ..Default::default() };
        let mut bytes = encode_versioned(&subscription, 3).unwrap();
        assert_eq!(decode_versioned::<ConsumerProtocolSubscription<'_>>(&bytes).unwrap(), subscription);
        bytes[1] = 9;
        bytes.extend(b"more");
        assert_eq!(decode_versioned::<ConsumerProtocolSubscription<'_>>(&bytes).unwrap(), subscription);
        assert!(decode_versioned::<ConsumerProtocolSubscription<'_>>(&bytes[..5]).is_err());
    }
}
