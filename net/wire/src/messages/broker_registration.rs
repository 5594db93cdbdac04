//! BrokerRegistration.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `BrokerRegistrationRequest` (key 62), versions 0-4, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct BrokerRegistrationRequest<'a> {
    /// Int32, versions 0-4.
    pub broker_id: i32,
    /// String, versions 0-4.
    pub cluster_id: &'a str,
    /// Uuid, versions 0-4.
    pub incarnation_id: [u8; 16],
    /// Array of Listener, versions 0-4.
    pub listeners: Array<'a, Listener<'a>>,
    /// Array of Feature, versions 0-4.
    pub features: Array<'a, Feature<'a>>,
    /// String, versions 0-4, nullable.
    pub rack: Option<&'a str>,
    /// Bool, versions 1-4, default false.
    pub is_migrating_zk_broker: bool,
    /// Array of uuid, versions 2-4, ignorable.
    pub log_dirs: Array<'a, [u8; 16]>,
    /// Int64, versions 3-4, default -1, ignorable.
    pub previous_broker_epoch: i64,
}

impl Default for BrokerRegistrationRequest<'_> {
    fn default() -> Self {
        Self {
            broker_id: 0,
            cluster_id: "",
            incarnation_id: [0; 16],
            listeners: Array::default(),
            features: Array::default(),
            rack: Some(""),
            is_migrating_zk_broker: false,
            log_dirs: Array::default(),
            previous_broker_epoch: -1,
        }
    }
}

impl<'a> Wire<'a> for BrokerRegistrationRequest<'a> {
    const BYTES_MIN: usize = 25;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            broker_id: reader.int32()?,
            cluster_id: reader.string()?,
            incarnation_id: reader.uuid()?,
            listeners: reader.array(version)?,
            features: reader.array(version)?,
            rack: reader.nullable_string()?,
            is_migrating_zk_broker: if version >= 1 { reader.bool()? } else { false },
            log_dirs: if version >= 2 { reader.array(version)? } else { Array::default() },
            previous_broker_epoch: if version >= 3 { reader.int64()? } else { -1 },
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.int32(self.broker_id);
        writer.string(self.cluster_id)?;
        writer.uuid(self.incarnation_id);
        writer.array(&self.listeners, version)?;
        writer.array(&self.features, version)?;
        writer.nullable_string(self.rack)?;
        if version >= 1 {
            writer.bool(self.is_migrating_zk_broker);
        } else if self.is_migrating_zk_broker {
            return Err(unsupported("IsMigratingZkBroker", version));
        }
        if version >= 2 {
            writer.array(&self.log_dirs, version)?;
        }
        if version >= 3 {
            writer.int64(self.previous_broker_epoch);
        }
        writer.no_tags();
        Ok(())
    }
}

message!(BrokerRegistrationRequest<'a>, key 62, versions 0..=4, flexible from 0);

/// What `listeners` holds, in a [`BrokerRegistrationRequest`] of versions 0-4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listener<'a> {
    /// String, versions 0-4.
    pub name: &'a str,
    /// String, versions 0-4.
    pub host: &'a str,
    /// Uint16, versions 0-4.
    pub port: u16,
    /// Int16, versions 0-4.
    pub security_protocol: i16,
}

impl<'a> Wire<'a> for Listener<'a> {
    const BYTES_MIN: usize = 7;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self {
            name: reader.string()?,
            host: reader.string()?,
            port: reader.uint16()?,
            security_protocol: reader.int16()?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.string(self.host)?;
        writer.uint16(self.port);
        writer.int16(self.security_protocol);
        writer.no_tags();
        Ok(())
    }
}

/// What `features` holds, in a [`BrokerRegistrationRequest`] of versions 0-4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Feature<'a> {
    /// String, versions 0-4.
    pub name: &'a str,
    /// Int16, versions 0-4.
    pub min_supported_version: i16,
    /// Int16, versions 0-4.
    pub max_supported_version: i16,
}

impl<'a> Wire<'a> for Feature<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self {
            name: reader.string()?,
            min_supported_version: reader.int16()?,
            max_supported_version: reader.int16()?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.name)?;
        writer.int16(self.min_supported_version);
        writer.int16(self.max_supported_version);
        writer.no_tags();
        Ok(())
    }
}

/// `BrokerRegistrationResponse` (key 62), versions 0-4, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct BrokerRegistrationResponse {
    /// Int32, versions 0-4.
    pub throttle_time_ms: i32,
    /// Int16, versions 0-4.
    pub error_code: i16,
    /// Int64, versions 0-4, default -1.
    pub broker_epoch: i64,
}

impl Default for BrokerRegistrationResponse {
    fn default() -> Self {
        Self { throttle_time_ms: 0, error_code: 0, broker_epoch: -1 }
    }
}

impl Wire<'_> for BrokerRegistrationResponse {
    const BYTES_MIN: usize = 15;

    fn read(reader: &mut Reader<'_>, _version: i16) -> Result<Self, WireError> {
        let value =
            Self { throttle_time_ms: reader.int32()?, error_code: reader.int16()?, broker_epoch: reader.int64()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.int16(self.error_code);
        writer.int64(self.broker_epoch);
        writer.no_tags();
        Ok(())
    }
}

message!(BrokerRegistrationResponse, key 62, versions 0..=4, flexible from 0);

impl<'a> Request<'a> for BrokerRegistrationRequest<'a> {
    const KEY: i16 = 62;
    type Response<'r> = BrokerRegistrationResponse;
}

fn unsupported(field: &'static str, version: i16) -> WireError {
    WireError::UnsupportedField { field, version }
}
