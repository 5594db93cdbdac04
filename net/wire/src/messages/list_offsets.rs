//! ListOffsets.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `ListOffsetsRequest` (key 2), versions 1-11, flexible from 6.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListOffsetsRequest<'a> {
    /// Int32, versions 1-11.
    pub replica_id: i32,
    /// Int8, versions 2-11.
    pub isolation_level: i8,
    /// Array of ListOffsetsTopic, versions 1-11.
    pub topics: Array<'a, ListOffsetsTopic<'a>>,
    /// Int32, versions 10-11, ignorable.
    pub timeout_ms: i32,
}

impl<'a> Wire<'a> for ListOffsetsRequest<'a> {
    const BYTES_MIN: usize = 7;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            replica_id: reader.int32()?,
            isolation_level: if version >= 2 { reader.int8()? } else { 0 },
            topics: reader.array(version)?,
            timeout_ms: if version >= 10 { reader.int32()? } else { 0 },
        };
        if version >= 6 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.replica_id);
        if version >= 2 {
            writer.int8(self.isolation_level);
        } else if self.isolation_level != 0 {
            return Err(unsupported("IsolationLevel", version));
        }
        writer.array(&self.topics, version)?;
        if version >= 10 {
            writer.int32(self.timeout_ms);
        }
        if version >= 6 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(ListOffsetsRequest<'a>, key 2, versions 1..=11, flexible from 6);

/// What `topics` holds, in a [`ListOffsetsRequest`] of versions 1-11.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListOffsetsTopic<'a> {
    /// String, versions 1-11.
    pub name: &'a str,
    /// Array of ListOffsetsPartition, versions 1-11.
    pub partitions: Array<'a, ListOffsetsPartition>,
}

impl<'a> Wire<'a> for ListOffsetsTopic<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { name: reader.string()?, partitions: reader.array(version)? };
        if version >= 6 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.array(&self.partitions, version)?;
        if version >= 6 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `partitions` holds, in a [`ListOffsetsRequest`] of versions 1-11.
#[derive(Clone, Debug, PartialEq)]
pub struct ListOffsetsPartition {
    /// Int32, versions 1-11.
    pub partition_index: i32,
    /// Int32, versions 4-11, default -1, ignorable.
    pub current_leader_epoch: i32,
    /// Int64, versions 1-11.
    pub timestamp: i64,
}

impl Default for ListOffsetsPartition {
    fn default() -> Self {
        Self { partition_index: 0, current_leader_epoch: -1, timestamp: 0 }
    }
}

impl Wire<'_> for ListOffsetsPartition {
    const BYTES_MIN: usize = 12;

    fn read(reader: &mut Reader<'_>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            partition_index: reader.int32()?,
            current_leader_epoch: if version >= 4 { reader.int32()? } else { -1 },
            timestamp: reader.int64()?,
        };
        if version >= 6 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.partition_index);
        if version >= 4 {
            writer.int32(self.current_leader_epoch);
        }
        writer.int64(self.timestamp);
        if version >= 6 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// `ListOffsetsResponse` (key 2), versions 1-11, flexible from 6.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListOffsetsResponse<'a> {
    /// Int32, versions 2-11, ignorable.
    pub throttle_time_ms: i32,
    /// Array of ListOffsetsTopicResponse, versions 1-11.
    pub topics: Array<'a, ListOffsetsTopicResponse<'a>>,
}

impl<'a> Wire<'a> for ListOffsetsResponse<'a> {
    const BYTES_MIN: usize = 4;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value =
            Self { throttle_time_ms: if version >= 2 { reader.int32()? } else { 0 }, topics: reader.array(version)? };
        if version >= 6 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        if version >= 2 {
            writer.throttle_time_ms(self.throttle_time_ms);
        }
        writer.array(&self.topics, version)?;
        if version >= 6 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(ListOffsetsResponse<'a>, key 2, versions 1..=11, flexible from 6);

/// What `topics` holds, in a [`ListOffsetsResponse`] of versions 1-11.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListOffsetsTopicResponse<'a> {
    /// String, versions 1-11.
    pub name: &'a str,
    /// Array of ListOffsetsPartitionResponse, versions 1-11.
    pub partitions: Array<'a, ListOffsetsPartitionResponse>,
}

impl<'a> Wire<'a> for ListOffsetsTopicResponse<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { name: reader.string()?, partitions: reader.array(version)? };
        if version >= 6 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.array(&self.partitions, version)?;
        if version >= 6 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `partitions` holds, in a [`ListOffsetsResponse`] of versions 1-11.
#[derive(Clone, Debug, PartialEq)]
pub struct ListOffsetsPartitionResponse {
    /// Int32, versions 1-11.
    pub partition_index: i32,
    /// Int16, versions 1-11.
    pub error_code: i16,
    /// Int64, versions 1-11, default -1.
    pub timestamp: i64,
    /// Int64, versions 1-11, default -1.
    pub offset: i64,
    /// Int32, versions 4-11, default -1.
    pub leader_epoch: i32,
}

impl Default for ListOffsetsPartitionResponse {
    fn default() -> Self {
        Self { partition_index: 0, error_code: 0, timestamp: -1, offset: -1, leader_epoch: -1 }
    }
}

impl Wire<'_> for ListOffsetsPartitionResponse {
    const BYTES_MIN: usize = 22;

    fn read(reader: &mut Reader<'_>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            partition_index: reader.int32()?,
            error_code: reader.int16()?,
            timestamp: reader.int64()?,
            offset: reader.int64()?,
            leader_epoch: if version >= 4 { reader.int32()? } else { -1 },
        };
        if version >= 6 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.partition_index);
        writer.int16(self.error_code);
        writer.int64(self.timestamp);
        writer.int64(self.offset);
        if version >= 4 {
            writer.int32(self.leader_epoch);
        } else if self.leader_epoch != -1 {
            return Err(unsupported("LeaderEpoch", version));
        }
        if version >= 6 {
            writer.no_tags();
        }
        Ok(())
    }
}

impl<'a> Request<'a> for ListOffsetsRequest<'a> {
    const KEY: i16 = 2;
    type Response<'r> = ListOffsetsResponse<'r>;
}

fn unsupported(field: &'static str, version: i16) -> WireError {
    WireError::UnsupportedField { field, version }
}
