//! Fetch.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Records, Request, Wire, WireError, Writer, message};

/// `FetchRequest` (key 1), versions 4-18, flexible from 12.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchRequest<'a> {
    /// String, versions 12-18, nullable, tag 0, default null, ignorable.
    pub cluster_id: Option<&'a str>,
    /// Int32, versions 4-14, default -1.
    pub replica_id: i32,
    /// ReplicaState, versions 15-18, tag 1.
    pub replica_state: ReplicaState,
    /// Int32, versions 4-18.
    pub max_wait_ms: i32,
    /// Int32, versions 4-18.
    pub min_bytes: i32,
    /// Int32, versions 4-18, default 0x7fffffff, ignorable.
    pub max_bytes: i32,
    /// Int8, versions 4-18, default 0, ignorable.
    pub isolation_level: i8,
    /// Int32, versions 7-18, default 0, ignorable.
    pub session_id: i32,
    /// Int32, versions 7-18, default -1, ignorable.
    pub session_epoch: i32,
    /// Array of FetchTopic, versions 4-18.
    pub topics: Array<'a, FetchTopic<'a>>,
    /// Array of ForgottenTopic, versions 7-18.
    pub forgotten_topics_data: Array<'a, ForgottenTopic<'a>>,
    /// String, versions 11-18, ignorable.
    pub rack_id: &'a str,
}

impl Default for FetchRequest<'_> {
    fn default() -> Self {
        Self {
            cluster_id: None,
            replica_id: -1,
            replica_state: ReplicaState::default(),
            max_wait_ms: 0,
            min_bytes: 0,
            max_bytes: 0x7fffffff,
            isolation_level: 0,
            session_id: 0,
            session_epoch: -1,
            topics: Array::default(),
            forgotten_topics_data: Array::default(),
            rack_id: "",
        }
    }
}

impl<'a> Wire<'a> for FetchRequest<'a> {
    const BYTES_MIN: usize = 21;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let mut value = Self {
            cluster_id: None,
            replica_id: if version <= 14 { reader.int32()? } else { -1 },
            replica_state: ReplicaState::default(),
            max_wait_ms: reader.int32()?,
            min_bytes: reader.int32()?,
            max_bytes: reader.int32()?,
            isolation_level: reader.int8()?,
            session_id: if version >= 7 { reader.int32()? } else { 0 },
            session_epoch: if version >= 7 { reader.int32()? } else { -1 },
            topics: reader.array(version)?,
            forgotten_topics_data: if version >= 7 { reader.array(version)? } else { Array::default() },
            rack_id: if version >= 11 { reader.string()? } else { "" },
        };
        if version >= 12 {
            let mut tags = reader.tags()?;
            while let Some((tag, mut field)) = reader.next_tag(&mut tags)? {
                match tag {
                    0 => value.cluster_id = field.nullable_string()?,
                    1 if version >= 15 => value.replica_state = ReplicaState::read(&mut field, version)?,
                    _ => continue,
                }
                field.finish()?;
            }
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        if version <= 14 {
            writer.int32(self.replica_id);
        } else if self.replica_id != -1 {
            return Err(unsupported("ReplicaId", version));
        }
        if version < 15 && self.replica_state != ReplicaState::default() {
            return Err(unsupported("ReplicaState", version));
        }
        writer.int32(self.max_wait_ms);
        writer.int32(self.min_bytes);
        writer.int32(self.max_bytes);
        writer.int8(self.isolation_level);
        if version >= 7 {
            writer.int32(self.session_id);
        }
        if version >= 7 {
            writer.int32(self.session_epoch);
        }
        writer.array(&self.topics, version)?;
        if version >= 7 {
            writer.array(&self.forgotten_topics_data, version)?;
        } else if !self.forgotten_topics_data.is_empty() {
            return Err(unsupported("ForgottenTopicsData", version));
        }
        if version >= 11 {
            writer.string(self.rack_id)?;
        }
        if version >= 12 {
            let mut tags = writer.tags();
            if self.cluster_id.is_some() {
                let start = writer.tag(&mut tags, 0);
                writer.nullable_string(self.cluster_id)?;
                writer.tag_end(start);
            }
            if version >= 15 && self.replica_state != ReplicaState::default() {
                let start = writer.tag(&mut tags, 1);
                self.replica_state.write(writer, version)?;
                writer.tag_end(start);
            }
            writer.tags_end(&tags);
        }
        Ok(())
    }
}

