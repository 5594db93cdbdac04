//! A simulated world's inside: hosts, their cores' operations, and the events that end them.
//!
//! Invariants:
//! - An op is in `in_flight` from its submission to its completion, or to the death of its core.
//! - Core numbers are never used again: an event for a core that died finds nothing.
//! - Whatever is drawn at random, is drawn in the order of events: the run follows from the seed.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use millrace_base::ids::CoreId;

use super::host::{CoreState, HostState, Power};
use super::net::Network;
use super::options::SimOptions;
use super::random::Random;
use super::schedule::Schedule;
use super::trace::Trace;
use crate::clock::Monotonic;
use crate::handle::{Handle, HandleEvent, HandleEvents, SimHandle};
use crate::op::{Completion, Op, Outcome, Signal, Token};

/// Something that is to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// An op's time has come.
    Perform(usize, Token),
    /// A connection request reaches its host. The number of times that it was sent before.
    ConnectArrives(usize, Token, u32),
    /// The answer to it: an endpoint, or an error number.
    ConnectAnswered(usize, Token, Result<u64, i32>),
    /// The next segment reaches this endpoint.
    Deliver(u64),
    /// News of the other end's death reaches this endpoint.
    Reset(u64),
    /// News of room in its peer's buffer reaches this endpoint.
    Room(u64),
    /// A core has a timer that is due, or was woken.
    Turn(usize),
}

/// What a handle stands for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Object {
    File { host: usize, node: u64 },
    Listener { host: usize },
    Endpoint { host: usize },
}

/// An op under way.
#[derive(Debug)]
pub(crate) struct InFlight {
    pub(crate) op: Op,
    /// What a sync covers: the disk's sequence number when it was submitted.
    pub(crate) point: u64,
    /// Bytes sent or received so far.
    pub(crate) progress: u64,
}

/// The cores that wakers want to have woken.
pub(crate) type Wakes = Arc<Mutex<Vec<usize>>>;

/// Everything about a world but the cores themselves.
pub(crate) struct State {
    pub(crate) options: SimOptions,
    pub(crate) now: u64,
    pub(crate) random: Random,
    pub(crate) trace: Trace,
    pub(crate) schedule: Schedule<Event>,
    pub(crate) hosts: Vec<HostState>,
    pub(crate) cores: Vec<CoreState>,
    pub(crate) ready: Vec<usize>,
    pub(crate) in_flight: BTreeMap<(usize, Token), InFlight>,
    pub(crate) network: Network<Event>,
    pub(crate) objects: BTreeMap<u64, Object>,
    pub(crate) next_object: u64,
    pub(crate) handle_events: HandleEvents,
    pub(crate) wakes: Wakes,
    pub(crate) disk_ops_done: u64,
    pub(crate) frozen_hosts: usize,
    pub(crate) stalled_ops: usize,
}

impl State {
    pub(crate) fn new(seed: u64, options: SimOptions) -> State {
        State {
            now: 0,
            random: Random::new(seed),
            trace: Trace::default(),
            schedule: Schedule::new(),
            hosts: Vec::new(),
            cores: Vec::new(),
            ready: Vec::new(),
            in_flight: BTreeMap::new(),
            network: Network::new(options.link_delay, options.loopback_delay),
            objects: BTreeMap::new(),
            next_object: 1,
            handle_events: HandleEvents::default(),
            wakes: Wakes::default(),
            disk_ops_done: 0,
            frozen_hosts: 0,
            stalled_ops: 0,
            options,
        }
    }

    pub(crate) fn core(&self, core: usize) -> &CoreState {
        self.cores.get(core).unwrap_or_else(|| panic!("core {core} was never added"))
    }

    pub(crate) fn core_mut(&mut self, core: usize) -> &mut CoreState {
        self.cores.get_mut(core).unwrap_or_else(|| panic!("core {core} was never added"))
    }

    pub(crate) fn host(&self, host: usize) -> &HostState {
        self.hosts.get(host).unwrap_or_else(|| panic!("host {host} was never added"))
    }

    pub(crate) fn host_mut(&mut self, host: usize) -> &mut HostState {
        self.hosts.get_mut(host).unwrap_or_else(|| panic!("host {host} was never added"))
    }

    pub(crate) fn monotonic(&self, core: usize) -> Monotonic {
        self.host(self.core(core).host).clock.monotonic(self.now)
    }

    /// Schedules `event` in `delay` nanoseconds.
    pub(crate) fn after(&mut self, delay: u64, event: Event) {
        let tie = self.random.next_u64();
        self.schedule.push(self.now.saturating_add(delay), tie, event);
    }

    pub(crate) fn make_ready(&mut self, core: usize) {
        let state = self.core_mut(core);
        if !state.dead && !state.ready {
            state.ready = true;
            self.ready.push(core);
        }
    }

    /// A new object with its handle; `None` when the host may not open more.
    pub(crate) fn open_object(&mut self, host: usize, object: Object) -> (u64, Handle) {
        let id = self.next_object;
        self.next_object += 1;
        self.objects.insert(id, object);
        self.host_mut(host).open += 1;
        (id, Handle::Sim(SimHandle::new(id, self.handle_events.clone())))
    }

