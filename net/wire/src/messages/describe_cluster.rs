//! DescribeCluster.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `DescribeClusterRequest` (key 60), versions 0-2, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeClusterRequest {
    /// Bool, versions 0-2.
    pub include_cluster_authorized_operations: bool,
    /// Int8, versions 1-2, default 1.
    pub endpoint_type: i8,
    /// Bool, versions 2.
    pub include_fenced_brokers: bool,
}

impl Default for DescribeClusterRequest {
    fn default() -> Self {
        Self { include_cluster_authorized_operations: false, endpoint_type: 1, include_fenced_brokers: false }
    }
}

impl Wire<'_> for DescribeClusterRequest {
    const BYTES_MIN: usize = 2;

    fn read(reader: &mut Reader<'_>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            include_cluster_authorized_operations: reader.bool()?,
            endpoint_type: if version >= 1 { reader.int8()? } else { 1 },
            include_fenced_brokers: if version >= 2 { reader.bool()? } else { false },
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.bool(self.include_cluster_authorized_operations);
        if version >= 1 {
            writer.int8(self.endpoint_type);
        } else if self.endpoint_type != 1 {
            return Err(unsupported("EndpointType", version));
        }
        if version >= 2 {
            writer.bool(self.include_fenced_brokers);
        } else if self.include_fenced_brokers {
            return Err(unsupported("IncludeFencedBrokers", version));
        }
        writer.no_tags();
        Ok(())
    }
}

message!(DescribeClusterRequest, key 60, versions 0..=2, flexible from 0);

/// `DescribeClusterResponse` (key 60), versions 0-2, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeClusterResponse<'a> {
    /// Int32, versions 0-2.
    pub throttle_time_ms: i32,
    /// Int16, versions 0-2.
    pub error_code: i16,
    /// String, versions 0-2, nullable, default null.
    pub error_message: Option<&'a str>,
    /// Int8, versions 1-2, default 1.
    pub endpoint_type: i8,
    /// String, versions 0-2.
    pub cluster_id: &'a str,
    /// Int32, versions 0-2, default -1.
    pub controller_id: i32,
    /// Array of DescribeClusterBroker, versions 0-2.
    pub brokers: Array<'a, DescribeClusterBroker<'a>>,
    /// Int32, versions 0-2, default -2147483648.
    pub cluster_authorized_operations: i32,
}

impl Default for DescribeClusterResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: None,
            endpoint_type: 1,
            cluster_id: "",
            controller_id: -1,
            brokers: Array::default(),
            cluster_authorized_operations: -2147483648,
        }
    }
}

impl<'a> Wire<'a> for DescribeClusterResponse<'a> {
    const BYTES_MIN: usize = 18;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            throttle_time_ms: reader.int32()?,
            error_code: reader.int16()?,
            error_message: reader.nullable_string()?,
            endpoint_type: if version >= 1 { reader.int8()? } else { 1 },
            cluster_id: reader.string()?,
            controller_id: reader.int32()?,
            brokers: reader.array(version)?,
            cluster_authorized_operations: reader.int32()?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.int16(self.error_code);
        writer.nullable_string(self.error_message)?;
        if version >= 1 {
            writer.int8(self.endpoint_type);
        } else if self.endpoint_type != 1 {
            return Err(unsupported("EndpointType", version));
        }
        writer.string(self.cluster_id)?;
        writer.int32(self.controller_id);
        writer.array(&self.brokers, version)?;
        writer.int32(self.cluster_authorized_operations);
        writer.no_tags();
        Ok(())
    }
}

message!(DescribeClusterResponse<'a>, key 60, versions 0..=2, flexible from 0);

/// What `brokers` holds, in a [`DescribeClusterResponse`] of versions 0-2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeClusterBroker<'a> {
    /// Int32, versions 0-2.
    pub broker_id: i32,
    /// String, versions 0-2.
    pub host: &'a str,
    /// Int32, versions 0-2.
    pub port: i32,
    /// String, versions 0-2, nullable, default null.
    pub rack: Option<&'a str>,
    /// Bool, versions 2.
    pub is_fenced: bool,
}

impl<'a> Wire<'a> for DescribeClusterBroker<'a> {
    const BYTES_MIN: usize = 11;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            broker_id: reader.int32()?,
            host: reader.string()?,
            port: reader.int32()?,
            rack: reader.nullable_string()?,
            is_fenced: if version >= 2 { reader.bool()? } else { false },
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.broker_id);
        writer.string(self.host)?;
        writer.int32(self.port);
        writer.nullable_string(self.rack)?;
        if version >= 2 {
            writer.bool(self.is_fenced);
        } else if self.is_fenced {
            return Err(unsupported("IsFenced", version));
        }
        writer.no_tags();
        Ok(())
    }
}

impl Request<'_> for DescribeClusterRequest {
    const KEY: i16 = 60;
    type Response<'r> = DescribeClusterResponse<'r>;
}

fn unsupported(field: &'static str, version: i16) -> WireError {
    WireError::UnsupportedField { field, version }
}
