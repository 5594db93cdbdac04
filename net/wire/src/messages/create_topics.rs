//! CreateTopics.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `CreateTopicsRequest` (key 19), versions 2-7, flexible from 5.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateTopicsRequest<'a> {
    /// Array of CreatableTopic, versions 2-7.
    pub topics: Array<'a, CreatableTopic<'a>>,
    /// Int32, versions 2-7, default 60000.
    pub timeout_ms: i32,
    /// Bool, versions 2-7, default false.
    pub validate_only: bool,
}

impl Default for CreateTopicsRequest<'_> {
    fn default() -> Self {
        Self { topics: Array::default(), timeout_ms: 60000, validate_only: false }
    }
}

impl<'a> Wire<'a> for CreateTopicsRequest<'a> {
    const BYTES_MIN: usize = 7;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { topics: reader.array(version)?, timeout_ms: reader.int32()?, validate_only: reader.bool()? };
        if version >= 5 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.array(&self.topics, version)?;
        writer.int32(self.timeout_ms);
        writer.bool(self.validate_only);
        if version >= 5 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(CreateTopicsRequest<'a>, key 19, versions 2..=7, flexible from 5);

/// What `topics` holds, in a [`CreateTopicsRequest`] of versions 2-7.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreatableTopic<'a> {
    /// String, versions 2-7.
    pub name: &'a str,
    /// Int32, versions 2-7.
    pub num_partitions: i32,
    /// Int16, versions 2-7.
    pub replication_factor: i16,
    /// Array of CreatableReplicaAssignment, versions 2-7.
    pub assignments: Array<'a, CreatableReplicaAssignment<'a>>,
    /// Array of CreatableTopicConfig, versions 2-7.
    pub configs: Array<'a, CreatableTopicConfig<'a>>,
}

impl<'a> Wire<'a> for CreatableTopic<'a> {
    const BYTES_MIN: usize = 10;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            name: reader.string()?,
            num_partitions: reader.int32()?,
            replication_factor: reader.int16()?,
            assignments: reader.array(version)?,
            configs: reader.array(version)?,
        };
        if version >= 5 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.int32(self.num_partitions);
        writer.int16(self.replication_factor);
        writer.array(&self.assignments, version)?;
        writer.array(&self.configs, version)?;
        if version >= 5 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `assignments` holds, in a [`CreateTopicsRequest`] of versions 2-7.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreatableReplicaAssignment<'a> {
    /// Int32, versions 2-7.
    pub partition_index: i32,
    /// Array of int32, versions 2-7.
    pub broker_ids: Array<'a, i32>,
}

impl<'a> Wire<'a> for CreatableReplicaAssignment<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { partition_index: reader.int32()?, broker_ids: reader.array(version)? };
        if version >= 5 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.partition_index);
        writer.array(&self.broker_ids, version)?;
        if version >= 5 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `configs` holds, in a [`CreateTopicsRequest`] of versions 2-7.
#[derive(Clone, Debug, PartialEq)]
pub struct CreatableTopicConfig<'a> {
    /// String, versions 2-7.
    pub name: &'a str,
    /// String, versions 2-7, nullable.
    pub value: Option<&'a str>,
}

impl Default for CreatableTopicConfig<'_> {
    fn default() -> Self {
        Self { name: "", value: Some("") }
    }
}

impl<'a> Wire<'a> for CreatableTopicConfig<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { name: reader.string()?, value: reader.nullable_string()? };
        if version >= 5 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.nullable_string(self.value)?;
        if version >= 5 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// `CreateTopicsResponse` (key 19), versions 2-7, flexible from 5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreateTopicsResponse<'a> {
    /// Int32, versions 2-7, ignorable.
    pub throttle_time_ms: i32,
    /// Array of CreatableTopicResult, versions 2-7.
    pub topics: Array<'a, CreatableTopicResult<'a>>,
}

