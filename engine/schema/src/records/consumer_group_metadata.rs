//! ConsumerGroupMetadata.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use crate::{Reader, Wire, WireError, Writer, message};

/// `ConsumerGroupMetadataKey` (key 3), versions 0, never flexible.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupMetadataKey<'a> {
    /// String, versions 0.
    pub group_id: &'a str,
}

impl<'a> Wire<'a> for ConsumerGroupMetadataKey<'a> {
    const BYTES_MIN: usize = 2;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        Ok(Self { group_id: reader.string()? })
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.group_id)?;
        Ok(())
    }
}

message!(ConsumerGroupMetadataKey<'a>, key 3, versions 0..=0, flexible from crate::NEVER_FLEXIBLE);

/// `ConsumerGroupMetadataValue` (key 3), versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupMetadataValue {
    /// Int32, versions 0.
    pub epoch: i32,
    /// Int64, versions 0, tag 0, default 0.
    pub metadata_hash: i64,
}

impl Wire<'_> for ConsumerGroupMetadataValue {
    const BYTES_MIN: usize = 5;

    fn read(reader: &mut Reader<'_>, _version: i16) -> Result<Self, WireError> {
        let mut value = Self { epoch: reader.int32()?, metadata_hash: 0 };
        let mut tags = reader.tags()?;
        while let Some((tag, mut field)) = reader.next_tag(&mut tags)? {
            match tag {
                0 => value.metadata_hash = field.int64()?,
                _ => continue,
            }
            field.finish()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.int32(self.epoch);
        let mut tags = writer.tags();
        if self.metadata_hash != 0 {
            let start = writer.tag(&mut tags, 0);
            writer.int64(self.metadata_hash);
            writer.tag_end(start);
        }
        writer.tags_end(&tags);
        Ok(())
    }
}

message!(ConsumerGroupMetadataValue, key 3, versions 0..=0, flexible from 0);
