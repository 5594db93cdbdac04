//! DescribeLogDirs.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `DescribeLogDirsRequest` (key 35), versions 1-5, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeLogDirsRequest<'a> {
    /// Array of DescribableLogDirTopic, versions 1-5, nullable.
    pub topics: Option<Array<'a, DescribableLogDirTopic<'a>>>,
}

impl Default for DescribeLogDirsRequest<'_> {
    fn default() -> Self {
        Self { topics: Some(Array::default()) }
    }
}

impl<'a> Wire<'a> for DescribeLogDirsRequest<'a> {
    const BYTES_MIN: usize = 2;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { topics: reader.nullable_array(version)? };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.nullable_array(self.topics.as_ref(), version)?;
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(DescribeLogDirsRequest<'a>, key 35, versions 1..=5, flexible from 2);

/// What `topics` holds, in a [`DescribeLogDirsRequest`] of versions 1-5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribableLogDirTopic<'a> {
    /// String, versions 1-5.
    pub topic: &'a str,
    /// Array of int32, versions 1-5.
    pub partitions: Array<'a, i32>,
}

impl<'a> Wire<'a> for DescribableLogDirTopic<'a> {
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

/// `DescribeLogDirsResponse` (key 35), versions 1-5, flexible from 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeLogDirsResponse<'a> {
    /// Int32, versions 1-5.
    pub throttle_time_ms: i32,
    /// Int16, versions 3-5, ignorable.
    pub error_code: i16,
    /// Array of DescribeLogDirsResult, versions 1-5.
    pub results: Array<'a, DescribeLogDirsResult<'a>>,
}

impl<'a> Wire<'a> for DescribeLogDirsResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            throttle_time_ms: reader.int32()?,
            error_code: if version >= 3 { reader.int16()? } else { 0 },
            results: reader.array(version)?,
        };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        if version >= 3 {
            writer.int16(self.error_code);
        }
        writer.array(&self.results, version)?;
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(DescribeLogDirsResponse<'a>, key 35, versions 1..=5, flexible from 2);

/// What `results` holds, in a [`DescribeLogDirsResponse`] of versions 1-5.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeLogDirsResult<'a> {
    /// Int16, versions 1-5.
    pub error_code: i16,
    /// String, versions 1-5.
    pub log_dir: &'a str,
    /// Array of DescribeLogDirsTopic, versions 1-5.
    pub topics: Array<'a, DescribeLogDirsTopic<'a>>,
    /// Int64, versions 4-5, default -1, ignorable.
    pub total_bytes: i64,
    /// Int64, versions 4-5, default -1, ignorable.
    pub usable_bytes: i64,
    /// Bool, versions 5, default false, ignorable.
    pub is_cordoned: bool,
}

impl Default for DescribeLogDirsResult<'_> {
    fn default() -> Self {
        Self {
            error_code: 0,
            log_dir: "",
            topics: Array::default(),
            total_bytes: -1,
            usable_bytes: -1,
            is_cordoned: false,
        }
    }
}

impl<'a> Wire<'a> for DescribeLogDirsResult<'a> {
    const BYTES_MIN: usize = 5;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            error_code: reader.int16()?,
            log_dir: reader.string()?,
            topics: reader.array(version)?,
            total_bytes: if version >= 4 { reader.int64()? } else { -1 },
            usable_bytes: if version >= 4 { reader.int64()? } else { -1 },
            is_cordoned: if version >= 5 { reader.bool()? } else { false },
        };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int16(self.error_code);
        writer.string(self.log_dir)?;
        writer.array(&self.topics, version)?;
        if version >= 4 {
            writer.int64(self.total_bytes);
        }
        if version >= 4 {
            writer.int64(self.usable_bytes);
        }
        if version >= 5 {
            writer.bool(self.is_cordoned);
        }
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `topics` holds, in a [`DescribeLogDirsResponse`] of versions 1-5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeLogDirsTopic<'a> {
    /// String, versions 1-5.
    pub name: &'a str,
    /// Array of DescribeLogDirsPartition, versions 1-5.
    pub partitions: Array<'a, DescribeLogDirsPartition>,
}

impl<'a> Wire<'a> for DescribeLogDirsTopic<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { name: reader.string()?, partitions: reader.array(version)? };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.array(&self.partitions, version)?;
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `partitions` holds, in a [`DescribeLogDirsResponse`] of versions 1-5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeLogDirsPartition {
    /// Int32, versions 1-5.
    pub partition_index: i32,
    /// Int64, versions 1-5.
    pub partition_size: i64,
    /// Int64, versions 1-5.
    pub offset_lag: i64,
    /// Bool, versions 1-5.
    pub is_future_key: bool,
}

impl Wire<'_> for DescribeLogDirsPartition {
    const BYTES_MIN: usize = 21;

    fn read(reader: &mut Reader<'_>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            partition_index: reader.int32()?,
            partition_size: reader.int64()?,
            offset_lag: reader.int64()?,
            is_future_key: reader.bool()?,
        };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.partition_index);
        writer.int64(self.partition_size);
        writer.int64(self.offset_lag);
        writer.bool(self.is_future_key);
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

impl<'a> Request<'a> for DescribeLogDirsRequest<'a> {
    const KEY: i16 = 35;
    type Response<'r> = DescribeLogDirsResponse<'r>;
}
