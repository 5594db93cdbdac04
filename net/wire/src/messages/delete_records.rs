//! DeleteRecords.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `DeleteRecordsRequest` (key 21), versions 0-2, flexible from 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteRecordsRequest<'a> {
    /// Array of DeleteRecordsTopic, versions 0-2.
    pub topics: Array<'a, DeleteRecordsTopic<'a>>,
    /// Int32, versions 0-2.
    pub timeout_ms: i32,
}

impl<'a> Wire<'a> for DeleteRecordsRequest<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { topics: reader.array(version)?, timeout_ms: reader.int32()? };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.array(&self.topics, version)?;
        writer.int32(self.timeout_ms);
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(DeleteRecordsRequest<'a>, key 21, versions 0..=2, flexible from 2);

/// What `topics` holds, in a [`DeleteRecordsRequest`] of versions 0-2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteRecordsTopic<'a> {
    /// String, versions 0-2.
    pub name: &'a str,
    /// Array of DeleteRecordsPartition, versions 0-2.
    pub partitions: Array<'a, DeleteRecordsPartition>,
}

impl<'a> Wire<'a> for DeleteRecordsTopic<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { name: reader.string()?, partitions: reader.array(version)? };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.array(&self.partitions, version)?;
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `partitions` holds, in a [`DeleteRecordsRequest`] of versions 0-2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteRecordsPartition {
    /// Int32, versions 0-2.
    pub partition_index: i32,
    /// Int64, versions 0-2.
    pub offset: i64,
}

impl Wire<'_> for DeleteRecordsPartition {
    const BYTES_MIN: usize = 12;

    fn read(reader: &mut Reader<'_>, version: i16) -> Result<Self, WireError> {
        let value = Self { partition_index: reader.int32()?, offset: reader.int64()? };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.partition_index);
        writer.int64(self.offset);
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// `DeleteRecordsResponse` (key 21), versions 0-2, flexible from 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteRecordsResponse<'a> {
    /// Int32, versions 0-2.
    pub throttle_time_ms: i32,
    /// Array of DeleteRecordsTopicResult, versions 0-2.
    pub topics: Array<'a, DeleteRecordsTopicResult<'a>>,
}

impl<'a> Wire<'a> for DeleteRecordsResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { throttle_time_ms: reader.int32()?, topics: reader.array(version)? };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.array(&self.topics, version)?;
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(DeleteRecordsResponse<'a>, key 21, versions 0..=2, flexible from 2);

/// What `topics` holds, in a [`DeleteRecordsResponse`] of versions 0-2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteRecordsTopicResult<'a> {
    /// String, versions 0-2.
    pub name: &'a str,
    /// Array of DeleteRecordsPartitionResult, versions 0-2.
    pub partitions: Array<'a, DeleteRecordsPartitionResult>,
}

impl<'a> Wire<'a> for DeleteRecordsTopicResult<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { name: reader.string()?, partitions: reader.array(version)? };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.array(&self.partitions, version)?;
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `partitions` holds, in a [`DeleteRecordsResponse`] of versions 0-2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteRecordsPartitionResult {
    /// Int32, versions 0-2.
    pub partition_index: i32,
    /// Int64, versions 0-2.
    pub low_watermark: i64,
    /// Int16, versions 0-2.
    pub error_code: i16,
}

impl Wire<'_> for DeleteRecordsPartitionResult {
    const BYTES_MIN: usize = 14;

    fn read(reader: &mut Reader<'_>, version: i16) -> Result<Self, WireError> {
        let value =
            Self { partition_index: reader.int32()?, low_watermark: reader.int64()?, error_code: reader.int16()? };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.partition_index);
        writer.int64(self.low_watermark);
        writer.int16(self.error_code);
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

impl<'a> Request<'a> for DeleteRecordsRequest<'a> {
    const KEY: i16 = 21;
    type Response<'r> = DeleteRecordsResponse<'r>;
}
