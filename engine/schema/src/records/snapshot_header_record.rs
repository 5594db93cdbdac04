//! SnapshotHeaderRecord.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use crate::{Reader, Wire, WireError, Writer, message};

/// `SnapshotHeaderRecord`, versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SnapshotHeaderRecord {
    /// Int16, versions 0.
    pub version: i16,
    /// Int64, versions 0.
    pub last_contained_log_timestamp: i64,
}

impl Wire<'_> for SnapshotHeaderRecord {
    const BYTES_MIN: usize = 11;

    fn read(reader: &mut Reader<'_>, _version: i16) -> Result<Self, WireError> {
        let value = Self { version: reader.int16()?, last_contained_log_timestamp: reader.int64()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.int16(self.version);
        writer.int64(self.last_contained_log_timestamp);
        writer.no_tags();
        Ok(())
    }
}

message!(SnapshotHeaderRecord, versions 0..=0, flexible from 0);
