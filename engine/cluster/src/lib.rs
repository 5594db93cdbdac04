//! State machines without I/O: the metadata of topics, configurations and brokers; consumer groups;
//! client quotas.
//!
//! Nothing here reads a clock, draws a random number or knows a runtime: what happens depends on the input alone, so
//! that every broker that sees the same input comes to the same result.

pub mod group;
pub mod metadata;
pub mod placement;
pub mod quota;
