//! FindCoordinator.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `FindCoordinatorRequest` (key 10), versions 0-6, flexible from 3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FindCoordinatorRequest<'a> {
    /// String, versions 0-3.
    pub key: &'a str,
    /// Int8, versions 1-6, default 0.
    pub key_type: i8,
    /// Array of string, versions 4-6.
    pub coordinator_keys: Array<'a, &'a str>,
}

impl<'a> Wire<'a> for FindCoordinatorRequest<'a> {
    const BYTES_MIN: usize = 2;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            key: if version <= 3 { reader.string()? } else { "" },
            key_type: if version >= 1 { reader.int8()? } else { 0 },
            coordinator_keys: if version >= 4 { reader.array(version)? } else { Array::default() },
        };
        if version >= 3 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        if version <= 3 {
            writer.string(self.key)?;
        } else if !self.key.is_empty() {
            return Err(unsupported("Key", version));
        }
        if version >= 1 {
            writer.int8(self.key_type);
        } else if self.key_type != 0 {
            return Err(unsupported("KeyType", version));
        }
        if version >= 4 {
            writer.array(&self.coordinator_keys, version)?;
        } else if !self.coordinator_keys.is_empty() {
            return Err(unsupported("CoordinatorKeys", version));
        }
        if version >= 3 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(FindCoordinatorRequest<'a>, key 10, versions 0..=6, flexible from 3);

/// `FindCoordinatorResponse` (key 10), versions 0-6, flexible from 3.
#[derive(Clone, Debug, PartialEq)]
pub struct FindCoordinatorResponse<'a> {
    /// Int32, versions 1-6, ignorable.
    pub throttle_time_ms: i32,
    /// Int16, versions 0-3.
    pub error_code: i16,
    /// String, versions 1-3, nullable, ignorable.
    pub error_message: Option<&'a str>,
    /// Int32, versions 0-3.
    pub node_id: i32,
    /// String, versions 0-3.
    pub host: &'a str,
    /// Int32, versions 0-3.
    pub port: i32,
    /// Array of Coordinator, versions 4-6.
    pub coordinators: Array<'a, Coordinator<'a>>,
}

impl Default for FindCoordinatorResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: Some(""),
            node_id: 0,
            host: "",
            port: 0,
            coordinators: Array::default(),
        }
    }
}

impl<'a> Wire<'a> for FindCoordinatorResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            throttle_time_ms: if version >= 1 { reader.int32()? } else { 0 },
            error_code: if version <= 3 { reader.int16()? } else { 0 },
            error_message: if (1..=3).contains(&version) { reader.nullable_string()? } else { Some("") },
            node_id: if version <= 3 { reader.int32()? } else { 0 },
            host: if version <= 3 { reader.string()? } else { "" },
            port: if version <= 3 { reader.int32()? } else { 0 },
            coordinators: if version >= 4 { reader.array(version)? } else { Array::default() },
        };
        if version >= 3 {
            reader.skip_tags()?;
        }
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        if version >= 1 {
            writer.throttle_time_ms(self.throttle_time_ms);
        }
        if version <= 3 {
            writer.int16(self.error_code);
        } else if self.error_code != 0 {
            return Err(unsupported("ErrorCode", version));
        }
        if (1..=3).contains(&version) {
            writer.nullable_string(self.error_message)?;
        }
        if version <= 3 {
            writer.int32(self.node_id);
        } else if self.node_id != 0 {
            return Err(unsupported("NodeId", version));
        }
        if version <= 3 {
            writer.string(self.host)?;
        } else if !self.host.is_empty() {
            return Err(unsupported("Host", version));
        }
        if version <= 3 {
            writer.int32(self.port);
        } else if self.port != 0 {
            return Err(unsupported("Port", version));
        }
        if version >= 4 {
            writer.array(&self.coordinators, version)?;
        } else if !self.coordinators.is_empty() {
            return Err(unsupported("Coordinators", version));
        }
        if version >= 3 {
            writer.no_tags();
        }
        Ok(())
    }
}

message!(FindCoordinatorResponse<'a>, key 10, versions 0..=6, flexible from 3);

/// What `coordinators` holds, in a [`FindCoordinatorResponse`] of versions 4-6.
#[derive(Clone, Debug, PartialEq)]
pub struct Coordinator<'a> {
    /// String, versions 4-6.
    pub key: &'a str,
    /// Int32, versions 4-6.
    pub node_id: i32,
    /// String, versions 4-6.
    pub host: &'a str,
    /// Int32, versions 4-6.
    pub port: i32,
    /// Int16, versions 4-6.
    pub error_code: i16,
    /// String, versions 4-6, nullable, ignorable.
    pub error_message: Option<&'a str>,
}

impl Default for Coordinator<'_> {
    fn default() -> Self {
        Self { key: "", node_id: 0, host: "", port: 0, error_code: 0, error_message: Some("") }
    }
}

impl<'a> Wire<'a> for Coordinator<'a> {
    const BYTES_MIN: usize = 14;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self {
            key: reader.string()?,
            node_id: reader.int32()?,
            host: reader.string()?,
            port: reader.int32()?,
            error_code: reader.int16()?,
            error_message: reader.nullable_string()?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.key)?;
        writer.int32(self.node_id);
        writer.string(self.host)?;
        writer.int32(self.port);
        writer.int16(self.error_code);
        writer.nullable_string(self.error_message)?;
        writer.no_tags();
        Ok(())
    }
}

impl<'a> Request<'a> for FindCoordinatorRequest<'a> {
    const KEY: i16 = 10;
    type Response<'r> = FindCoordinatorResponse<'r>;
}

fn unsupported(field: &'static str, version: i16) -> WireError {
    WireError::UnsupportedField { field, version }
}
