//! GroupMetadata.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use crate::{Array, Reader, Wire, WireError, Writer, message};

/// `GroupMetadataKey` (key 2), versions 0, never flexible.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupMetadataKey<'a> {
    /// String, versions 0.
    pub group: &'a str,
}

impl<'a> Wire<'a> for GroupMetadataKey<'a> {
    const BYTES_MIN: usize = 2;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        Ok(Self { group: reader.string()? })
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.group)?;
        Ok(())
    }
}

message!(GroupMetadataKey<'a>, key 2, versions 0..=0, flexible from crate::NEVER_FLEXIBLE);

/// `GroupMetadataValue` (key 2), versions 0-4, flexible from 4.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupMetadataValue<'a> {
    /// String, versions 0-4.
    pub protocol_type: &'a str,
    /// Int32, versions 0-4.
    pub generation: i32,
    /// String, versions 0-4, nullable.
    pub protocol: Option<&'a str>,
    /// String, versions 0-4, nullable.
    pub leader: Option<&'a str>,
    /// Int64, versions 2-4, default -1, ignorable.
    pub current_state_timestamp: i64,
    /// Array of MemberMetadata, versions 0-4.
    pub members: Array<'a, MemberMetadata<'a>>,
}

impl Default for GroupMetadataValue<'_> {
    fn default() -> Self {
        Self {
            protocol_type: "",
            generation: 0,
            protocol: Some(""),
            leader: Some(""),
            current_state_timestamp: -1,
            members: Array::default(),
        }
    }
}

impl<'a> Wire<'a> for GroupMetadataValue<'a> {
    const BYTES_MIN: usize = 14;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            protocol_type: reader.string()?,
            generation: reader.int32()?,
            protocol: reader.nullable_string()?,
            leader: reader.nullable_string()?,
            current_state_timestamp: if version >= 2 { reader.int64()? } else { -1 },
            members: reader.array(version)?,
        };
        if version >= 4 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.protocol_type)?;
        writer.int32(self.generation);
        writer.nullable_string(self.protocol)?;
        writer.nullable_string(self.leader)?;
        if version >= 2 {
            writer.int64(self.current_state_timestamp);
        }
        writer.array(&self.members, version)?;
        if version >= 4 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(GroupMetadataValue<'a>, key 2, versions 0..=4, flexible from 4);

/// What `members` holds, in a [`GroupMetadataValue`] of versions 0-4.
#[derive(Clone, Debug, PartialEq)]
pub struct MemberMetadata<'a> {
    /// String, versions 0-4.
    pub member_id: &'a str,
    /// String, versions 3-4, nullable, default null, ignorable.
    pub group_instance_id: Option<&'a str>,
    /// String, versions 0-4.
    pub client_id: &'a str,
    /// String, versions 0-4.
    pub client_host: &'a str,
    /// Int32, versions 1-4, default -1, ignorable.
    pub rebalance_timeout: i32,
    /// Int32, versions 0-4.
    pub session_timeout: i32,
    /// Bytes, versions 0-4.
    pub subscription: &'a [u8],
    /// Bytes, versions 0-4.
    pub assignment: &'a [u8],
}

impl Default for MemberMetadata<'_> {
    fn default() -> Self {
        Self {
            member_id: "",
            group_instance_id: None,
            client_id: "",
            client_host: "",
            rebalance_timeout: -1,
            session_timeout: 0,
            subscription: &[],
            assignment: &[],
        }
    }
}

impl<'a> Wire<'a> for MemberMetadata<'a> {
    const BYTES_MIN: usize = 15;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            member_id: reader.string()?,
            group_instance_id: if version >= 3 { reader.nullable_string()? } else { None },
            client_id: reader.string()?,
            client_host: reader.string()?,
            rebalance_timeout: if version >= 1 { reader.int32()? } else { -1 },
            session_timeout: reader.int32()?,
            subscription: reader.bytes()?,
            assignment: reader.bytes()?,
        };
        if version >= 4 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.member_id)?;
        if version >= 3 {
            writer.nullable_string(self.group_instance_id)?;
        }
        writer.string(self.client_id)?;
        writer.string(self.client_host)?;
        if version >= 1 {
            writer.int32(self.rebalance_timeout);
        }
        writer.int32(self.session_timeout);
        writer.bytes(self.subscription)?;
        writer.bytes(self.assignment)?;
        if version >= 4 {
            writer.no_tags();
        }
        Ok(())
    }
}
