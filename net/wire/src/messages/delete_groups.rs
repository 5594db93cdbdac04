//! DeleteGroups.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `DeleteGroupsRequest` (key 42), versions 0-2, flexible from 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteGroupsRequest<'a> {
    /// Array of string, versions 0-2.
    pub groups_names: Array<'a, &'a str>,
}

impl<'a> Wire<'a> for DeleteGroupsRequest<'a> {
    const BYTES_MIN: usize = 2;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { groups_names: reader.array(version)? };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.array(&self.groups_names, version)?;
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(DeleteGroupsRequest<'a>, key 42, versions 0..=2, flexible from 2);

/// `DeleteGroupsResponse` (key 42), versions 0-2, flexible from 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteGroupsResponse<'a> {
    /// Int32, versions 0-2.
    pub throttle_time_ms: i32,
    /// Array of DeletableGroupResult, versions 0-2.
    pub results: Array<'a, DeletableGroupResult<'a>>,
}

impl<'a> Wire<'a> for DeleteGroupsResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { throttle_time_ms: reader.int32()?, results: reader.array(version)? };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.array(&self.results, version)?;
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(DeleteGroupsResponse<'a>, key 42, versions 0..=2, flexible from 2);

/// What `results` holds, in a [`DeleteGroupsResponse`] of versions 0-2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeletableGroupResult<'a> {
    /// String, versions 0-2.
    pub group_id: &'a str,
    /// Int16, versions 0-2.
    pub error_code: i16,
}

impl<'a> Wire<'a> for DeletableGroupResult<'a> {
    const BYTES_MIN: usize = 4;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { group_id: reader.string()?, error_code: reader.int16()? };
        if version >= 2 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.group_id)?;
        writer.int16(self.error_code);
        if version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

impl<'a> Request<'a> for DeleteGroupsRequest<'a> {
    const KEY: i16 = 42;
    type Response<'r> = DeleteGroupsResponse<'r>;
}
