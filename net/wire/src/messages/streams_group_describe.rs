//! StreamsGroupDescribe.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `StreamsGroupDescribeRequest` (key 89), versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamsGroupDescribeRequest<'a> {
    /// Array of string, versions 0.
    pub group_ids: Array<'a, &'a str>,
    /// Bool, versions 0.
    pub include_authorized_operations: bool,
}

impl<'a> Wire<'a> for StreamsGroupDescribeRequest<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { group_ids: reader.array(version)?, include_authorized_operations: reader.bool()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.array(&self.group_ids, version)?;
        writer.bool(self.include_authorized_operations);
        writer.no_tags();
        Ok(())
    }
}

message!(StreamsGroupDescribeRequest<'a>, key 89, versions 0..=0, flexible from 0);

/// `StreamsGroupDescribeResponse` (key 89), versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamsGroupDescribeResponse<'a> {
    /// Int32, versions 0.
    pub throttle_time_ms: i32,
    /// Array of DescribedGroup, versions 0.
    pub groups: Array<'a, DescribedGroup<'a>>,
}

impl<'a> Wire<'a> for StreamsGroupDescribeResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { throttle_time_ms: reader.int32()?, groups: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.array(&self.groups, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(StreamsGroupDescribeResponse<'a>, key 89, versions 0..=0, flexible from 0);

/// What `groups` holds, in a [`StreamsGroupDescribeResponse`] of versions 0.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribedGroup<'a> {
    /// Int16, versions 0.
    pub error_code: i16,
    /// String, versions 0, nullable, default null.
    pub error_message: Option<&'a str>,
    /// String, versions 0.
    pub group_id: &'a str,
    /// String, versions 0.
    pub group_state: &'a str,
    /// Int32, versions 0.
    pub group_epoch: i32,
    /// Int32, versions 0.
    pub assignment_epoch: i32,
    /// Topology, versions 0, nullable, default null.
    pub topology: Option<Topology<'a>>,
    /// Array of Member, versions 0.
    pub members: Array<'a, Member<'a>>,
    /// Int32, versions 0, default -2147483648.
    pub authorized_operations: i32,
}

impl Default for DescribedGroup<'_> {
    fn default() -> Self {
        Self {
            error_code: 0,
            error_message: None,
            group_id: "",
            group_state: "",
            group_epoch: 0,
            assignment_epoch: 0,
            topology: None,
            members: Array::default(),
            authorized_operations: -2147483648,
        }
    }
}

impl<'a> Wire<'a> for DescribedGroup<'a> {
    const BYTES_MIN: usize = 20;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            error_code: reader.int16()?,
            error_message: reader.nullable_string()?,
            group_id: reader.string()?,
            group_state: reader.string()?,
            group_epoch: reader.int32()?,
            assignment_epoch: reader.int32()?,
            topology: reader.nullable_struct(version)?,
            members: reader.array(version)?,
            authorized_operations: reader.int32()?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int16(self.error_code);
        writer.nullable_string(self.error_message)?;
        writer.string(self.group_id)?;
        writer.string(self.group_state)?;
        writer.int32(self.group_epoch);
        writer.int32(self.assignment_epoch);
        writer.nullable_struct(self.topology.as_ref(), version)?;
        writer.array(&self.members, version)?;
        writer.int32(self.authorized_operations);
        writer.no_tags();
        Ok(())
    }
}

/// What `topology` holds, in a [`StreamsGroupDescribeResponse`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Topology<'a> {
    /// Int32, versions 0.
    pub epoch: i32,
    /// Array of Subtopology, versions 0, nullable, default null.
    pub subtopologies: Option<Array<'a, Subtopology<'a>>>,
}

