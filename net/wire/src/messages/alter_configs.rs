//! AlterConfigs.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `AlterConfigsRequest` (key 33), versions 0-2, flexible from 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterConfigsRequest<'a> {
    /// Array of AlterConfigsResource, versions 0-2.
    pub resources: Array<'a, AlterConfigsResource<'a>>,
    /// Bool, versions 0-2.
    pub validate_only: bool,
}

impl<'a> Wire<'a> for AlterConfigsRequest<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { resources: reader.array(version)?, validate_only: reader.bool()? };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.array(&self.resources, version)?;
        writer.bool(self.validate_only);
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(AlterConfigsRequest<'a>, key 33, versions 0..=2, flexible from 2);

/// What `resources` holds, in a [`AlterConfigsRequest`] of versions 0-2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterConfigsResource<'a> {
    /// Int8, versions 0-2.
    pub resource_type: i8,
    /// String, versions 0-2.
    pub resource_name: &'a str,
    /// Array of AlterableConfig, versions 0-2.
    pub configs: Array<'a, AlterableConfig<'a>>,
}

impl<'a> Wire<'a> for AlterConfigsResource<'a> {
    const BYTES_MIN: usize = 4;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value =
            Self { resource_type: reader.int8()?, resource_name: reader.string()?, configs: reader.array(version)? };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int8(self.resource_type);
        writer.string(self.resource_name)?;
        writer.array(&self.configs, version)?;
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `configs` holds, in a [`AlterConfigsRequest`] of versions 0-2.
#[derive(Clone, Debug, PartialEq)]
pub struct AlterableConfig<'a> {
    /// String, versions 0-2.
    pub name: &'a str,
    /// String, versions 0-2, nullable.
    pub value: Option<&'a str>,
}

impl Default for AlterableConfig<'_> {
    fn default() -> Self {
        Self { name: "", value: Some("") }
    }
}

impl<'a> Wire<'a> for AlterableConfig<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { name: reader.string()?, value: reader.nullable_string()? };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.nullable_string(self.value)?;
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// `AlterConfigsResponse` (key 33), versions 0-2, flexible from 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterConfigsResponse<'a> {
    /// Int32, versions 0-2.
    pub throttle_time_ms: i32,
    /// Array of AlterConfigsResourceResponse, versions 0-2.
    pub responses: Array<'a, AlterConfigsResourceResponse<'a>>,
}

impl<'a> Wire<'a> for AlterConfigsResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { throttle_time_ms: reader.int32()?, responses: reader.array(version)? };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.array(&self.responses, version)?;
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(AlterConfigsResponse<'a>, key 33, versions 0..=2, flexible from 2);

/// What `responses` holds, in a [`AlterConfigsResponse`] of versions 0-2.
#[derive(Clone, Debug, PartialEq)]
pub struct AlterConfigsResourceResponse<'a> {
    /// Int16, versions 0-2.
    pub error_code: i16,
    /// String, versions 0-2, nullable.
    pub error_message: Option<&'a str>,
    /// Int8, versions 0-2.
    pub resource_type: i8,
    /// String, versions 0-2.
    pub resource_name: &'a str,
}

impl Default for AlterConfigsResourceResponse<'_> {
    fn default() -> Self {
        Self { error_code: 0, error_message: Some(""), resource_type: 0, resource_name: "" }
    }
}

impl<'a> Wire<'a> for AlterConfigsResourceResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            error_code: reader.int16()?,
            error_message: reader.nullable_string()?,
            resource_type: reader.int8()?,
            resource_name: reader.string()?,
        };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int16(self.error_code);
        writer.nullable_string(self.error_message)?;
        writer.int8(self.resource_type);
        writer.string(self.resource_name)?;
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

impl<'a> Request<'a> for AlterConfigsRequest<'a> {
    const KEY: i16 = 33;
    type Response<'r> = AlterConfigsResponse<'r>;
}
