//! AlterPartition.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `AlterPartitionRequest` (key 56), versions 2-3, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct AlterPartitionRequest<'a> {
    /// Int32, versions 2-3.
    pub broker_id: i32,
    /// Int64, versions 2-3, default -1.
    pub broker_epoch: i64,
    /// Array of RequestTopicData, versions 2-3.
    pub topics: Array<'a, RequestTopicData<'a>>,
}

impl Default for AlterPartitionRequest<'_> {
    fn default() -> Self {
        Self { broker_id: 0, broker_epoch: -1, topics: Array::default() }
    }
}

impl<'a> Wire<'a> for AlterPartitionRequest<'a> {
    const BYTES_MIN: usize = 14;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { broker_id: reader.int32()?, broker_epoch: reader.int64()?, topics: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.broker_id);
        writer.int64(self.broker_epoch);
        writer.array(&self.topics, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(AlterPartitionRequest<'a>, key 56, versions 2..=3, flexible from 0);

/// What `topics` holds, in a [`AlterPartitionRequest`] of versions 2-3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestTopicData<'a> {
    /// Uuid, versions 2-3, ignorable.
    pub topic_id: [u8; 16],
    /// Array of RequestPartitionData, versions 2-3.
    pub partitions: Array<'a, RequestPartitionData<'a>>,
}

impl<'a> Wire<'a> for RequestTopicData<'a> {
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

/// What `partitions` holds, in a [`AlterPartitionRequest`] of versions 2-3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestPartitionData<'a> {
    /// Int32, versions 2-3.
    pub partition_index: i32,
    /// Int32, versions 2-3.
    pub leader_epoch: i32,
    /// Array of int32, versions 2.
    pub new_isr: Array<'a, i32>,
    /// Array of BrokerState, versions 3.
    pub new_isr_with_epochs: Array<'a, BrokerState>,
    /// Int8, versions 2-3, default 0.
    pub leader_recovery_state: i8,
    /// Int32, versions 2-3.
    pub partition_epoch: i32,
}

impl<'a> Wire<'a> for RequestPartitionData<'a> {
    const BYTES_MIN: usize = 15;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            partition_index: reader.int32()?,
            leader_epoch: reader.int32()?,
            new_isr: if version <= 2 { reader.array(version)? } else { Array::default() },
            new_isr_with_epochs: if version >= 3 { reader.array(version)? } else { Array::default() },
            leader_recovery_state: reader.int8()?,
            partition_epoch: reader.int32()?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.partition_index);
        writer.int32(self.leader_epoch);
        if version <= 2 {
            writer.array(&self.new_isr, version)?;
        } else if !self.new_isr.is_empty() {
            return Err(unsupported("NewIsr", version));
        }
        if version >= 3 {
            writer.array(&self.new_isr_with_epochs, version)?;
        } else if !self.new_isr_with_epochs.is_empty() {
            return Err(unsupported("NewIsrWithEpochs", version));
        }
        writer.int8(self.leader_recovery_state);
        writer.int32(self.partition_epoch);
        writer.no_tags();
        Ok(())
    }
}

/// What `new_isr_with_epochs` holds, in a [`AlterPartitionRequest`] of versions 3.
#[derive(Clone, Debug, PartialEq)]
pub struct BrokerState {
    /// Int32, versions 3.
    pub broker_id: i32,
    /// Int64, versions 3, default -1.
    pub broker_epoch: i64,
}

impl Default for BrokerState {
    fn default() -> Self {
        Self { broker_id: 0, broker_epoch: -1 }
    }
}

impl Wire<'_> for BrokerState {
    const BYTES_MIN: usize = 13;

    fn read(reader: &mut Reader<'_>, _version: i16) -> Result<Self, WireError> {
        let value = Self { broker_id: reader.int32()?, broker_epoch: reader.int64()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.int32(self.broker_id);
        writer.int64(self.broker_epoch);
        writer.no_tags();
        Ok(())
    }
}

/// `AlterPartitionResponse` (key 56), versions 2-3, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterPartitionResponse<'a> {
    /// Int32, versions 2-3.
    pub throttle_time_ms: i32,
    /// Int16, versions 2-3.
    pub error_code: i16,
    /// Array of ResponseTopicData, versions 2-3.
    pub topics: Array<'a, ResponseTopicData<'a>>,
}

impl<'a> Wire<'a> for AlterPartitionResponse<'a> {
    const BYTES_MIN: usize = 8;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value =
            Self { throttle_time_ms: reader.int32()?, error_code: reader.int16()?, topics: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.int16(self.error_code);
        writer.array(&self.topics, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(AlterPartitionResponse<'a>, key 56, versions 2..=3, flexible from 0);

/// What `topics` holds, in a [`AlterPartitionResponse`] of versions 2-3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResponseTopicData<'a> {
    /// Uuid, versions 2-3, ignorable.
    pub topic_id: [u8; 16],
    /// Array of ResponsePartitionData, versions 2-3.
    pub partitions: Array<'a, ResponsePartitionData<'a>>,
}

impl<'a> Wire<'a> for ResponseTopicData<'a> {
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

/// What `partitions` holds, in a [`AlterPartitionResponse`] of versions 2-3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResponsePartitionData<'a> {
    /// Int32, versions 2-3.
    pub partition_index: i32,
    /// Int16, versions 2-3.
    pub error_code: i16,
    /// Int32, versions 2-3.
    pub leader_id: i32,
    /// Int32, versions 2-3.
    pub leader_epoch: i32,
    /// Array of int32, versions 2-3.
    pub isr: Array<'a, i32>,
    /// Int8, versions 2-3, default 0, ignorable.
    pub leader_recovery_state: i8,
    /// Int32, versions 2-3.
    pub partition_epoch: i32,
}

impl<'a> Wire<'a> for ResponsePartitionData<'a> {
    const BYTES_MIN: usize = 21;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            partition_index: reader.int32()?,
            error_code: reader.int16()?,
            leader_id: reader.int32()?,
            leader_epoch: reader.int32()?,
            isr: reader.array(version)?,
            leader_recovery_state: reader.int8()?,
            partition_epoch: reader.int32()?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.partition_index);
        writer.int16(self.error_code);
        writer.int32(self.leader_id);
        writer.int32(self.leader_epoch);
        writer.array(&self.isr, version)?;
        writer.int8(self.leader_recovery_state);
        writer.int32(self.partition_epoch);
        writer.no_tags();
        Ok(())
    }
}

impl<'a> Request<'a> for AlterPartitionRequest<'a> {
    const KEY: i16 = 56;
    type Response<'r> = AlterPartitionResponse<'r>;
}

fn unsupported(field: &'static str, version: i16) -> WireError {
    WireError::UnsupportedField { field, version }
}
