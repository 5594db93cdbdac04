//! A simulated world: hosts with their cores, disks and clocks, and the network between them, in one thread.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use millrace_base::ids::CoreId;

use super::clock::HostClock;
use super::disk::Disk;
use super::host::{CoreState, HostState, Power};
use super::net::{Cut, address_of};
use super::options::{Latency, SimOptions, nanoseconds};
use super::random::Random;
use super::reactor::SimReactor;
use super::state::{Event, State};
use crate::core::Core;
use crate::mailbox::{Mailbox, Mesh};

/// A host of a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostId(usize);

type Boot = Box<dyn Fn(&[Core], &Rc<RefCell<State>>)>;

/// Many hosts in one thread and in virtual time, from one seed. The same seed, options and calls give the same run.
pub struct World {
    state: Rc<RefCell<State>>,
    /// The cores that live, by number.
    cores: BTreeMap<usize, Core>,
    boots: Vec<(usize, Boot)>,
}

impl World {
    /// A world without hosts, at virtual time 0.
    #[must_use]
    pub fn new(seed: u64, options: SimOptions) -> World {
        World { state: Rc::new(RefCell::new(State::new(seed, options))), cores: BTreeMap::new(), boots: Vec::new() }
    }

    /// Adds a host with an empty disk and starts it: `main` runs on each of its `cores`, as on a real host, and again
    /// at each
    /// [`World::restart`].
    pub fn add_host<M, F, Fut>(&mut self, name: &str, cores: usize, main: F) -> HostId
    where
        M: Send + 'static,
        F: Fn(Core, Mailbox<M>) -> Fut + 'static,
        Fut: Future<Output = ()> + 'static,
    {
        let seed = self.state.borrow_mut().random.next_u64();
        self.add_host_with_disk(name, cores, &Disk::new(seed), main)
    }

    /// Adds a host with a disk that may have served another host before; whatever used it is gone.
    pub fn add_host_with_disk<M, F, Fut>(&mut self, name: &str, cores: usize, disk: &Disk, main: F) -> HostId
    where
        M: Send + 'static,
        F: Fn(Core, Mailbox<M>) -> Fut + 'static,
        Fut: Future<Output = ()> + 'static,
    {
        assert!(cores > 0, "a host has at least one core");
        let host = {
            let mut state = self.state.borrow_mut();
            let state = &mut *state;
            state.hosts.push(HostState {
                name: name.to_owned(),
                power: Power::Killed,
                frozen: false,
                clock: HostClock::new(state.now, &mut state.random),
                disk: disk.clone(),
                cores: Vec::new(),
                mains: 0,
                open: 0,
                stalled: Vec::new(),
                awaiting_termination: Vec::new(),
                termination_pending: false,
            });
            state.hosts.len() - 1
        };
        let boot = move |cores: &[Core], state: &Rc<RefCell<State>>| {
            let mesh = Mesh::<M>::new(cores.len());
            for core in cores {
                let main = main(core.clone(), mesh.mailbox(core));
                let state = state.clone();
                core.spawn(async move {
                    main.await;
                    state.borrow_mut().host_mut(host).mains -= 1;
                });
            }
        };
        self.boots.push((cores, Box::new(boot)));
        self.boot(host);
        HostId(host)
    }

    fn boot(&mut self, host: usize) {
        let Some((count, boot)) = self.boots.get(host) else { panic!("host {host} was never added") };
        let mut cores = Vec::new();
        for index in 0..*count {
            let id = CoreId(u16::try_from(index).unwrap_or_else(|_| panic!("more cores than a host may have")));
            let (number, buffers_bytes) = {
                let mut state = self.state.borrow_mut();
                let number = state.cores.len();
                state.cores.push(CoreState {
                    host,
                    dead: false,
                    completions: Vec::new(),
                    woken: false,
                    ready: false,
                    timer_at: u64::MAX,
                });
                state.host_mut(host).cores.push(number);
                (number, state.options.buffers_bytes_per_core)
            };
            let reactor = Rc::new(SimReactor::new(self.state.clone(), number));
            let core = Core::new(id, *count, reactor, buffers_bytes);
            self.cores.insert(number, core.clone());
            cores.push(core);
        }
        {
            let mut state = self.state.borrow_mut();
            let state = state.host_mut(host);
            // Whatever used the disk before is gone.
            state.disk.kill();
            state.power = Power::On;
            state.mains = *count;
        }
        boot(&cores, &self.state);
        let mut state = self.state.borrow_mut();
        let numbers = state.host(host).cores.clone();
        numbers.into_iter().for_each(|number| state.make_ready(number));
    }

    /// Does the next thing: an event, or a turn of a ready core. `false` when nothing is left to happen.
    pub fn step(&mut self) -> bool {
        self.step_before(u64::MAX)
    }

