//! What every parser of foreign bytes must bear. A target is a function that takes any bytes and panics at a finding:
//! libFuzzer calls it (`scripts/fuzz`), and so does a test with every input that was ever a finding.

// The lists and the samples that the codecs' own tests are made of.
macro_rules! roundtrips {
    ($($from:ident $name:ident,)*) => {
        /// The names of all messages and internal records.
        pub(crate) const NAMES: &[&str] = &[$(stringify!($name),)*];

        /// Decodes a message by name and hands it to the visitor; `None` when there is none of this name.
        pub(crate) fn with_message<V: crate::messages::Visitor>(
            name: &str,
            bytes: &[u8],
            version: i16,
            visitor: &mut V,
        ) -> Option<Result<(), millrace_wire::WireError>> {
            use millrace_schema::records;
            use millrace_wire::messages;
            match name {
                $(stringify!($name) => Some(crate::messages::visit::<$from::$name, V>(bytes, version, visitor)),)*
                _ => None,
            }
        }
    };
}

#[path = "../../net/wire/tests/witness/list.rs"]
mod list;
#[path = "../../net/wire/tests/witness/sample.rs"]
#[allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    dead_code,
    reason = "a test's, and not all of it is needed here"
)]
mod sample;
#[path = "../../net/wire/tests/witness/value.rs"]
#[allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    dead_code,
    reason = "a test's, and not all of it is needed here"
)]
mod value;

pub mod batch;
pub mod config;
pub mod inflate;
mod input;
pub mod log;
mod messages;
pub mod metadata;
pub mod native;
pub mod request;
pub mod response;
pub mod stored;

use std::path::Path;

/// A fuzz target.
pub struct Target {
    /// As `scripts/fuzz` and the folders below `corpus` name it.
    pub name: &'static str,
    /// Takes any bytes; panics at a finding.
    pub run: fn(&[u8]),
    /// Inputs to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All targets.
pub const TARGETS: &[Target] = &[
    Target { name: "request", run: request::run, seeds: request::seeds },
    Target { name: "response", run: response::run, seeds: response::seeds },
    Target { name: "stored", run: stored::run, seeds: stored::seeds },
    Target { name: "batch", run: batch::run, seeds: batch::seeds },
    Target { name: "inflate", run: inflate::run, seeds: inflate::seeds },
    Target { name: "config", run: config::run, seeds: config::seeds },
    Target { name: "metadata", run: metadata::run, seeds: metadata::seeds },
    Target { name: "native", run: native::run, seeds: native::seeds },
    Target { name: "log", run: log::run, seeds: log::seeds },
];

/// Where a fuzzer wants its first inputs: a directory that exists.
const SEEDS_VARIABLE: &str = "MILLRACE_FUZZ_SEEDS";

/// Writes a target's seeds to the directory that `MILLRACE_FUZZ_SEEDS` names, if it names one.
///
/// # Panics
/// When they cannot be written, or there is no such target.
pub fn write_seeds(name: &str) {
    let Some(directory) = std::env::var_os(SEEDS_VARIABLE) else { return };
    let target = TARGETS.iter().find(|target| target.name == name);
    let Some(target) = target else { panic!("there is no target {name}") };
    for (number, seed) in (target.seeds)().iter().enumerate() {
        let path = Path::new(&directory).join(format!("seed-{number:04}"));
        if let Err(error) = std::fs::write(&path, seed) {
            panic!("{}: {error}", path.display());
        }
    }
}
