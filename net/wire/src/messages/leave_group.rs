//! LeaveGroup.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `LeaveGroupRequest` (key 13), versions 0-5, flexible from 4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LeaveGroupRequest<'a> {
    /// String, versions 0-5.
    pub group_id: &'a str,
    /// String, versions 0-2.
    pub member_id: &'a str,
    /// Array of MemberIdentity, versions 3-5.
    pub members: Array<'a, MemberIdentity<'a>>,
}

impl<'a> Wire<'a> for LeaveGroupRequest<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            group_id: reader.string()?,
            member_id: if version <= 2 { reader.string()? } else { "" },
            members: if version >= 3 { reader.array(version)? } else { Array::default() },
        };
        if version >= 4 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.group_id)?;
        if version <= 2 {
            writer.string(self.member_id)?;
        } else if !self.member_id.is_empty() {
            return Err(unsupported("MemberId", version));
        }
        if version >= 3 {
            writer.array(&self.members, version)?;
        } else if !self.members.is_empty() {
            return Err(unsupported("Members", version));
        }
        if version >= 4 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(LeaveGroupRequest<'a>, key 13, versions 0..=5, flexible from 4);

/// What `members` holds, in a [`LeaveGroupRequest`] of versions 3-5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MemberIdentity<'a> {
    /// String, versions 3-5.
    pub member_id: &'a str,
    /// String, versions 3-5, nullable, default null.
    pub group_instance_id: Option<&'a str>,
    /// String, versions 5, nullable, default null, ignorable.
    pub reason: Option<&'a str>,
}

impl<'a> Wire<'a> for MemberIdentity<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            member_id: reader.string()?,
            group_instance_id: reader.nullable_string()?,
            reason: if version >= 5 { reader.nullable_string()? } else { None },
        };
        if version >= 4 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.member_id)?;
        writer.nullable_string(self.group_instance_id)?;
        if version >= 5 {
            writer.nullable_string(self.reason)?;
        }
        if version >= 4 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// `LeaveGroupResponse` (key 13), versions 0-5, flexible from 4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LeaveGroupResponse<'a> {
    /// Int32, versions 1-5, ignorable.
    pub throttle_time_ms: i32,
    /// Int16, versions 0-5.
    pub error_code: i16,
    /// Array of MemberResponse, versions 3-5.
    pub members: Array<'a, MemberResponse<'a>>,
}

impl<'a> Wire<'a> for LeaveGroupResponse<'a> {
    const BYTES_MIN: usize = 2;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            throttle_time_ms: if version >= 1 { reader.int32()? } else { 0 },
            error_code: reader.int16()?,
            members: if version >= 3 { reader.array(version)? } else { Array::default() },
        };
        if version >= 4 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        if version >= 1 {
            writer.throttle_time_ms(self.throttle_time_ms);
        }
        writer.int16(self.error_code);
        if version >= 3 {
            writer.array(&self.members, version)?;
        } else if !self.members.is_empty() {
            return Err(unsupported("Members", version));
        }
        if version >= 4 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(LeaveGroupResponse<'a>, key 13, versions 0..=5, flexible from 4);

/// What `members` holds, in a [`LeaveGroupResponse`] of versions 3-5.
#[derive(Clone, Debug, PartialEq)]
pub struct MemberResponse<'a> {
    /// String, versions 3-5.
    pub member_id: &'a str,
    /// String, versions 3-5, nullable.
    pub group_instance_id: Option<&'a str>,
    /// Int16, versions 3-5.
    pub error_code: i16,
}

impl Default for MemberResponse<'_> {
    fn default() -> Self {
        Self { member_id: "", group_instance_id: Some(""), error_code: 0 }
    }
}

impl<'a> Wire<'a> for MemberResponse<'a> {
    const BYTES_MIN: usize = 5;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            member_id: reader.string()?,
            group_instance_id: reader.nullable_string()?,
            error_code: reader.int16()?,
        };
        if version >= 4 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.member_id)?;
        writer.nullable_string(self.group_instance_id)?;
        writer.int16(self.error_code);
        if version >= 4 {
            writer.no_tags();
        }
        Ok(())
    }
}

impl<'a> Request<'a> for LeaveGroupRequest<'a> {
    const KEY: i16 = 13;
    type Response<'r> = LeaveGroupResponse<'r>;
}

fn unsupported(field: &'static str, version: i16) -> WireError {
    WireError::UnsupportedField { field, version }
}