message!(FetchRequest<'a>, key 1, versions 4..=18, flexible from 12);

/// What `replica_state` holds, in a [`FetchRequest`] of versions 15-18.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplicaState {
    /// Int32, versions 15-18, default -1.
    pub replica_id: i32,
    /// Int64, versions 15-18, default -1.
    pub replica_epoch: i64,
}

impl Default for ReplicaState {
    fn default() -> Self {
        Self { replica_id: -1, replica_epoch: -1 }
    }
}

impl Wire<'_> for ReplicaState {
    const BYTES_MIN: usize = 13;

    fn read(reader: &mut Reader<'_>, _version: i16) -> Result<Self, WireError> {
        let value = Self { replica_id: reader.int32()?, replica_epoch: reader.int64()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.int32(self.replica_id);
        writer.int64(self.replica_epoch);
        writer.no_tags();
        Ok(())
    }
}

/// What `topics` holds, in a [`FetchRequest`] of versions 4-18.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FetchTopic<'a> {
    /// String, versions 4-12, ignorable.
    pub topic: &'a str,
    /// Uuid, versions 13-18, ignorable.
    pub topic_id: [u8; 16],
    /// Array of FetchPartition, versions 4-18.
    pub partitions: Array<'a, FetchPartition>,
}

impl<'a> Wire<'a> for FetchTopic<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            topic: if version <= 12 { reader.string()? } else { "" },
            topic_id: if version >= 13 { reader.uuid()? } else { [0; 16] },
            partitions: reader.array(version)?,
        };
        if version >= 12 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        if version <= 12 {
            writer.string(self.topic)?;
        }
        if version >= 13 {
            writer.uuid(self.topic_id);
        }
        writer.array(&self.partitions, version)?;
        if version >= 12 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `partitions` holds, in a [`FetchRequest`] of versions 4-18.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchPartition {
    /// Int32, versions 4-18.
    pub partition: i32,
    /// Int32, versions 9-18, default -1, ignorable.
    pub current_leader_epoch: i32,
    /// Int64, versions 4-18.
    pub fetch_offset: i64,
    /// Int32, versions 12-18, default -1.
    pub last_fetched_epoch: i32,
    /// Int64, versions 5-18, default -1, ignorable.
    pub log_start_offset: i64,
    /// Int32, versions 4-18.
    pub partition_max_bytes: i32,
    /// Uuid, versions 17-18, tag 0, ignorable.
    pub replica_directory_id: [u8; 16],
    /// Int64, versions 18, tag 1, default 9223372036854775807, ignorable.
    pub high_watermark: i64,
}

impl Default for FetchPartition {
    fn default() -> Self {
        Self {
            partition: 0,
            current_leader_epoch: -1,
            fetch_offset: 0,
            last_fetched_epoch: -1,
            log_start_offset: -1,
            partition_max_bytes: 0,
            replica_directory_id: [0; 16],
            high_watermark: 9223372036854775807,
        }
    }
}

impl Wire<'_> for FetchPartition {
    const BYTES_MIN: usize = 16;

    fn read(reader: &mut Reader<'_>, version: i16) -> Result<Self, WireError> {
        let mut value = Self {
            partition: reader.int32()?,
            current_leader_epoch: if version >= 9 { reader.int32()? } else { -1 },
            fetch_offset: reader.int64()?,
            last_fetched_epoch: if version >= 12 { reader.int32()? } else { -1 },
            log_start_offset: if version >= 5 { reader.int64()? } else { -1 },
            partition_max_bytes: reader.int32()?,
            replica_directory_id: [0; 16],
            high_watermark: 9223372036854775807,
        };
        if version >= 12 {
            let mut tags = reader.tags()?;
            while let Some((tag, mut field)) = reader.next_tag(&mut tags)? {
                match tag {
                    0 if version >= 17 => value.replica_directory_id = field.uuid()?,
                    1 if version >= 18 => value.high_watermark = field.int64()?,
                    _ => continue,
                }
                field.finish()?;
            }
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.partition);
        if version >= 9 {
            writer.int32(self.current_leader_epoch);
        }
        writer.int64(self.fetch_offset);
        if version >= 12 {
            writer.int32(self.last_fetched_epoch);
        } else if self.last_fetched_epoch != -1 {
            return Err(unsupported("LastFetchedEpoch", version));
        }
        if version >= 5 {
            writer.int64(self.log_start_offset);
        }
        writer.int32(self.partition_max_bytes);
        if version >= 12 {
            let mut tags = writer.tags();
            if version >= 17 && self.replica_directory_id != [0; 16] {
                let start = writer.tag(&mut tags, 0);
                writer.uuid(self.replica_directory_id);
                writer.tag_end(start);
            }
            if version >= 18 && self.high_watermark != 9223372036854775807 {
                let start = writer.tag(&mut tags, 1);
                writer.int64(self.high_watermark);
                writer.tag_end(start);
            }
            writer.tags_end(&tags);
        }
        Ok(())
    }
}

