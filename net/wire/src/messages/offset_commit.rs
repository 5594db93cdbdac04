//! OffsetCommit.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `OffsetCommitRequest` (key 8), versions 2-10, flexible from 8.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetCommitRequest<'a> {
    /// String, versions 2-10.
    pub group_id: &'a str,
    /// Int32, versions 2-10, default -1, ignorable.
    pub generation_id_or_member_epoch: i32,
    /// String, versions 2-10, ignorable.
    pub member_id: &'a str,
    /// String, versions 7-10, nullable, default null.
    pub group_instance_id: Option<&'a str>,
    /// Int64, versions 2-4, default -1, ignorable.
    pub retention_time_ms: i64,
    /// Array of OffsetCommitRequestTopic, versions 2-10.
    pub topics: Array<'a, OffsetCommitRequestTopic<'a>>,
}

impl Default for OffsetCommitRequest<'_> {
    fn default() -> Self {
        Self {
            group_id: "",
            generation_id_or_member_epoch: -1,
            member_id: "",
            group_instance_id: None,
            retention_time_ms: -1,
            topics: Array::default(),
        }
    }
}

impl<'a> Wire<'a> for OffsetCommitRequest<'a> {
    const BYTES_MIN: usize = 9;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            group_id: reader.string()?,
            generation_id_or_member_epoch: reader.int32()?,
            member_id: reader.string()?,
            group_instance_id: if version >= 7 { reader.nullable_string()? } else { None },
            retention_time_ms: if version <= 4 { reader.int64()? } else { -1 },
            topics: reader.array(version)?,
        };
        if version >= 8 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.group_id)?;
        writer.int32(self.generation_id_or_member_epoch);
        writer.string(self.member_id)?;
        if version >= 7 {
            writer.nullable_string(self.group_instance_id)?;
        } else if self.group_instance_id.is_some() {
            return Err(unsupported("GroupInstanceId", version));
        }
        if version <= 4 {
            writer.int64(self.retention_time_ms);
        }
        writer.array(&self.topics, version)?;
        if version >= 8 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(OffsetCommitRequest<'a>, key 8, versions 2..=10, flexible from 8);

/// What `topics` holds, in a [`OffsetCommitRequest`] of versions 2-10.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetCommitRequestTopic<'a> {
    /// String, versions 2-9, ignorable.
    pub name: &'a str,
    /// Uuid, versions 10, ignorable.
    pub topic_id: [u8; 16],
    /// Array of OffsetCommitRequestPartition, versions 2-10.
    pub partitions: Array<'a, OffsetCommitRequestPartition<'a>>,
}

impl<'a> Wire<'a> for OffsetCommitRequestTopic<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            name: if version <= 9 { reader.string()? } else { "" },
            topic_id: if version >= 10 { reader.uuid()? } else { [0; 16] },
            partitions: reader.array(version)?,
        };
        if version >= 8 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        if version <= 9 {
            writer.string(self.name)?;
        }
        if version >= 10 {
            writer.uuid(self.topic_id);
        }
        writer.array(&self.partitions, version)?;
        if version >= 8 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `partitions` holds, in a [`OffsetCommitRequest`] of versions 2-10.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetCommitRequestPartition<'a> {
    /// Int32, versions 2-10.
    pub partition_index: i32,
    /// Int64, versions 2-10.
    pub committed_offset: i64,
    /// Int32, versions 6-10, default -1, ignorable.
    pub committed_leader_epoch: i32,
    /// String, versions 2-10, nullable.
    pub committed_metadata: Option<&'a str>,
}

impl Default for OffsetCommitRequestPartition<'_> {
    fn default() -> Self {
        Self { partition_index: 0, committed_offset: 0, committed_leader_epoch: -1, committed_metadata: Some("") }
    }
}

impl<'a> Wire<'a> for OffsetCommitRequestPartition<'a> {
    const BYTES_MIN: usize = 14;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            partition_index: reader.int32()?,
            committed_offset: reader.int64()?,
            committed_leader_epoch: if version >= 6 { reader.int32()? } else { -1 },
            committed_metadata: reader.nullable_string()?,
        };
        if version >= 8 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.partition_index);
        writer.int64(self.committed_offset);
        if version >= 6 {
            writer.int32(self.committed_leader_epoch);
        }
        writer.nullable_string(self.committed_metadata)?;
        if version >= 8 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// `OffsetCommitResponse` (key 8), versions 2-10, flexible from 8.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetCommitResponse<'a> {
    /// Int32, versions 3-10, ignorable.
    pub throttle_time_ms: i32,
    /// Array of OffsetCommitResponseTopic, versions 2-10.
    pub topics: Array<'a, OffsetCommitResponseTopic<'a>>,
}

impl<'a> Wire<'a> for OffsetCommitResponse<'a> {
    const BYTES_MIN: usize = 4;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value =
            Self { throttle_time_ms: if version >= 3 { reader.int32()? } else { 0 }, topics: reader.array(version)? };
        if version >= 8 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        if version >= 3 {
            writer.throttle_time_ms(self.throttle_time_ms);
        }
        writer.array(&self.topics, version)?;
        if version >= 8 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(OffsetCommitResponse<'a>, key 8, versions 2..=10, flexible from 8);

/// What `topics` holds, in a [`OffsetCommitResponse`] of versions 2-10.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetCommitResponseTopic<'a> {
    /// String, versions 2-9, ignorable.
    pub name: &'a str,
    /// Uuid, versions 10, ignorable.
    pub topic_id: [u8; 16],
    /// Array of OffsetCommitResponsePartition, versions 2-10.
    pub partitions: Array<'a, OffsetCommitResponsePartition>,
}

impl<'a> Wire<'a> for OffsetCommitResponseTopic<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            name: if version <= 9 { reader.string()? } else { "" },
            topic_id: if version >= 10 { reader.uuid()? } else { [0; 16] },
            partitions: reader.array(version)?,
        };
        if version >= 8 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        if version <= 9 {
            writer.string(self.name)?;
        }
        if version >= 10 {
            writer.uuid(self.topic_id);
        }
        writer.array(&self.partitions, version)?;
        if version >= 8 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `partitions` holds, in a [`OffsetCommitResponse`] of versions 2-10.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetCommitResponsePartition {
    /// Int32, versions 2-10.
    pub partition_index: i32,
    /// Int16, versions 2-10.
    pub error_code: i16,
}

impl Wire<'_> for OffsetCommitResponsePartition {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'_>, version: i16) -> Result<Self, WireError> {
        let value = Self { partition_index: reader.int32()?, error_code: reader.int16()? };
        if version >= 8 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.partition_index);
        writer.int16(self.error_code);
        if version >= 8 {
            writer.no_tags();
        }
        Ok(())
    }
}

impl<'a> Request<'a> for OffsetCommitRequest<'a> {
    const KEY: i16 = 8;
    type Response<'r> = OffsetCommitResponse<'r>;
}

fn unsupported(field: &'static str, version: i16) -> WireError {
    WireError::UnsupportedField { field, version }
}
