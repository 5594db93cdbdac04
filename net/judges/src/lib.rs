//! Unmodified foreign clients judge the broker; this library starts brokers, drives the clients and compares what they
//! say.
//!
//! `MILLRACE_JUDGE=reference` puts a real Kafka on trial instead: a judge that does not acquit Kafka is no judge.

pub mod broker;

pub mod hostile;
pub mod java;
pub mod kcat;

pub mod kill9;
pub mod languages;
pub mod librdkafka;
pub mod manifest;
pub mod member;
pub mod process;
pub mod recipe;
pub mod table;
pub mod wire;
