//! ConsumerGroupRegularExpression.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use crate::{Array, Reader, Wire, WireError, Writer, message};

/// `ConsumerGroupRegularExpressionKey` (key 16), versions 0, never flexible.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupRegularExpressionKey<'a> {
    /// String, versions 0.
    pub group_id: &'a str,
    /// String, versions 0.
    pub regular_expression: &'a str,
}

impl<'a> Wire<'a> for ConsumerGroupRegularExpressionKey<'a> {
    const BYTES_MIN: usize = 4;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        Ok(Self { group_id: reader.string()?, regular_expression: reader.string()? })
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.group_id)?;
        writer.string(self.regular_expression)?;
        Ok(())
    }
}

message!(ConsumerGroupRegularExpressionKey<'a>, key 16, versions 0..=0, flexible from crate::NEVER_FLEXIBLE);

/// `ConsumerGroupRegularExpressionValue` (key 16), versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupRegularExpressionValue<'a> {
    /// Array of string, versions 0.
    pub topics: Array<'a, &'a str>,
    /// Int64, versions 0.
    pub version: i64,
    /// Int64, versions 0.
    pub timestamp: i64,
}

impl<'a> Wire<'a> for ConsumerGroupRegularExpressionValue<'a> {
    const BYTES_MIN: usize = 18;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { topics: reader.array(version)?, version: reader.int64()?, timestamp: reader.int64()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.array(&self.topics, version)?;
        writer.int64(self.version);
        writer.int64(self.timestamp);
        writer.no_tags();
        Ok(())
    }
}

message!(ConsumerGroupRegularExpressionValue<'a>, key 16, versions 0..=0, flexible from 0);
