//! AddPartitionsToTxn.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `AddPartitionsToTxnRequest` (key 24), versions 0-5, flexible from 3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnRequest<'a> {
    /// Array of AddPartitionsToTxnTransaction, versions 4-5.
    pub transactions: Array<'a, AddPartitionsToTxnTransaction<'a>>,
    /// String, versions 0-3.
    pub v3_and_below_transactional_id: &'a str,
    /// Int64, versions 0-3.
    pub v3_and_below_producer_id: i64,
    /// Int16, versions 0-3.
    pub v3_and_below_producer_epoch: i16,
    /// Array of AddPartitionsToTxnTopic, versions 0-3.
    pub v3_and_below_topics: Array<'a, AddPartitionsToTxnTopic<'a>>,
}

impl<'a> Wire<'a> for AddPartitionsToTxnRequest<'a> {
    const BYTES_MIN: usize = 2;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            transactions: if version >= 4 { reader.array(version)? } else { Array::default() },
            v3_and_below_transactional_id: if version <= 3 { reader.string()? } else { "" },
            v3_and_below_producer_id: if version <= 3 { reader.int64()? } else { 0 },
            v3_and_below_producer_epoch: if version <= 3 { reader.int16()? } else { 0 },
            v3_and_below_topics: if version <= 3 { reader.array(version)? } else { Array::default() },
        };
        if version >= 3 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        if version >= 4 {
            writer.array(&self.transactions, version)?;
        } else if !self.transactions.is_empty() {
            return Err(unsupported("Transactions", version));
        }
        if version <= 3 {
            writer.string(self.v3_and_below_transactional_id)?;
        } else if !self.v3_and_below_transactional_id.is_empty() {
            return Err(unsupported("V3AndBelowTransactionalId", version));
        }
        if version <= 3 {
            writer.int64(self.v3_and_below_producer_id);
        } else if self.v3_and_below_producer_id != 0 {
            return Err(unsupported("V3AndBelowProducerId", version));
        }
        if version <= 3 {
            writer.int16(self.v3_and_below_producer_epoch);
        } else if self.v3_and_below_producer_epoch != 0 {
            return Err(unsupported("V3AndBelowProducerEpoch", version));
        }
        if version <= 3 {
            writer.array(&self.v3_and_below_topics, version)?;
        } else if !self.v3_and_below_topics.is_empty() {
            return Err(unsupported("V3AndBelowTopics", version));
        }
        if version >= 3 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(AddPartitionsToTxnRequest<'a>, key 24, versions 0..=5, flexible from 3);

/// What `transactions` holds, in a [`AddPartitionsToTxnRequest`] of versions 4-5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnTransaction<'a> {
    /// String, versions 4-5.
    pub transactional_id: &'a str,
    /// Int64, versions 4-5.
    pub producer_id: i64,
    /// Int16, versions 4-5.
    pub producer_epoch: i16,
    /// Bool, versions 4-5, default false.
    pub verify_only: bool,
    /// Array of AddPartitionsToTxnTopic, versions 4-5.
    pub topics: Array<'a, AddPartitionsToTxnTopic<'a>>,
}

impl<'a> Wire<'a> for AddPartitionsToTxnTransaction<'a> {
    const BYTES_MIN: usize = 14;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            transactional_id: reader.string()?,
            producer_id: reader.int64()?,
            producer_epoch: reader.int16()?,
            verify_only: reader.bool()?,
            topics: reader.array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.transactional_id)?;
        writer.int64(self.producer_id);
        writer.int16(self.producer_epoch);
        writer.bool(self.verify_only);
        writer.array(&self.topics, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `topics` holds, in a [`AddPartitionsToTxnRequest`] of versions 0-5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnTopic<'a> {
    /// String, versions 0-5.
    pub name: &'a str,
    /// Array of int32, versions 0-5.
    pub partitions: Array<'a, i32>,
}

