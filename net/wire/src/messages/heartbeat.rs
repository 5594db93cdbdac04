//! Heartbeat.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Reader, Request, Wire, WireError, Writer, message};

/// `HeartbeatRequest` (key 12), versions 0-4, flexible from 4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeartbeatRequest<'a> {
    /// String, versions 0-4.
    pub group_id: &'a str,
    /// Int32, versions 0-4.
    pub generation_id: i32,
    /// String, versions 0-4.
    pub member_id: &'a str,
    /// String, versions 3-4, nullable, default null.
    pub group_instance_id: Option<&'a str>,
}

impl<'a> Wire<'a> for HeartbeatRequest<'a> {
    const BYTES_MIN: usize = 8;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            group_id: reader.string()?,
            generation_id: reader.int32()?,
            member_id: reader.string()?,
            group_instance_id: if version >= 3 { reader.nullable_string()? } else { None },
        };
        if version >= 4 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.group_id)?;
        writer.int32(self.generation_id);
        writer.string(self.member_id)?;
        if version >= 3 {
            writer.nullable_string(self.group_instance_id)?;
        } else if self.group_instance_id.is_some() {
            return Err(unsupported("GroupInstanceId", version));
        }
        if version >= 4 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(HeartbeatRequest<'a>, key 12, versions 0..=4, flexible from 4);

/// `HeartbeatResponse` (key 12), versions 0-4, flexible from 4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeartbeatResponse {
    /// Int32, versions 1-4, ignorable.
    pub throttle_time_ms: i32,
    /// Int16, versions 0-4.
    pub error_code: i16,
}

impl Wire<'_> for HeartbeatResponse {
    const BYTES_MIN: usize = 2;

    fn read(reader: &mut Reader<'_>, version: i16) -> Result<Self, WireError> {
        let value =
            Self { throttle_time_ms: if version >= 1 { reader.int32()? } else { 0 }, error_code: reader.int16()? };
        if version >= 4 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        if version >= 1 {
            writer.throttle_time_ms(self.throttle_time_ms);
        }
        writer.int16(self.error_code);
        if version >= 4 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(HeartbeatResponse, key 12, versions 0..=4, flexible from 4);

impl<'a> Request<'a> for HeartbeatRequest<'a> {
    const KEY: i16 = 12;
    type Response<'r> = HeartbeatResponse;
}

fn unsupported(field: &'static str, version: i16) -> WireError {
    WireError::UnsupportedField { field, version }
}
