//! DescribeQuorum.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `DescribeQuorumRequest` (key 55), versions 0-2, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeQuorumRequest<'a> {
    /// Array of RequestTopicData, versions 0-2.
    pub topics: Array<'a, RequestTopicData<'a>>,
}

impl<'a> Wire<'a> for DescribeQuorumRequest<'a> {
    const BYTES_MIN: usize = 2;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { topics: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.array(&self.topics, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(DescribeQuorumRequest<'a>, key 55, versions 0..=2, flexible from 0);

/// What `topics` holds, in a [`DescribeQuorumRequest`] of versions 0-2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestTopicData<'a> {
    /// String, versions 0-2.
    pub topic_name: &'a str,
    /// Array of RequestPartitionData, versions 0-2.
    pub partitions: Array<'a, RequestPartitionData>,
}

impl<'a> Wire<'a> for RequestTopicData<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { topic_name: reader.string()?, partitions: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.topic_name)?;
        writer.array(&self.partitions, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `partitions` holds, in a [`DescribeQuorumRequest`] of versions 0-2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestPartitionData {
    /// Int32, versions 0-2.
    pub partition_index: i32,
}

impl Wire<'_> for RequestPartitionData {
    const BYTES_MIN: usize = 5;

    fn read(reader: &mut Reader<'_>, _version: i16) -> Result<Self, WireError> {
        let value = Self { partition_index: reader.int32()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.int32(self.partition_index);
        writer.no_tags();
        Ok(())
    }
}

/// `DescribeQuorumResponse` (key 55), versions 0-2, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeQuorumResponse<'a> {
    /// Int16, versions 0-2.
    pub error_code: i16,
    /// String, versions 2, nullable, ignorable.
    pub error_message: Option<&'a str>,
    /// Array of ResponseTopicData, versions 0-2.
    pub topics: Array<'a, ResponseTopicData<'a>>,
    /// Array of Node, versions 2.
    pub nodes: Array<'a, Node<'a>>,
}

impl Default for DescribeQuorumResponse<'_> {
    fn default() -> Self {
        Self { error_code: 0, error_message: Some(""), topics: Array::default(), nodes: Array::default() }
    }
}

impl<'a> Wire<'a> for DescribeQuorumResponse<'a> {
    const BYTES_MIN: usize = 4;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            error_code: reader.int16()?,
            error_message: if version >= 2 { reader.nullable_string()? } else { Some("") },
            topics: reader.array(version)?,
            nodes: if version >= 2 { reader.array(version)? } else { Array::default() },
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int16(self.error_code);
        if version >= 2 {
            writer.nullable_string(self.error_message)?;
        }
        writer.array(&self.topics, version)?;
        if version >= 2 {
            writer.array(&self.nodes, version)?;
        } else if !self.nodes.is_empty() {
            return Err(unsupported("Nodes", version));
        }
        writer.no_tags();
        Ok(())
    }
}

message!(DescribeQuorumResponse<'a>, key 55, versions 0..=2, flexible from 0);

/// What `topics` holds, in a [`DescribeQuorumResponse`] of versions 0-2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResponseTopicData<'a> {
    /// String, versions 0-2.
    pub topic_name: &'a str,
    /// Array of ResponsePartitionData, versions 0-2.
    pub partitions: Array<'a, ResponsePartitionData<'a>>,
}

impl<'a> Wire<'a> for ResponseTopicData<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { topic_name: reader.string()?, partitions: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.topic_name)?;
        writer.array(&self.partitions, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `partitions` holds, in a [`DescribeQuorumResponse`] of versions 0-2.
#[derive(Clone, Debug, PartialEq)]
pub struct ResponsePartitionData<'a> {
    /// Int32, versions 0-2.
    pub partition_index: i32,
    /// Int16, versions 0-2.
    pub error_code: i16,
    /// String, versions 2, nullable, ignorable.
    pub error_message: Option<&'a str>,
    /// Int32, versions 0-2.
    pub leader_id: i32,
    /// Int32, versions 0-2.
    pub leader_epoch: i32,
    /// Int64, versions 0-2.
    pub high_watermark: i64,
    /// Array of ReplicaState, versions 0-2.
    pub current_voters: Array<'a, ReplicaState>,
    /// Array of ReplicaState, versions 0-2.
    pub observers: Array<'a, ReplicaState>,
}

