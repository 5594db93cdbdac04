//! ShareAcknowledge.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `ShareAcknowledgeRequest` (key 79), versions 1-2, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ShareAcknowledgeRequest<'a> {
    /// String, versions 1-2, nullable, default null.
    pub group_id: Option<&'a str>,
    /// String, versions 1-2, nullable.
    pub member_id: Option<&'a str>,
    /// Int32, versions 1-2.
    pub share_session_epoch: i32,
    /// Bool, versions 2, default false.
    pub is_renew_ack: bool,
    /// Array of AcknowledgeTopic, versions 1-2.
    pub topics: Array<'a, AcknowledgeTopic<'a>>,
}

impl Default for ShareAcknowledgeRequest<'_> {
    fn default() -> Self {
        Self {
            group_id: None,
            member_id: Some(""),
            share_session_epoch: 0,
            is_renew_ack: false,
            topics: Array::default(),
        }
    }
}

impl<'a> Wire<'a> for ShareAcknowledgeRequest<'a> {
    const BYTES_MIN: usize = 8;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            group_id: reader.nullable_string()?,
            member_id: reader.nullable_string()?,
            share_session_epoch: reader.int32()?,
            is_renew_ack: if version >= 2 { reader.bool()? } else { false },
            topics: reader.array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.nullable_string(self.group_id)?;
        writer.nullable_string(self.member_id)?;
        writer.int32(self.share_session_epoch);
        if version >= 2 {
            writer.bool(self.is_renew_ack);
        } else if self.is_renew_ack {
            return Err(unsupported("IsRenewAck", version));
        }
        writer.array(&self.topics, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(ShareAcknowledgeRequest<'a>, key 79, versions 1..=2, flexible from 0);

/// What `topics` holds, in a [`ShareAcknowledgeRequest`] of versions 1-2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AcknowledgeTopic<'a> {
    /// Uuid, versions 1-2.
    pub topic_id: [u8; 16],
    /// Array of AcknowledgePartition, versions 1-2.
    pub partitions: Array<'a, AcknowledgePartition<'a>>,
}

impl<'a> Wire<'a> for AcknowledgeTopic<'a> {
    const BYTES_MIN: usize = 18;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { topic_id: reader.uuid()?, partitions: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.uuid(self.topic_id);
        writer.array(&self.partitions, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `partitions` holds, in a [`ShareAcknowledgeRequest`] of versions 1-2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AcknowledgePartition<'a> {
    /// Int32, versions 1-2.
    pub partition_index: i32,
    /// Array of AcknowledgementBatch, versions 1-2.
    pub acknowledgement_batches: Array<'a, AcknowledgementBatch<'a>>,
}

impl<'a> Wire<'a> for AcknowledgePartition<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { partition_index: reader.int32()?, acknowledgement_batches: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.partition_index);
        writer.array(&self.acknowledgement_batches, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `acknowledgement_batches` holds, in a [`ShareAcknowledgeRequest`] of versions 1-2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AcknowledgementBatch<'a> {
    /// Int64, versions 1-2.
    pub first_offset: i64,
    /// Int64, versions 1-2.
    pub last_offset: i64,
    /// Array of int8, versions 1-2.
    pub acknowledge_types: Array<'a, i8>,
}

impl<'a> Wire<'a> for AcknowledgementBatch<'a> {
    const BYTES_MIN: usize = 18;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            first_offset: reader.int64()?,
            last_offset: reader.int64()?,
            acknowledge_types: reader.array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int64(self.first_offset);
        writer.int64(self.last_offset);
        writer.array(&self.acknowledge_types, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// `ShareAcknowledgeResponse` (key 79), versions 1-2, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareAcknowledgeResponse<'a> {
    /// Int32, versions 1-2.
    pub throttle_time_ms: i32,
    /// Int16, versions 1-2.
    pub error_code: i16,
    /// String, versions 1-2, nullable, default null.
    pub error_message: Option<&'a str>,
    /// Int32, versions 2, ignorable.
    pub acquisition_lock_timeout_ms: i32,
    /// Array of ShareAcknowledgeTopicResponse, versions 1-2.
    pub responses: Array<'a, ShareAcknowledgeTopicResponse<'a>>,
    /// Array of NodeEndpoint, versions 1-2.
    pub node_endpoints: Array<'a, NodeEndpoint<'a>>,
}

impl<'a> Wire<'a> for ShareAcknowledgeResponse<'a> {
    const BYTES_MIN: usize = 10;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            throttle_time_ms: reader.int32()?,
            error_code: reader.int16()?,
            error_message: reader.nullable_string()?,
            acquisition_lock_timeout_ms: if version >= 2 { reader.int32()? } else { 0 },
            responses: reader.array(version)?,
            node_endpoints: reader.array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.int16(self.error_code);
        writer.nullable_string(self.error_message)?;
        if version >= 2 {
            writer.int32(self.acquisition_lock_timeout_ms);
        }
        writer.array(&self.responses, version)?;
        writer.array(&self.node_endpoints, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(ShareAcknowledgeResponse<'a>, key 79, versions 1..=2, flexible from 0);

/// What `responses` holds, in a [`ShareAcknowledgeResponse`] of versions 1-2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareAcknowledgeTopicResponse<'a> {
    /// Uuid, versions 1-2.
    pub topic_id: [u8; 16],
    /// Array of PartitionData, versions 1-2.
    pub partitions: Array<'a, PartitionData<'a>>,
}

impl<'a> Wire<'a> for ShareAcknowledgeTopicResponse<'a> {
    const BYTES_MIN: usize = 18;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { topic_id: reader.uuid()?, partitions: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.uuid(self.topic_id);
        writer.array(&self.partitions, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `partitions` holds, in a [`ShareAcknowledgeResponse`] of versions 1-2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionData<'a> {
    /// Int32, versions 1-2.
    pub partition_index: i32,
    /// Int16, versions 1-2.
    pub error_code: i16,
    /// String, versions 1-2, nullable, default null.
    pub error_message: Option<&'a str>,
    /// LeaderIdAndEpoch, versions 1-2.
    pub current_leader: LeaderIdAndEpoch,
}

impl<'a> Wire<'a> for PartitionData<'a> {
    const BYTES_MIN: usize = 17;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            partition_index: reader.int32()?,
            error_code: reader.int16()?,
            error_message: reader.nullable_string()?,
            current_leader: LeaderIdAndEpoch::read(reader, version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.partition_index);
        writer.int16(self.error_code);
        writer.nullable_string(self.error_message)?;
        self.current_leader.write(writer, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `current_leader` holds, in a [`ShareAcknowledgeResponse`] of versions 1-2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LeaderIdAndEpoch {
    /// Int32, versions 1-2.
    pub leader_id: i32,
    /// Int32, versions 1-2.
    pub leader_epoch: i32,
}

impl Wire<'_> for LeaderIdAndEpoch {
    const BYTES_MIN: usize = 9;

    fn read(reader: &mut Reader<'_>, _version: i16) -> Result<Self, WireError> {
        let value = Self { leader_id: reader.int32()?, leader_epoch: reader.int32()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.int32(self.leader_id);
        writer.int32(self.leader_epoch);
        writer.no_tags();
        Ok(())
    }
}

/// What `node_endpoints` holds, in a [`ShareAcknowledgeResponse`] of versions 1-2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeEndpoint<'a> {
    /// Int32, versions 1-2.
    pub node_id: i32,
    /// String, versions 1-2.
    pub host: &'a str,
    /// Int32, versions 1-2.
    pub port: i32,
    /// String, versions 1-2, nullable, default null.
    pub rack: Option<&'a str>,
}

impl<'a> Wire<'a> for NodeEndpoint<'a> {
    const BYTES_MIN: usize = 11;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self {
            node_id: reader.int32()?,
            host: reader.string()?,
            port: reader.int32()?,
            rack: reader.nullable_string()?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.int32(self.node_id);
        writer.string(self.host)?;
        writer.int32(self.port);
        writer.nullable_string(self.rack)?;
        writer.no_tags();
        Ok(())
    }
}

impl<'a> Request<'a> for ShareAcknowledgeRequest<'a> {
    const KEY: i16 = 79;
    type Response<'r> = ShareAcknowledgeResponse<'r>;
}

fn unsupported(field: &'static str, version: i16) -> WireError {
    WireError::UnsupportedField { field, version }
}
