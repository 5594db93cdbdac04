//! StreamsGroupMemberMetadata.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use crate::{Array, Reader, Wire, WireError, Writer, message};

/// `StreamsGroupMemberMetadataKey` (key 19), versions 0, never flexible.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamsGroupMemberMetadataKey<'a> {
    /// String, versions 0.
    pub group_id: &'a str,
    /// String, versions 0.
    pub member_id: &'a str,
}

impl<'a> Wire<'a> for StreamsGroupMemberMetadataKey<'a> {
    const BYTES_MIN: usize = 4;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        Ok(Self { group_id: reader.string()?, member_id: reader.string()? })
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.group_id)?;
        writer.string(self.member_id)?;
        Ok(())
    }
}

message!(StreamsGroupMemberMetadataKey<'a>, key 19, versions 0..=0, flexible from crate::NEVER_FLEXIBLE);

/// `StreamsGroupMemberMetadataValue` (key 19), versions 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamsGroupMemberMetadataValue<'a> {
    /// String, versions 0, nullable.
    pub instance_id: Option<&'a str>,
    /// String, versions 0, nullable.
    pub rack_id: Option<&'a str>,
    /// String, versions 0.
    pub client_id: &'a str,
    /// String, versions 0.
    pub client_host: &'a str,
    /// Int32, versions 0, default -1.
    pub rebalance_timeout_ms: i32,
    /// Int32, versions 0.
    pub topology_epoch: i32,
    /// String, versions 0.
    pub process_id: &'a str,
    /// Endpoint, versions 0, nullable, default null.
    pub user_endpoint: Option<Endpoint<'a>>,
    /// Array of KeyValue, versions 0.
    pub client_tags: Array<'a, KeyValue<'a>>,
}

impl Default for StreamsGroupMemberMetadataValue<'_> {
    fn default() -> Self {
        Self {
            instance_id: Some(""),
            rack_id: Some(""),
            client_id: "",
            client_host: "",
            rebalance_timeout_ms: -1,
            topology_epoch: 0,
            process_id: "",
            user_endpoint: None,
            client_tags: Array::default(),
        }
    }
}

impl<'a> Wire<'a> for StreamsGroupMemberMetadataValue<'a> {
    const BYTES_MIN: usize = 16;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            instance_id: reader.nullable_string()?,
            rack_id: reader.nullable_string()?,
            client_id: reader.string()?,
            client_host: reader.string()?,
            rebalance_timeout_ms: reader.int32()?,
            topology_epoch: reader.int32()?,
            process_id: reader.string()?,
            user_endpoint: reader.nullable_struct(version)?,
            client_tags: reader.array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.nullable_string(self.instance_id)?;
        writer.nullable_string(self.rack_id)?;
        writer.string(self.client_id)?;
        writer.string(self.client_host)?;
        writer.int32(self.rebalance_timeout_ms);
        writer.int32(self.topology_epoch);
        writer.string(self.process_id)?;
        writer.nullable_struct(self.user_endpoint.as_ref(), version)?;
        writer.array(&self.client_tags, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(StreamsGroupMemberMetadataValue<'a>, key 19, versions 0..=0, flexible from 0);

/// What `user_endpoint` holds, in a [`StreamsGroupMemberMetadataValue`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Endpoint<'a> {
    /// String, versions 0.
    pub host: &'a str,
    /// Uint16, versions 0.
    pub port: u16,
}

impl<'a> Wire<'a> for Endpoint<'a> {
    const BYTES_MIN: usize = 4;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self { host: reader.string()?, port: reader.uint16()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.host)?;
        writer.uint16(self.port);
        writer.no_tags();
        Ok(())
    }
}

/// What `client_tags` holds, in a [`StreamsGroupMemberMetadataValue`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeyValue<'a> {
    /// String, versions 0.
    pub key: &'a str,
    /// String, versions 0.
    pub value: &'a str,
}

impl<'a> Wire<'a> for KeyValue<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self { key: reader.string()?, value: reader.string()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.key)?;
        writer.string(self.value)?;
        writer.no_tags();
        Ok(())
    }
}
