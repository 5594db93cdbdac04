//! The records of `__consumer_offsets`, in Kafka's own schemas: a key with its type, a value with its version.
//!
//! Always true: what is encoded here decodes to the same record, and Kafka's tools read it.

use millrace_base::ids::{LeaderEpoch, Offset, PartitionIndex, TopicId};
use millrace_schema::records::group_metadata::MemberMetadata;
use millrace_schema::records::{
    GroupMetadataKey, GroupMetadataValue, LegacyOffsetCommitKey, LegacyOffsetCommitValue, OffsetCommitKey,
    OffsetCommitValue,
};
use millrace_schema::{Message, Reader, WireError, Writer};

use super::consumer::ConsumerRecord;

/// The version in which a group's value is written, as Kafka 4.3.1 does.
const GROUP_VALUE_VERSION: i16 = 3;
/// The version in which an offset's value is written, as Kafka 4.3.1 does.
const OFFSET_VALUE_VERSION: i16 = 4;
/// The same for one with a time of its own at which it expires, as old clients may ask for.
const OFFSET_VALUE_VERSION_WITH_EXPIRY: i16 = 1;
/// A group whose state has no known beginning.
const NO_TIMESTAMP: i64 = -1;

/// A change of a group's durable state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupRecord {
    /// A committed offset; None: it is forgotten.
    Offset {
        /// The group.
        group: String,
        /// The topic.
        topic: String,
        /// The partition.
        partition: PartitionIndex,
        /// What is committed.
        value: Option<CommittedOffset>,
    },
    /// A group; None: it is deleted.
    Group {
        /// The group.
        group: String,
        /// What it is.
        value: Option<GroupValue>,
    },
    /// A change of a group by the protocol of KIP-848.
    Consumer(ConsumerRecord),
}

/// A committed offset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommittedOffset {
    /// The next offset to read.
    pub offset: Offset,
    /// The epoch of the last record that was read; -1 for unknown.
    pub leader_epoch: LeaderEpoch,
    /// The client's own note.
    pub metadata: String,
    /// Unix ms.
    pub commit_timestamp_ms: i64,
    /// Unix ms; only what old clients committed has one.
    pub expire_timestamp_ms: Option<i64>,
    /// The topic's id; zero for unknown.
    pub topic_id: TopicId,
}

impl CommittedOffset {
    /// Whether it may be of the topic with this id: where either id is unknown, nothing speaks against it.
    pub fn is_of(&self, topic: TopicId) -> bool {
        self.topic_id == topic || self.topic_id == TopicId::ZERO || topic == TopicId::ZERO
    }
}

/// A group in one generation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupValue {
    /// Empty for a group that never had a member.
    pub protocol_type: String,
    /// The generation.
    pub generation: i32,
    /// The chosen protocol.
    pub protocol: Option<String>,
    /// The leader's id.
    pub leader: Option<String>,
    /// Since when it is in its state, Unix ms.
    pub state_timestamp_ms: Option<i64>,
    /// Its members with their assignments; none for an empty group.
    pub members: Vec<MemberValue>,
}

/// A member in one generation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberValue {
    /// Its id.
    pub member_id: String,
    /// Its static name.
    pub instance_id: Option<String>,
    /// As it named itself.
    pub client_id: String,
    /// Its address.
    pub client_host: String,
    /// In ms; -1: the session's.
    pub rebalance_timeout_ms: i32,
    /// In ms.
    pub session_timeout_ms: i32,
    /// What it said for the chosen protocol.
    pub subscription: Vec<u8>,
    /// Its assignment.
    pub assignment: Vec<u8>,
}

/// Why a record of `__consumer_offsets` cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The key has no type.
    #[error("a record without a key")]
    NoKey,
    /// Key or value is not as its schema says.
    #[error("the {what} is damaged: {source}")]
    Damaged {
        /// Which part.
        what: &'static str,
        /// What is wrong.
        source: WireError,
    },
}

impl GroupRecord {
    /// The record's key and value.
    ///
    /// # Errors
    /// [`WireError`] when a string or a list is longer than the schema can say.
    pub fn encode(&self) -> Result<(Vec<u8>, Option<Vec<u8>>), WireError> {
        match self {
            GroupRecord::Offset { group, topic, partition, value } => {
                let key = OffsetCommitKey { group, topic, partition: *partition };
                let value = value.as_ref().map(encode_offset).transpose()?;
                Ok((with_number(OffsetCommitKey::KEY, &key, 0)?, value))
            }
            GroupRecord::Group { group, value } => {
                let key = with_number(GroupMetadataKey::KEY, &GroupMetadataKey { group }, 0)?;
                Ok((key, value.as_ref().map(encode_group).transpose()?))
            }
            GroupRecord::Consumer(record) => record.encode(),
        }
    }