    pub(crate) fn may_open(&self, host: usize) -> io::Result<()> {
        if self.host(host).open < self.options.open_files_per_host {
            return Ok(());
        }
        Err(io::Error::from_raw_os_error(libc::EMFILE))
    }

    /// Takes an op from a core.
    pub(crate) fn submit(&mut self, core: usize, op: Op, token: Token) {
        let host = self.core(core).host;
        self.note_op(core, &op);
        let point = match &op {
            Op::Sync { .. } | Op::SyncDir { .. } => self.host(host).disk.state().files.sequence(),
            _ => 0,
        };
        let delay = self.delay_of(&op);
        let connecting = match &op {
            Op::Connect { address } => self.network.host_of(host, address.ip()),
            _ => None,
        };
        let earlier = self.in_flight.insert((core, token), InFlight { op, point, progress: 0 });
        assert!(earlier.is_none(), "a token was used twice");
        match connecting {
            Some(peer) => self.across(host, peer, delay, Event::ConnectArrives(core, token, 0)),
            None => self.after(delay, Event::Perform(core, token)),
        }
    }

    fn note_op(&mut self, core: usize, op: &Op) {
        self.trace.note(self.now);
        self.trace.note(core as u64);
        match op {
            Op::WriteAt { parts, offset, .. } => {
                self.trace.note(*offset);
                parts.iter().for_each(|part| self.trace.note_bytes(part));
            }
            Op::Send { parts, .. } => parts.iter().for_each(|part| self.trace.note_bytes(part)),
            Op::ReadAt { offset, .. } => self.trace.note(*offset),
            _ => self.trace.note(1),
        }
    }

    fn delay_of(&mut self, op: &Op) -> u64 {
        let options = &self.options;
        let random = &mut self.random;
        let transfer = |bytes: u64| bytes * 1000 / options.disk_bytes_per_microsecond.max(1);
        match op {
            Op::ReadAt { buffer, .. } => options.disk_read.draw(random) + transfer(buffer.capacity() as u64),
            Op::WriteAt { parts, durability, .. } => {
                let bytes: u64 = parts.iter().map(|part| part.len() as u64).sum();
                let latency = match durability {
                    crate::file::Durability::Synced => &options.disk_sync,
                    crate::file::Durability::Deferred => &options.disk_write,
                };
                latency.draw(random) + transfer(bytes)
            }
            Op::Sync { .. } | Op::SyncDir { .. } => options.disk_sync.draw(random),
            Op::SendFile { .. } => options.disk_read.draw(random),
            Op::Connect { .. } => 0,
            Op::Listen { .. } | Op::Accept { .. } | Op::Receive { .. } | Op::Send { .. } | Op::Termination => {
                random.between(100, 3_000)
            }
            _ => options.disk_write.draw(random),
        }
    }

    /// Ends an op.
    pub(crate) fn complete(&mut self, core: usize, token: Token, result: io::Result<Outcome>) {
        let Some(in_flight) = self.in_flight.remove(&(core, token)) else { return };
        self.note_result(core, token, &result);
        self.core_mut(core).completions.push(Completion { token, result, op: in_flight.op });
        self.make_ready(core);
    }

    fn note_result(&mut self, core: usize, token: Token, result: &io::Result<Outcome>) {
        self.trace.note(self.now ^ (core as u64) << 48);
        self.trace.note(token.0);
        let word = match result {
            Ok(Outcome::Count(count)) => *count as u64,
            Ok(Outcome::Length(len)) => *len,
            Ok(Outcome::Entries(entries)) => entries.len() as u64,
            Ok(_) => 0,
            Err(error) => u64::MAX - error.raw_os_error().unwrap_or(0) as u64,
        };
        self.trace.note(word);
    }

    /// Does what an event says.
    pub(crate) fn happen(&mut self, event: Event) {
        match event {
            Event::Turn(core) => {
                let now = self.now;
                let state = self.core_mut(core);
                if state.timer_at <= now {
                    state.timer_at = u64::MAX;
                }
                self.make_ready(core);
            }
            Event::Perform(core, token) => self.perform(core, token),
            Event::ConnectArrives(core, token, sent) => self.connect_arrives(core, token, sent),
            Event::ConnectAnswered(core, token, answer) => self.connect_answered(core, token, answer),
            Event::Deliver(endpoint) => self.deliver(endpoint),
            Event::Reset(endpoint) => self.reset(endpoint),
            Event::Room(endpoint) => self.retry_sends(endpoint),
        }
    }

    fn perform(&mut self, core: usize, token: Token) {
        let Some(in_flight) = self.in_flight.get(&(core, token)) else { return };
        match &in_flight.op {
            Op::Listen { address, .. } => {
                let address = *address;
                self.listen(core, token, address);
            }
            Op::Accept { listener } => {
                let listener = listener.handle().sim_id();
                self.accept(core, token, listener);
            }
            Op::Connect { .. } => self.complete(core, token, Err(io::Error::from_raw_os_error(libc::EHOSTUNREACH))),
            Op::Receive { socket, .. } => {
                let endpoint = socket.handle().sim_id();
                self.begin_receive(core, token, endpoint);
            }
            Op::Send { socket, .. } | Op::SendFile { socket, .. } => {
                let endpoint = socket.handle().sim_id();
                self.begin_send(core, token, endpoint);
            }
            Op::Termination => self.await_termination(core, token),
            _ => self.perform_on_disk(core, token),
        }
    }

