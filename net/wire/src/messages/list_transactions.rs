//! ListTransactions.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use millrace_schema::{Array, Reader, Request, Wire, WireError, Writer, message};

/// `ListTransactionsRequest` (key 66), versions 0-2, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ListTransactionsRequest<'a> {
    /// Array of string, versions 0-2.
    pub state_filters: Array<'a, &'a str>,
    /// Array of int64, versions 0-2.
    pub producer_id_filters: Array<'a, i64>,
    /// Int64, versions 1-2, default -1.
    pub duration_filter: i64,
    /// String, versions 2, nullable, default null.
    pub transactional_id_pattern: Option<&'a str>,
}

impl Default for ListTransactionsRequest<'_> {
    fn default() -> Self {
        Self {
            state_filters: Array::default(),
            producer_id_filters: Array::default(),
            duration_filter: -1,
            transactional_id_pattern: None,
        }
    }
}

impl<'a> Wire<'a> for ListTransactionsRequest<'a> {
    const BYTES_MIN: usize = 3;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            state_filters: reader.array(version)?,
            producer_id_filters: reader.array(version)?,
            duration_filter: if version >= 1 { reader.int64()? } else { -1 },
            transactional_id_pattern: if version >= 2 { reader.nullable_string()? } else { None },
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.array(&self.state_filters, version)?;
        writer.array(&self.producer_id_filters, version)?;
        if version >= 1 {
            writer.int64(self.duration_filter);
        } else if self.duration_filter != -1 {
            return Err(unsupported("DurationFilter", version));
        }
        if version >= 2 {
            writer.nullable_string(self.transactional_id_pattern)?;
        } else if self.transactional_id_pattern.is_some() {
            return Err(unsupported("TransactionalIdPattern", version));
        }
        writer.no_tags();
        Ok(())
    }
}

message!(ListTransactionsRequest<'a>, key 66, versions 0..=2, flexible from 0);

/// `ListTransactionsResponse` (key 66), versions 0-2, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListTransactionsResponse<'a> {
    /// Int32, versions 0-2.
    pub throttle_time_ms: i32,
    /// Int16, versions 0-2.
    pub error_code: i16,
    /// Array of string, versions 0-2.
    pub unknown_state_filters: Array<'a, &'a str>,
    /// Array of TransactionState, versions 0-2.
    pub transaction_states: Array<'a, TransactionState<'a>>,
}

impl<'a> Wire<'a> for ListTransactionsResponse<'a> {
    const BYTES_MIN: usize = 9;

    fn read(reader: &mut Reader<'a>, version: i16) -> Result<Self, WireError> {
        let value = Self {
            throttle_time_ms: reader.int32()?,
            error_code: reader.int16()?,
            unknown_state_filters: reader.array(version)?,
            transaction_states: reader.array(version)?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        writer.throttle_time_ms(self.throttle_time_ms);
        writer.int16(self.error_code);
        writer.array(&self.unknown_state_filters, version)?;
        writer.array(&self.transaction_states, version)?;
        writer.no_tags();
        Ok(())
    }
}

message!(ListTransactionsResponse<'a>, key 66, versions 0..=2, flexible from 0);

/// What `transaction_states` holds, in a [`ListTransactionsResponse`] of versions 0-2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TransactionState<'a> {
    /// String, versions 0-2.
    pub transactional_id: &'a str,
    /// Int64, versions 0-2.
    pub producer_id: i64,
    /// String, versions 0-2.
    pub transaction_state: &'a str,
}

impl<'a> Wire<'a> for TransactionState<'a> {
    const BYTES_MIN: usize = 11;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self {
            transactional_id: reader.string()?,
            producer_id: reader.int64()?,
            transaction_state: reader.string()?,
        };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.transactional_id)?;
        writer.int64(self.producer_id);
        writer.string(self.transaction_state)?;
        writer.no_tags();
        Ok(())
    }
}

impl<'a> Request<'a> for ListTransactionsRequest<'a> {
    const KEY: i16 = 66;
    type Response<'r> = ListTransactionsResponse<'r>;
}

fn unsupported(field: &'static str, version: i16) -> WireError {
    WireError::UnsupportedField { field, version }
}
