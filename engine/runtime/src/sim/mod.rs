//! Many hosts (brokers) with their cores, disks, clocks and network in one thread, from one seed.
//!
//! Invariants:
//! - The same seed, options and calls give the same run, and the same [`World::trace_hash`].
//! - Virtual time advances only when no core is ready, to the next event; a turn of a core takes a little, so that a
//!   core that never rests does not stop time.
//! - How long each operation takes, the order of simultaneous events, and which ready core or task runs next are drawn
//!   from the seed.

mod clock;
mod connect_ops;
mod disk;
mod disk_ops;
mod host;
mod link_ops;
mod net;
mod options;
mod random;
mod reactor;
mod run;
mod schedule;
mod state;
mod stream_ops;
#[cfg(test)]
mod tests;
mod trace;
mod world;

pub use self::clock::WALL_START_MS;
pub use self::disk::{Access, Disk, Failure};
pub use self::net::Cut;
pub use self::options::{Latency, SimOptions};
pub use self::random::Random;
pub use self::run::{Run, Stop, block_on, run, run_with};
pub use self::world::{HostId, World};
