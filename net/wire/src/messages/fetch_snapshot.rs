//! FetchSnapshot.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Records, Request, Wire, WireError, Writer, message};

/// `FetchSnapshotRequest` (key 59), versions 0-1, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchSnapshotRequest<'a> {
    /// String, versions 0-1, nullable, tag 0, default null.
    pub cluster_id: Option<&'a str>,
    /// Int32, versions 0-1, default -1.
    pub replica_id: i32,
    /// Int32, versions 0-1, default 0x7fffffff.
    pub max_bytes: i32,
    /// Array of RequestTopicSnapshot, versions 0-1.
    pub topics: Array<'a, RequestTopicSnapshot<'a>>,
}

impl Default for FetchSnapshotRequest<'_> {
    fn default() -> Self {
        Self { cluster_id: None, replica_id: -1, max_bytes: 0x7fffffff, topics: Array::default() }
    }
}

impl<'a> Wire<'a> for FetchSnapshotRequest<'a> {
    const BYTES_MIN: usize = 10;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let mut value = Self {
            cluster_id: None,
            replica_id: reader.int32()?,
            max_bytes: reader.int32()?,
            topics: reader.array(version)?,
        };
        let mut tags = reader.tags()?;
        while let Some((tag, mut field)) = reader.next_tag(&mut tags)? {
            match tag {
                0 => value.cluster_id = field.nullable_string()?,
                _ => continue,
            }
            field.finish()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.replica_id);
        writer.int32(self.max_bytes);
        writer.array(&self.topics, version)?;
        let mut tags = writer.tags();
        if self.cluster_id.is_some() {
            let start = writer.tag(&mut tags, 0);
            writer.nullable_string(self.cluster_id)?;
            writer.tag_end(start);
        }
        writer.tags_end(&tags);
        Ok(())
    }
}

message!(FetchSnapshotRequest<'a>, key 59, versions 0..=1, flexible from 0);

/// What `topics` holds, in a [`FetchSnapshotRequest`] of versions 0-1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestTopicSnapshot<'a> {
    /// String, versions 0-1.
    pub name: &'a str,
    /// Array of RequestPartitionSnapshot, versions 0-1.
    pub partitions: Array<'a, RequestPartitionSnapshot>,
}

impl<'a> Wire<'a> for RequestTopicSnapshot<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { name: reader.string()?, partitions: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.array(&self.partitions, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `partitions` holds, in a [`FetchSnapshotRequest`] of versions 0-1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestPartitionSnapshot {
    /// Int32, versions 0-1.
    pub partition: i32,
    /// Int32, versions 0-1.
    pub current_leader_epoch: i32,
    /// RequestSnapshotId, versions 0-1.
    pub snapshot_id: RequestSnapshotId,
    /// Int64, versions 0-1.
    pub position: i64,
    /// Uuid, versions 1, tag 0, ignorable.
    pub replica_directory_id: [u8; 16],
}

impl Wire<'_> for RequestPartitionSnapshot {
    const BYTES_MIN: usize = 30;

    fn read(reader: &mut Reader<'_>, version: i16) -> Result<Self, WireError> {
        let mut value = Self {
            partition: reader.int32()?,
            current_leader_epoch: reader.int32()?,
            snapshot_id: RequestSnapshotId::read(reader, version)?,
            position: reader.int64()?,
            replica_directory_id: [0; 16],
        };
        let mut tags = reader.tags()?;
        while let Some((tag, mut field)) = reader.next_tag(&mut tags)? {
            match tag {
                0 if version >= 1 => value.replica_directory_id = field.uuid()?,
                _ => continue,
            }
            field.finish()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.partition);
        writer.int32(self.current_leader_epoch);
        self.snapshot_id.write(writer, version)?;
        writer.int64(self.position);
        let mut tags = writer.tags();
        if version >= 1 && self.replica_directory_id != [0; 16] {
            let start = writer.tag(&mut tags, 0);
            writer.uuid(self.replica_directory_id);
            writer.tag_end(start);
        }
        writer.tags_end(&tags);
        Ok(())
    }
}

/// What `snapshot_id` holds, in a [`FetchSnapshotRequest`] of versions 0-1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestSnapshotId {
    /// Int64, versions 0-1.
    pub end_offset: i64,
    /// Int32, versions 0-1.
    pub epoch: i32,
}

impl Wire<'_> for RequestSnapshotId {
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

/// `FetchSnapshotResponse` (key 59), versions 0-1, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FetchSnapshotResponse<'a> {
    /// Int32, versions 0-1, ignorable.
    pub throttle_time_ms: i32,
    /// Int16, versions 0-1.
    pub error_code: i16,
    /// Array of ResponseTopicSnapshot, versions 0-1.
    pub topics: Array<'a, ResponseTopicSnapshot<'a>>,
    /// Array of NodeEndpoint, versions 1, tag 0.
    pub node_endpoints: Array<'a, NodeEndpoint<'a>>,
}

