//! PushTelemetry.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Reader, Request, Wire, WireError, Writer, message};

/// `PushTelemetryRequest` (key 72), versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PushTelemetryRequest<'a> {
    /// Uuid, versions 0.
    pub client_instance_id: [u8; 16],
    /// Int32, versions 0.
    pub subscription_id: i32,
    /// Bool, versions 0.
    pub terminating: bool,
    /// Int8, versions 0.
    pub compression_type: i8,
    /// Bytes, versions 0.
    pub metrics: &'a [u8],
}

impl<'a> Wire<'a> for PushTelemetryRequest<'a> {
    const BYTES_MIN: usize = 24;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self {
            client_instance_id: reader.uuid()?,
            subscription_id: reader.int32()?,
            terminating: reader.bool()?,
            compression_type: reader.int8()?,
            metrics: reader.bytes()?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.uuid(self.client_instance_id);
        writer.int32(self.subscription_id);
        writer.bool(self.terminating);
        writer.int8(self.compression_type);
        writer.bytes(self.metrics)?;
        writer.no_tags();
        Ok(())
    }
}

message!(PushTelemetryRequest<'a>, key 72, versions 0..=0, flexible from 0);

/// `PushTelemetryResponse` (key 72), versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PushTelemetryResponse {
    /// Int32, versions 0.
    pub throttle_time_ms: i32,
    /// Int16, versions 0.
    pub error_code: i16,
}

impl Wire<'_> for PushTelemetryResponse {
    const BYTES_MIN: usize = 7;

    fn read(reader: &mut Reader<'_>, _version: i16) -> Result<Self, WireError> {
        let value = Self { throttle_time_ms: reader.int32()?, error_code: reader.int16()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.int16(self.error_code);
        writer.no_tags();
        Ok(())
    }
}

message!(PushTelemetryResponse, key 72, versions 0..=0, flexible from 0);

impl<'a> Request<'a> for PushTelemetryRequest<'a> {
    const KEY: i16 = 72;
    type Response<'r> = PushTelemetryResponse;
}
