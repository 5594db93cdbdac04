//! The name that somebody probably meant.

/// How alike two names must be, from 0 to 1, for one to be suggested for the other.
const LIKENESS_MIN: f64 = 0.7;

/// The candidate that is nearest to `name`, when one is near enough to be worth suggesting.
///
/// Case does not count, and `_` and `-` stand for `.`: `log_segment_bytes` is near to `log.segment.bytes`.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = simplified(name);
    candidates
        .into_iter()
        .map(|candidate| (strsim::normalized_damerau_levenshtein(&wanted, &simplified(candidate)), candidate))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, candidate)| candidate)
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
}
