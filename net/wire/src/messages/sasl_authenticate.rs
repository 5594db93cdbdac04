//! SaslAuthenticate.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Reader, Request, Wire, WireError, Writer, message};

/// `SaslAuthenticateRequest` (key 36), versions 0-2, flexible from 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SaslAuthenticateRequest<'a> {
    /// Bytes, versions 0-2.
    pub auth_bytes: &'a [u8],
}

impl<'a> Wire<'a> for SaslAuthenticateRequest<'a> {
    const BYTES_MIN: usize = 2;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { auth_bytes: reader.bytes()? };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.bytes(self.auth_bytes)?;
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(SaslAuthenticateRequest<'a>, key 36, versions 0..=2, flexible from 2);

/// `SaslAuthenticateResponse` (key 36), versions 0-2, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct SaslAuthenticateResponse<'a> {
    /// Int16, versions 0-2.
    pub error_code: i16,
    /// String, versions 0-2, nullable.
    pub error_message: Option<&'a str>,
    /// Bytes, versions 0-2.
    pub auth_bytes: &'a [u8],
    /// Int64, versions 1-2, default 0, ignorable.
    pub session_lifetime_ms: i64,
}

impl Default for SaslAuthenticateResponse<'_> {
    fn default() -> Self {
        Self { error_code: 0, error_message: Some(""), auth_bytes: &[], session_lifetime_ms: 0 }
    }
}

impl<'a> Wire<'a> for SaslAuthenticateResponse<'a> {
    const BYTES_MIN: usize = 8;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            error_code: reader.int16()?,
            error_message: reader.nullable_string()?,
            auth_bytes: reader.bytes()?,
            session_lifetime_ms: if version >= 1 { reader.int64()? } else { 0 },
        };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int16(self.error_code);
        writer.nullable_string(self.error_message)?;
        writer.bytes(self.auth_bytes)?;
        if version >= 1 {
            writer.int64(self.session_lifetime_ms);
        }
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(SaslAuthenticateResponse<'a>, key 36, versions 0..=2, flexible from 2);

impl<'a> Request<'a> for SaslAuthenticateRequest<'a> {
    const KEY: i16 = 36;
    type Response<'r> = SaslAuthenticateResponse<'r>;
}
