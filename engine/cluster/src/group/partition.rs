//! Which partition of a coordinator's topic a key belongs to.

/// The partition of `__consumer_offsets` that holds a group, of `partitions`, at least 1: Java's `String.hashCode` over
/// UTF-16 units, its absolute value (0 for the one number that has none), modulo the number of partitions.
pub fn partition_of(key: &str, partitions: i32) -> i32 {
    let hash = key.encode_utf16().fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)));
    hash.checked_abs().unwrap_or(0) % partitions.max(1)
}

#[cfg(test)]
mod tests {
    use super::partition_of;

    /// The hashes are what Java's `String.hashCode` gives.
    #[test]
    fn trap_33_a_group_lies_where_kafka_puts_it() {
        assert_eq!(partition_of("", 50), 0);
        assert_eq!(partition_of("a", 50), 97 % 50);
        assert_eq!(partition_of("hello", 50), 99_162_322 % 50);
        // -1_423_461_112
        assert_eq!(partition_of("accept", 50), 1_423_461_112 % 50);
        // Integer.MIN_VALUE has no absolute value.
        assert_eq!(partition_of("polygenelubricants", 50), 0);
        // A surrogate pair: 55357 * 31 + 56832.
        assert_eq!(partition_of("\u{1f600}", 1_000), 1_772_899 % 1_000);
    }
}
