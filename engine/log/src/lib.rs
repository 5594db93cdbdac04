//! One partition's log: segments, journal, index, tail, recovery, producer state.

mod archive;
pub mod checkpoint;
pub mod format;
pub mod journal;
