//! Envelope.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Reader, Request, Wire, WireError, Writer, message};

/// `EnvelopeRequest` (key 58), versions 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct EnvelopeRequest<'a> {
    /// Bytes, versions 0.
    pub request_data: &'a [u8],
    /// Bytes, versions 0, nullable.
    pub request_principal: Option<&'a [u8]>,
    /// Bytes, versions 0.
    pub client_host_address: &'a [u8],
}

impl Default for EnvelopeRequest<'_> {
    fn default() -> Self {
        Self { request_data: &[], request_principal: Some(&[]), client_host_address: &[] }
    }
}

impl<'a> Wire<'a> for EnvelopeRequest<'a> {
    const BYTES_MIN: usize = 4;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self {
            request_data: reader.bytes()?,
            request_principal: reader.nullable_bytes()?,
            client_host_address: reader.bytes()?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.bytes(self.request_data)?;
        writer.nullable_bytes(self.request_principal)?;
        writer.bytes(self.client_host_address)?;
        writer.no_tags();
        Ok(())
    }
}

message!(EnvelopeRequest<'a>, key 58, versions 0..=0, flexible from 0);

/// `EnvelopeResponse` (key 58), versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EnvelopeResponse<'a> {
    /// Bytes, versions 0, nullable, default null.
    pub response_data: Option<&'a [u8]>,
    /// Int16, versions 0.
    pub error_code: i16,
}

impl<'a> Wire<'a> for EnvelopeResponse<'a> {
    const BYTES_MIN: usize = 4;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self { response_data: reader.nullable_bytes()?, error_code: reader.int16()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.nullable_bytes(self.response_data)?;
        writer.int16(self.error_code);
        writer.no_tags();
        Ok(())
    }
}

message!(EnvelopeResponse<'a>, key 58, versions 0..=0, flexible from 0);

impl<'a> Request<'a> for EnvelopeRequest<'a> {
    const KEY: i16 = 58;
    type Response<'r> = EnvelopeResponse<'r>;
}
