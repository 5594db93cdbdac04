//! DescribeShareGroupOffsets.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `DescribeShareGroupOffsetsRequest` (key 90), versions 0-1, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeShareGroupOffsetsRequest<'a> {
    /// Array of DescribeShareGroupOffsetsRequestGroup, versions 0-1.
    pub groups: Array<'a, DescribeShareGroupOffsetsRequestGroup<'a>>,
}

impl<'a> Wire<'a> for DescribeShareGroupOffsetsRequest<'a> {
    const BYTES_MIN: usize = 2;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { groups: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.array(&self.groups, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(DescribeShareGroupOffsetsRequest<'a>, key 90, versions 0..=1, flexible from 0);

/// What `groups` holds, in a [`DescribeShareGroupOffsetsRequest`] of versions 0-1.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeShareGroupOffsetsRequestGroup<'a> {
    /// String, versions 0-1.
    pub group_id: &'a str,
    /// Array of DescribeShareGroupOffsetsRequestTopic, versions 0-1, nullable.
    pub topics: Option<Array<'a, DescribeShareGroupOffsetsRequestTopic<'a>>>,
}

impl Default for DescribeShareGroupOffsetsRequestGroup<'_> {
    fn default() -> Self {
        Self { group_id: "", topics: Some(Array::default()) }
    }
}

impl<'a> Wire<'a> for DescribeShareGroupOffsetsRequestGroup<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { group_id: reader.string()?, topics: reader.nullable_array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.group_id)?;
        writer.nullable_array(self.topics.as_ref(), version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `topics` holds, in a [`DescribeShareGroupOffsetsRequest`] of versions 0-1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeShareGroupOffsetsRequestTopic<'a> {
    /// String, versions 0-1.
    pub topic_name: &'a str,
    /// Array of int32, versions 0-1.
    pub partitions: Array<'a, i32>,
}

impl<'a> Wire<'a> for DescribeShareGroupOffsetsRequestTopic<'a> {
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

/// `DescribeShareGroupOffsetsResponse` (key 90), versions 0-1, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeShareGroupOffsetsResponse<'a> {
    /// Int32, versions 0-1.
    pub throttle_time_ms: i32,
    /// Array of DescribeShareGroupOffsetsResponseGroup, versions 0-1.
    pub groups: Array<'a, DescribeShareGroupOffsetsResponseGroup<'a>>,
}

impl<'a> Wire<'a> for DescribeShareGroupOffsetsResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { throttle_time_ms: reader.int32()?, groups: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.array(&self.groups, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(DescribeShareGroupOffsetsResponse<'a>, key 90, versions 0..=1, flexible from 0);

/// What `groups` holds, in a [`DescribeShareGroupOffsetsResponse`] of versions 0-1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeShareGroupOffsetsResponseGroup<'a> {
    /// String, versions 0-1.
    pub group_id: &'a str,
    /// Array of DescribeShareGroupOffsetsResponseTopic, versions 0-1.
    pub topics: Array<'a, DescribeShareGroupOffsetsResponseTopic<'a>>,
    /// Int16, versions 0-1.
    pub error_code: i16,
    /// String, versions 0-1, nullable, default null.
    pub error_message: Option<&'a str>,
}

impl<'a> Wire<'a> for DescribeShareGroupOffsetsResponseGroup<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            group_id: reader.string()?,
            topics: reader.array(version)?,
            error_code: reader.int16()?,
            error_message: reader.nullable_string()?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.group_id)?;
        writer.array(&self.topics, version)?;
        writer.int16(self.error_code);
        writer.nullable_string(self.error_message)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `topics` holds, in a [`DescribeShareGroupOffsetsResponse`] of versions 0-1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeShareGroupOffsetsResponseTopic<'a> {
    /// String, versions 0-1.
    pub topic_name: &'a str,
    /// Uuid, versions 0-1.
    pub topic_id: [u8; 16],
    /// Array of DescribeShareGroupOffsetsResponsePartition, versions 0-1.
    pub partitions: Array<'a, DescribeShareGroupOffsetsResponsePartition<'a>>,
}

impl<'a> Wire<'a> for DescribeShareGroupOffsetsResponseTopic<'a> {
    const BYTES_MIN: usize = 19;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { topic_name: reader.string()?, topic_id: reader.uuid()?, partitions: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.topic_name)?;
        writer.uuid(self.topic_id);
        writer.array(&self.partitions, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `partitions` holds, in a [`DescribeShareGroupOffsetsResponse`] of versions 0-1.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeShareGroupOffsetsResponsePartition<'a> {
    /// Int32, versions 0-1.
    pub partition_index: i32,
    /// Int64, versions 0-1.
    pub start_offset: i64,
    /// Int32, versions 0-1.
    pub leader_epoch: i32,
    /// Int64, versions 1, default -1, ignorable.
    pub lag: i64,
    /// Int16, versions 0-1.
    pub error_code: i16,
    /// String, versions 0-1, nullable, default null.
    pub error_message: Option<&'a str>,
}

impl Default for DescribeShareGroupOffsetsResponsePartition<'_> {
    fn default() -> Self {
        Self { partition_index: 0, start_offset: 0, leader_epoch: 0, lag: -1, error_code: 0, error_message: None }
    }
}

impl<'a> Wire<'a> for DescribeShareGroupOffsetsResponsePartition<'a> {
    const BYTES_MIN: usize = 20;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            partition_index: reader.int32()?,
            start_offset: reader.int64()?,
            leader_epoch: reader.int32()?,
            lag: if version >= 1 { reader.int64()? } else { -1 },
            error_code: reader.int16()?,
            error_message: reader.nullable_string()?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.partition_index);
        writer.int64(self.start_offset);
        writer.int32(self.leader_epoch);
        if version >= 1 {
            writer.int64(self.lag);
        }
        writer.int16(self.error_code);
        writer.nullable_string(self.error_message)?;
        writer.no_tags();
        Ok(())
    }
}

impl<'a> Request<'a> for DescribeShareGroupOffsetsRequest<'a> {
    const KEY: i16 = 90;
    type Response<'r> = DescribeShareGroupOffsetsResponse<'r>;
}
