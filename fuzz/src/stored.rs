//! Keys and values of Kafka's internal records (offsets, groups, transactions), as coordinators read them.

use crate::input::Input;
use crate::list::{self, NAMES};
use crate::messages::{RoundTrip, samples};

fn names() -> impl Iterator<Item = &'static str> + Clone {
    NAMES.iter().copied().filter(|name| !name.ends_with("Request") && !name.ends_with("Response"))
}

/// Reads which record and version it is, then its bytes.
///
/// # Panics
/// At a finding.
pub fn run(input: &[u8]) {
    let mut input = Input::new(input);
    let (number, version) = (usize::from(input.byte()), i16::from(input.byte()));
    let Some(name) = names().nth(number) else { return };
    let outcome = list::with_message(name, input.rest(), version, &mut RoundTrip);
    assert!(outcome.is_some(), "{name} is in the list");
}

/// Each record in each version.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (name, version, bytes) in samples(|name| names().any(|known| known == name)) {
        let number = names().position(|known| known == name).and_then(|number| u8::try_from(number).ok());
        let (Some(number), Ok(version)) = (number, u8::try_from(version)) else { continue };
        seeds.push([&[number, version], bytes.as_slice()].concat());
    }
    seeds
}
