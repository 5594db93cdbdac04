//! Consumer groups from outside: what there is, who is in them, where they stand; and setting them elsewhere.

use std::collections::BTreeMap;

use millrace_base::code::ErrorCode;
use millrace_schema::decode_versioned;
use millrace_schema::records::ConsumerProtocolAssignment;
use millrace_wire::messages::consumer_group_describe::{
    Assignment, ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse,
};
use millrace_wire::messages::delete_groups::{DeleteGroupsRequest, DeleteGroupsResponse};
use millrace_wire::messages::describe_groups::{DescribeGroupsRequest, DescribeGroupsResponse};
use millrace_wire::messages::find_coordinator::{FindCoordinatorRequest, FindCoordinatorResponse};
use millrace_wire::messages::list_groups::{ListGroupsRequest, ListGroupsResponse};
use millrace_wire::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic, OffsetCommitResponse,
};
use millrace_wire::messages::offset_fetch::{OffsetFetchRequest, OffsetFetchResponse};

use crate::cluster::Cluster;
use crate::connection::Connection;
use crate::error::ClientError;

/// What describes the members of consumers' groups.
const CONSUMER: &str = "consumer";
/// The state of a group that does not exist.
const DEAD: &str = "Dead";

/// A group in a list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListedGroup {
    /// Its name.
    pub name: String,
    /// Kafka's name of its state; empty from brokers that do not list it.
    pub state: String,
    /// For example `consumer`; empty for a group that never had members.
    pub protocol_type: String,
    /// How it is coordinated: `classic`, or `consumer` (KIP-848); empty from brokers that do not list it.
    pub group_type: String,
}

/// A group's state and members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupDescription {
    /// Kafka's name of its state.
    pub state: String,
    /// How partitions are assigned, for example `range`; empty for a classic group that is not stable.
    pub protocol: String,
    /// Its members.
    pub members: Vec<GroupMember>,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMember {
    /// Its id.
    pub id: String,
    /// As the client names itself.
    pub client_id: String,
    /// Its address.
    pub host: String,
    /// What it reads, if it is a consumer: topic and partition.
    pub partitions: Vec<(String, i32)>,
}

/// Offsets by topic and partition.
pub type GroupOffsets = BTreeMap<(String, i32), i64>;

/// All groups, in the order of their names.
///
/// # Errors
/// [`ClientError`] when a broker does not answer or refuses.
pub fn list(cluster: &mut Cluster) -> Result<Vec<ListedGroup>, ClientError> {
    cluster.retrying(|cluster| {
        let mut groups = Vec::new();
        for broker in cluster.broker_ids() {
            let broker = cluster.broker(broker)?;
            let version = broker.version::<ListGroupsRequest<'_>>(5)?;
            let answer = broker.call(version, &ListGroupsRequest::default())?;
            let response = answer.decode::<ListGroupsResponse<'_>>()?;
            refuse(response.error_code, "groups are not listed")?;
            groups.extend(response.groups.iter().map(|group| ListedGroup {
                name: group.group_id.to_owned(),
                state: group.group_state.to_owned(),
                protocol_type: group.protocol_type.to_owned(),
                group_type: group.group_type.to_owned(),
            }));
        }
        groups.sort();
        Ok(groups)
    })
}

/// A group's state and members.
///
/// # Errors
/// [`ClientError::Refused`] with GROUP_ID_NOT_FOUND when there is no such group.
pub fn describe(cluster: &mut Cluster, group: &str) -> Result<GroupDescription, ClientError> {
    at_coordinator(cluster, group, |coordinator| match describe_consumer(coordinator, group)? {
        Some(described) => Ok(described),
        None => describe_classic(coordinator, group),
    })
}

