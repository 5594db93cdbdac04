//! LeaderChangeMessage.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use crate::{Array, Reader, Wire, WireError, Writer, message};

/// `LeaderChangeMessage`, versions 0-1, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LeaderChangeMessage<'a> {
    /// Int16, versions 0-1.
    pub version: i16,
    /// Int32, versions 0-1.
    pub leader_id: i32,
    /// Array of Voter, versions 0-1.
    pub voters: Array<'a, Voter>,
    /// Array of Voter, versions 0-1.
    pub granting_voters: Array<'a, Voter>,
}

impl<'a> Wire<'a> for LeaderChangeMessage<'a> {
    const BYTES_MIN: usize = 9;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            version: reader.int16()?,
            leader_id: reader.int32()?,
            voters: reader.array(version)?,
            granting_voters: reader.array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int16(self.version);
        writer.int32(self.leader_id);
        writer.array(&self.voters, version)?;
        writer.array(&self.granting_voters, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(LeaderChangeMessage<'a>, versions 0..=1, flexible from 0);

/// What `voters` holds, in a [`LeaderChangeMessage`] of versions 0-1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Voter {
    /// Int32, versions 0-1.
    pub voter_id: i32,
    /// Uuid, versions 1.
    pub voter_directory_id: [u8; 16],
}

impl Wire<'_> for Voter {
    const BYTES_MIN: usize = 5;

    fn read(reader: &mut Reader<'_>, version: i16) -> Result<Self, WireError> {
        let value =
            Self { voter_id: reader.int32()?, voter_directory_id: if version >= 1 { reader.uuid()? } else { [0; 16] } };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.voter_id);
        if version >= 1 {
            writer.uuid(self.voter_directory_id);
        } else if self.voter_directory_id != [0; 16] {
            return Err(unsupported("VoterDirectoryId", version));
        }
        writer.no_tags();
        Ok(())
    }
}

fn unsupported(field: &'static str, version: i16) -> WireError {
    WireError::UnsupportedField { field, version }
}
