//! The load generator behind `millrace bench`: open loop, against any Kafka broker.
//!
//! A [`spec::Load`] says what is done, a [`plan::Plan`] with whom; [`worker`] does it on one core. Everything below it
//! is written over the runtime's `Core`, so that its arithmetic is tested in virtual time.
#![allow(clippy::disallowed_methods, reason = "its threads and what it starts live outside the runtime")]

mod batch;
pub mod compare;
mod consume;
pub mod cores;
pub mod environment;
pub mod error;
pub mod keys;
pub mod limits;
mod link;
pub mod plan;
pub mod prepare;
pub mod probe;
pub mod process;
mod produce;
mod queue;
pub mod report;
pub mod rest;
pub mod run;
mod schedule;
pub mod share;
pub mod spec;
pub mod start;
pub mod stop;
pub mod subject;
pub mod tally;
pub mod worker;

pub use error::LoadError;
