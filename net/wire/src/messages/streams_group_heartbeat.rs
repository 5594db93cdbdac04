//! StreamsGroupHeartbeat.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `StreamsGroupHeartbeatRequest` (key 88), versions 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamsGroupHeartbeatRequest<'a> {
    /// String, versions 0.
    pub group_id: &'a str,
    /// String, versions 0.
    pub member_id: &'a str,
    /// Int32, versions 0.
    pub member_epoch: i32,
    /// Int32, versions 0.
    pub endpoint_information_epoch: i32,
    /// String, versions 0, nullable, default null.
    pub instance_id: Option<&'a str>,
    /// String, versions 0, nullable, default null.
    pub rack_id: Option<&'a str>,
    /// Int32, versions 0, default -1.
    pub rebalance_timeout_ms: i32,
    /// Topology, versions 0, nullable, default null.
    pub topology: Option<Topology<'a>>,
    /// Array of RequestTaskIds, versions 0, nullable, default null.
    pub active_tasks: Option<Array<'a, RequestTaskIds<'a>>>,
    /// Array of RequestTaskIds, versions 0, nullable, default null.
    pub standby_tasks: Option<Array<'a, RequestTaskIds<'a>>>,
    /// Array of RequestTaskIds, versions 0, nullable, default null.
    pub warmup_tasks: Option<Array<'a, RequestTaskIds<'a>>>,
    /// String, versions 0, nullable, default null.
    pub process_id: Option<&'a str>,
    /// RequestEndpoint, versions 0, nullable, default null.
    pub user_endpoint: Option<RequestEndpoint<'a>>,
    /// Array of KeyValue, versions 0, nullable, default null.
    pub client_tags: Option<Array<'a, KeyValue<'a>>>,
    /// Array of TaskOffset, versions 0, nullable, default null.
    pub task_offsets: Option<Array<'a, TaskOffset<'a>>>,
    /// Array of TaskOffset, versions 0, nullable, default null.
    pub task_end_offsets: Option<Array<'a, TaskOffset<'a>>>,
    /// Bool, versions 0, default false.
    pub shutdown_application: bool,
}

impl Default for StreamsGroupHeartbeatRequest<'_> {
    fn default() -> Self {
        Self {
            group_id: "",
            member_id: "",
            member_epoch: 0,
            endpoint_information_epoch: 0,
            instance_id: None,
            rack_id: None,
            rebalance_timeout_ms: -1,
            topology: None,
            active_tasks: None,
            standby_tasks: None,
            warmup_tasks: None,
            process_id: None,
            user_endpoint: None,
            client_tags: None,
            task_offsets: None,
            task_end_offsets: None,
            shutdown_application: false,
        }
    }
}

impl<'a> Wire<'a> for StreamsGroupHeartbeatRequest<'a> {
    const BYTES_MIN: usize = 27;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            group_id: reader.string()?,
            member_id: reader.string()?,
            member_epoch: reader.int32()?,
            endpoint_information_epoch: reader.int32()?,
            instance_id: reader.nullable_string()?,
            rack_id: reader.nullable_string()?,
            rebalance_timeout_ms: reader.int32()?,
            topology: reader.nullable_struct(version)?,
            active_tasks: reader.nullable_array(version)?,
            standby_tasks: reader.nullable_array(version)?,
            warmup_tasks: reader.nullable_array(version)?,
            process_id: reader.nullable_string()?,
            user_endpoint: reader.nullable_struct(version)?,
            client_tags: reader.nullable_array(version)?,
            task_offsets: reader.nullable_array(version)?,
            task_end_offsets: reader.nullable_array(version)?,
            shutdown_application: reader.bool()?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.group_id)?;
        writer.string(self.member_id)?;
        writer.int32(self.member_epoch);
        writer.int32(self.endpoint_information_epoch);
        writer.nullable_string(self.instance_id)?;
        writer.nullable_string(self.rack_id)?;
        writer.int32(self.rebalance_timeout_ms);
        writer.nullable_struct(self.topology.as_ref(), version)?;
        writer.nullable_array(self.active_tasks.as_ref(), version)?;
        writer.nullable_array(self.standby_tasks.as_ref(), version)?;
        writer.nullable_array(self.warmup_tasks.as_ref(), version)?;
        writer.nullable_string(self.process_id)?;
        writer.nullable_struct(self.user_endpoint.as_ref(), version)?;
        writer.nullable_array(self.client_tags.as_ref(), version)?;
        writer.nullable_array(self.task_offsets.as_ref(), version)?;
        writer.nullable_array(self.task_end_offsets.as_ref(), version)?;
        writer.bool(self.shutdown_application);
        writer.no_tags();
        Ok(())
    }
}

