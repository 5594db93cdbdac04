//! OffsetFetch.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message, not_null};

/// `OffsetFetchRequest` (key 9), versions 1-10, flexible from 6.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetFetchRequest<'a> {
    /// String, versions 1-7.
    pub group_id: &'a str,
    /// Array of OffsetFetchRequestTopic, versions 1-7, nullable 2-7.
    pub topics: Option<Array<'a, OffsetFetchRequestTopic<'a>>>,
    /// Array of OffsetFetchRequestGroup, versions 8-10.
    pub groups: Array<'a, OffsetFetchRequestGroup<'a>>,
    /// Bool, versions 7-10, default false.
    pub require_stable: bool,
}

impl Default for OffsetFetchRequest<'_> {
    fn default() -> Self {
        Self { group_id: "", topics: Some(Array::default()), groups: Array::default(), require_stable: false }
    }
}

impl<'a> Wire<'a> for OffsetFetchRequest<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            group_id: if version <= 7 { reader.string()? } else { "" },
            topics: if version <= 7 {
                if version >= 2 { reader.nullable_array(version)? } else { Some(reader.array(version)?) }
            } else {
                Some(Array::default())
            },
            groups: if version >= 8 { reader.array(version)? } else { Array::default() },
            require_stable: if version >= 7 { reader.bool()? } else { false },
        };
        if version >= 6 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        if version <= 7 {
            writer.string(self.group_id)?;
        } else if !self.group_id.is_empty() {
            return Err(unsupported("GroupId", version));
        }
        if version <= 7 {
            if version >= 2 {
                writer.nullable_array(self.topics.as_ref(), version)?;
            } else {
                writer.array(not_null(self.topics.as_ref(), "Topics", version)?, version)?;
            }
        } else if self.topics.as_ref().is_none_or(|array| !array.is_empty()) {
            return Err(unsupported("Topics", version));
        }
        if version >= 8 {
            writer.array(&self.groups, version)?;
        } else if !self.groups.is_empty() {
            return Err(unsupported("Groups", version));
        }
        if version >= 7 {
            writer.bool(self.require_stable);
        } else if self.require_stable {
            return Err(unsupported("RequireStable", version));
        }
        if version >= 6 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(OffsetFetchRequest<'a>, key 9, versions 1..=10, flexible from 6);

/// What `topics` holds, in a [`OffsetFetchRequest`] of versions 1-7.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetFetchRequestTopic<'a> {
    /// String, versions 1-7.
    pub name: &'a str,
    /// Array of int32, versions 1-7.
    pub partition_indexes: Array<'a, i32>,
}

impl<'a> Wire<'a> for OffsetFetchRequestTopic<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { name: reader.string()?, partition_indexes: reader.array(version)? };
        if version >= 6 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.array(&self.partition_indexes, version)?;
        if version >= 6 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `groups` holds, in a [`OffsetFetchRequest`] of versions 8-10.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetFetchRequestGroup<'a> {
    /// String, versions 8-10.
    pub group_id: &'a str,
    /// String, versions 9-10, nullable, default null, ignorable.
    pub member_id: Option<&'a str>,
    /// Int32, versions 9-10, default -1, ignorable.
    pub member_epoch: i32,
    /// Array of OffsetFetchRequestTopics, versions 8-10, nullable.
    pub topics: Option<Array<'a, OffsetFetchRequestTopics<'a>>>,
}

impl Default for OffsetFetchRequestGroup<'_> {
    fn default() -> Self {
        Self { group_id: "", member_id: None, member_epoch: -1, topics: Some(Array::default()) }
    }
}

