//! Frames of the native protocol, as either side reads them.

use millrace_wire::frame::LENGTH_BYTES;
use millrace_wire::native::{
    MAGIC, MESSAGE_BYTES_MAX, NativeError, NativeMessage, PartitionId, ToBroker, ToClient, VERSION, encode, read,
};

use crate::input::Input;

/// Reads which side it is, then a frame without its length.
///
/// # Panics
/// At a finding.
pub fn run(input: &[u8]) {
    let mut input = Input::new(input);
    match input.byte() % 2 {
        0 => round_trip::<ToBroker>(input.rest()),
        _ => round_trip::<ToClient>(input.rest()),
    }
}

/// What was understood can be said again, and is then understood as the same. Its bytes may be others.
fn round_trip<M: NativeMessage + PartialEq + std::fmt::Debug>(frame: &[u8]) {
    let Ok((message, payload)) = read::<M>(frame) else { return };
    let said = match encode(&message, payload.len()) {
        Ok(prefix) => [&prefix, payload].concat(),
        // An archive may hold a text once for several of its fields, which is written out for each of them.
        Err(NativeError::MessageLength { message, .. }) if message > MESSAGE_BYTES_MAX => return,
        Err(error) => panic!("{message:?} was read and cannot be said: {error}"),
    };
    let again = read::<M>(said.get(LENGTH_BYTES..).unwrap_or_default());
    let is_same = again.is_ok_and(|(again, rest)| (again, rest) == (message, payload));
    assert!(is_same, "what is said again is understood otherwise");
}

/// Each message once.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let partition = PartitionId { topic: [7; 16], index: 3 };
    let text = || "some text that is longer than what lies in place".to_owned();
    let to_broker = [
        ToBroker::Hello { magic: MAGIC, version: VERSION, client_id: text() },
        ToBroker::Locate { request: 1, topic: text() },
        ToBroker::FindOffset { request: 2, partition, timestamp: -1 },
        ToBroker::InitProducer { request: 3 },
        ToBroker::Produce { request: 4, partition },
        ToBroker::Subscribe { stream: 5, partition, offset: 6, credit_bytes: 7 },
        ToBroker::Credit { stream: 8, bytes: 9 },
        ToBroker::Unsubscribe { stream: 10 },
        ToBroker::KeepAlive,
    ];
    let to_client = [
        ToClient::Welcome { version: VERSION, cluster_id: text(), node_id: 1, core: 2, ports: vec![3, 4, 5] },
        ToClient::Located { request: 1, topic_id: [8; 16], is_columns: true, cores: vec![0, 1, 0] },
        ToClient::Offset { request: 2, offset: 3 },
        ToClient::Producer { request: 4, producer_id: 5 },
        ToClient::Produced { request: 6, base_offset: 7 },
        ToClient::Failed { request: 8, code: 9, message: text() },
        ToClient::Records { stream: 10, next_offset: 11, high_watermark: 12 },
        ToClient::Ended { stream: 13, code: 14, message: text() },
    ];
    let framed = |side: u8, frame: Result<Vec<u8>, NativeError>| {
        let frame = frame.unwrap_or_default();
        [&[side], frame.get(LENGTH_BYTES..).unwrap_or_default(), b"payload"].concat()
    };
    let first = to_broker.iter().map(|message| framed(0, encode(message, 0)));
    first.chain(to_client.iter().map(|message| framed(1, encode(message, 0)))).collect()
}
