//! AddRaftVoter.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `AddRaftVoterRequest` (key 80), versions 0-1, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct AddRaftVoterRequest<'a> {
    /// String, versions 0-1, nullable.
    pub cluster_id: Option<&'a str>,
    /// Int32, versions 0-1.
    pub timeout_ms: i32,
    /// Int32, versions 0-1.
    pub voter_id: i32,
    /// Uuid, versions 0-1.
    pub voter_directory_id: [u8; 16],
    /// Array of Listener, versions 0-1.
    pub listeners: Array<'a, Listener<'a>>,
    /// Bool, versions 1, default true.
    pub ack_when_committed: bool,
}

impl Default for AddRaftVoterRequest<'_> {
    fn default() -> Self {
        Self {
            cluster_id: Some(""),
            timeout_ms: 0,
            voter_id: 0,
            voter_directory_id: [0; 16],
            listeners: Array::default(),
            ack_when_committed: true,
        }
    }
}

impl<'a> Wire<'a> for AddRaftVoterRequest<'a> {
    const BYTES_MIN: usize = 27;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            cluster_id: reader.nullable_string()?,
            timeout_ms: reader.int32()?,
            voter_id: reader.int32()?,
            voter_directory_id: reader.uuid()?,
            listeners: reader.array(version)?,
            ack_when_committed: if version >= 1 { reader.bool()? } else { true },
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.nullable_string(self.cluster_id)?;
        writer.int32(self.timeout_ms);
        writer.int32(self.voter_id);
        writer.uuid(self.voter_directory_id);
        writer.array(&self.listeners, version)?;
        if version >= 1 {
            writer.bool(self.ack_when_committed);
        } else if !self.ack_when_committed {
            return Err(unsupported("AckWhenCommitted", version));
        }
        writer.no_tags();
        Ok(())
    }
}

message!(AddRaftVoterRequest<'a>, key 80, versions 0..=1, flexible from 0);

/// What `listeners` holds, in a [`AddRaftVoterRequest`] of versions 0-1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listener<'a> {
    /// String, versions 0-1.
    pub name: &'a str,
    /// String, versions 0-1.
    pub host: &'a str,
    /// Uint16, versions 0-1.
    pub port: u16,
}

impl<'a> Wire<'a> for Listener<'a> {
    const BYTES_MIN: usize = 5;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self { name: reader.string()?, host: reader.string()?, port: reader.uint16()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.string(self.host)?;
        writer.uint16(self.port);
        writer.no_tags();
        Ok(())
    }
}

/// `AddRaftVoterResponse` (key 80), versions 0-1, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct AddRaftVoterResponse<'a> {
    /// Int32, versions 0-1.
    pub throttle_time_ms: i32,
    /// Int16, versions 0-1.
    pub error_code: i16,
    /// String, versions 0-1, nullable, ignorable.
    pub error_message: Option<&'a str>,
}

impl Default for AddRaftVoterResponse<'_> {
    fn default() -> Self {
        Self { throttle_time_ms: 0, error_code: 0, error_message: Some("") }
    }
}

impl<'a> Wire<'a> for AddRaftVoterResponse<'a> {
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

message!(AddRaftVoterResponse<'a>, key 80, versions 0..=1, flexible from 0);

impl<'a> Request<'a> for AddRaftVoterRequest<'a> {
    const KEY: i16 = 80;
    type Response<'r> = AddRaftVoterResponse<'r>;
}

fn unsupported(field: &'static str, version: i16) -> WireError {
    WireError::UnsupportedField { field, version }
}
