//! CreatePartitions.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `CreatePartitionsRequest` (key 37), versions 0-3, flexible from 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreatePartitionsRequest<'a> {
    /// Array of CreatePartitionsTopic, versions 0-3.
    pub topics: Array<'a, CreatePartitionsTopic<'a>>,
    /// Int32, versions 0-3.
    pub timeout_ms: i32,
    /// Bool, versions 0-3.
    pub validate_only: bool,
}

impl<'a> Wire<'a> for CreatePartitionsRequest<'a> {
    const BYTES_MIN: usize = 7;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { topics: reader.array(version)?, timeout_ms: reader.int32()?, validate_only: reader.bool()? };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.array(&self.topics, version)?;
        writer.int32(self.timeout_ms);
        writer.bool(self.validate_only);
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(CreatePartitionsRequest<'a>, key 37, versions 0..=3, flexible from 2);

/// What `topics` holds, in a [`CreatePartitionsRequest`] of versions 0-3.
#[derive(Clone, Debug, PartialEq)]
pub struct CreatePartitionsTopic<'a> {
    /// String, versions 0-3.
    pub name: &'a str,
    /// Int32, versions 0-3.
    pub count: i32,
    /// Array of CreatePartitionsAssignment, versions 0-3, nullable.
    pub assignments: Option<Array<'a, CreatePartitionsAssignment<'a>>>,
}

impl Default for CreatePartitionsTopic<'_> {
    fn default() -> Self {
        Self { name: "", count: 0, assignments: Some(Array::default()) }
    }
}

impl<'a> Wire<'a> for CreatePartitionsTopic<'a> {
    const BYTES_MIN: usize = 7;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value =
            Self { name: reader.string()?, count: reader.int32()?, assignments: reader.nullable_array(version)? };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.int32(self.count);
        writer.nullable_array(self.assignments.as_ref(), version)?;
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `assignments` holds, in a [`CreatePartitionsRequest`] of versions 0-3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreatePartitionsAssignment<'a> {
    /// Array of int32, versions 0-3.
    pub broker_ids: Array<'a, i32>,
}

impl<'a> Wire<'a> for CreatePartitionsAssignment<'a> {
    const BYTES_MIN: usize = 2;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { broker_ids: reader.array(version)? };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.array(&self.broker_ids, version)?;
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// `CreatePartitionsResponse` (key 37), versions 0-3, flexible from 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreatePartitionsResponse<'a> {
    /// Int32, versions 0-3.
    pub throttle_time_ms: i32,
    /// Array of CreatePartitionsTopicResult, versions 0-3.
    pub results: Array<'a, CreatePartitionsTopicResult<'a>>,
}

impl<'a> Wire<'a> for CreatePartitionsResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { throttle_time_ms: reader.int32()?, results: reader.array(version)? };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.array(&self.results, version)?;
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(CreatePartitionsResponse<'a>, key 37, versions 0..=3, flexible from 2);

/// What `results` holds, in a [`CreatePartitionsResponse`] of versions 0-3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreatePartitionsTopicResult<'a> {
    /// String, versions 0-3.
    pub name: &'a str,
    /// Int16, versions 0-3.
    pub error_code: i16,
    /// String, versions 0-3, nullable, default null.
    pub error_message: Option<&'a str>,
}

impl<'a> Wire<'a> for CreatePartitionsTopicResult<'a> {
    const BYTES_MIN: usize = 5;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value =
            Self { name: reader.string()?, error_code: reader.int16()?, error_message: reader.nullable_string()? };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.int16(self.error_code);
        writer.nullable_string(self.error_message)?;
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

impl<'a> Request<'a> for CreatePartitionsRequest<'a> {
    const KEY: i16 = 37;
    type Response<'r> = CreatePartitionsResponse<'r>;
}
