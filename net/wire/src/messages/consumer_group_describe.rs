//! ConsumerGroupDescribe.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `ConsumerGroupDescribeRequest` (key 69), versions 0-1, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupDescribeRequest<'a> {
    /// Array of string, versions 0-1.
    pub group_ids: Array<'a, &'a str>,
    /// Bool, versions 0-1.
    pub include_authorized_operations: bool,
}

impl<'a> Wire<'a> for ConsumerGroupDescribeRequest<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { group_ids: reader.array(version)?, include_authorized_operations: reader.bool()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.array(&self.group_ids, version)?;
        writer.bool(self.include_authorized_operations);
        writer.no_tags();
        Ok(())
    }
}

message!(ConsumerGroupDescribeRequest<'a>, key 69, versions 0..=1, flexible from 0);

/// `ConsumerGroupDescribeResponse` (key 69), versions 0-1, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupDescribeResponse<'a> {
    /// Int32, versions 0-1.
    pub throttle_time_ms: i32,
    /// Array of DescribedGroup, versions 0-1.
    pub groups: Array<'a, DescribedGroup<'a>>,
}

impl<'a> Wire<'a> for ConsumerGroupDescribeResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { throttle_time_ms: reader.int32()?, groups: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.array(&self.groups, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(ConsumerGroupDescribeResponse<'a>, key 69, versions 0..=1, flexible from 0);

/// What `groups` holds, in a [`ConsumerGroupDescribeResponse`] of versions 0-1.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribedGroup<'a> {
    /// Int16, versions 0-1.
    pub error_code: i16,
    /// String, versions 0-1, nullable, default null.
    pub error_message: Option<&'a str>,
    /// String, versions 0-1.
    pub group_id: &'a str,
    /// String, versions 0-1.
    pub group_state: &'a str,
    /// Int32, versions 0-1.
    pub group_epoch: i32,
    /// Int32, versions 0-1.
    pub assignment_epoch: i32,
    /// String, versions 0-1.
    pub assignor_name: &'a str,
    /// Array of Member, versions 0-1.
    pub members: Array<'a, Member<'a>>,
    /// Int32, versions 0-1, default -2147483648.
    pub authorized_operations: i32,
}

impl Default for DescribedGroup<'_> {
    fn default() -> Self {
        Self {
            error_code: 0,
            error_message: None,
            group_id: "",
            group_state: "",
            group_epoch: 0,
            assignment_epoch: 0,
            assignor_name: "",
            members: Array::default(),
            authorized_operations: -2147483648,
        }
    }
}

impl<'a> Wire<'a> for DescribedGroup<'a> {
    const BYTES_MIN: usize = 20;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            error_code: reader.int16()?,
            error_message: reader.nullable_string()?,
            group_id: reader.string()?,
            group_state: reader.string()?,
            group_epoch: reader.int32()?,
            assignment_epoch: reader.int32()?,
            assignor_name: reader.string()?,
            members: reader.array(version)?,
            authorized_operations: reader.int32()?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int16(self.error_code);
        writer.nullable_string(self.error_message)?;
        writer.string(self.group_id)?;
        writer.string(self.group_state)?;
        writer.int32(self.group_epoch);
        writer.int32(self.assignment_epoch);
        writer.string(self.assignor_name)?;
        writer.array(&self.members, version)?;
        writer.int32(self.authorized_operations);
        writer.no_tags();
        Ok(())
    }
}

/// What `members` holds, in a [`ConsumerGroupDescribeResponse`] of versions 0-1.
#[derive(Clone, Debug, PartialEq)]
pub struct Member<'a> {
    /// String, versions 0-1.
    pub member_id: &'a str,
    /// String, versions 0-1, nullable, default null.
    pub instance_id: Option<&'a str>,
    /// String, versions 0-1, nullable, default null.
    pub rack_id: Option<&'a str>,
    /// Int32, versions 0-1.
    pub member_epoch: i32,
    /// String, versions 0-1.
    pub client_id: &'a str,
    /// String, versions 0-1.
    pub client_host: &'a str,
    /// Array of string, versions 0-1.
    pub subscribed_topic_names: Array<'a, &'a str>,
    /// String, versions 0-1, nullable, default null.
    pub subscribed_topic_regex: Option<&'a str>,
    /// Assignment, versions 0-1.
    pub assignment: Assignment<'a>,
    /// Assignment, versions 0-1.
    pub target_assignment: Assignment<'a>,
    /// Int8, versions 1, default -1, ignorable.
    pub member_type: i8,
}

impl Default for Member<'_> {
    fn default() -> Self {
        Self {
            member_id: "",
            instance_id: None,
            rack_id: None,
            member_epoch: 0,
            client_id: "",
            client_host: "",
            subscribed_topic_names: Array::default(),
            subscribed_topic_regex: None,
            assignment: Assignment::default(),
            target_assignment: Assignment::default(),
            member_type: -1,
        }
    }
}

impl<'a> Wire<'a> for Member<'a> {
    const BYTES_MIN: usize = 16;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            member_id: reader.string()?,
            instance_id: reader.nullable_string()?,
            rack_id: reader.nullable_string()?,
            member_epoch: reader.int32()?,
            client_id: reader.string()?,
            client_host: reader.string()?,
            subscribed_topic_names: reader.array(version)?,
            subscribed_topic_regex: reader.nullable_string()?,
            assignment: Assignment::read(reader, version)?,
            target_assignment: Assignment::read(reader, version)?,
            member_type: if version >= 1 { reader.int8()? } else { -1 },
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.member_id)?;
        writer.nullable_string(self.instance_id)?;
        writer.nullable_string(self.rack_id)?;
        writer.int32(self.member_epoch);
        writer.string(self.client_id)?;
        writer.string(self.client_host)?;
        writer.array(&self.subscribed_topic_names, version)?;
        writer.nullable_string(self.subscribed_topic_regex)?;
        self.assignment.write(writer, version)?;
        self.target_assignment.write(writer, version)?;
        if version >= 1 {
            writer.int8(self.member_type);
        }
        writer.no_tags();
        Ok(())
    }
}

/// What `assignment` holds, in a [`ConsumerGroupDescribeResponse`] of versions 0-1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assignment<'a> {
    /// Array of TopicPartitions, versions 0-1.
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

/// What `topic_partitions` holds, in a [`ConsumerGroupDescribeResponse`] of versions 0-1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicPartitions<'a> {
    /// Uuid, versions 0-1.
    pub topic_id: [u8; 16],
    /// String, versions 0-1.
    pub topic_name: &'a str,
    /// Array of int32, versions 0-1.
    pub partitions: Array<'a, i32>,
}

impl<'a> Wire<'a> for TopicPartitions<'a> {
    const BYTES_MIN: usize = 19;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { topic_id: reader.uuid()?, topic_name: reader.string()?, partitions: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.uuid(self.topic_id);
        writer.string(self.topic_name)?;
        writer.array(&self.partitions, version)?;
        writer.no_tags();
        Ok(())
    }
}

impl<'a> Request<'a> for ConsumerGroupDescribeRequest<'a> {
    const KEY: i16 = 69;
    type Response<'r> = ConsumerGroupDescribeResponse<'r>;
}
