//! The records of a group, in Kafka's own schemas.
//!
//! In two fields that Kafka's schemas let be null by default, ours hold an empty value by default. Of these, a member
//! of the consumer protocol has null for what one of the classic protocol says, which is written as such: to Kafka,
//! what is not written is not null.

use std::collections::{BTreeMap, BTreeSet};

use millrace_base::ids::{PartitionIndex, TopicId};
use millrace_schema::records::consumer_group_current_member_assignment::TopicPartitions;
use millrace_schema::records::consumer_group_member_metadata::{ClassicMemberMetadata, ClassicProtocol};
use millrace_schema::records::consumer_group_target_assignment_member::TopicPartition;
use millrace_schema::records::{
    ConsumerGroupCurrentMemberAssignmentKey, ConsumerGroupCurrentMemberAssignmentValue, ConsumerGroupMemberMetadataKey,
    ConsumerGroupMemberMetadataValue, ConsumerGroupMetadataKey, ConsumerGroupMetadataValue,
    ConsumerGroupRegularExpressionKey, ConsumerGroupRegularExpressionValue, ConsumerGroupTargetAssignmentMemberKey,
    ConsumerGroupTargetAssignmentMemberValue, ConsumerGroupTargetAssignmentMetadataKey,
    ConsumerGroupTargetAssignmentMetadataValue,
};
use millrace_schema::{Array, Reader, WireError};

use super::change::{
    Change, ClassicValue, GroupEpoch, Held, MemberState, MemberValue, Standing, TargetEpoch, TopicsOfRegex,
};
use super::request::Assignment;
use crate::group::record::{RecordError, with_number};
use crate::group::request::Protocol;

/// The version of all keys and values here.
const VERSION: i16 = 0;

/// A change of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerRecord {
    /// The group.
    pub group: String,
    /// What changes.
    pub change: Change,
}

impl ConsumerRecord {
    /// The record's key and value.
    pub(in crate::group) fn encode(&self) -> Result<(Vec<u8>, Option<Vec<u8>>), WireError> {
        let group_id = self.group.as_str();
        let (key, value) = match &self.change {
            Change::Epoch(value) => {
                let key = ConsumerGroupMetadataKey { group_id };
                (with_number(ConsumerGroupMetadataKey::KEY, &key, VERSION), value.as_ref().map(encode_epoch))
            }
            Change::Member(member_id, value) => {
                let key = ConsumerGroupMemberMetadataKey { group_id, member_id };
                (with_number(ConsumerGroupMemberMetadataKey::KEY, &key, VERSION), value.as_ref().map(encode_member))
            }
            Change::TargetEpoch(value) => {
                let key = ConsumerGroupTargetAssignmentMetadataKey { group_id };
                let number = ConsumerGroupTargetAssignmentMetadataKey::KEY;
                (with_number(number, &key, VERSION), value.as_ref().map(encode_target_epoch))
            }
            Change::Target(member_id, value) => {
                let key = ConsumerGroupTargetAssignmentMemberKey { group_id, member_id };
                let number = ConsumerGroupTargetAssignmentMemberKey::KEY;
                (with_number(number, &key, VERSION), value.as_ref().map(encode_target))
            }
            Change::Standing(member_id, value) => {
                let key = ConsumerGroupCurrentMemberAssignmentKey { group_id, member_id };
                let number = ConsumerGroupCurrentMemberAssignmentKey::KEY;
                (with_number(number, &key, VERSION), value.as_ref().map(encode_standing))
            }
            Change::Regex(regular_expression, value) => {
                let key = ConsumerGroupRegularExpressionKey { group_id, regular_expression };
                let number = ConsumerGroupRegularExpressionKey::KEY;
                (with_number(number, &key, VERSION), value.as_ref().map(encode_regex))
            }
        };
        Ok((key?, value.transpose()?))
    }

