//! ListGroups.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `ListGroupsRequest` (key 16), versions 0-5, flexible from 3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListGroupsRequest<'a> {
    /// Array of string, versions 4-5.
    pub states_filter: Array<'a, &'a str>,
    /// Array of string, versions 5.
    pub types_filter: Array<'a, &'a str>,
}

impl<'a> Wire<'a> for ListGroupsRequest<'a> {
    const BYTES_MIN: usize = 1;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            states_filter: if version >= 4 { reader.array(version)? } else { Array::default() },
            types_filter: if version >= 5 { reader.array(version)? } else { Array::default() },
        };
        if version >= 3 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        if version >= 4 {
            writer.array(&self.states_filter, version)?;
        } else if !self.states_filter.is_empty() {
            return Err(unsupported("StatesFilter", version));
        }
        if version >= 5 {
            writer.array(&self.types_filter, version)?;
        } else if !self.types_filter.is_empty() {
            return Err(unsupported("TypesFilter", version));
        }
        if version >= 3 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(ListGroupsRequest<'a>, key 16, versions 0..=5, flexible from 3);

/// `ListGroupsResponse` (key 16), versions 0-5, flexible from 3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListGroupsResponse<'a> {
    /// Int32, versions 1-5, ignorable.
    pub throttle_time_ms: i32,
    /// Int16, versions 0-5.
    pub error_code: i16,
    /// Array of ListedGroup, versions 0-5.
    pub groups: Array<'a, ListedGroup<'a>>,
}

impl<'a> Wire<'a> for ListGroupsResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            throttle_time_ms: if version >= 1 { reader.int32()? } else { 0 },
            error_code: reader.int16()?,
            groups: reader.array(version)?,
        };
        if version >= 3 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        if version >= 1 {
            writer.throttle_time_ms(self.throttle_time_ms);
        }
        writer.int16(self.error_code);
        writer.array(&self.groups, version)?;
        if version >= 3 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(ListGroupsResponse<'a>, key 16, versions 0..=5, flexible from 3);

/// What `groups` holds, in a [`ListGroupsResponse`] of versions 0-5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListedGroup<'a> {
    /// String, versions 0-5.
    pub group_id: &'a str,
    /// String, versions 0-5.
    pub protocol_type: &'a str,
    /// String, versions 4-5, ignorable.
    pub group_state: &'a str,
    /// String, versions 5, ignorable.
    pub group_type: &'a str,
}

impl<'a> Wire<'a> for ListedGroup<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            group_id: reader.string()?,
            protocol_type: reader.string()?,
            group_state: if version >= 4 { reader.string()? } else { "" },
            group_type: if version >= 5 { reader.string()? } else { "" },
        };
        if version >= 3 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.group_id)?;
        writer.string(self.protocol_type)?;
        if version >= 4 {
            writer.string(self.group_state)?;
        }
        if version >= 5 {
            writer.string(self.group_type)?;
        }
        if version >= 3 {
            writer.no_tags();
        }
        Ok(())
    }
}

impl<'a> Request<'a> for ListGroupsRequest<'a> {
    const KEY: i16 = 16;
    type Response<'r> = ListGroupsResponse<'r>;
}

fn unsupported(field: &'static str, version: i16) -> WireError {
    WireError::UnsupportedField { field, version }
}