message!(StreamsGroupHeartbeatRequest<'a>, key 88, versions 0..=0, flexible from 0);

/// What `topology` holds, in a [`StreamsGroupHeartbeatRequest`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Topology<'a> {
    /// Int32, versions 0.
    pub epoch: i32,
    /// Array of Subtopology, versions 0.
    pub subtopologies: Array<'a, Subtopology<'a>>,
}

impl<'a> Wire<'a> for Topology<'a> {
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

/// What `subtopologies` holds, in a [`StreamsGroupHeartbeatRequest`] of versions 0.
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

/// What `state_changelog_topics` holds, in a [`StreamsGroupHeartbeatRequest`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicInfo<'a> {
    /// String, versions 0.
    pub name: &'a str,
    /// Int32, versions 0.
    pub partitions: i32,
    /// Int16, versions 0.
    pub replication_factor: i16,
    /// Array of KeyValue, versions 0.
    pub topic_configs: Array<'a, KeyValue<'a>>,
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

/// What `topic_configs` holds, in a [`StreamsGroupHeartbeatRequest`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeyValue<'a> {
    /// String, versions 0.
    pub key: &'a str,
    /// String, versions 0.
    pub value: &'a str,
}

impl<'a> Wire<'a> for KeyValue<'a> {
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

/// What `copartition_groups` holds, in a [`StreamsGroupHeartbeatRequest`] of versions 0.
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

/// What `active_tasks` holds, in a [`StreamsGroupHeartbeatRequest`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestTaskIds<'a> {
    /// String, versions 0.
    pub subtopology_id: &'a str,
    /// Array of int32, versions 0.
    pub partitions: Array<'a, i32>,
}

impl<'a> Wire<'a> for RequestTaskIds<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { subtopology_id: reader.string()?, partitions: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.subtopology_id)?;
        writer.array(&self.partitions, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `user_endpoint` holds, in a [`StreamsGroupHeartbeatRequest`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestEndpoint<'a> {
    /// String, versions 0.
    pub host: &'a str,
    /// Uint16, versions 0.
    pub port: u16,
}

impl<'a> Wire<'a> for RequestEndpoint<'a> {
    const BYTES_MIN: usize = 4;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self { host: reader.string()?, port: reader.uint16()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.host)?;
        writer.uint16(self.port);
        writer.no_tags();
        Ok(())
    }
}

/// What `task_offsets` holds, in a [`StreamsGroupHeartbeatRequest`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaskOffset<'a> {
    /// String, versions 0.
    pub subtopology_id: &'a str,
    /// Int32, versions 0.
    pub partition: i32,
    /// Int64, versions 0.
    pub offset: i64,
}

impl<'a> Wire<'a> for TaskOffset<'a> {
    const BYTES_MIN: usize = 14;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self { subtopology_id: reader.string()?, partition: reader.int32()?, offset: reader.int64()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.subtopology_id)?;
        writer.int32(self.partition);
        writer.int64(self.offset);
        writer.no_tags();
        Ok(())
    }
}

/// `StreamsGroupHeartbeatResponse` (key 88), versions 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamsGroupHeartbeatResponse<'a> {
    /// Int32, versions 0.
    pub throttle_time_ms: i32,
    /// Int16, versions 0.
    pub error_code: i16,
    /// String, versions 0, nullable, default null.
    pub error_message: Option<&'a str>,
    /// String, versions 0.
    pub member_id: &'a str,
    /// Int32, versions 0.
    pub member_epoch: i32,
    /// Int32, versions 0.
    pub heartbeat_interval_ms: i32,
    /// Int32, versions 0.
    pub acceptable_recovery_lag: i32,
    /// Int32, versions 0.
    pub task_offset_interval_ms: i32,
    /// Array of Status, versions 0, nullable.
    pub status: Option<Array<'a, Status<'a>>>,
    /// Array of ResponseTaskIds, versions 0, nullable, default null.
    pub active_tasks: Option<Array<'a, ResponseTaskIds<'a>>>,
    /// Array of ResponseTaskIds, versions 0, nullable, default null.
    pub standby_tasks: Option<Array<'a, ResponseTaskIds<'a>>>,
    /// Array of ResponseTaskIds, versions 0, nullable, default null.
    pub warmup_tasks: Option<Array<'a, ResponseTaskIds<'a>>>,
    /// Int32, versions 0.
    pub endpoint_information_epoch: i32,
    /// Array of EndpointToPartitions, versions 0, nullable, default null.
    pub partitions_by_user_endpoint: Option<Array<'a, EndpointToPartitions<'a>>>,
}

impl Default for StreamsGroupHeartbeatResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: None,
            member_id: "",
            member_epoch: 0,
            heartbeat_interval_ms: 0,
            acceptable_recovery_lag: 0,
            task_offset_interval_ms: 0,
            status: Some(Array::default()),
            active_tasks: None,
            standby_tasks: None,
            warmup_tasks: None,
            endpoint_information_epoch: 0,
            partitions_by_user_endpoint: None,
        }
    }
}

