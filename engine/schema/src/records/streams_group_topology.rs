//! StreamsGroupTopology.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use crate::{Array, Reader, Wire, WireError, Writer, message};

/// `StreamsGroupTopologyKey` (key 23), versions 0, never flexible.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamsGroupTopologyKey<'a> {
    /// String, versions 0.
    pub group_id: &'a str,
}

impl<'a> Wire<'a> for StreamsGroupTopologyKey<'a> {
    const BYTES_MIN: usize = 2;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        Ok(Self { group_id: reader.string()? })
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.group_id)?;
        Ok(())
    }
}

message!(StreamsGroupTopologyKey<'a>, key 23, versions 0..=0, flexible from crate::NEVER_FLEXIBLE);

/// `StreamsGroupTopologyValue` (key 23), versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamsGroupTopologyValue<'a> {
    /// Int32, versions 0.
    pub epoch: i32,
    /// Array of Subtopology, versions 0.
    pub subtopologies: Array<'a, Subtopology<'a>>,
}

impl<'a> Wire<'a> for StreamsGroupTopologyValue<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { epoch: reader.int32()?, subtopologies: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.epoch);
        writer.array(&self.subtopologies, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(StreamsGroupTopologyValue<'a>, key 23, versions 0..=0, flexible from 0);

/// What `subtopologies` holds, in a [`StreamsGroupTopologyValue`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subtopology<'a> {
    /// String, versions 0.
    pub subtopology_id: &'a str,
    /// Array of string, versions 0.
    pub source_topics: Array<'a, &'a str>,
    /// Array of string, versions 0.
    pub source_topic_regex: Array<'a, &'a str>,
    /// Array of TopicInfo, versions 0.
    pub state_changelog_topics: Array<'a, TopicInfo<'a>>,
    /// Array of string, versions 0.
    pub repartition_sink_topics: Array<'a, &'a str>,
    /// Array of TopicInfo, versions 0.
    pub repartition_source_topics: Array<'a, TopicInfo<'a>>,
    /// Array of CopartitionGroup, versions 0.
    pub copartition_groups: Array<'a, CopartitionGroup<'a>>,
}

impl<'a> Wire<'a> for Subtopology<'a> {
    const BYTES_MIN: usize = 8;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            subtopology_id: reader.string()?,
            source_topics: reader.array(version)?,
            source_topic_regex: reader.array(version)?,
            state_changelog_topics: reader.array(version)?,
            repartition_sink_topics: reader.array(version)?,
            repartition_source_topics: reader.array(version)?,
            copartition_groups: reader.array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.subtopology_id)?;
        writer.array(&self.source_topics, version)?;
        writer.array(&self.source_topic_regex, version)?;
        writer.array(&self.state_changelog_topics, version)?;
        writer.array(&self.repartition_sink_topics, version)?;
        writer.array(&self.repartition_source_topics, version)?;
        writer.array(&self.copartition_groups, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `state_changelog_topics` holds, in a [`StreamsGroupTopologyValue`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicInfo<'a> {
    /// String, versions 0.
    pub name: &'a str,
    /// Int32, versions 0.
    pub partitions: i32,
    /// Int16, versions 0.
    pub replication_factor: i16,
    /// Array of TopicConfig, versions 0.
    pub topic_configs: Array<'a, TopicConfig<'a>>,
}

impl<'a> Wire<'a> for TopicInfo<'a> {
    const BYTES_MIN: usize = 9;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            name: reader.string()?,
            partitions: reader.int32()?,
            replication_factor: reader.int16()?,
            topic_configs: reader.array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.int32(self.partitions);
        writer.int16(self.replication_factor);
        writer.array(&self.topic_configs, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `topic_configs` holds, in a [`StreamsGroupTopologyValue`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicConfig<'a> {
    /// String, versions 0.
    pub key: &'a str,
    /// String, versions 0.
    pub value: &'a str,
}

impl<'a> Wire<'a> for TopicConfig<'a> {
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

/// What `copartition_groups` holds, in a [`StreamsGroupTopologyValue`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CopartitionGroup<'a> {
    /// Array of int16, versions 0.
    pub source_topics: Array<'a, i16>,
    /// Array of int16, versions 0.
    pub source_topic_regex: Array<'a, i16>,
    /// Array of int16, versions 0.
    pub repartition_source_topics: Array<'a, i16>,
}

impl<'a> Wire<'a> for CopartitionGroup<'a> {
    const BYTES_MIN: usize = 4;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            source_topics: reader.array(version)?,
            source_topic_regex: reader.array(version)?,
            repartition_source_topics: reader.array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.array(&self.source_topics, version)?;
        writer.array(&self.source_topic_regex, version)?;
        writer.array(&self.repartition_source_topics, version)?;
        writer.no_tags();
        Ok(())
    }
}
