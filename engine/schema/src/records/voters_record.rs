//! VotersRecord.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use crate::{Array, Reader, Wire, WireError, Writer, message};

/// `VotersRecord`, versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VotersRecord<'a> {
    /// Int16, versions 0.
    pub version: i16,
    /// Array of Voter, versions 0.
    pub voters: Array<'a, Voter<'a>>,
}

impl<'a> Wire<'a> for VotersRecord<'a> {
    const BYTES_MIN: usize = 4;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { version: reader.int16()?, voters: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int16(self.version);
        writer.array(&self.voters, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(VotersRecord<'a>, versions 0..=0, flexible from 0);

/// What `voters` holds, in a [`VotersRecord`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Voter<'a> {
    /// Int32, versions 0.
    pub voter_id: i32,
    /// Uuid, versions 0.
    pub voter_directory_id: [u8; 16],
    /// Array of Endpoint, versions 0.
    pub endpoints: Array<'a, Endpoint<'a>>,
    /// KRaftVersionFeature, versions 0.
    pub k_raft_version_feature: KRaftVersionFeature,
}

impl<'a> Wire<'a> for Voter<'a> {
    const BYTES_MIN: usize = 27;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            voter_id: reader.int32()?,
            voter_directory_id: reader.uuid()?,
            endpoints: reader.array(version)?,
            k_raft_version_feature: KRaftVersionFeature::read(reader, version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.voter_id);
        writer.uuid(self.voter_directory_id);
        writer.array(&self.endpoints, version)?;
        self.k_raft_version_feature.write(writer, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `endpoints` holds, in a [`VotersRecord`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Endpoint<'a> {
    /// String, versions 0.
    pub name: &'a str,
    /// String, versions 0.
    pub host: &'a str,
    /// Uint16, versions 0.
    pub port: u16,
}

impl<'a> Wire<'a> for Endpoint<'a> {
    const BYTES_MIN: usize = 5;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self { name: reader.string()?, host: reader.string()?, port: reader.uint16()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.string(self.host)?;
        writer.uint16(self.port);
        writer.no_tags();
        Ok(())
    }
}

/// What `k_raft_version_feature` holds, in a [`VotersRecord`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KRaftVersionFeature {
    /// Int16, versions 0.
    pub min_supported_version: i16,
    /// Int16, versions 0.
    pub max_supported_version: i16,
}

impl Wire<'_> for KRaftVersionFeature {
    const BYTES_MIN: usize = 5;

    fn read(reader: &mut Reader<'_>, _version: i16) -> Result<Self, WireError> {
        let value = Self { min_supported_version: reader.int16()?, max_supported_version: reader.int16()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.int16(self.min_supported_version);
        writer.int16(self.max_supported_version);
        writer.no_tags();
        Ok(())
    }
}
