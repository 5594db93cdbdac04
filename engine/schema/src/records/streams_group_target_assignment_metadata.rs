//! StreamsGroupTargetAssignmentMetadata.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use crate::{Reader, Wire, WireError, Writer, message};

/// `StreamsGroupTargetAssignmentMetadataKey` (key 20), versions 0, never flexible.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamsGroupTargetAssignmentMetadataKey<'a> {
    /// String, versions 0.
    pub group_id: &'a str,
}

impl<'a> Wire<'a> for StreamsGroupTargetAssignmentMetadataKey<'a> {
    const BYTES_MIN: usize = 2;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        Ok(Self { group_id: reader.string()? })
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.group_id)?;
        Ok(())
    }
}

message!(StreamsGroupTargetAssignmentMetadataKey<'a>, key 20, versions 0..=0, flexible from crate::NEVER_FLEXIBLE);

/// `StreamsGroupTargetAssignmentMetadataValue` (key 20), versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamsGroupTargetAssignmentMetadataValue {
    /// Int32, versions 0.
    pub assignment_epoch: i32,
    /// Int64, versions 0, tag 0, default 0, ignorable.
    pub assignment_timestamp: i64,
}

impl Wire<'_> for StreamsGroupTargetAssignmentMetadataValue {
    const BYTES_MIN: usize = 5;

    fn read(reader: &mut Reader<'_>, _version: i16) -> Result<Self, WireError> {
        let mut value = Self { assignment_epoch: reader.int32()?, assignment_timestamp: 0 };
        let mut tags = reader.tags()?;
        while let Some((tag, mut field)) = reader.next_tag(&mut tags)? {
            match tag {
                0 => value.assignment_timestamp = field.int64()?,
                _ => continue,
            }
            field.finish()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.int32(self.assignment_epoch);
        let mut tags = writer.tags();
        if self.assignment_timestamp != 0 {
            let start = writer.tag(&mut tags, 0);
            writer.int64(self.assignment_timestamp);
            writer.tag_end(start);
        }
        writer.tags_end(&tags);
        Ok(())
    }
}

message!(StreamsGroupTargetAssignmentMetadataValue, key 20, versions 0..=0, flexible from 0);
