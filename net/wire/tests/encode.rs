//! What a version can and cannot carry, and where the bytes of a fetch answer go.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

use millrace_wire::messages::fetch::{FetchableTopicResponse, PartitionData};
use millrace_wire::messages::metadata::MetadataRequestTopic;
use millrace_wire::messages::{ApiVersionsRequest, FetchRequest, FetchResponse, MetadataRequest, ProduceRequest};
use millrace_wire::{Array, Reader, Records, Splice, WireError, Writer, frame, header::ResponseHeader};

#[test]
fn an_api_versions_request_is_as_a_java_client_sends_it() {
    let bytes = b"\x12apache-kafka-java\x064.3.1\0";
    let request = ApiVersionsRequest::decode(&mut Reader::new(bytes), 4).unwrap();
    assert_eq!((request.client_software_name, request.client_software_version), ("apache-kafka-java", "4.3.1"));
    let mut writer = Writer::new();
    request.encode(&mut writer, 4).unwrap();
    assert_eq!(writer.buffer(), bytes);
}

#[test]
fn a_version_that_is_not_there_is_named() {
    let unsupported = |version| Err(WireError::UnsupportedVersion { message: "ProduceRequest", version });
    assert_eq!(ProduceRequest::decode(&mut Reader::new(&[0; 99]), 2), unsupported(2));
    assert_eq!(
        ProduceRequest::default().encode(&mut Writer::new(), 14),
        unsupported(14).map(|_: ProduceRequest<'_>| ())
    );
}

#[test]
fn a_field_that_must_not_be_lost_is_refused_and_an_ignorable_one_is_dropped() {
    let request = FetchRequest { replica_id: 1, ..FetchRequest::default() };
    request.encode(&mut Writer::new(), 14).unwrap();
    let refused = request.encode(&mut Writer::new(), 15);
    assert_eq!(refused, Err(WireError::UnsupportedField { field: "ReplicaId", version: 15 }));

    let request = FetchRequest { session_id: 7, rack_id: "r", ..FetchRequest::default() };
    let mut writer = Writer::new();
    request.encode(&mut writer, 4).unwrap();
    let decoded = FetchRequest::decode(&mut Reader::new(writer.buffer()), 4).unwrap();
    assert_eq!(decoded, FetchRequest::default());
}

#[test]
fn null_is_refused_where_the_version_has_none() {
    let request = MetadataRequest { topics: None, ..MetadataRequest::default() };
    assert_eq!(request.encode(&mut Writer::new(), 0), Err(WireError::UnsupportedNull { field: "Topics", version: 0 }));
    request.encode(&mut Writer::new(), 1).unwrap();
    assert_eq!(MetadataRequest::decode(&mut Reader::new(&[0xff; 4]), 0), Err(WireError::UnexpectedNull));
    assert_eq!(MetadataRequest::decode(&mut Reader::new(&[0xff; 4]), 1).unwrap().topics, None);
}

#[test]
fn a_count_beyond_the_bytes_is_refused_before_anything_loops() {
    let outcome = MetadataRequest::decode(&mut Reader::new(&[0x7f, 0xff, 0xff, 0xff, 0, 0]), 0);
    assert_eq!(outcome, Err(WireError::CountTooLarge { count: i32::MAX as usize, remaining: 2 }));
    let outcome = MetadataRequest::decode(&mut Reader::new(&[0x80, 0, 0, 0]), 0);
    assert_eq!(outcome, Err(WireError::NegativeLength(i64::from(i32::MIN))));
}

#[test]
fn a_string_is_limited_to_what_kafka_takes() {
    let long = "x".repeat(40_000);
    let topics = Array::from(vec![MetadataRequestTopic { name: Some(&long), ..MetadataRequestTopic::default() }]);
    let request = MetadataRequest { topics: Some(topics), ..MetadataRequest::default() };
    assert_eq!(request.encode(&mut Writer::new(), 12), Err(WireError::TooLong(40_000)));
}

#[test]
fn what_was_decoded_is_encoded_in_another_version() {
    let names: Array<'_, MetadataRequestTopic<'_>> =
        ["a", "bc"].into_iter().map(|name| MetadataRequestTopic { name: Some(name), ..Default::default() }).collect();
    let request = MetadataRequest { topics: Some(names), ..MetadataRequest::default() };
    let mut old = Writer::new();
    request.encode(&mut old, 4).unwrap();
    let decoded = MetadataRequest::decode(&mut Reader::new(old.buffer()), 4).unwrap();
    let mut new = Writer::new();
    decoded.encode(&mut new, 12).unwrap();
    let mut expected = Writer::new();
    request.encode(&mut expected, 12).unwrap();
    assert_eq!(new.buffer(), expected.buffer());
}

#[test]
fn spliced_records_are_sent_where_copied_ones_would_be() {
    let records = [7_u8; 300];
    for version in [4, 11, 12, 18] {
        let answer = |records| {
            let partition = PartitionData { records: Some(records), high_watermark: 5, ..PartitionData::default() };
            let topic = FetchableTopicResponse { partitions: vec![partition].into(), ..Default::default() };
            let response = FetchResponse { responses: vec![topic].into(), ..FetchResponse::default() };
            let mut writer = Writer::new();
            let start = frame::begin(&mut writer);
            ResponseHeader { correlation_id: 1 }.encode(&mut writer, FetchResponse::KEY, version).unwrap();
            response.encode(&mut writer, version).unwrap();
            frame::end(&mut writer, start).unwrap();
            writer.into_parts()
        };
        let (copied, none) = answer(Records::Slice(&records));
        let (mut head, splices) = answer(Records::Spliced(records.len()));
        let [Splice { position, bytes: 300 }] = splices[..] else { panic!("one splice: {splices:?}") };
        head.splice(position..position, records);
        assert_eq!((none.len(), head), (0, copied), "version {version}");
    }
}
