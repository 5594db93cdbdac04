//! A broker with one topic of one partition that does what a test tells it, and otherwise what a broker does.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use millrace_base::code::ErrorCode;
use millrace_record::batch::Batch;
use millrace_record::compression::Scratch;
use millrace_record::header;
use millrace_wire::frame::{self, LENGTH_BYTES};
use millrace_wire::header::{RequestHeader, ResponseHeader};
use millrace_wire::messages::api_versions::{ApiVersion, ApiVersionsRequest, ApiVersionsResponse};
use millrace_wire::messages::fetch::{FetchRequest, FetchResponse, FetchableTopicResponse, PartitionData};
use millrace_wire::messages::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};
use millrace_wire::messages::list_offsets::{
    ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsResponse, ListOffsetsTopicResponse,
};
use millrace_wire::messages::metadata::{
    MetadataRequest, MetadataResponse, MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use millrace_wire::messages::produce::{
    PartitionProduceResponse, ProduceRequest, ProduceResponse, TopicProduceResponse,
};
use millrace_wire::{Array, Message, Reader, Records, Writer};

/// The one topic.
pub(crate) const TOPIC: &str = "t";
/// Each API with the version that is offered.
const OFFERED: [(i16, i16); 6] = [
    (ApiVersionsRequest::KEY, 3),
    (MetadataRequest::KEY, 12),
    (ProduceRequest::KEY, 9),
    (FetchRequest::KEY, 12),
    (ListOffsetsRequest::KEY, 8),
    (InitProducerIdRequest::KEY, 4),
];

/// What is done about a Produce or a Fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reaction {
    /// What a broker does.
    Take,
    Refuse(ErrorCode),
    /// Nothing is done, and the connection closed.
    HangUp,
    /// Done, and the connection closed without an answer.
    TakeAndHangUp,
}

#[derive(Default)]
struct State {
    reactions: VecDeque<Reaction>,
    /// Batches with their offsets.
    log: Vec<Vec<u8>>,
    next_offset: i64,
}

/// A broker; its thread ends with the process.
pub(crate) struct Broker {
    address: String,
    state: Arc<Mutex<State>>,
}

impl Broker {
    pub(crate) fn start(reactions: &[Reaction]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let state = Arc::new(Mutex::new(State { reactions: reactions.iter().copied().collect(), ..State::default() }));
        let (port, shared) = (listener.local_addr().unwrap().port(), Arc::clone(&state));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, shared) = (stream.unwrap(), Arc::clone(&shared));
                thread::spawn(move || serve(stream, port, &shared));
            }
        });
        Self { address, state }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// What is done about the next Produces and Fetches.
    pub(crate) fn react(&self, reactions: &[Reaction]) {
        self.state.lock().unwrap().reactions.extend(reactions);
    }

    /// How many records each batch of the log has.
    pub(crate) fn batches(&self) -> Vec<i32> {
        let count = |bytes: &Vec<u8>| Batch::first(bytes).unwrap().record_count();
        self.state.lock().unwrap().log.iter().map(count).collect()
    }

    /// The values in the log.
    pub(crate) fn values(&self) -> Vec<Vec<u8>> {
        let mut values = Vec::new();
        for bytes in &self.state.lock().unwrap().log {
            for record in Batch::first(bytes).unwrap().records(&mut Scratch::default()).unwrap() {
                values.push(record.unwrap().value.unwrap().to_vec());
            }
        }
        values
    }
}

fn serve(mut stream: TcpStream, port: u16, state: &Mutex<State>) {
    let mut prefix = [0; LENGTH_BYTES];
    while stream.read_exact(&mut prefix).is_ok() {
        let mut request = vec![0; frame::length(&prefix, usize::MAX).unwrap().unwrap()];
        stream.read_exact(&mut request).unwrap();
        let mut reader = Reader::new(&request);
        let header = RequestHeader::decode(&mut reader).unwrap();
        let Some(answer) = answer(&header, &mut reader, port, &mut state.lock().unwrap()) else { return };
        // A client that has gone needs no answer.
        if stream.write_all(&answer).is_err() {
            return;
        }
    }
}