impl<'a> Wire<'a> for StreamsGroupHeartbeatResponse<'a> {
    const BYTES_MIN: usize = 34;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            throttle_time_ms: reader.int32()?,
            error_code: reader.int16()?,
            error_message: reader.nullable_string()?,
            member_id: reader.string()?,
            member_epoch: reader.int32()?,
            heartbeat_interval_ms: reader.int32()?,
            acceptable_recovery_lag: reader.int32()?,
            task_offset_interval_ms: reader.int32()?,
            status: reader.nullable_array(version)?,
            active_tasks: reader.nullable_array(version)?,
            standby_tasks: reader.nullable_array(version)?,
            warmup_tasks: reader.nullable_array(version)?,
            endpoint_information_epoch: reader.int32()?,
            partitions_by_user_endpoint: reader.nullable_array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.int16(self.error_code);
        writer.nullable_string(self.error_message)?;
        writer.string(self.member_id)?;
        writer.int32(self.member_epoch);
        writer.int32(self.heartbeat_interval_ms);
        writer.int32(self.acceptable_recovery_lag);
        writer.int32(self.task_offset_interval_ms);
        writer.nullable_array(self.status.as_ref(), version)?;
        writer.nullable_array(self.active_tasks.as_ref(), version)?;
        writer.nullable_array(self.standby_tasks.as_ref(), version)?;
        writer.nullable_array(self.warmup_tasks.as_ref(), version)?;
        writer.int32(self.endpoint_information_epoch);
        writer.nullable_array(self.partitions_by_user_endpoint.as_ref(), version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(StreamsGroupHeartbeatResponse<'a>, key 88, versions 0..=0, flexible from 0);

/// What `status` holds, in a [`StreamsGroupHeartbeatResponse`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status<'a> {
    /// Int8, versions 0.
    pub status_code: i8,
    /// String, versions 0.
    pub status_detail: &'a str,
}

impl<'a> Wire<'a> for Status<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self { status_code: reader.int8()?, status_detail: reader.string()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.int8(self.status_code);
        writer.string(self.status_detail)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `active_tasks` holds, in a [`StreamsGroupHeartbeatResponse`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResponseTaskIds<'a> {
    /// String, versions 0.
    pub subtopology_id: &'a str,
    /// Array of int32, versions 0.
    pub partitions: Array<'a, i32>,
}

impl<'a> Wire<'a> for ResponseTaskIds<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { subtopology_id: reader.string()?, partitions: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.subtopology_id)?;
        writer.array(&self.partitions, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `partitions_by_user_endpoint` holds, in a [`StreamsGroupHeartbeatResponse`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EndpointToPartitions<'a> {
    /// ResponseEndpoint, versions 0.
    pub user_endpoint: ResponseEndpoint<'a>,
    /// Array of TopicPartition, versions 0.
    pub active_partitions: Array<'a, TopicPartition<'a>>,
    /// Array of TopicPartition, versions 0.
    pub standby_partitions: Array<'a, TopicPartition<'a>>,
}

impl<'a> Wire<'a> for EndpointToPartitions<'a> {
    const BYTES_MIN: usize = 7;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            user_endpoint: ResponseEndpoint::read(reader, version)?,
            active_partitions: reader.array(version)?,
            standby_partitions: reader.array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        self.user_endpoint.write(writer, version)?;
        writer.array(&self.active_partitions, version)?;
        writer.array(&self.standby_partitions, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `user_endpoint` holds, in a [`StreamsGroupHeartbeatResponse`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResponseEndpoint<'a> {
    /// String, versions 0.
    pub host: &'a str,
    /// Uint16, versions 0.
    pub port: u16,
}

impl<'a> Wire<'a> for ResponseEndpoint<'a> {
    const BYTES_MIN: usize = 4;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self { host: reader.string()?, port: reader.uint16()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.host)?;
        writer.uint16(self.port);
        writer.no_tags();
        Ok(())
    }
}

/// What `active_partitions` holds, in a [`StreamsGroupHeartbeatResponse`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicPartition<'a> {
    /// String, versions 0.
    pub topic: &'a str,
    /// Array of int32, versions 0.
    pub partitions: Array<'a, i32>,
}

impl<'a> Wire<'a> for TopicPartition<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { topic: reader.string()?, partitions: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.topic)?;
        writer.array(&self.partitions, version)?;
        writer.no_tags();
        Ok(())
    }
}

impl<'a> Request<'a> for StreamsGroupHeartbeatRequest<'a> {
    const KEY: i16 = 88;
    type Response<'r> = StreamsGroupHeartbeatResponse<'r>;
}