impl<'a> Wire<'a> for FetchSnapshotResponse<'a> {
    const BYTES_MIN: usize = 8;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let mut value = Self {
            throttle_time_ms: reader.int32()?,
            error_code: reader.int16()?,
            topics: reader.array(version)?,
            node_endpoints: Array::default(),
        };
        let mut tags = reader.tags()?;
        while let Some((tag, mut field)) = reader.next_tag(&mut tags)? {
            match tag {
                0 if version >= 1 => value.node_endpoints = field.array(version)?,
                _ => continue,
            }
            field.finish()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.int16(self.error_code);
        writer.array(&self.topics, version)?;
        if version < 1 && !self.node_endpoints.is_empty() {
            return Err(unsupported("NodeEndpoints", version));
        }
        let mut tags = writer.tags();
        if version >= 1 && !self.node_endpoints.is_empty() {
            let start = writer.tag(&mut tags, 0);
            writer.array(&self.node_endpoints, version)?;
            writer.tag_end(start);
        }
        writer.tags_end(&tags);
        Ok(())
    }
}

message!(FetchSnapshotResponse<'a>, key 59, versions 0..=1, flexible from 0);

/// What `topics` holds, in a [`FetchSnapshotResponse`] of versions 0-1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResponseTopicSnapshot<'a> {
    /// String, versions 0-1.
    pub name: &'a str,
    /// Array of ResponsePartitionSnapshot, versions 0-1.
    pub partitions: Array<'a, ResponsePartitionSnapshot<'a>>,
}

impl<'a> Wire<'a> for ResponseTopicSnapshot<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { name: reader.string()?, partitions: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.array(&self.partitions, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `partitions` holds, in a [`FetchSnapshotResponse`] of versions 0-1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResponsePartitionSnapshot<'a> {
    /// Int32, versions 0-1.
    pub index: i32,
    /// Int16, versions 0-1.
    pub error_code: i16,
    /// ResponseSnapshotId, versions 0-1.
    pub snapshot_id: ResponseSnapshotId,
    /// LeaderIdAndEpoch, versions 0-1, tag 0.
    pub current_leader: LeaderIdAndEpoch,
    /// Int64, versions 0-1.
    pub size: i64,
    /// Int64, versions 0-1.
    pub position: i64,
    /// Records, versions 0-1.
    pub unaligned_records: Records<'a>,
}

impl<'a> Wire<'a> for ResponsePartitionSnapshot<'a> {
    const BYTES_MIN: usize = 37;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let mut value = Self {
            index: reader.int32()?,
            error_code: reader.int16()?,
            snapshot_id: ResponseSnapshotId::read(reader, version)?,
            current_leader: LeaderIdAndEpoch::default(),
            size: reader.int64()?,
            position: reader.int64()?,
            unaligned_records: reader.records()?,
        };
        let mut tags = reader.tags()?;
        while let Some((tag, mut field)) = reader.next_tag(&mut tags)? {
            match tag {
                0 => value.current_leader = LeaderIdAndEpoch::read(&mut field, version)?,
                _ => continue,
            }
            field.finish()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.index);
        writer.int16(self.error_code);
        self.snapshot_id.write(writer, version)?;
        writer.int64(self.size);
        writer.int64(self.position);
        writer.records(self.unaligned_records)?;
        let mut tags = writer.tags();
        if self.current_leader != LeaderIdAndEpoch::default() {
            let start = writer.tag(&mut tags, 0);
            self.current_leader.write(writer, version)?;
            writer.tag_end(start);
        }
        writer.tags_end(&tags);
        Ok(())
    }
}

/// What `snapshot_id` holds, in a [`FetchSnapshotResponse`] of versions 0-1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResponseSnapshotId {
    /// Int64, versions 0-1.
    pub end_offset: i64,
    /// Int32, versions 0-1.
    pub epoch: i32,
}

impl Wire<'_> for ResponseSnapshotId {
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

/// What `current_leader` holds, in a [`FetchSnapshotResponse`] of versions 0-1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LeaderIdAndEpoch {
    /// Int32, versions 0-1.
    pub leader_id: i32,
    /// Int32, versions 0-1.
    pub leader_epoch: i32,
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

/// What `node_endpoints` holds, in a [`FetchSnapshotResponse`] of versions 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeEndpoint<'a> {
    /// Int32, versions 1.
    pub node_id: i32,
    /// String, versions 1.
    pub host: &'a str,
    /// Uint16, versions 1.
    pub port: u16,
}

impl<'a> Wire<'a> for NodeEndpoint<'a> {
    const BYTES_MIN: usize = 8;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self { node_id: reader.int32()?, host: reader.string()?, port: reader.uint16()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.int32(self.node_id);
        writer.string(self.host)?;
        writer.uint16(self.port);
        writer.no_tags();
        Ok(())
    }
}

impl<'a> Request<'a> for FetchSnapshotRequest<'a> {
    const KEY: i16 = 59;
    type Response<'r> = FetchSnapshotResponse<'r>;
}

fn unsupported(field: &'static str, version: i16) -> WireError {
    WireError::UnsupportedField { field, version }
}
