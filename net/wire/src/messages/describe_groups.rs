//! DescribeGroups.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `DescribeGroupsRequest` (key 15), versions 0-6, flexible from 5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeGroupsRequest<'a> {
    /// Array of string, versions 0-6.
    pub groups: Array<'a, &'a str>,
    /// Bool, versions 3-6.
    pub include_authorized_operations: bool,
}

impl<'a> Wire<'a> for DescribeGroupsRequest<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            groups: reader.array(version)?,
            include_authorized_operations: if version >= 3 { reader.bool()? } else { false },
        };
        if version >= 5 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.array(&self.groups, version)?;
        if version >= 3 {
            writer.bool(self.include_authorized_operations);
        } else if self.include_authorized_operations {
            return Err(unsupported("IncludeAuthorizedOperations", version));
        }
        if version >= 5 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(DescribeGroupsRequest<'a>, key 15, versions 0..=6, flexible from 5);

/// `DescribeGroupsResponse` (key 15), versions 0-6, flexible from 5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeGroupsResponse<'a> {
    /// Int32, versions 1-6, ignorable.
    pub throttle_time_ms: i32,
    /// Array of DescribedGroup, versions 0-6.
    pub groups: Array<'a, DescribedGroup<'a>>,
}

impl<'a> Wire<'a> for DescribeGroupsResponse<'a> {
    const BYTES_MIN: usize = 4;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value =
            Self { throttle_time_ms: if version >= 1 { reader.int32()? } else { 0 }, groups: reader.array(version)? };
        if version >= 5 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        if version >= 1 {
            writer.throttle_time_ms(self.throttle_time_ms);
        }
        writer.array(&self.groups, version)?;
        if version >= 5 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(DescribeGroupsResponse<'a>, key 15, versions 0..=6, flexible from 5);

/// What `groups` holds, in a [`DescribeGroupsResponse`] of versions 0-6.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribedGroup<'a> {
    /// Int16, versions 0-6.
    pub error_code: i16,
    /// String, versions 6, nullable, default null.
    pub error_message: Option<&'a str>,
    /// String, versions 0-6.
    pub group_id: &'a str,
    /// String, versions 0-6.
    pub group_state: &'a str,
    /// String, versions 0-6.
    pub protocol_type: &'a str,
    /// String, versions 0-6.
    pub protocol_data: &'a str,
    /// Array of DescribedGroupMember, versions 0-6.
    pub members: Array<'a, DescribedGroupMember<'a>>,
    /// Int32, versions 3-6, default -2147483648.
    pub authorized_operations: i32,
}

impl Default for DescribedGroup<'_> {
    fn default() -> Self {
        Self {
            error_code: 0,
            error_message: None,
            group_id: "",
            group_state: "",
            protocol_type: "",
            protocol_data: "",
            members: Array::default(),
            authorized_operations: -2147483648,
        }
    }
}

impl<'a> Wire<'a> for DescribedGroup<'a> {
    const BYTES_MIN: usize = 12;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            error_code: reader.int16()?,
            error_message: if version >= 6 { reader.nullable_string()? } else { None },
            group_id: reader.string()?,
            group_state: reader.string()?,
            protocol_type: reader.string()?,
            protocol_data: reader.string()?,
            members: reader.array(version)?,
            authorized_operations: if version >= 3 { reader.int32()? } else { -2147483648 },
        };
        if version >= 5 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int16(self.error_code);
        if version >= 6 {
            writer.nullable_string(self.error_message)?;
        } else if self.error_message.is_some() {
            return Err(unsupported("ErrorMessage", version));
        }
        writer.string(self.group_id)?;
        writer.string(self.group_state)?;
        writer.string(self.protocol_type)?;
        writer.string(self.protocol_data)?;
        writer.array(&self.members, version)?;
        if version >= 3 {
            writer.int32(self.authorized_operations);
        } else if self.authorized_operations != -2147483648 {
            return Err(unsupported("AuthorizedOperations", version));
        }
        if version >= 5 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// What `members` holds, in a [`DescribeGroupsResponse`] of versions 0-6.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribedGroupMember<'a> {
    /// String, versions 0-6.
    pub member_id: &'a str,
    /// String, versions 4-6, nullable, default null, ignorable.
    pub group_instance_id: Option<&'a str>,
    /// String, versions 0-6.
    pub client_id: &'a str,
    /// String, versions 0-6.
    pub client_host: &'a str,
    /// Bytes, versions 0-6.
    pub member_metadata: &'a [u8],
    /// Bytes, versions 0-6.
    pub member_assignment: &'a [u8],
}

impl<'a> Wire<'a> for DescribedGroupMember<'a> {
    const BYTES_MIN: usize = 7;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            member_id: reader.string()?,
            group_instance_id: if version >= 4 { reader.nullable_string()? } else { None },
            client_id: reader.string()?,
            client_host: reader.string()?,
            member_metadata: reader.bytes()?,
            member_assignment: reader.bytes()?,
        };
        if version >= 5 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.member_id)?;
        if version >= 4 {
            writer.nullable_string(self.group_instance_id)?;
        }
        writer.string(self.client_id)?;
        writer.string(self.client_host)?;
        writer.bytes(self.member_metadata)?;
        writer.bytes(self.member_assignment)?;
        if version >= 5 {
            writer.no_tags();
        }
        Ok(())
    }
}

impl<'a> Request<'a> for DescribeGroupsRequest<'a> {
    const KEY: i16 = 15;
    type Response<'r> = DescribeGroupsResponse<'r>;
}

fn unsupported(field: &'static str, version: i16) -> WireError {
    WireError::UnsupportedField { field, version }
}
