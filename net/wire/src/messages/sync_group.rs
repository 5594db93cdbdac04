//! SyncGroup.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `SyncGroupRequest` (key 14), versions 0-5, flexible from 4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SyncGroupRequest<'a> {
    /// String, versions 0-5.
    pub group_id: &'a str,
    /// Int32, versions 0-5.
    pub generation_id: i32,
    /// String, versions 0-5.
    pub member_id: &'a str,
    /// String, versions 3-5, nullable, default null.
    pub group_instance_id: Option<&'a str>,
    /// String, versions 5, nullable, default null, ignorable.
    pub protocol_type: Option<&'a str>,
    /// String, versions 5, nullable, default null, ignorable.
    pub protocol_name: Option<&'a str>,
    /// Array of SyncGroupRequestAssignment, versions 0-5.
    pub assignments: Array<'a, SyncGroupRequestAssignment<'a>>,
}

impl<'a> Wire<'a> for SyncGroupRequest<'a> {
    const BYTES_MIN: usize = 9;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            group_id: reader.string()?,
            generation_id: reader.int32()?,
            member_id: reader.string()?,
            group_instance_id: if version >= 3 { reader.nullable_string()? } else { None },
            protocol_type: if version >= 5 { reader.nullable_string()? } else { None },
            protocol_name: if version >= 5 { reader.nullable_string()? } else { None },
            assignments: reader.array(version)?,
        };
        if version >= 4 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.group_id)?;
        writer.int32(self.generation_id);
        writer.string(self.member_id)?;
        if version >= 3 {
            writer.nullable_string(self.group_instance_id)?;
        } else if self.group_instance_id.is_some() {
            return Err(unsupported("GroupInstanceId", version));
        }
        if version >= 5 {
            writer.nullable_string(self.protocol_type)?;
        }
        if version >= 5 {
            writer.nullable_string(self.protocol_name)?;
        }
        writer.array(&self.assignments, version)?;
        if version >= 4 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(SyncGroupRequest<'a>, key 14, versions 0..=5, flexible from 4);

/// What `assignments` holds, in a [`SyncGroupRequest`] of versions 0-5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SyncGroupRequestAssignment<'a> {
    /// String, versions 0-5.
    pub member_id: &'a str,
    /// Bytes, versions 0-5.
    pub assignment: &'a [u8],
}

impl<'a> Wire<'a> for SyncGroupRequestAssignment<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { member_id: reader.string()?, assignment: reader.bytes()? };
        if version >= 4 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.member_id)?;
        writer.bytes(self.assignment)?;
        if version >= 4 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// `SyncGroupResponse` (key 14), versions 0-5, flexible from 4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SyncGroupResponse<'a> {
    /// Int32, versions 1-5, ignorable.
    pub throttle_time_ms: i32,
    /// Int16, versions 0-5.
    pub error_code: i16,
    /// String, versions 5, nullable, default null, ignorable.
    pub protocol_type: Option<&'a str>,
    /// String, versions 5, nullable, default null, ignorable.
    pub protocol_name: Option<&'a str>,
    /// Bytes, versions 0-5.
    pub assignment: &'a [u8],
}

impl<'a> Wire<'a> for SyncGroupResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            throttle_time_ms: if version >= 1 { reader.int32()? } else { 0 },
            error_code: reader.int16()?,
            protocol_type: if version >= 5 { reader.nullable_string()? } else { None },
            protocol_name: if version >= 5 { reader.nullable_string()? } else { None },
            assignment: reader.bytes()?,
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
        if version >= 5 {
            writer.nullable_string(self.protocol_type)?;
        }
        if version >= 5 {
            writer.nullable_string(self.protocol_name)?;
        }
        writer.bytes(self.assignment)?;
        if version >= 4 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(SyncGroupResponse<'a>, key 14, versions 0..=5, flexible from 4);

impl<'a> Request<'a> for SyncGroupRequest<'a> {
    const KEY: i16 = 14;
    type Response<'r> = SyncGroupResponse<'r>;
}

fn unsupported(field: &'static str, version: i16) -> WireError {
    WireError::UnsupportedField { field, version }
}
