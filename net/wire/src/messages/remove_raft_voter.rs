//! RemoveRaftVoter.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Reader, Request, Wire, WireError, Writer, message};

/// `RemoveRaftVoterRequest` (key 81), versions 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct RemoveRaftVoterRequest<'a> {
    /// String, versions 0, nullable.
    pub cluster_id: Option<&'a str>,
    /// Int32, versions 0.
    pub voter_id: i32,
    /// Uuid, versions 0.
    pub voter_directory_id: [u8; 16],
}

impl Default for RemoveRaftVoterRequest<'_> {
    fn default() -> Self {
        Self { cluster_id: Some(""), voter_id: 0, voter_directory_id: [0; 16] }
    }
}

impl<'a> Wire<'a> for RemoveRaftVoterRequest<'a> {
    const BYTES_MIN: usize = 22;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self {
            cluster_id: reader.nullable_string()?,
            voter_id: reader.int32()?,
            voter_directory_id: reader.uuid()?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.nullable_string(self.cluster_id)?;
        writer.int32(self.voter_id);
        writer.uuid(self.voter_directory_id);
        writer.no_tags();
        Ok(())
    }
}

message!(RemoveRaftVoterRequest<'a>, key 81, versions 0..=0, flexible from 0);

/// `RemoveRaftVoterResponse` (key 81), versions 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct RemoveRaftVoterResponse<'a> {
    /// Int32, versions 0.
    pub throttle_time_ms: i32,
    /// Int16, versions 0.
    pub error_code: i16,
    /// String, versions 0, nullable, ignorable.
    pub error_message: Option<&'a str>,
}

impl Default for RemoveRaftVoterResponse<'_> {
    fn default() -> Self {
        Self { throttle_time_ms: 0, error_code: 0, error_message: Some("") }
    }
}

impl<'a> Wire<'a> for RemoveRaftVoterResponse<'a> {
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

message!(RemoveRaftVoterResponse<'a>, key 81, versions 0..=0, flexible from 0);

impl<'a> Request<'a> for RemoveRaftVoterRequest<'a> {
    const KEY: i16 = 81;
    type Response<'r> = RemoveRaftVoterResponse<'r>;
}
