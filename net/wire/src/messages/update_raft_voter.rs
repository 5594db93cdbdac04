//! UpdateRaftVoter.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `UpdateRaftVoterRequest` (key 82), versions 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateRaftVoterRequest<'a> {
    /// String, versions 0, nullable.
    pub cluster_id: Option<&'a str>,
    /// Int32, versions 0.
    pub current_leader_epoch: i32,
    /// Int32, versions 0.
    pub voter_id: i32,
    /// Uuid, versions 0.
    pub voter_directory_id: [u8; 16],
    /// Array of Listener, versions 0.
    pub listeners: Array<'a, Listener<'a>>,
    /// KRaftVersionFeature, versions 0.
    pub k_raft_version_feature: KRaftVersionFeature,
}

impl Default for UpdateRaftVoterRequest<'_> {
    fn default() -> Self {
        Self {
            cluster_id: Some(""),
            current_leader_epoch: 0,
            voter_id: 0,
            voter_directory_id: [0; 16],
            listeners: Array::default(),
            k_raft_version_feature: KRaftVersionFeature::default(),
        }
    }
}

impl<'a> Wire<'a> for UpdateRaftVoterRequest<'a> {
    const BYTES_MIN: usize = 32;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            cluster_id: reader.nullable_string()?,
            current_leader_epoch: reader.int32()?,
            voter_id: reader.int32()?,
            voter_directory_id: reader.uuid()?,
            listeners: reader.array(version)?,
            k_raft_version_feature: KRaftVersionFeature::read(reader, version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.nullable_string(self.cluster_id)?;
        writer.int32(self.current_leader_epoch);
        writer.int32(self.voter_id);
        writer.uuid(self.voter_directory_id);
        writer.array(&self.listeners, version)?;
        self.k_raft_version_feature.write(writer, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(UpdateRaftVoterRequest<'a>, key 82, versions 0..=0, flexible from 0);

/// What `listeners` holds, in a [`UpdateRaftVoterRequest`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listener<'a> {
    /// String, versions 0.
    pub name: &'a str,
    /// String, versions 0.
    pub host: &'a str,
    /// Uint16, versions 0.
    pub port: u16,
}

impl<'a> Wire<'a> for Listener<'a> {
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

/// What `k_raft_version_feature` holds, in a [`UpdateRaftVoterRequest`] of versions 0.
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

/// `UpdateRaftVoterResponse` (key 82), versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UpdateRaftVoterResponse<'a> {
    /// Int32, versions 0.
    pub throttle_time_ms: i32,
    /// Int16, versions 0.
    pub error_code: i16,
    /// CurrentLeader, versions 0, tag 0.
    pub current_leader: CurrentLeader<'a>,
}

impl<'a> Wire<'a> for UpdateRaftVoterResponse<'a> {
    const BYTES_MIN: usize = 7;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let mut value = Self {
            throttle_time_ms: reader.int32()?,
            error_code: reader.int16()?,
            current_leader: CurrentLeader::default(),
        };
        let mut tags = reader.tags()?;
        while let Some((tag, mut field)) = reader.next_tag(&mut tags)? {
            match tag {
                0 => value.current_leader = CurrentLeader::read(&mut field, version)?,
                _ => continue,
            }
            field.finish()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.int16(self.error_code);
        let mut tags = writer.tags();
        if self.current_leader != CurrentLeader::default() {
            let start = writer.tag(&mut tags, 0);
            self.current_leader.write(writer, version)?;
            writer.tag_end(start);
        }
        writer.tags_end(&tags);
        Ok(())
    }
}

message!(UpdateRaftVoterResponse<'a>, key 82, versions 0..=0, flexible from 0);

/// What `current_leader` holds, in a [`UpdateRaftVoterResponse`] of versions 0.
#[derive(Clone, Debug, PartialEq)]
pub struct CurrentLeader<'a> {
    /// Int32, versions 0, default -1.
    pub leader_id: i32,
    /// Int32, versions 0, default -1.
    pub leader_epoch: i32,
    /// String, versions 0.
    pub host: &'a str,
    /// Int32, versions 0.
    pub port: i32,
}

impl Default for CurrentLeader<'_> {
    fn default() -> Self {
        Self { leader_id: -1, leader_epoch: -1, host: "", port: 0 }
    }
}

impl<'a> Wire<'a> for CurrentLeader<'a> {
    const BYTES_MIN: usize = 14;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self {
            leader_id: reader.int32()?,
            leader_epoch: reader.int32()?,
            host: reader.string()?,
            port: reader.int32()?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.int32(self.leader_id);
        writer.int32(self.leader_epoch);
        writer.string(self.host)?;
        writer.int32(self.port);
        writer.no_tags();
        Ok(())
    }
}

impl<'a> Request<'a> for UpdateRaftVoterRequest<'a> {
    const KEY: i16 = 82;
    type Response<'r> = UpdateRaftVoterResponse<'r>;
}
