//! Client quotas (KIP-13, KIP-546, KIP-612): who may send, receive and ask for how much, and how long who goes beyond
//! that has to wait.
//!
//! [`Quotas`] holds what is set and finds the limit that counts for a client. A [`Usage`] measures, in windows as Kafka
//! does, and says how long a client is throttled.
//!
//! Always true:
//! - of all quotas that match a client the one of the narrowest entity counts, in Kafka's order: user and client id,
//!   user and every client id, user; the same three of every user; client id, every client id;
//! - what is measured belongs to the entity that the limit is of: all connections of that user or client id share it;
//! - a usage forgets who was not measured for [`USAGE_EXPIRY_MS`], and holds at most [`USAGES_MAX`].

mod alter;
mod entity;
mod filter;
mod limits;
mod rate;
mod usage;

pub use alter::{Alteration, Change, check};
pub use entity::{Entity, EntityError, EntityType, Limit, Name, QuotaKey};
pub use filter::{Component, Filter, FilterError, Match};
pub use limits::{Bucket, InEffect, Quotas};
pub use rate::{Rate, Windows};
pub use usage::{USAGE_EXPIRY_MS, USAGES_MAX, Usage};

#[cfg(test)]
mod tests;
