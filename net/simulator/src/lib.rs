//! Whole brokers and their clients under one seed: generated, run, and checked against a model.
//!
//! A run is a broker on a simulated host, with its disk, and clients that speak Kafka's protocol over a simulated
//! network: producers, fetchers, administrators, the members of groups. Connections are cut and slow, the broker is killed,
//! stopped, frozen, loses its power anywhere, and is started again on another number of cores. Throughout, and when all
//! is calm again, what the broker says must agree with what it has said before. The same seed gives the same run.

mod admin;
mod broker;
mod classic_member;
mod client;
mod committer;
mod connection;
mod consumer_member;
mod consumer_membership;
mod coordinator;
mod crowd;
mod fetcher;
mod group_model;
mod history;
mod member;
mod membership;
mod model;
mod offsets;
mod plan;
mod producer;
mod records;
mod rude;
mod run;
#[cfg(test)]
mod scenarios;
mod trimmer;

pub use crowd::Protocols;
pub use plan::Scale;
pub use run::{Summary, run};
