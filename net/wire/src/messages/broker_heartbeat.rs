//! BrokerHeartbeat.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `BrokerHeartbeatRequest` (key 63), versions 0-2, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct BrokerHeartbeatRequest<'a> {
    /// Int32, versions 0-2.
    pub broker_id: i32,
    /// Int64, versions 0-2, default -1.
    pub broker_epoch: i64,
    /// Int64, versions 0-2.
    pub current_metadata_offset: i64,
    /// Bool, versions 0-2.
    pub want_fence: bool,
    /// Bool, versions 0-2.
    pub want_shut_down: bool,
    /// Array of uuid, versions 1-2, tag 0.
    pub offline_log_dirs: Array<'a, [u8; 16]>,
    /// Array of uuid, versions 2, nullable, tag 1, default null.
    pub cordoned_log_dirs: Option<Array<'a, [u8; 16]>>,
}

impl Default for BrokerHeartbeatRequest<'_> {
    fn default() -> Self {
        Self {
            broker_id: 0,
            broker_epoch: -1,
            current_metadata_offset: 0,
            want_fence: false,
            want_shut_down: false,
            offline_log_dirs: Array::default(),
            cordoned_log_dirs: None,
        }
    }
}

impl<'a> Wire<'a> for BrokerHeartbeatRequest<'a> {
    const BYTES_MIN: usize = 23;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let mut value = Self {
            broker_id: reader.int32()?,
            broker_epoch: reader.int64()?,
            current_metadata_offset: reader.int64()?,
            want_fence: reader.bool()?,
            want_shut_down: reader.bool()?,
            offline_log_dirs: Array::default(),
            cordoned_log_dirs: None,
        };
        let mut tags = reader.tags()?;
        while let Some((tag, mut field)) = reader.next_tag(&mut tags)? {
            match tag {
                0 if version >= 1 => value.offline_log_dirs = field.array(version)?,
                1 if version >= 2 => value.cordoned_log_dirs = field.nullable_array(version)?,
                _ => continue,
            }
            field.finish()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.broker_id);
        writer.int64(self.broker_epoch);
        writer.int64(self.current_metadata_offset);
        writer.bool(self.want_fence);
        writer.bool(self.want_shut_down);
        if version < 1 && !self.offline_log_dirs.is_empty() {
            return Err(unsupported("OfflineLogDirs", version));
        }
        if version < 2 && self.cordoned_log_dirs.is_some() {
            return Err(unsupported("CordonedLogDirs", version));
        }
        let mut tags = writer.tags();
        if version >= 1 && !self.offline_log_dirs.is_empty() {
            let start = writer.tag(&mut tags, 0);
            writer.array(&self.offline_log_dirs, version)?;
            writer.tag_end(start);
        }
        if version >= 2 && self.cordoned_log_dirs.is_some() {
            let start = writer.tag(&mut tags, 1);
            writer.nullable_array(self.cordoned_log_dirs.as_ref(), version)?;
            writer.tag_end(start);
        }
        writer.tags_end(&tags);
        Ok(())
    }
}

message!(BrokerHeartbeatRequest<'a>, key 63, versions 0..=2, flexible from 0);

/// `BrokerHeartbeatResponse` (key 63), versions 0-2, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct BrokerHeartbeatResponse {
    /// Int32, versions 0-2.
    pub throttle_time_ms: i32,
    /// Int16, versions 0-2.
    pub error_code: i16,
    /// Bool, versions 0-2, default false.
    pub is_caught_up: bool,
    /// Bool, versions 0-2, default true.
    pub is_fenced: bool,
    /// Bool, versions 0-2.
    pub should_shut_down: bool,
}

impl Default for BrokerHeartbeatResponse {
    fn default() -> Self {
        Self { throttle_time_ms: 0, error_code: 0, is_caught_up: false, is_fenced: true, should_shut_down: false }
    }
}

impl Wire<'_> for BrokerHeartbeatResponse {
    const BYTES_MIN: usize = 10;

    fn read(reader: &mut Reader<'_>, _version: i16) -> Result<Self, WireError> {
        let value = Self {
            throttle_time_ms: reader.int32()?,
            error_code: reader.int16()?,
            is_caught_up: reader.bool()?,
            is_fenced: reader.bool()?,
            should_shut_down: reader.bool()?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.int16(self.error_code);
        writer.bool(self.is_caught_up);
        writer.bool(self.is_fenced);
        writer.bool(self.should_shut_down);
        writer.no_tags();
        Ok(())
    }
}

message!(BrokerHeartbeatResponse, key 63, versions 0..=2, flexible from 0);

impl<'a> Request<'a> for BrokerHeartbeatRequest<'a> {
    const KEY: i16 = 63;
    type Response<'r> = BrokerHeartbeatResponse;
}

fn unsupported(field: &'static str, version: i16) -> WireError {
    WireError::UnsupportedField { field, version }
}
