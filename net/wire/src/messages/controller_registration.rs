//! ControllerRegistration.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `ControllerRegistrationRequest` (key 70), versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ControllerRegistrationRequest<'a> {
    /// Int32, versions 0.
    pub controller_id: i32,
    /// Uuid, versions 0.
    pub incarnation_id: [u8; 16],
    /// Bool, versions 0.
    pub zk_migration_ready: bool,
    /// Array of Listener, versions 0.
    pub listeners: Array<'a, Listener<'a>>,
    /// Array of Feature, versions 0.
    pub features: Array<'a, Feature<'a>>,
}

impl<'a> Wire<'a> for ControllerRegistrationRequest<'a> {
    const BYTES_MIN: usize = 24;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            controller_id: reader.int32()?,
            incarnation_id: reader.uuid()?,
            zk_migration_ready: reader.bool()?,
            listeners: reader.array(version)?,
            features: reader.array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.controller_id);
        writer.uuid(self.incarnation_id);
        writer.bool(self.zk_migration_ready);
        writer.array(&self.listeners, version)?;
        writer.array(&self.features, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(ControllerRegistrationRequest<'a>, key 70, versions 0..=0, flexible from 0);

/// What `listeners` holds, in a [`ControllerRegistrationRequest`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listener<'a> {
    /// String, versions 0.
    pub name: &'a str,
    /// String, versions 0.
    pub host: &'a str,
    /// Uint16, versions 0.
    pub port: u16,
    /// Int16, versions 0.
    pub security_protocol: i16,
}

impl<'a> Wire<'a> for Listener<'a> {
    const BYTES_MIN: usize = 7;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self {
            name: reader.string()?,
            host: reader.string()?,
            port: reader.uint16()?,
            security_protocol: reader.int16()?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.string(self.host)?;
        writer.uint16(self.port);
        writer.int16(self.security_protocol);
        writer.no_tags();
        Ok(())
    }
}

/// What `features` holds, in a [`ControllerRegistrationRequest`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Feature<'a> {
    /// String, versions 0.
    pub name: &'a str,
    /// Int16, versions 0.
    pub min_supported_version: i16,
    /// Int16, versions 0.
    pub max_supported_version: i16,
}

impl<'a> Wire<'a> for Feature<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self {
            name: reader.string()?,
            min_supported_version: reader.int16()?,
            max_supported_version: reader.int16()?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.int16(self.min_supported_version);
        writer.int16(self.max_supported_version);
        writer.no_tags();
        Ok(())
    }
}

/// `ControllerRegistrationResponse` (key 70), versions 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ControllerRegistrationResponse<'a> {
    /// Int32, versions 0.
    pub throttle_time_ms: i32,
    /// Int16, versions 0.
    pub error_code: i16,
    /// String, versions 0, nullable.
    pub error_message: Option<&'a str>,
}

impl Default for ControllerRegistrationResponse<'_> {
    fn default() -> Self {
        Self { throttle_time_ms: 0, error_code: 0, error_message: Some("") }
    }
}

impl<'a> Wire<'a> for ControllerRegistrationResponse<'a> {
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

message!(ControllerRegistrationResponse<'a>, key 70, versions 0..=0, flexible from 0);

impl<'a> Request<'a> for ControllerRegistrationRequest<'a> {
    const KEY: i16 = 70;
    type Response<'r> = ControllerRegistrationResponse<'r>;
}
