//! DescribeProducers.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `DescribeProducersRequest` (key 61), versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeProducersRequest<'a> {
    /// Array of TopicRequest, versions 0.
    pub topics: Array<'a, TopicRequest<'a>>,
}

impl<'a> Wire<'a> for DescribeProducersRequest<'a> {
    const BYTES_MIN: usize = 2;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { topics: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.array(&self.topics, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(DescribeProducersRequest<'a>, key 61, versions 0..=0, flexible from 0);

/// What `topics` holds, in a [`DescribeProducersRequest`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicRequest<'a> {
    /// String, versions 0.
    pub name: &'a str,
    /// Array of int32, versions 0.
    pub partition_indexes: Array<'a, i32>,
}

impl<'a> Wire<'a> for TopicRequest<'a> {
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

/// `DescribeProducersResponse` (key 61), versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeProducersResponse<'a> {
    /// Int32, versions 0.
    pub throttle_time_ms: i32,
    /// Array of TopicResponse, versions 0.
    pub topics: Array<'a, TopicResponse<'a>>,
}

impl<'a> Wire<'a> for DescribeProducersResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { throttle_time_ms: reader.int32()?, topics: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.array(&self.topics, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(DescribeProducersResponse<'a>, key 61, versions 0..=0, flexible from 0);

/// What `topics` holds, in a [`DescribeProducersResponse`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicResponse<'a> {
    /// String, versions 0.
    pub name: &'a str,
    /// Array of PartitionResponse, versions 0.
    pub partitions: Array<'a, PartitionResponse<'a>>,
}

impl<'a> Wire<'a> for TopicResponse<'a> {
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

/// What `partitions` holds, in a [`DescribeProducersResponse`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionResponse<'a> {
    /// Int32, versions 0.
    pub partition_index: i32,
    /// Int16, versions 0.
    pub error_code: i16,
    /// String, versions 0, nullable, default null.
    pub error_message: Option<&'a str>,
    /// Array of ProducerState, versions 0.
    pub active_producers: Array<'a, ProducerState>,
}

impl<'a> Wire<'a> for PartitionResponse<'a> {
    const BYTES_MIN: usize = 9;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            partition_index: reader.int32()?,
            error_code: reader.int16()?,
            error_message: reader.nullable_string()?,
            active_producers: reader.array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.partition_index);
        writer.int16(self.error_code);
        writer.nullable_string(self.error_message)?;
        writer.array(&self.active_producers, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `active_producers` holds, in a [`DescribeProducersResponse`] of versions 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ProducerState {
    /// Int64, versions 0.
    pub producer_id: i64,
    /// Int32, versions 0.
    pub producer_epoch: i32,
    /// Int32, versions 0, default -1.
    pub last_sequence: i32,
    /// Int64, versions 0, default -1.
    pub last_timestamp: i64,
    /// Int32, versions 0.
    pub coordinator_epoch: i32,
    /// Int64, versions 0, default -1.
    pub current_txn_start_offset: i64,
}

impl Default for ProducerState {
    fn default() -> Self {
        Self {
            producer_id: 0,
            producer_epoch: 0,
            last_sequence: -1,
            last_timestamp: -1,
            coordinator_epoch: 0,
            current_txn_start_offset: -1,
        }
    }
}

impl Wire<'_> for ProducerState {
    const BYTES_MIN: usize = 37;

    fn read(reader: &mut Reader<'_>, _version: i16) -> Result<Self, WireError> {
        let value = Self {
            producer_id: reader.int64()?,
            producer_epoch: reader.int32()?,
            last_sequence: reader.int32()?,
            last_timestamp: reader.int64()?,
            coordinator_epoch: reader.int32()?,
            current_txn_start_offset: reader.int64()?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.int64(self.producer_id);
        writer.int32(self.producer_epoch);
        writer.int32(self.last_sequence);
        writer.int64(self.last_timestamp);
        writer.int32(self.coordinator_epoch);
        writer.int64(self.current_txn_start_offset);
        writer.no_tags();
        Ok(())
    }
}

impl<'a> Request<'a> for DescribeProducersRequest<'a> {
    const KEY: i16 = 61;
    type Response<'r> = DescribeProducersResponse<'r>;
}
