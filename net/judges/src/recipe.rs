//! The records that the judges write: the same for the same case, with every shape a record can have.

use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::manifest::Record;

/// The first record is so much older than the process, and each next one a millisecond younger: retention must spare
/// all.
const FIRST_AGE_MS: i64 = 3_600_000;
/// Every so manyth record is a large one of this many bytes.
const LARGE_EVERY: u64 = 997;
const LARGE_BYTES: usize = 60_000;
/// Most values are shorter than this.
const VALUE_BYTES_MAX: u64 = 240;

static FIRST_MS: LazyLock<i64> = LazyLock::new(|| {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    i64::try_from(now.as_millis()).expect("small") - FIRST_AGE_MS
});

/// Which shapes a client's input can express.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Everything: headers that differ from record to record, set timestamps, any bytes but tab, newline and what sets
    /// headers apart.
    Any,
    /// Lines of text: UTF-8 values and keys that may be null; the header is the same for all.
    Lines,
}

/// The header that all records of the shape [`Shape::Lines`] have.
pub const LINE_HEADER: (&str, &str) = ("origin", "lines");

/// Record `index` of the case that `seed` names.
#[must_use]
pub fn record(seed: u64, index: u64, shape: Shape) -> Record {
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ index);
    let key = (!index.is_multiple_of(5)).then(|| format!("key-{}", random.next() % 1000).into_bytes());
    let bytes = if index % LARGE_EVERY == LARGE_EVERY / 2 {
        LARGE_BYTES
    } else {
        usize::try_from(random.next() % VALUE_BYTES_MAX).expect("small")
    };
    let value = (index % 11 != 3).then(|| match shape {
        Shape::Any => (0..bytes).map(|_| random.byte()).collect(),
        Shape::Lines => format!("{index}:{}", random.text(bytes)).into_bytes(),
    });
    match shape {
        Shape::Any => {
            let headers = (0..index % 4).map(|at| (format!("h{at}"), (at != 1).then(|| random.text(8).into_bytes())));
            let timestamp_ms = Some(*FIRST_MS + i64::try_from(index).expect("small"));
            Record { timestamp_ms, key, value, headers: headers.collect() }
        }
        Shape::Lines => {
            let (name, header) = LINE_HEADER;
            let headers = vec![(name.to_owned(), Some(header.as_bytes().to_vec()))];
            Record { timestamp_ms: None, key, value, headers }
        }
    }
}

/// SplitMix64: small, and the same everywhere.
pub struct Random(pub u64);

impl Random {
    /// The next number.
    #[expect(clippy::should_implement_trait, reason = "an endless source is no iterator")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A byte from space upwards: no control characters.
    fn byte(&mut self) -> u8 {
        0x20 + u8::try_from(self.next() % 0xE0).expect("below 0xE0")
    }

    /// Letters, some outside ASCII; every second word repeats, so that codecs have something to do.
    fn text(&mut self, characters: usize) -> String {
        const LETTERS: [char; 8] = ['a', 'e', 'n', 'r', 's', 'ü', 'ж', '水'];
        let quads = (0..characters.div_ceil(4)).flat_map(|_| {
            let letter = LETTERS[usize::try_from(self.next() % 8).expect("below 8")];
            [letter, letter, 'o', 'o']
        });
        quads.take(characters).collect()
    }
}
