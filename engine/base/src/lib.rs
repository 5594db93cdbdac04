//! Names, ids, error codes, configuration, limits and units that every other crate shares.

pub mod code;
pub mod hash;
pub mod ids;
pub mod uuid;

#[cfg(test)]
mod facts;
