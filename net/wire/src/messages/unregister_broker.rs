//! UnregisterBroker.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Reader, Request, Wire, WireError, Writer, message};

/// `UnregisterBrokerRequest` (key 64), versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UnregisterBrokerRequest {
    /// Int32, versions 0.
    pub broker_id: i32,
}

impl Wire<'_> for UnregisterBrokerRequest {
    const BYTES_MIN: usize = 5;

    fn read(reader: &mut Reader<'_>, _version: i16) -> Result<Self, WireError> {
        let value = Self { broker_id: reader.int32()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.int32(self.broker_id);
        writer.no_tags();
        Ok(())
    }
}

message!(UnregisterBrokerRequest, key 64, versions 0..=0, flexible from 0);

/// `UnregisterBrokerResponse` (key 64), versions 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct UnregisterBrokerResponse<'a> {
    /// Int32, versions 0.
    pub throttle_time_ms: i32,
    /// Int16, versions 0.
    pub error_code: i16,
    /// String, versions 0, nullable.
    pub error_message: Option<&'a str>,
}

impl Default for UnregisterBrokerResponse<'_> {
    fn default() -> Self {
        Self { throttle_time_ms: 0, error_code: 0, error_message: Some("") }
    }
}

impl<'a> Wire<'a> for UnregisterBrokerResponse<'a> {
    const BYTES_MIN: usize = 8;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self {
            throttle_time_ms: reader.int32()?,
            error_code: reader.int16()?,
            error_message: reader.nullable_string()?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.int16(self.error_code);
        writer.nullable_string(self.error_message)?;
        writer.no_tags();
        Ok(())
    }
}

message!(UnregisterBrokerResponse<'a>, key 64, versions 0..=0, flexible from 0);

impl Request<'_> for UnregisterBrokerRequest {
    const KEY: i16 = 64;
    type Response<'r> = UnregisterBrokerResponse<'r>;
}