/// What `forgotten_topics_data` holds, in a [`FetchRequest`] of versions 7-18.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ForgottenTopic<'a> {
    /// String, versions 7-12, ignorable.
    pub topic: &'a str,
    /// Uuid, versions 13-18, ignorable.
    pub topic_id: [u8; 16],
    /// Array of int32, versions 7-18.
    pub partitions: Array<'a, i32>,
}

impl<'a> Wire<'a> for ForgottenTopic<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            topic: if version <= 12 { reader.string()? } else { "" },
            topic_id: if version >= 13 { reader.uuid()? } else { [0; 16] },
            partitions: reader.array(version)?,
        };
        if version >= 12 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        if version <= 12 {
            writer.string(self.topic)?;
        }
        if version >= 13 {
            writer.uuid(self.topic_id);
        }
        writer.array(&self.partitions, version)?;
        if version >= 12 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// `FetchResponse` (key 1), versions 4-18, flexible from 12.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FetchResponse<'a> {
    /// Int32, versions 4-18, ignorable.
    pub throttle_time_ms: i32,
    /// Int16, versions 7-18, ignorable.
    pub error_code: i16,
    /// Int32, versions 7-18, default 0.
    pub session_id: i32,
    /// Array of FetchableTopicResponse, versions 4-18.
    pub responses: Array<'a, FetchableTopicResponse<'a>>,
    /// Array of NodeEndpoint, versions 16-18, tag 0.
    pub node_endpoints: Array<'a, NodeEndpoint<'a>>,
}

impl<'a> Wire<'a> for FetchResponse<'a> {
    const BYTES_MIN: usize = 8;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let mut value = Self {
            throttle_time_ms: reader.int32()?,
            error_code: if version >= 7 { reader.int16()? } else { 0 },
            session_id: if version >= 7 { reader.int32()? } else { 0 },
            responses: reader.array(version)?,
            node_endpoints: Array::default(),
        };
        if version >= 12 {
            let mut tags = reader.tags()?;
            while let Some((tag, mut field)) = reader.next_tag(&mut tags)? {
                match tag {
                    0 if version >= 16 => value.node_endpoints = field.array(version)?,
                    _ => continue,
                }
                field.finish()?;
            }
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        if version >= 7 {
            writer.int16(self.error_code);
        }
        if version >= 7 {
            writer.int32(self.session_id);
        } else if self.session_id != 0 {
            return Err(unsupported("SessionId", version));
        }
        writer.array(&self.responses, version)?;
        if version < 16 && !self.node_endpoints.is_empty() {
            return Err(unsupported("NodeEndpoints", version));
        }
        if version >= 12 {
            let mut tags = writer.tags();
            if version >= 16 && !self.node_endpoints.is_empty() {
                let start = writer.tag(&mut tags, 0);
                writer.array(&self.node_endpoints, version)?;
                writer.tag_end(start);
            }
            writer.tags_end(&tags);
        }
        Ok(())
    }
}

message!(FetchResponse<'a>, key 1, versions 4..=18, flexible from 12);

/// What `responses` holds, in a [`FetchResponse`] of versions 4-18.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FetchableTopicResponse<'a> {
    /// String, versions 4-12, ignorable.
    pub topic: &'a str,
    /// Uuid, versions 13-18, ignorable.
    pub topic_id: [u8; 16],
    /// Array of PartitionData, versions 4-18.
    pub partitions: Array<'a, PartitionData<'a>>,
}

