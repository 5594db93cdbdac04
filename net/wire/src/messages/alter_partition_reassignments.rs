//! AlterPartitionReassignments.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `AlterPartitionReassignmentsRequest` (key 45), versions 0-1, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct AlterPartitionReassignmentsRequest<'a> {
    /// Int32, versions 0-1, default 60000.
    pub timeout_ms: i32,
    /// Bool, versions 1, default true.
    pub allow_replication_factor_change: bool,
    /// Array of ReassignableTopic, versions 0-1.
    pub topics: Array<'a, ReassignableTopic<'a>>,
}

impl Default for AlterPartitionReassignmentsRequest<'_> {
    fn default() -> Self {
        Self { timeout_ms: 60000, allow_replication_factor_change: true, topics: Array::default() }
    }
}

impl<'a> Wire<'a> for AlterPartitionReassignmentsRequest<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            timeout_ms: reader.int32()?,
            allow_replication_factor_change: if version >= 1 { reader.bool()? } else { true },
            topics: reader.array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.timeout_ms);
        if version >= 1 {
            writer.bool(self.allow_replication_factor_change);
        } else if !self.allow_replication_factor_change {
            return Err(unsupported("AllowReplicationFactorChange", version));
        }
        writer.array(&self.topics, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(AlterPartitionReassignmentsRequest<'a>, key 45, versions 0..=1, flexible from 0);

/// What `topics` holds, in a [`AlterPartitionReassignmentsRequest`] of versions 0-1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReassignableTopic<'a> {
    /// String, versions 0-1.
    pub name: &'a str,
    /// Array of ReassignablePartition, versions 0-1.
    pub partitions: Array<'a, ReassignablePartition<'a>>,
}

impl<'a> Wire<'a> for ReassignableTopic<'a> {
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

/// What `partitions` holds, in a [`AlterPartitionReassignmentsRequest`] of versions 0-1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReassignablePartition<'a> {
    /// Int32, versions 0-1.
    pub partition_index: i32,
    /// Array of int32, versions 0-1, nullable, default null.
    pub replicas: Option<Array<'a, i32>>,
}

impl<'a> Wire<'a> for ReassignablePartition<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { partition_index: reader.int32()?, replicas: reader.nullable_array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.partition_index);
        writer.nullable_array(self.replicas.as_ref(), version)?;
        writer.no_tags();
        Ok(())
    }
}

/// `AlterPartitionReassignmentsResponse` (key 45), versions 0-1, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct AlterPartitionReassignmentsResponse<'a> {
    /// Int32, versions 0-1.
    pub throttle_time_ms: i32,
    /// Bool, versions 1, default true, ignorable.
    pub allow_replication_factor_change: bool,
    /// Int16, versions 0-1.
    pub error_code: i16,
    /// String, versions 0-1, nullable.
    pub error_message: Option<&'a str>,
    /// Array of ReassignableTopicResponse, versions 0-1.
    pub responses: Array<'a, ReassignableTopicResponse<'a>>,
}

impl Default for AlterPartitionReassignmentsResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            allow_replication_factor_change: true,
            error_code: 0,
            error_message: Some(""),
            responses: Array::default(),
        }
    }
}

impl<'a> Wire<'a> for AlterPartitionReassignmentsResponse<'a> {
    const BYTES_MIN: usize = 9;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            throttle_time_ms: reader.int32()?,
            allow_replication_factor_change: if version >= 1 { reader.bool()? } else { true },
            error_code: reader.int16()?,
            error_message: reader.nullable_string()?,
            responses: reader.array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        if version >= 1 {
            writer.bool(self.allow_replication_factor_change);
        }
        writer.int16(self.error_code);
        writer.nullable_string(self.error_message)?;
        writer.array(&self.responses, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(AlterPartitionReassignmentsResponse<'a>, key 45, versions 0..=1, flexible from 0);

/// What `responses` holds, in a [`AlterPartitionReassignmentsResponse`] of versions 0-1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReassignableTopicResponse<'a> {
    /// String, versions 0-1.
    pub name: &'a str,
    /// Array of ReassignablePartitionResponse, versions 0-1.
    pub partitions: Array<'a, ReassignablePartitionResponse<'a>>,
}

impl<'a> Wire<'a> for ReassignableTopicResponse<'a> {
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

/// What `partitions` holds, in a [`AlterPartitionReassignmentsResponse`] of versions 0-1.
#[derive(Clone, Debug, PartialEq)]
pub struct ReassignablePartitionResponse<'a> {
    /// Int32, versions 0-1.
    pub partition_index: i32,
    /// Int16, versions 0-1.
    pub error_code: i16,
    /// String, versions 0-1, nullable.
    pub error_message: Option<&'a str>,
}

impl Default for ReassignablePartitionResponse<'_> {
    fn default() -> Self {
        Self { partition_index: 0, error_code: 0, error_message: Some("") }
    }
}

impl<'a> Wire<'a> for ReassignablePartitionResponse<'a> {
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

impl<'a> Request<'a> for AlterPartitionReassignmentsRequest<'a> {
    const KEY: i16 = 45;
    type Response<'r> = AlterPartitionReassignmentsResponse<'r>;
}

fn unsupported(field: &'static str, version: i16) -> WireError {
    WireError::UnsupportedField { field, version }
}