impl<'a> Wire<'a> for CreateTopicsResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { throttle_time_ms: reader.int32()?, topics: reader.array(version)? };
        if version >= 5 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.array(&self.topics, version)?;
        if version >= 5 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(CreateTopicsResponse<'a>, key 19, versions 2..=7, flexible from 5);

/// What `topics` holds, in a [`CreateTopicsResponse`] of versions 2-7.
#[derive(Clone, Debug, PartialEq)]
pub struct CreatableTopicResult<'a> {
    /// String, versions 2-7.
    pub name: &'a str,
    /// Uuid, versions 7, ignorable.
    pub topic_id: [u8; 16],
    /// Int16, versions 2-7.
    pub error_code: i16,
    /// String, versions 2-7, nullable, ignorable.
    pub error_message: Option<&'a str>,
    /// Int16, versions 5-7, tag 0, ignorable.
    pub topic_config_error_code: i16,
    /// Int32, versions 5-7, default -1, ignorable.
    pub num_partitions: i32,
    /// Int16, versions 5-7, default -1, ignorable.
    pub replication_factor: i16,
    /// Array of CreatableTopicConfigs, versions 5-7, nullable, ignorable.
    pub configs: Option<Array<'a, CreatableTopicConfigs<'a>>>,
}

impl Default for CreatableTopicResult<'_> {
    fn default() -> Self {
        Self {
            name: "",
            topic_id: [0; 16],
            error_code: 0,
            error_message: Some(""),
            topic_config_error_code: 0,
            num_partitions: -1,
            replication_factor: -1,
            configs: Some(Array::default()),
        }
    }
}

impl<'a> Wire<'a> for CreatableTopicResult<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let mut value = Self {
            name: reader.string()?,
            topic_id: if version >= 7 { reader.uuid()? } else { [0; 16] },
            error_code: reader.int16()?,
            error_message: reader.nullable_string()?,
            topic_config_error_code: 0,
            num_partitions: if version >= 5 { reader.int32()? } else { -1 },
            replication_factor: if version >= 5 { reader.int16()? } else { -1 },
            configs: if version >= 5 { reader.nullable_array(version)? } else { Some(Array::default()) },
        };
        if version >= 5 {
            let mut tags = reader.tags()?;
            while let Some((tag, mut field)) = reader.next_tag(&mut tags)? {
                match tag {
                    0 => value.topic_config_error_code = field.int16()?,
                    _ => continue,
                }
                field.finish()?;
            }
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        if version >= 7 {
            writer.uuid(self.topic_id);
        }
        writer.int16(self.error_code);
        writer.nullable_string(self.error_message)?;
        if version >= 5 {
            writer.int32(self.num_partitions);
        }
        if version >= 5 {
            writer.int16(self.replication_factor);
        }
        if version >= 5 {
            writer.nullable_array(self.configs.as_ref(), version)?;
        }
        if version >= 5 {
            let mut tags = writer.tags();
            if self.topic_config_error_code != 0 {
                let start = writer.tag(&mut tags, 0);
                writer.int16(self.topic_config_error_code);
                writer.tag_end(start);
            }
            writer.tags_end(&tags);
        }
        Ok(())
    }
}

/// What `configs` holds, in a [`CreateTopicsResponse`] of versions 5-7.
#[derive(Clone, Debug, PartialEq)]
pub struct CreatableTopicConfigs<'a> {
    /// String, versions 5-7.
    pub name: &'a str,
    /// String, versions 5-7, nullable.
    pub value: Option<&'a str>,
    /// Bool, versions 5-7.
    pub read_only: bool,
    /// Int8, versions 5-7, default -1, ignorable.
    pub config_source: i8,
    /// Bool, versions 5-7.
    pub is_sensitive: bool,
}

impl Default for CreatableTopicConfigs<'_> {
    fn default() -> Self {
        Self { name: "", value: Some(""), read_only: false, config_source: -1, is_sensitive: false }
    }
}

impl<'a> Wire<'a> for CreatableTopicConfigs<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self {
            name: reader.string()?,
            value: reader.nullable_string()?,
            read_only: reader.bool()?,
            config_source: reader.int8()?,
            is_sensitive: reader.bool()?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.nullable_string(self.value)?;
        writer.bool(self.read_only);
        writer.int8(self.config_source);
        writer.bool(self.is_sensitive);
        writer.no_tags();
        Ok(())
    }
}

impl<'a> Request<'a> for CreateTopicsRequest<'a> {
    const KEY: i16 = 19;
    type Response<'r> = CreateTopicsResponse<'r>;
}
