//! Consumer groups as their clients meet them: requests and the passing of time in, answers and records out.

mod admin;
mod consumer;
mod harness;
mod members;
mod mixed;
mod offsets;
mod property;
mod random;
mod rebalance;
