//! What a simulated world knows of a host and of its cores.

use super::clock::HostClock;
use super::disk::Disk;
use crate::op::{Completion, Token};

/// What the world knows of a core.
#[derive(Debug)]
pub(crate) struct CoreState {
    pub(crate) host: usize,
    pub(crate) dead: bool,
    pub(crate) completions: Vec<Completion>,
    pub(crate) woken: bool,
    /// It is in the list of ready cores.
    pub(crate) ready: bool,
    /// The earliest time (virtual) for which a turn is scheduled because of a timer.
    pub(crate) timer_at: u64,
}

/// What a host is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Power {
    On,
    /// The process is gone, the machine is there.
    Killed,
    /// The machine is off.
    Off,
}

pub(crate) struct HostState {
    pub(crate) name: String,
    pub(crate) power: Power,
    pub(crate) frozen: bool,
    pub(crate) clock: HostClock,
    pub(crate) disk: Disk,
    /// The numbers of its cores, by their id.
    pub(crate) cores: Vec<usize>,
    /// How many mains have not ended.
    pub(crate) mains: usize,
    pub(crate) open: usize,
    /// Disk ops whose time came during a stall.
    pub(crate) stalled: Vec<(usize, Token)>,
    /// Ops that wait for a termination request, and a request that waits for one.
    pub(crate) awaiting_termination: Vec<(usize, Token)>,
    pub(crate) termination_pending: bool,
}
