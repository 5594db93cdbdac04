//! GetTelemetrySubscriptions.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `GetTelemetrySubscriptionsRequest` (key 71), versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetTelemetrySubscriptionsRequest {
    /// Uuid, versions 0.
    pub client_instance_id: [u8; 16],
}

impl Wire<'_> for GetTelemetrySubscriptionsRequest {
    const BYTES_MIN: usize = 17;

    fn read(reader: &mut Reader<'_>, _version: i16) -> Result<Self, WireError> {
        let value = Self { client_instance_id: reader.uuid()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.uuid(self.client_instance_id);
        writer.no_tags();
        Ok(())
    }
}

message!(GetTelemetrySubscriptionsRequest, key 71, versions 0..=0, flexible from 0);

/// `GetTelemetrySubscriptionsResponse` (key 71), versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetTelemetrySubscriptionsResponse<'a> {
    /// Int32, versions 0.
    pub throttle_time_ms: i32,
    /// Int16, versions 0.
    pub error_code: i16,
    /// Uuid, versions 0.
    pub client_instance_id: [u8; 16],
    /// Int32, versions 0.
    pub subscription_id: i32,
    /// Array of int8, versions 0.
    pub accepted_compression_types: Array<'a, i8>,
    /// Int32, versions 0.
    pub push_interval_ms: i32,
    /// Int32, versions 0.
    pub telemetry_max_bytes: i32,
    /// Bool, versions 0.
    pub delta_temporality: bool,
    /// Array of string, versions 0.
    pub requested_metrics: Array<'a, &'a str>,
}

impl<'a> Wire<'a> for GetTelemetrySubscriptionsResponse<'a> {
    const BYTES_MIN: usize = 38;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            throttle_time_ms: reader.int32()?,
            error_code: reader.int16()?,
            client_instance_id: reader.uuid()?,
            subscription_id: reader.int32()?,
            accepted_compression_types: reader.array(version)?,
            push_interval_ms: reader.int32()?,
            telemetry_max_bytes: reader.int32()?,
            delta_temporality: reader.bool()?,
            requested_metrics: reader.array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.int16(self.error_code);
        writer.uuid(self.client_instance_id);
        writer.int32(self.subscription_id);
        writer.array(&self.accepted_compression_types, version)?;
        writer.int32(self.push_interval_ms);
        writer.int32(self.telemetry_max_bytes);
        writer.bool(self.delta_temporality);
        writer.array(&self.requested_metrics, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(GetTelemetrySubscriptionsResponse<'a>, key 71, versions 0..=0, flexible from 0);

impl Request<'_> for GetTelemetrySubscriptionsRequest {
    const KEY: i16 = 71;
    type Response<'r> = GetTelemetrySubscriptionsResponse<'r>;
}
