//! A consumer that commits offsets for a group without being a member of it, as `kafka-consumer-groups` does.

use std::collections::BTreeSet;

use millrace_base::code::ErrorCode;
use millrace_wire::messages::find_coordinator::{FindCoordinatorRequest, FindCoordinatorResponse};
use millrace_wire::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic, OffsetCommitResponse,
};
use millrace_wire::messages::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopics, OffsetFetchResponse,
};

use crate::client::Client;
use crate::model::{Promise, Topic};

const FIND_COORDINATOR_VERSION: i16 = 4;
const COMMIT_VERSION: i16 = 8;
const FETCH_VERSION: i16 = 8;
/// What is told where nothing was committed.
const NOTHING: i64 = -1;

/// What may be committed.
struct Committed {
    /// The last one that was acknowledged.
    acknowledged: i64,
    /// Sent, without an answer: each may have come, or come late.
    uncertain: BTreeSet<i64>,
}

/// Commits `rounds` offsets, one after the other, and reads them back.
pub(crate) async fn commit(mut client: Client, rounds: i64) {
    let topic = client.topic().await;
    let group = client.name.clone();
    let mut committed = Committed { acknowledged: NOTHING, uncertain: BTreeSet::new() };
    find_coordinator(&mut client, &group).await;
    for offset in 0..rounds {
        if store(&mut client, &group, &topic, offset).await {
            committed.acknowledged = offset;
        } else {
            committed.uncertain.insert(offset);
        }
        if client.random.coin() {
            check(&mut client, &group, &topic, &committed).await;
        }
        client.pause().await;
    }
    while !check(&mut client, &group, &topic, &committed).await {}
}

async fn find_coordinator(client: &mut Client, group: &str) {
    loop {
        let request = FindCoordinatorRequest { coordinator_keys: vec![group].into(), ..Default::default() };
        let Some(answer) = client.call(FIND_COORDINATOR_VERSION, &request).await else { continue };
        let response = answer.decode::<FindCoordinatorResponse<'_>>();
        let found = response.coordinators.iter().next().expect("an answer for the group");
        if found.error_code == 0 {
            return;
        }
        client.passes("find coordinator", found.error_code);
        client.pause().await;
    }
}

/// Whether the commit was acknowledged.
async fn store(client: &mut Client, group: &str, topic: &Topic, offset: i64) -> bool {
    let partition = OffsetCommitRequestPartition {
        partition_index: 0,
        committed_offset: offset,
        committed_leader_epoch: -1,
        committed_metadata: Some(""),
    };
    let stored =
        OffsetCommitRequestTopic { name: &topic.name, partitions: vec![partition].into(), ..Default::default() };
    let request = OffsetCommitRequest {
        group_id: group,
        generation_id_or_member_epoch: -1,
        topics: vec![stored].into(),
        ..Default::default()
    };
    let Some(answer) = client.call(COMMIT_VERSION, &request).await else { return false };
    let response = answer.decode::<OffsetCommitResponse<'_>>();
    let result = response.topics.iter().next().and_then(|topic| topic.partitions.iter().next());
    let result = result.expect("a result for the partition");
    if result.error_code != 0 {
        client.passes_for(topic, "commit", result.error_code);
        return false;
    }
    client.note(format_args!("{offset} committed"));
    client.model().promised(Promise::Commit);
    true
}

/// Compares what is committed with what may be. False when no answer came.
async fn check(client: &mut Client, group: &str, topic: &Topic, committed: &Committed) -> bool {
    let asked = OffsetFetchRequestTopics { name: &topic.name, partition_indexes: vec![0].into(), ..Default::default() };
    let asked = OffsetFetchRequestGroup { group_id: group, topics: Some(vec![asked].into()), ..Default::default() };
    let request = OffsetFetchRequest { groups: vec![asked].into(), ..Default::default() };
    let Some(answer) = client.call(FETCH_VERSION, &request).await else { return false };
    let response = answer.decode::<OffsetFetchResponse<'_>>();
    let found = response.groups.iter().next().expect("an answer for the group");
    if ErrorCode::from_code(found.error_code) != Some(ErrorCode::None) {
        client.passes("fetch offsets", found.error_code);
        client.pause().await;
        return false;
    }
    let partition = found.topics.iter().next().and_then(|topic| topic.partitions.iter().next());
    let offset = partition.expect("an answer for the partition").committed_offset;
    let Committed { acknowledged, uncertain } = committed;
    let may_be = offset == *acknowledged || uncertain.contains(&offset);
    assert!(may_be, "{offset} is committed: acknowledged was {acknowledged}, uncertain are {uncertain:?}");
    true
}
