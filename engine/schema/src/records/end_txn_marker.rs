//! EndTxnMarker.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use crate::{Reader, Wire, WireError, Writer, message};

/// `EndTxnMarker`, versions 0, never flexible.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EndTxnMarker {
    /// Int32, versions 0.
    pub coordinator_epoch: i32,
}

impl Wire<'_> for EndTxnMarker {
    const BYTES_MIN: usize = 4;

    fn read(reader: &mut Reader<'_>, _version: i16) -> Result<Self, WireError> {
        Ok(Self { coordinator_epoch: reader.int32()? })
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.int32(self.coordinator_epoch);
        Ok(())
    }
}

message!(EndTxnMarker, versions 0..=0, flexible from crate::NEVER_FLEXIBLE);