    /// As [`World::step`], for things before the virtual time `end` (exclusive).
    fn step_before(&mut self, end: u64) -> bool {
        let chosen = {
            let mut state = self.state.borrow_mut();
            let state = &mut *state;
            state.take_notes();
            if let Some(event) = state.schedule.pop_due(state.now) {
                state.happen(event);
                // At times a core sees several events at once, at times each for itself.
                if state.random.coin() {
                    return true;
                }
            }
            choose(state)
        };
        if let Some(number) = chosen {
            self.turn(number);
            return true;
        }
        let mut state = self.state.borrow_mut();
        match state.schedule.next_at() {
            Some(at) if at < end => {
                state.now = state.now.max(at);
                true
            }
            _ => false,
        }
    }

    fn turn(&mut self, number: usize) {
        let Some(core) = self.cores.get(&number).cloned() else { return };
        core.turn();
        let mut state = self.state.borrow_mut();
        let state = &mut *state;
        state.now += state.options.turn.draw(&mut state.random);
        if core.has_ready() {
            state.make_ready(number);
        }
        if let Some(deadline) = core.next_deadline() {
            let at = state.host(state.core(number).host).clock.virtual_time(deadline).max(state.now);
            if at < state.core(number).timer_at {
                state.core_mut(number).timer_at = at;
                let tie = state.random.next_u64();
                state.schedule.push(at, tie, Event::Turn(number));
            }
        }
    }

    /// Runs until every main has ended, or nothing is left to happen.
    pub fn run(&mut self) {
        while self.is_anything_running() && self.step() {}
    }

    /// Runs for a time of the world's own.
    pub fn run_for(&mut self, duration: Duration) {
        let end = self.state.borrow().now.saturating_add(nanoseconds(duration));
        while self.state.borrow().now < end && self.step_before(end) {}
        let mut state = self.state.borrow_mut();
        state.now = state.now.max(end);
    }

    /// Runs until `condition` holds, for at most `limit` of the world's time. Whether it held.
    pub fn run_until(&mut self, limit: Duration, mut condition: impl FnMut(&World) -> bool) -> bool {
        let end = self.state.borrow().now.saturating_add(nanoseconds(limit));
        loop {
            if condition(self) {
                return true;
            }
            if self.state.borrow().now >= end || !self.step_before(end) {
                return condition(self);
            }
        }
    }

    /// Lets the ready cores draw the consequences of what has happened; no event happens meanwhile.
    pub(crate) fn settle(&mut self) {
        loop {
            let chosen = {
                let mut state = self.state.borrow_mut();
                state.take_notes();
                choose(&mut state)
            };
            let Some(number) = chosen else { return };
            self.turn(number);
        }
    }

    /// Whether nothing is left to happen.
    pub(crate) fn is_idle(&self) -> bool {
        let state = self.state.borrow();
        state.schedule.next_at().is_none() && state.ready.is_empty()
    }

    /// Stops all hosts.
    pub(crate) fn stop_all(&mut self, power: Power) {
        let hosts = self.state.borrow().hosts.len();
        (0..hosts).for_each(|host| self.stop(host, power));
    }

    fn is_anything_running(&self) -> bool {
        self.state.borrow().hosts.iter().any(|host| host.power == Power::On && host.mains > 0)
    }

    /// Whether a host's mains run: it is on, and one of them has not ended.
    #[must_use]
    pub fn is_running(&self, host: HostId) -> bool {
        let state = self.state.borrow();
        let host = state.host(host.0);
        host.power == Power::On && host.mains > 0
    }

    /// The machine loses power: its disk keeps what was durable and some of the rest, its connections break.
    pub fn power_loss(&mut self, host: HostId) {
        self.stop(host.0, Power::Off);
        self.disk(host).power_loss();
    }

    /// The process dies (kill -9): its disk keeps what was written, its connections break.
    pub fn kill(&mut self, host: HostId) {
        self.stop(host.0, Power::Killed);
        self.disk(host).kill();
    }

    /// Starts a host that was killed or lost its power. One that runs is killed first.
    pub fn restart(&mut self, host: HostId) {
        if self.state.borrow().host(host.0).power == Power::On {
            self.kill(host);
        }
        {
            let mut state = self.state.borrow_mut();
            let state = &mut *state;
            let now = state.now;
            if state.host(host.0).power == Power::Off {
                let mut random = state.random.fork();
                state.host_mut(host.0).clock.reboot(now, &mut random);
            }
        }
        self.boot(host.0);
    }

    /// Gives a host another number of cores, from its next start on.
    pub fn set_cores(&mut self, host: HostId, cores: usize) {
        assert!(cores > 0, "a host has at least one core");
        let Some((count, _)) = self.boots.get_mut(host.0) else { panic!("host {} was never added", host.0) };
        *count = cores;
    }

