//! Names, ids, error codes, configuration, limits and units that every other crate shares.

pub mod hash;
pub mod ids;
