//! DescribeDelegationToken.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `DescribeDelegationTokenRequest` (key 41), versions 1-3, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeDelegationTokenRequest<'a> {
    /// Array of DescribeDelegationTokenOwner, versions 1-3, nullable.
    pub owners: Option<Array<'a, DescribeDelegationTokenOwner<'a>>>,
}

impl Default for DescribeDelegationTokenRequest<'_> {
    fn default() -> Self {
        Self { owners: Some(Array::default()) }
    }
}

impl<'a> Wire<'a> for DescribeDelegationTokenRequest<'a> {
    const BYTES_MIN: usize = 2;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { owners: reader.nullable_array(version)? };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.nullable_array(self.owners.as_ref(), version)?;
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(DescribeDelegationTokenRequest<'a>, key 41, versions 1..=3, flexible from 2);

/// What `owners` holds, in a [`DescribeDelegationTokenRequest`] of versions 1-3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeDelegationTokenOwner<'a> {
    /// String, versions 1-3.
    pub principal_type: &'a str,
    /// String, versions 1-3.
    pub principal_name: &'a str,
}

impl<'a> Wire<'a> for DescribeDelegationTokenOwner<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { principal_type: reader.string()?, principal_name: reader.string()? };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.principal_type)?;
        writer.string(self.principal_name)?;
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// `DescribeDelegationTokenResponse` (key 41), versions 1-3, flexible from 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeDelegationTokenResponse<'a> {
    /// Int16, versions 1-3.
    pub error_code: i16,
    /// Array of DescribedDelegationToken, versions 1-3.
    pub tokens: Array<'a, DescribedDelegationToken<'a>>,
    /// Int32, versions 1-3.
    pub throttle_time_ms: i32,
}

impl<'a> Wire<'a> for DescribeDelegationTokenResponse<'a> {
    const BYTES_MIN: usize = 8;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value =
            Self { error_code: reader.int16()?, tokens: reader.array(version)?, throttle_time_ms: reader.int32()? };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int16(self.error_code);
        writer.array(&self.tokens, version)?;
        writer.throttle_time_ms(self.throttle_time_ms);
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(DescribeDelegationTokenResponse<'a>, key 41, versions 1..=3, flexible from 2);

/// What `tokens` holds, in a [`DescribeDelegationTokenResponse`] of versions 1-3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribedDelegationToken<'a> {
    /// String, versions 1-3.
    pub principal_type: &'a str,
    /// String, versions 1-3.
    pub principal_name: &'a str,
    /// String, versions 3.
    pub token_requester_principal_type: &'a str,
    /// String, versions 3.
    pub token_requester_principal_name: &'a str,
    /// Int64, versions 1-3.
    pub issue_timestamp: i64,
    /// Int64, versions 1-3.
    pub expiry_timestamp: i64,
    /// Int64, versions 1-3.
    pub max_timestamp: i64,
    /// String, versions 1-3.
    pub token_id: &'a str,
    /// Bytes, versions 1-3.
    pub hmac: &'a [u8],
    /// Array of DescribedDelegationTokenRenewer, versions 1-3.
    pub renewers: Array<'a, DescribedDelegationTokenRenewer<'a>>,
}

impl<'a> Wire<'a> for DescribedDelegationToken<'a> {
    const BYTES_MIN: usize = 30;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            principal_type: reader.string()?,
            principal_name: reader.string()?,
            token_requester_principal_type: if version >= 3 { reader.string()? } else { "" },
            token_requester_principal_name: if version >= 3 { reader.string()? } else { "" },
            issue_timestamp: reader.int64()?,
            expiry_timestamp: reader.int64()?,
            max_timestamp: reader.int64()?,
            token_id: reader.string()?,
            hmac: reader.bytes()?,
            renewers: reader.array(version)?,
        };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.principal_type)?;
        writer.string(self.principal_name)?;
        if version >= 3 {
            writer.string(self.token_requester_principal_type)?;
        } else if !self.token_requester_principal_type.is_empty() {
            return Err(unsupported("TokenRequesterPrincipalType", version));
        }
        if version >= 3 {
            writer.string(self.token_requester_principal_name)?;
        } else if !self.token_requester_principal_name.is_empty() {
            return Err(unsupported("TokenRequesterPrincipalName", version));
        }
        writer.int64(self.issue_timestamp);
        writer.int64(self.expiry_timestamp);
        writer.int64(self.max_timestamp);
        writer.string(self.token_id)?;
        writer.bytes(self.hmac)?;
        writer.array(&self.renewers, version)?;
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `renewers` holds, in a [`DescribeDelegationTokenResponse`] of versions 1-3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribedDelegationTokenRenewer<'a> {
    /// String, versions 1-3.
    pub principal_type: &'a str,
    /// String, versions 1-3.
    pub principal_name: &'a str,
}

impl<'a> Wire<'a> for DescribedDelegationTokenRenewer<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { principal_type: reader.string()?, principal_name: reader.string()? };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.principal_type)?;
        writer.string(self.principal_name)?;
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

impl<'a> Request<'a> for DescribeDelegationTokenRequest<'a> {
    const KEY: i16 = 41;
    type Response<'r> = DescribeDelegationTokenResponse<'r>;
}

fn unsupported(field: &'static str, version: i16) -> WireError {
    WireError::UnsupportedField { field, version }
}
