//! DescribeAcls.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `DescribeAclsRequest` (key 29), versions 1-3, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeAclsRequest<'a> {
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

impl Default for DescribeAclsRequest<'_> {
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

impl<'a> Wire<'a> for DescribeAclsRequest<'a> {
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

message!(DescribeAclsRequest<'a>, key 29, versions 1..=3, flexible from 2);

/// `DescribeAclsResponse` (key 29), versions 1-3, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeAclsResponse<'a> {
    /// Int32, versions 1-3.
    pub throttle_time_ms: i32,
    /// Int16, versions 1-3.
    pub error_code: i16,
    /// String, versions 1-3, nullable.
    pub error_message: Option<&'a str>,
    /// Array of DescribeAclsResource, versions 1-3.
    pub resources: Array<'a, DescribeAclsResource<'a>>,
}

impl Default for DescribeAclsResponse<'_> {
    fn default() -> Self {
        Self { throttle_time_ms: 0, error_code: 0, error_message: Some(""), resources: Array::default() }
    }
}

impl<'a> Wire<'a> for DescribeAclsResponse<'a> {
    const BYTES_MIN: usize = 9;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            throttle_time_ms: reader.int32()?,
            error_code: reader.int16()?,
            error_message: reader.nullable_string()?,
            resources: reader.array(version)?,
        };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.int16(self.error_code);
        writer.nullable_string(self.error_message)?;
        writer.array(&self.resources, version)?;
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(DescribeAclsResponse<'a>, key 29, versions 1..=3, flexible from 2);

/// What `resources` holds, in a [`DescribeAclsResponse`] of versions 1-3.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeAclsResource<'a> {
    /// Int8, versions 1-3.
    pub resource_type: i8,
    /// String, versions 1-3.
    pub resource_name: &'a str,
    /// Int8, versions 1-3, default 3.
    pub pattern_type: i8,
    /// Array of AclDescription, versions 1-3.
    pub acls: Array<'a, AclDescription<'a>>,
}

impl Default for DescribeAclsResource<'_> {
    fn default() -> Self {
        Self { resource_type: 0, resource_name: "", pattern_type: 3, acls: Array::default() }
    }
}

impl<'a> Wire<'a> for DescribeAclsResource<'a> {
    const BYTES_MIN: usize = 5;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            resource_type: reader.int8()?,
            resource_name: reader.string()?,
            pattern_type: reader.int8()?,
            acls: reader.array(version)?,
        };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int8(self.resource_type);
        writer.string(self.resource_name)?;
        writer.int8(self.pattern_type);
        writer.array(&self.acls, version)?;
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `acls` holds, in a [`DescribeAclsResponse`] of versions 1-3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AclDescription<'a> {
    /// String, versions 1-3.
    pub principal: &'a str,
    /// String, versions 1-3.
    pub host: &'a str,
    /// Int8, versions 1-3.
    pub operation: i8,
    /// Int8, versions 1-3.
    pub permission_type: i8,
}

impl<'a> Wire<'a> for AclDescription<'a> {
    const BYTES_MIN: usize = 5;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
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

impl<'a> Request<'a> for DescribeAclsRequest<'a> {
    const KEY: i16 = 29;
    type Response<'r> = DescribeAclsResponse<'r>;
}
