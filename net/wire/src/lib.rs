//! Kafka framing, generated codecs and the version table.
