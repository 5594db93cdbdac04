//! WriteShareGroupState.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `WriteShareGroupStateRequest` (key 85), versions 0-1, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WriteShareGroupStateRequest<'a> {
    /// String, versions 0-1.
    pub group_id: &'a str,
    /// Array of WriteStateData, versions 0-1.
    pub topics: Array<'a, WriteStateData<'a>>,
}

impl<'a> Wire<'a> for WriteShareGroupStateRequest<'a> {
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

message!(WriteShareGroupStateRequest<'a>, key 85, versions 0..=1, flexible from 0);

/// What `topics` holds, in a [`WriteShareGroupStateRequest`] of versions 0-1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WriteStateData<'a> {
    /// Uuid, versions 0-1.
    pub topic_id: [u8; 16],
    /// Array of PartitionData, versions 0-1.
    pub partitions: Array<'a, PartitionData<'a>>,
}

impl<'a> Wire<'a> for WriteStateData<'a> {
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

/// What `partitions` holds, in a [`WriteShareGroupStateRequest`] of versions 0-1.
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionData<'a> {
    /// Int32, versions 0-1.
    pub partition: i32,
    /// Int32, versions 0-1.
    pub state_epoch: i32,
    /// Int32, versions 0-1.
    pub leader_epoch: i32,
    /// Int64, versions 0-1.
    pub start_offset: i64,
    /// Int32, versions 1, default -1, ignorable.
    pub delivery_complete_count: i32,
    /// Array of StateBatch, versions 0-1.
    pub state_batches: Array<'a, StateBatch>,
}

impl Default for PartitionData<'_> {
    fn default() -> Self {
        Self {
            partition: 0,
            state_epoch: 0,
            leader_epoch: 0,
            start_offset: 0,
            delivery_complete_count: -1,
            state_batches: Array::default(),
        }
    }
}

impl<'a> Wire<'a> for PartitionData<'a> {
    const BYTES_MIN: usize = 22;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            partition: reader.int32()?,
            state_epoch: reader.int32()?,
            leader_epoch: reader.int32()?,
            start_offset: reader.int64()?,
            delivery_complete_count: if version >= 1 { reader.int32()? } else { -1 },
            state_batches: reader.array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.partition);
        writer.int32(self.state_epoch);
        writer.int32(self.leader_epoch);
        writer.int64(self.start_offset);
        if version >= 1 {
            writer.int32(self.delivery_complete_count);
        }
        writer.array(&self.state_batches, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `state_batches` holds, in a [`WriteShareGroupStateRequest`] of versions 0-1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StateBatch {
    /// Int64, versions 0-1.
    pub first_offset: i64,
    /// Int64, versions 0-1.
    pub last_offset: i64,
    /// Int8, versions 0-1.
    pub delivery_state: i8,
    /// Int16, versions 0-1.
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

/// `WriteShareGroupStateResponse` (key 85), versions 0-1, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WriteShareGroupStateResponse<'a> {
    /// Array of WriteStateResult, versions 0-1.
    pub results: Array<'a, WriteStateResult<'a>>,
}

impl<'a> Wire<'a> for WriteShareGroupStateResponse<'a> {
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

message!(WriteShareGroupStateResponse<'a>, key 85, versions 0..=1, flexible from 0);

/// What `results` holds, in a [`WriteShareGroupStateResponse`] of versions 0-1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WriteStateResult<'a> {
    /// Uuid, versions 0-1.
    pub topic_id: [u8; 16],
    /// Array of PartitionResult, versions 0-1.
    pub partitions: Array<'a, PartitionResult<'a>>,
}

impl<'a> Wire<'a> for WriteStateResult<'a> {
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

/// What `partitions` holds, in a [`WriteShareGroupStateResponse`] of versions 0-1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionResult<'a> {
    /// Int32, versions 0-1.
    pub partition: i32,
    /// Int16, versions 0-1.
    pub error_code: i16,
    /// String, versions 0-1, nullable, default null.
    pub error_message: Option<&'a str>,
}

impl<'a> Wire<'a> for PartitionResult<'a> {
    const BYTES_MIN: usize = 8;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value =
            Self { partition: reader.int32()?, error_code: reader.int16()?, error_message: reader.nullable_string()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.int32(self.partition);
        writer.int16(self.error_code);
        writer.nullable_string(self.error_message)?;
        writer.no_tags();
        Ok(())
    }
}

impl<'a> Request<'a> for WriteShareGroupStateRequest<'a> {
    const KEY: i16 = 85;
    type Response<'r> = WriteShareGroupStateResponse<'r>;
}
