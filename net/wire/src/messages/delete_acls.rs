//! DeleteAcls.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `DeleteAclsRequest` (key 31), versions 1-3, flexible from 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteAclsRequest<'a> {
    /// Array of DeleteAclsFilter, versions 1-3.
    pub filters: Array<'a, DeleteAclsFilter<'a>>,
}

impl<'a> Wire<'a> for DeleteAclsRequest<'a> {
    const BYTES_MIN: usize = 2;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { filters: reader.array(version)? };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.array(&self.filters, version)?;
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(DeleteAclsRequest<'a>, key 31, versions 1..=3, flexible from 2);

/// What `filters` holds, in a [`DeleteAclsRequest`] of versions 1-3.
#[derive(Clone, Debug, PartialEq)]
pub struct DeleteAclsFilter<'a> {
    /// Int8, versions 1-3.
    pub resource_type_filter: i8,
    /// String, versions 1-3, nullable.
    pub resource_name_filter: Option<&'a str>,
    /// Int8, versions 1-3, default 3.
    pub pattern_type_filter: i8,
    /// String, versions 1-3, nullable.
    pub principal_filter: Option<&'a str>,
    /// String, versions 1-3, nullable.
    pub host_filter: Option<&'a str>,
    /// Int8, versions 1-3.
    pub operation: i8,
    /// Int8, versions 1-3.
    pub permission_type: i8,
}

impl Default for DeleteAclsFilter<'_> {
    fn default() -> Self {
        Self {
            resource_type_filter: 0,
            resource_name_filter: Some(""),
            pattern_type_filter: 3,
            principal_filter: Some(""),
            host_filter: Some(""),
            operation: 0,
            permission_type: 0,
        }
    }
}

impl<'a> Wire<'a> for DeleteAclsFilter<'a> {
    const BYTES_MIN: usize = 8;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            resource_type_filter: reader.int8()?,
            resource_name_filter: reader.nullable_string()?,
            pattern_type_filter: reader.int8()?,
            principal_filter: reader.nullable_string()?,
            host_filter: reader.nullable_string()?,
            operation: reader.int8()?,
            permission_type: reader.int8()?,
        };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int8(self.resource_type_filter);
        writer.nullable_string(self.resource_name_filter)?;
        writer.int8(self.pattern_type_filter);
        writer.nullable_string(self.principal_filter)?;
        writer.nullable_string(self.host_filter)?;
        writer.int8(self.operation);
        writer.int8(self.permission_type);
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// `DeleteAclsResponse` (key 31), versions 1-3, flexible from 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteAclsResponse<'a> {
    /// Int32, versions 1-3.
    pub throttle_time_ms: i32,
    /// Array of DeleteAclsFilterResult, versions 1-3.
    pub filter_results: Array<'a, DeleteAclsFilterResult<'a>>,
}

impl<'a> Wire<'a> for DeleteAclsResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { throttle_time_ms: reader.int32()?, filter_results: reader.array(version)? };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.array(&self.filter_results, version)?;
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(DeleteAclsResponse<'a>, key 31, versions 1..=3, flexible from 2);

/// What `filter_results` holds, in a [`DeleteAclsResponse`] of versions 1-3.
#[derive(Clone, Debug, PartialEq)]
pub struct DeleteAclsFilterResult<'a> {
    /// Int16, versions 1-3.
    pub error_code: i16,
    /// String, versions 1-3, nullable.
    pub error_message: Option<&'a str>,
    /// Array of DeleteAclsMatchingAcl, versions 1-3.
    pub matching_acls: Array<'a, DeleteAclsMatchingAcl<'a>>,
}

impl Default for DeleteAclsFilterResult<'_> {
    fn default() -> Self {
        Self { error_code: 0, error_message: Some(""), matching_acls: Array::default() }
    }
}

impl<'a> Wire<'a> for DeleteAclsFilterResult<'a> {
    const BYTES_MIN: usize = 5;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            error_code: reader.int16()?,
            error_message: reader.nullable_string()?,
            matching_acls: reader.array(version)?,
        };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int16(self.error_code);
        writer.nullable_string(self.error_message)?;
        writer.array(&self.matching_acls, version)?;
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `matching_acls` holds, in a [`DeleteAclsResponse`] of versions 1-3.
#[derive(Clone, Debug, PartialEq)]
pub struct DeleteAclsMatchingAcl<'a> {
    /// Int16, versions 1-3.
    pub error_code: i16,
    /// String, versions 1-3, nullable.
    pub error_message: Option<&'a str>,
    /// Int8, versions 1-3.
    pub resource_type: i8,
    /// String, versions 1-3.
    pub resource_name: &'a str,
    /// Int8, versions 1-3, default 3.
    pub pattern_type: i8,
    /// String, versions 1-3.
    pub principal: &'a str,
    /// String, versions 1-3.
    pub host: &'a str,
    /// Int8, versions 1-3.
    pub operation: i8,
    /// Int8, versions 1-3.
    pub permission_type: i8,
}

impl Default for DeleteAclsMatchingAcl<'_> {
    fn default() -> Self {
        Self {
            error_code: 0,
            error_message: Some(""),
            resource_type: 0,
            resource_name: "",
            pattern_type: 3,
            principal: "",
            host: "",
            operation: 0,
            permission_type: 0,
        }
    }
}

impl<'a> Wire<'a> for DeleteAclsMatchingAcl<'a> {
    const BYTES_MIN: usize = 11;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            error_code: reader.int16()?,
            error_message: reader.nullable_string()?,
            resource_type: reader.int8()?,
            resource_name: reader.string()?,
            pattern_type: reader.int8()?,
            principal: reader.string()?,
            host: reader.string()?,
            operation: reader.int8()?,
            permission_type: reader.int8()?,
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
        writer.int8(self.pattern_type);
        writer.string(self.principal)?;
        writer.string(self.host)?;
        writer.int8(self.operation);
        writer.int8(self.permission_type);
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

impl<'a> Request<'a> for DeleteAclsRequest<'a> {
    const KEY: i16 = 31;
    type Response<'r> = DeleteAclsResponse<'r>;
}
