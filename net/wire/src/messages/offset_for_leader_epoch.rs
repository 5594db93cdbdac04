//! OffsetForLeaderEpoch.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `OffsetForLeaderEpochRequest` (key 23), versions 2-4, flexible from 4.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetForLeaderEpochRequest<'a> {
    /// Int32, versions 3-4, default -2, ignorable.
    pub replica_id: i32,
    /// Array of OffsetForLeaderTopic, versions 2-4.
    pub topics: Array<'a, OffsetForLeaderTopic<'a>>,
}

impl Default for OffsetForLeaderEpochRequest<'_> {
    fn default() -> Self {
        Self { replica_id: -2, topics: Array::default() }
    }
}

impl<'a> Wire<'a> for OffsetForLeaderEpochRequest<'a> {
    const BYTES_MIN: usize = 4;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value =
            Self { replica_id: if version >= 3 { reader.int32()? } else { -2 }, topics: reader.array(version)? };
        if version >= 4 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        if version >= 3 {
            writer.int32(self.replica_id);
        }
        writer.array(&self.topics, version)?;
        if version >= 4 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(OffsetForLeaderEpochRequest<'a>, key 23, versions 2..=4, flexible from 4);

/// What `topics` holds, in a [`OffsetForLeaderEpochRequest`] of versions 2-4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetForLeaderTopic<'a> {
    /// String, versions 2-4.
    pub topic: &'a str,
    /// Array of OffsetForLeaderPartition, versions 2-4.
    pub partitions: Array<'a, OffsetForLeaderPartition>,
}

impl<'a> Wire<'a> for OffsetForLeaderTopic<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { topic: reader.string()?, partitions: reader.array(version)? };
        if version >= 4 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.topic)?;
        writer.array(&self.partitions, version)?;
        if version >= 4 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `partitions` holds, in a [`OffsetForLeaderEpochRequest`] of versions 2-4.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetForLeaderPartition {
    /// Int32, versions 2-4.
    pub partition: i32,
    /// Int32, versions 2-4, default -1, ignorable.
    pub current_leader_epoch: i32,
    /// Int32, versions 2-4.
    pub leader_epoch: i32,
}

impl Default for OffsetForLeaderPartition {
    fn default() -> Self {
        Self { partition: 0, current_leader_epoch: -1, leader_epoch: 0 }
    }
}

impl Wire<'_> for OffsetForLeaderPartition {
    const BYTES_MIN: usize = 12;

    fn read(reader: &mut Reader<'_>, version: i16) -> Result<Self, WireError> {
        let value =
            Self { partition: reader.int32()?, current_leader_epoch: reader.int32()?, leader_epoch: reader.int32()? };
        if version >= 4 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.partition);
        writer.int32(self.current_leader_epoch);
        writer.int32(self.leader_epoch);
        if version >= 4 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// `OffsetForLeaderEpochResponse` (key 23), versions 2-4, flexible from 4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetForLeaderEpochResponse<'a> {
    /// Int32, versions 2-4, ignorable.
    pub throttle_time_ms: i32,
    /// Array of OffsetForLeaderTopicResult, versions 2-4.
    pub topics: Array<'a, OffsetForLeaderTopicResult<'a>>,
}

impl<'a> Wire<'a> for OffsetForLeaderEpochResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { throttle_time_ms: reader.int32()?, topics: reader.array(version)? };
        if version >= 4 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.array(&self.topics, version)?;
        if version >= 4 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(OffsetForLeaderEpochResponse<'a>, key 23, versions 2..=4, flexible from 4);

/// What `topics` holds, in a [`OffsetForLeaderEpochResponse`] of versions 2-4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetForLeaderTopicResult<'a> {
    /// String, versions 2-4.
    pub topic: &'a str,
    /// Array of EpochEndOffset, versions 2-4.
    pub partitions: Array<'a, EpochEndOffset>,
}

impl<'a> Wire<'a> for OffsetForLeaderTopicResult<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { topic: reader.string()?, partitions: reader.array(version)? };
        if version >= 4 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.topic)?;
        writer.array(&self.partitions, version)?;
        if version >= 4 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `partitions` holds, in a [`OffsetForLeaderEpochResponse`] of versions 2-4.
#[derive(Clone, Debug, PartialEq)]
pub struct EpochEndOffset {
    /// Int16, versions 2-4.
    pub error_code: i16,
    /// Int32, versions 2-4.
    pub partition: i32,
    /// Int32, versions 2-4, default -1, ignorable.
    pub leader_epoch: i32,
    /// Int64, versions 2-4, default -1.
    pub end_offset: i64,
}

impl Default for EpochEndOffset {
    fn default() -> Self {
        Self { error_code: 0, partition: 0, leader_epoch: -1, end_offset: -1 }
    }
}

impl Wire<'_> for EpochEndOffset {
    const BYTES_MIN: usize = 18;

    fn read(reader: &mut Reader<'_>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            error_code: reader.int16()?,
            partition: reader.int32()?,
            leader_epoch: reader.int32()?,
            end_offset: reader.int64()?,
        };
        if version >= 4 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int16(self.error_code);
        writer.int32(self.partition);
        writer.int32(self.leader_epoch);
        writer.int64(self.end_offset);
        if version >= 4 {
            writer.no_tags();
        }
        Ok(())
    }
}

impl<'a> Request<'a> for OffsetForLeaderEpochRequest<'a> {
    const KEY: i16 = 23;
    type Response<'r> = OffsetForLeaderEpochResponse<'r>;
}