/// A group of the consumer protocol (KIP-848); nothing when it is none, or the broker knows no such groups.
fn describe_consumer(coordinator: &mut Connection, group: &str) -> Result<Option<GroupDescription>, ClientError> {
    let version = match coordinator.version::<ConsumerGroupDescribeRequest<'_>>(1) {
        Err(ClientError::NotOffered { .. }) => return Ok(None),
        version => version?,
    };
    let request = ConsumerGroupDescribeRequest { group_ids: vec![group].into(), ..Default::default() };
    let answer = coordinator.call(version, &request)?;
    let response = answer.decode::<ConsumerGroupDescribeResponse<'_>>()?;
    let Some(described) = response.groups.iter().next() else { return Ok(None) };
    if described.error_code == ErrorCode::GroupIdNotFound.code() {
        return Ok(None);
    }
    refuse(described.error_code, format!("group {group:?} is not described"))?;
    let members = described.members.iter().map(|member| GroupMember {
        id: member.member_id.to_owned(),
        client_id: member.client_id.to_owned(),
        host: member.client_host.trim_start_matches('/').to_owned(),
        partitions: owned(&member.assignment),
    });
    Ok(Some(GroupDescription {
        state: described.group_state.to_owned(),
        protocol: described.assignor_name.to_owned(),
        members: members.collect(),
    }))
}

/// The partitions that a member of the consumer protocol reads.
fn owned(assignment: &Assignment<'_>) -> Vec<(String, i32)> {
    let mut partitions = Vec::new();
    for topic in assignment.topic_partitions.iter() {
        partitions.extend(topic.partitions.iter().map(|partition| (topic.topic_name.to_owned(), partition)));
    }
    partitions
}

/// A group of the classic protocol.
fn describe_classic(coordinator: &mut Connection, group: &str) -> Result<GroupDescription, ClientError> {
    let version = coordinator.version::<DescribeGroupsRequest<'_>>(5)?;
    let request = DescribeGroupsRequest { groups: vec![group].into(), ..Default::default() };
    let answer = coordinator.call(version, &request)?;
    let response = answer.decode::<DescribeGroupsResponse<'_>>()?;
    let what = || format!("group {group:?} is not described");
    let missing = || ClientError::refused(what(), ErrorCode::GroupIdNotFound.code(), None);
    let described = response.groups.iter().next().ok_or_else(missing)?;
    refuse(described.error_code, what())?;
    if described.group_state == DEAD {
        return Err(missing());
    }
    let is_consumer = described.protocol_type == CONSUMER;
    let members = described.members.iter().map(|member| GroupMember {
        id: member.member_id.to_owned(),
        client_id: member.client_id.to_owned(),
        host: member.client_host.trim_start_matches('/').to_owned(),
        partitions: if is_consumer { assigned(member.member_assignment) } else { Vec::new() },
    });
    Ok(GroupDescription {
        state: described.group_state.to_owned(),
        protocol: described.protocol_data.to_owned(),
        members: members.collect(),
    })
}

/// The partitions of a consumer's assignment; none where it cannot be read.
pub(crate) fn assigned(assignment: &[u8]) -> Vec<(String, i32)> {
    let decoded = decode_versioned::<ConsumerProtocolAssignment<'_>>(assignment);
    let Ok(decoded) = decoded else { return Vec::new() };
    let mut partitions = Vec::new();
    for topic in decoded.assigned_partitions.iter() {
        partitions.extend(topic.partitions.iter().map(|partition| (topic.topic.to_owned(), partition)));
    }
    partitions
}

/// What a group has committed.
///
/// # Errors
/// [`ClientError`] when the coordinator does not answer or refuses.
pub fn committed(cluster: &mut Cluster, group: &str) -> Result<GroupOffsets, ClientError> {
    at_coordinator(cluster, group, |coordinator| {
        let version = coordinator.version::<OffsetFetchRequest<'_>>(7)?;
        let request = OffsetFetchRequest { group_id: group, topics: None, ..Default::default() };
        let answer = coordinator.call(version, &request)?;
        let response = answer.decode::<OffsetFetchResponse<'_>>()?;
        let what = || format!("the offsets of group {group:?} are not told");
        refuse(response.error_code, what())?;
        let mut offsets = GroupOffsets::new();
        for topic in response.topics.iter() {
            for partition in topic.partitions.iter() {
                refuse(partition.error_code, what())?;
                offsets.insert((topic.name.to_owned(), partition.partition_index), partition.committed_offset);
            }
        }
        Ok(offsets)
    })
}

