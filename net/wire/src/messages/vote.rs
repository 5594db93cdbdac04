//! Vote.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `VoteRequest` (key 52), versions 0-2, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct VoteRequest<'a> {
    /// String, versions 0-2, nullable, default null.
    pub cluster_id: Option<&'a str>,
    /// Int32, versions 1-2, default -1, ignorable.
    pub voter_id: i32,
    /// Array of RequestTopicData, versions 0-2.
    pub topics: Array<'a, RequestTopicData<'a>>,
}

impl Default for VoteRequest<'_> {
    fn default() -> Self {
        Self { cluster_id: None, voter_id: -1, topics: Array::default() }
    }
}

impl<'a> Wire<'a> for VoteRequest<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            cluster_id: reader.nullable_string()?,
            voter_id: if version >= 1 { reader.int32()? } else { -1 },
            topics: reader.array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.nullable_string(self.cluster_id)?;
        if version >= 1 {
            writer.int32(self.voter_id);
        }
        writer.array(&self.topics, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(VoteRequest<'a>, key 52, versions 0..=2, flexible from 0);

/// What `topics` holds, in a [`VoteRequest`] of versions 0-2.
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

/// What `partitions` holds, in a [`VoteRequest`] of versions 0-2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestPartitionData {
    /// Int32, versions 0-2.
    pub partition_index: i32,
    /// Int32, versions 0-2.
    pub replica_epoch: i32,
    /// Int32, versions 0-2.
    pub replica_id: i32,
    /// Uuid, versions 1-2, ignorable.
    pub replica_directory_id: [u8; 16],
    /// Uuid, versions 1-2, ignorable.
    pub voter_directory_id: [u8; 16],
    /// Int32, versions 0-2.
    pub last_offset_epoch: i32,
    /// Int64, versions 0-2.
    pub last_offset: i64,
    /// Bool, versions 2.
    pub pre_vote: bool,
}

impl Wire<'_> for RequestPartitionData {
    const BYTES_MIN: usize = 25;

    fn read(reader: &mut Reader<'_>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            partition_index: reader.int32()?,
            replica_epoch: reader.int32()?,
            replica_id: reader.int32()?,
            replica_directory_id: if version >= 1 { reader.uuid()? } else { [0; 16] },
            voter_directory_id: if version >= 1 { reader.uuid()? } else { [0; 16] },
            last_offset_epoch: reader.int32()?,
            last_offset: reader.int64()?,
            pre_vote: if version >= 2 { reader.bool()? } else { false },
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.partition_index);
        writer.int32(self.replica_epoch);
        writer.int32(self.replica_id);
        if version >= 1 {
            writer.uuid(self.replica_directory_id);
        }
        if version >= 1 {
            writer.uuid(self.voter_directory_id);
        }
        writer.int32(self.last_offset_epoch);
        writer.int64(self.last_offset);
        if version >= 2 {
            writer.bool(self.pre_vote);
        } else if self.pre_vote {
            return Err(unsupported("PreVote", version));
        }
        writer.no_tags();
        Ok(())
    }
}

/// `VoteResponse` (key 52), versions 0-2, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VoteResponse<'a> {
    /// Int16, versions 0-2.
    pub error_code: i16,
    /// Array of ResponseTopicData, versions 0-2.
    pub topics: Array<'a, ResponseTopicData<'a>>,
    /// Array of NodeEndpoint, versions 1-2, tag 0.
    pub node_endpoints: Array<'a, NodeEndpoint<'a>>,
}

impl<'a> Wire<'a> for VoteResponse<'a> {
    const BYTES_MIN: usize = 4;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let mut value =
            Self { error_code: reader.int16()?, topics: reader.array(version)?, node_endpoints: Array::default() };
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

message!(VoteResponse<'a>, key 52, versions 0..=2, flexible from 0);

/// What `topics` holds, in a [`VoteResponse`] of versions 0-2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResponseTopicData<'a> {
    /// String, versions 0-2.
    pub topic_name: &'a str,
    /// Array of ResponsePartitionData, versions 0-2.
    pub partitions: Array<'a, ResponsePartitionData>,
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

/// What `partitions` holds, in a [`VoteResponse`] of versions 0-2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResponsePartitionData {
    /// Int32, versions 0-2.
    pub partition_index: i32,
    /// Int16, versions 0-2.
    pub error_code: i16,
    /// Int32, versions 0-2.
    pub leader_id: i32,
    /// Int32, versions 0-2.
    pub leader_epoch: i32,
    /// Bool, versions 0-2.
    pub vote_granted: bool,
}

impl Wire<'_> for ResponsePartitionData {
    const BYTES_MIN: usize = 16;

    fn read(reader: &mut Reader<'_>, _version: i16) -> Result<Self, WireError> {
        let value = Self {
            partition_index: reader.int32()?,
            error_code: reader.int16()?,
            leader_id: reader.int32()?,
            leader_epoch: reader.int32()?,
            vote_granted: reader.bool()?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.int32(self.partition_index);
        writer.int16(self.error_code);
        writer.int32(self.leader_id);
        writer.int32(self.leader_epoch);
        writer.bool(self.vote_granted);
        writer.no_tags();
        Ok(())
    }
}

/// What `node_endpoints` holds, in a [`VoteResponse`] of versions 1-2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeEndpoint<'a> {
    /// Int32, versions 1-2.
    pub node_id: i32,
    /// String, versions 1-2.
    pub host: &'a str,
    /// Uint16, versions 1-2.
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

impl<'a> Request<'a> for VoteRequest<'a> {
    const KEY: i16 = 52;
    type Response<'r> = VoteResponse<'r>;
}

fn unsupported(field: &'static str, version: i16) -> WireError {
    WireError::UnsupportedField { field, version }
}
