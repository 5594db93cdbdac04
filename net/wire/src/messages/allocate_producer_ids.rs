//! AllocateProducerIds.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Reader, Request, Wire, WireError, Writer, message};

/// `AllocateProducerIdsRequest` (key 67), versions 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct AllocateProducerIdsRequest {
    /// Int32, versions 0.
    pub broker_id: i32,
    /// Int64, versions 0, default -1.
    pub broker_epoch: i64,
}

impl Default for AllocateProducerIdsRequest {
    fn default() -> Self {
        Self { broker_id: 0, broker_epoch: -1 }
    }
}

impl Wire<'_> for AllocateProducerIdsRequest {
    const BYTES_MIN: usize = 13;

    fn read(reader: &mut Reader<'_>, _version: i16) -> Result<Self, WireError> {
        let value = Self { broker_id: reader.int32()?, broker_epoch: reader.int64()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.int32(self.broker_id);
        writer.int64(self.broker_epoch);
        writer.no_tags();
        Ok(())
    }
}

message!(AllocateProducerIdsRequest, key 67, versions 0..=0, flexible from 0);

/// `AllocateProducerIdsResponse` (key 67), versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AllocateProducerIdsResponse {
    /// Int32, versions 0.
    pub throttle_time_ms: i32,
    /// Int16, versions 0.
    pub error_code: i16,
    /// Int64, versions 0.
    pub producer_id_start: i64,
    /// Int32, versions 0.
    pub producer_id_len: i32,
}

impl Wire<'_> for AllocateProducerIdsResponse {
    const BYTES_MIN: usize = 19;

    fn read(reader: &mut Reader<'_>, _version: i16) -> Result<Self, WireError> {
        let value = Self {
            throttle_time_ms: reader.int32()?,
            error_code: reader.int16()?,
            producer_id_start: reader.int64()?,
            producer_id_len: reader.int32()?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.int16(self.error_code);
        writer.int64(self.producer_id_start);
        writer.int32(self.producer_id_len);
        writer.no_tags();
        Ok(())
    }
}

message!(AllocateProducerIdsResponse, key 67, versions 0..=0, flexible from 0);

impl Request<'_> for AllocateProducerIdsRequest {
    const KEY: i16 = 67;
    type Response<'r> = AllocateProducerIdsResponse;
}
