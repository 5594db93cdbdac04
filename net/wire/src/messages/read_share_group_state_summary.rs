//! ReadShareGroupStateSummary.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `ReadShareGroupStateSummaryRequest` (key 87), versions 0-1, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadShareGroupStateSummaryRequest<'a> {
    /// String, versions 0-1.
    pub group_id: &'a str,
    /// Array of ReadStateSummaryData, versions 0-1.
    pub topics: Array<'a, ReadStateSummaryData<'a>>,
}

impl<'a> Wire<'a> for ReadShareGroupStateSummaryRequest<'a> {
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

message!(ReadShareGroupStateSummaryRequest<'a>, key 87, versions 0..=1, flexible from 0);

/// What `topics` holds, in a [`ReadShareGroupStateSummaryRequest`] of versions 0-1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadStateSummaryData<'a> {
    /// Uuid, versions 0-1.
    pub topic_id: [u8; 16],
    /// Array of PartitionData, versions 0-1.
    pub partitions: Array<'a, PartitionData>,
}

impl<'a> Wire<'a> for ReadStateSummaryData<'a> {
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

/// What `partitions` holds, in a [`ReadShareGroupStateSummaryRequest`] of versions 0-1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionData {
    /// Int32, versions 0-1.
    pub partition: i32,
    /// Int32, versions 0-1.
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

/// `ReadShareGroupStateSummaryResponse` (key 87), versions 0-1, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadShareGroupStateSummaryResponse<'a> {
    /// Array of ReadStateSummaryResult, versions 0-1.
    pub results: Array<'a, ReadStateSummaryResult<'a>>,
}

impl<'a> Wire<'a> for ReadShareGroupStateSummaryResponse<'a> {
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

message!(ReadShareGroupStateSummaryResponse<'a>, key 87, versions 0..=1, flexible from 0);

/// What `results` holds, in a [`ReadShareGroupStateSummaryResponse`] of versions 0-1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadStateSummaryResult<'a> {
    /// Uuid, versions 0-1.
    pub topic_id: [u8; 16],
    /// Array of PartitionResult, versions 0-1.
    pub partitions: Array<'a, PartitionResult<'a>>,
}

impl<'a> Wire<'a> for ReadStateSummaryResult<'a> {
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

/// What `partitions` holds, in a [`ReadShareGroupStateSummaryResponse`] of versions 0-1.
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionResult<'a> {
    /// Int32, versions 0-1.
    pub partition: i32,
    /// Int16, versions 0-1.
    pub error_code: i16,
    /// String, versions 0-1, nullable, default null.
    pub error_message: Option<&'a str>,
    /// Int32, versions 0-1.
    pub state_epoch: i32,
    /// Int32, versions 0-1.
    pub leader_epoch: i32,
    /// Int64, versions 0-1.
    pub start_offset: i64,
    /// Int32, versions 1, default -1, ignorable.
    pub delivery_complete_count: i32,
}

impl Default for PartitionResult<'_> {
    fn default() -> Self {
        Self {
            partition: 0,
            error_code: 0,
            error_message: None,
            state_epoch: 0,
            leader_epoch: 0,
            start_offset: 0,
            delivery_complete_count: -1,
        }
    }
}

impl<'a> Wire<'a> for PartitionResult<'a> {
    const BYTES_MIN: usize = 24;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            partition: reader.int32()?,
            error_code: reader.int16()?,
            error_message: reader.nullable_string()?,
            state_epoch: reader.int32()?,
            leader_epoch: reader.int32()?,
            start_offset: reader.int64()?,
            delivery_complete_count: if version >= 1 { reader.int32()? } else { -1 },
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.partition);
        writer.int16(self.error_code);
        writer.nullable_string(self.error_message)?;
        writer.int32(self.state_epoch);
        writer.int32(self.leader_epoch);
        writer.int64(self.start_offset);
        if version >= 1 {
            writer.int32(self.delivery_complete_count);
        }
        writer.no_tags();
        Ok(())
    }
}

impl<'a> Request<'a> for ReadShareGroupStateSummaryRequest<'a> {
    const KEY: i16 = 87;
    type Response<'r> = ReadShareGroupStateSummaryResponse<'r>;
}