    fn await_termination(&mut self, core: usize, token: Token) {
        let host = self.core(core).host;
        self.host_mut(host).awaiting_termination.push((core, token));
        if self.host(host).termination_pending {
            self.terminate(host);
        }
    }

    /// Sends a host a termination request: it is there for all cores that wait for one, or for the first that comes to.
    pub(crate) fn terminate(&mut self, host: usize) {
        let state = self.host_mut(host);
        let waiting = std::mem::take(&mut state.awaiting_termination);
        state.termination_pending = waiting.is_empty();
        for (core, token) in waiting {
            self.complete(core, token, Ok(Outcome::Signal(Signal::Terminate)));
        }
    }

    /// Ends a cancellable op early, if it waits.
    pub(crate) fn cancel(&mut self, core: usize, token: Token) {
        let Some(in_flight) = self.in_flight.get(&(core, token)) else { return };
        let waited_at = match &in_flight.op {
            Op::Accept { listener } => listener.handle().sim_id(),
            Op::Receive { socket, .. } | Op::Send { socket, .. } | Op::SendFile { socket, .. } => {
                socket.handle().sim_id()
            }
            Op::Termination => {
                let host = self.core(core).host;
                self.host_mut(host).awaiting_termination.retain(|waiting| *waiting != (core, token));
                None
            }
            Op::Connect { .. } => None,
            _ => return,
        };
        if let Some(id) = waited_at {
            self.network.stop_waiting(id, (core, token));
        }
        self.complete(core, token, Err(io::Error::from(io::ErrorKind::Interrupted)));
    }

    /// Takes in what happened outside of operations: handles dropped, sockets shut down, cores woken.
    pub(crate) fn take_notes(&mut self) {
        let events = std::mem::take(&mut *self.handle_events.lock().unwrap_or_else(PoisonError::into_inner));
        for event in events {
            match event {
                HandleEvent::Released(id) => self.released(id),
                HandleEvent::Shutdown(id) => self.shut(id),
            }
        }
        let wakes = std::mem::take(&mut *self.wakes.lock().unwrap_or_else(PoisonError::into_inner));
        for core in wakes {
            self.wake(core);
        }
        if self.stalled_ops > 0 {
            self.resume_stalled();
        }
    }

    /// Wakes a core soon.
    pub(crate) fn wake(&mut self, core: usize) {
        let state = self.core_mut(core);
        if !state.dead && !state.woken {
            state.woken = true;
            let delay = self.random.between(100, 2_000);
            self.after(delay, Event::Turn(core));
        }
    }

    fn released(&mut self, id: u64) {
        let Some(object) = self.objects.remove(&id) else { return };
        match object {
            Object::File { host, node } => {
                self.host_mut(host).open -= 1;
                self.host(host).disk.state().files.close(node, id);
            }
            Object::Listener { host } => {
                self.host_mut(host).open -= 1;
                self.close_listener(id);
            }
            Object::Endpoint { host } => {
                self.host_mut(host).open -= 1;
                self.close_endpoint(id);
            }
        }
    }

    /// The core `id` of `host`.
    pub(crate) fn core_of(&self, host: usize, id: CoreId) -> Option<usize> {
        self.host(host).cores.get(usize::from(id.0)).copied()
    }

    /// All ops of the host's cores are given up; the disk ops among them are the disk's to decide.
    pub(crate) fn stop_cores(&mut self, host: usize) -> VecDeque<InFlight> {
        let cores = std::mem::take(&mut self.host_mut(host).cores);
        let mut abandoned = VecDeque::new();
        for core in cores {
            let state = self.core_mut(core);
            state.dead = true;
            state.ready = false;
            let completions = std::mem::take(&mut state.completions);
            drop(completions);
            let range = (core, Token(0))..=(core, Token(u64::MAX));
            let tokens: Vec<_> = self.in_flight.range(range).map(|(key, _)| *key).collect();
            abandoned.extend(tokens.iter().filter_map(|key| self.in_flight.remove(key)));
        }
        self.ready.retain(|core| self.cores.get(*core).is_some_and(|state| state.ready));
        abandoned
    }

    /// A host has stopped: its handles mean nothing any more.
    pub(crate) fn forget_host_objects(&mut self, stopped: usize, power: Power) {
        self.objects.retain(|_, object| match object {
            Object::File { host, .. } | Object::Listener { host } | Object::Endpoint { host } => *host != stopped,
        });
        let state = self.host_mut(stopped);
        state.power = power;
        state.mains = 0;
        state.open = 0;
        state.awaiting_termination.clear();
        state.termination_pending = false;
        let stalled = std::mem::take(&mut state.stalled).len();
        self.stalled_ops -= stalled;
    }
}
