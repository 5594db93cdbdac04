//! What a real Kafka 4.3.1 says of itself: tables that the tests of this crate compare its data against.

/// `code`, `name`, `retriable` of every error code.
pub(crate) const ERRORS: &str = include_str!("../facts/errors-kafka-4.3.1.tsv");

/// The rows of a table without its heading, each split into its columns.
pub(crate) fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table.lines().skip(1).map(|line| line.split('\t').collect())
}
