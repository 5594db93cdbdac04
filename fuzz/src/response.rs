//! An answer to a request of any API and version, as a client receives it; and the records in it.

use millrace_record::compression::Scratch;
use millrace_wire::header::ResponseHeader;
use millrace_wire::messages::FetchResponse;
use millrace_wire::{Reader, Writer, versions};

use crate::batch;
use crate::input::Input;
use crate::list;
use crate::messages::{RoundTrip, samples};

/// Reads key and version of the request, then its answer.
///
/// # Panics
/// At a finding.
pub fn run(input: &[u8]) {
    let mut input = Input::new(input);
    let (key, version) = (input.u16().cast_signed(), input.u16().cast_signed());
    let mut reader = Reader::new(input.rest());
    let Ok(header) = ResponseHeader::decode(&mut reader, key, version) else { return };
    let mut writer = Writer::new();
    assert_eq!(header.encode(&mut writer, key, version), Ok(()));
    assert_eq!(ResponseHeader::decode(&mut Reader::new(writer.buffer()), key, version), Ok(header));
    let Some(name) = versions::name(key) else { panic!("a header of an unknown API was taken") };
    let outcome = list::with_message(&format!("{name}Response"), reader.remaining(), version, &mut RoundTrip);
    assert!(outcome.is_some(), "{name} has no response");
    if key == FetchResponse::KEY
        && let Ok(response) = FetchResponse::decode(&mut Reader::new(reader.remaining()), version)
    {
        read_records(&response);
    }
}

/// Reads the records of a fetch answer as a consumer does.
fn read_records(response: &FetchResponse<'_>) {
    let mut scratch = Scratch::new(batch::INFLATED_BYTES_MAX);
    for topic in &response.responses {
        for partition in &topic.partitions {
            batch::read(partition.records.and_then(|records| records.as_slice()).unwrap_or_default(), &mut scratch);
        }
    }
}

/// An answer of each API in each version.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (name, version, body) in samples(|name| name.ends_with("Response")) {
        let Some(api) = versions::all().iter().find(|api| format!("{}Response", api.name) == name) else { continue };
        let mut writer = Writer::new();
        writer.int16(api.key);
        writer.int16(version);
        assert_eq!(ResponseHeader { correlation_id: 7 }.encode(&mut writer, api.key, version), Ok(()));
        writer.raw(&body);
        seeds.push(writer.into_vec());
    }
    seeds
}
