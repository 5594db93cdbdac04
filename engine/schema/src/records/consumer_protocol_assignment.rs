//! ConsumerProtocolAssignment.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use crate::{Array, Reader, Wire, WireError, Writer, message};

/// `ConsumerProtocolAssignment`, versions 0-3, never flexible.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerProtocolAssignment<'a> {
    /// Array of TopicPartition, versions 0-3.
    pub assigned_partitions: Array<'a, TopicPartition<'a>>,
    /// Bytes, versions 0-3, nullable, default null.
    pub user_data: Option<&'a [u8]>,
}

impl<'a> Wire<'a> for ConsumerProtocolAssignment<'a> {
    const BYTES_MIN: usize = 8;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        Ok(Self { assigned_partitions: reader.array(version)?, user_data: reader.nullable_bytes()? })
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.array(&self.assigned_partitions, version)?;
        writer.nullable_bytes(self.user_data)?;
        Ok(())
    }
}

message!(ConsumerProtocolAssignment<'a>, versions 0..=3, flexible from crate::NEVER_FLEXIBLE);

/// What `assigned_partitions` holds, in a [`ConsumerProtocolAssignment`] of versions 0-3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicPartition<'a> {
    /// String, versions 0-3.
    pub topic: &'a str,
    /// Array of int32, versions 0-3.
    pub partitions: Array<'a, i32>,
}

impl<'a> Wire<'a> for TopicPartition<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        Ok(Self { topic: reader.string()?, partitions: reader.array(version)? })
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.topic)?;
        writer.array(&self.partitions, version)?;
        Ok(())
    }
}
