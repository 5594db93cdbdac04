//! Clients that create and delete topics.

use millrace_base::code::ErrorCode;
use millrace_record::builder::BatchBuilder;
use millrace_record::compression::Codec;
use millrace_wire::Records;
use millrace_wire::messages::create_topics::{
    CreatableTopic, CreatableTopicConfig, CreateTopicsRequest, CreateTopicsResponse,
};
use millrace_wire::messages::delete_topics::{DeleteTopicState, DeleteTopicsRequest, DeleteTopicsResponse};
use millrace_wire::messages::metadata::{MetadataRequest, MetadataRequestTopic, MetadataResponse};
use millrace_wire::messages::produce::{PartitionProduceData, ProduceRequest, ProduceResponse, TopicProduceData};

use crate::client::Client;
use crate::model::{Promise, SideTopic, Topic};
use crate::offsets;

const CREATE_VERSION: i16 = 7;
const DELETE_VERSION: i16 = 6;
const METADATA_VERSION: i16 = 12;
/// The last one that names topics.
const PRODUCE_VERSION: i16 = 12;

/// Creates a topic, and finds out its id.
pub(crate) async fn create(client: &mut Client, name: &str, partitions: usize, settings: &[(&str, String)]) -> Topic {
    loop {
        let configs = settings.iter().map(|(name, value)| CreatableTopicConfig { name, value: Some(value) });
        let topic = CreatableTopic {
            name,
            num_partitions: partitions as i32,
            replication_factor: 1,
            configs: configs.collect(),
            ..Default::default()
        };
        let request = CreateTopicsRequest { topics: vec![topic].into(), timeout_ms: 30_000, ..Default::default() };
        let Some(answer) = client.call(CREATE_VERSION, &request).await else { continue };
        let response = answer.decode::<CreateTopicsResponse<'_>>();
        let result = response.topics.iter().next().expect("a result for the topic");
        match ErrorCode::from_code(result.error_code) {
            Some(ErrorCode::None) => {
                client.note(format_args!("{name} created"));
                client.model().promised(Promise::Topic);
                return Topic { name: name.to_owned(), id: result.topic_id, partitions, is_everywhere: true };
            }
            // An earlier request counted, though its answer did not come: not every core may know of it yet.
            Some(ErrorCode::TopicAlreadyExists) => {
                client.pause().await;
                if let Some(id) = find(client, name).await {
                    client.note(format_args!("{name} was created"));
                    return Topic { name: name.to_owned(), id, partitions, is_everywhere: false };
                }
            }
            _ => client.passes("create", result.error_code),
        }
    }
}

/// A topic's id, if the broker knows a topic of that name.
async fn find(client: &mut Client, name: &str) -> Option<[u8; 16]> {
    loop {
        let topic = MetadataRequestTopic { name: Some(name), ..Default::default() };
        let request = MetadataRequest {
            topics: Some(vec![topic].into()),
            allow_auto_topic_creation: false,
            ..Default::default()
        };
        let Some(answer) = client.call(METADATA_VERSION, &request).await else { continue };
        let response = answer.decode::<MetadataResponse<'_>>();
        let found = response.topics.iter().next().expect("an answer for the topic");
        return match ErrorCode::from_code(found.error_code) {
            Some(ErrorCode::None) => Some(found.topic_id),
            Some(ErrorCode::UnknownTopicOrPartition) => None,
            code => panic!("metadata of {name}: {code:?}"),
        };
    }
}

/// Creates topics, writes into them, and deletes some again, `rounds` times.
pub(crate) async fn come_and_go(mut client: Client, rounds: usize) {
    for round in 0..rounds {
        let name = format!("side-{round}");
        let partitions = 1 + client.random.index(3);
        let topic = create(&mut client, &name, partitions, &[]).await;
        let side = SideTopic { topic, acknowledged: 0, sent: 0, is_doomed: false, is_deleted: false };
        client.model().side_topics.push(side);
        for _ in 0..client.random.below(6) {
            append(&mut client, round).await;
        }
        check(&mut client, round).await;
        if client.random.coin() {
            delete(&mut client, round).await;
            check(&mut client, round).await;
        }
        client.pause().await;
    }
}

/// Sends one record, once.
async fn append(client: &mut Client, round: usize) {
    let mut batch = BatchBuilder::new(Codec::None);
    batch.push(client.core.wall_ms(), None, Some(b"side"), &[]).unwrap();
    let batch = batch.build().unwrap();
    let topic = client.model().side_topics[round].topic.clone();
    let partition = PartitionProduceData { index: 0, records: Some(Records::Slice(&batch)) };
    let data = TopicProduceData { name: &topic.name, partition_data: vec![partition].into(), ..Default::default() };
    let request = ProduceRequest { acks: -1, timeout_ms: 30_000, topic_data: vec![data].into(), ..Default::default() };
    client.model().side_topics[round].sent += 1;
    let Some(answer) = client.call(PRODUCE_VERSION, &request).await else { return };
    let response = answer.decode::<ProduceResponse<'_>>();
    let result = response.responses.iter().next().and_then(|topic| topic.partition_responses.iter().next());
    let result = result.expect("a result for the partition");
    match result.error_code {
        0 => client.model().side_topics[round].acknowledged = result.base_offset + 1,
        code => client.passes_for(&topic, "append", code),
    }
}

async fn delete(client: &mut Client, round: usize) {
    let topic = client.model().side_topics[round].topic.clone();
    client.model().side_topics[round].is_doomed = true;
    let is_everywhere = loop {
        // By its id: a request that comes late must not hit another.
        let state = DeleteTopicState { name: None, topic_id: topic.id };
        let request = DeleteTopicsRequest { topics: vec![state].into(), timeout_ms: 30_000, ..Default::default() };
        let Some(answer) = client.call(DELETE_VERSION, &request).await else { continue };
        let response = answer.decode::<DeleteTopicsResponse<'_>>();
        let result = response.responses.iter().next().expect("a result for the topic");
        match ErrorCode::from_code(result.error_code) {
            Some(ErrorCode::None) => break true,
            // An earlier request counted, or the topic is not known everywhere yet.
            Some(ErrorCode::UnknownTopicId) if find(client, &topic.name).await != Some(topic.id) => break false,
            Some(ErrorCode::UnknownTopicId) => client.pause().await,
            _ => client.passes("delete", result.error_code),
        }
    };
    client.note(format_args!("{} deleted", topic.name));
    client.model().promised(Promise::Deletion);
    client.model().side_topics[round].is_deleted = is_everywhere;
}

/// Compares a topic that comes and goes with what is known of it.
pub(crate) async fn check(client: &mut Client, round: usize) {
    let known = client.model().side_topics[round].clone();
    let name = &known.topic.name;
    let found = find(client, name).await;
    if known.is_deleted {
        assert_ne!(found, Some(known.topic.id), "{name} was deleted");
        return;
    }
    if !known.is_doomed && known.topic.is_everywhere {
        assert_eq!(found, Some(known.topic.id), "{name} was created");
    }
    if known.is_doomed || found.is_none() {
        return;
    }
    if let Some(end) = offsets::end(client, &known.topic, 0).await {
        let expected = known.acknowledged..=known.sent;
        assert!(expected.contains(&end), "{name} ends at {end}, not within {expected:?}");
    }
}
