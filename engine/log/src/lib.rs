//! One partition's log: segments, journal, index, tail, recovery, producer state.

pub mod journal;
