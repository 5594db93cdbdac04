//! StreamsGroupCurrentMemberAssignment.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use crate::{Array, Reader, Wire, WireError, Writer, message};

/// `StreamsGroupCurrentMemberAssignmentKey` (key 22), versions 0, never flexible.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamsGroupCurrentMemberAssignmentKey<'a> {
    /// String, versions 0.
    pub group_id: &'a str,
    /// String, versions 0.
    pub member_id: &'a str,
}

impl<'a> Wire<'a> for StreamsGroupCurrentMemberAssignmentKey<'a> {
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

message!(StreamsGroupCurrentMemberAssignmentKey<'a>, key 22, versions 0..=0, flexible from crate::NEVER_FLEXIBLE);

/// `StreamsGroupCurrentMemberAssignmentValue` (key 22), versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamsGroupCurrentMemberAssignmentValue<'a> {
    /// Int32, versions 0.
    pub member_epoch: i32,
    /// Int32, versions 0.
    pub previous_member_epoch: i32,
    /// Int8, versions 0.
    pub state: i8,
    /// Array of TaskIds, versions 0.
    pub active_tasks: Array<'a, TaskIds<'a>>,
    /// Array of TaskIds, versions 0.
    pub standby_tasks: Array<'a, TaskIds<'a>>,
    /// Array of TaskIds, versions 0.
    pub warmup_tasks: Array<'a, TaskIds<'a>>,
    /// Array of TaskIds, versions 0.
    pub active_tasks_pending_revocation: Array<'a, TaskIds<'a>>,
    /// Array of TaskIds, versions 0.
    pub standby_tasks_pending_revocation: Array<'a, TaskIds<'a>>,
    /// Array of TaskIds, versions 0.
    pub warmup_tasks_pending_revocation: Array<'a, TaskIds<'a>>,
}

impl<'a> Wire<'a> for StreamsGroupCurrentMemberAssignmentValue<'a> {
    const BYTES_MIN: usize = 16;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            member_epoch: reader.int32()?,
            previous_member_epoch: reader.int32()?,
            state: reader.int8()?,
            active_tasks: reader.array(version)?,
            standby_tasks: reader.array(version)?,
            warmup_tasks: reader.array(version)?,
            active_tasks_pending_revocation: reader.array(version)?,
            standby_tasks_pending_revocation: reader.array(version)?,
            warmup_tasks_pending_revocation: reader.array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.member_epoch);
        writer.int32(self.previous_member_epoch);
        writer.int8(self.state);
        writer.array(&self.active_tasks, version)?;
        writer.array(&self.standby_tasks, version)?;
        writer.array(&self.warmup_tasks, version)?;
        writer.array(&self.active_tasks_pending_revocation, version)?;
        writer.array(&self.standby_tasks_pending_revocation, version)?;
        writer.array(&self.warmup_tasks_pending_revocation, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(StreamsGroupCurrentMemberAssignmentValue<'a>, key 22, versions 0..=0, flexible from 0);

/// What `active_tasks` holds, in a [`StreamsGroupCurrentMemberAssignmentValue`] of versions 0.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskIds<'a> {
    /// String, versions 0.
    pub subtopology_id: &'a str,
    /// Array of int32, versions 0.
    pub partitions: Array<'a, i32>,
    /// Array of int32, versions 0, nullable, tag 0.
    pub assignment_epochs: Option<Array<'a, i32>>,
}

impl Default for TaskIds<'_> {
    fn default() -> Self {
        Self { subtopology_id: "", partitions: Array::default(), assignment_epochs: Some(Array::default()) }
    }
}

impl<'a> Wire<'a> for TaskIds<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let mut value = Self {
            subtopology_id: reader.string()?,
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
        writer.string(self.subtopology_id)?;
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
