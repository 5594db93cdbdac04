//! ConsumerGroupPartitionMetadata.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use crate::{Array, Reader, Wire, WireError, Writer, message};

/// `ConsumerGroupPartitionMetadataKey` (key 4), versions 0, never flexible.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupPartitionMetadataKey<'a> {
    /// String, versions 0.
    pub group_id: &'a str,
}

impl<'a> Wire<'a> for ConsumerGroupPartitionMetadataKey<'a> {
    const BYTES_MIN: usize = 2;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        Ok(Self { group_id: reader.string()? })
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.group_id)?;
        Ok(())
    }
}

message!(ConsumerGroupPartitionMetadataKey<'a>, key 4, versions 0..=0, flexible from crate::NEVER_FLEXIBLE);

/// `ConsumerGroupPartitionMetadataValue` (key 4), versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupPartitionMetadataValue<'a> {
    /// Array of TopicMetadata, versions 0.
    pub topics: Array<'a, TopicMetadata<'a>>,
}

impl<'a> Wire<'a> for ConsumerGroupPartitionMetadataValue<'a> {
    const BYTES_MIN: usize = 2;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { topics: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.array(&self.topics, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(ConsumerGroupPartitionMetadataValue<'a>, key 4, versions 0..=0, flexible from 0);

/// What `topics` holds, in a [`ConsumerGroupPartitionMetadataValue`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicMetadata<'a> {
    /// Uuid, versions 0.
    pub topic_id: [u8; 16],
    /// String, versions 0.
    pub topic_name: &'a str,
    /// Int32, versions 0.
    pub num_partitions: i32,
    /// Array of PartitionMetadata, versions 0.
    pub partition_metadata: Array<'a, PartitionMetadata<'a>>,
}

impl<'a> Wire<'a> for TopicMetadata<'a> {
    const BYTES_MIN: usize = 23;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            topic_id: reader.uuid()?,
            topic_name: reader.string()?,
            num_partitions: reader.int32()?,
            partition_metadata: reader.array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.uuid(self.topic_id);
        writer.string(self.topic_name)?;
        writer.int32(self.num_partitions);
        writer.array(&self.partition_metadata, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `partition_metadata` holds, in a [`ConsumerGroupPartitionMetadataValue`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionMetadata<'a> {
    /// Int32, versions 0.
    pub partition: i32,
    /// Array of string, versions 0.
    pub racks: Array<'a, &'a str>,
}

impl<'a> Wire<'a> for PartitionMetadata<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { partition: reader.int32()?, racks: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.partition);
        writer.array(&self.racks, version)?;
        writer.no_tags();
        Ok(())
    }
}
