//! ApiVersions.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `ApiVersionsRequest` (key 18), versions 0-4, flexible from 3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ApiVersionsRequest<'a> {
    /// String, versions 3-4, ignorable.
    pub client_software_name: &'a str,
    /// String, versions 3-4, ignorable.
    pub client_software_version: &'a str,
}

impl<'a> Wire<'a> for ApiVersionsRequest<'a> {
    const BYTES_MIN: usize = 1;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            client_software_name: if version >= 3 { reader.string()? } else { "" },
            client_software_version: if version >= 3 { reader.string()? } else { "" },
        };
        if version >= 3 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        if version >= 3 {
            writer.string(self.client_software_name)?;
        }
        if version >= 3 {
            writer.string(self.client_software_version)?;
        }
        if version >= 3 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(ApiVersionsRequest<'a>, key 18, versions 0..=4, flexible from 3);

/// `ApiVersionsResponse` (key 18), versions 0-4, flexible from 3.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiVersionsResponse<'a> {
    /// Int16, versions 0-4.
    pub error_code: i16,
    /// Array of ApiVersion, versions 0-4.
    pub api_keys: Array<'a, ApiVersion>,
    /// Int32, versions 1-4, ignorable.
    pub throttle_time_ms: i32,
    /// Array of SupportedFeatureKey, versions 3-4, tag 0, ignorable.
    pub supported_features: Array<'a, SupportedFeatureKey<'a>>,
    /// Int64, versions 3-4, tag 1, default -1, ignorable.
    pub finalized_features_epoch: i64,
    /// Array of FinalizedFeatureKey, versions 3-4, tag 2, ignorable.
    pub finalized_features: Array<'a, FinalizedFeatureKey<'a>>,
    /// Bool, versions 3-4, tag 3, default false, ignorable.
    pub zk_migration_ready: bool,
}

impl Default for ApiVersionsResponse<'_> {
    fn default() -> Self {
        Self {
            error_code: 0,
            api_keys: Array::default(),
            throttle_time_ms: 0,
            supported_features: Array::default(),
            finalized_features_epoch: -1,
            finalized_features: Array::default(),
            zk_migration_ready: false,
        }
    }
}

impl<'a> Wire<'a> for ApiVersionsResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let mut value = Self {
            error_code: reader.int16()?,
            api_keys: reader.array(version)?,
            throttle_time_ms: if version >= 1 { reader.int32()? } else { 0 },
            supported_features: Array::default(),
            finalized_features_epoch: -1,
            finalized_features: Array::default(),
            zk_migration_ready: false,
        };
        if version >= 3 {
            let mut tags = reader.tags()?;
            while let Some((tag, mut field)) = reader.next_tag(&mut tags)? {
                match tag {
                    0 => value.supported_features = field.array(version)?,
                    1 => value.finalized_features_epoch = field.int64()?,
                    2 => value.finalized_features = field.array(version)?,
                    3 => value.zk_migration_ready = field.bool()?,
                    _ => continue,
                }
                field.finish()?;
            }
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int16(self.error_code);
        writer.array(&self.api_keys, version)?;
        if version >= 1 {
            writer.throttle_time_ms(self.throttle_time_ms);
        }
        if version >= 3 {
            let mut tags = writer.tags();
            if !self.supported_features.is_empty() {
                let start = writer.tag(&mut tags, 0);
                writer.array(&self.supported_features, version)?;
                writer.tag_end(start);
            }
            if self.finalized_features_epoch != -1 {
                let start = writer.tag(&mut tags, 1);
                writer.int64(self.finalized_features_epoch);
                writer.tag_end(start);
            }
            if !self.finalized_features.is_empty() {
                let start = writer.tag(&mut tags, 2);
                writer.array(&self.finalized_features, version)?;
                writer.tag_end(start);
            }
            if self.zk_migration_ready {
                let start = writer.tag(&mut tags, 3);
                writer.bool(self.zk_migration_ready);
                writer.tag_end(start);
            }
            writer.tags_end(&tags);
        }
        Ok(())
    }
}

message!(ApiVersionsResponse<'a>, key 18, versions 0..=4, flexible from 3);

/// What `api_keys` holds, in a [`ApiVersionsResponse`] of versions 0-4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ApiVersion {
    /// Int16, versions 0-4.
    pub api_key: i16,
    /// Int16, versions 0-4.
    pub min_version: i16,
    /// Int16, versions 0-4.
    pub max_version: i16,
}

impl Wire<'_> for ApiVersion {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'_>, version: i16) -> Result<Self, WireError> {
        let value = Self { api_key: reader.int16()?, min_version: reader.int16()?, max_version: reader.int16()? };
        if version >= 3 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int16(self.api_key);
        writer.int16(self.min_version);
        writer.int16(self.max_version);
        if version >= 3 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `supported_features` holds, in a [`ApiVersionsResponse`] of versions 3-4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SupportedFeatureKey<'a> {
    /// String, versions 3-4.
    pub name: &'a str,
    /// Int16, versions 3-4.
    pub min_version: i16,
    /// Int16, versions 3-4.
    pub max_version: i16,
}

impl<'a> Wire<'a> for SupportedFeatureKey<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self { name: reader.string()?, min_version: reader.int16()?, max_version: reader.int16()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.int16(self.min_version);
        writer.int16(self.max_version);
        writer.no_tags();
        Ok(())
    }
}

/// What `finalized_features` holds, in a [`ApiVersionsResponse`] of versions 3-4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FinalizedFeatureKey<'a> {
    /// String, versions 3-4.
    pub name: &'a str,
    /// Int16, versions 3-4.
    pub max_version_level: i16,
    /// Int16, versions 3-4.
    pub min_version_level: i16,
}

impl<'a> Wire<'a> for FinalizedFeatureKey<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value =
            Self { name: reader.string()?, max_version_level: reader.int16()?, min_version_level: reader.int16()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.int16(self.max_version_level);
        writer.int16(self.min_version_level);
        writer.no_tags();
        Ok(())
    }
}

impl<'a> Request<'a> for ApiVersionsRequest<'a> {
    const KEY: i16 = 18;
    type Response<'r> = ApiVersionsResponse<'r>;
}
