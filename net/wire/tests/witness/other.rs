//! The crate `kafka-protocol`, by message name.

use std::fmt::Debug;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::{self as witness, ApiKey, RequestKind, ResponseKind};
use kafka_protocol::protocol::{Decodable, Encodable};
use serde_json::Value as Json;

/// What the crate prints for a message, and its bytes when the crate encodes it again; or its error.
pub(crate) fn again(name: &str, schema: &Json, bytes: &[u8], version: i16) -> Result<(String, Vec<u8>), String> {
    let mut input = Bytes::copy_from_slice(bytes);
    let mut output = BytesMut::new();
    let key = || ApiKey::try_from(schema["apiKey"].as_i64().unwrap() as i16).unwrap();
    let printed = match (schema["type"].as_str().unwrap(), name) {
        ("request", _) => RequestKind::decode(key(), &mut input, version)
            .and_then(|message| message.encode(&mut output, version).map(|()| format!("{message:?}")))
            .map_err(|error| format!("{error:#}")),
        ("response", _) => ResponseKind::decode(key(), &mut input, version)
            .and_then(|message| message.encode(&mut output, version).map(|()| format!("{message:?}")))
            .map_err(|error| format!("{error:#}")),
        (_, "ConsumerProtocolAssignment") => {
            one::<witness::ConsumerProtocolAssignment>(&mut input, &mut output, version)
        }
        (_, "ConsumerProtocolSubscription") => {
            one::<witness::ConsumerProtocolSubscription>(&mut input, &mut output, version)
        }
        (_, "DefaultPrincipalData") => one::<witness::DefaultPrincipalData>(&mut input, &mut output, version),
        (_, "EndTxnMarker") => one::<witness::EndTxnMarker>(&mut input, &mut output, version),
        (_, "KRaftVersionRecord") => one::<witness::KRaftVersionRecord>(&mut input, &mut output, version),
        (_, "SnapshotFooterRecord") => one::<witness::SnapshotFooterRecord>(&mut input, &mut output, version),
        (_, "SnapshotHeaderRecord") => one::<witness::SnapshotHeaderRecord>(&mut input, &mut output, version),
        _ => panic!("{name} is not known to the witness"),
    };
    let printed = printed?;
    if input.is_empty() { Ok((printed, output.to_vec())) } else { Err(format!("{} bytes are left", input.len())) }
}

fn one<M: Decodable + Encodable + Debug>(
    input: &mut Bytes,
    output: &mut BytesMut,
    version: i16,
) -> Result<String, String> {
    let message = M::decode(input, version).map_err(|error| format!("{error:#}"))?;
    message.encode(output, version).map_err(|error| format!("{error:#}"))?;
    Ok(format!("{message:?}"))
}
