//! DeleteTopics.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message, not_null};

/// `DeleteTopicsRequest` (key 20), versions 1-6, flexible from 4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteTopicsRequest<'a> {
    /// Array of DeleteTopicState, versions 6.
    pub topics: Array<'a, DeleteTopicState<'a>>,
    /// Array of string, versions 1-5, ignorable.
    pub topic_names: Array<'a, &'a str>,
    /// Int32, versions 1-6.
    pub timeout_ms: i32,
}

impl<'a> Wire<'a> for DeleteTopicsRequest<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            topics: if version >= 6 { reader.array(version)? } else { Array::default() },
            topic_names: if version <= 5 { reader.array(version)? } else { Array::default() },
            timeout_ms: reader.int32()?,
        };
        if version >= 4 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        if version >= 6 {
            writer.array(&self.topics, version)?;
        } else if !self.topics.is_empty() {
            return Err(unsupported("Topics", version));
        }
        if version <= 5 {
            writer.array(&self.topic_names, version)?;
        }
        writer.int32(self.timeout_ms);
        if version >= 4 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(DeleteTopicsRequest<'a>, key 20, versions 1..=6, flexible from 4);

/// What `topics` holds, in a [`DeleteTopicsRequest`] of versions 6.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteTopicState<'a> {
    /// String, versions 6, nullable, default null.
    pub name: Option<&'a str>,
    /// Uuid, versions 6.
    pub topic_id: [u8; 16],
}

impl<'a> Wire<'a> for DeleteTopicState<'a> {
    const BYTES_MIN: usize = 18;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self { name: reader.nullable_string()?, topic_id: reader.uuid()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.nullable_string(self.name)?;
        writer.uuid(self.topic_id);
        writer.no_tags();
        Ok(())
    }
}

/// `DeleteTopicsResponse` (key 20), versions 1-6, flexible from 4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteTopicsResponse<'a> {
    /// Int32, versions 1-6, ignorable.
    pub throttle_time_ms: i32,
    /// Array of DeletableTopicResult, versions 1-6.
    pub responses: Array<'a, DeletableTopicResult<'a>>,
}

impl<'a> Wire<'a> for DeleteTopicsResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { throttle_time_ms: reader.int32()?, responses: reader.array(version)? };
        if version >= 4 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.array(&self.responses, version)?;
        if version >= 4 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(DeleteTopicsResponse<'a>, key 20, versions 1..=6, flexible from 4);

/// What `responses` holds, in a [`DeleteTopicsResponse`] of versions 1-6.
#[derive(Clone, Debug, PartialEq)]
pub struct DeletableTopicResult<'a> {
    /// String, versions 1-6, nullable 6.
    pub name: Option<&'a str>,
    /// Uuid, versions 6, ignorable.
    pub topic_id: [u8; 16],
    /// Int16, versions 1-6.
    pub error_code: i16,
    /// String, versions 5-6, nullable, default null, ignorable.
    pub error_message: Option<&'a str>,
}

impl Default for DeletableTopicResult<'_> {
    fn default() -> Self {
        Self { name: Some(""), topic_id: [0; 16], error_code: 0, error_message: None }
    }
}

impl<'a> Wire<'a> for DeletableTopicResult<'a> {
    const BYTES_MIN: usize = 4;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            name: if version >= 6 { reader.nullable_string()? } else { Some(reader.string()?) },
            topic_id: if version >= 6 { reader.uuid()? } else { [0; 16] },
            error_code: reader.int16()?,
            error_message: if version >= 5 { reader.nullable_string()? } else { None },
        };
        if version >= 4 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        if version >= 6 {
            writer.nullable_string(self.name)?;
        } else {
            writer.string(not_null(self.name, "Name", version)?)?;
        }
        if version >= 6 {
            writer.uuid(self.topic_id);
        }
        writer.int16(self.error_code);
        if version >= 5 {
            writer.nullable_string(self.error_message)?;
        }
        if version >= 4 {
            writer.no_tags();
        }
        Ok(())
    }
}

impl<'a> Request<'a> for DeleteTopicsRequest<'a> {
    const KEY: i16 = 20;
    type Response<'r> = DeleteTopicsResponse<'r>;
}

fn unsupported(field: &'static str, version: i16) -> WireError {
    WireError::UnsupportedField { field, version }
}
