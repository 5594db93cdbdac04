//! AlterReplicaLogDirs.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `AlterReplicaLogDirsRequest` (key 34), versions 1-2, flexible from 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterReplicaLogDirsRequest<'a> {
    /// Array of AlterReplicaLogDir, versions 1-2.
    pub dirs: Array<'a, AlterReplicaLogDir<'a>>,
}

impl<'a> Wire<'a> for AlterReplicaLogDirsRequest<'a> {
    const BYTES_MIN: usize = 2;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { dirs: reader.array(version)? };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.array(&self.dirs, version)?;
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(AlterReplicaLogDirsRequest<'a>, key 34, versions 1..=2, flexible from 2);

/// What `dirs` holds, in a [`AlterReplicaLogDirsRequest`] of versions 1-2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterReplicaLogDir<'a> {
    /// String, versions 1-2.
    pub path: &'a str,
    /// Array of AlterReplicaLogDirTopic, versions 1-2.
    pub topics: Array<'a, AlterReplicaLogDirTopic<'a>>,
}

impl<'a> Wire<'a> for AlterReplicaLogDir<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { path: reader.string()?, topics: reader.array(version)? };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.path)?;
        writer.array(&self.topics, version)?;
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `topics` holds, in a [`AlterReplicaLogDirsRequest`] of versions 1-2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterReplicaLogDirTopic<'a> {
    /// String, versions 1-2.
    pub name: &'a str,
    /// Array of int32, versions 1-2.
    pub partitions: Array<'a, i32>,
}

impl<'a> Wire<'a> for AlterReplicaLogDirTopic<'a> {
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

/// `AlterReplicaLogDirsResponse` (key 34), versions 1-2, flexible from 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterReplicaLogDirsResponse<'a> {
    /// Int32, versions 1-2.
    pub throttle_time_ms: i32,
    /// Array of AlterReplicaLogDirTopicResult, versions 1-2.
    pub results: Array<'a, AlterReplicaLogDirTopicResult<'a>>,
}

impl<'a> Wire<'a> for AlterReplicaLogDirsResponse<'a> {
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

message!(AlterReplicaLogDirsResponse<'a>, key 34, versions 1..=2, flexible from 2);

/// What `results` holds, in a [`AlterReplicaLogDirsResponse`] of versions 1-2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterReplicaLogDirTopicResult<'a> {
    /// String, versions 1-2.
    pub topic_name: &'a str,
    /// Array of AlterReplicaLogDirPartitionResult, versions 1-2.
    pub partitions: Array<'a, AlterReplicaLogDirPartitionResult>,
}

impl<'a> Wire<'a> for AlterReplicaLogDirTopicResult<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { topic_name: reader.string()?, partitions: reader.array(version)? };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.topic_name)?;
        writer.array(&self.partitions, version)?;
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `partitions` holds, in a [`AlterReplicaLogDirsResponse`] of versions 1-2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterReplicaLogDirPartitionResult {
    /// Int32, versions 1-2.
    pub partition_index: i32,
    /// Int16, versions 1-2.
    pub error_code: i16,
}

impl Wire<'_> for AlterReplicaLogDirPartitionResult {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'_>, version: i16) -> Result<Self, WireError> {
        let value = Self { partition_index: reader.int32()?, error_code: reader.int16()? };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.partition_index);
        writer.int16(self.error_code);
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

impl<'a> Request<'a> for AlterReplicaLogDirsRequest<'a> {
    const KEY: i16 = 34;
    type Response<'r> = AlterReplicaLogDirsResponse<'r>;
}
