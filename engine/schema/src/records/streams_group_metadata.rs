//! StreamsGroupMetadata.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use crate::{Array, Reader, Wire, WireError, Writer, message};

/// `StreamsGroupMetadataKey` (key 17), versions 0, never flexible.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamsGroupMetadataKey<'a> {
    /// String, versions 0.
    pub group_id: &'a str,
}

impl<'a> Wire<'a> for StreamsGroupMetadataKey<'a> {
    const BYTES_MIN: usize = 2;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        Ok(Self { group_id: reader.string()? })
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.group_id)?;
        Ok(())
    }
}

message!(StreamsGroupMetadataKey<'a>, key 17, versions 0..=0, flexible from crate::NEVER_FLEXIBLE);

/// `StreamsGroupMetadataValue` (key 17), versions 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamsGroupMetadataValue<'a> {
    /// Int32, versions 0.
    pub epoch: i32,
    /// Int64, versions 0.
    pub metadata_hash: i64,
    /// Int32, versions 0, tag 0, default -1.
    pub validated_topology_epoch: i32,
    /// Array of LastAssignmentConfig, versions 0, nullable, tag 1.
    pub last_assignment_configs: Option<Array<'a, LastAssignmentConfig<'a>>>,
}

impl Default for StreamsGroupMetadataValue<'_> {
    fn default() -> Self {
        Self {
            epoch: 0,
            metadata_hash: 0,
            validated_topology_epoch: -1,
            last_assignment_configs: Some(Array::default()),
        }
    }
}

impl<'a> Wire<'a> for StreamsGroupMetadataValue<'a> {
    const BYTES_MIN: usize = 13;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let mut value = Self {
            epoch: reader.int32()?,
            metadata_hash: reader.int64()?,
            validated_topology_epoch: -1,
            last_assignment_configs: Some(Array::default()),
        };
        let mut tags = reader.tags()?;
        while let Some((tag, mut field)) = reader.next_tag(&mut tags)? {
            match tag {
                0 => value.validated_topology_epoch = field.int32()?,
                1 => value.last_assignment_configs = field.nullable_array(version)?,
                _ => continue,
            }
            field.finish()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.epoch);
        writer.int64(self.metadata_hash);
        let mut tags = writer.tags();
        if self.validated_topology_epoch != -1 {
            let start = writer.tag(&mut tags, 0);
            writer.int32(self.validated_topology_epoch);
            writer.tag_end(start);
        }
        if self.last_assignment_configs.as_ref().is_none_or(|array| !array.is_empty()) {
            let start = writer.tag(&mut tags, 1);
            writer.nullable_array(self.last_assignment_configs.as_ref(), version)?;
            writer.tag_end(start);
        }
        writer.tags_end(&tags);
        Ok(())
    }
}

message!(StreamsGroupMetadataValue<'a>, key 17, versions 0..=0, flexible from 0);

/// What `last_assignment_configs` holds, in a [`StreamsGroupMetadataValue`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LastAssignmentConfig<'a> {
    /// String, versions 0.
    pub key: &'a str,
    /// String, versions 0.
    pub value: &'a str,
}

impl<'a> Wire<'a> for LastAssignmentConfig<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self { key: reader.string()?, value: reader.string()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.key)?;
        writer.string(self.value)?;
        writer.no_tags();
        Ok(())
    }
}
