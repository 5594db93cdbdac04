//! ShareSnapshot.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use crate::{Array, Reader, Wire, WireError, Writer, message};

/// `ShareSnapshotKey` (key 0), versions 0, never flexible.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareSnapshotKey<'a> {
    /// String, versions 0.
    pub group_id: &'a str,
    /// Uuid, versions 0.
    pub topic_id: [u8; 16],
    /// Int32, versions 0.
    pub partition: i32,
}

impl<'a> Wire<'a> for ShareSnapshotKey<'a> {
    const BYTES_MIN: usize = 22;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        Ok(Self { group_id: reader.string()?, topic_id: reader.uuid()?, partition: reader.int32()? })
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.group_id)?;
        writer.uuid(self.topic_id);
        writer.int32(self.partition);
        Ok(())
    }
}

message!(ShareSnapshotKey<'a>, key 0, versions 0..=0, flexible from crate::NEVER_FLEXIBLE);

/// `ShareSnapshotValue` (key 0), versions 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ShareSnapshotValue<'a> {
    /// Int32, versions 0.
    pub snapshot_epoch: i32,
    /// Int32, versions 0.
    pub state_epoch: i32,
    /// Int32, versions 0.
    pub leader_epoch: i32,
    /// Int64, versions 0.
    pub start_offset: i64,
    /// Int32, versions 0, tag 0, default -1.
    pub delivery_complete_count: i32,
    /// Int64, versions 0.
    pub create_timestamp: i64,
    /// Int64, versions 0.
    pub write_timestamp: i64,
    /// Array of StateBatch, versions 0.
    pub state_batches: Array<'a, StateBatch>,
}

impl Default for ShareSnapshotValue<'_> {
    fn default() -> Self {
        Self {
            snapshot_epoch: 0,
            state_epoch: 0,
            leader_epoch: 0,
            start_offset: 0,
            delivery_complete_count: -1,
            create_timestamp: 0,
            write_timestamp: 0,
            state_batches: Array::default(),
        }
    }
}

impl<'a> Wire<'a> for ShareSnapshotValue<'a> {
    const BYTES_MIN: usize = 38;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let mut value = Self {
            snapshot_epoch: reader.int32()?,
            state_epoch: reader.int32()?,
            leader_epoch: reader.int32()?,
            start_offset: reader.int64()?,
            delivery_complete_count: -1,
            create_timestamp: reader.int64()?,
            write_timestamp: reader.int64()?,
            state_batches: reader.array(version)?,
        };
        let mut tags = reader.tags()?;
        while let Some((tag, mut field)) = reader.next_tag(&mut tags)? {
            match tag {
                0 => value.delivery_complete_count = field.int32()?,
                _ => continue,
            }
            field.finish()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.snapshot_epoch);
        writer.int32(self.state_epoch);
        writer.int32(self.leader_epoch);
        writer.int64(self.start_offset);
        writer.int64(self.create_timestamp);
        writer.int64(self.write_timestamp);
        writer.array(&self.state_batches, version)?;
        let mut tags = writer.tags();
        if self.delivery_complete_count != -1 {
            let start = writer.tag(&mut tags, 0);
            writer.int32(self.delivery_complete_count);
            writer.tag_end(start);
        }
        writer.tags_end(&tags);
        Ok(())
    }
}

message!(ShareSnapshotValue<'a>, key 0, versions 0..=0, flexible from 0);

/// What `state_batches` holds, in a [`ShareSnapshotValue`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StateBatch {
    /// Int64, versions 0.
    pub first_offset: i64,
    /// Int64, versions 0.
    pub last_offset: i64,
    /// Int8, versions 0.
    pub delivery_state: i8,
    /// Int16, versions 0.
    pub delivery_count: i16,
}

impl Wire<'_> for StateBatch {
    const BYTES_MIN: usize = 20;

    fn read(reader: &mut Reader<'_>, _version: i16) -> Result<Self, WireError> {
        let value = Self {
            first_offset: reader.int64()?,
            last_offset: reader.int64()?,
            delivery_state: reader.int8()?,
            delivery_count: reader.int16()?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.int64(self.first_offset);
        writer.int64(self.last_offset);
        writer.int8(self.delivery_state);
        writer.int16(self.delivery_count);
        writer.no_tags();
        Ok(())
    }
}
