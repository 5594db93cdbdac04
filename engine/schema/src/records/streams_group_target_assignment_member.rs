//! StreamsGroupTargetAssignmentMember.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use crate::{Array, Reader, Wire, WireError, Writer, message};

/// `StreamsGroupTargetAssignmentMemberKey` (key 21), versions 0, never flexible.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamsGroupTargetAssignmentMemberKey<'a> {
    /// String, versions 0.
    pub group_id: &'a str,
    /// String, versions 0.
    pub member_id: &'a str,
}

impl<'a> Wire<'a> for StreamsGroupTargetAssignmentMemberKey<'a> {
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

message!(StreamsGroupTargetAssignmentMemberKey<'a>, key 21, versions 0..=0, flexible from crate::NEVER_FLEXIBLE);

/// `StreamsGroupTargetAssignmentMemberValue` (key 21), versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamsGroupTargetAssignmentMemberValue<'a> {
    /// Array of TaskIds, versions 0.
    pub active_tasks: Array<'a, TaskIds<'a>>,
    /// Array of TaskIds, versions 0.
    pub standby_tasks: Array<'a, TaskIds<'a>>,
    /// Array of TaskIds, versions 0.
    pub warmup_tasks: Array<'a, TaskIds<'a>>,
}

impl<'a> Wire<'a> for StreamsGroupTargetAssignmentMemberValue<'a> {
    const BYTES_MIN: usize = 4;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            active_tasks: reader.array(version)?,
            standby_tasks: reader.array(version)?,
            warmup_tasks: reader.array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.array(&self.active_tasks, version)?;
        writer.array(&self.standby_tasks, version)?;
        writer.array(&self.warmup_tasks, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(StreamsGroupTargetAssignmentMemberValue<'a>, key 21, versions 0..=0, flexible from 0);

/// What `active_tasks` holds, in a [`StreamsGroupTargetAssignmentMemberValue`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaskIds<'a> {
    /// String, versions 0.
    pub subtopology_id: &'a str,
    /// Array of int32, versions 0.
    pub partitions: Array<'a, i32>,
}

impl<'a> Wire<'a> for TaskIds<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { subtopology_id: reader.string()?, partitions: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.subtopology_id)?;
        writer.array(&self.partitions, version)?;
        writer.no_tags();
        Ok(())
    }
}
