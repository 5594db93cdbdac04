//! ShareGroupMemberMetadata.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use crate::{Array, Reader, Wire, WireError, Writer, message};

/// `ShareGroupMemberMetadataKey` (key 10), versions 0, never flexible.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareGroupMemberMetadataKey<'a> {
    /// String, versions 0.
    pub group_id: &'a str,
    /// String, versions 0.
    pub member_id: &'a str,
}

impl<'a> Wire<'a> for ShareGroupMemberMetadataKey<'a> {
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

message!(ShareGroupMemberMetadataKey<'a>, key 10, versions 0..=0, flexible from crate::NEVER_FLEXIBLE);

/// `ShareGroupMemberMetadataValue` (key 10), versions 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ShareGroupMemberMetadataValue<'a> {
    /// String, versions 0, nullable.
    pub rack_id: Option<&'a str>,
    /// String, versions 0.
    pub client_id: &'a str,
    /// String, versions 0.
    pub client_host: &'a str,
    /// Array of string, versions 0.
    pub subscribed_topic_names: Array<'a, &'a str>,
}

impl Default for ShareGroupMemberMetadataValue<'_> {
    fn default() -> Self {
        Self { rack_id: Some(""), client_id: "", client_host: "", subscribed_topic_names: Array::default() }
    }
}

impl<'a> Wire<'a> for ShareGroupMemberMetadataValue<'a> {
    const BYTES_MIN: usize = 5;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            rack_id: reader.nullable_string()?,
            client_id: reader.string()?,
            client_host: reader.string()?,
            subscribed_topic_names: reader.array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.nullable_string(self.rack_id)?;
        writer.string(self.client_id)?;
        writer.string(self.client_host)?;
        writer.array(&self.subscribed_topic_names, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(ShareGroupMemberMetadataValue<'a>, key 10, versions 0..=0, flexible from 0);
