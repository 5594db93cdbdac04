//! ExpireDelegationToken.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Reader, Request, Wire, WireError, Writer, message};

/// `ExpireDelegationTokenRequest` (key 40), versions 1-2, flexible from 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExpireDelegationTokenRequest<'a> {
    /// Bytes, versions 1-2.
    pub hmac: &'a [u8],
    /// Int64, versions 1-2.
    pub expiry_time_period_ms: i64,
}

impl<'a> Wire<'a> for ExpireDelegationTokenRequest<'a> {
    const BYTES_MIN: usize = 10;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { hmac: reader.bytes()?, expiry_time_period_ms: reader.int64()? };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.bytes(self.hmac)?;
        writer.int64(self.expiry_time_period_ms);
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(ExpireDelegationTokenRequest<'a>, key 40, versions 1..=2, flexible from 2);

/// `ExpireDelegationTokenResponse` (key 40), versions 1-2, flexible from 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExpireDelegationTokenResponse {
    /// Int16, versions 1-2.
    pub error_code: i16,
    /// Int64, versions 1-2.
    pub expiry_timestamp_ms: i64,
    /// Int32, versions 1-2.
    pub throttle_time_ms: i32,
}

impl Wire<'_> for ExpireDelegationTokenResponse {
    const BYTES_MIN: usize = 14;

    fn read(reader: &mut Reader<'_>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            error_code: reader.int16()?,
            expiry_timestamp_ms: reader.int64()?,
            throttle_time_ms: reader.int32()?,
        };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int16(self.error_code);
        writer.int64(self.expiry_timestamp_ms);
        writer.throttle_time_ms(self.throttle_time_ms);
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(ExpireDelegationTokenResponse, key 40, versions 1..=2, flexible from 2);

impl<'a> Request<'a> for ExpireDelegationTokenRequest<'a> {
    const KEY: i16 = 40;
    type Response<'r> = ExpireDelegationTokenResponse;
}
