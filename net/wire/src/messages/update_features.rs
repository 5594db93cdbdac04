//! UpdateFeatures.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `UpdateFeaturesRequest` (key 57), versions 0-2, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateFeaturesRequest<'a> {
    /// Int32, versions 0-2, default 60000.
    pub timeout_ms: i32,
    /// Array of FeatureUpdateKey, versions 0-2.
    pub feature_updates: Array<'a, FeatureUpdateKey<'a>>,
    /// Bool, versions 1-2, default false.
    pub validate_only: bool,
}

impl Default for UpdateFeaturesRequest<'_> {
    fn default() -> Self {
        Self { timeout_ms: 60000, feature_updates: Array::default(), validate_only: false }
    }
}

impl<'a> Wire<'a> for UpdateFeaturesRequest<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            timeout_ms: reader.int32()?,
            feature_updates: reader.array(version)?,
            validate_only: if version >= 1 { reader.bool()? } else { false },
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.timeout_ms);
        writer.array(&self.feature_updates, version)?;
        if version >= 1 {
            writer.bool(self.validate_only);
        } else if self.validate_only {
            return Err(unsupported("ValidateOnly", version));
        }
        writer.no_tags();
        Ok(())
    }
}

message!(UpdateFeaturesRequest<'a>, key 57, versions 0..=2, flexible from 0);

/// What `feature_updates` holds, in a [`UpdateFeaturesRequest`] of versions 0-2.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureUpdateKey<'a> {
    /// String, versions 0-2.
    pub feature: &'a str,
    /// Int16, versions 0-2.
    pub max_version_level: i16,
    /// Bool, versions 0.
    pub allow_downgrade: bool,
    /// Int8, versions 1-2, default 1.
    pub upgrade_type: i8,
}

impl Default for FeatureUpdateKey<'_> {
    fn default() -> Self {
        Self { feature: "", max_version_level: 0, allow_downgrade: false, upgrade_type: 1 }
    }
}

impl<'a> Wire<'a> for FeatureUpdateKey<'a> {
    const BYTES_MIN: usize = 5;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            feature: reader.string()?,
            max_version_level: reader.int16()?,
            allow_downgrade: if version <= 0 { reader.bool()? } else { false },
            upgrade_type: if version >= 1 { reader.int8()? } else { 1 },
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.feature)?;
        writer.int16(self.max_version_level);
        if version <= 0 {
            writer.bool(self.allow_downgrade);
        } else if self.allow_downgrade {
            return Err(unsupported("AllowDowngrade", version));
        }
        if version >= 1 {
            writer.int8(self.upgrade_type);
        } else if self.upgrade_type != 1 {
            return Err(unsupported("UpgradeType", version));
        }
        writer.no_tags();
        Ok(())
    }
}

/// `UpdateFeaturesResponse` (key 57), versions 0-2, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateFeaturesResponse<'a> {
    /// Int32, versions 0-2.
    pub throttle_time_ms: i32,
    /// Int16, versions 0-2.
    pub error_code: i16,
    /// String, versions 0-2, nullable.
    pub error_message: Option<&'a str>,
    /// Array of UpdatableFeatureResult, versions 0-1, ignorable.
    pub results: Array<'a, UpdatableFeatureResult<'a>>,
}

impl Default for UpdateFeaturesResponse<'_> {
    fn default() -> Self {
        Self { throttle_time_ms: 0, error_code: 0, error_message: Some(""), results: Array::default() }
    }
}

impl<'a> Wire<'a> for UpdateFeaturesResponse<'a> {
    const BYTES_MIN: usize = 8;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            throttle_time_ms: reader.int32()?,
            error_code: reader.int16()?,
            error_message: reader.nullable_string()?,
            results: if version <= 1 { reader.array(version)? } else { Array::default() },
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.int16(self.error_code);
        writer.nullable_string(self.error_message)?;
        if version <= 1 {
            writer.array(&self.results, version)?;
        }
        writer.no_tags();
        Ok(())
    }
}

message!(UpdateFeaturesResponse<'a>, key 57, versions 0..=2, flexible from 0);

/// What `results` holds, in a [`UpdateFeaturesResponse`] of versions 0-1.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdatableFeatureResult<'a> {
    /// String, versions 0-1.
    pub feature: &'a str,
    /// Int16, versions 0-1.
    pub error_code: i16,
    /// String, versions 0-1, nullable.
    pub error_message: Option<&'a str>,
}

impl Default for UpdatableFeatureResult<'_> {
    fn default() -> Self {
        Self { feature: "", error_code: 0, error_message: Some("") }
    }
}

impl<'a> Wire<'a> for UpdatableFeatureResult<'a> {
    const BYTES_MIN: usize = 5;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value =
            Self { feature: reader.string()?, error_code: reader.int16()?, error_message: reader.nullable_string()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.feature)?;
        writer.int16(self.error_code);
        writer.nullable_string(self.error_message)?;
        writer.no_tags();
        Ok(())
    }
}

impl<'a> Request<'a> for UpdateFeaturesRequest<'a> {
    const KEY: i16 = 57;
    type Response<'r> = UpdateFeaturesResponse<'r>;
}

fn unsupported(field: &'static str, version: i16) -> WireError {
    WireError::UnsupportedField { field, version }
}
