//! AddOffsetsToTxn.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Reader, Request, Wire, WireError, Writer, message};

/// `AddOffsetsToTxnRequest` (key 25), versions 0-4, flexible from 3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddOffsetsToTxnRequest<'a> {
    /// String, versions 0-4.
    pub transactional_id: &'a str,
    /// Int64, versions 0-4.
    pub producer_id: i64,
    /// Int16, versions 0-4.
    pub producer_epoch: i16,
    /// String, versions 0-4.
    pub group_id: &'a str,
}

impl<'a> Wire<'a> for AddOffsetsToTxnRequest<'a> {
    const BYTES_MIN: usize = 13;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            transactional_id: reader.string()?,
            producer_id: reader.int64()?,
            producer_epoch: reader.int16()?,
            group_id: reader.string()?,
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
        writer.string(self.group_id)?;
        if version >= 3 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(AddOffsetsToTxnRequest<'a>, key 25, versions 0..=4, flexible from 3);

/// `AddOffsetsToTxnResponse` (key 25), versions 0-4, flexible from 3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddOffsetsToTxnResponse {
    /// Int32, versions 0-4.
    pub throttle_time_ms: i32,
    /// Int16, versions 0-4.
    pub error_code: i16,
}

impl Wire<'_> for AddOffsetsToTxnResponse {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'_>, version: i16) -> Result<Self, WireError> {
        let value = Self { throttle_time_ms: reader.int32()?, error_code: reader.int16()? };
        if version >= 3 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.int16(self.error_code);
        if version >= 3 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(AddOffsetsToTxnResponse, key 25, versions 0..=4, flexible from 3);

impl<'a> Request<'a> for AddOffsetsToTxnRequest<'a> {
    const KEY: i16 = 25;
    type Response<'r> = AddOffsetsToTxnResponse;
}
