//! DescribeClientQuotas.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `DescribeClientQuotasRequest` (key 48), versions 0-1, flexible from 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeClientQuotasRequest<'a> {
    /// Array of ComponentData, versions 0-1.
    pub components: Array<'a, ComponentData<'a>>,
    /// Bool, versions 0-1.
    pub strict: bool,
}

impl<'a> Wire<'a> for DescribeClientQuotasRequest<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { components: reader.array(version)?, strict: reader.bool()? };
        if version >= 1 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.array(&self.components, version)?;
        writer.bool(self.strict);
        if version >= 1 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(DescribeClientQuotasRequest<'a>, key 48, versions 0..=1, flexible from 1);

/// What `components` holds, in a [`DescribeClientQuotasRequest`] of versions 0-1.
#[derive(Clone, Debug, PartialEq)]
pub struct ComponentData<'a> {
    /// String, versions 0-1.
    pub entity_type: &'a str,
    /// Int8, versions 0-1.
    pub match_type: i8,
    /// String, versions 0-1, nullable.
    pub r#match: Option<&'a str>,
}

impl Default for ComponentData<'_> {
    fn default() -> Self {
        Self { entity_type: "", match_type: 0, r#match: Some("") }
    }
}

impl<'a> Wire<'a> for ComponentData<'a> {
    const BYTES_MIN: usize = 4;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value =
            Self { entity_type: reader.string()?, match_type: reader.int8()?, r#match: reader.nullable_string()? };
        if version >= 1 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.entity_type)?;
        writer.int8(self.match_type);
        writer.nullable_string(self.r#match)?;
        if version >= 1 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// `DescribeClientQuotasResponse` (key 48), versions 0-1, flexible from 1.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeClientQuotasResponse<'a> {
    /// Int32, versions 0-1.
    pub throttle_time_ms: i32,
    /// Int16, versions 0-1.
    pub error_code: i16,
    /// String, versions 0-1, nullable.
    pub error_message: Option<&'a str>,
    /// Array of EntryData, versions 0-1, nullable.
    pub entries: Option<Array<'a, EntryData<'a>>>,
}

impl Default for DescribeClientQuotasResponse<'_> {
    fn default() -> Self {
        Self { throttle_time_ms: 0, error_code: 0, error_message: Some(""), entries: Some(Array::default()) }
    }
}

impl<'a> Wire<'a> for DescribeClientQuotasResponse<'a> {
    const BYTES_MIN: usize = 9;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            throttle_time_ms: reader.int32()?,
            error_code: reader.int16()?,
            error_message: reader.nullable_string()?,
            entries: reader.nullable_array(version)?,
        };
        if version >= 1 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.int16(self.error_code);
        writer.nullable_string(self.error_message)?;
        writer.nullable_array(self.entries.as_ref(), version)?;
        if version >= 1 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(DescribeClientQuotasResponse<'a>, key 48, versions 0..=1, flexible from 1);

/// What `entries` holds, in a [`DescribeClientQuotasResponse`] of versions 0-1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EntryData<'a> {
    /// Array of EntityData, versions 0-1.
    pub entity: Array<'a, EntityData<'a>>,
    /// Array of ValueData, versions 0-1.
    pub values: Array<'a, ValueData<'a>>,
}

impl<'a> Wire<'a> for EntryData<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { entity: reader.array(version)?, values: reader.array(version)? };
        if version >= 1 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.array(&self.entity, version)?;
        writer.array(&self.values, version)?;
        if version >= 1 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `entity` holds, in a [`DescribeClientQuotasResponse`] of versions 0-1.
#[derive(Clone, Debug, PartialEq)]
pub struct EntityData<'a> {
    /// String, versions 0-1.
    pub entity_type: &'a str,
    /// String, versions 0-1, nullable.
    pub entity_name: Option<&'a str>,
}

impl Default for EntityData<'_> {
    fn default() -> Self {
        Self { entity_type: "", entity_name: Some("") }
    }
}

impl<'a> Wire<'a> for EntityData<'a> {
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

/// What `values` holds, in a [`DescribeClientQuotasResponse`] of versions 0-1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ValueData<'a> {
    /// String, versions 0-1.
    pub key: &'a str,
    /// Float64, versions 0-1.
    pub value: f64,
}

impl<'a> Wire<'a> for ValueData<'a> {
    const BYTES_MIN: usize = 10;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { key: reader.string()?, value: reader.float64()? };
        if version >= 1 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.key)?;
        writer.float64(self.value);
        if version >= 1 {
            writer.no_tags();
        }
        Ok(())
    }
}

impl<'a> Request<'a> for DescribeClientQuotasRequest<'a> {
    const KEY: i16 = 48;
    type Response<'r> = DescribeClientQuotasResponse<'r>;
}