impl<'a> Wire<'a> for AddPartitionsToTxnTopic<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { name: reader.string()?, partitions: reader.array(version)? };
        if version >= 3 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.array(&self.partitions, version)?;
        if version >= 3 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// `AddPartitionsToTxnResponse` (key 24), versions 0-5, flexible from 3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnResponse<'a> {
    /// Int32, versions 0-5.
    pub throttle_time_ms: i32,
    /// Int16, versions 4-5, ignorable.
    pub error_code: i16,
    /// Array of AddPartitionsToTxnResult, versions 4-5.
    pub results_by_transaction: Array<'a, AddPartitionsToTxnResult<'a>>,
    /// Array of AddPartitionsToTxnTopicResult, versions 0-3.
    pub results_by_topic_v3_and_below: Array<'a, AddPartitionsToTxnTopicResult<'a>>,
}

impl<'a> Wire<'a> for AddPartitionsToTxnResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            throttle_time_ms: reader.int32()?,
            error_code: if version >= 4 { reader.int16()? } else { 0 },
            results_by_transaction: if version >= 4 { reader.array(version)? } else { Array::default() },
            results_by_topic_v3_and_below: if version <= 3 { reader.array(version)? } else { Array::default() },
        };
        if version >= 3 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        if version >= 4 {
            writer.int16(self.error_code);
        }
        if version >= 4 {
            writer.array(&self.results_by_transaction, version)?;
        } else if !self.results_by_transaction.is_empty() {
            return Err(unsupported("ResultsByTransaction", version));
        }
        if version <= 3 {
            writer.array(&self.results_by_topic_v3_and_below, version)?;
        } else if !self.results_by_topic_v3_and_below.is_empty() {
            return Err(unsupported("ResultsByTopicV3AndBelow", version));
        }
        if version >= 3 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(AddPartitionsToTxnResponse<'a>, key 24, versions 0..=5, flexible from 3);

/// What `results_by_transaction` holds, in a [`AddPartitionsToTxnResponse`] of versions 4-5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnResult<'a> {
    /// String, versions 4-5.
    pub transactional_id: &'a str,
    /// Array of AddPartitionsToTxnTopicResult, versions 4-5.
    pub topic_results: Array<'a, AddPartitionsToTxnTopicResult<'a>>,
}

impl<'a> Wire<'a> for AddPartitionsToTxnResult<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { transactional_id: reader.string()?, topic_results: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.transactional_id)?;
        writer.array(&self.topic_results, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `topic_results` holds, in a [`AddPartitionsToTxnResponse`] of versions 0-5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnTopicResult<'a> {
    /// String, versions 0-5.
    pub name: &'a str,
    /// Array of AddPartitionsToTxnPartitionResult, versions 0-5.
    pub results_by_partition: Array<'a, AddPartitionsToTxnPartitionResult>,
}

impl<'a> Wire<'a> for AddPartitionsToTxnTopicResult<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { name: reader.string()?, results_by_partition: reader.array(version)? };
        if version >= 3 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.array(&self.results_by_partition, version)?;
        if version >= 3 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `results_by_partition` holds, in a [`AddPartitionsToTxnResponse`] of versions 0-5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnPartitionResult {
    /// Int32, versions 0-5.
    pub partition_index: i32,
    /// Int16, versions 0-5.
    pub partition_error_code: i16,
}

impl Wire<'_> for AddPartitionsToTxnPartitionResult {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'_>, version: i16) -> Result<Self, WireError> {
        let value = Self { partition_index: reader.int32()?, partition_error_code: reader.int16()? };
        if version >= 3 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.partition_index);
        writer.int16(self.partition_error_code);
        if version >= 3 {
            writer.no_tags();
        }
        Ok(())
    }
}

impl<'a> Request<'a> for AddPartitionsToTxnRequest<'a> {
    const KEY: i16 = 24;
    type Response<'r> = AddPartitionsToTxnResponse<'r>;
}

fn unsupported(field: &'static str, version: i16) -> WireError {
    WireError::UnsupportedField { field, version }
}
