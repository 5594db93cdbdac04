//! ShareGroupMetadata.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use crate::{Reader, Wire, WireError, Writer, message};

/// `ShareGroupMetadataKey` (key 11), versions 0, never flexible.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareGroupMetadataKey<'a> {
    /// String, versions 0.
    pub group_id: &'a str,
}

impl<'a> Wire<'a> for ShareGroupMetadataKey<'a> {
    const BYTES_MIN: usize = 2;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        Ok(Self { group_id: reader.string()? })
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.group_id)?;
        Ok(())
    }
}

message!(ShareGroupMetadataKey<'a>, key 11, versions 0..=0, flexible from crate::NEVER_FLEXIBLE);

/// `ShareGroupMetadataValue` (key 11), versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareGroupMetadataValue {
    /// Int32, versions 0.
    pub epoch: i32,
    /// Int64, versions 0.
    pub metadata_hash: i64,
}

impl Wire<'_> for ShareGroupMetadataValue {
    const BYTES_MIN: usize = 13;

    fn read(reader: &mut Reader<'_>, _version: i16) -> Result<Self, WireError> {
        let value = Self { epoch: reader.int32()?, metadata_hash: reader.int64()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.int32(self.epoch);
        writer.int64(self.metadata_hash);
        writer.no_tags();
        Ok(())
    }
}

message!(ShareGroupMetadataValue, key 11, versions 0..=0, flexible from 0);
