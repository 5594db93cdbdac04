//! AlterUserScramCredentials.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `AlterUserScramCredentialsRequest` (key 51), versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterUserScramCredentialsRequest<'a> {
    /// Array of ScramCredentialDeletion, versions 0.
    pub deletions: Array<'a, ScramCredentialDeletion<'a>>,
    /// Array of ScramCredentialUpsertion, versions 0.
    pub upsertions: Array<'a, ScramCredentialUpsertion<'a>>,
}

impl<'a> Wire<'a> for AlterUserScramCredentialsRequest<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { deletions: reader.array(version)?, upsertions: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.array(&self.deletions, version)?;
        writer.array(&self.upsertions, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(AlterUserScramCredentialsRequest<'a>, key 51, versions 0..=0, flexible from 0);

/// What `deletions` holds, in a [`AlterUserScramCredentialsRequest`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScramCredentialDeletion<'a> {
    /// String, versions 0.
    pub name: &'a str,
    /// Int8, versions 0.
    pub mechanism: i8,
}

impl<'a> Wire<'a> for ScramCredentialDeletion<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self { name: reader.string()?, mechanism: reader.int8()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.int8(self.mechanism);
        writer.no_tags();
        Ok(())
    }
}

/// What `upsertions` holds, in a [`AlterUserScramCredentialsRequest`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScramCredentialUpsertion<'a> {
    /// String, versions 0.
    pub name: &'a str,
    /// Int8, versions 0.
    pub mechanism: i8,
    /// Int32, versions 0.
    pub iterations: i32,
    /// Bytes, versions 0.
    pub salt: &'a [u8],
    /// Bytes, versions 0.
    pub salted_password: &'a [u8],
}

impl<'a> Wire<'a> for ScramCredentialUpsertion<'a> {
    const BYTES_MIN: usize = 9;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self {
            name: reader.string()?,
            mechanism: reader.int8()?,
            iterations: reader.int32()?,
            salt: reader.bytes()?,
            salted_password: reader.bytes()?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.int8(self.mechanism);
        writer.int32(self.iterations);
        writer.bytes(self.salt)?;
        writer.bytes(self.salted_password)?;
        writer.no_tags();
        Ok(())
    }
}

/// `AlterUserScramCredentialsResponse` (key 51), versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterUserScramCredentialsResponse<'a> {
    /// Int32, versions 0.
    pub throttle_time_ms: i32,
    /// Array of AlterUserScramCredentialsResult, versions 0.
    pub results: Array<'a, AlterUserScramCredentialsResult<'a>>,
}

impl<'a> Wire<'a> for AlterUserScramCredentialsResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { throttle_time_ms: reader.int32()?, results: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.array(&self.results, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(AlterUserScramCredentialsResponse<'a>, key 51, versions 0..=0, flexible from 0);

/// What `results` holds, in a [`AlterUserScramCredentialsResponse`] of versions 0.
#[derive(Clone, Debug, PartialEq)]
pub struct AlterUserScramCredentialsResult<'a> {
    /// String, versions 0.
    pub user: &'a str,
    /// Int16, versions 0.
    pub error_code: i16,
    /// String, versions 0, nullable.
    pub error_message: Option<&'a str>,
}

impl Default for AlterUserScramCredentialsResult<'_> {
    fn default() -> Self {
        Self { user: "", error_code: 0, error_message: Some("") }
    }
}

impl<'a> Wire<'a> for AlterUserScramCredentialsResult<'a> {
    const BYTES_MIN: usize = 5;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value =
            Self { user: reader.string()?, error_code: reader.int16()?, error_message: reader.nullable_string()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.user)?;
        writer.int16(self.error_code);
        writer.nullable_string(self.error_message)?;
        writer.no_tags();
        Ok(())
    }
}

impl<'a> Request<'a> for AlterUserScramCredentialsRequest<'a> {
    const KEY: i16 = 51;
    type Response<'r> = AlterUserScramCredentialsResponse<'r>;
}
