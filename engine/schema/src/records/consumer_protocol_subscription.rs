//! ConsumerProtocolSubscription.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use crate::{Array, Reader, Wire, WireError, Writer, message};

/// `ConsumerProtocolSubscription`, versions 0-3, never flexible.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerProtocolSubscription<'a> {
    /// Array of string, versions 0-3.
    pub topics: Array<'a, &'a str>,
    /// Bytes, versions 0-3, nullable, default null.
    pub user_data: Option<&'a [u8]>,
    /// Array of TopicPartition, versions 1-3, ignorable.
    pub owned_partitions: Array<'a, TopicPartition<'a>>,
    /// Int32, versions 2-3, default -1, ignorable.
    pub generation_id: i32,
    /// String, versions 3, nullable, default null, ignorable.
    pub rack_id: Option<&'a str>,
}

impl Default for ConsumerProtocolSubscription<'_> {
    fn default() -> Self {
        Self {
            topics: Array::default(),
            user_data: None,
            owned_partitions: Array::default(),
            generation_id: -1,
            rack_id: None,
        }
    }
}

impl<'a> Wire<'a> for ConsumerProtocolSubscription<'a> {
    const BYTES_MIN: usize = 8;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        Ok(Self {
            topics: reader.array(version)?,
            user_data: reader.nullable_bytes()?,
            owned_partitions: if version >= 1 { reader.array(version)? } else { Array::default() },
            generation_id: if version >= 2 { reader.int32()? } else { -1 },
            rack_id: if version >= 3 { reader.nullable_string()? } else { None },
        })
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.array(&self.topics, version)?;
        writer.nullable_bytes(self.user_data)?;
        if version >= 1 {
            writer.array(&self.owned_partitions, version)?;
        }
        if version >= 2 {
            writer.int32(self.generation_id);
        }
        if version >= 3 {
            writer.nullable_string(self.rack_id)?;
        }
        Ok(())
    }
}

message!(ConsumerProtocolSubscription<'a>, versions 0..=3, flexible from crate::NEVER_FLEXIBLE);

/// What `owned_partitions` holds, in a [`ConsumerProtocolSubscription`] of versions 1-3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicPartition<'a> {
    /// String, versions 1-3.
    pub topic: &'a str,
    /// Array of int32, versions 1-3.
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
