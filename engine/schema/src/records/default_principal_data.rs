//! DefaultPrincipalData.
//!
//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.

use crate::{Reader, Wire, WireError, Writer, message};

/// `DefaultPrincipalData`, versions 0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DefaultPrincipalData<'a> {
    /// String, versions 0.
    pub r#type: &'a str,
    /// String, versions 0.
    pub name: &'a str,
    /// Bool, versions 0.
    pub token_authenticated: bool,
}

impl<'a> Wire<'a> for DefaultPrincipalData<'a> {
    const BYTES_MIN: usize = 4;

    fn read(reader: &mut Reader<'a>, _version: i16) -> Result<Self, WireError> {
        let value = Self { r#type: reader.string()?, name: reader.string()?, token_authenticated: reader.bool()? };
        reader.skip_tags()?;
        Ok(value)
    }

    fn write(&self, writer: &mut Writer, _version: i16) -> Result<(), WireError> {
        writer.string(self.r#type)?;
        writer.string(self.name)?;
        writer.bool(self.token_authenticated);
        writer.no_tags();
        Ok(())
    }
}

message!(DefaultPrincipalData<'a>, versions 0..=0, flexible from 0);
