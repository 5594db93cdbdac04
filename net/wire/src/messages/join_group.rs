//! JoinGroup.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message, not_null};

/// `JoinGroupRequest` (key 11), versions 0-9, flexible from 6.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinGroupRequest<'a> {
    /// String, versions 0-9.
    pub group_id: &'a str,
    /// Int32, versions 0-9.
    pub session_timeout_ms: i32,
    /// Int32, versions 1-9, default -1, ignorable.
    pub rebalance_timeout_ms: i32,
    /// String, versions 0-9.
    pub member_id: &'a str,
    /// String, versions 5-9, nullable, default null.
    pub group_instance_id: Option<&'a str>,
    /// String, versions 0-9.
    pub protocol_type: &'a str,
    /// Array of JoinGroupRequestProtocol, versions 0-9.
    pub protocols: Array<'a, JoinGroupRequestProtocol<'a>>,
    /// String, versions 8-9, nullable, default null, ignorable.
    pub reason: Option<&'a str>,
}

impl Default for JoinGroupRequest<'_> {
    fn default() -> Self {
        Self {
            group_id: "",
            session_timeout_ms: 0,
            rebalance_timeout_ms: -1,
            member_id: "",
            group_instance_id: None,
            protocol_type: "",
            protocols: Array::default(),
            reason: None,
        }
    }
}

impl<'a> Wire<'a> for JoinGroupRequest<'a> {
    const BYTES_MIN: usize = 14;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            group_id: reader.string()?,
            session_timeout_ms: reader.int32()?,
            rebalance_timeout_ms: if version >= 1 { reader.int32()? } else { -1 },
            member_id: reader.string()?,
            group_instance_id: if version >= 5 { reader.nullable_string()? } else { None },
            protocol_type: reader.string()?,
            protocols: reader.array(version)?,
            reason: if version >= 8 { reader.nullable_string()? } else { None },
        };
        if version >= 6 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.group_id)?;
        writer.int32(self.session_timeout_ms);
        if version >= 1 {
            writer.int32(self.rebalance_timeout_ms);
        }
        writer.string(self.member_id)?;
        if version >= 5 {
            writer.nullable_string(self.group_instance_id)?;
        } else if self.group_instance_id.is_some() {
            return Err(unsupported("GroupInstanceId", version));
        }
        writer.string(self.protocol_type)?;
        writer.array(&self.protocols, version)?;
        if version >= 8 {
            writer.nullable_string(self.reason)?;
        }
        if version >= 6 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(JoinGroupRequest<'a>, key 11, versions 0..=9, flexible from 6);

/// What `protocols` holds, in a [`JoinGroupRequest`] of versions 0-9.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JoinGroupRequestProtocol<'a> {
    /// String, versions 0-9.
    pub name: &'a str,
    /// Bytes, versions 0-9.
    pub metadata: &'a [u8],
}

impl<'a> Wire<'a> for JoinGroupRequestProtocol<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { name: reader.string()?, metadata: reader.bytes()? };
        if version >= 6 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.bytes(self.metadata)?;
        if version >= 6 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// `JoinGroupResponse` (key 11), versions 0-9, flexible from 6.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinGroupResponse<'a> {
    /// Int32, versions 2-9, ignorable.
    pub throttle_time_ms: i32,
    /// Int16, versions 0-9.
    pub error_code: i16,
    /// Int32, versions 0-9, default -1.
    pub generation_id: i32,
    /// String, versions 7-9, nullable, default null, ignorable.
    pub protocol_type: Option<&'a str>,
    /// String, versions 0-9, nullable 7-9.
    pub protocol_name: Option<&'a str>,
    /// String, versions 0-9.
    pub leader: &'a str,
    /// Bool, versions 9, default false.
    pub skip_assignment: bool,
    /// String, versions 0-9.
    pub member_id: &'a str,
    /// Array of JoinGroupResponseMember, versions 0-9.
    pub members: Array<'a, JoinGroupResponseMember<'a>>,
}

impl Default for JoinGroupResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: 0,
            generation_id: -1,
            protocol_type: None,
            protocol_name: Some(""),
            leader: "",
            skip_assignment: false,
            member_id: "",
            members: Array::default(),
        }
    }
}

impl<'a> Wire<'a> for JoinGroupResponse<'a> {
    const BYTES_MIN: usize = 15;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            throttle_time_ms: if version >= 2 { reader.int32()? } else { 0 },
            error_code: reader.int16()?,
            generation_id: reader.int32()?,
            protocol_type: if version >= 7 { reader.nullable_string()? } else { None },
            protocol_name: if version >= 7 { reader.nullable_string()? } else { Some(reader.string()?) },
            leader: reader.string()?,
            skip_assignment: if version >= 9 { reader.bool()? } else { false },
            member_id: reader.string()?,
            members: reader.array(version)?,
        };
        if version >= 6 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        if version >= 2 {
            writer.throttle_time_ms(self.throttle_time_ms);
        }
        writer.int16(self.error_code);
        writer.int32(self.generation_id);
        if version >= 7 {
            writer.nullable_string(self.protocol_type)?;
        }
        if version >= 7 {
            writer.nullable_string(self.protocol_name)?;
        } else {
            writer.string(not_null(self.protocol_name, "ProtocolName", version)?)?;
        }
        writer.string(self.leader)?;
        if version >= 9 {
            writer.bool(self.skip_assignment);
        } else if self.skip_assignment {
            return Err(unsupported("SkipAssignment", version));
        }
        writer.string(self.member_id)?;
        writer.array(&self.members, version)?;
        if version >= 6 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(JoinGroupResponse<'a>, key 11, versions 0..=9, flexible from 6);

/// What `members` holds, in a [`JoinGroupResponse`] of versions 0-9.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JoinGroupResponseMember<'a> {
    /// String, versions 0-9.
    pub member_id: &'a str,
    /// String, versions 5-9, nullable, default null, ignorable.
    pub group_instance_id: Option<&'a str>,
    /// Bytes, versions 0-9.
    pub metadata: &'a [u8],
}

impl<'a> Wire<'a> for JoinGroupResponseMember<'a> {
    const BYTES_MIN: usize = 4;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            member_id: reader.string()?,
            group_instance_id: if version >= 5 { reader.nullable_string()? } else { None },
            metadata: reader.bytes()?,
        };
        if version >= 6 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.member_id)?;
        if version >= 5 {
            writer.nullable_string(self.group_instance_id)?;
        }
        writer.bytes(self.metadata)?;
        if version >= 6 {
            writer.no_tags();
        }
        Ok(())
    }
}

impl<'a> Request<'a> for JoinGroupRequest<'a> {
    const KEY: i16 = 11;
    type Response<'r> = JoinGroupResponse<'r>;
}

fn unsupported(field: &'static str, version: i16) -> WireError {
    WireError::UnsupportedField { field, version }
}
