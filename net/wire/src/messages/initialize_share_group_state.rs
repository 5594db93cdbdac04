//! InitializeShareGroupState.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `InitializeShareGroupStateRequest` (key 83), versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InitializeShareGroupStateRequest<'a> {
    /// String, versions 0.
    pub group_id: &'a str,
    /// Array of InitializeStateData, versions 0.
    pub topics: Array<'a, InitializeStateData<'a>>,
}

impl<'a> Wire<'a> for InitializeShareGroupStateRequest<'a> {
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

message!(InitializeShareGroupStateRequest<'a>, key 83, versions 0..=0, flexible from 0);

/// What `topics` holds, in a [`InitializeShareGroupStateRequest`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InitializeStateData<'a> {
    /// Uuid, versions 0.
    pub topic_id: [u8; 16],
    /// Array of PartitionData, versions 0.
    pub partitions: Array<'a, PartitionData>,
}

impl<'a> Wire<'a> for InitializeStateData<'a> {
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

/// What `partitions` holds, in a [`InitializeShareGroupStateRequest`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionData {
    /// Int32, versions 0.
    pub partition: i32,
    /// Int32, versions 0.
    pub state_epoch: i32,
    /// Int64, versions 0.
    pub start_offset: i64,
}

impl Wire<'_> for PartitionData {
    const BYTES_MIN: usize = 17;

    fn read(reader: &mut Reader<'_>, _version: i16) -> Result<Self, WireError> {
        let value = Self { partition: reader.int32()?, state_epoch: reader.int32()?, start_offset: reader.int64()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.int32(self.partition);
        writer.int32(self.state_epoch);
        writer.int64(self.start_offset);
        writer.no_tags();
        Ok(())
    }
}

/// `InitializeShareGroupStateResponse` (key 83), versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InitializeShareGroupStateResponse<'a> {
    /// Array of InitializeStateResult, versions 0.
    pub results: Array<'a, InitializeStateResult<'a>>,
}

impl<'a> Wire<'a> for InitializeShareGroupStateResponse<'a> {
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

message!(InitializeShareGroupStateResponse<'a>, key 83, versions 0..=0, flexible from 0);

/// What `results` holds, in a [`InitializeShareGroupStateResponse`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InitializeStateResult<'a> {
    /// Uuid, versions 0.
    pub topic_id: [u8; 16],
    /// Array of PartitionResult, versions 0.
    pub partitions: Array<'a, PartitionResult<'a>>,
}

impl<'a> Wire<'a> for InitializeStateResult<'a> {
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

/// What `partitions` holds, in a [`InitializeShareGroupStateResponse`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionResult<'a> {
    /// Int32, versions 0.
    pub partition: i32,
    /// Int16, versions 0.
    pub error_code: i16,
    /// String, versions 0, nullable, default null.
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

impl<'a> Request<'a> for InitializeShareGroupStateRequest<'a> {
    const KEY: i16 = 83;
    type Response<'r> = InitializeShareGroupStateResponse<'r>;
}
