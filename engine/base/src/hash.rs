//! Hash maps without a random seed: the same run gives the same iteration order (the simulator relies on it).
#![allow(clippy::disallowed_types, reason = "the one place that names the standard maps, with a fixed hasher")]

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, DefaultHasher};

/// SipHash with a fixed key. Keys that a client chooses (topic names) are bounded in number before they get here.
pub type FixedState = BuildHasherDefault<DefaultHasher>;
/// A hash map with a fixed hash seed.
pub type Map<K, V> = HashMap<K, V, FixedState>;
/// A hash set with a fixed hash seed.
pub type Set<K> = HashSet<K, FixedState>;
