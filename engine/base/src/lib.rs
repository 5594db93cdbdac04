//! Names, ids, error codes, configuration, limits and units that every other crate shares.

pub mod broker_config;
pub mod code;
pub mod group_config;
pub mod hash;
pub mod ids;
pub mod io_error;
pub mod limits;
pub mod metrics;
pub mod setting;
pub mod topic_config;
pub mod uuid;

#[cfg(test)]
mod facts;