    /// Stops a host's cores where they are. What its disk makes of ops under way is not decided yet.
    pub(crate) fn stop(&mut self, host: usize, power: Power) {
        let numbers = self.state.borrow().host(host).cores.clone();
        let cores: Vec<Core> = numbers.iter().filter_map(|number| self.cores.remove(number)).collect();
        let abandoned = {
            let mut state = self.state.borrow_mut();
            let state = &mut *state;
            let abandoned = state.stop_cores(host);
            abandoned.iter().for_each(|in_flight| state.interrupt_on_disk(host, &in_flight.op));
            state.drop_host_network(host);
            state.forget_host_objects(host, power);
            abandoned
        };
        // Tasks drop what they own: cancellations and closed handles find a host that is gone.
        cores.iter().for_each(Core::halt);
        drop(abandoned);
        self.state.borrow_mut().take_notes();
    }

    /// Freezes a host (SIGSTOP): time goes on without it.
    pub fn freeze(&mut self, host: HostId) {
        self.set_frozen(host, true);
    }

    /// Ends a freeze (SIGCONT).
    pub fn thaw(&mut self, host: HostId) {
        self.set_frozen(host, false);
    }

    fn set_frozen(&mut self, host: HostId, frozen: bool) {
        let mut state = self.state.borrow_mut();
        state.host_mut(host.0).frozen = frozen;
        state.frozen_hosts = state.hosts.iter().filter(|host| host.frozen).count();
    }

    /// Asks a host's process to end (SIGTERM).
    pub fn terminate(&mut self, host: HostId) {
        self.state.borrow_mut().terminate(host.0);
    }

    /// A host's disk, to make it fail, fill, stall or rot, and to look at it.
    #[must_use]
    pub fn disk(&self, host: HostId) -> Disk {
        self.state.borrow().host(host.0).disk.clone()
    }

    /// A host's address.
    #[must_use]
    pub fn address(&self, host: HostId) -> IpAddr {
        address_of(host.0)
    }

    /// A host's name.
    #[must_use]
    pub fn name(&self, host: HostId) -> String {
        self.state.borrow().host(host.0).name.clone()
    }

    /// Moves a host's wall clock by so many milliseconds, forward or back.
    pub fn jump_wall_clock(&mut self, host: HostId, ms: i64) {
        self.state.borrow_mut().host_mut(host.0).clock.jump_wall(ms);
    }

    /// Sets how long one way between two hosts takes (or within one).
    pub fn set_delay(&mut self, one: HostId, other: HostId, delay: Latency) {
        self.state.borrow_mut().set_delay(one.0, other.0, delay);
    }

    /// Cuts the link between two hosts, in both directions.
    pub fn cut(&mut self, one: HostId, other: HostId, cut: Cut) {
        self.state.borrow_mut().set_cut(one.0, other.0, Some(cut));
    }

    /// Heals the link between two hosts: what it held back arrives.
    pub fn heal(&mut self, one: HostId, other: HostId) {
        self.state.borrow_mut().set_cut(one.0, other.0, None);
    }

    /// The world's time since it began.
    #[must_use]
    pub fn now(&self) -> Duration {
        Duration::from_nanos(self.state.borrow().now)
    }

    /// How many file operations have ended, on all hosts.
    #[must_use]
    pub fn disk_ops_done(&self) -> u64 {
        self.state.borrow().disk_ops_done
    }

    /// The fingerprint of everything that happened so far.
    #[must_use]
    pub fn trace_hash(&self) -> u64 {
        self.state.borrow().trace.hash()
    }

    /// A stream of random numbers that follows from the seed, for whoever drives the world.
    #[must_use]
    pub fn random(&mut self) -> Random {
        self.state.borrow_mut().random.fork()
    }
}

fn runnable(state: &State, number: usize) -> bool {
    state.frozen_hosts == 0 || !state.host(state.core(number).host).frozen
}

/// Takes one of the ready cores, as the seed has it.
fn choose(state: &mut State) -> Option<usize> {
    let place = if state.frozen_hosts == 0 {
        state.random.index(state.ready.len())
    } else {
        let able: Vec<usize> = state
            .ready
            .iter()
            .enumerate()
            .filter(|(_, number)| runnable(state, **number))
            .map(|(place, _)| place)
            .collect();
        *able.get(state.random.index(able.len()))?
    };
    if place >= state.ready.len() {
        return None;
    }
    let number = state.ready.swap_remove(place);
    state.core_mut(number).ready = false;
    Some(number)
}

impl Drop for World {
    /// Tasks hold their cores and cores their tasks: they are let go here.
    fn drop(&mut self) {
        self.cores.values().for_each(Core::halt);
    }
}
