//! Metadata.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message, not_null};

/// `MetadataRequest` (key 3), versions 0-13, flexible from 9.
#[derive(Clone, Debug, PartialEq)]
pub struct MetadataRequest<'a> {
    /// Array of MetadataRequestTopic, versions 0-13, nullable 1-13.
    pub topics: Option<Array<'a, MetadataRequestTopic<'a>>>,
    /// Bool, versions 4-13, default true.
    pub allow_auto_topic_creation: bool,
    /// Bool, versions 8-10.
    pub include_cluster_authorized_operations: bool,
    /// Bool, versions 8-13.
    pub include_topic_authorized_operations: bool,
}

impl Default for MetadataRequest<'_> {
    fn default() -> Self {
        Self {
            topics: Some(Array::default()),
            allow_auto_topic_creation: true,
            include_cluster_authorized_operations: false,
            include_topic_authorized_operations: false,
        }
    }
}

impl<'a> Wire<'a> for MetadataRequest<'a> {
    const BYTES_MIN: usize = 4;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            topics: if version >= 1 { reader.nullable_array(version)? } else { Some(reader.array(version)?) },
            allow_auto_topic_creation: if version >= 4 { reader.bool()? } else { true },
            include_cluster_authorized_operations: if (8..=10).contains(&version) { reader.bool()? } else { false },
            include_topic_authorized_operations: if version >= 8 { reader.bool()? } else { false },
        };
        if version >= 9 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        if version >= 1 {
            writer.nullable_array(self.topics.as_ref(), version)?;
        } else {
            writer.array(not_null(self.topics.as_ref(), "Topics", version)?, version)?;
        }
        if version >= 4 {
            writer.bool(self.allow_auto_topic_creation);
        } else if !self.allow_auto_topic_creation {
            return Err(unsupported("AllowAutoTopicCreation", version));
        }
        if (8..=10).contains(&version) {
            writer.bool(self.include_cluster_authorized_operations);
        } else if self.include_cluster_authorized_operations {
            return Err(unsupported("IncludeClusterAuthorizedOperations", version));
        }
        if version >= 8 {
            writer.bool(self.include_topic_authorized_operations);
        } else if self.include_topic_authorized_operations {
            return Err(unsupported("IncludeTopicAuthorizedOperations", version));
        }
        if version >= 9 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(MetadataRequest<'a>, key 3, versions 0..=13, flexible from 9);

/// What `topics` holds, in a [`MetadataRequest`] of versions 0-13.
#[derive(Clone, Debug, PartialEq)]
pub struct MetadataRequestTopic<'a> {
    /// Uuid, versions 10-13, ignorable.
    pub topic_id: [u8; 16],
    /// String, versions 0-13, nullable 10-13.
    pub name: Option<&'a str>,
}

impl Default for MetadataRequestTopic<'_> {
    fn default() -> Self {
        Self { topic_id: [0; 16], name: Some("") }
    }
}

impl<'a> Wire<'a> for MetadataRequestTopic<'a> {
    const BYTES_MIN: usize = 2;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            topic_id: if version >= 10 { reader.uuid()? } else { [0; 16] },
            name: if version >= 10 { reader.nullable_string()? } else { Some(reader.string()?) },
        };
        if version >= 9 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        if version >= 10 {
            writer.uuid(self.topic_id);
        }
        if version >= 10 {
            writer.nullable_string(self.name)?;
        } else {
            writer.string(not_null(self.name, "Name", version)?)?;
        }
        if version >= 9 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// `MetadataResponse` (key 3), versions 0-13, flexible from 9.
#[derive(Clone, Debug, PartialEq)]
pub struct MetadataResponse<'a> {
    /// Int32, versions 3-13, ignorable.
    pub throttle_time_ms: i32,
    /// Array of MetadataResponseBroker, versions 0-13.
    pub brokers: Array<'a, MetadataResponseBroker<'a>>,
    /// String, versions 2-13, nullable, default null, ignorable.
    pub cluster_id: Option<&'a str>,
    /// Int32, versions 1-13, default -1, ignorable.
    pub controller_id: i32,
    /// Array of MetadataResponseTopic, versions 0-13.
    pub topics: Array<'a, MetadataResponseTopic<'a>>,
    /// Int32, versions 8-10, default -2147483648.
    pub cluster_authorized_operations: i32,
    /// Int16, versions 13, ignorable.
    pub error_code: i16,
}

impl Default for MetadataResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            brokers: Array::default(),
            cluster_id: None,
            controller_id: -1,
            topics: Array::default(),
            cluster_authorized_operations: -2147483648,
            error_code: 0,
        }
    }
}

impl<'a> Wire<'a> for MetadataResponse<'a> {
    const BYTES_MIN: usize = 8;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            throttle_time_ms: if version >= 3 { reader.int32()? } else { 0 },
            brokers: reader.array(version)?,
            cluster_id: if version >= 2 { reader.nullable_string()? } else { None },
            controller_id: if version >= 1 { reader.int32()? } else { -1 },
            topics: reader.array(version)?,
            cluster_authorized_operations: if (8..=10).contains(&version) { reader.int32()? } else { -2147483648 },
            error_code: if version >= 13 { reader.int16()? } else { 0 },
        };
        if version >= 9 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        if version >= 3 {
            writer.throttle_time_ms(self.throttle_time_ms);
        }
        writer.array(&self.brokers, version)?;
        if version >= 2 {
            writer.nullable_string(self.cluster_id)?;
        }
        if version >= 1 {
            writer.int32(self.controller_id);
        }
        writer.array(&self.topics, version)?;
        if (8..=10).contains(&version) {
            writer.int32(self.cluster_authorized_operations);
        } else if self.cluster_authorized_operations != -2147483648 {
            return Err(unsupported("ClusterAuthorizedOperations", version));
        }
        if version >= 13 {
            writer.int16(self.error_code);
        }
        if version >= 9 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(MetadataResponse<'a>, key 3, versions 0..=13, flexible from 9);

/// What `brokers` holds, in a [`MetadataResponse`] of versions 0-13.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MetadataResponseBroker<'a> {
    /// Int32, versions 0-13.
    pub node_id: i32,
    /// String, versions 0-13.
    pub host: &'a str,
    /// Int32, versions 0-13.
    pub port: i32,
    /// String, versions 1-13, nullable, default null, ignorable.
    pub rack: Option<&'a str>,
}

