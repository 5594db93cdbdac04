//! ConsumerGroupCurrentMemberAssignment.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use crate::{Array, Reader, Wire, WireError, Writer, message};

/// `ConsumerGroupCurrentMemberAssignmentKey` (key 8), versions 0, never flexible.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupCurrentMemberAssignmentKey<'a> {
    /// String, versions 0.
    pub group_id: &'a str,
    /// String, versions 0.
    pub member_id: &'a str,
}

impl<'a> Wire<'a> for ConsumerGroupCurrentMemberAssignmentKey<'a> {
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

message!(ConsumerGroupCurrentMemberAssignmentKey<'a>, key 8, versions 0..=0, flexible from crate::NEVER_FLEXIBLE);

/// `ConsumerGroupCurrentMemberAssignmentValue` (key 8), versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupCurrentMemberAssignmentValue<'a> {
    /// Int32, versions 0.
    pub member_epoch: i32,
    /// Int32, versions 0.
    pub previous_member_epoch: i32,
    /// Int8, versions 0.
    pub state: i8,
    /// Array of TopicPartitions, versions 0.
    pub assigned_partitions: Array<'a, TopicPartitions<'a>>,
    /// Array of TopicPartitions, versions 0.
    pub partitions_pending_revocation: Array<'a, TopicPartitions<'a>>,
}

impl<'a> Wire<'a> for ConsumerGroupCurrentMemberAssignmentValue<'a> {
    const BYTES_MIN: usize = 12;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            member_epoch: reader.int32()?,
            previous_member_epoch: reader.int32()?,
            state: reader.int8()?,
            assigned_partitions: reader.array(version)?,
            partitions_pending_revocation: reader.array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.member_epoch);
        writer.int32(self.previous_member_epoch);
        writer.int8(self.state);
        writer.array(&self.assigned_partitions, version)?;
        writer.array(&self.partitions_pending_revocation, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(ConsumerGroupCurrentMemberAssignmentValue<'a>, key 8, versions 0..=0, flexible from 0);

/// What `assigned_partitions` holds, in a [`ConsumerGroupCurrentMemberAssignmentValue`] of versions 0.
#[derive(Clone, Debug, PartialEq)]
pub struct TopicPartitions<'a> {
    /// Uuid, versions 0.
    pub topic_id: [u8; 16],
    /// Array of int32, versions 0.
    pub partitions: Array<'a, i32>,
    /// Array of int32, versions 0, nullable, tag 0.
    pub assignment_epochs: Option<Array<'a, i32>>,
}

impl Default for TopicPartitions<'_> {
    fn default() -> Self {
        Self { topic_id: [0; 16], partitions: Array::default(), assignment_epochs: Some(Array::default()) }
    }
}

impl<'a> Wire<'a> for TopicPartitions<'a> {
    const BYTES_MIN: usize = 18;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let mut value = Self {
            topic_id: reader.uuid()?,
            partitions: reader.array(version)?,
            assignment_epochs: Some(Array::default()),
        };
        let mut tags = reader.tags()?;
        while let Some((tag, mut field)) = reader.next_tag(&mut tags)? {
            match tag {
                0 => value.assignment_epochs = field.nullable_array(version)?,
                _ => continue,
            }
            field.finish()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.uuid(self.topic_id);
        writer.array(&self.partitions, version)?;
        let mut tags = writer.tags();
        if self.assignment_epochs.as_ref().is_none_or(|array| !array.is_empty()) {
            let start = writer.tag(&mut tags, 0);
            writer.nullable_array(self.assignment_epochs.as_ref(), version)?;
            writer.tag_end(start);
        }
        writer.tags_end(&tags);
        Ok(())
    }
}
