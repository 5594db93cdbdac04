//! InitProducerId.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Reader, Request, Wire, WireError, Writer, message};

/// `InitProducerIdRequest` (key 22), versions 0-6, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct InitProducerIdRequest<'a> {
    /// String, versions 0-6, nullable.
    pub transactional_id: Option<&'a str>,
    /// Int32, versions 0-6.
    pub transaction_timeout_ms: i32,
    /// Int64, versions 3-6, default -1.
    pub producer_id: i64,
    /// Int16, versions 3-6, default -1.
    pub producer_epoch: i16,
    /// Bool, versions 6, default false.
    pub enable2_pc: bool,
    /// Bool, versions 6, default false.
    pub keep_prepared_txn: bool,
}

impl Default for InitProducerIdRequest<'_> {
    fn default() -> Self {
        Self {
            transactional_id: Some(""),
            transaction_timeout_ms: 0,
            producer_id: -1,
            producer_epoch: -1,
            enable2_pc: false,
            keep_prepared_txn: false,
        }
    }
}

impl<'a> Wire<'a> for InitProducerIdRequest<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            transactional_id: reader.nullable_string()?,
            transaction_timeout_ms: reader.int32()?,
            producer_id: if version >= 3 { reader.int64()? } else { -1 },
            producer_epoch: if version >= 3 { reader.int16()? } else { -1 },
            enable2_pc: if version >= 6 { reader.bool()? } else { false },
            keep_prepared_txn: if version >= 6 { reader.bool()? } else { false },
        };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.nullable_string(self.transactional_id)?;
        writer.int32(self.transaction_timeout_ms);
        if version >= 3 {
            writer.int64(self.producer_id);
        } else if self.producer_id != -1 {
            return Err(unsupported("ProducerId", version));
        }
        if version >= 3 {
            writer.int16(self.producer_epoch);
        } else if self.producer_epoch != -1 {
            return Err(unsupported("ProducerEpoch", version));
        }
        if version >= 6 {
            writer.bool(self.enable2_pc);
        } else if self.enable2_pc {
            return Err(unsupported("Enable2Pc", version));
        }
        if version >= 6 {
            writer.bool(self.keep_prepared_txn);
        } else if self.keep_prepared_txn {
            return Err(unsupported("KeepPreparedTxn", version));
        }
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(InitProducerIdRequest<'a>, key 22, versions 0..=6, flexible from 2);

/// `InitProducerIdResponse` (key 22), versions 0-6, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct InitProducerIdResponse {
    /// Int32, versions 0-6, ignorable.
    pub throttle_time_ms: i32,
    /// Int16, versions 0-6.
    pub error_code: i16,
    /// Int64, versions 0-6, default -1.
    pub producer_id: i64,
    /// Int16, versions 0-6.
    pub producer_epoch: i16,
    /// Int64, versions 6, default -1.
    pub ongoing_txn_producer_id: i64,
    /// Int16, versions 6, default -1.
    pub ongoing_txn_producer_epoch: i16,
}

impl Default for InitProducerIdResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: 0,
            producer_id: -1,
            producer_epoch: 0,
            ongoing_txn_producer_id: -1,
            ongoing_txn_producer_epoch: -1,
        }
    }
}

impl Wire<'_> for InitProducerIdResponse {
    const BYTES_MIN: usize = 16;

    fn read(reader: &mut Reader<'_>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            throttle_time_ms: reader.int32()?,
            error_code: reader.int16()?,
            producer_id: reader.int64()?,
            producer_epoch: reader.int16()?,
            ongoing_txn_producer_id: if version >= 6 { reader.int64()? } else { -1 },
            ongoing_txn_producer_epoch: if version >= 6 { reader.int16()? } else { -1 },
        };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.int16(self.error_code);
        writer.int64(self.producer_id);
        writer.int16(self.producer_epoch);
        if version >= 6 {
            writer.int64(self.ongoing_txn_producer_id);
        } else if self.ongoing_txn_producer_id != -1 {
            return Err(unsupported("OngoingTxnProducerId", version));
        }
        if version >= 6 {
            writer.int16(self.ongoing_txn_producer_epoch);
        } else if self.ongoing_txn_producer_epoch != -1 {
            return Err(unsupported("OngoingTxnProducerEpoch", version));
        }
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(InitProducerIdResponse, key 22, versions 0..=6, flexible from 2);

impl<'a> Request<'a> for InitProducerIdRequest<'a> {
    const KEY: i16 = 22;
    type Response<'r> = InitProducerIdResponse;
}

fn unsupported(field: &'static str, version: i16) -> WireError {
    WireError::UnsupportedField { field, version }
}
