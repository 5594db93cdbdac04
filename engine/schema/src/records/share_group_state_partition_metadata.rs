//! ShareGroupStatePartitionMetadata.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use crate::{Array, Reader, Wire, WireError, Writer, message};

/// `ShareGroupStatePartitionMetadataKey` (key 15), versions 0, never flexible.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareGroupStatePartitionMetadataKey<'a> {
    /// String, versions 0.
    pub group_id: &'a str,
}

impl<'a> Wire<'a> for ShareGroupStatePartitionMetadataKey<'a> {
    const BYTES_MIN: usize = 2;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        Ok(Self { group_id: reader.string()? })
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.group_id)?;
        Ok(())
    }
}

message!(ShareGroupStatePartitionMetadataKey<'a>, key 15, versions 0..=0, flexible from crate::NEVER_FLEXIBLE);

/// `ShareGroupStatePartitionMetadataValue` (key 15), versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareGroupStatePartitionMetadataValue<'a> {
    /// Array of TopicPartitionsInfo, versions 0.
    pub initializing_topics: Array<'a, TopicPartitionsInfo<'a>>,
    /// Array of TopicPartitionsInfo, versions 0.
    pub initialized_topics: Array<'a, TopicPartitionsInfo<'a>>,
    /// Array of TopicInfo, versions 0.
    pub deleting_topics: Array<'a, TopicInfo<'a>>,
}

impl<'a> Wire<'a> for ShareGroupStatePartitionMetadataValue<'a> {
    const BYTES_MIN: usize = 4;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            initializing_topics: reader.array(version)?,
            initialized_topics: reader.array(version)?,
            deleting_topics: reader.array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.array(&self.initializing_topics, version)?;
        writer.array(&self.initialized_topics, version)?;
        writer.array(&self.deleting_topics, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(ShareGroupStatePartitionMetadataValue<'a>, key 15, versions 0..=0, flexible from 0);

/// What `initializing_topics` holds, in a [`ShareGroupStatePartitionMetadataValue`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicPartitionsInfo<'a> {
    /// Uuid, versions 0.
    pub topic_id: [u8; 16],
    /// String, versions 0.
    pub topic_name: &'a str,
    /// Array of int32, versions 0.
    pub partitions: Array<'a, i32>,
}

impl<'a> Wire<'a> for TopicPartitionsInfo<'a> {
    const BYTES_MIN: usize = 19;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { topic_id: reader.uuid()?, topic_name: reader.string()?, partitions: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.uuid(self.topic_id);
        writer.string(self.topic_name)?;
        writer.array(&self.partitions, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `deleting_topics` holds, in a [`ShareGroupStatePartitionMetadataValue`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicInfo<'a> {
    /// Uuid, versions 0.
    pub topic_id: [u8; 16],
    /// String, versions 0.
    pub topic_name: &'a str,
}

impl<'a> Wire<'a> for TopicInfo<'a> {
    const BYTES_MIN: usize = 18;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self { topic_id: reader.uuid()?, topic_name: reader.string()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.uuid(self.topic_id);
        writer.string(self.topic_name)?;
        writer.no_tags();
        Ok(())
    }
}