/// The answer to a request; `None` closes the connection.
fn answer(header: &RequestHeader<'_>, reader: &mut Reader<'_>, port: u16, state: &mut State) -> Option<Vec<u8>> {
    let version = header.api_version;
    match header.api_key {
        ApiVersionsRequest::KEY => Some(frame_of(header, &api_versions())),
        MetadataRequest::KEY => Some(frame_of(header, &metadata(port))),
        InitProducerIdRequest::KEY => {
            let response = InitProducerIdResponse { producer_id: 7, producer_epoch: 0, ..Default::default() };
            Some(frame_of(header, &response))
        }
        ListOffsetsRequest::KEY => {
            let request = ListOffsetsRequest::decode(reader, version).unwrap();
            let asked = request.topics.iter().next().unwrap().partitions.iter().next().unwrap();
            let offset = if asked.timestamp == -2 { 0 } else { state.next_offset };
            let found = ListOffsetsPartitionResponse { offset, ..Default::default() };
            let topic = ListOffsetsTopicResponse { name: TOPIC, partitions: vec![found].into() };
            Some(frame_of(header, &ListOffsetsResponse { topics: vec![topic].into(), ..Default::default() }))
        }
        ProduceRequest::KEY => {
            let request = ProduceRequest::decode(reader, version).unwrap();
            let data = request.topic_data.iter().next().unwrap().partition_data.iter().next().unwrap();
            let batch = data.records.and_then(|records| records.as_slice()).unwrap();
            let (code, base_offset) = match state.reactions.pop_front().unwrap_or(Reaction::Take) {
                Reaction::Take => state.append(batch),
                Reaction::Refuse(code) => (code, -1),
                Reaction::HangUp => return None,
                Reaction::TakeAndHangUp => {
                    state.append(batch);
                    return None;
                }
            };
            let result = PartitionProduceResponse { error_code: code.code(), base_offset, ..Default::default() };
            let topic =
                TopicProduceResponse { name: TOPIC, partition_responses: vec![result].into(), ..Default::default() };
            Some(frame_of(header, &ProduceResponse { responses: vec![topic].into(), ..Default::default() }))
        }
        FetchRequest::KEY => {
            let request = FetchRequest::decode(reader, version).unwrap();
            let offset = request.topics.iter().next().unwrap().partitions.iter().next().unwrap().fetch_offset;
            let (code, run) = match state.reactions.pop_front().unwrap_or(Reaction::Take) {
                Reaction::Take => (ErrorCode::None, state.read(offset)),
                Reaction::Refuse(code) => (code, Vec::new()),
                Reaction::HangUp | Reaction::TakeAndHangUp => return None,
            };
            let found =
                PartitionData { error_code: code.code(), records: Some(Records::Slice(&run)), ..Default::default() };
            let topic = FetchableTopicResponse { topic: TOPIC, partitions: vec![found].into(), ..Default::default() };
            Some(frame_of(header, &FetchResponse { responses: vec![topic].into(), ..Default::default() }))
        }
        key => panic!("nobody offered API {key}"),
    }
}

impl State {
    /// Appends a batch, unless its producer has sent it before. Its error code and base offset.
    fn append(&mut self, bytes: &[u8]) -> (ErrorCode, i64) {
        let batch = Batch::first(bytes).unwrap();
        assert!(batch.crc_is_valid());
        let mut known = self.log.iter().map(|bytes| Batch::first(bytes).unwrap());
        let is_same = |one: &Batch<'_>| one.has_producer_id() && one.base_sequence() == batch.base_sequence();
        if known.any(|known| is_same(&known)) {
            return (ErrorCode::DuplicateSequenceNumber, -1);
        }
        let base_offset = self.next_offset;
        let mut bytes = bytes.to_vec();
        header::stamp(&mut bytes, base_offset, 0).unwrap();
        self.next_offset = Batch::first(&bytes).unwrap().next_offset();
        self.log.push(bytes);
        (ErrorCode::None, base_offset)
    }

    /// The batches from an offset on, and as a broker may do, the last one cut.
    fn read(&self, offset: i64) -> Vec<u8> {
        let is_wanted = |bytes: &&Vec<u8>| Batch::first(bytes).unwrap().next_offset() > offset;
        let wanted: Vec<_> = self.log.iter().filter(is_wanted).collect();
        let mut run = wanted.iter().flat_map(|bytes| bytes.iter().copied()).collect::<Vec<_>>();
        if wanted.len() > 1 {
            run.truncate(run.len() - 1);
        }
        run
    }
}

fn api_versions() -> ApiVersionsResponse<'static> {
    let api = |(api_key, version)| ApiVersion { api_key, min_version: version, max_version: version };
    ApiVersionsResponse { api_keys: OFFERED.map(api).to_vec().into(), ..Default::default() }
}

fn metadata(port: u16) -> MetadataResponse<'static> {
    let one = || Array::from(vec![1]);
    let broker = MetadataResponseBroker { node_id: 1, host: "127.0.0.1", port: port.into(), rack: None };
    let partition =
        MetadataResponsePartition { leader_id: 1, replica_nodes: one(), isr_nodes: one(), ..Default::default() };
    let topic = MetadataResponseTopic { name: Some(TOPIC), partitions: vec![partition].into(), ..Default::default() };
    MetadataResponse {
        brokers: vec![broker].into(),
        controller_id: 1,
        topics: vec![topic].into(),
        ..Default::default()
    }
}

fn frame_of<'a>(header: &RequestHeader<'_>, body: &impl Message<'a>) -> Vec<u8> {
    let mut writer = Writer::new();
    let start = frame::begin(&mut writer);
    let response = ResponseHeader { correlation_id: header.correlation_id };
    response.encode(&mut writer, header.api_key, header.api_version).unwrap();
    body.encode_message(&mut writer, header.api_version).unwrap();
    frame::end(&mut writer, start).unwrap();
    writer.into_vec()
}
