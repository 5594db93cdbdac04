//! Turns Kafka's message schemas into the Rust codecs of millrace-wire.
fn main() {}
