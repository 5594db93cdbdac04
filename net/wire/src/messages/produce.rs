//! Produce.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Records, Request, Wire, WireError, Writer, message};

/// `ProduceRequest` (key 0), versions 3-13, flexible from 9.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProduceRequest<'a> {
    /// String, versions 3-13, nullable, default null.
    pub transactional_id: Option<&'a str>,
    /// Int16, versions 3-13.
    pub acks: i16,
    /// Int32, versions 3-13.
    pub timeout_ms: i32,
    /// Array of TopicProduceData, versions 3-13.
    pub topic_data: Array<'a, TopicProduceData<'a>>,
}

impl<'a> Wire<'a> for ProduceRequest<'a> {
    const BYTES_MIN: usize = 9;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            transactional_id: reader.nullable_string()?,
            acks: reader.int16()?,
            timeout_ms: reader.int32()?,
            topic_data: reader.array(version)?,
        };
        if version >= 9 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.nullable_string(self.transactional_id)?;
        writer.int16(self.acks);
        writer.int32(self.timeout_ms);
        writer.array(&self.topic_data, version)?;
        if version >= 9 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(ProduceRequest<'a>, key 0, versions 3..=13, flexible from 9);

/// What `topic_data` holds, in a [`ProduceRequest`] of versions 3-13.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicProduceData<'a> {
    /// String, versions 3-12, ignorable.
    pub name: &'a str,
    /// Uuid, versions 13, ignorable.
    pub topic_id: [u8; 16],
    /// Array of PartitionProduceData, versions 3-13.
    pub partition_data: Array<'a, PartitionProduceData<'a>>,
}

impl<'a> Wire<'a> for TopicProduceData<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            name: if version <= 12 { reader.string()? } else { "" },
            topic_id: if version >= 13 { reader.uuid()? } else { [0; 16] },
            partition_data: reader.array(version)?,
        };
        if version >= 9 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        if version <= 12 {
            writer.string(self.name)?;
        }
        if version >= 13 {
            writer.uuid(self.topic_id);
        }
        writer.array(&self.partition_data, version)?;
        if version >= 9 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `partition_data` holds, in a [`ProduceRequest`] of versions 3-13.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionProduceData<'a> {
    /// Int32, versions 3-13.
    pub index: i32,
    /// Records, versions 3-13, nullable.
    pub records: Option<Records<'a>>,
}

impl<'a> Wire<'a> for PartitionProduceData<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { index: reader.int32()?, records: reader.nullable_records()? };
        if version >= 9 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.index);
        writer.nullable_records(self.records)?;
        if version >= 9 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// `ProduceResponse` (key 0), versions 3-13, flexible from 9.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProduceResponse<'a> {
    /// Array of TopicProduceResponse, versions 3-13.
    pub responses: Array<'a, TopicProduceResponse<'a>>,
    /// Int32, versions 3-13, default 0, ignorable.
    pub throttle_time_ms: i32,
    /// Array of NodeEndpoint, versions 10-13, tag 0.
    pub node_endpoints: Array<'a, NodeEndpoint<'a>>,
}

impl<'a> Wire<'a> for ProduceResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let mut value = Self {
            responses: reader.array(version)?,
            throttle_time_ms: reader.int32()?,
            node_endpoints: Array::default(),
        };
        if version >= 9 {
            let mut tags = reader.tags()?;
            while let Some((tag, mut field)) = reader.next_tag(&mut tags)? {
                match tag {
                    0 if version >= 10 => value.node_endpoints = field.array(version)?,
                    _ => continue,
                }
                field.finish()?;
            }
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.array(&self.responses, version)?;
        writer.throttle_time_ms(self.throttle_time_ms);
        if version < 10 && !self.node_endpoints.is_empty() {
            return Err(unsupported("NodeEndpoints", version));
        }
        if version >= 9 {
            let mut tags = writer.tags();
            if version >= 10 && !self.node_endpoints.is_empty() {
                let start = writer.tag(&mut tags, 0);
                writer.array(&self.node_endpoints, version)?;
                writer.tag_end(start);
            }
            writer.tags_end(&tags);
        }
        Ok(())
    }
}

message!(ProduceResponse<'a>, key 0, versions 3..=13, flexible from 9);

/// What `responses` holds, in a [`ProduceResponse`] of versions 3-13.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicProduceResponse<'a> {
    /// String, versions 3-12, ignorable.
    pub name: &'a str,
    /// Uuid, versions 13, ignorable.
    pub topic_id: [u8; 16],
    /// Array of PartitionProduceResponse, versions 3-13.
    pub partition_responses: Array<'a, PartitionProduceResponse<'a>>,
}

