//! ControlRecordTypeSchema.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use crate::{Reader, Wire, WireError, Writer, message};

/// `ControlRecordTypeSchema`, versions 0, never flexible.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ControlRecordTypeSchema {
    /// Int16, versions 0.
    pub r#type: i16,
}

impl Wire<'_> for ControlRecordTypeSchema {
    const BYTES_MIN: usize = 2;

    fn read(reader: &mut Reader<'_>, _version: i16) -> Result<Self, WireError> {
        Ok(Self { r#type: reader.int16()? })
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.int16(self.r#type);
        Ok(())
    }
}

message!(ControlRecordTypeSchema, versions 0..=0, flexible from crate::NEVER_FLEXIBLE);
