//! SaslHandshake.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `SaslHandshakeRequest` (key 17), versions 0-1, never flexible.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SaslHandshakeRequest<'a> {
    /// String, versions 0-1.
    pub mechanism: &'a str,
}

impl<'a> Wire<'a> for SaslHandshakeRequest<'a> {
    const BYTES_MIN: usize = 2;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        Ok(Self { mechanism: reader.string()? })
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.mechanism)?;
        Ok(())
    }
}

message!(SaslHandshakeRequest<'a>, key 17, versions 0..=1, flexible from millrace_schema::NEVER_FLEXIBLE);

/// `SaslHandshakeResponse` (key 17), versions 0-1, never flexible.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SaslHandshakeResponse<'a> {
    /// Int16, versions 0-1.
    pub error_code: i16,
    /// Array of string, versions 0-1.
    pub mechanisms: Array<'a, &'a str>,
}

impl<'a> Wire<'a> for SaslHandshakeResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        Ok(Self { error_code: reader.int16()?, mechanisms: reader.array(version)? })
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int16(self.error_code);
        writer.array(&self.mechanisms, version)?;
        Ok(())
    }
}

message!(SaslHandshakeResponse<'a>, key 17, versions 0..=1, flexible from millrace_schema::NEVER_FLEXIBLE);

impl<'a> Request<'a> for SaslHandshakeRequest<'a> {
    const KEY: i16 = 17;
    type Response<'r> = SaslHandshakeResponse<'r>;
}
