//! AlterClientQuotas.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `AlterClientQuotasRequest` (key 49), versions 0-1, flexible from 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterClientQuotasRequest<'a> {
    /// Array of RequestEntryData, versions 0-1.
    pub entries: Array<'a, RequestEntryData<'a>>,
    /// Bool, versions 0-1.
    pub validate_only: bool,
}

impl<'a> Wire<'a> for AlterClientQuotasRequest<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { entries: reader.array(version)?, validate_only: reader.bool()? };
        if version >= 1 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.array(&self.entries, version)?;
        writer.bool(self.validate_only);
        if version >= 1 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(AlterClientQuotasRequest<'a>, key 49, versions 0..=1, flexible from 1);

/// What `entries` holds, in a [`AlterClientQuotasRequest`] of versions 0-1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestEntryData<'a> {
    /// Array of RequestEntityData, versions 0-1.
    pub entity: Array<'a, RequestEntityData<'a>>,
    /// Array of OpData, versions 0-1.
    pub ops: Array<'a, OpData<'a>>,
}

impl<'a> Wire<'a> for RequestEntryData<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { entity: reader.array(version)?, ops: reader.array(version)? };
        if version >= 1 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.array(&self.entity, version)?;
        writer.array(&self.ops, version)?;
        if version >= 1 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `entity` holds, in a [`AlterClientQuotasRequest`] of versions 0-1.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestEntityData<'a> {
    /// String, versions 0-1.
    pub entity_type: &'a str,
    /// String, versions 0-1, nullable.
    pub entity_name: Option<&'a str>,
}

impl Default for RequestEntityData<'_> {
    fn default() -> Self {
        Self { entity_type: "", entity_name: Some("") }
    }
}

impl<'a> Wire<'a> for RequestEntityData<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { entity_type: reader.string()?, entity_name: reader.nullable_string()? };
        if version >= 1 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.entity_type)?;
        writer.nullable_string(self.entity_name)?;
        if version >= 1 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `ops` holds, in a [`AlterClientQuotasRequest`] of versions 0-1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OpData<'a> {
    /// String, versions 0-1.
    pub key: &'a str,
    /// Float64, versions 0-1.
    pub value: f64,
    /// Bool, versions 0-1.
    pub remove: bool,
}

impl<'a> Wire<'a> for OpData<'a> {
    const BYTES_MIN: usize = 11;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { key: reader.string()?, value: reader.float64()?, remove: reader.bool()? };
        if version >= 1 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.key)?;
        writer.float64(self.value);
        writer.bool(self.remove);
        if version >= 1 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// `AlterClientQuotasResponse` (key 49), versions 0-1, flexible from 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterClientQuotasResponse<'a> {
    /// Int32, versions 0-1.
    pub throttle_time_ms: i32,
    /// Array of ResponseEntryData, versions 0-1.
    pub entries: Array<'a, ResponseEntryData<'a>>,
}

impl<'a> Wire<'a> for AlterClientQuotasResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { throttle_time_ms: reader.int32()?, entries: reader.array(version)? };
        if version >= 1 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.array(&self.entries, version)?;
        if version >= 1 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(AlterClientQuotasResponse<'a>, key 49, versions 0..=1, flexible from 1);

/// What `entries` holds, in a [`AlterClientQuotasResponse`] of versions 0-1.
#[derive(Clone, Debug, PartialEq)]
pub struct ResponseEntryData<'a> {
    /// Int16, versions 0-1.
    pub error_code: i16,
    /// String, versions 0-1, nullable.
    pub error_message: Option<&'a str>,
    /// Array of ResponseEntityData, versions 0-1.
    pub entity: Array<'a, ResponseEntityData<'a>>,
}

impl Default for ResponseEntryData<'_> {
    fn default() -> Self {
        Self { error_code: 0, error_message: Some(""), entity: Array::default() }
    }
}

impl<'a> Wire<'a> for ResponseEntryData<'a> {
    const BYTES_MIN: usize = 5;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            error_code: reader.int16()?,
            error_message: reader.nullable_string()?,
            entity: reader.array(version)?,
        };
        if version >= 1 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int16(self.error_code);
        writer.nullable_string(self.error_message)?;
        writer.array(&self.entity, version)?;
        if version >= 1 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `entity` holds, in a [`AlterClientQuotasResponse`] of versions 0-1.
#[derive(Clone, Debug, PartialEq)]
pub struct ResponseEntityData<'a> {
    /// String, versions 0-1.
    pub entity_type: &'a str,
    /// String, versions 0-1, nullable.
    pub entity_name: Option<&'a str>,
}

impl Default for ResponseEntityData<'_> {
    fn default() -> Self {
        Self { entity_type: "", entity_name: Some("") }
    }
}

impl<'a> Wire<'a> for ResponseEntityData<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { entity_type: reader.string()?, entity_name: reader.nullable_string()? };
        if version >= 1 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.entity_type)?;
        writer.nullable_string(self.entity_name)?;
        if version >= 1 {
            writer.no_tags();
        }
        Ok(())
    }
}

impl<'a> Request<'a> for AlterClientQuotasRequest<'a> {
    const KEY: i16 = 49;
    type Response<'r> = AlterClientQuotasResponse<'r>;
}
