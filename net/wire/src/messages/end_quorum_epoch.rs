//! EndQuorumEpoch.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `EndQuorumEpochRequest` (key 54), versions 0-1, flexible from 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EndQuorumEpochRequest<'a> {
    /// String, versions 0-1, nullable, default null.
    pub cluster_id: Option<&'a str>,
    /// Array of RequestTopicData, versions 0-1.
    pub topics: Array<'a, RequestTopicData<'a>>,
    /// Array of LeaderEndpoint, versions 1, ignorable.
    pub leader_endpoints: Array<'a, LeaderEndpoint<'a>>,
}

impl<'a> Wire<'a> for EndQuorumEpochRequest<'a> {
    const BYTES_MIN: usize = 4;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            cluster_id: reader.nullable_string()?,
            topics: reader.array(version)?,
            leader_endpoints: if version >= 1 { reader.array(version)? } else { Array::default() },
        };
        if version >= 1 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.nullable_string(self.cluster_id)?;
        writer.array(&self.topics, version)?;
        if version >= 1 {
            writer.array(&self.leader_endpoints, version)?;
        }
        if version >= 1 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(EndQuorumEpochRequest<'a>, key 54, versions 0..=1, flexible from 1);

/// What `topics` holds, in a [`EndQuorumEpochRequest`] of versions 0-1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestTopicData<'a> {
    /// String, versions 0-1.
    pub topic_name: &'a str,
    /// Array of RequestPartitionData, versions 0-1.
    pub partitions: Array<'a, RequestPartitionData<'a>>,
}

impl<'a> Wire<'a> for RequestTopicData<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { topic_name: reader.string()?, partitions: reader.array(version)? };
        if version >= 1 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.topic_name)?;
        writer.array(&self.partitions, version)?;
        if version >= 1 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `partitions` holds, in a [`EndQuorumEpochRequest`] of versions 0-1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestPartitionData<'a> {
    /// Int32, versions 0-1.
    pub partition_index: i32,
    /// Int32, versions 0-1.
    pub leader_id: i32,
    /// Int32, versions 0-1.
    pub leader_epoch: i32,
    /// Array of int32, versions 0, ignorable.
    pub preferred_successors: Array<'a, i32>,
    /// Array of ReplicaInfo, versions 1, ignorable.
    pub preferred_candidates: Array<'a, ReplicaInfo>,
}

impl<'a> Wire<'a> for RequestPartitionData<'a> {
    const BYTES_MIN: usize = 14;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            partition_index: reader.int32()?,
            leader_id: reader.int32()?,
            leader_epoch: reader.int32()?,
            preferred_successors: if version <= 0 { reader.array(version)? } else { Array::default() },
            preferred_candidates: if version >= 1 { reader.array(version)? } else { Array::default() },
        };
        if version >= 1 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.partition_index);
        writer.int32(self.leader_id);
        writer.int32(self.leader_epoch);
        if version <= 0 {
            writer.array(&self.preferred_successors, version)?;
        }
        if version >= 1 {
            writer.array(&self.preferred_candidates, version)?;
        }
        if version >= 1 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `preferred_candidates` holds, in a [`EndQuorumEpochRequest`] of versions 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReplicaInfo {
    /// Int32, versions 1.
    pub candidate_id: i32,
    /// Uuid, versions 1.
    pub candidate_directory_id: [u8; 16],
}

impl Wire<'_> for ReplicaInfo {
    const BYTES_MIN: usize = 21;

    fn read(reader: &mut Reader<'_>, _version: i16) -> Result<Self, WireError> {
        let value = Self { candidate_id: reader.int32()?, candidate_directory_id: reader.uuid()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.int32(self.candidate_id);
        writer.uuid(self.candidate_directory_id);
        writer.no_tags();
        Ok(())
    }
}

/// What `leader_endpoints` holds, in a [`EndQuorumEpochRequest`] of versions 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LeaderEndpoint<'a> {
    /// String, versions 1.
    pub name: &'a str,
    /// String, versions 1.
    pub host: &'a str,
    /// Uint16, versions 1.
    pub port: u16,
}

impl<'a> Wire<'a> for LeaderEndpoint<'a> {
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

/// `EndQuorumEpochResponse` (key 54), versions 0-1, flexible from 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EndQuorumEpochResponse<'a> {
    /// Int16, versions 0-1.
    pub error_code: i16,
    /// Array of ResponseTopicData, versions 0-1.
    pub topics: Array<'a, ResponseTopicData<'a>>,
    /// Array of NodeEndpoint, versions 1, tag 0.
    pub node_endpoints: Array<'a, NodeEndpoint<'a>>,
}

impl<'a> Wire<'a> for EndQuorumEpochResponse<'a> {
    const BYTES_MIN: usize = 4;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let mut value =
            Self { error_code: reader.int16()?, topics: reader.array(version)?, node_endpoints: Array::default() };
        if version >= 1 {
            let mut tags = reader.tags()?;
            while let Some((tag, mut field)) = reader.next_tag(&mut tags)? {
                match tag {
                    0 => value.node_endpoints = field.array(version)?,
                    _ => continue,
                }
                field.finish()?;
            }
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int16(self.error_code);
        writer.array(&self.topics, version)?;
        if version < 1 && !self.node_endpoints.is_empty() {
            return Err(unsupported("NodeEndpoints", version));
        }
        if version >= 1 {
            let mut tags = writer.tags();
            if !self.node_endpoints.is_empty() {
                let start = writer.tag(&mut tags, 0);
                writer.array(&self.node_endpoints, version)?;
                writer.tag_end(start);
            }
            writer.tags_end(&tags);
        }
        Ok(())
    }
}

message!(EndQuorumEpochResponse<'a>, key 54, versions 0..=1, flexible from 1);

/// What `topics` holds, in a [`EndQuorumEpochResponse`] of versions 0-1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResponseTopicData<'a> {
    /// String, versions 0-1.
    pub topic_name: &'a str,
    /// Array of ResponsePartitionData, versions 0-1.
    pub partitions: Array<'a, ResponsePartitionData>,
}

impl<'a> Wire<'a> for ResponseTopicData<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { topic_name: reader.string()?, partitions: reader.array(version)? };
        if version >= 1 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.topic_name)?;
        writer.array(&self.partitions, version)?;
        if version >= 1 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `partitions` holds, in a [`EndQuorumEpochResponse`] of versions 0-1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResponsePartitionData {
    /// Int32, versions 0-1.
    pub partition_index: i32,
    /// Int16, versions 0-1.
    pub error_code: i16,
    /// Int32, versions 0-1.
    pub leader_id: i32,
    /// Int32, versions 0-1.
    pub leader_epoch: i32,
}

impl Wire<'_> for ResponsePartitionData {
    const BYTES_MIN: usize = 14;

    fn read(reader: &mut Reader<'_>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            partition_index: reader.int32()?,
            error_code: reader.int16()?,
            leader_id: reader.int32()?,
            leader_epoch: reader.int32()?,
        };
        if version >= 1 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.partition_index);
        writer.int16(self.error_code);
        writer.int32(self.leader_id);
        writer.int32(self.leader_epoch);
        if version >= 1 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `node_endpoints` holds, in a [`EndQuorumEpochResponse`] of versions 1.
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

impl<'a> Request<'a> for EndQuorumEpochRequest<'a> {
    const KEY: i16 = 54;
    type Response<'r> = EndQuorumEpochResponse<'r>;
}

fn unsupported(field: &'static str, version: i16) -> WireError {
    WireError::UnsupportedField { field, version }
}
