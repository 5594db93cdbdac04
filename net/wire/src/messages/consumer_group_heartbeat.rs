//! ConsumerGroupHeartbeat.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `ConsumerGroupHeartbeatRequest` (key 68), versions 0-1, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerGroupHeartbeatRequest<'a> {
    /// String, versions 0-1.
    pub group_id: &'a str,
    /// String, versions 0-1.
    pub member_id: &'a str,
    /// Int32, versions 0-1.
    pub member_epoch: i32,
    /// String, versions 0-1, nullable, default null.
    pub instance_id: Option<&'a str>,
    /// String, versions 0-1, nullable, default null.
    pub rack_id: Option<&'a str>,
    /// Int32, versions 0-1, default -1.
    pub rebalance_timeout_ms: i32,
    /// Array of string, versions 0-1, nullable, default null.
    pub subscribed_topic_names: Option<Array<'a, &'a str>>,
    /// String, versions 1, nullable, default null.
    pub subscribed_topic_regex: Option<&'a str>,
    /// String, versions 0-1, nullable, default null.
    pub server_assignor: Option<&'a str>,
    /// Array of RequestTopicPartitions, versions 0-1, nullable, default null.
    pub topic_partitions: Option<Array<'a, RequestTopicPartitions<'a>>>,
}

impl Default for ConsumerGroupHeartbeatRequest<'_> {
    fn default() -> Self {
        Self {
            group_id: "",
            member_id: "",
            member_epoch: 0,
            instance_id: None,
            rack_id: None,
            rebalance_timeout_ms: -1,
            subscribed_topic_names: None,
            subscribed_topic_regex: None,
            server_assignor: None,
            topic_partitions: None,
        }
    }
}

impl<'a> Wire<'a> for ConsumerGroupHeartbeatRequest<'a> {
    const BYTES_MIN: usize = 16;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            group_id: reader.string()?,
            member_id: reader.string()?,
            member_epoch: reader.int32()?,
            instance_id: reader.nullable_string()?,
            rack_id: reader.nullable_string()?,
            rebalance_timeout_ms: reader.int32()?,
            subscribed_topic_names: reader.nullable_array(version)?,
            subscribed_topic_regex: if version >= 1 { reader.nullable_string()? } else { None },
            server_assignor: reader.nullable_string()?,
            topic_partitions: reader.nullable_array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.group_id)?;
        writer.string(self.member_id)?;
        writer.int32(self.member_epoch);
        writer.nullable_string(self.instance_id)?;
        writer.nullable_string(self.rack_id)?;
        writer.int32(self.rebalance_timeout_ms);
        writer.nullable_array(self.subscribed_topic_names.as_ref(), version)?;
        if version >= 1 {
            writer.nullable_string(self.subscribed_topic_regex)?;
        } else if self.subscribed_topic_regex.is_some() {
            return Err(unsupported("SubscribedTopicRegex", version));
        }
        writer.nullable_string(self.server_assignor)?;
        writer.nullable_array(self.topic_partitions.as_ref(), version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(ConsumerGroupHeartbeatRequest<'a>, key 68, versions 0..=1, flexible from 0);

/// What `topic_partitions` holds, in a [`ConsumerGroupHeartbeatRequest`] of versions 0-1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestTopicPartitions<'a> {
    /// Uuid, versions 0-1.
    pub topic_id: [u8; 16],
    /// Array of int32, versions 0-1.
    pub partitions: Array<'a, i32>,
}

impl<'a> Wire<'a> for RequestTopicPartitions<'a> {
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

/// `ConsumerGroupHeartbeatResponse` (key 68), versions 0-1, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupHeartbeatResponse<'a> {
    /// Int32, versions 0-1.
    pub throttle_time_ms: i32,
    /// Int16, versions 0-1.
    pub error_code: i16,
    /// String, versions 0-1, nullable, default null.
    pub error_message: Option<&'a str>,
    /// String, versions 0-1, nullable, default null.
    pub member_id: Option<&'a str>,
    /// Int32, versions 0-1.
    pub member_epoch: i32,
    /// Int32, versions 0-1.
    pub heartbeat_interval_ms: i32,
    /// Assignment, versions 0-1, nullable, default null.
    pub assignment: Option<Assignment<'a>>,
}

impl<'a> Wire<'a> for ConsumerGroupHeartbeatResponse<'a> {
    const BYTES_MIN: usize = 18;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            throttle_time_ms: reader.int32()?,
            error_code: reader.int16()?,
            error_message: reader.nullable_string()?,
            member_id: reader.nullable_string()?,
            member_epoch: reader.int32()?,
            heartbeat_interval_ms: reader.int32()?,
            assignment: reader.nullable_struct(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.int16(self.error_code);
        writer.nullable_string(self.error_message)?;
        writer.nullable_string(self.member_id)?;
        writer.int32(self.member_epoch);
        writer.int32(self.heartbeat_interval_ms);
        writer.nullable_struct(self.assignment.as_ref(), version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(ConsumerGroupHeartbeatResponse<'a>, key 68, versions 0..=1, flexible from 0);

/// What `assignment` holds, in a [`ConsumerGroupHeartbeatResponse`] of versions 0-1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assignment<'a> {
    /// Array of ResponseTopicPartitions, versions 0-1.
    pub topic_partitions: Array<'a, ResponseTopicPartitions<'a>>,
}

impl<'a> Wire<'a> for Assignment<'a> {
    const BYTES_MIN: usize = 2;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { topic_partitions: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.array(&self.topic_partitions, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `topic_partitions` holds, in a [`ConsumerGroupHeartbeatResponse`] of versions 0-1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResponseTopicPartitions<'a> {
    /// Uuid, versions 0-1.
    pub topic_id: [u8; 16],
    /// Array of int32, versions 0-1.
    pub partitions: Array<'a, i32>,
}

impl<'a> Wire<'a> for ResponseTopicPartitions<'a> {
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

impl<'a> Request<'a> for ConsumerGroupHeartbeatRequest<'a> {
    const KEY: i16 = 68;
    type Response<'r> = ConsumerGroupHeartbeatResponse<'r>;
}

fn unsupported(field: &'static str, version: i16) -> WireError {
    WireError::UnsupportedField { field, version }
}
