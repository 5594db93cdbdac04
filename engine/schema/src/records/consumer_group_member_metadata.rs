//! ConsumerGroupMemberMetadata.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use crate::{Array, Reader, Wire, WireError, Writer, message};

/// `ConsumerGroupMemberMetadataKey` (key 5), versions 0, never flexible.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupMemberMetadataKey<'a> {
    /// String, versions 0.
    pub group_id: &'a str,
    /// String, versions 0.
    pub member_id: &'a str,
}

impl<'a> Wire<'a> for ConsumerGroupMemberMetadataKey<'a> {
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

message!(ConsumerGroupMemberMetadataKey<'a>, key 5, versions 0..=0, flexible from crate::NEVER_FLEXIBLE);

/// `ConsumerGroupMemberMetadataValue` (key 5), versions 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerGroupMemberMetadataValue<'a> {
    /// String, versions 0, nullable.
    pub instance_id: Option<&'a str>,
    /// String, versions 0, nullable.
    pub rack_id: Option<&'a str>,
    /// String, versions 0.
    pub client_id: &'a str,
    /// String, versions 0.
    pub client_host: &'a str,
    /// Array of string, versions 0.
    pub subscribed_topic_names: Array<'a, &'a str>,
    /// String, versions 0, nullable.
    pub subscribed_topic_regex: Option<&'a str>,
    /// Int32, versions 0, default -1.
    pub rebalance_timeout_ms: i32,
    /// String, versions 0, nullable.
    pub server_assignor: Option<&'a str>,
    /// ClassicMemberMetadata, versions 0, nullable, tag 0.
    pub classic_member_metadata: Option<ClassicMemberMetadata<'a>>,
}

impl Default for ConsumerGroupMemberMetadataValue<'_> {
    fn default() -> Self {
        Self {
            instance_id: Some(""),
            rack_id: Some(""),
            client_id: "",
            client_host: "",
            subscribed_topic_names: Array::default(),
            subscribed_topic_regex: Some(""),
            rebalance_timeout_ms: -1,
            server_assignor: Some(""),
            classic_member_metadata: Some(ClassicMemberMetadata::default()),
        }
    }
}

impl<'a> Wire<'a> for ConsumerGroupMemberMetadataValue<'a> {
    const BYTES_MIN: usize = 12;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let mut value = Self {
            instance_id: reader.nullable_string()?,
            rack_id: reader.nullable_string()?,
            client_id: reader.string()?,
            client_host: reader.string()?,
            subscribed_topic_names: reader.array(version)?,
            subscribed_topic_regex: reader.nullable_string()?,
            rebalance_timeout_ms: reader.int32()?,
            server_assignor: reader.nullable_string()?,
            classic_member_metadata: Some(ClassicMemberMetadata::default()),
        };
        let mut tags = reader.tags()?;
        while let Some((tag, mut field)) = reader.next_tag(&mut tags)? {
            match tag {
                0 => value.classic_member_metadata = field.tagged_struct(version)?,
                _ => continue,
            }
            field.finish()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.nullable_string(self.instance_id)?;
        writer.nullable_string(self.rack_id)?;
        writer.string(self.client_id)?;
        writer.string(self.client_host)?;
        writer.array(&self.subscribed_topic_names, version)?;
        writer.nullable_string(self.subscribed_topic_regex)?;
        writer.int32(self.rebalance_timeout_ms);
        writer.nullable_string(self.server_assignor)?;
        let mut tags = writer.tags();
        if self.classic_member_metadata != Some(ClassicMemberMetadata::default()) {
            let start = writer.tag(&mut tags, 0);
            writer.tagged_struct(self.classic_member_metadata.as_ref(), version)?;
            writer.tag_end(start);
        }
        writer.tags_end(&tags);
        Ok(())
    }
}

message!(ConsumerGroupMemberMetadataValue<'a>, key 5, versions 0..=0, flexible from 0);

/// What `classic_member_metadata` holds, in a [`ConsumerGroupMemberMetadataValue`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClassicMemberMetadata<'a> {
    /// Int32, versions 0.
    pub session_timeout_ms: i32,
    /// Array of ClassicProtocol, versions 0.
    pub supported_protocols: Array<'a, ClassicProtocol<'a>>,
}

impl<'a> Wire<'a> for ClassicMemberMetadata<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { session_timeout_ms: reader.int32()?, supported_protocols: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.session_timeout_ms);
        writer.array(&self.supported_protocols, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `supported_protocols` holds, in a [`ConsumerGroupMemberMetadataValue`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClassicProtocol<'a> {
    /// String, versions 0.
    pub name: &'a str,
    /// Bytes, versions 0.
    pub metadata: &'a [u8],
}

impl<'a> Wire<'a> for ClassicProtocol<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self { name: reader.string()?, metadata: reader.bytes()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.bytes(self.metadata)?;
        writer.no_tags();
        Ok(())
    }
}
