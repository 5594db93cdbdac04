//! Which key a record has, and so which partition.

use millrace_client::partitioner::partition_of_key;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use rand_distr::{Distribution, Uniform, Zipf};

use crate::error::LoadError;
use crate::spec::Keys;

/// Keys that are drawn from at most: each has its partition in memory.
pub const KEYS_MAX: u32 = 10_000_000;

/// Draws keys, the same ones for the same seed.
pub(crate) struct KeySource {
    random: SmallRng,
    draw: Draw,
    /// By key.
    partitions: Vec<u32>,
}

enum Draw {
    Uniform(Uniform<u32>),
    Zipf(Zipf<f64>),
}

impl KeySource {
    /// `None` where records have no keys.
    pub(crate) fn new(keys: Keys, partitions: usize, seed: u64) -> Result<Option<KeySource>, LoadError> {
        let impossible = |error: String| LoadError::Spec(format!("these keys cannot be drawn: {error}"));
        let (count, draw) = match keys {
            Keys::None => return Ok(None),
            Keys::Uniform(count) => {
                let uniform = Uniform::new(0, count).map_err(|error| impossible(error.to_string()))?;
                (count, Draw::Uniform(uniform))
            }
            Keys::Zipf { count, exponent } => {
                let zipf = Zipf::new(f64::from(count), exponent).map_err(|error| impossible(error.to_string()))?;
                (count, Draw::Zipf(zipf))
            }
        };
        if count > KEYS_MAX {
            return Err(LoadError::Spec(format!("{count} keys, where {KEYS_MAX} are possible")));
        }
        let partition_count = i32::try_from(partitions).unwrap_or(i32::MAX);
        let partition = |key| partition_of_key(&key_bytes(key), partition_count).unsigned_abs();
        let partitions = (0..count).map(partition).collect();
        Ok(Some(KeySource { random: SmallRng::seed_from_u64(seed), draw, partitions }))
    }

    /// The next key, and its partition.
    pub(crate) fn draw(&mut self) -> (u32, usize) {
        let key = match &self.draw {
            Draw::Uniform(uniform) => uniform.sample(&mut self.random),
            // The most frequent one is 1.
            Draw::Zipf(zipf) => zipf.sample(&mut self.random) as u32 - 1,
        };
        (key, self.partitions.get(key as usize).copied().unwrap_or_default() as usize)
    }
}

/// Bytes of a key.
pub(crate) const KEY_BYTES: usize = 12;

/// A key as records have it: `key-00000007`.
pub(crate) fn key_bytes(key: u32) -> [u8; KEY_BYTES] {
    let mut bytes = *b"key-00000000";
    let mut rest = key;
    for digit in bytes.iter_mut().skip(4).rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(keys: Keys, draws: usize) -> Vec<usize> {
        let mut source = KeySource::new(keys, 4, 1).unwrap().unwrap();
        let mut counts = vec![0; source.partitions.len()];
        for _ in 0..draws {
            counts[source.draw().0 as usize] += 1;
        }
        counts
    }

    #[test]
    fn a_key_has_eight_digits_and_the_java_clients_partition() {
        assert_eq!(&key_bytes(1_234_567), b"key-01234567");
        let mut source = KeySource::new(Keys::Uniform(100), 7, 3).unwrap().unwrap();
        for _ in 0..1_000 {
            let (key, partition) = source.draw();
            assert_eq!(partition as i32, partition_of_key(format!("key-{key:08}").as_bytes(), 7));
        }
    }

    #[test]
    fn uniform_keys_are_equally_likely() {
        assert!(counts(Keys::Uniform(10), 100_000).iter().all(|count| (9_500..10_500).contains(count)));
    }

    #[test]
    fn zipf_keys_follow_their_law() {
        let counts = counts(Keys::Zipf { count: 1_000, exponent: 1.0 }, 1_000_000);
        let harmonic: f64 = (1..=1_000).map(|rank| 1.0 / f64::from(rank)).sum();
        for rank in [1_usize, 2, 10, 100] {
            let expected = 1e6 / (rank as f64 * harmonic);
            assert!(
                (counts[rank - 1] as f64 / expected - 1.0).abs() < 0.1,
                "{rank}: {} of {expected}",
                counts[rank - 1]
            );
        }
    }

    #[test]
    fn impossible_keys_are_refused() {
        for keys in [Keys::Uniform(0), Keys::Uniform(KEYS_MAX + 1), Keys::Zipf { count: 10, exponent: -1.0 }] {
            assert!(KeySource::new(keys, 1, 0).is_err(), "{keys:?}");
        }
    }
}
