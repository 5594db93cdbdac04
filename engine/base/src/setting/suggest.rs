//! The name that somebody probably meant.

/// How alike two names must be, from 0 to 1, for one to be suggested for the other.
const LIKENESS_MIN: f64 = 0.7;

/// The candidate that is nearest to `name`, when one is near enough to be worth suggesting.
///
/// Case does not count, and `_` and `-` stand for `.`: `log_segment_bytes` is near to `log.segment.bytes`.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = simplified(name);
    let letters = wanted.chars().count();
    candidates
        .into_iter()
        // Names of very different lengths are never alike, and comparing long ones takes long: a client chose `name`.
        .filter(|candidate| likeness_max(letters, candidate.chars().count()) >= LIKENESS_MIN)
        .map(|candidate| (strsim::normalized_damerau_levenshtein(&wanted, &simplified(candidate)), candidate))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, candidate)| candidate)
}

/// How alike names of these lengths can be at most: the difference must be written or struck out.
fn likeness_max(one: usize, other: usize) -> f64 {
    one.min(other) as f64 / one.max(other).max(1) as f64
}

fn simplified(name: &str) -> String {
    name.to_ascii_lowercase().replace(['_', '-'], ".")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 5] = ["segment.bytes", "segment.ms", "retention.ms", "retention.bytes", "num.partitions"];

    #[test]
    fn a_slip_of_the_finger_finds_its_name() {
        for (given, meant) in [
            ("segement.bytes", "segment.bytes"),
            ("retention_ms", "retention.ms"),
            ("Segment-Bytes", "segment.bytes"),
            ("num.partition", "num.partitions"),
            ("retnetion.bytes", "retention.bytes"),
        ] {
            assert_eq!(nearest(given, NAMES), Some(meant), "{given}");
        }
    }

    #[test]
    fn something_else_altogether_finds_nothing() {
        for given in ["", "x", "zookeeper.connect", "ssl.keystore.password"] {
            assert_eq!(nearest(given, NAMES), None, "{given}");
        }
    }

    #[test]
    fn no_likeness_is_lost_to_the_bound_by_length() {
        let mut near = 0;
        for name in NAMES {
            for cut in 0..=name.len() {
                for given in [name[..cut].to_owned(), format!("{name}{}", &name[..cut])] {
                    let likeness = strsim::normalized_damerau_levenshtein(&given, name);
                    assert!(likeness <= likeness_max(given.len(), name.len()) + 1e-9, "{given}");
                    near += usize::from(likeness >= LIKENESS_MIN);
                }
            }
        }
        assert!(near > 30, "{near}");
    }

    #[test]
    fn a_name_of_megabytes_is_not_compared() {
        // Letter by letter this would take minutes and gigabytes.
        let memory = allocation_counter::measure(|| assert_eq!(nearest(&"x".repeat(4 << 20), NAMES), None));
        assert!(memory.bytes_max < 32 << 20, "{} bytes", memory.bytes_max);
    }
}