/// Sets a group's offsets, which must have no members.
///
/// # Errors
/// [`ClientError::Refused`] with UNKNOWN_MEMBER_ID when it has members.
pub fn commit(cluster: &mut Cluster, group: &str, offsets: &GroupOffsets) -> Result<(), ClientError> {
    commit_as(cluster, group, "", -1, offsets)
}

/// What a group has committed for a topic, by partition.
///
/// # Errors
/// [`ClientError`] when the coordinator refuses, or does not answer.
pub(crate) fn committed_for(
    cluster: &mut Cluster,
    group: &str,
    topic: &str,
) -> Result<BTreeMap<i32, i64>, ClientError> {
    let of_topic = committed(cluster, group)?.into_iter().filter(|((name, _), _)| name == topic);
    Ok(of_topic.map(|((_, partition), offset)| (partition, offset)).collect())
}

/// Commits as a member in a generation; or, without an id and with -1, as somebody who is none.
pub(crate) fn commit_as(
    cluster: &mut Cluster,
    group: &str,
    member_id: &str,
    generation: i32,
    offsets: &GroupOffsets,
) -> Result<(), ClientError> {
    at_coordinator(cluster, group, |coordinator| {
        let version = coordinator.version::<OffsetCommitRequest<'_>>(9)?;
        let mut topics: BTreeMap<&str, Vec<OffsetCommitRequestPartition<'_>>> = BTreeMap::new();
        for ((topic, partition), offset) in offsets {
            topics.entry(topic).or_default().push(OffsetCommitRequestPartition {
                partition_index: *partition,
                committed_offset: *offset,
                committed_metadata: Some(""),
                ..Default::default()
            });
        }
        let topics = topics.into_iter().map(|(name, partitions)| OffsetCommitRequestTopic {
            name,
            partitions: partitions.into(),
            ..Default::default()
        });
        let request = OffsetCommitRequest {
            group_id: group,
            generation_id_or_member_epoch: generation,
            member_id,
            topics: topics.collect(),
            ..Default::default()
        };
        let answer = coordinator.call(version, &request)?;
        for topic in answer.decode::<OffsetCommitResponse<'_>>()?.topics.iter() {
            for partition in topic.partitions.iter() {
                let what = format!("the offset of {}-{} is not set", topic.name, partition.partition_index);
                refuse(partition.error_code, what)?;
            }
        }
        Ok(())
    })
}

/// Deletes a group and its offsets.
///
/// # Errors
/// [`ClientError::Refused`] with NON_EMPTY_GROUP or GROUP_ID_NOT_FOUND.
pub fn delete(cluster: &mut Cluster, group: &str) -> Result<(), ClientError> {
    let mut attempts = 0;
    at_coordinator(cluster, group, |coordinator| {
        attempts += 1;
        let version = coordinator.version::<DeleteGroupsRequest<'_>>(2)?;
        let answer = coordinator.call(version, &DeleteGroupsRequest { groups_names: vec![group].into() })?;
        for result in answer.decode::<DeleteGroupsResponse<'_>>()?.results.iter() {
            match refuse(result.error_code, format!("group {group:?} is not deleted")) {
                // An earlier attempt did it, though its answer did not say so.
                Err(error) if attempts > 1 && error.code() == Some(ErrorCode::GroupIdNotFound) => {}
                done => done?,
            }
        }
        Ok(())
    })
}

/// Calls a group's coordinator, and looks for it anew where it has moved.
pub(crate) fn at_coordinator<T>(
    cluster: &mut Cluster,
    group: &str,
    mut call: impl FnMut(&mut Connection) -> Result<T, ClientError>,
) -> Result<T, ClientError> {
    cluster.retrying(|cluster| {
        let broker = cluster.any()?;
        let version = broker.version::<FindCoordinatorRequest<'_>>(3)?;
        let answer = broker.call(version, &FindCoordinatorRequest { key: group, ..Default::default() })?;
        let found = answer.decode::<FindCoordinatorResponse<'_>>()?;
        refuse(found.error_code, format!("the coordinator of group {group:?} is not known"))?;
        let id = found.node_id;
        call(cluster.broker(id)?)
    })
}

fn refuse(code: i16, what: impl Into<String>) -> Result<(), ClientError> {
    if code == 0 { Ok(()) } else { Err(ClientError::refused(what, code, None)) }
}