    /// Reads a record; None for one of a kind that nothing here goes by (share and Streams groups have theirs).
    ///
    /// # Errors
    /// [`RecordError`] when it is not as its schema says.
    pub fn decode(key: Option<&[u8]>, value: Option<&[u8]>) -> Result<Option<GroupRecord>, RecordError> {
        let mut key = Reader::new(key.ok_or(RecordError::NoKey)?);
        let damaged = |what| move |source| RecordError::Damaged { what, source };
        let kind = key.int16().map_err(damaged("key"))?;
        match kind {
            LegacyOffsetCommitKey::KEY | OffsetCommitKey::KEY => {
                let key = OffsetCommitKey::decode(&mut key, 0).map_err(damaged("key"))?;
                let decode = if kind == OffsetCommitKey::KEY { decode_offset } else { decode_legacy_offset };
                Ok(Some(GroupRecord::Offset {
                    group: key.group.to_owned(),
                    topic: key.topic.to_owned(),
                    partition: key.partition,
                    value: value.map(decode).transpose().map_err(damaged("value"))?,
                }))
            }
            GroupMetadataKey::KEY => {
                let key = GroupMetadataKey::decode(&mut key, 0).map_err(damaged("key"))?;
                let value = value.map(decode_group).transpose().map_err(damaged("value"))?;
                Ok(Some(GroupRecord::Group { group: key.group.to_owned(), value }))
            }
            other => Ok(ConsumerRecord::decode(other, &mut key, value)?.map(GroupRecord::Consumer)),
        }
    }
}

/// A message behind the number that says what it is: a key's type, or a value's version.
pub(super) fn with_number<'a>(number: i16, message: &impl Message<'a>, version: i16) -> Result<Vec<u8>, WireError> {
    let mut writer = Writer::new();
    writer.int16(number);
    message.encode_message(&mut writer, version)?;
    Ok(writer.into_vec())
}

fn encode_offset(value: &CommittedOffset) -> Result<Vec<u8>, WireError> {
    let has_expiry = value.expire_timestamp_ms.is_some();
    let version = if has_expiry { OFFSET_VALUE_VERSION_WITH_EXPIRY } else { OFFSET_VALUE_VERSION };
    let message = OffsetCommitValue {
        offset: value.offset,
        leader_epoch: value.leader_epoch,
        metadata: &value.metadata,
        commit_timestamp: value.commit_timestamp_ms,
        expire_timestamp: value.expire_timestamp_ms.unwrap_or(NO_TIMESTAMP),
        topic_id: value.topic_id.0,
    };
    with_number(version, &message, version)
}

fn decode_offset(bytes: &[u8]) -> Result<CommittedOffset, WireError> {
    let mut reader = Reader::new(bytes);
    let version = reader.int16()?;
    let value = OffsetCommitValue::decode(&mut reader, version)?;
    Ok(CommittedOffset {
        offset: value.offset,
        leader_epoch: value.leader_epoch,
        metadata: value.metadata.to_owned(),
        commit_timestamp_ms: value.commit_timestamp,
        expire_timestamp_ms: (value.expire_timestamp != NO_TIMESTAMP).then_some(value.expire_timestamp),
        topic_id: TopicId(value.topic_id),
    })
}

fn decode_legacy_offset(bytes: &[u8]) -> Result<CommittedOffset, WireError> {
    let mut reader = Reader::new(bytes);
    let version = reader.int16()?;
    let value = LegacyOffsetCommitValue::decode(&mut reader, version)?;
    Ok(CommittedOffset {
        offset: value.offset,
        leader_epoch: -1,
        metadata: value.metadata.to_owned(),
        commit_timestamp_ms: value.commit_timestamp,
        ..CommittedOffset::default()
    })
}

fn encode_group(value: &GroupValue) -> Result<Vec<u8>, WireError> {
    let members = value.members.iter().map(|member| MemberMetadata {
        member_id: &member.member_id,
        group_instance_id: member.instance_id.as_deref(),
        client_id: &member.client_id,
        client_host: &member.client_host,
        rebalance_timeout: member.rebalance_timeout_ms,
        session_timeout: member.session_timeout_ms,
        subscription: &member.subscription,
        assignment: &member.assignment,
    });
    let message = GroupMetadataValue {
        protocol_type: &value.protocol_type,
        generation: value.generation,
        protocol: value.protocol.as_deref(),
        leader: value.leader.as_deref(),
        current_state_timestamp: value.state_timestamp_ms.unwrap_or(NO_TIMESTAMP),
        members: members.collect(),
    };
    with_number(GROUP_VALUE_VERSION, &message, GROUP_VALUE_VERSION)
}

fn decode_group(bytes: &[u8]) -> Result<GroupValue, WireError> {
    let mut reader = Reader::new(bytes);
    let version = reader.int16()?;
    let value = GroupMetadataValue::decode(&mut reader, version)?;
    let members = value.members.iter().map(|member| MemberValue {
        member_id: member.member_id.to_owned(),
        instance_id: member.group_instance_id.map(str::to_owned),
        client_id: member.client_id.to_owned(),
        client_host: member.client_host.to_owned(),
        rebalance_timeout_ms: member.rebalance_timeout,
        session_timeout_ms: member.session_timeout,
        subscription: member.subscription.to_vec(),
        assignment: member.assignment.to_vec(),
    });
    Ok(GroupValue {
        protocol_type: value.protocol_type.to_owned(),
        generation: value.generation,
        protocol: value.protocol.map(str::to_owned),
        leader: value.leader.map(str::to_owned),
        state_timestamp_ms: (value.current_state_timestamp != NO_TIMESTAMP).then_some(value.current_state_timestamp),
        members: members.collect(),
    })
}
