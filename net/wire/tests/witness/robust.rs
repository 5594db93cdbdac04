//! Bytes that no honest peer sends: decoding never panics, allocates nothing, and what it accepts can be used.

use std::fmt::{self, Debug, Write as _};

use millrace_wire::{Message, WireError, Writer};
use proptest::prelude::*;
use serde_json::Value as Json;

use crate::sample::{Random, sample, schemas, versions};
use crate::{Visitor, again, list};

/// Decodes and does nothing more.
struct Nothing;

impl Visitor for Nothing {
    fn visit<'a, M: Message<'a> + Debug + PartialEq>(&mut self, _message: M, _version: i16) {}
}

/// Walks every array of a message, and encodes it.
struct Use;

impl Visitor for Use {
    fn visit<'a, M: Message<'a> + Debug + PartialEq>(&mut self, message: M, version: i16) {
        write!(Sink, "{message:?}").unwrap();
        message.encode_message(&mut Writer::new(), version).unwrap();
    }
}

struct Sink;

impl fmt::Write for Sink {
    fn write_str(&mut self, _printed: &str) -> fmt::Result {
        Ok(())
    }
}

/// Decodes, and checks that nothing was allocated for it.
fn decode_without_memory(name: &str, bytes: &[u8], version: i16) -> Result<(), WireError> {
    let mut outcome = Ok(());
    let memory = allocation_counter::measure(|| outcome = list::with_message(name, bytes, version, &mut Nothing));
    assert_eq!(memory.count_total, 0, "{name} version {version}");
    outcome
}

/// The first, the last and a middle version of every message.
fn some_versions() -> impl Iterator<Item = (String, Json, i16)> {
    schemas().into_iter().flat_map(|(name, schema)| {
        let (first, last) = versions(&schema).into_inner();
        let mut some = vec![first, first.midpoint(last), last];
        some.dedup();
        some.into_iter().map(move |version| (name.clone(), schema.clone(), version))
    })
}

#[test]
fn a_message_that_is_cut_short_anywhere_is_refused() {
    for (name, schema, version) in some_versions() {
        let sample = sample(&schema, version, &mut Random::new(3));
        for length in 0..sample.bytes.len() {
            let outcome = decode_without_memory(&name, &sample.bytes[..length], version);
            assert!(outcome.is_err(), "{name} version {version} cut to {length} bytes");
        }
    }
}

#[test]
fn a_message_with_any_byte_changed_is_refused_or_usable() {
    for (name, schema, version) in some_versions() {
        let mut bytes = sample(&schema, version, &mut Random::new(4)).bytes;
        for position in 0..bytes.len() {
            let original = bytes[position];
            for changed in [0x00, 0x7f, 0x80, 0xff, original.wrapping_add(1)] {
                bytes[position] = changed;
                if decode_without_memory(&name, &bytes, version).is_ok() {
                    list::with_message(&name, &bytes, version, &mut Use).unwrap();
                }
            }
            bytes[position] = original;
        }
    }
}

#[test]
fn trap_02_unknown_tagged_fields_are_skipped() {
    let mut seen = 0;
    for (name, schema) in schemas() {
        let fields = schema["fields"].as_array().unwrap();
        let is_flexible = schema["flexibleVersions"] != "none";
        if !is_flexible || fields.iter().any(|field| !field["tag"].is_null()) {
            continue;
        }
        let version = *versions(&schema).end();
        let bytes = sample(&schema, version, &mut Random::new(5)).bytes;
        let (last, known) = bytes.split_last().unwrap();
        assert_eq!(*last, 0, "{name} ends with a section without tags");
        // Two of them: tag 100 with three bytes, tag 2,097,151 without any.
        let unknown = [known, &[2, 100, 3, 1, 2, 3, 0xff, 0xff, 0x7f, 0]].concat();
        assert_eq!(again(&name, &unknown, version).unwrap().printed, again(&name, &bytes, version).unwrap().printed);
        decode_without_memory(&name, &unknown, version).unwrap();
        // A section that announces more than there is.
        let endless = [known, &[0xff, 0xff, 0xff, 0xff, 0x0f]].concat();
        let refused = again(&name, &endless, version).err();
        assert_eq!(refused, Some(WireError::CountTooLarge { count: u32::MAX as usize, remaining: 0 }), "{name}");
        seen += 1;
    }
    assert!(seen > 150, "{seen}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn noise_is_refused_or_usable(
        which in any::<prop::sample::Index>(),
        bytes in prop::collection::vec(prop_oneof![Just(0_u8), Just(1), Just(2), Just(0xff), any::<u8>()], 0..300),
    ) {
        let all: Vec<_> = NAMES.with(Clone::clone);
        let (name, first, last) = which.get(&all);
        for version in [*first, *last] {
            if decode_without_memory(name, &bytes, version).is_ok() {
                list::with_message(name, &bytes, version, &mut Use).unwrap();
            }
        }
    }

    #[test]
    fn a_message_with_bytes_overwritten_is_refused_or_usable(
        which in any::<prop::sample::Index>(),
        seed in any::<u64>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let all = SCHEMAS.with(Clone::clone);
        let (name, schema) = which.get(&all);
        let version = *versions(schema).end();
        let mut bytes = sample(schema, version, &mut Random::new(seed)).bytes;
        for (at, byte) in changes.iter().filter(|_| !bytes.is_empty()).collect::<Vec<_>>() {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        if decode_without_memory(name, &bytes, version).is_ok() {
            list::with_message(name, &bytes, version, &mut Use).unwrap();
        }
    }
}

thread_local! {
    static SCHEMAS: std::rc::Rc<Vec<(String, Json)>> = std::rc::Rc::new(schemas());
    static NAMES: Vec<(String, i16, i16)> = schemas()
        .iter()
        .map(|(name, schema)| (name.clone(), *versions(schema).start(), *versions(schema).end()))
        .collect();
}
