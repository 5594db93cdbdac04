//! DescribeConfigs.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `DescribeConfigsRequest` (key 32), versions 1-4, flexible from 4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeConfigsRequest<'a> {
    /// Array of DescribeConfigsResource, versions 1-4.
    pub resources: Array<'a, DescribeConfigsResource<'a>>,
    /// Bool, versions 1-4, default false.
    pub include_synonyms: bool,
    /// Bool, versions 3-4, default false.
    pub include_documentation: bool,
}

impl<'a> Wire<'a> for DescribeConfigsRequest<'a> {
    const BYTES_MIN: usize = 4;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            resources: reader.array(version)?,
            include_synonyms: reader.bool()?,
            include_documentation: if version >= 3 { reader.bool()? } else { false },
        };
        if version >= 4 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.array(&self.resources, version)?;
        writer.bool(self.include_synonyms);
        if version >= 3 {
            writer.bool(self.include_documentation);
        } else if self.include_documentation {
            return Err(unsupported("IncludeDocumentation", version));
        }
        if version >= 4 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(DescribeConfigsRequest<'a>, key 32, versions 1..=4, flexible from 4);

/// What `resources` holds, in a [`DescribeConfigsRequest`] of versions 1-4.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeConfigsResource<'a> {
    /// Int8, versions 1-4.
    pub resource_type: i8,
    /// String, versions 1-4.
    pub resource_name: &'a str,
    /// Array of string, versions 1-4, nullable.
    pub configuration_keys: Option<Array<'a, &'a str>>,
}

impl Default for DescribeConfigsResource<'_> {
    fn default() -> Self {
        Self { resource_type: 0, resource_name: "", configuration_keys: Some(Array::default()) }
    }
}

impl<'a> Wire<'a> for DescribeConfigsResource<'a> {
    const BYTES_MIN: usize = 4;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            resource_type: reader.int8()?,
            resource_name: reader.string()?,
            configuration_keys: reader.nullable_array(version)?,
        };
        if version >= 4 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int8(self.resource_type);
        writer.string(self.resource_name)?;
        writer.nullable_array(self.configuration_keys.as_ref(), version)?;
        if version >= 4 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// `DescribeConfigsResponse` (key 32), versions 1-4, flexible from 4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeConfigsResponse<'a> {
    /// Int32, versions 1-4.
    pub throttle_time_ms: i32,
    /// Array of DescribeConfigsResult, versions 1-4.
    pub results: Array<'a, DescribeConfigsResult<'a>>,
}

impl<'a> Wire<'a> for DescribeConfigsResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { throttle_time_ms: reader.int32()?, results: reader.array(version)? };
        if version >= 4 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.array(&self.results, version)?;
        if version >= 4 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(DescribeConfigsResponse<'a>, key 32, versions 1..=4, flexible from 4);

/// What `results` holds, in a [`DescribeConfigsResponse`] of versions 1-4.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeConfigsResult<'a> {
    /// Int16, versions 1-4.
    pub error_code: i16,
    /// String, versions 1-4, nullable.
    pub error_message: Option<&'a str>,
    /// Int8, versions 1-4.
    pub resource_type: i8,
    /// String, versions 1-4.
    pub resource_name: &'a str,
    /// Array of DescribeConfigsResourceResult, versions 1-4.
    pub configs: Array<'a, DescribeConfigsResourceResult<'a>>,
}

impl Default for DescribeConfigsResult<'_> {
    fn default() -> Self {
        Self { error_code: 0, error_message: Some(""), resource_type: 0, resource_name: "", configs: Array::default() }
    }
}

impl<'a> Wire<'a> for DescribeConfigsResult<'a> {
    const BYTES_MIN: usize = 7;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            error_code: reader.int16()?,
            error_message: reader.nullable_string()?,
            resource_type: reader.int8()?,
            resource_name: reader.string()?,
            configs: reader.array(version)?,
        };
        if version >= 4 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int16(self.error_code);
        writer.nullable_string(self.error_message)?;
        writer.int8(self.resource_type);
        writer.string(self.resource_name)?;
        writer.array(&self.configs, version)?;
        if version >= 4 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `configs` holds, in a [`DescribeConfigsResponse`] of versions 1-4.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeConfigsResourceResult<'a> {
    /// String, versions 1-4.
    pub name: &'a str,
    /// String, versions 1-4, nullable.
    pub value: Option<&'a str>,
    /// Bool, versions 1-4.
    pub read_only: bool,
    /// Int8, versions 1-4, default -1, ignorable.
    pub config_source: i8,
    /// Bool, versions 1-4.
    pub is_sensitive: bool,
    /// Array of DescribeConfigsSynonym, versions 1-4, ignorable.
    pub synonyms: Array<'a, DescribeConfigsSynonym<'a>>,
    /// Int8, versions 3-4, default 0, ignorable.
    pub config_type: i8,
    /// String, versions 3-4, nullable, ignorable.
    pub documentation: Option<&'a str>,
}

impl Default for DescribeConfigsResourceResult<'_> {
    fn default() -> Self {
        Self {
            name: "",
            value: Some(""),
            read_only: false,
            config_source: -1,
            is_sensitive: false,
            synonyms: Array::default(),
            config_type: 0,
            documentation: Some(""),
        }
    }
}

impl<'a> Wire<'a> for DescribeConfigsResourceResult<'a> {
    const BYTES_MIN: usize = 9;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            name: reader.string()?,
            value: reader.nullable_string()?,
            read_only: reader.bool()?,
            config_source: reader.int8()?,
            is_sensitive: reader.bool()?,
            synonyms: reader.array(version)?,
            config_type: if version >= 3 { reader.int8()? } else { 0 },
            documentation: if version >= 3 { reader.nullable_string()? } else { Some("") },
        };
        if version >= 4 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.nullable_string(self.value)?;
        writer.bool(self.read_only);
        writer.int8(self.config_source);
        writer.bool(self.is_sensitive);
        writer.array(&self.synonyms, version)?;
        if version >= 3 {
            writer.int8(self.config_type);
        }
        if version >= 3 {
            writer.nullable_string(self.documentation)?;
        }
        if version >= 4 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `synonyms` holds, in a [`DescribeConfigsResponse`] of versions 1-4.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeConfigsSynonym<'a> {
    /// String, versions 1-4.
    pub name: &'a str,
    /// String, versions 1-4, nullable.
    pub value: Option<&'a str>,
    /// Int8, versions 1-4.
    pub source: i8,
}

impl Default for DescribeConfigsSynonym<'_> {
    fn default() -> Self {
        Self { name: "", value: Some(""), source: 0 }
    }
}

impl<'a> Wire<'a> for DescribeConfigsSynonym<'a> {
    const BYTES_MIN: usize = 4;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { name: reader.string()?, value: reader.nullable_string()?, source: reader.int8()? };
        if version >= 4 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.nullable_string(self.value)?;
        writer.int8(self.source);
        if version >= 4 {
            writer.no_tags();
        }
        Ok(())
    }
}

impl<'a> Request<'a> for DescribeConfigsRequest<'a> {
    const KEY: i16 = 32;
    type Response<'r> = DescribeConfigsResponse<'r>;
}

fn unsupported(field: &'static str, version: i16) -> WireError {
    WireError::UnsupportedField { field, version }
}
