//! OffsetCommit.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use crate::{Reader, Wire, WireError, Writer, message};

/// `OffsetCommitKey` (key 1), versions 0, never flexible.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetCommitKey<'a> {
    /// String, versions 0.
    pub group: &'a str,
    /// String, versions 0.
    pub topic: &'a str,
    /// Int32, versions 0.
    pub partition: i32,
}

impl<'a> Wire<'a> for OffsetCommitKey<'a> {
    const BYTES_MIN: usize = 8;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        Ok(Self { group: reader.string()?, topic: reader.string()?, partition: reader.int32()? })
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.group)?;
        writer.string(self.topic)?;
        writer.int32(self.partition);
        Ok(())
    }
}

message!(OffsetCommitKey<'a>, key 1, versions 0..=0, flexible from crate::NEVER_FLEXIBLE);

/// `OffsetCommitValue` (key 1), versions 0-4, flexible from 4.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetCommitValue<'a> {
    /// Int64, versions 0-4.
    pub offset: i64,
    /// Int32, versions 3-4, default -1, ignorable.
    pub leader_epoch: i32,
    /// String, versions 0-4.
    pub metadata: &'a str,
    /// Int64, versions 0-4.
    pub commit_timestamp: i64,
    /// Int64, versions 1, default -1, ignorable.
    pub expire_timestamp: i64,
    /// Uuid, versions 4, tag 0, ignorable.
    pub topic_id: [u8; 16],
}

impl Default for OffsetCommitValue<'_> {
    fn default() -> Self {
        Self { offset: 0, leader_epoch: -1, metadata: "", commit_timestamp: 0, expire_timestamp: -1, topic_id: [0; 16] }
    }
}

impl<'a> Wire<'a> for OffsetCommitValue<'a> {
    const BYTES_MIN: usize = 18;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let mut value = Self {
            offset: reader.int64()?,
            leader_epoch: if version >= 3 { reader.int32()? } else { -1 },
            metadata: reader.string()?,
            commit_timestamp: reader.int64()?,
            expire_timestamp: if version == 1 { reader.int64()? } else { -1 },
            topic_id: [0; 16],
        };
        if version >= 4 {
            let mut tags = reader.tags()?;
            while let Some((tag, mut field)) = reader.next_tag(&mut tags)? {
                match tag {
                    0 => value.topic_id = field.uuid()?,
                    _ => continue,
                }
                field.finish()?;
            }
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int64(self.offset);
        if version >= 3 {
            writer.int32(self.leader_epoch);
        }
        writer.string(self.metadata)?;
        writer.int64(self.commit_timestamp);
        if version == 1 {
            writer.int64(self.expire_timestamp);
        }
        if version >= 4 {
            let mut tags = writer.tags();
            if self.topic_id != [0; 16] {
                let start = writer.tag(&mut tags, 0);
                writer.uuid(self.topic_id);
                writer.tag_end(start);
            }
            writer.tags_end(&tags);
        }
        Ok(())
    }
}

message!(OffsetCommitValue<'a>, key 1, versions 0..=4, flexible from 4);
