//! ListPartitionReassignments.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `ListPartitionReassignmentsRequest` (key 46), versions 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ListPartitionReassignmentsRequest<'a> {
    /// Int32, versions 0, default 60000.
    pub timeout_ms: i32,
    /// Array of ListPartitionReassignmentsTopics, versions 0, nullable, default null.
    pub topics: Option<Array<'a, ListPartitionReassignmentsTopics<'a>>>,
}

impl Default for ListPartitionReassignmentsRequest<'_> {
    fn default() -> Self {
        Self { timeout_ms: 60000, topics: None }
    }
}

impl<'a> Wire<'a> for ListPartitionReassignmentsRequest<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { timeout_ms: reader.int32()?, topics: reader.nullable_array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.timeout_ms);
        writer.nullable_array(self.topics.as_ref(), version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(ListPartitionReassignmentsRequest<'a>, key 46, versions 0..=0, flexible from 0);

/// What `topics` holds, in a [`ListPartitionReassignmentsRequest`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListPartitionReassignmentsTopics<'a> {
    /// String, versions 0.
    pub name: &'a str,
    /// Array of int32, versions 0.
    pub partition_indexes: Array<'a, i32>,
}

impl<'a> Wire<'a> for ListPartitionReassignmentsTopics<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { name: reader.string()?, partition_indexes: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.array(&self.partition_indexes, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// `ListPartitionReassignmentsResponse` (key 46), versions 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ListPartitionReassignmentsResponse<'a> {
    /// Int32, versions 0.
    pub throttle_time_ms: i32,
    /// Int16, versions 0.
    pub error_code: i16,
    /// String, versions 0, nullable.
    pub error_message: Option<&'a str>,
    /// Array of OngoingTopicReassignment, versions 0.
    pub topics: Array<'a, OngoingTopicReassignment<'a>>,
}

impl Default for ListPartitionReassignmentsResponse<'_> {
    fn default() -> Self {
        Self { throttle_time_ms: 0, error_code: 0, error_message: Some(""), topics: Array::default() }
    }
}

impl<'a> Wire<'a> for ListPartitionReassignmentsResponse<'a> {
    const BYTES_MIN: usize = 9;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            throttle_time_ms: reader.int32()?,
            error_code: reader.int16()?,
            error_message: reader.nullable_string()?,
            topics: reader.array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.int16(self.error_code);
        writer.nullable_string(self.error_message)?;
        writer.array(&self.topics, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(ListPartitionReassignmentsResponse<'a>, key 46, versions 0..=0, flexible from 0);

/// What `topics` holds, in a [`ListPartitionReassignmentsResponse`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OngoingTopicReassignment<'a> {
    /// String, versions 0.
    pub name: &'a str,
    /// Array of OngoingPartitionReassignment, versions 0.
    pub partitions: Array<'a, OngoingPartitionReassignment<'a>>,
}

impl<'a> Wire<'a> for OngoingTopicReassignment<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { name: reader.string()?, partitions: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.array(&self.partitions, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `partitions` holds, in a [`ListPartitionReassignmentsResponse`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OngoingPartitionReassignment<'a> {
    /// Int32, versions 0.
    pub partition_index: i32,
    /// Array of int32, versions 0.
    pub replicas: Array<'a, i32>,
    /// Array of int32, versions 0.
    pub adding_replicas: Array<'a, i32>,
    /// Array of int32, versions 0.
    pub removing_replicas: Array<'a, i32>,
}

impl<'a> Wire<'a> for OngoingPartitionReassignment<'a> {
    const BYTES_MIN: usize = 8;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            partition_index: reader.int32()?,
            replicas: reader.array(version)?,
            adding_replicas: reader.array(version)?,
            removing_replicas: reader.array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.partition_index);
        writer.array(&self.replicas, version)?;
        writer.array(&self.adding_replicas, version)?;
        writer.array(&self.removing_replicas, version)?;
        writer.no_tags();
        Ok(())
    }
}

impl<'a> Request<'a> for ListPartitionReassignmentsRequest<'a> {
    const KEY: i16 = 46;
    type Response<'r> = ListPartitionReassignmentsResponse<'r>;
}
