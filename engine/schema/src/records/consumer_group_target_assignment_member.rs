//! ConsumerGroupTargetAssignmentMember.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use crate::{Array, Reader, Wire, WireError, Writer, message};

/// `ConsumerGroupTargetAssignmentMemberKey` (key 7), versions 0, never flexible.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupTargetAssignmentMemberKey<'a> {
    /// String, versions 0.
    pub group_id: &'a str,
    /// String, versions 0.
    pub member_id: &'a str,
}

impl<'a> Wire<'a> for ConsumerGroupTargetAssignmentMemberKey<'a> {
    const BYTES_MIN: usize = 4;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        Ok(Self { group_id: reader.string()?, member_id: reader.string()? })
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.group_id)?;
        writer.string(self.member_id)?;
        Ok(())
    }
}

message!(ConsumerGroupTargetAssignmentMemberKey<'a>, key 7, versions 0..=0, flexible from crate::NEVER_FLEXIBLE);

/// `ConsumerGroupTargetAssignmentMemberValue` (key 7), versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupTargetAssignmentMemberValue<'a> {
    /// Array of TopicPartition, versions 0.
    pub topic_partitions: Array<'a, TopicPartition<'a>>,
}

impl<'a> Wire<'a> for ConsumerGroupTargetAssignmentMemberValue<'a> {
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

message!(ConsumerGroupTargetAssignmentMemberValue<'a>, key 7, versions 0..=0, flexible from 0);

/// What `topic_partitions` holds, in a [`ConsumerGroupTargetAssignmentMemberValue`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicPartition<'a> {
    /// Uuid, versions 0.
    pub topic_id: [u8; 16],
    /// Array of int32, versions 0.
    pub partitions: Array<'a, i32>,
}

impl<'a> Wire<'a> for TopicPartition<'a> {
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
