//! A stream of request frames, as a connection brings it: lengths, headers, and bodies in every version.

use millrace_wire::frame::{self, LENGTH_BYTES};
use millrace_wire::header::RequestHeader;
use millrace_wire::{Reader, Writer, versions};

use crate::list;
use crate::messages::{RoundTrip, samples};

/// The longest frame, in bytes.
const FRAME_BYTES_MAX: usize = 1 << 20;

/// Takes a stream apart.
///
/// # Panics
/// At a finding.
pub fn run(mut stream: &[u8]) {
    while let Ok(Some(length)) = frame::length(stream, FRAME_BYTES_MAX) {
        let Some(frame) = stream.get(LENGTH_BYTES..LENGTH_BYTES + length) else { return };
        stream = stream.get(LENGTH_BYTES + length..).unwrap_or_default();
        one(frame);
    }
}

fn one(frame: &[u8]) {
    let mut reader = Reader::new(frame);
    let Ok(header) = RequestHeader::decode(&mut reader) else { return };
    let mut writer = Writer::new();
    assert_eq!(header.encode(&mut writer), Ok(()), "{header:?}");
    assert_eq!(RequestHeader::decode(&mut Reader::new(writer.buffer())), Ok(header));
    let Some(name) = versions::name(header.api_key) else { panic!("a header of an unknown API was taken") };
    let outcome = list::with_message(&format!("{name}Request"), reader.remaining(), header.api_version, &mut RoundTrip);
    assert!(outcome.is_some(), "{name} has no request");
}

/// A request of each API in each version, one to a stream.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let samples = samples(|name| name.ends_with("Request"));
    let mut seeds = Vec::new();
    for (name, api_version, body) in samples {
        let Some(api) = versions::all().iter().find(|api| format!("{}Request", api.name) == name) else { continue };
        let header = RequestHeader { api_key: api.key, api_version, correlation_id: 7, client_id: Some("seed") };
        let mut writer = Writer::new();
        let start = frame::begin(&mut writer);
        assert_eq!(header.encode(&mut writer), Ok(()));
        writer.raw(&body);
        assert_eq!(frame::end(&mut writer, start), Ok(()));
        seeds.push(writer.into_vec());
    }
    seeds
}
