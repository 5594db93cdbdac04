//! DescribeTopicPartitions.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `DescribeTopicPartitionsRequest` (key 75), versions 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeTopicPartitionsRequest<'a> {
    /// Array of TopicRequest, versions 0.
    pub topics: Array<'a, TopicRequest<'a>>,
    /// Int32, versions 0, default 2000.
    pub response_partition_limit: i32,
    /// RequestCursor, versions 0, nullable, default null.
    pub cursor: Option<RequestCursor<'a>>,
}

impl Default for DescribeTopicPartitionsRequest<'_> {
    fn default() -> Self {
        Self { topics: Array::default(), response_partition_limit: 2000, cursor: None }
    }
}

impl<'a> Wire<'a> for DescribeTopicPartitionsRequest<'a> {
    const BYTES_MIN: usize = 7;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            topics: reader.array(version)?,
            response_partition_limit: reader.int32()?,
            cursor: reader.nullable_struct(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.array(&self.topics, version)?;
        writer.int32(self.response_partition_limit);
        writer.nullable_struct(self.cursor.as_ref(), version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(DescribeTopicPartitionsRequest<'a>, key 75, versions 0..=0, flexible from 0);

/// What `topics` holds, in a [`DescribeTopicPartitionsRequest`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicRequest<'a> {
    /// String, versions 0.
    pub name: &'a str,
}

impl<'a> Wire<'a> for TopicRequest<'a> {
    const BYTES_MIN: usize = 2;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self { name: reader.string()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `cursor` holds, in a [`DescribeTopicPartitionsRequest`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestCursor<'a> {
    /// String, versions 0.
    pub topic_name: &'a str,
    /// Int32, versions 0.
    pub partition_index: i32,
}

impl<'a> Wire<'a> for RequestCursor<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self { topic_name: reader.string()?, partition_index: reader.int32()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.topic_name)?;
        writer.int32(self.partition_index);
        writer.no_tags();
        Ok(())
    }
}

/// `DescribeTopicPartitionsResponse` (key 75), versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeTopicPartitionsResponse<'a> {
    /// Int32, versions 0, ignorable.
    pub throttle_time_ms: i32,
    /// Array of DescribeTopicPartitionsResponseTopic, versions 0.
    pub topics: Array<'a, DescribeTopicPartitionsResponseTopic<'a>>,
    /// ResponseCursor, versions 0, nullable, default null.
    pub next_cursor: Option<ResponseCursor<'a>>,
}

impl<'a> Wire<'a> for DescribeTopicPartitionsResponse<'a> {
    const BYTES_MIN: usize = 7;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            throttle_time_ms: reader.int32()?,
            topics: reader.array(version)?,
            next_cursor: reader.nullable_struct(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.array(&self.topics, version)?;
        writer.nullable_struct(self.next_cursor.as_ref(), version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(DescribeTopicPartitionsResponse<'a>, key 75, versions 0..=0, flexible from 0);

/// What `topics` holds, in a [`DescribeTopicPartitionsResponse`] of versions 0.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeTopicPartitionsResponseTopic<'a> {
    /// Int16, versions 0.
    pub error_code: i16,
    /// String, versions 0, nullable.
    pub name: Option<&'a str>,
    /// Uuid, versions 0, ignorable.
    pub topic_id: [u8; 16],
    /// Bool, versions 0, default false, ignorable.
    pub is_internal: bool,
    /// Array of DescribeTopicPartitionsResponsePartition, versions 0.
    pub partitions: Array<'a, DescribeTopicPartitionsResponsePartition<'a>>,
    /// Int32, versions 0, default -2147483648.
    pub topic_authorized_operations: i32,
}

impl Default for DescribeTopicPartitionsResponseTopic<'_> {
    fn default() -> Self {
        Self {
            error_code: 0,
            name: Some(""),
            topic_id: [0; 16],
            is_internal: false,
            partitions: Array::default(),
            topic_authorized_operations: -2147483648,
        }
    }
}

impl<'a> Wire<'a> for DescribeTopicPartitionsResponseTopic<'a> {
    const BYTES_MIN: usize = 26;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            error_code: reader.int16()?,
            name: reader.nullable_string()?,
            topic_id: reader.uuid()?,
            is_internal: reader.bool()?,
            partitions: reader.array(version)?,
            topic_authorized_operations: reader.int32()?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int16(self.error_code);
        writer.nullable_string(self.name)?;
        writer.uuid(self.topic_id);
        writer.bool(self.is_internal);
        writer.array(&self.partitions, version)?;
        writer.int32(self.topic_authorized_operations);
        writer.no_tags();
        Ok(())
    }
}

/// What `partitions` holds, in a [`DescribeTopicPartitionsResponse`] of versions 0.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeTopicPartitionsResponsePartition<'a> {
    /// Int16, versions 0.
    pub error_code: i16,
    /// Int32, versions 0.
    pub partition_index: i32,
    /// Int32, versions 0.
    pub leader_id: i32,
    /// Int32, versions 0, default -1, ignorable.
    pub leader_epoch: i32,
    /// Array of int32, versions 0.
    pub replica_nodes: Array<'a, i32>,
    /// Array of int32, versions 0.
    pub isr_nodes: Array<'a, i32>,
    /// Array of int32, versions 0, nullable, default null.
    pub eligible_leader_replicas: Option<Array<'a, i32>>,
    /// Array of int32, versions 0, nullable, default null.
    pub last_known_elr: Option<Array<'a, i32>>,
    /// Array of int32, versions 0, ignorable.
    pub offline_replicas: Array<'a, i32>,
}

impl Default for DescribeTopicPartitionsResponsePartition<'_> {
    fn default() -> Self {
        Self {
            error_code: 0,
            partition_index: 0,
            leader_id: 0,
            leader_epoch: -1,
            replica_nodes: Array::default(),
            isr_nodes: Array::default(),
            eligible_leader_replicas: None,
            last_known_elr: None,
            offline_replicas: Array::default(),
        }
    }
}

impl<'a> Wire<'a> for DescribeTopicPartitionsResponsePartition<'a> {
    const BYTES_MIN: usize = 20;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            error_code: reader.int16()?,
            partition_index: reader.int32()?,
            leader_id: reader.int32()?,
            leader_epoch: reader.int32()?,
            replica_nodes: reader.array(version)?,
            isr_nodes: reader.array(version)?,
            eligible_leader_replicas: reader.nullable_array(version)?,
            last_known_elr: reader.nullable_array(version)?,
            offline_replicas: reader.array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int16(self.error_code);
        writer.int32(self.partition_index);
        writer.int32(self.leader_id);
        writer.int32(self.leader_epoch);
        writer.array(&self.replica_nodes, version)?;
        writer.array(&self.isr_nodes, version)?;
        writer.nullable_array(self.eligible_leader_replicas.as_ref(), version)?;
        writer.nullable_array(self.last_known_elr.as_ref(), version)?;
        writer.array(&self.offline_replicas, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `next_cursor` holds, in a [`DescribeTopicPartitionsResponse`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResponseCursor<'a> {
    /// String, versions 0.
    pub topic_name: &'a str,
    /// Int32, versions 0.
    pub partition_index: i32,
}

impl<'a> Wire<'a> for ResponseCursor<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self { topic_name: reader.string()?, partition_index: reader.int32()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.topic_name)?;
        writer.int32(self.partition_index);
        writer.no_tags();
        Ok(())
    }
}

impl<'a> Request<'a> for DescribeTopicPartitionsRequest<'a> {
    const KEY: i16 = 75;
    type Response<'r> = DescribeTopicPartitionsResponse<'r>;
}