impl<'a> Wire<'a> for FetchableTopicResponse<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            topic: if version <= 12 { reader.string()? } else { "" },
            topic_id: if version >= 13 { reader.uuid()? } else { [0; 16] },
            partitions: reader.array(version)?,
        };
        if version >= 12 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        if version <= 12 {
            writer.string(self.topic)?;
        }
        if version >= 13 {
            writer.uuid(self.topic_id);
        }
        writer.array(&self.partitions, version)?;
        if version >= 12 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `partitions` holds, in a [`FetchResponse`] of versions 4-18.
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionData<'a> {
    /// Int32, versions 4-18.
    pub partition_index: i32,
    /// Int16, versions 4-18.
    pub error_code: i16,
    /// Int64, versions 4-18.
    pub high_watermark: i64,
    /// Int64, versions 4-18, default -1, ignorable.
    pub last_stable_offset: i64,
    /// Int64, versions 5-18, default -1, ignorable.
    pub log_start_offset: i64,
    /// EpochEndOffset, versions 12-18, tag 0.
    pub diverging_epoch: EpochEndOffset,
    /// LeaderIdAndEpoch, versions 12-18, tag 1.
    pub current_leader: LeaderIdAndEpoch,
    /// SnapshotId, versions 12-18, tag 2.
    pub snapshot_id: SnapshotId,
    /// Array of AbortedTransaction, versions 4-18, nullable, ignorable.
    pub aborted_transactions: Option<Array<'a, AbortedTransaction>>,
    /// Int32, versions 11-18, default -1.
    pub preferred_read_replica: i32,
    /// Records, versions 4-18, nullable.
    pub records: Option<Records<'a>>,
}

impl Default for PartitionData<'_> {
    fn default() -> Self {
        Self {
            partition_index: 0,
            error_code: 0,
            high_watermark: 0,
            last_stable_offset: -1,
            log_start_offset: -1,
            diverging_epoch: EpochEndOffset::default(),
            current_leader: LeaderIdAndEpoch::default(),
            snapshot_id: SnapshotId::default(),
            aborted_transactions: Some(Array::default()),
            preferred_read_replica: -1,
            records: None,
        }
    }
}

impl<'a> Wire<'a> for PartitionData<'a> {
    const BYTES_MIN: usize = 30;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let mut value = Self {
            partition_index: reader.int32()?,
            error_code: reader.int16()?,
            high_watermark: reader.int64()?,
            last_stable_offset: reader.int64()?,
            log_start_offset: if version >= 5 { reader.int64()? } else { -1 },
            diverging_epoch: EpochEndOffset::default(),
            current_leader: LeaderIdAndEpoch::default(),
            snapshot_id: SnapshotId::default(),
            aborted_transactions: reader.nullable_array(version)?,
            preferred_read_replica: if version >= 11 { reader.int32()? } else { -1 },
            records: reader.nullable_records()?,
        };
        if version >= 12 {
            let mut tags = reader.tags()?;
            while let Some((tag, mut field)) = reader.next_tag(&mut tags)? {
                match tag {
                    0 => value.diverging_epoch = EpochEndOffset::read(&mut field, version)?,
                    1 => value.current_leader = LeaderIdAndEpoch::read(&mut field, version)?,
                    2 => value.snapshot_id = SnapshotId::read(&mut field, version)?,
                    _ => continue,
                }
                field.finish()?;
            }
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.partition_index);
        writer.int16(self.error_code);
        writer.int64(self.high_watermark);
        writer.int64(self.last_stable_offset);
        if version >= 5 {
            writer.int64(self.log_start_offset);
        }
        if version < 12 && self.diverging_epoch != EpochEndOffset::default() {
            return Err(unsupported("DivergingEpoch", version));
        }
        if version < 12 && self.current_leader != LeaderIdAndEpoch::default() {
            return Err(unsupported("CurrentLeader", version));
        }
        if version < 12 && self.snapshot_id != SnapshotId::default() {
            return Err(unsupported("SnapshotId", version));
        }
        writer.nullable_array(self.aborted_transactions.as_ref(), version)?;
        if version >= 11 {
            writer.int32(self.preferred_read_replica);
        } else if self.preferred_read_replica != -1 {
            return Err(unsupported("PreferredReadReplica", version));
        }
        writer.nullable_records(self.records)?;
        if version >= 12 {
            let mut tags = writer.tags();
            if self.diverging_epoch != EpochEndOffset::default() {
                let start = writer.tag(&mut tags, 0);
                self.diverging_epoch.write(writer, version)?;
                writer.tag_end(start);
            }
            if self.current_leader != LeaderIdAndEpoch::default() {
                let start = writer.tag(&mut tags, 1);
                self.current_leader.write(writer, version)?;
                writer.tag_end(start);
            }
            if self.snapshot_id != SnapshotId::default() {
                let start = writer.tag(&mut tags, 2);
                self.snapshot_id.write(writer, version)?;
                writer.tag_end(start);
            }
            writer.tags_end(&tags);
        }
        Ok(())
    }
}

