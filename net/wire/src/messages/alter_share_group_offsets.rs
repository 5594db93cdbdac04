//! AlterShareGroupOffsets.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `AlterShareGroupOffsetsRequest` (key 91), versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterShareGroupOffsetsRequest<'a> {
    /// String, versions 0.
    pub group_id: &'a str,
    /// Array of AlterShareGroupOffsetsRequestTopic, versions 0.
    pub topics: Array<'a, AlterShareGroupOffsetsRequestTopic<'a>>,
}

impl<'a> Wire<'a> for AlterShareGroupOffsetsRequest<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { group_id: reader.string()?, topics: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.group_id)?;
        writer.array(&self.topics, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(AlterShareGroupOffsetsRequest<'a>, key 91, versions 0..=0, flexible from 0);

/// What `topics` holds, in a [`AlterShareGroupOffsetsRequest`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterShareGroupOffsetsRequestTopic<'a> {
    /// String, versions 0.
    pub topic_name: &'a str,
    /// Array of AlterShareGroupOffsetsRequestPartition, versions 0.
    pub partitions: Array<'a, AlterShareGroupOffsetsRequestPartition>,
}

impl<'a> Wire<'a> for AlterShareGroupOffsetsRequestTopic<'a> {
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

/// What `partitions` holds, in a [`AlterShareGroupOffsetsRequest`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterShareGroupOffsetsRequestPartition {
    /// Int32, versions 0.
    pub partition_index: i32,
    /// Int64, versions 0.
    pub start_offset: i64,
}

impl Wire<'_> for AlterShareGroupOffsetsRequestPartition {
    const BYTES_MIN: usize = 13;

    fn read(reader: &mut Reader<'_>, _version: i16) -> Result<Self, WireError> {
        let value = Self { partition_index: reader.int32()?, start_offset: reader.int64()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.int32(self.partition_index);
        writer.int64(self.start_offset);
        writer.no_tags();
        Ok(())
    }
}

/// `AlterShareGroupOffsetsResponse` (key 91), versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterShareGroupOffsetsResponse<'a> {
    /// Int32, versions 0.
    pub throttle_time_ms: i32,
    /// Int16, versions 0.
    pub error_code: i16,
    /// String, versions 0, nullable, default null.
    pub error_message: Option<&'a str>,
    /// Array of AlterShareGroupOffsetsResponseTopic, versions 0.
    pub responses: Array<'a, AlterShareGroupOffsetsResponseTopic<'a>>,
}

impl<'a> Wire<'a> for AlterShareGroupOffsetsResponse<'a> {
    const BYTES_MIN: usize = 9;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            throttle_time_ms: reader.int32()?,
            error_code: reader.int16()?,
            error_message: reader.nullable_string()?,
            responses: reader.array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.int16(self.error_code);
        writer.nullable_string(self.error_message)?;
        writer.array(&self.responses, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(AlterShareGroupOffsetsResponse<'a>, key 91, versions 0..=0, flexible from 0);

/// What `responses` holds, in a [`AlterShareGroupOffsetsResponse`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterShareGroupOffsetsResponseTopic<'a> {
    /// String, versions 0.
    pub topic_name: &'a str,
    /// Uuid, versions 0.
    pub topic_id: [u8; 16],
    /// Array of AlterShareGroupOffsetsResponsePartition, versions 0.
    pub partitions: Array<'a, AlterShareGroupOffsetsResponsePartition<'a>>,
}

impl<'a> Wire<'a> for AlterShareGroupOffsetsResponseTopic<'a> {
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

/// What `partitions` holds, in a [`AlterShareGroupOffsetsResponse`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterShareGroupOffsetsResponsePartition<'a> {
    /// Int32, versions 0.
    pub partition_index: i32,
    /// Int16, versions 0.
    pub error_code: i16,
    /// String, versions 0, nullable, default null.
    pub error_message: Option<&'a str>,
}

impl<'a> Wire<'a> for AlterShareGroupOffsetsResponsePartition<'a> {
    const BYTES_MIN: usize = 8;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self {
            partition_index: reader.int32()?,
            error_code: reader.int16()?,
            error_message: reader.nullable_string()?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.int32(self.partition_index);
        writer.int16(self.error_code);
        writer.nullable_string(self.error_message)?;
        writer.no_tags();
        Ok(())
    }
}

impl<'a> Request<'a> for AlterShareGroupOffsetsRequest<'a> {
    const KEY: i16 = 91;
    type Response<'r> = AlterShareGroupOffsetsResponse<'r>;
}
