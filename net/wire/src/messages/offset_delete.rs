//! OffsetDelete.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `OffsetDeleteRequest` (key 47), versions 0, never flexible.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetDeleteRequest<'a> {
    /// String, versions 0.
    pub group_id: &'a str,
    /// Array of OffsetDeleteRequestTopic, versions 0.
    pub topics: Array<'a, OffsetDeleteRequestTopic<'a>>,
}

impl<'a> Wire<'a> for OffsetDeleteRequest<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        Ok(Self { group_id: reader.string()?, topics: reader.array(version)? })
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.group_id)?;
        writer.array(&self.topics, version)?;
        Ok(())
    }
}

message!(OffsetDeleteRequest<'a>, key 47, versions 0..=0, flexible from millrace_schema::NEVER_FLEXIBLE);

/// What `topics` holds, in a [`OffsetDeleteRequest`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetDeleteRequestTopic<'a> {
    /// String, versions 0.
    pub name: &'a str,
    /// Array of OffsetDeleteRequestPartition, versions 0.
    pub partitions: Array<'a, OffsetDeleteRequestPartition>,
}

impl<'a> Wire<'a> for OffsetDeleteRequestTopic<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        Ok(Self { name: reader.string()?, partitions: reader.array(version)? })
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.array(&self.partitions, version)?;
        Ok(())
    }
}

/// What `partitions` holds, in a [`OffsetDeleteRequest`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetDeleteRequestPartition {
    /// Int32, versions 0.
    pub partition_index: i32,
}

impl Wire<'_> for OffsetDeleteRequestPartition {
    const BYTES_MIN: usize = 4;

    fn read(reader: &mut Reader<'_>, _version: i16) -> Result<Self, WireError> {
        Ok(Self { partition_index: reader.int32()? })
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.int32(self.partition_index);
        Ok(())
    }
}

/// `OffsetDeleteResponse` (key 47), versions 0, never flexible.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetDeleteResponse<'a> {
    /// Int16, versions 0.
    pub error_code: i16,
    /// Int32, versions 0, ignorable.
    pub throttle_time_ms: i32,
    /// Array of OffsetDeleteResponseTopic, versions 0.
    pub topics: Array<'a, OffsetDeleteResponseTopic<'a>>,
}

impl<'a> Wire<'a> for OffsetDeleteResponse<'a> {
    const BYTES_MIN: usize = 10;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        Ok(Self { error_code: reader.int16()?, throttle_time_ms: reader.int32()?, topics: reader.array(version)? })
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int16(self.error_code);
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.array(&self.topics, version)?;
        Ok(())
    }
}

message!(OffsetDeleteResponse<'a>, key 47, versions 0..=0, flexible from millrace_schema::NEVER_FLEXIBLE);

/// What `topics` holds, in a [`OffsetDeleteResponse`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetDeleteResponseTopic<'a> {
    /// String, versions 0.
    pub name: &'a str,
    /// Array of OffsetDeleteResponsePartition, versions 0.
    pub partitions: Array<'a, OffsetDeleteResponsePartition>,
}

impl<'a> Wire<'a> for OffsetDeleteResponseTopic<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        Ok(Self { name: reader.string()?, partitions: reader.array(version)? })
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.array(&self.partitions, version)?;
        Ok(())
    }
}

/// What `partitions` holds, in a [`OffsetDeleteResponse`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetDeleteResponsePartition {
    /// Int32, versions 0.
    pub partition_index: i32,
    /// Int16, versions 0.
    pub error_code: i16,
}

impl Wire<'_> for OffsetDeleteResponsePartition {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'_>, _version: i16) -> Result<Self, WireError> {
        Ok(Self { partition_index: reader.int32()?, error_code: reader.int16()? })
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.int32(self.partition_index);
        writer.int16(self.error_code);
        Ok(())
    }
}

impl<'a> Request<'a> for OffsetDeleteRequest<'a> {
    const KEY: i16 = 47;
    type Response<'r> = OffsetDeleteResponse<'r>;
}
