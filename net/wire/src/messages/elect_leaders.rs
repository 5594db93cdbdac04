//! ElectLeaders.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `ElectLeadersRequest` (key 43), versions 0-2, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct ElectLeadersRequest<'a> {
    /// Int8, versions 1-2.
    pub election_type: i8,
    /// Array of TopicPartitions, versions 0-2, nullable.
    pub topic_partitions: Option<Array<'a, TopicPartitions<'a>>>,
    /// Int32, versions 0-2, default 60000.
    pub timeout_ms: i32,
}

impl Default for ElectLeadersRequest<'_> {
    fn default() -> Self {
        Self { election_type: 0, topic_partitions: Some(Array::default()), timeout_ms: 60000 }
    }
}

impl<'a> Wire<'a> for ElectLeadersRequest<'a> {
    const BYTES_MIN: usize = 7;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            election_type: if version >= 1 { reader.int8()? } else { 0 },
            topic_partitions: reader.nullable_array(version)?,
            timeout_ms: reader.int32()?,
        };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        if version >= 1 {
            writer.int8(self.election_type);
        } else if self.election_type != 0 {
            return Err(unsupported("ElectionType", version));
        }
        writer.nullable_array(self.topic_partitions.as_ref(), version)?;
        writer.int32(self.timeout_ms);
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(ElectLeadersRequest<'a>, key 43, versions 0..=2, flexible from 2);

/// What `topic_partitions` holds, in a [`ElectLeadersRequest`] of versions 0-2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicPartitions<'a> {
    /// String, versions 0-2.
    pub topic: &'a str,
    /// Array of int32, versions 0-2.
    pub partitions: Array<'a, i32>,
}

impl<'a> Wire<'a> for TopicPartitions<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { topic: reader.string()?, partitions: reader.array(version)? };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.topic)?;
        writer.array(&self.partitions, version)?;
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// `ElectLeadersResponse` (key 43), versions 0-2, flexible from 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ElectLeadersResponse<'a> {
    /// Int32, versions 0-2.
    pub throttle_time_ms: i32,
    /// Int16, versions 1-2.
    pub error_code: i16,
    /// Array of ReplicaElectionResult, versions 0-2.
    pub replica_election_results: Array<'a, ReplicaElectionResult<'a>>,
}

impl<'a> Wire<'a> for ElectLeadersResponse<'a> {
    const BYTES_MIN: usize = 8;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            throttle_time_ms: reader.int32()?,
            error_code: if version >= 1 { reader.int16()? } else { 0 },
            replica_election_results: reader.array(version)?,
        };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        if version >= 1 {
            writer.int16(self.error_code);
        } else if self.error_code != 0 {
            return Err(unsupported("ErrorCode", version));
        }
        writer.array(&self.replica_election_results, version)?;
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(ElectLeadersResponse<'a>, key 43, versions 0..=2, flexible from 2);

/// What `replica_election_results` holds, in a [`ElectLeadersResponse`] of versions 0-2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReplicaElectionResult<'a> {
    /// String, versions 0-2.
    pub topic: &'a str,
    /// Array of PartitionResult, versions 0-2.
    pub partition_result: Array<'a, PartitionResult<'a>>,
}

impl<'a> Wire<'a> for ReplicaElectionResult<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { topic: reader.string()?, partition_result: reader.array(version)? };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.topic)?;
        writer.array(&self.partition_result, version)?;
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `partition_result` holds, in a [`ElectLeadersResponse`] of versions 0-2.
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionResult<'a> {
    /// Int32, versions 0-2.
    pub partition_id: i32,
    /// Int16, versions 0-2.
    pub error_code: i16,
    /// String, versions 0-2, nullable.
    pub error_message: Option<&'a str>,
}

impl Default for PartitionResult<'_> {
    fn default() -> Self {
        Self { partition_id: 0, error_code: 0, error_message: Some("") }
    }
}

impl<'a> Wire<'a> for PartitionResult<'a> {
    const BYTES_MIN: usize = 8;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            partition_id: reader.int32()?,
            error_code: reader.int16()?,
            error_message: reader.nullable_string()?,
        };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.partition_id);
        writer.int16(self.error_code);
        writer.nullable_string(self.error_message)?;
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

impl<'a> Request<'a> for ElectLeadersRequest<'a> {
    const KEY: i16 = 43;
    type Response<'r> = ElectLeadersResponse<'r>;
}

fn unsupported(field: &'static str, version: i16) -> WireError {
    WireError::UnsupportedField { field, version }
}
