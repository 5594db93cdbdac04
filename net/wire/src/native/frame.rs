//! A message on the wire:
//!
//! | bytes | what |
//! |---|---|
//! | 4 | the length of all that follows, as of Kafka's [frames](crate::frame) |
//! | 4 | the length of the message (unsigned, big-endian), at most [`MESSAGE_BYTES_MAX`] |
//! | so many | the message: an rkyv archive, its root at the end |
//! | the rest | the payload: record batches, or nothing |

use rkyv::rancor::Error;

use super::messages::{ToBroker, ToClient};
use crate::frame::{FrameError, LENGTH_BYTES};

/// Bytes of the message's own length.
const MESSAGE_LENGTH_BYTES: usize = 4;
/// Bytes before the message.
const PREFIX_BYTES: usize = LENGTH_BYTES + MESSAGE_LENGTH_BYTES;
/// The longest message, in bytes: the longest there is names the cores of 100,000 partitions.
pub const MESSAGE_BYTES_MAX: usize = 256 * 1024;

/// What cannot be said, or was not understood.
#[derive(Debug, thiserror::Error)]
pub enum NativeError {
    /// The frame cannot be as long.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The message's length is not one.
    #[error("a message of {message} bytes in a frame of {frame}")]
    MessageLength {
        /// As announced, in bytes.
        message: usize,
        /// Bytes of the frame, without its length.
        frame: usize,
    },
    /// The archive holds no such message.
    #[error("the message cannot be read: {0}")]
    Message(Error),
}

mod sealed {
    use rkyv::rancor::Error;

    /// What may be said, to and from its archive.
    pub trait Archived: Sized {
        fn append_to(&self, bytes: Vec<u8>) -> Result<Vec<u8>, Error>;
        fn of(archive: &[u8]) -> Result<Self, Error>;
    }
}

use sealed::Archived;

/// [`ToBroker`] or [`ToClient`].
pub trait NativeMessage: Archived {}

macro_rules! native_message {
    ($message:ty) => {
        impl Archived for $message {
            fn append_to(&self, bytes: Vec<u8>) -> Result<Vec<u8>, Error> {
                rkyv::api::high::to_bytes_in(self, bytes)
            }

            fn of(archive: &[u8]) -> Result<Self, Error> {
                rkyv::from_bytes(archive)
            }
        }

        impl NativeMessage for $message {}
    };
}

native_message!(ToBroker);
native_message!(ToClient);

/// A frame up to its payload, of which `payload_bytes` are to follow.
///
/// # Errors
/// [`NativeError`] when the message or the frame would be too long.
pub fn encode(message: &impl NativeMessage, payload_bytes: usize) -> Result<Vec<u8>, NativeError> {
    let mut bytes = message.append_to(vec![0; PREFIX_BYTES]).map_err(NativeError::Message)?;
    let message_bytes = bytes.len() - PREFIX_BYTES;
    let frame_bytes = MESSAGE_LENGTH_BYTES + message_bytes + payload_bytes;
    let too_long = || NativeError::MessageLength { message: message_bytes, frame: frame_bytes };
    let message_length = Some(message_bytes).filter(|bytes| *bytes <= MESSAGE_BYTES_MAX);
    let message_length = message_length.and_then(|bytes| u32::try_from(bytes).ok()).ok_or_else(too_long)?;
    let frame_length = i32::try_from(frame_bytes).or(Err(FrameError::Unsendable(frame_bytes)))?;
    let prefix = frame_length.to_be_bytes().into_iter().chain(message_length.to_be_bytes());
    bytes.iter_mut().zip(prefix).for_each(|(byte, of_prefix)| *byte = of_prefix);
    Ok(bytes)
}

/// The message of a frame, and its payload. `frame` is what follows the frame's length.
///
/// # Errors
/// [`NativeError`] when there is no such message in it.
pub fn read<M: NativeMessage>(frame: &[u8]) -> Result<(M, &[u8]), NativeError> {
    let length = frame.first_chunk::<MESSAGE_LENGTH_BYTES>().map(|length| u32::from_be_bytes(*length) as usize);
    let rest = frame.get(MESSAGE_LENGTH_BYTES..).unwrap_or_default();
    let possible = length.filter(|length| *length <= MESSAGE_BYTES_MAX);
    let Some((archive, payload)) = possible.and_then(|length| rest.split_at_checked(length)) else {
        return Err(NativeError::MessageLength { message: length.unwrap_or_default(), frame: frame.len() });
    };
    M::of(archive).map(|message| (message, payload)).map_err(NativeError::Message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::frame;
    use crate::native::{MAGIC, PartitionId, VERSION};

    fn to_broker() -> impl Strategy<Value = ToBroker> {
        let partition = (any::<[u8; 16]>(), any::<i32>()).prop_map(|(topic, index)| PartitionId { topic, index });
        prop_oneof![
            (any::<u32>(), any::<u16>(), ".{0,300}").prop_map(|(magic, version, client_id)| ToBroker::Hello {
                magic,
                version,
                client_id
            }),
            (any::<u32>(), ".{0,249}").prop_map(|(request, topic)| ToBroker::Locate { request, topic }),
            (any::<u32>(), partition.clone()).prop_map(|(request, partition)| ToBroker::Produce { request, partition }),
            (any::<u32>(), partition, any::<i64>(), any::<u32>()).prop_map(
                |(stream, partition, offset, credit_bytes)| {
                    ToBroker::Subscribe { stream, partition, offset, credit_bytes }
                }
            ),
            Just(ToBroker::KeepAlive),
        ]
    }

    proptest! {
        #[test]
        fn what_is_said_is_understood(message in to_broker(), payload in any::<Vec<u8>>(), shift in 0_usize..8) {
            let mut bytes = vec![0xee; shift];
            bytes.extend_from_slice(&encode(&message, payload.len()).unwrap());
            bytes.extend_from_slice(&payload);
            let bytes = &bytes[shift..];
            let length = frame::length(bytes, usize::MAX).unwrap().unwrap();
            prop_assert_eq!(length, bytes.len() - LENGTH_BYTES);
            let (understood, rest) = read::<ToBroker>(&bytes[LENGTH_BYTES..]).unwrap();
            prop_assert_eq!((understood, rest), (message, &payload[..]));
        }

        #[test]
        fn whatever_comes_is_a_message_or_an_error(
            message in to_broker(),
            at in any::<prop::sample::Index>(),
            to in any::<u8>(),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut bytes = encode(&message, 0).unwrap().split_off(LENGTH_BYTES);
            let at = at.index(bytes.len());
            bytes[at] = to;
            let cut = cut.index(bytes.len() + 1);
            // Neither may panic; which of both it is depends on what was hit.
            let _ = read::<ToBroker>(&bytes[..cut]);
            let _ = read::<ToClient>(&bytes[..cut]);
        }
    }

    #[test]
    fn lengths_that_cannot_be_are_named() {
        let hello = ToBroker::Hello { magic: MAGIC, version: VERSION, client_id: "x".repeat(MESSAGE_BYTES_MAX) };
        assert!(matches!(encode(&hello, 0), Err(NativeError::MessageLength { .. })));
        let too_much = encode(&ToBroker::KeepAlive, i32::MAX as usize);
        assert!(matches!(too_much, Err(NativeError::Frame(FrameError::Unsendable(_)))));
        for frame in [&[][..], &[0, 0, 0], &[0, 0, 0, 9, 1, 2], &[0xff; 12]] {
            assert!(matches!(read::<ToBroker>(frame), Err(NativeError::MessageLength { .. })), "{frame:?}");
        }
    }
}