impl<'a> Wire<'a> for Topology<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { epoch: reader.int32()?, subtopologies: reader.nullable_array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.epoch);
        writer.nullable_array(self.subtopologies.as_ref(), version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `subtopologies` holds, in a [`StreamsGroupDescribeResponse`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subtopology<'a> {
    /// String, versions 0.
    pub subtopology_id: &'a str,
    /// Array of string, versions 0.
    pub source_topics: Array<'a, &'a str>,
    /// Array of string, versions 0.
    pub repartition_sink_topics: Array<'a, &'a str>,
    /// Array of TopicInfo, versions 0.
    pub state_changelog_topics: Array<'a, TopicInfo<'a>>,
    /// Array of TopicInfo, versions 0.
    pub repartition_source_topics: Array<'a, TopicInfo<'a>>,
}

impl<'a> Wire<'a> for Subtopology<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            subtopology_id: reader.string()?,
            source_topics: reader.array(version)?,
            repartition_sink_topics: reader.array(version)?,
            state_changelog_topics: reader.array(version)?,
            repartition_source_topics: reader.array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.subtopology_id)?;
        writer.array(&self.source_topics, version)?;
        writer.array(&self.repartition_sink_topics, version)?;
        writer.array(&self.state_changelog_topics, version)?;
        writer.array(&self.repartition_source_topics, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `state_changelog_topics` holds, in a [`StreamsGroupDescribeResponse`] of versions 0.
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

/// What `topic_configs` holds, in a [`StreamsGroupDescribeResponse`] of versions 0.
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

/// What `members` holds, in a [`StreamsGroupDescribeResponse`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Member<'a> {
    /// String, versions 0.
    pub member_id: &'a str,
    /// Int32, versions 0.
    pub member_epoch: i32,
    /// String, versions 0, nullable, default null.
    pub instance_id: Option<&'a str>,
    /// String, versions 0, nullable, default null.
    pub rack_id: Option<&'a str>,
    /// String, versions 0.
    pub client_id: &'a str,
    /// String, versions 0.
    pub client_host: &'a str,
    /// Int32, versions 0.
    pub topology_epoch: i32,
    /// String, versions 0.
    pub process_id: &'a str,
    /// Endpoint, versions 0, nullable, default null.
    pub user_endpoint: Option<Endpoint<'a>>,
    /// Array of KeyValue, versions 0.
    pub client_tags: Array<'a, KeyValue<'a>>,
    /// Array of TaskOffset, versions 0.
    pub task_offsets: Array<'a, TaskOffset<'a>>,
    /// Array of TaskOffset, versions 0.
    pub task_end_offsets: Array<'a, TaskOffset<'a>>,
    /// Assignment, versions 0.
    pub assignment: Assignment<'a>,
    /// Assignment, versions 0.
    pub target_assignment: Assignment<'a>,
    /// Bool, versions 0.
    pub is_classic: bool,
}

impl<'a> Wire<'a> for Member<'a> {
    const BYTES_MIN: usize = 28;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            member_id: reader.string()?,
            member_epoch: reader.int32()?,
            instance_id: reader.nullable_string()?,
            rack_id: reader.nullable_string()?,
            client_id: reader.string()?,
            client_host: reader.string()?,
            topology_epoch: reader.int32()?,
            process_id: reader.string()?,
            user_endpoint: reader.nullable_struct(version)?,
            client_tags: reader.array(version)?,
            task_offsets: reader.array(version)?,
            task_end_offsets: reader.array(version)?,
            assignment: Assignment::read(reader, version)?,
            target_assignment: Assignment::read(reader, version)?,
            is_classic: reader.bool()?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.member_id)?;
        writer.int32(self.member_epoch);
        writer.nullable_string(self.instance_id)?;
        writer.nullable_string(self.rack_id)?;
        writer.string(self.client_id)?;
        writer.string(self.client_host)?;
        writer.int32(self.topology_epoch);
        writer.string(self.process_id)?;
        writer.nullable_struct(self.user_endpoint.as_ref(), version)?;
        writer.array(&self.client_tags, version)?;
        writer.array(&self.task_offsets, version)?;
        writer.array(&self.task_end_offsets, version)?;
        self.assignment.write(writer, version)?;
        self.target_assignment.write(writer, version)?;
        writer.bool(self.is_classic);
        writer.no_tags();
        Ok(())
    }
}

/// What `user_endpoint` holds, in a [`StreamsGroupDescribeResponse`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Endpoint<'a> {
    /// String, versions 0.
    pub host: &'a str,
    /// Uint16, versions 0.
    pub port: u16,
}

impl<'a> Wire<'a> for Endpoint<'a> {
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

/// What `task_offsets` holds, in a [`StreamsGroupDescribeResponse`] of versions 0.
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

/// What `assignment` holds, in a [`StreamsGroupDescribeResponse`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assignment<'a> {
    /// Array of TaskIds, versions 0.
    pub active_tasks: Array<'a, TaskIds<'a>>,
    /// Array of TaskIds, versions 0.
    pub standby_tasks: Array<'a, TaskIds<'a>>,
    /// Array of TaskIds, versions 0.
    pub warmup_tasks: Array<'a, TaskIds<'a>>,
}

impl<'a> Wire<'a> for Assignment<'a> {
    const BYTES_MIN: usize = 4;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            active_tasks: reader.array(version)?,
            standby_tasks: reader.array(version)?,
            warmup_tasks: reader.array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.array(&self.active_tasks, version)?;
        writer.array(&self.standby_tasks, version)?;
        writer.array(&self.warmup_tasks, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `active_tasks` holds, in a [`StreamsGroupDescribeResponse`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaskIds<'a> {
    /// String, versions 0.
    pub subtopology_id: &'a str,
    /// Array of int32, versions 0.
    pub partitions: Array<'a, i32>,
}

impl<'a> Wire<'a> for TaskIds<'a> {
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

impl<'a> Request<'a> for StreamsGroupDescribeRequest<'a> {
    const KEY: i16 = 89;
    type Response<'r> = StreamsGroupDescribeResponse<'r>;
}
