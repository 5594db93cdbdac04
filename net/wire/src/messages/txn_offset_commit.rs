//! TxnOffsetCommit.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `TxnOffsetCommitRequest` (key 28), versions 0-5, flexible from 3.
#[derive(Clone, Debug, PartialEq)]
pub struct TxnOffsetCommitRequest<'a> {
    /// String, versions 0-5.
    pub transactional_id: &'a str,
    /// String, versions 0-5.
    pub group_id: &'a str,
    /// Int64, versions 0-5.
    pub producer_id: i64,
    /// Int16, versions 0-5.
    pub producer_epoch: i16,
    /// Int32, versions 3-5, default -1.
    pub generation_id: i32,
    /// String, versions 3-5.
    pub member_id: &'a str,
    /// String, versions 3-5, nullable, default null.
    pub group_instance_id: Option<&'a str>,
    /// Array of TxnOffsetCommitRequestTopic, versions 0-5.
    pub topics: Array<'a, TxnOffsetCommitRequestTopic<'a>>,
}

impl Default for TxnOffsetCommitRequest<'_> {
    fn default() -> Self {
        Self {
            transactional_id: "",
            group_id: "",
            producer_id: 0,
            producer_epoch: 0,
            generation_id: -1,
            member_id: "",
            group_instance_id: None,
            topics: Array::default(),
        }
    }
}

impl<'a> Wire<'a> for TxnOffsetCommitRequest<'a> {
    const BYTES_MIN: usize = 18;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            transactional_id: reader.string()?,
            group_id: reader.string()?,
            producer_id: reader.int64()?,
            producer_epoch: reader.int16()?,
            generation_id: if version >= 3 { reader.int32()? } else { -1 },
            member_id: if version >= 3 { reader.string()? } else { "" },
            group_instance_id: if version >= 3 { reader.nullable_string()? } else { None },
            topics: reader.array(version)?,
        };
        if version >= 3 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.transactional_id)?;
        writer.string(self.group_id)?;
        writer.int64(self.producer_id);
        writer.int16(self.producer_epoch);
        if version >= 3 {
            writer.int32(self.generation_id);
        } else if self.generation_id != -1 {
            return Err(unsupported("GenerationId", version));
        }
        if version >= 3 {
            writer.string(self.member_id)?;
        } else if !self.member_id.is_empty() {
            return Err(unsupported("MemberId", version));
        }
        if version >= 3 {
            writer.nullable_string(self.group_instance_id)?;
        } else if self.group_instance_id.is_some() {
            return Err(unsupported("GroupInstanceId", version));
        }
        writer.array(&self.topics, version)?;
        if version >= 3 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(TxnOffsetCommitRequest<'a>, key 28, versions 0..=5, flexible from 3);

/// What `topics` holds, in a [`TxnOffsetCommitRequest`] of versions 0-5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TxnOffsetCommitRequestTopic<'a> {
    /// String, versions 0-5.
    pub name: &'a str,
    /// Array of TxnOffsetCommitRequestPartition, versions 0-5.
    pub partitions: Array<'a, TxnOffsetCommitRequestPartition<'a>>,
}

impl<'a> Wire<'a> for TxnOffsetCommitRequestTopic<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { name: reader.string()?, partitions: reader.array(version)? };
        if version >= 3 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.array(&self.partitions, version)?;
        if version >= 3 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `partitions` holds, in a [`TxnOffsetCommitRequest`] of versions 0-5.
#[derive(Clone, Debug, PartialEq)]
pub struct TxnOffsetCommitRequestPartition<'a> {
    /// Int32, versions 0-5.
    pub partition_index: i32,
    /// Int64, versions 0-5.
    pub committed_offset: i64,
    /// Int32, versions 2-5, default -1, ignorable.
    pub committed_leader_epoch: i32,
    /// String, versions 0-5, nullable.
    pub committed_metadata: Option<&'a str>,
}

impl Default for TxnOffsetCommitRequestPartition<'_> {
    fn default() -> Self {
        Self { partition_index: 0, committed_offset: 0, committed_leader_epoch: -1, committed_metadata: Some("") }
    }
}

impl<'a> Wire<'a> for TxnOffsetCommitRequestPartition<'a> {
    const BYTES_MIN: usize = 14;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            partition_index: reader.int32()?,
            committed_offset: reader.int64()?,
            committed_leader_epoch: if version >= 2 { reader.int32()? } else { -1 },
            committed_metadata: reader.nullable_string()?,
        };
        if version >= 3 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.partition_index);
        writer.int64(self.committed_offset);
        if version >= 2 {
            writer.int32(self.committed_leader_epoch);
        }
        writer.nullable_string(self.committed_metadata)?;
        if version >= 3 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// `TxnOffsetCommitResponse` (key 28), versions 0-5, flexible from 3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TxnOffsetCommitResponse<'a> {
    /// Int32, versions 0-5.
    pub throttle_time_ms: i32,
    /// Array of TxnOffsetCommitResponseTopic, versions 0-5.
    pub topics: Array<'a, TxnOffsetCommitResponseTopic<'a>>,
}

impl<'a> Wire<'a> for TxnOffsetCommitResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { throttle_time_ms: reader.int32()?, topics: reader.array(version)? };
        if version >= 3 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.array(&self.topics, version)?;
        if version >= 3 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(TxnOffsetCommitResponse<'a>, key 28, versions 0..=5, flexible from 3);

/// What `topics` holds, in a [`TxnOffsetCommitResponse`] of versions 0-5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TxnOffsetCommitResponseTopic<'a> {
    /// String, versions 0-5.
    pub name: &'a str,
    /// Array of TxnOffsetCommitResponsePartition, versions 0-5.
    pub partitions: Array<'a, TxnOffsetCommitResponsePartition>,
}

impl<'a> Wire<'a> for TxnOffsetCommitResponseTopic<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { name: reader.string()?, partitions: reader.array(version)? };
        if version >= 3 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.array(&self.partitions, version)?;
        if version >= 3 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `partitions` holds, in a [`TxnOffsetCommitResponse`] of versions 0-5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TxnOffsetCommitResponsePartition {
    /// Int32, versions 0-5.
    pub partition_index: i32,
    /// Int16, versions 0-5.
    pub error_code: i16,
}

impl Wire<'_> for TxnOffsetCommitResponsePartition {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'_>, version: i16) -> Result<Self, WireError> {
        let value = Self { partition_index: reader.int32()?, error_code: reader.int16()? };
        if version >= 3 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.partition_index);
        writer.int16(self.error_code);
        if version >= 3 {
            writer.no_tags();
        }
        Ok(())
    }
}

impl<'a> Request<'a> for TxnOffsetCommitRequest<'a> {
    const KEY: i16 = 28;
    type Response<'r> = TxnOffsetCommitResponse<'r>;
}

fn unsupported(field: &'static str, version: i16) -> WireError {
    WireError::UnsupportedField { field, version }
}
