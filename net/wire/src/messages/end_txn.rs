//! EndTxn.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Reader, Request, Wire, WireError, Writer, message};

/// `EndTxnRequest` (key 26), versions 0-5, flexible from 3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EndTxnRequest<'a> {
    /// String, versions 0-5.
    pub transactional_id: &'a str,
    /// Int64, versions 0-5.
    pub producer_id: i64,
    /// Int16, versions 0-5.
    pub producer_epoch: i16,
    /// Bool, versions 0-5.
    pub committed: bool,
}

impl<'a> Wire<'a> for EndTxnRequest<'a> {
    const BYTES_MIN: usize = 13;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            transactional_id: reader.string()?,
            producer_id: reader.int64()?,
            producer_epoch: reader.int16()?,
            committed: reader.bool()?,
        };
        if version >= 3 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.transactional_id)?;
        writer.int64(self.producer_id);
        writer.int16(self.producer_epoch);
        writer.bool(self.committed);
        if version >= 3 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(EndTxnRequest<'a>, key 26, versions 0..=5, flexible from 3);

/// `EndTxnResponse` (key 26), versions 0-5, flexible from 3.
#[derive(Clone, Debug, PartialEq)]
pub struct EndTxnResponse {
    /// Int32, versions 0-5.
    pub throttle_time_ms: i32,
    /// Int16, versions 0-5.
    pub error_code: i16,
    /// Int64, versions 5, default -1, ignorable.
    pub producer_id: i64,
    /// Int16, versions 5, default -1, ignorable.
    pub producer_epoch: i16,
}

impl Default for EndTxnResponse {
    fn default() -> Self {
        Self { throttle_time_ms: 0, error_code: 0, producer_id: -1, producer_epoch: -1 }
    }
}

impl Wire<'_> for EndTxnResponse {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'_>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            throttle_time_ms: reader.int32()?,
            error_code: reader.int16()?,
            producer_id: if version >= 5 { reader.int64()? } else { -1 },
            producer_epoch: if version >= 5 { reader.int16()? } else { -1 },
        };
        if version >= 3 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.int16(self.error_code);
        if version >= 5 {
            writer.int64(self.producer_id);
        }
        if version >= 5 {
            writer.int16(self.producer_epoch);
        }
        if version >= 3 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(EndTxnResponse, key 26, versions 0..=5, flexible from 3);

impl<'a> Request<'a> for EndTxnRequest<'a> {
    const KEY: i16 = 26;
    type Response<'r> = EndTxnResponse;
}
