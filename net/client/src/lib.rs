//! A small Kafka client for the command line: it works against any Kafka broker.
