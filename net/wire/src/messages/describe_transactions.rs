//! DescribeTransactions.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `DescribeTransactionsRequest` (key 65), versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeTransactionsRequest<'a> {
    /// Array of string, versions 0.
    pub transactional_ids: Array<'a, &'a str>,
}

impl<'a> Wire<'a> for DescribeTransactionsRequest<'a> {
    const BYTES_MIN: usize = 2;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { transactional_ids: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.array(&self.transactional_ids, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(DescribeTransactionsRequest<'a>, key 65, versions 0..=0, flexible from 0);

/// `DescribeTransactionsResponse` (key 65), versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeTransactionsResponse<'a> {
    /// Int32, versions 0.
    pub throttle_time_ms: i32,
    /// Array of TransactionState, versions 0.
    pub transaction_states: Array<'a, TransactionState<'a>>,
}

impl<'a> Wire<'a> for DescribeTransactionsResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { throttle_time_ms: reader.int32()?, transaction_states: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.array(&self.transaction_states, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(DescribeTransactionsResponse<'a>, key 65, versions 0..=0, flexible from 0);

/// What `transaction_states` holds, in a [`DescribeTransactionsResponse`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TransactionState<'a> {
    /// Int16, versions 0.
    pub error_code: i16,
    /// String, versions 0.
    pub transactional_id: &'a str,
    /// String, versions 0.
    pub transaction_state: &'a str,
    /// Int32, versions 0.
    pub transaction_timeout_ms: i32,
    /// Int64, versions 0.
    pub transaction_start_time_ms: i64,
    /// Int64, versions 0.
    pub producer_id: i64,
    /// Int16, versions 0.
    pub producer_epoch: i16,
    /// Array of TopicData, versions 0.
    pub topics: Array<'a, TopicData<'a>>,
}

impl<'a> Wire<'a> for TransactionState<'a> {
    const BYTES_MIN: usize = 28;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            error_code: reader.int16()?,
            transactional_id: reader.string()?,
            transaction_state: reader.string()?,
            transaction_timeout_ms: reader.int32()?,
            transaction_start_time_ms: reader.int64()?,
            producer_id: reader.int64()?,
            producer_epoch: reader.int16()?,
            topics: reader.array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int16(self.error_code);
        writer.string(self.transactional_id)?;
        writer.string(self.transaction_state)?;
        writer.int32(self.transaction_timeout_ms);
        writer.int64(self.transaction_start_time_ms);
        writer.int64(self.producer_id);
        writer.int16(self.producer_epoch);
        writer.array(&self.topics, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `topics` holds, in a [`DescribeTransactionsResponse`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicData<'a> {
    /// String, versions 0.
    pub topic: &'a str,
    /// Array of int32, versions 0.
    pub partitions: Array<'a, i32>,
}

impl<'a> Wire<'a> for TopicData<'a> {
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

impl<'a> Request<'a> for DescribeTransactionsRequest<'a> {
    const KEY: i16 = 65;
    type Response<'r> = DescribeTransactionsResponse<'r>;
}
