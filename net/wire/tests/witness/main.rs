//! The codecs against two witnesses that share no code with them: the crate `kafka-protocol`, and an interpreter of the
//! schema file (`sample`) that writes messages with random values.
//!
//! For every message and version: what the interpreter writes, we decode to the same names and values, and encode to
//! the same bytes; `kafka-protocol` decodes the bytes that we wrote, to the same names and values, and encodes them
//! again; what it wrote we decode to what we had.
#![allow(missing_docs, clippy::expect_used, clippy::indexing_slicing, clippy::unwrap_used, reason = "a test")]

mod other;
mod robust;
mod roundtrip;
mod sample;
mod value;

use std::fmt::Debug;

use millrace_wire::{Message, Reader, WireError, Writer};

macro_rules! roundtrips {
    ($($from:ident $name:ident,)*) => {
        /// Decodes a message by name and hands it to the visitor.
        pub(crate) fn with_message<V: crate::Visitor>(
            name: &str,
            bytes: &[u8],
            version: i16,
            visitor: &mut V,
        ) -> Result<(), millrace_wire::WireError> {
            use millrace_wire::messages;
            use millrace_schema::records;
            match name {
                $(stringify!($name) => crate::visit::<$from::$name, V>(bytes, version, visitor),)*
                _ => panic!("{name} is in the schema file, but not among the messages"),
            }
        }
    };
}

mod list;

/// What a test does with a decoded message.
pub(crate) trait Visitor {
    fn visit<'a, M: Message<'a> + Debug + PartialEq>(&mut self, message: M, version: i16);
}

fn visit<'a, M: Message<'a> + Debug + PartialEq, V: Visitor>(
    bytes: &'a [u8],
    version: i16,
    visitor: &mut V,
) -> Result<(), WireError> {
    let mut reader = Reader::new(bytes);
    let message = M::decode_message(&mut reader, version)?;
    reader.finish()?;
    visitor.visit(message, version);
    Ok(())
}

/// What a message prints, and its bytes when it is encoded again.
#[derive(Default)]
pub(crate) struct Again {
    pub(crate) printed: String,
    pub(crate) encoded: Vec<u8>,
}

impl Visitor for Again {
    fn visit<'a, M: Message<'a> + Debug + PartialEq>(&mut self, message: M, version: i16) {
        self.printed = format!("{message:?}");
        let mut writer = Writer::new();
        message.encode_message(&mut writer, version).unwrap();
        self.encoded = writer.into_vec();
    }
}

/// Decodes by name.
pub(crate) fn again(name: &str, bytes: &[u8], version: i16) -> Result<Again, WireError> {
    let mut again = Again::default();
    list::with_message(name, bytes, version, &mut again)?;
    Ok(again)
}