impl<'a> Wire<'a> for MetadataResponseBroker<'a> {
    const BYTES_MIN: usize = 10;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            node_id: reader.int32()?,
            host: reader.string()?,
            port: reader.int32()?,
            rack: if version >= 1 { reader.nullable_string()? } else { None },
        };
        if version >= 9 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.node_id);
        writer.string(self.host)?;
        writer.int32(self.port);
        if version >= 1 {
            writer.nullable_string(self.rack)?;
        }
        if version >= 9 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `topics` holds, in a [`MetadataResponse`] of versions 0-13.
#[derive(Clone, Debug, PartialEq)]
pub struct MetadataResponseTopic<'a> {
    /// Int16, versions 0-13.
    pub error_code: i16,
    /// String, versions 0-13, nullable 12-13.
    pub name: Option<&'a str>,
    /// Uuid, versions 10-13, ignorable.
    pub topic_id: [u8; 16],
    /// Bool, versions 1-13, default false, ignorable.
    pub is_internal: bool,
    /// Array of MetadataResponsePartition, versions 0-13.
    pub partitions: Array<'a, MetadataResponsePartition<'a>>,
    /// Int32, versions 8-13, default -2147483648.
    pub topic_authorized_operations: i32,
}

impl Default for MetadataResponseTopic<'_> {
    fn default() -> Self {
        Self {
            error_code: 0,
            name: Some(""),
            topic_id: [0; 16],
            is_internal: false,
            partitions: Array::default(),
            topic_authorized_operations: -2147483648,
        }
    }
}

impl<'a> Wire<'a> for MetadataResponseTopic<'a> {
    const BYTES_MIN: usize = 8;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            error_code: reader.int16()?,
            name: if version >= 12 { reader.nullable_string()? } else { Some(reader.string()?) },
            topic_id: if version >= 10 { reader.uuid()? } else { [0; 16] },
            is_internal: if version >= 1 { reader.bool()? } else { false },
            partitions: reader.array(version)?,
            topic_authorized_operations: if version >= 8 { reader.int32()? } else { -2147483648 },
        };
        if version >= 9 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int16(self.error_code);
        if version >= 12 {
            writer.nullable_string(self.name)?;
        } else {
            writer.string(not_null(self.name, "Name", version)?)?;
        }
        if version >= 10 {
            writer.uuid(self.topic_id);
        }
        if version >= 1 {
            writer.bool(self.is_internal);
        }
        writer.array(&self.partitions, version)?;
        if version >= 8 {
            writer.int32(self.topic_authorized_operations);
        } else if self.topic_authorized_operations != -2147483648 {
            return Err(unsupported("TopicAuthorizedOperations", version));
        }
        if version >= 9 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `partitions` holds, in a [`MetadataResponse`] of versions 0-13.
#[derive(Clone, Debug, PartialEq)]
pub struct MetadataResponsePartition<'a> {
    /// Int16, versions 0-13.
    pub error_code: i16,
    /// Int32, versions 0-13.
    pub partition_index: i32,
    /// Int32, versions 0-13.
    pub leader_id: i32,
    /// Int32, versions 7-13, default -1, ignorable.
    pub leader_epoch: i32,
    /// Array of int32, versions 0-13.
    pub replica_nodes: Array<'a, i32>,
    /// Array of int32, versions 0-13.
    pub isr_nodes: Array<'a, i32>,
    /// Array of int32, versions 5-13, ignorable.
    pub offline_replicas: Array<'a, i32>,
}

impl Default for MetadataResponsePartition<'_> {
    fn default() -> Self {
        Self {
            error_code: 0,
            partition_index: 0,
            leader_id: 0,
            leader_epoch: -1,
            replica_nodes: Array::default(),
            isr_nodes: Array::default(),
            offline_replicas: Array::default(),
        }
    }
}

impl<'a> Wire<'a> for MetadataResponsePartition<'a> {
    const BYTES_MIN: usize = 18;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            error_code: reader.int16()?,
            partition_index: reader.int32()?,
            leader_id: reader.int32()?,
            leader_epoch: if version >= 7 { reader.int32()? } else { -1 },
            replica_nodes: reader.array(version)?,
            isr_nodes: reader.array(version)?,
            offline_replicas: if version >= 5 { reader.array(version)? } else { Array::default() },
        };
        if version >= 9 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int16(self.error_code);
        writer.int32(self.partition_index);
        writer.int32(self.leader_id);
        if version >= 7 {
            writer.int32(self.leader_epoch);
        }
        writer.array(&self.replica_nodes, version)?;
        writer.array(&self.isr_nodes, version)?;
        if version >= 5 {
            writer.array(&self.offline_replicas, version)?;
        }
        if version >= 9 {
            writer.no_tags();
        }
        Ok(())
    }
}

impl<'a> Request<'a> for MetadataRequest<'a> {
    const KEY: i16 = 3;
    type Response<'r> = MetadataResponse<'r>;
}

fn unsupported(field: &'static str, version: i16) -> WireError {
    WireError::UnsupportedField { field, version }
}