/// What `diverging_epoch` holds, in a [`FetchResponse`] of versions 12-18.
#[derive(Clone, Debug, PartialEq)]
pub struct EpochEndOffset {
    /// Int32, versions 12-18, default -1.
    pub epoch: i32,
    /// Int64, versions 12-18, default -1.
    pub end_offset: i64,
}

impl Default for EpochEndOffset {
    fn default() -> Self {
        Self { epoch: -1, end_offset: -1 }
    }
}

impl Wire<'_> for EpochEndOffset {
    const BYTES_MIN: usize = 13;

    fn read(reader: &mut Reader<'_>, _version: i16) -> Result<Self, WireError> {
        let value = Self { epoch: reader.int32()?, end_offset: reader.int64()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.int32(self.epoch);
        writer.int64(self.end_offset);
        writer.no_tags();
        Ok(())
    }
}

/// What `current_leader` holds, in a [`FetchResponse`] of versions 12-18.
#[derive(Clone, Debug, PartialEq)]
pub struct LeaderIdAndEpoch {
    /// Int32, versions 12-18, default -1.
    pub leader_id: i32,
    /// Int32, versions 12-18, default -1.
    pub leader_epoch: i32,
}

impl Default for LeaderIdAndEpoch {
    fn default() -> Self {
        Self { leader_id: -1, leader_epoch: -1 }
    }
}

impl Wire<'_> for LeaderIdAndEpoch {
    const BYTES_MIN: usize = 9;

    fn read(reader: &mut Reader<'_>, _version: i16) -> Result<Self, WireError> {
        let value = Self { leader_id: reader.int32()?, leader_epoch: reader.int32()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.int32(self.leader_id);
        writer.int32(self.leader_epoch);
        writer.no_tags();
        Ok(())
    }
}

/// What `snapshot_id` holds, in a [`FetchResponse`] of versions 12-18.
#[derive(Clone, Debug, PartialEq)]
pub struct SnapshotId {
    /// Int64, versions 12-18, default -1.
    pub end_offset: i64,
    /// Int32, versions 12-18, default -1.
    pub epoch: i32,
}

impl Default for SnapshotId {
    fn default() -> Self {
        Self { end_offset: -1, epoch: -1 }
    }
}

impl Wire<'_> for SnapshotId {
    const BYTES_MIN: usize = 13;

    fn read(reader: &mut Reader<'_>, _version: i16) -> Result<Self, WireError> {
        let value = Self { end_offset: reader.int64()?, epoch: reader.int32()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.int64(self.end_offset);
        writer.int32(self.epoch);
        writer.no_tags();
        Ok(())
    }
}

/// What `aborted_transactions` holds, in a [`FetchResponse`] of versions 4-18.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AbortedTransaction {
    /// Int64, versions 4-18.
    pub producer_id: i64,
    /// Int64, versions 4-18.
    pub first_offset: i64,
}

impl Wire<'_> for AbortedTransaction {
    const BYTES_MIN: usize = 16;

    fn read(reader: &mut Reader<'_>, version: i16) -> Result<Self, WireError> {
        let value = Self { producer_id: reader.int64()?, first_offset: reader.int64()? };
        if version >= 12 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int64(self.producer_id);
        writer.int64(self.first_offset);
        if version >= 12 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `node_endpoints` holds, in a [`FetchResponse`] of versions 16-18.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeEndpoint<'a> {
    /// Int32, versions 16-18.
    pub node_id: i32,
    /// String, versions 16-18.
    pub host: &'a str,
    /// Int32, versions 16-18.
    pub port: i32,
    /// String, versions 16-18, nullable, default null.
    pub rack: Option<&'a str>,
}

impl<'a> Wire<'a> for NodeEndpoint<'a> {
    const BYTES_MIN: usize = 11;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self {
            node_id: reader.int32()?,
            host: reader.string()?,
            port: reader.int32()?,
            rack: reader.nullable_string()?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.int32(self.node_id);
        writer.string(self.host)?;
        writer.int32(self.port);
        writer.nullable_string(self.rack)?;
        writer.no_tags();
        Ok(())
    }
}

impl<'a> Request<'a> for FetchRequest<'a> {
    const KEY: i16 = 1;
    type Response<'r> = FetchResponse<'r>;
}

fn unsupported(field: &'static str, version: i16) -> WireError {
    WireError::UnsupportedField { field, version }
}
