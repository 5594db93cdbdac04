//! IncrementalAlterConfigs.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `IncrementalAlterConfigsRequest` (key 44), versions 0-1, flexible from 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IncrementalAlterConfigsRequest<'a> {
    /// Array of AlterConfigsResource, versions 0-1.
    pub resources: Array<'a, AlterConfigsResource<'a>>,
    /// Bool, versions 0-1.
    pub validate_only: bool,
}

impl<'a> Wire<'a> for IncrementalAlterConfigsRequest<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { resources: reader.array(version)?, validate_only: reader.bool()? };
        if version >= 1 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.array(&self.resources, version)?;
        writer.bool(self.validate_only);
        if version >= 1 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(IncrementalAlterConfigsRequest<'a>, key 44, versions 0..=1, flexible from 1);

/// What `resources` holds, in a [`IncrementalAlterConfigsRequest`] of versions 0-1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterConfigsResource<'a> {
    /// Int8, versions 0-1.
    pub resource_type: i8,
    /// String, versions 0-1.
    pub resource_name: &'a str,
    /// Array of AlterableConfig, versions 0-1.
    pub configs: Array<'a, AlterableConfig<'a>>,
}

impl<'a> Wire<'a> for AlterConfigsResource<'a> {
    const BYTES_MIN: usize = 4;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value =
            Self { resource_type: reader.int8()?, resource_name: reader.string()?, configs: reader.array(version)? };
        if version >= 1 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int8(self.resource_type);
        writer.string(self.resource_name)?;
        writer.array(&self.configs, version)?;
        if version >= 1 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `configs` holds, in a [`IncrementalAlterConfigsRequest`] of versions 0-1.
#[derive(Clone, Debug, PartialEq)]
pub struct AlterableConfig<'a> {
    /// String, versions 0-1.
    pub name: &'a str,
    /// Int8, versions 0-1.
    pub config_operation: i8,
    /// String, versions 0-1, nullable.
    pub value: Option<&'a str>,
}

impl Default for AlterableConfig<'_> {
    fn default() -> Self {
        Self { name: "", config_operation: 0, value: Some("") }
    }
}

impl<'a> Wire<'a> for AlterableConfig<'a> {
    const BYTES_MIN: usize = 4;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { name: reader.string()?, config_operation: reader.int8()?, value: reader.nullable_string()? };
        if version >= 1 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.int8(self.config_operation);
        writer.nullable_string(self.value)?;
        if version >= 1 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// `IncrementalAlterConfigsResponse` (key 44), versions 0-1, flexible from 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IncrementalAlterConfigsResponse<'a> {
    /// Int32, versions 0-1.
    pub throttle_time_ms: i32,
    /// Array of AlterConfigsResourceResponse, versions 0-1.
    pub responses: Array<'a, AlterConfigsResourceResponse<'a>>,
}

impl<'a> Wire<'a> for IncrementalAlterConfigsResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { throttle_time_ms: reader.int32()?, responses: reader.array(version)? };
        if version >= 1 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.array(&self.responses, version)?;
        if version >= 1 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(IncrementalAlterConfigsResponse<'a>, key 44, versions 0..=1, flexible from 1);

/// What `responses` holds, in a [`IncrementalAlterConfigsResponse`] of versions 0-1.
#[derive(Clone, Debug, PartialEq)]
pub struct AlterConfigsResourceResponse<'a> {
    /// Int16, versions 0-1.
    pub error_code: i16,
    /// String, versions 0-1, nullable.
    pub error_message: Option<&'a str>,
    /// Int8, versions 0-1.
    pub resource_type: i8,
    /// String, versions 0-1.
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
        if version >= 1 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int16(self.error_code);
        writer.nullable_string(self.error_message)?;
        writer.int8(self.resource_type);
        writer.string(self.resource_name)?;
        if version >= 1 {
            writer.no_tags();
        }
        Ok(())
    }
}

impl<'a> Request<'a> for IncrementalAlterConfigsRequest<'a> {
    const KEY: i16 = 44;
    type Response<'r> = IncrementalAlterConfigsResponse<'r>;
}