impl<'a> Wire<'a> for OffsetFetchRequestGroup<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            group_id: reader.string()?,
            member_id: if version >= 9 { reader.nullable_string()? } else { None },
            member_epoch: if version >= 9 { reader.int32()? } else { -1 },
            topics: reader.nullable_array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.group_id)?;
        if version >= 9 {
            writer.nullable_string(self.member_id)?;
        }
        if version >= 9 {
            writer.int32(self.member_epoch);
        }
        writer.nullable_array(self.topics.as_ref(), version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `topics` holds, in a [`OffsetFetchRequest`] of versions 8-10.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetFetchRequestTopics<'a> {
    /// String, versions 8-9, ignorable.
    pub name: &'a str,
    /// Uuid, versions 10, ignorable.
    pub topic_id: [u8; 16],
    /// Array of int32, versions 8-10.
    pub partition_indexes: Array<'a, i32>,
}

impl<'a> Wire<'a> for OffsetFetchRequestTopics<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            name: if version <= 9 { reader.string()? } else { "" },
            topic_id: if version >= 10 { reader.uuid()? } else { [0; 16] },
            partition_indexes: reader.array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        if version <= 9 {
            writer.string(self.name)?;
        }
        if version >= 10 {
            writer.uuid(self.topic_id);
        }
        writer.array(&self.partition_indexes, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// `OffsetFetchResponse` (key 9), versions 1-10, flexible from 6.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetFetchResponse<'a> {
    /// Int32, versions 3-10, ignorable.
    pub throttle_time_ms: i32,
    /// Array of OffsetFetchResponseTopic, versions 1-7.
    pub topics: Array<'a, OffsetFetchResponseTopic<'a>>,
    /// Int16, versions 2-7, default 0, ignorable.
    pub error_code: i16,
    /// Array of OffsetFetchResponseGroup, versions 8-10.
    pub groups: Array<'a, OffsetFetchResponseGroup<'a>>,
}

impl<'a> Wire<'a> for OffsetFetchResponse<'a> {
    const BYTES_MIN: usize = 4;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            throttle_time_ms: if version >= 3 { reader.int32()? } else { 0 },
            topics: if version <= 7 { reader.array(version)? } else { Array::default() },
            error_code: if (2..=7).contains(&version) { reader.int16()? } else { 0 },
            groups: if version >= 8 { reader.array(version)? } else { Array::default() },
        };
        if version >= 6 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        if version >= 3 {
            writer.throttle_time_ms(self.throttle_time_ms);
        }
        if version <= 7 {
            writer.array(&self.topics, version)?;
        } else if !self.topics.is_empty() {
            return Err(unsupported("Topics", version));
        }
        if (2..=7).contains(&version) {
            writer.int16(self.error_code);
        }
        if version >= 8 {
            writer.array(&self.groups, version)?;
        } else if !self.groups.is_empty() {
            return Err(unsupported("Groups", version));
        }
        if version >= 6 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(OffsetFetchResponse<'a>, key 9, versions 1..=10, flexible from 6);

/// What `topics` holds, in a [`OffsetFetchResponse`] of versions 1-7.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetFetchResponseTopic<'a> {
    /// String, versions 1-7.
    pub name: &'a str,
    /// Array of OffsetFetchResponsePartition, versions 1-7.
    pub partitions: Array<'a, OffsetFetchResponsePartition<'a>>,
}

impl<'a> Wire<'a> for OffsetFetchResponseTopic<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { name: reader.string()?, partitions: reader.array(version)? };
        if version >= 6 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.array(&self.partitions, version)?;
        if version >= 6 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `partitions` holds, in a [`OffsetFetchResponse`] of versions 1-7.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetFetchResponsePartition<'a> {
    /// Int32, versions 1-7.
    pub partition_index: i32,
    /// Int64, versions 1-7.
    pub committed_offset: i64,
    /// Int32, versions 5-7, default -1, ignorable.
    pub committed_leader_epoch: i32,
    /// String, versions 1-7, nullable.
    pub metadata: Option<&'a str>,
    /// Int16, versions 1-7.
    pub error_code: i16,
}

impl Default for OffsetFetchResponsePartition<'_> {
    fn default() -> Self {
        Self { partition_index: 0, committed_offset: 0, committed_leader_epoch: -1, metadata: Some(""), error_code: 0 }
    }
}

