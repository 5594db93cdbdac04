//! CreateAcls.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `CreateAclsRequest` (key 30), versions 1-3, flexible from 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreateAclsRequest<'a> {
    /// Array of AclCreation, versions 1-3.
    pub creations: Array<'a, AclCreation<'a>>,
}

impl<'a> Wire<'a> for CreateAclsRequest<'a> {
    const BYTES_MIN: usize = 2;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { creations: reader.array(version)? };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.array(&self.creations, version)?;
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(CreateAclsRequest<'a>, key 30, versions 1..=3, flexible from 2);

/// What `creations` holds, in a [`CreateAclsRequest`] of versions 1-3.
#[derive(Clone, Debug, PartialEq)]
pub struct AclCreation<'a> {
    /// Int8, versions 1-3.
    pub resource_type: i8,
    /// String, versions 1-3.
    pub resource_name: &'a str,
    /// Int8, versions 1-3, default 3.
    pub resource_pattern_type: i8,
    /// String, versions 1-3.
    pub principal: &'a str,
    /// String, versions 1-3.
    pub host: &'a str,
    /// Int8, versions 1-3.
    pub operation: i8,
    /// Int8, versions 1-3.
    pub permission_type: i8,
}

impl Default for AclCreation<'_> {
    fn default() -> Self {
        Self {
            resource_type: 0,
            resource_name: "",
            resource_pattern_type: 3,
            principal: "",
            host: "",
            operation: 0,
            permission_type: 0,
        }
    }
}

impl<'a> Wire<'a> for AclCreation<'a> {
    const BYTES_MIN: usize = 8;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            resource_type: reader.int8()?,
            resource_name: reader.string()?,
            resource_pattern_type: reader.int8()?,
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
        writer.int8(self.resource_type);
        writer.string(self.resource_name)?;
        writer.int8(self.resource_pattern_type);
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

/// `CreateAclsResponse` (key 30), versions 1-3, flexible from 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreateAclsResponse<'a> {
    /// Int32, versions 1-3.
    pub throttle_time_ms: i32,
    /// Array of AclCreationResult, versions 1-3.
    pub results: Array<'a, AclCreationResult<'a>>,
}

impl<'a> Wire<'a> for CreateAclsResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { throttle_time_ms: reader.int32()?, results: reader.array(version)? };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.array(&self.results, version)?;
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(CreateAclsResponse<'a>, key 30, versions 1..=3, flexible from 2);

/// What `results` holds, in a [`CreateAclsResponse`] of versions 1-3.
#[derive(Clone, Debug, PartialEq)]
pub struct AclCreationResult<'a> {
    /// Int16, versions 1-3.
    pub error_code: i16,
    /// String, versions 1-3, nullable.
    pub error_message: Option<&'a str>,
}

impl Default for AclCreationResult<'_> {
    fn default() -> Self {
        Self { error_code: 0, error_message: Some("") }
    }
}

impl<'a> Wire<'a> for AclCreationResult<'a> {
    const BYTES_MIN: usize = 4;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { error_code: reader.int16()?, error_message: reader.nullable_string()? };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int16(self.error_code);
        writer.nullable_string(self.error_message)?;
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

impl<'a> Request<'a> for CreateAclsRequest<'a> {
    const KEY: i16 = 30;
    type Response<'r> = CreateAclsResponse<'r>;
}
