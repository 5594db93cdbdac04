//! What a client asks a group's coordinator.

use std::collections::BTreeMap;

use millrace_base::ids::{Offset, PartitionIndex};
use millrace_wire::messages::find_coordinator::{FindCoordinatorRequest, FindCoordinatorResponse};
use millrace_wire::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic, OffsetCommitResponse,
};
use millrace_wire::messages::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopics, OffsetFetchResponse,
};

use crate::client::Client;
use crate::model::Topic;

const FIND_COORDINATOR_VERSION: i16 = 4;
const FETCH_VERSION: i16 = 8;
/// Of OffsetCommit.
const FIRST_VERSION_WITH_IDS: i16 = 10;

/// As whom something is committed.
#[derive(Clone, Debug)]
pub(crate) struct Committer {
    pub(crate) group: String,
    /// Empty for who is no member.
    pub(crate) member_id: String,
    pub(crate) instance: Option<String>,
    /// Or the member's epoch; -1 for who is no member.
    pub(crate) generation: i32,
    /// Of OffsetCommit, that it speaks.
    pub(crate) version: i16,
}

impl Committer {
    /// The last version of OffsetCommit that knows members of the classic protocol only.
    pub(crate) const CLASSIC_VERSION: i16 = 8;

    /// Somebody who is no member.
    pub(crate) fn outside(group: &str) -> Self {
        let (group, version) = (group.to_owned(), Self::CLASSIC_VERSION);
        Self { group, member_id: String::new(), instance: None, generation: -1, version }
    }
}

/// Waits until there is a coordinator.
pub(crate) async fn find(client: &mut Client, group: &str) {
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

/// Commits offsets; gives the code of each partition. None when no answer came.
pub(crate) async fn commit(
    client: &mut Client,
    committer: &Committer,
    topic: &Topic,
    offsets: &BTreeMap<PartitionIndex, Offset>,
) -> Option<BTreeMap<PartitionIndex, i16>> {
    let partitions = offsets.iter().map(|(partition, offset)| OffsetCommitRequestPartition {
        partition_index: *partition,
        committed_offset: *offset,
        committed_leader_epoch: -1,
        committed_metadata: Some(""),
    });
    // Older versions name topics, newer ones identify them.
    let names = committer.version < FIRST_VERSION_WITH_IDS;
    let stored = OffsetCommitRequestTopic {
        name: if names { &topic.name } else { "" },
        topic_id: if names { Default::default() } else { topic.id },
        partitions: partitions.collect(),
    };
    let request = OffsetCommitRequest {
        group_id: &committer.group,
        generation_id_or_member_epoch: committer.generation,
        member_id: &committer.member_id,
        group_instance_id: committer.instance.as_deref(),
        topics: vec![stored].into(),
        ..Default::default()
    };
    let answer = client.call(committer.version, &request).await?;
    let response = answer.decode::<OffsetCommitResponse<'_>>();
    let result = response.topics.iter().next().expect("a result for the topic");
    let codes: BTreeMap<_, _> =
        result.partitions.iter().map(|partition| (partition.partition_index, partition.error_code)).collect();
    assert!(codes.keys().eq(offsets.keys()), "a result for each partition of {offsets:?}: {codes:?}");
    Some(codes)
}

/// What is committed for a topic, -1 for nothing. None when no answer came.
pub(crate) async fn committed(
    client: &mut Client,
    group: &str,
    topic: &Topic,
    partitions: &[PartitionIndex],
) -> Option<BTreeMap<PartitionIndex, Offset>> {
    let partition_indexes = partitions.to_vec().into();
    let asked = OffsetFetchRequestTopics { name: &topic.name, partition_indexes, ..Default::default() };
    let asked = OffsetFetchRequestGroup { group_id: group, topics: Some(vec![asked].into()), ..Default::default() };
    let request = OffsetFetchRequest { groups: vec![asked].into(), require_stable: true, ..Default::default() };
    let answer = client.call(FETCH_VERSION, &request).await?;
    let response = answer.decode::<OffsetFetchResponse<'_>>();
    let found = response.groups.iter().next().expect("an answer for the group");
    if found.error_code != 0 {
        client.passes("fetch offsets", found.error_code);
        client.pause().await;
        return None;
    }
    let found = found.topics.iter().next().expect("an answer for the topic");
    Some(found.partitions.iter().map(|partition| (partition.partition_index, partition.committed_offset)).collect())
}
