//! AssignReplicasToDirs.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `AssignReplicasToDirsRequest` (key 73), versions 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct AssignReplicasToDirsRequest<'a> {
    /// Int32, versions 0.
    pub broker_id: i32,
    /// Int64, versions 0, default -1.
    pub broker_epoch: i64,
    /// Array of RequestDirectoryData, versions 0.
    pub directories: Array<'a, RequestDirectoryData<'a>>,
}

impl Default for AssignReplicasToDirsRequest<'_> {
    fn default() -> Self {
        Self { broker_id: 0, broker_epoch: -1, directories: Array::default() }
    }
}

impl<'a> Wire<'a> for AssignReplicasToDirsRequest<'a> {
    const BYTES_MIN: usize = 14;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value =
            Self { broker_id: reader.int32()?, broker_epoch: reader.int64()?, directories: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.broker_id);
        writer.int64(self.broker_epoch);
        writer.array(&self.directories, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(AssignReplicasToDirsRequest<'a>, key 73, versions 0..=0, flexible from 0);

/// What `directories` holds, in a [`AssignReplicasToDirsRequest`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestDirectoryData<'a> {
    /// Uuid, versions 0.
    pub id: [u8; 16],
    /// Array of RequestTopicData, versions 0.
    pub topics: Array<'a, RequestTopicData<'a>>,
}

impl<'a> Wire<'a> for RequestDirectoryData<'a> {
    const BYTES_MIN: usize = 18;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { id: reader.uuid()?, topics: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.uuid(self.id);
        writer.array(&self.topics, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `topics` holds, in a [`AssignReplicasToDirsRequest`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestTopicData<'a> {
    /// Uuid, versions 0.
    pub topic_id: [u8; 16],
    /// Array of RequestPartitionData, versions 0.
    pub partitions: Array<'a, RequestPartitionData>,
}

impl<'a> Wire<'a> for RequestTopicData<'a> {
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

/// What `partitions` holds, in a [`AssignReplicasToDirsRequest`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestPartitionData {
    /// Int32, versions 0.
    pub partition_index: i32,
}

impl Wire<'_> for RequestPartitionData {
    const BYTES_MIN: usize = 5;

    fn read(reader: &mut Reader<'_>, _version: i16) -> Result<Self, WireError> {
        let value = Self { partition_index: reader.int32()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.int32(self.partition_index);
        writer.no_tags();
        Ok(())
    }
}

/// `AssignReplicasToDirsResponse` (key 73), versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AssignReplicasToDirsResponse<'a> {
    /// Int32, versions 0.
    pub throttle_time_ms: i32,
    /// Int16, versions 0.
    pub error_code: i16,
    /// Array of ResponseDirectoryData, versions 0.
    pub directories: Array<'a, ResponseDirectoryData<'a>>,
}

impl<'a> Wire<'a> for AssignReplicasToDirsResponse<'a> {
    const BYTES_MIN: usize = 8;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            throttle_time_ms: reader.int32()?,
            error_code: reader.int16()?,
            directories: reader.array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.int16(self.error_code);
        writer.array(&self.directories, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(AssignReplicasToDirsResponse<'a>, key 73, versions 0..=0, flexible from 0);

/// What `directories` holds, in a [`AssignReplicasToDirsResponse`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResponseDirectoryData<'a> {
    /// Uuid, versions 0.
    pub id: [u8; 16],
    /// Array of ResponseTopicData, versions 0.
    pub topics: Array<'a, ResponseTopicData<'a>>,
}

impl<'a> Wire<'a> for ResponseDirectoryData<'a> {
    const BYTES_MIN: usize = 18;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { id: reader.uuid()?, topics: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.uuid(self.id);
        writer.array(&self.topics, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `topics` holds, in a [`AssignReplicasToDirsResponse`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResponseTopicData<'a> {
    /// Uuid, versions 0.
    pub topic_id: [u8; 16],
    /// Array of ResponsePartitionData, versions 0.
    pub partitions: Array<'a, ResponsePartitionData>,
}

impl<'a> Wire<'a> for ResponseTopicData<'a> {
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

/// What `partitions` holds, in a [`AssignReplicasToDirsResponse`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResponsePartitionData {
    /// Int32, versions 0.
    pub partition_index: i32,
    /// Int16, versions 0.
    pub error_code: i16,
}

impl Wire<'_> for ResponsePartitionData {
    const BYTES_MIN: usize = 7;

    fn read(reader: &mut Reader<'_>, _version: i16) -> Result<Self, WireError> {
        let value = Self { partition_index: reader.int32()?, error_code: reader.int16()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.int32(self.partition_index);
        writer.int16(self.error_code);
        writer.no_tags();
        Ok(())
    }
}

impl<'a> Request<'a> for AssignReplicasToDirsRequest<'a> {
    const KEY: i16 = 73;
    type Response<'r> = AssignReplicasToDirsResponse<'r>;
}
