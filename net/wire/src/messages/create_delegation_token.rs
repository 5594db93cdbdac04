//! CreateDelegationToken.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `CreateDelegationTokenRequest` (key 38), versions 1-3, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateDelegationTokenRequest<'a> {
    /// String, versions 3, nullable.
    pub owner_principal_type: Option<&'a str>,
    /// String, versions 3, nullable.
    pub owner_principal_name: Option<&'a str>,
    /// Array of CreatableRenewers, versions 1-3.
    pub renewers: Array<'a, CreatableRenewers<'a>>,
    /// Int64, versions 1-3.
    pub max_lifetime_ms: i64,
}

impl Default for CreateDelegationTokenRequest<'_> {
    fn default() -> Self {
        Self {
            owner_principal_type: Some(""),
            owner_principal_name: Some(""),
            renewers: Array::default(),
            max_lifetime_ms: 0,
        }
    }
}

impl<'a> Wire<'a> for CreateDelegationTokenRequest<'a> {
    const BYTES_MIN: usize = 10;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            owner_principal_type: if version >= 3 { reader.nullable_string()? } else { Some("") },
            owner_principal_name: if version >= 3 { reader.nullable_string()? } else { Some("") },
            renewers: reader.array(version)?,
            max_lifetime_ms: reader.int64()?,
        };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        if version >= 3 {
            writer.nullable_string(self.owner_principal_type)?;
        } else if self.owner_principal_type != Some("") {
            return Err(unsupported("OwnerPrincipalType", version));
        }
        if version >= 3 {
            writer.nullable_string(self.owner_principal_name)?;
        } else if self.owner_principal_name != Some("") {
            return Err(unsupported("OwnerPrincipalName", version));
        }
        writer.array(&self.renewers, version)?;
        writer.int64(self.max_lifetime_ms);
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(CreateDelegationTokenRequest<'a>, key 38, versions 1..=3, flexible from 2);

/// What `renewers` holds, in a [`CreateDelegationTokenRequest`] of versions 1-3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreatableRenewers<'a> {
    /// String, versions 1-3.
    pub principal_type: &'a str,
    /// String, versions 1-3.
    pub principal_name: &'a str,
}

impl<'a> Wire<'a> for CreatableRenewers<'a> {
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

/// `CreateDelegationTokenResponse` (key 38), versions 1-3, flexible from 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreateDelegationTokenResponse<'a> {
    /// Int16, versions 1-3.
    pub error_code: i16,
    /// String, versions 1-3.
    pub principal_type: &'a str,
    /// String, versions 1-3.
    pub principal_name: &'a str,
    /// String, versions 3.
    pub token_requester_principal_type: &'a str,
    /// String, versions 3.
    pub token_requester_principal_name: &'a str,
    /// Int64, versions 1-3.
    pub issue_timestamp_ms: i64,
    /// Int64, versions 1-3.
    pub expiry_timestamp_ms: i64,
    /// Int64, versions 1-3.
    pub max_timestamp_ms: i64,
    /// String, versions 1-3.
    pub token_id: &'a str,
    /// Bytes, versions 1-3.
    pub hmac: &'a [u8],
    /// Int32, versions 1-3.
    pub throttle_time_ms: i32,
}

impl<'a> Wire<'a> for CreateDelegationTokenResponse<'a> {
    const BYTES_MIN: usize = 35;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            error_code: reader.int16()?,
            principal_type: reader.string()?,
            principal_name: reader.string()?,
            token_requester_principal_type: if version >= 3 { reader.string()? } else { "" },
            token_requester_principal_name: if version >= 3 { reader.string()? } else { "" },
            issue_timestamp_ms: reader.int64()?,
            expiry_timestamp_ms: reader.int64()?,
            max_timestamp_ms: reader.int64()?,
            token_id: reader.string()?,
            hmac: reader.bytes()?,
            throttle_time_ms: reader.int32()?,
        };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int16(self.error_code);
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
        writer.int64(self.issue_timestamp_ms);
        writer.int64(self.expiry_timestamp_ms);
        writer.int64(self.max_timestamp_ms);
        writer.string(self.token_id)?;
        writer.bytes(self.hmac)?;
        writer.throttle_time_ms(self.throttle_time_ms);
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(CreateDelegationTokenResponse<'a>, key 38, versions 1..=3, flexible from 2);

impl<'a> Request<'a> for CreateDelegationTokenRequest<'a> {
    const KEY: i16 = 38;
    type Response<'r> = CreateDelegationTokenResponse<'r>;
}

fn unsupported(field: &'static str, version: i16) -> WireError {
    WireError::UnsupportedField { field, version }
}
