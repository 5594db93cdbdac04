//! DescribeUserScramCredentials.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `DescribeUserScramCredentialsRequest` (key 50), versions 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeUserScramCredentialsRequest<'a> {
    /// Array of UserName, versions 0, nullable.
    pub users: Option<Array<'a, UserName<'a>>>,
}

impl Default for DescribeUserScramCredentialsRequest<'_> {
    fn default() -> Self {
        Self { users: Some(Array::default()) }
    }
}

impl<'a> Wire<'a> for DescribeUserScramCredentialsRequest<'a> {
    const BYTES_MIN: usize = 2;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { users: reader.nullable_array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.nullable_array(self.users.as_ref(), version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(DescribeUserScramCredentialsRequest<'a>, key 50, versions 0..=0, flexible from 0);

/// What `users` holds, in a [`DescribeUserScramCredentialsRequest`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UserName<'a> {
    /// String, versions 0.
    pub name: &'a str,
}

impl<'a> Wire<'a> for UserName<'a> {
    const BYTES_MIN: usize = 2;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self { name: reader.string()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.no_tags();
        Ok(())
    }
}

/// `DescribeUserScramCredentialsResponse` (key 50), versions 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeUserScramCredentialsResponse<'a> {
    /// Int32, versions 0.
    pub throttle_time_ms: i32,
    /// Int16, versions 0.
    pub error_code: i16,
    /// String, versions 0, nullable.
    pub error_message: Option<&'a str>,
    /// Array of DescribeUserScramCredentialsResult, versions 0.
    pub results: Array<'a, DescribeUserScramCredentialsResult<'a>>,
}

impl Default for DescribeUserScramCredentialsResponse<'_> {
    fn default() -> Self {
        Self { throttle_time_ms: 0, error_code: 0, error_message: Some(""), results: Array::default() }
    }
}

impl<'a> Wire<'a> for DescribeUserScramCredentialsResponse<'a> {
    const BYTES_MIN: usize = 9;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            throttle_time_ms: reader.int32()?,
            error_code: reader.int16()?,
            error_message: reader.nullable_string()?,
            results: reader.array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.int16(self.error_code);
        writer.nullable_string(self.error_message)?;
        writer.array(&self.results, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(DescribeUserScramCredentialsResponse<'a>, key 50, versions 0..=0, flexible from 0);

/// What `results` holds, in a [`DescribeUserScramCredentialsResponse`] of versions 0.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeUserScramCredentialsResult<'a> {
    /// String, versions 0.
    pub user: &'a str,
    /// Int16, versions 0.
    pub error_code: i16,
    /// String, versions 0, nullable.
    pub error_message: Option<&'a str>,
    /// Array of CredentialInfo, versions 0.
    pub credential_infos: Array<'a, CredentialInfo>,
}

impl Default for DescribeUserScramCredentialsResult<'_> {
    fn default() -> Self {
        Self { user: "", error_code: 0, error_message: Some(""), credential_infos: Array::default() }
    }
}

impl<'a> Wire<'a> for DescribeUserScramCredentialsResult<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            user: reader.string()?,
            error_code: reader.int16()?,
            error_message: reader.nullable_string()?,
            credential_infos: reader.array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.user)?;
        writer.int16(self.error_code);
        writer.nullable_string(self.error_message)?;
        writer.array(&self.credential_infos, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `credential_infos` holds, in a [`DescribeUserScramCredentialsResponse`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CredentialInfo {
    /// Int8, versions 0.
    pub mechanism: i8,
    /// Int32, versions 0.
    pub iterations: i32,
}

impl Wire<'_> for CredentialInfo {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'_>, _version: i16) -> Result<Self, WireError> {
        let value = Self { mechanism: reader.int8()?, iterations: reader.int32()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.int8(self.mechanism);
        writer.int32(self.iterations);
        writer.no_tags();
        Ok(())
    }
}

impl<'a> Request<'a> for DescribeUserScramCredentialsRequest<'a> {
    const KEY: i16 = 50;
    type Response<'r> = DescribeUserScramCredentialsResponse<'r>;
}
