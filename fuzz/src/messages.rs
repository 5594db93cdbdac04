//! What must hold of any bytes that are taken for a message.

use std::fmt::Debug;

use millrace_wire::{Message, Reader, WireError, Writer};

use crate::list;
use crate::sample::{self, Random};

/// What is done with a decoded message, and the bytes that it leaves.
pub(crate) trait Visitor {
    fn visit<'a, M: Message<'a> + Debug + PartialEq>(&mut self, message: M, version: i16);
}

pub(crate) fn visit<'a, M: Message<'a> + Debug + PartialEq, V: Visitor>(
    bytes: &'a [u8],
    version: i16,
    visitor: &mut V,
) -> Result<(), WireError> {
    let mut decoded = None;
    let memory = allocation_counter::measure(|| decoded = Some(M::decode_message(&mut Reader::new(bytes), version)));
    assert_eq!(memory.count_total, 0, "{}: decoding allocates", M::NAME);
    let Some(decoded) = decoded else { unreachable!("it was just decoded") };
    visitor.visit(decoded?, version);
    Ok(())
}

/// Encodes a message, decodes that, and encodes it again: nothing changes.
pub(crate) struct RoundTrip;

impl Visitor for RoundTrip {
    fn visit<'a, M: Message<'a> + Debug + PartialEq>(&mut self, message: M, version: i16) {
        let encoded = encode(&message, version);
        // What was encoded lives to the end of this function, as long as what is decoded from it.
        check_again(&message, &encoded, version);
    }
}

fn encode<'a, M: Message<'a>>(message: &M, version: i16) -> Vec<u8> {
    let mut writer = Writer::new();
    if let Err(error) = message.encode_message(&mut writer, version) {
        panic!("{} version {version} was decoded and cannot be encoded: {error}", M::NAME);
    }
    writer.into_vec()
}

/// A message printed: what a NaN does not change.
fn check_again<'a, M: Message<'a> + Debug + PartialEq>(message: &M, encoded: &[u8], version: i16) {
    struct Same<'p> {
        printed: &'p str,
        encoded: &'p [u8],
    }
    impl Visitor for Same<'_> {
        fn visit<'b, N: Message<'b> + Debug + PartialEq>(&mut self, again: N, version: i16) {
            assert_eq!(format!("{again:?}"), self.printed, "{} version {version}", N::NAME);
            assert_eq!(encode(&again, version), self.encoded, "{} version {version}", N::NAME);
        }
    }
    let printed = format!("{message:?}");
    let outcome = list::with_message(M::NAME, encoded, version, &mut Same { printed: &printed, encoded });
    assert_eq!(outcome, Some(Ok(())), "{} version {version}: {printed}", M::NAME);
}

/// Messages in each of their versions, whose names pass: name, version and bytes.
pub(crate) fn samples(passes: impl Fn(&str) -> bool) -> Vec<(String, i16, Vec<u8>)> {
    let mut random = Random::new(1);
    let schemas = sample::schemas().into_iter().filter(|(name, _)| passes(name));
    let versions = schemas.flat_map(|(name, schema)| {
        sample::versions(&schema).map(|version| (name.clone(), schema.clone(), version)).collect::<Vec<_>>()
    });
    versions
        .map(|(name, schema, version)| (name, version, sample::sample(&schema, version, &mut random).bytes))
        .collect()
}