    /// Reads a record of this kind, behind the kind; None for another one.
    pub(in crate::group) fn decode(
        kind: i16,
        key: &mut Reader<'_>,
        value: Option<&[u8]>,
    ) -> Result<Option<ConsumerRecord>, RecordError> {
        let damaged = |what| move |source| RecordError::Damaged { what, source };
        let (group, change) = match kind {
            ConsumerGroupMetadataKey::KEY => {
                let key = ConsumerGroupMetadataKey::decode(key, VERSION).map_err(damaged("key"))?;
                (key.group_id, Change::Epoch(read(value, decode_epoch)?))
            }
            ConsumerGroupMemberMetadataKey::KEY => {
                let key = ConsumerGroupMemberMetadataKey::decode(key, VERSION).map_err(damaged("key"))?;
                (key.group_id, Change::Member(key.member_id.to_owned(), read(value, decode_member)?))
            }
            ConsumerGroupTargetAssignmentMetadataKey::KEY => {
                let key = ConsumerGroupTargetAssignmentMetadataKey::decode(key, VERSION).map_err(damaged("key"))?;
                (key.group_id, Change::TargetEpoch(read(value, decode_target_epoch)?))
            }
            ConsumerGroupTargetAssignmentMemberKey::KEY => {
                let key = ConsumerGroupTargetAssignmentMemberKey::decode(key, VERSION).map_err(damaged("key"))?;
                (key.group_id, Change::Target(key.member_id.to_owned(), read(value, decode_target)?))
            }
            ConsumerGroupCurrentMemberAssignmentKey::KEY => {
                let key = ConsumerGroupCurrentMemberAssignmentKey::decode(key, VERSION).map_err(damaged("key"))?;
                (key.group_id, Change::Standing(key.member_id.to_owned(), read(value, decode_standing)?))
            }
            ConsumerGroupRegularExpressionKey::KEY => {
                let key = ConsumerGroupRegularExpressionKey::decode(key, VERSION).map_err(damaged("key"))?;
                (key.group_id, Change::Regex(key.regular_expression.to_owned(), read(value, decode_regex)?))
            }
            _ => return Ok(None),
        };
        Ok(Some(ConsumerRecord { group: group.to_owned(), change }))
    }
}