impl Default for ResponsePartitionData<'_> {
    fn default() -> Self {
        Self {
            partition_index: 0,
            error_code: 0,
            error_message: Some(""),
            leader_id: 0,
            leader_epoch: 0,
            high_watermark: 0,
            current_voters: Array::default(),
            observers: Array::default(),
        }
    }
}

impl<'a> Wire<'a> for ResponsePartitionData<'a> {
    const BYTES_MIN: usize = 25;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            partition_index: reader.int32()?,
            error_code: reader.int16()?,
            error_message: if version >= 2 { reader.nullable_string()? } else { Some("") },
            leader_id: reader.int32()?,
            leader_epoch: reader.int32()?,
            high_watermark: reader.int64()?,
            current_voters: reader.array(version)?,
            observers: reader.array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.partition_index);
        writer.int16(self.error_code);
        if version >= 2 {
            writer.nullable_string(self.error_message)?;
        }
        writer.int32(self.leader_id);
        writer.int32(self.leader_epoch);
        writer.int64(self.high_watermark);
        writer.array(&self.current_voters, version)?;
        writer.array(&self.observers, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `current_voters` holds, in a [`DescribeQuorumResponse`] of versions 0-2.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplicaState {
    /// Int32, versions 0-2.
    pub replica_id: i32,
    /// Uuid, versions 2.
    pub replica_directory_id: [u8; 16],
    /// Int64, versions 0-2.
    pub log_end_offset: i64,
    /// Int64, versions 1-2, default -1, ignorable.
    pub last_fetch_timestamp: i64,
    /// Int64, versions 1-2, default -1, ignorable.
    pub last_caught_up_timestamp: i64,
}

impl Default for ReplicaState {
    fn default() -> Self {
        Self {
            replica_id: 0,
            replica_directory_id: [0; 16],
            log_end_offset: 0,
            last_fetch_timestamp: -1,
            last_caught_up_timestamp: -1,
        }
    }
}

impl Wire<'_> for ReplicaState {
    const BYTES_MIN: usize = 13;

    fn read(reader: &mut Reader<'_>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            replica_id: reader.int32()?,
            replica_directory_id: if version >= 2 { reader.uuid()? } else { [0; 16] },
            log_end_offset: reader.int64()?,
            last_fetch_timestamp: if version >= 1 { reader.int64()? } else { -1 },
            last_caught_up_timestamp: if version >= 1 { reader.int64()? } else { -1 },
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.replica_id);
        if version >= 2 {
            writer.uuid(self.replica_directory_id);
        } else if self.replica_directory_id != [0; 16] {
            return Err(unsupported("ReplicaDirectoryId", version));
        }
        writer.int64(self.log_end_offset);
        if version >= 1 {
            writer.int64(self.last_fetch_timestamp);
        }
        if version >= 1 {
            writer.int64(self.last_caught_up_timestamp);
        }
        writer.no_tags();
        Ok(())
    }
}

/// What `nodes` holds, in a [`DescribeQuorumResponse`] of versions 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node<'a> {
    /// Int32, versions 2.
    pub node_id: i32,
    /// Array of Listener, versions 2.
    pub listeners: Array<'a, Listener<'a>>,
}

impl<'a> Wire<'a> for Node<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { node_id: reader.int32()?, listeners: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.node_id);
        writer.array(&self.listeners, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `listeners` holds, in a [`DescribeQuorumResponse`] of versions 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listener<'a> {
    /// String, versions 2.
    pub name: &'a str,
    /// String, versions 2.
    pub host: &'a str,
    /// Uint16, versions 2.
    pub port: u16,
}

impl<'a> Wire<'a> for Listener<'a> {
    const BYTES_MIN: usize = 5;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self { name: reader.string()?, host: reader.string()?, port: reader.uint16()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.string(self.host)?;
        writer.uint16(self.port);
        writer.no_tags();
        Ok(())
    }
}

impl<'a> Request<'a> for DescribeQuorumRequest<'a> {
    const KEY: i16 = 55;
    type Response<'r> = DescribeQuorumResponse<'r>;
}

fn unsupported(field: &'static str, version: i16) -> WireError {
    WireError::UnsupportedField { field, version }
}
