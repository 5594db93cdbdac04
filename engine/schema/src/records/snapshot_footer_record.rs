//! SnapshotFooterRecord.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use crate::{Reader, Wire, WireError, Writer, message};

/// `SnapshotFooterRecord`, versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SnapshotFooterRecord {
    /// Int16, versions 0.
    pub version: i16,
}

impl Wire<'_> for SnapshotFooterRecord {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'_>, _version: i16) -> Result<Self, WireError> {
        let value = Self { version: reader.int16()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.int16(self.version);
        writer.no_tags();
        Ok(())
    }
}

message!(SnapshotFooterRecord, versions 0..=0, flexible from 0);
