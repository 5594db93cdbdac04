//! State machines without I/O: the metadata of topics, configurations and brokers.
