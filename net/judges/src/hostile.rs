//! Input that lies about its lengths and counts, or never ends.

use std::io::{self, ErrorKind};

use crate::wire::{Connection, flexible_header, frame, header};

/// Kafka's keys of the requests that are used here.
const PRODUCE: i16 = 0;
const FETCH: i16 = 1;
const METADATA: i16 = 3;
const API_VERSIONS: i16 = 18;
const CREATE_TOPICS: i16 = 19;

/// Bytes for a connection of their own.
pub struct Case {
    /// What is wrong with them.
    pub name: &'static str,
    /// What is sent.
    pub bytes: Vec<u8>,
    /// Whether the frame is whole as far as its length says, so that the broker has all it needs to answer or to hang
    /// up.
    pub is_whole: bool,
}

/// All cases.
#[must_use]
pub fn cases() -> Vec<Case> {
    let request = |key: i16, version: i16, body: &[u8]| frame(&[&header(key, version, 1), body].concat());
    let flexible = |key: i16, version: i16, body: &[u8]| frame(&[&flexible_header(key, version, 1), body].concat());
    let huge = i32::MAX.to_be_bytes();
    // Produce 3: transactional id null, acks -1, timeout 1 s
    let produce = |rest: &[u8]| request(PRODUCE, 3, &[&[0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 3, 0xE8][..], rest].concat());
    let one_topic = [&1_i32.to_be_bytes()[..], &1_i16.to_be_bytes(), b"t"].concat();
    let one_partition = [&one_topic[..], &1_i32.to_be_bytes(), &0_i32.to_be_bytes()].concat();
    let endless_varint = [0xFF; 12];
    let whole = |name, bytes| Case { name, bytes, is_whole: true };
    let cut = |name, bytes| Case { name, bytes, is_whole: false };
    vec![
        whole("length -1", (-1_i32).to_be_bytes().to_vec()),
        whole("the most negative length", i32::MIN.to_be_bytes().to_vec()),
        whole("length 2 GiB - 1", huge.to_vec()),
        whole("length 2 GiB - 1, then data", [&huge[..], &[0; 4096]].concat()),
        whole("length 0", frame(&[])),
        whole("a frame that ends in its header", frame(&[0, 18, 0])),
        whole("a header without its client id", frame(&header(API_VERSIONS, 0, 1)[..8])),
        whole("a client id longer than the frame", frame(&[0, 18, 0, 0, 0, 0, 0, 1, 0x7F, 0xFF, b'x'])),
        whole("a client id of negative length", frame(&[0, 18, 0, 0, 0, 0, 0, 1, 0x80, 0, b'x'])),
        whole("api key 9999", request(9999, 0, &[])),
        whole("api key -1", request(-1, 0, &[])),
        whole("Metadata version 999", request(METADATA, 999, &[])),
        whole("Metadata version -1", request(METADATA, -1, &[])),
        whole("Metadata of 2^31-1 topics", request(METADATA, 1, &huge)),
        whole("Metadata of -2 topics", request(METADATA, 1, &(-2_i32).to_be_bytes())),
        whole("Metadata without a body", request(METADATA, 4, &[])),
        whole("Metadata 12 with a count that never ends", flexible(METADATA, 12, &endless_varint)),
        whole("Metadata 12 of 2^32-1 topics", flexible(METADATA, 12, &[0xFF, 0xFF, 0xFF, 0xFF, 0x0F])),
        whole("2^32-1 tagged fields", flexible(METADATA, 12, &[0, 1, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F])),
        whole("a tagged field longer than the frame", flexible(METADATA, 12, &[0, 1, 0, 1, 99, 0xFF, 0xFF, 0x7F, 1])),
        whole(
            "a header whose tagged fields never end",
            frame(&[&header(METADATA, 12, 1), &endless_varint[..]].concat()),
        ),
        whole("ApiVersions 3 with a name longer than the frame", flexible(API_VERSIONS, 3, &[0xFF, 0x7F, b'x'])),
        whole("Produce to 2^31-1 topics", produce(&huge)),
        whole("Produce to -5 topics", produce(&(-5_i32).to_be_bytes())),
        whole("Produce to 2^31-1 partitions", produce(&[&one_topic[..], &huge].concat())),
        whole("Produce of 2 GiB of records", produce(&[&one_partition[..], &huge, &[0; 100]].concat())),
        whole("Produce of -7 bytes of records", produce(&[&one_partition[..], &(-7_i32).to_be_bytes()].concat())),
        whole(
            "Produce of records that are none",
            produce(&[&one_partition[..], &100_i32.to_be_bytes(), &[0xAA; 100]].concat()),
        ),
        whole("Fetch of 2^31-1 topics", request(FETCH, 4, &[&[0xFF; 4][..], &[0; 13], &huge].concat())),
        whole("CreateTopics of 2^31-1 topics", request(CREATE_TOPICS, 2, &huge)),
        whole("CreateTopics of -3 topics", request(CREATE_TOPICS, 2, &(-3_i32).to_be_bytes())),
        cut("half a length", vec![0, 0]),
        cut("a length and nothing", 100_i32.to_be_bytes().to_vec()),
        cut("a frame cut in its header", request(METADATA, 1, &huge)[..9].to_vec()),
        cut("a frame cut in its body", produce(&one_partition)[..30].to_vec()),
        cut("TLS instead of Kafka", b"\x00\x00\x02\x00\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec()),
    ]
}

/// What a broker did with a connection that lied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// It answered.
    Answered,
    /// It closed the connection.
    Closed,
    /// It waits, for more or for ever.
    Silent,
}

/// Sends a case on a connection of its own. A cut case hangs up itself.
///
/// # Errors
/// When the broker cannot be connected to.
pub fn send(address: &str, case: &Case) -> io::Result<Reaction> {
    let mut connection = Connection::open(address)?;
    // It may have hung up already while more was being sent.
    let sent = connection.send(&case.bytes);
    if !case.is_whole {
        return sent.map(|()| Reaction::Silent);
    }
    match connection.receive() {
        Ok(_) => Ok(Reaction::Answered),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(Reaction::Silent),
        Err(_) => Ok(Reaction::Closed),
    }
}

/// A beginning of a request, different from connection to connection, whose rest never comes. Up to so many bytes are
/// announced.
#[must_use]
pub fn beginning(index: usize, announced_bytes: i32) -> Vec<u8> {
    match index % 4 {
        0 => vec![0, 0, 1],
        1 => 200_i32.to_be_bytes().to_vec(),
        2 => [&announced_bytes.to_be_bytes()[..], &header(PRODUCE, 3, 1)].concat(),
        _ => [&announced_bytes.to_be_bytes()[..], &header(PRODUCE, 3, 1), &[0xFF; 100]].concat(),
    }
}
