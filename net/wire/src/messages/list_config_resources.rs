//! ListConfigResources.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `ListConfigResourcesRequest` (key 74), versions 0-1, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListConfigResourcesRequest<'a> {
    /// Array of int8, versions 1.
    pub resource_types: Array<'a, i8>,
}

impl<'a> Wire<'a> for ListConfigResourcesRequest<'a> {
    const BYTES_MIN: usize = 1;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { resource_types: if version >= 1 { reader.array(version)? } else { Array::default() } };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        if version >= 1 {
            writer.array(&self.resource_types, version)?;
        } else if !self.resource_types.is_empty() {
            return Err(unsupported("ResourceTypes", version));
        }
        writer.no_tags();
        Ok(())
    }
}

message!(ListConfigResourcesRequest<'a>, key 74, versions 0..=1, flexible from 0);

/// `ListConfigResourcesResponse` (key 74), versions 0-1, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListConfigResourcesResponse<'a> {
    /// Int32, versions 0-1.
    pub throttle_time_ms: i32,
    /// Int16, versions 0-1.
    pub error_code: i16,
    /// Array of ConfigResource, versions 0-1.
    pub config_resources: Array<'a, ConfigResource<'a>>,
}

impl<'a> Wire<'a> for ListConfigResourcesResponse<'a> {
    const BYTES_MIN: usize = 8;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            throttle_time_ms: reader.int32()?,
            error_code: reader.int16()?,
            config_resources: reader.array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.int16(self.error_code);
        writer.array(&self.config_resources, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(ListConfigResourcesResponse<'a>, key 74, versions 0..=1, flexible from 0);

/// What `config_resources` holds, in a [`ListConfigResourcesResponse`] of versions 0-1.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigResource<'a> {
    /// String, versions 0-1.
    pub resource_name: &'a str,
    /// Int8, versions 1, default 16, ignorable.
    pub resource_type: i8,
}

impl Default for ConfigResource<'_> {
    fn default() -> Self {
        Self { resource_name: "", resource_type: 16 }
    }
}

impl<'a> Wire<'a> for ConfigResource<'a> {
    const BYTES_MIN: usize = 2;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value =
            Self { resource_name: reader.string()?, resource_type: if version >= 1 { reader.int8()? } else { 16 } };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.resource_name)?;
        if version >= 1 {
            writer.int8(self.resource_type);
        }
        writer.no_tags();
        Ok(())
    }
}

impl<'a> Request<'a> for ListConfigResourcesRequest<'a> {
    const KEY: i16 = 74;
    type Response<'r> = ListConfigResourcesResponse<'r>;
}

fn unsupported(field: &'static str, version: i16) -> WireError {
    WireError::UnsupportedField { field, version }
}