impl<'a> Wire<'a> for TopicProduceResponse<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            name: if version <= 12 { reader.string()? } else { "" },
            topic_id: if version >= 13 { reader.uuid()? } else { [0; 16] },
            partition_responses: reader.array(version)?,
        };
        if version >= 9 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        if version <= 12 {
            writer.string(self.name)?;
        }
        if version >= 13 {
            writer.uuid(self.topic_id);
        }
        writer.array(&self.partition_responses, version)?;
        if version >= 9 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `partition_responses` holds, in a [`ProduceResponse`] of versions 3-13.
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionProduceResponse<'a> {
    /// Int32, versions 3-13.
    pub index: i32,
    /// Int16, versions 3-13.
    pub error_code: i16,
    /// Int64, versions 3-13.
    pub base_offset: i64,
    /// Int64, versions 3-13, default -1, ignorable.
    pub log_append_time_ms: i64,
    /// Int64, versions 5-13, default -1, ignorable.
    pub log_start_offset: i64,
    /// Array of BatchIndexAndErrorMessage, versions 8-13, ignorable.
    pub record_errors: Array<'a, BatchIndexAndErrorMessage<'a>>,
    /// String, versions 8-13, nullable, default null, ignorable.
    pub error_message: Option<&'a str>,
    /// LeaderIdAndEpoch, versions 10-13, tag 0.
    pub current_leader: LeaderIdAndEpoch,
}

impl Default for PartitionProduceResponse<'_> {
    fn default() -> Self {
        Self {
            index: 0,
            error_code: 0,
            base_offset: 0,
            log_append_time_ms: -1,
            log_start_offset: -1,
            record_errors: Array::default(),
            error_message: None,
            current_leader: LeaderIdAndEpoch::default(),
        }
    }
}

impl<'a> Wire<'a> for PartitionProduceResponse<'a> {
    const BYTES_MIN: usize = 22;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let mut value = Self {
            index: reader.int32()?,
            error_code: reader.int16()?,
            base_offset: reader.int64()?,
            log_append_time_ms: reader.int64()?,
            log_start_offset: if version >= 5 { reader.int64()? } else { -1 },
            record_errors: if version >= 8 { reader.array(version)? } else { Array::default() },
            error_message: if version >= 8 { reader.nullable_string()? } else { None },
            current_leader: LeaderIdAndEpoch::default(),
        };
        if version >= 9 {
            let mut tags = reader.tags()?;
            while let Some((tag, mut field)) = reader.next_tag(&mut tags)? {
                match tag {
                    0 if version >= 10 => value.current_leader = LeaderIdAndEpoch::read(&mut field, version)?,
                    _ => continue,
                }
                field.finish()?;
            }
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.index);
        writer.int16(self.error_code);
        writer.int64(self.base_offset);
        writer.int64(self.log_append_time_ms);
        if version >= 5 {
            writer.int64(self.log_start_offset);
        }
        if version >= 8 {
            writer.array(&self.record_errors, version)?;
        }
        if version >= 8 {
            writer.nullable_string(self.error_message)?;
        }
        if version < 10 && self.current_leader != LeaderIdAndEpoch::default() {
            return Err(unsupported("CurrentLeader", version));
        }
        if version >= 9 {
            let mut tags = writer.tags();
            if version >= 10 && self.current_leader != LeaderIdAndEpoch::default() {
                let start = writer.tag(&mut tags, 0);
                self.current_leader.write(writer, version)?;
                writer.tag_end(start);
            }
            writer.tags_end(&tags);
        }
        Ok(())
    }
}

/// What `record_errors` holds, in a [`ProduceResponse`] of versions 8-13.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BatchIndexAndErrorMessage<'a> {
    /// Int32, versions 8-13.
    pub batch_index: i32,
    /// String, versions 8-13, nullable, default null.
    pub batch_index_error_message: Option<&'a str>,
}

impl<'a> Wire<'a> for BatchIndexAndErrorMessage<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { batch_index: reader.int32()?, batch_index_error_message: reader.nullable_string()? };
        if version >= 9 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.batch_index);
        writer.nullable_string(self.batch_index_error_message)?;
        if version >= 9 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `current_leader` holds, in a [`ProduceResponse`] of versions 10-13.
#[derive(Clone, Debug, PartialEq)]
pub struct LeaderIdAndEpoch {
    /// Int32, versions 10-13, default -1.
    pub leader_id: i32,
    /// Int32, versions 10-13, default -1.
    pub leader_epoch: i32,
}

impl Default for LeaderIdAndEpoch {
    fn default() -> Self {
        Self { leader_id: -1, leader_epoch: -1 }
    }
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

/// What `node_endpoints` holds, in a [`ProduceResponse`] of versions 10-13.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeEndpoint<'a> {
    /// Int32, versions 10-13.
    pub node_id: i32,
    /// String, versions 10-13.
    pub host: &'a str,
    /// Int32, versions 10-13.
    pub port: i32,
    /// String, versions 10-13, nullable, default null.
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

impl<'a> Request<'a> for ProduceRequest<'a> {
    const KEY: i16 = 0;
    type Response<'r> = ProduceResponse<'r>;
}

fn unsupported(field: &'static str, version: i16) -> WireError {
    WireError::UnsupportedField { field, version }
}