impl<'a> Wire<'a> for OffsetFetchResponsePartition<'a> {
    const BYTES_MIN: usize = 16;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            partition_index: reader.int32()?,
            committed_offset: reader.int64()?,
            committed_leader_epoch: if version >= 5 { reader.int32()? } else { -1 },
            metadata: reader.nullable_string()?,
            error_code: reader.int16()?,
        };
        if version >= 6 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.partition_index);
        writer.int64(self.committed_offset);
        if version >= 5 {
            writer.int32(self.committed_leader_epoch);
        }
        writer.nullable_string(self.metadata)?;
        writer.int16(self.error_code);
        if version >= 6 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `groups` holds, in a [`OffsetFetchResponse`] of versions 8-10.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetFetchResponseGroup<'a> {
    /// String, versions 8-10.
    pub group_id: &'a str,
    /// Array of OffsetFetchResponseTopics, versions 8-10.
    pub topics: Array<'a, OffsetFetchResponseTopics<'a>>,
    /// Int16, versions 8-10, default 0.
    pub error_code: i16,
}

impl<'a> Wire<'a> for OffsetFetchResponseGroup<'a> {
    const BYTES_MIN: usize = 5;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { group_id: reader.string()?, topics: reader.array(version)?, error_code: reader.int16()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.group_id)?;
        writer.array(&self.topics, version)?;
        writer.int16(self.error_code);
        writer.no_tags();
        Ok(())
    }
}

/// What `topics` holds, in a [`OffsetFetchResponse`] of versions 8-10.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetFetchResponseTopics<'a> {
    /// String, versions 8-9, ignorable.
    pub name: &'a str,
    /// Uuid, versions 10, ignorable.
    pub topic_id: [u8; 16],
    /// Array of OffsetFetchResponsePartitions, versions 8-10.
    pub partitions: Array<'a, OffsetFetchResponsePartitions<'a>>,
}

impl<'a> Wire<'a> for OffsetFetchResponseTopics<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            name: if version <= 9 { reader.string()? } else { "" },
            topic_id: if version >= 10 { reader.uuid()? } else { [0; 16] },
            partitions: reader.array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        if version <= 9 {
            writer.string(self.name)?;
        }
        if version >= 10 {
            writer.uuid(self.topic_id);
        }
        writer.array(&self.partitions, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `partitions` holds, in a [`OffsetFetchResponse`] of versions 8-10.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetFetchResponsePartitions<'a> {
    /// Int32, versions 8-10.
    pub partition_index: i32,
    /// Int64, versions 8-10.
    pub committed_offset: i64,
    /// Int32, versions 8-10, default -1, ignorable.
    pub committed_leader_epoch: i32,
    /// String, versions 8-10, nullable.
    pub metadata: Option<&'a str>,
    /// Int16, versions 8-10.
    pub error_code: i16,
}

impl Default for OffsetFetchResponsePartitions<'_> {
    fn default() -> Self {
        Self { partition_index: 0, committed_offset: 0, committed_leader_epoch: -1, metadata: Some(""), error_code: 0 }
    }
}

impl<'a> Wire<'a> for OffsetFetchResponsePartitions<'a> {
    const BYTES_MIN: usize = 20;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self {
            partition_index: reader.int32()?,
            committed_offset: reader.int64()?,
            committed_leader_epoch: reader.int32()?,
            metadata: reader.nullable_string()?,
            error_code: reader.int16()?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.int32(self.partition_index);
        writer.int64(self.committed_offset);
        writer.int32(self.committed_leader_epoch);
        writer.nullable_string(self.metadata)?;
        writer.int16(self.error_code);
        writer.no_tags();
        Ok(())
    }
}

impl<'a> Request<'a> for OffsetFetchRequest<'a> {
    const KEY: i16 = 9;
    type Response<'r> = OffsetFetchResponse<'r>;
}

fn unsupported(field: &'static str, version: i16) -> WireError {
    WireError::UnsupportedField { field, version }
}
