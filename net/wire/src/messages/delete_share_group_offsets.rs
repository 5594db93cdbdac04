//! DeleteShareGroupOffsets.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `DeleteShareGroupOffsetsRequest` (key 92), versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteShareGroupOffsetsRequest<'a> {
    /// String, versions 0.
    pub group_id: &'a str,
    /// Array of DeleteShareGroupOffsetsRequestTopic, versions 0.
    pub topics: Array<'a, DeleteShareGroupOffsetsRequestTopic<'a>>,
}

impl<'a> Wire<'a> for DeleteShareGroupOffsetsRequest<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { group_id: reader.string()?, topics: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.group_id)?;
        writer.array(&self.topics, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(DeleteShareGroupOffsetsRequest<'a>, key 92, versions 0..=0, flexible from 0);

/// What `topics` holds, in a [`DeleteShareGroupOffsetsRequest`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteShareGroupOffsetsRequestTopic<'a> {
    /// String, versions 0.
    pub topic_name: &'a str,
}

impl<'a> Wire<'a> for DeleteShareGroupOffsetsRequestTopic<'a> {
    const BYTES_MIN: usize = 2;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self { topic_name: reader.string()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.topic_name)?;
        writer.no_tags();
        Ok(())
    }
}

/// `DeleteShareGroupOffsetsResponse` (key 92), versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteShareGroupOffsetsResponse<'a> {
    /// Int32, versions 0.
    pub throttle_time_ms: i32,
    /// Int16, versions 0.
    pub error_code: i16,
    /// String, versions 0, nullable, default null.
    pub error_message: Option<&'a str>,
    /// Array of DeleteShareGroupOffsetsResponseTopic, versions 0.
    pub responses: Array<'a, DeleteShareGroupOffsetsResponseTopic<'a>>,
}

impl<'a> Wire<'a> for DeleteShareGroupOffsetsResponse<'a> {
    const BYTES_MIN: usize = 9;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            throttle_time_ms: reader.int32()?,
            error_code: reader.int16()?,
            error_message: reader.nullable_string()?,
            responses: reader.array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.int16(self.error_code);
        writer.nullable_string(self.error_message)?;
        writer.array(&self.responses, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(DeleteShareGroupOffsetsResponse<'a>, key 92, versions 0..=0, flexible from 0);

/// What `responses` holds, in a [`DeleteShareGroupOffsetsResponse`] of versions 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteShareGroupOffsetsResponseTopic<'a> {
    /// String, versions 0.
    pub topic_name: &'a str,
    /// Uuid, versions 0.
    pub topic_id: [u8; 16],
    /// Int16, versions 0.
    pub error_code: i16,
    /// String, versions 0, nullable, default null.
    pub error_message: Option<&'a str>,
}

impl<'a> Wire<'a> for DeleteShareGroupOffsetsResponseTopic<'a> {
    const BYTES_MIN: usize = 21;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self {
            topic_name: reader.string()?,
            topic_id: reader.uuid()?,
            error_code: reader.int16()?,
            error_message: reader.nullable_string()?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.topic_name)?;
        writer.uuid(self.topic_id);
        writer.int16(self.error_code);
        writer.nullable_string(self.error_message)?;
        writer.no_tags();
        Ok(())
    }
}

impl<'a> Request<'a> for DeleteShareGroupOffsetsRequest<'a> {
    const KEY: i16 = 92;
    type Response<'r> = DeleteShareGroupOffsetsResponse<'r>;
}
