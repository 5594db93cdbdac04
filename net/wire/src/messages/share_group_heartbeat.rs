//! ShareGroupHeartbeat.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `ShareGroupHeartbeatRequest` (key 76), versions 1, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareGroupHeartbeatRequest<'a> {
    /// String, versions 1.
    pub group_id: &'a str,
    /// String, versions 1.
    pub member_id: &'a str,
    /// Int32, versions 1.
    pub member_epoch: i32,
    /// String, versions 1, nullable, default null.
    pub rack_id: Option<&'a str>,
    /// Array of string, versions 1, nullable, default null.
    pub subscribed_topic_names: Option<Array<'a, &'a str>>,
}

impl<'a> Wire<'a> for ShareGroupHeartbeatRequest<'a> {
    const BYTES_MIN: usize = 9;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            group_id: reader.string()?,
            member_id: reader.string()?,
            member_epoch: reader.int32()?,
            rack_id: reader.nullable_string()?,
            subscribed_topic_names: reader.nullable_array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.group_id)?;
        writer.string(self.member_id)?;
        writer.int32(self.member_epoch);
        writer.nullable_string(self.rack_id)?;
        writer.nullable_array(self.subscribed_topic_names.as_ref(), version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(ShareGroupHeartbeatRequest<'a>, key 76, versions 1..=1, flexible from 0);

/// `ShareGroupHeartbeatResponse` (key 76), versions 1, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareGroupHeartbeatResponse<'a> {
    /// Int32, versions 1.
    pub throttle_time_ms: i32,
    /// Int16, versions 1.
    pub error_code: i16,
    /// String, versions 1, nullable, default null.
    pub error_message: Option<&'a str>,
    /// String, versions 1, nullable, default null.
    pub member_id: Option<&'a str>,
    /// Int32, versions 1.
    pub member_epoch: i32,
    /// Int32, versions 1.
    pub heartbeat_interval_ms: i32,
    /// Assignment, versions 1, nullable, default null.
    pub assignment: Option<Assignment<'a>>,
}

impl<'a> Wire<'a> for ShareGroupHeartbeatResponse<'a> {
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

message!(ShareGroupHeartbeatResponse<'a>, key 76, versions 1..=1, flexible from 0);

/// What `assignment` holds, in a [`ShareGroupHeartbeatResponse`] of versions 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assignment<'a> {
    /// Array of TopicPartitions, versions 1.
    pub topic_partitions: Array<'a, TopicPartitions<'a>>,
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

/// What `topic_partitions` holds, in a [`ShareGroupHeartbeatResponse`] of versions 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicPartitions<'a> {
    /// Uuid, versions 1.
    pub topic_id: [u8; 16],
    /// Array of int32, versions 1.
    pub partitions: Array<'a, i32>,
}

impl<'a> Wire<'a> for TopicPartitions<'a> {
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

impl<'a> Request<'a> for ShareGroupHeartbeatRequest<'a> {
    const KEY: i16 = 76;
    type Response<'r> = ShareGroupHeartbeatResponse<'r>;
}
