//! ReadShareGroupState.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `ReadShareGroupStateRequest` (key 84), versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadShareGroupStateRequest<'a> {
    /// String, versions 0.
    pub group_id: &'a str,
    /// Array of ReadStateData, versions 0.
    pub topics: Array<'a, ReadStateData<'a>>,
}

impl<'a> Wire<'a> for ReadShareGroupStateRequest<'a> {
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

message!(ReadShareGroupStateRequest<'a>, key 84, versions 0..=0, flexible from 0);

/// What `topics` holds, in a [`ReadShareGroupStateRequest`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadStateData<'a> {
    /// Uuid, versions 0.
    pub topic_id: [u8; 16],
    /// Array of PartitionData, versions 0.
    pub partitions: Array<'a, PartitionData>,
}

impl<'a> Wire<'a> for ReadStateData<'a> {
    const BYTES_MIN: usize = 18;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { topic_id: reader.uuid()?, partitions: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.uuid(self.topic_id);
        writer.array(&self.partitions, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `partitions` holds, in a [`ReadShareGroupStateRequest`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionData {
    /// Int32, versions 0.
    pub partition: i32,
    /// Int32, versions 0.
    pub leader_epoch: i32,
}

impl Wire<'_> for PartitionData {
    const BYTES_MIN: usize = 9;

    fn read(reader: &mut Reader<'_>, _version: i16) -> Result<Self, WireError> {
        let value = Self { partition: reader.int32()?, leader_epoch: reader.int32()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.int32(self.partition);
        writer.int32(self.leader_epoch);
        writer.no_tags();
        Ok(())
    }
}

/// `ReadShareGroupStateResponse` (key 84), versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadShareGroupStateResponse<'a> {
    /// Array of ReadStateResult, versions 0.
    pub results: Array<'a, ReadStateResult<'a>>,
}

impl<'a> Wire<'a> for ReadShareGroupStateResponse<'a> {
    const BYTES_MIN: usize = 2;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { results: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.array(&self.results, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(ReadShareGroupStateResponse<'a>, key 84, versions 0..=0, flexible from 0);

/// What `results` holds, in a [`ReadShareGroupStateResponse`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadStateResult<'a> {
    /// Uuid, versions 0.
    pub topic_id: [u8; 16],
    /// Array of PartitionResult, versions 0.
    pub partitions: Array<'a, PartitionResult<'a>>,
}

impl<'a> Wire<'a> for ReadStateResult<'a> {
    const BYTES_MIN: usize = 18;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { topic_id: reader.uuid()?, partitions: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.uuid(self.topic_id);
        writer.array(&self.partitions, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `partitions` holds, in a [`ReadShareGroupStateResponse`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionResult<'a> {
    /// Int32, versions 0.
    pub partition: i32,
    /// Int16, versions 0.
    pub error_code: i16,
    /// String, versions 0, nullable, default null.
    pub error_message: Option<&'a str>,
    /// Int32, versions 0.
    pub state_epoch: i32,
    /// Int64, versions 0.
    pub start_offset: i64,
    /// Array of StateBatch, versions 0.
    pub state_batches: Array<'a, StateBatch>,
}

impl<'a> Wire<'a> for PartitionResult<'a> {
    const BYTES_MIN: usize = 21;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            partition: reader.int32()?,
            error_code: reader.int16()?,
            error_message: reader.nullable_string()?,
            state_epoch: reader.int32()?,
            start_offset: reader.int64()?,
            state_batches: reader.array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.partition);
        writer.int16(self.error_code);
        writer.nullable_string(self.error_message)?;
        writer.int32(self.state_epoch);
        writer.int64(self.start_offset);
        writer.array(&self.state_batches, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `state_batches` holds, in a [`ReadShareGroupStateResponse`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StateBatch {
    /// Int64, versions 0.
    pub first_offset: i64,
    /// Int64, versions 0.
    pub last_offset: i64,
    /// Int8, versions 0.
    pub delivery_state: i8,
    /// Int16, versions 0.
    pub delivery_count: i16,
}

impl Wire<'_> for StateBatch {
    const BYTES_MIN: usize = 20;

    fn read(reader: &mut Reader<'_>, _version: i16) -> Result<Self, WireError> {
        let value = Self {
            first_offset: reader.int64()?,
            last_offset: reader.int64()?,
            delivery_state: reader.int8()?,
            delivery_count: reader.int16()?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.int64(self.first_offset);
        writer.int64(self.last_offset);
        writer.int8(self.delivery_state);
        writer.int16(self.delivery_count);
        writer.no_tags();
        Ok(())
    }
}

impl<'a> Request<'a> for ReadShareGroupStateRequest<'a> {
    const KEY: i16 = 84;
    type Response<'r> = ReadShareGroupStateResponse<'r>;
}
