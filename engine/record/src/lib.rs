//! Kafka's record batches: zero-copy header view, records, validation, compression, builder.
