//! WriteTxnMarkers.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `WriteTxnMarkersRequest` (key 27), versions 1-2, flexible from 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WriteTxnMarkersRequest<'a> {
    /// Array of WritableTxnMarker, versions 1-2.
    pub markers: Array<'a, WritableTxnMarker<'a>>,
}

impl<'a> Wire<'a> for WriteTxnMarkersRequest<'a> {
    const BYTES_MIN: usize = 2;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { markers: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.array(&self.markers, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(WriteTxnMarkersRequest<'a>, key 27, versions 1..=2, flexible from 1);

/// What `markers` holds, in a [`WriteTxnMarkersRequest`] of versions 1-2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WritableTxnMarker<'a> {
    /// Int64, versions 1-2.
    pub producer_id: i64,
    /// Int16, versions 1-2.
    pub producer_epoch: i16,
    /// Bool, versions 1-2.
    pub transaction_result: bool,
    /// Array of WritableTxnMarkerTopic, versions 1-2.
    pub topics: Array<'a, WritableTxnMarkerTopic<'a>>,
    /// Int32, versions 1-2.
    pub coordinator_epoch: i32,
    /// Int8, versions 2, default 0, ignorable.
    pub transaction_version: i8,
}

impl<'a> Wire<'a> for WritableTxnMarker<'a> {
    const BYTES_MIN: usize = 17;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            producer_id: reader.int64()?,
            producer_epoch: reader.int16()?,
            transaction_result: reader.bool()?,
            topics: reader.array(version)?,
            coordinator_epoch: reader.int32()?,
            transaction_version: if version >= 2 { reader.int8()? } else { 0 },
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int64(self.producer_id);
        writer.int16(self.producer_epoch);
        writer.bool(self.transaction_result);
        writer.array(&self.topics, version)?;
        writer.int32(self.coordinator_epoch);
        if version >= 2 {
            writer.int8(self.transaction_version);
        }
        writer.no_tags();
        Ok(())
    }
}

/// What `topics` holds, in a [`WriteTxnMarkersRequest`] of versions 1-2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WritableTxnMarkerTopic<'a> {
    /// String, versions 1-2.
    pub name: &'a str,
    /// Array of int32, versions 1-2.
    pub partition_indexes: Array<'a, i32>,
}

impl<'a> Wire<'a> for WritableTxnMarkerTopic<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { name: reader.string()?, partition_indexes: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.array(&self.partition_indexes, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// `WriteTxnMarkersResponse` (key 27), versions 1-2, flexible from 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WriteTxnMarkersResponse<'a> {
    /// Array of WritableTxnMarkerResult, versions 1-2.
    pub markers: Array<'a, WritableTxnMarkerResult<'a>>,
}

impl<'a> Wire<'a> for WriteTxnMarkersResponse<'a> {
    const BYTES_MIN: usize = 2;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { markers: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.array(&self.markers, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(WriteTxnMarkersResponse<'a>, key 27, versions 1..=2, flexible from 1);

/// What `markers` holds, in a [`WriteTxnMarkersResponse`] of versions 1-2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WritableTxnMarkerResult<'a> {
    /// Int64, versions 1-2.
    pub producer_id: i64,
    /// Array of WritableTxnMarkerTopicResult, versions 1-2.
    pub topics: Array<'a, WritableTxnMarkerTopicResult<'a>>,
}

impl<'a> Wire<'a> for WritableTxnMarkerResult<'a> {
    const BYTES_MIN: usize = 10;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { producer_id: reader.int64()?, topics: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int64(self.producer_id);
        writer.array(&self.topics, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `topics` holds, in a [`WriteTxnMarkersResponse`] of versions 1-2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WritableTxnMarkerTopicResult<'a> {
    /// String, versions 1-2.
    pub name: &'a str,
    /// Array of WritableTxnMarkerPartitionResult, versions 1-2.
    pub partitions: Array<'a, WritableTxnMarkerPartitionResult>,
}

impl<'a> Wire<'a> for WritableTxnMarkerTopicResult<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self { name: reader.string()?, partitions: reader.array(version)? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.array(&self.partitions, version)?;
        writer.no_tags();
        Ok(())
    }
}

/// What `partitions` holds, in a [`WriteTxnMarkersResponse`] of versions 1-2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WritableTxnMarkerPartitionResult {
    /// Int32, versions 1-2.
    pub partition_index: i32,
    /// Int16, versions 1-2.
    pub error_code: i16,
}

impl Wire<'_> for WritableTxnMarkerPartitionResult {
    const BYTES_MIN: usize = 7;

    fn read(reader: &mut Reader<'_>, _version: i16) -> Result<Self, WireError> {
        let value = Self { partition_index: reader.int32()?, error_code: reader.int16()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.int32(self.partition_index);
        writer.int16(self.error_code);
        writer.no_tags();
        Ok(())
    }
}

impl<'a> Request<'a> for WriteTxnMarkersRequest<'a> {
    const KEY: i16 = 27;
    type Response<'r> = WriteTxnMarkersResponse<'r>;
}