/// A value behind its version.
fn read<T>(
    value: Option<&[u8]>,
    decode: fn(&mut Reader<'_>, i16) -> Result<T, WireError>,
) -> Result<Option<T>, RecordError> {
    let decode = |bytes| {
        let mut reader = Reader::new(bytes);
        let version = reader.int16()?;
        decode(&mut reader, version)
    };
    value.map(decode).transpose().map_err(|source| RecordError::Damaged { what: "value", source })
}

fn encode_epoch(value: &GroupEpoch) -> Result<Vec<u8>, WireError> {
    let message = ConsumerGroupMetadataValue { epoch: value.epoch, metadata_hash: value.metadata_hash };
    with_number(VERSION, &message, VERSION)
}

fn decode_epoch(reader: &mut Reader<'_>, version: i16) -> Result<GroupEpoch, WireError> {
    let value = ConsumerGroupMetadataValue::decode(reader, version)?;
    Ok(GroupEpoch { epoch: value.epoch, metadata_hash: value.metadata_hash })
}

fn encode_member(value: &MemberValue) -> Result<Vec<u8>, WireError> {
    let classic = value.classic.as_ref().map(|classic| ClassicMemberMetadata {
        session_timeout_ms: classic.session_timeout_ms,
        supported_protocols: classic
            .protocols
            .iter()
            .map(|protocol| ClassicProtocol { name: &protocol.name, metadata: &protocol.metadata })
            .collect(),
    });
    let message = ConsumerGroupMemberMetadataValue {
        instance_id: value.instance_id.as_deref(),
        rack_id: value.rack_id.as_deref(),
        client_id: &value.client_id,
        client_host: &value.client_host,
        subscribed_topic_names: value.topic_names.iter().map(String::as_str).collect(),
        // Kafka writes no pattern as an empty one.
        subscribed_topic_regex: Some(value.topic_regex.as_deref().unwrap_or_default()),
        rebalance_timeout_ms: value.rebalance_timeout_ms,
        server_assignor: value.assignor.as_deref(),
        classic_member_metadata: classic,
    };
    with_number(VERSION, &message, VERSION)
}

fn decode_member(reader: &mut Reader<'_>, version: i16) -> Result<MemberValue, WireError> {
    let value = ConsumerGroupMemberMetadataValue::decode(reader, version)?;
    let classic = value.classic_member_metadata.filter(|classic| !classic.supported_protocols.is_empty());
    let classic = classic.map(|classic| {
        let protocols = classic.supported_protocols.iter();
        let protocols =
            protocols.map(|protocol| Protocol { name: protocol.name.to_owned(), metadata: protocol.metadata.to_vec() });
        ClassicValue { session_timeout_ms: classic.session_timeout_ms, protocols: protocols.collect() }
    });
    Ok(MemberValue {
        instance_id: value.instance_id.map(str::to_owned),
        rack_id: value.rack_id.map(str::to_owned),
        client_id: value.client_id.to_owned(),
        client_host: value.client_host.to_owned(),
        topic_names: value.subscribed_topic_names.iter().map(str::to_owned).collect(),
        topic_regex: value.subscribed_topic_regex.filter(|regex| !regex.is_empty()).map(str::to_owned),
        rebalance_timeout_ms: value.rebalance_timeout_ms,
        assignor: value.server_assignor.map(str::to_owned),
        classic,
    })
}

fn encode_target_epoch(value: &TargetEpoch) -> Result<Vec<u8>, WireError> {
    let message = ConsumerGroupTargetAssignmentMetadataValue {
        assignment_epoch: value.epoch,
        assignment_timestamp: value.timestamp_ms,
    };
    with_number(VERSION, &message, VERSION)
}

fn decode_target_epoch(reader: &mut Reader<'_>, version: i16) -> Result<TargetEpoch, WireError> {
    let value = ConsumerGroupTargetAssignmentMetadataValue::decode(reader, version)?;
    Ok(TargetEpoch { epoch: value.assignment_epoch, timestamp_ms: value.assignment_timestamp })
}

fn encode_target(value: &Assignment) -> Result<Vec<u8>, WireError> {
    let topics = value.iter().map(|(topic, partitions)| TopicPartition {
        topic_id: topic.0,
        partitions: partitions.iter().copied().collect(),
    });
    let message = ConsumerGroupTargetAssignmentMemberValue { topic_partitions: topics.collect() };
    with_number(VERSION, &message, VERSION)
}

fn decode_target(reader: &mut Reader<'_>, version: i16) -> Result<Assignment, WireError> {
    let value = ConsumerGroupTargetAssignmentMemberValue::decode(reader, version)?;
    let topics = value.topic_partitions.iter();
    Ok(topics.map(|topic| (TopicId(topic.topic_id), topic.partitions.iter().collect())).collect())
}

fn encode_standing(value: &Standing) -> Result<Vec<u8>, WireError> {
    let message = ConsumerGroupCurrentMemberAssignmentValue {
        member_epoch: value.epoch,
        previous_member_epoch: value.previous_epoch,
        state: value.state.code(),
        assigned_partitions: encode_held(&value.assigned),
        partitions_pending_revocation: encode_held(&value.revoking),
    };
    with_number(VERSION, &message, VERSION)
}

fn encode_held(held: &Held) -> Array<'_, TopicPartitions<'_>> {
    let topics = held.iter().map(|(topic, partitions)| TopicPartitions {
        topic_id: topic.0,
        partitions: partitions.keys().copied().collect(),
        assignment_epochs: Some(partitions.values().copied().collect()),
    });
    topics.collect()
}

fn decode_standing(reader: &mut Reader<'_>, version: i16) -> Result<Standing, WireError> {
    let value = ConsumerGroupCurrentMemberAssignmentValue::decode(reader, version)?;
    Ok(Standing {
        epoch: value.member_epoch,
        previous_epoch: value.previous_member_epoch,
        state: MemberState::of(value.state),
        assigned: decode_held(&value.assigned_partitions, value.member_epoch),
        revoking: decode_held(&value.partitions_pending_revocation, value.member_epoch),
    })
}

/// What earlier versions of Kafka wrote has no epochs of its own: those of the member stand in.
fn decode_held(topics: &Array<'_, TopicPartitions<'_>>, member_epoch: i32) -> Held {
    let held = |topic: TopicPartitions<'_>| {
        let epochs: Vec<i32> = topic.assignment_epochs.iter().flat_map(Array::iter).collect();
        let epoch_of = |at: usize| epochs.get(at).copied().unwrap_or(member_epoch);
        let partitions = topic.partitions.iter().enumerate().map(|(at, partition)| (partition, epoch_of(at)));
        (TopicId(topic.topic_id), partitions.collect::<BTreeMap<PartitionIndex, i32>>())
    };
    topics.iter().map(held).collect()
}

fn encode_regex(value: &TopicsOfRegex) -> Result<Vec<u8>, WireError> {
    let message = ConsumerGroupRegularExpressionValue {
        topics: value.topics.iter().map(String::as_str).collect(),
        version: value.version,
        timestamp: value.timestamp_ms,
    };
    with_number(VERSION, &message, VERSION)
}

fn decode_regex(reader: &mut Reader<'_>, version: i16) -> Result<TopicsOfRegex, WireError> {
    let value = ConsumerGroupRegularExpressionValue::decode(reader, version)?;
    let topics: BTreeSet<String> = value.topics.iter().map(str::to_owned).collect();
    Ok(TopicsOfRegex { topics, version: value.version, timestamp_ms: value.timestamp })
}
