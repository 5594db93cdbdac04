//! LegacyOffsetCommit.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use crate::{Reader, Wire, WireError, Writer, message};

/// `LegacyOffsetCommitKey` (key 0), versions 0, never flexible.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LegacyOffsetCommitKey<'a> {
    /// String, versions 0.
    pub group: &'a str,
    /// String, versions 0.
    pub topic: &'a str,
    /// Int32, versions 0.
    pub partition: i32,
}

impl<'a> Wire<'a> for LegacyOffsetCommitKey<'a> {
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

message!(LegacyOffsetCommitKey<'a>, key 0, versions 0..=0, flexible from crate::NEVER_FLEXIBLE);

/// `LegacyOffsetCommitValue` (key 0), versions 0, never flexible.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LegacyOffsetCommitValue<'a> {
    /// Int64, versions 0.
    pub offset: i64,
    /// String, versions 0.
    pub metadata: &'a str,
    /// Int64, versions 0.
    pub commit_timestamp: i64,
}

impl<'a> Wire<'a> for LegacyOffsetCommitValue<'a> {
    const BYTES_MIN: usize = 18;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        Ok(Self { offset: reader.int64()?, metadata: reader.string()?, commit_timestamp: reader.int64()? })
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.int64(self.offset);
        writer.string(self.metadata)?;
        writer.int64(self.commit_timestamp);
        Ok(())
    }
}

message!(LegacyOffsetCommitValue<'a>, key 0, versions 0..=0, flexible from crate::NEVER_FLEXIBLE);
