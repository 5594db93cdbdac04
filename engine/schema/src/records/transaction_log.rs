//! TransactionLog.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use crate::{Array, Reader, Wire, WireError, Writer, message};

/// `TransactionLogKey` (key 0), versions 0, never flexible.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TransactionLogKey<'a> {
    /// String, versions 0.
    pub transactional_id: &'a str,
}

impl<'a> Wire<'a> for TransactionLogKey<'a> {
    const BYTES_MIN: usize = 2;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        Ok(Self { transactional_id: reader.string()? })
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.transactional_id)?;
        Ok(())
    }
}

message!(TransactionLogKey<'a>, key 0, versions 0..=0, flexible from crate::NEVER_FLEXIBLE);

/// `TransactionLogValue` (key 0), versions 0-1, flexible from 1.
#[derive(Clone, Debug, PartialEq)]
pub struct TransactionLogValue<'a> {
    /// Int64, versions 0-1.
    pub producer_id: i64,
    /// Int64, versions 1, tag 0, default -1.
    pub previous_producer_id: i64,
    /// Int64, versions 1, tag 1, default -1.
    pub next_producer_id: i64,
    /// Int16, versions 0-1.
    pub producer_epoch: i16,
    /// Int16, versions 1, tag 3, default -1.
    pub next_producer_epoch: i16,
    /// Int32, versions 0-1.
    pub transaction_timeout_ms: i32,
    /// Int8, versions 0-1.
    pub transaction_status: i8,
    /// Array of PartitionsSchema, versions 0-1, nullable.
    pub transaction_partitions: Option<Array<'a, PartitionsSchema<'a>>>,
    /// Int64, versions 0-1.
    pub transaction_last_update_timestamp_ms: i64,
    /// Int64, versions 0-1.
    pub transaction_start_timestamp_ms: i64,
    /// Int16, versions 1, tag 2, default 0.
    pub client_transaction_version: i16,
}

impl Default for TransactionLogValue<'_> {
    fn default() -> Self {
        Self {
            producer_id: 0,
            previous_producer_id: -1,
            next_producer_id: -1,
            producer_epoch: 0,
            next_producer_epoch: -1,
            transaction_timeout_ms: 0,
            transaction_status: 0,
            transaction_partitions: Some(Array::default()),
            transaction_last_update_timestamp_ms: 0,
            transaction_start_timestamp_ms: 0,
            client_transaction_version: 0,
        }
    }
}

impl<'a> Wire<'a> for TransactionLogValue<'a> {
    const BYTES_MIN: usize = 33;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let mut value = Self {
            producer_id: reader.int64()?,
            previous_producer_id: -1,
            next_producer_id: -1,
            producer_epoch: reader.int16()?,
            next_producer_epoch: -1,
            transaction_timeout_ms: reader.int32()?,
            transaction_status: reader.int8()?,
            transaction_partitions: reader.nullable_array(version)?,
            transaction_last_update_timestamp_ms: reader.int64()?,
            transaction_start_timestamp_ms: reader.int64()?,
            client_transaction_version: 0,
        };
        if version >= 1 {
            let mut tags = reader.tags()?;
            while let Some((tag, mut field)) = reader.next_tag(&mut tags)? {
                match tag {
                    0 => value.previous_producer_id = field.int64()?,
                    1 => value.next_producer_id = field.int64()?,
                    3 => value.next_producer_epoch = field.int16()?,
                    2 => value.client_transaction_version = field.int16()?,
                    _ => continue,
                }
                field.finish()?;
            }
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int64(self.producer_id);
        if version < 1 && self.previous_producer_id != -1 {
            return Err(unsupported("PreviousProducerId", version));
        }
        if version < 1 && self.next_producer_id != -1 {
            return Err(unsupported("NextProducerId", version));
        }
        writer.int16(self.producer_epoch);
        if version < 1 && self.next_producer_epoch != -1 {
            return Err(unsupported("NextProducerEpoch", version));
        }
        writer.int32(self.transaction_timeout_ms);
        writer.int8(self.transaction_status);
        writer.nullable_array(self.transaction_partitions.as_ref(), version)?;
        writer.int64(self.transaction_last_update_timestamp_ms);
        writer.int64(self.transaction_start_timestamp_ms);
        if version < 1 && self.client_transaction_version != 0 {
            return Err(unsupported("ClientTransactionVersion", version));
        }
        if version >= 1 {
            let mut tags = writer.tags();
            if self.previous_producer_id != -1 {
                let start = writer.tag(&mut tags, 0);
                writer.int64(self.previous_producer_id);
                writer.tag_end(start);
            }
            if self.next_producer_id != -1 {
                let start = writer.tag(&mut tags, 1);
                writer.int64(self.next_producer_id);
                writer.tag_end(start);
            }
            if self.client_transaction_version != 0 {
                let start = writer.tag(&mut tags, 2);
                writer.int16(self.client_transaction_version);
                writer.tag_end(start);
            }
            if self.next_producer_epoch != -1 {
                let start = writer.tag(&mut tags, 3);
                writer.int16(self.next_producer_epoch);
                writer.tag_end(start);
            }
            writer.tags_end(&tags);
        }
        Ok(())
    }
}

message!(TransactionLogValue<'a>, key 0, versions 0..=1, flexible from 1);

/// What `transaction_partitions` holds, in a [`TransactionLogValue`] of versions 0-1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionsSchema<'a> {
    /// String, versions 0-1.
    pub topic: &'a str,
    /// Array of int32, versions 0-1.
    pub partition_ids: Array<'a, i32>,
}

impl<'a> Wire<'a> for PartitionsSchema<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { topic: reader.string()?, partition_ids: reader.array(version)? };
        if version >= 1 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.topic)?;
        writer.array(&self.partition_ids, version)?;
        if version >= 1 {
            writer.no_tags();
        }
        Ok(())
    }
}

fn unsupported(field: &'static str, version: i16) -> WireError {
    WireError::UnsupportedField { field, version }
}
