//! The host that runs on io_uring: one ring and one thread per core.
//!
//! Invariants:
//! - A ring is created, submitted to and reaped by its core's thread alone (`SINGLE_ISSUER`).
//! - Memory that the kernel may touch (buffers, iovecs, addresses, paths) lives in a boxed flight or in its op, and
//!   neither goes before the last completion entry of that flight.
//! - Each flight has at most one entry at the kernel at a time; a cancellation is an entry of its own.
//! - A zero-copy send is complete when its bytes are on their way; the flight holds them until the kernel, in a second
//!   completion entry, gives them back.
//! - Draining or dropping the reactor waits for all flights: a ring that is closed under them would leave the kernel
//!   writing into freed memory. What is only held is not waited for, since a peer may never acknowledge it, and is
//!   never freed.

mod flight;
mod host;
mod parker;
mod pipe;
mod ring;
mod steps;
#[cfg(test)]
mod test;

use std::cell::RefCell;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, LazyLock};
use std::task::Waker;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use io_uring::{cqueue, opcode, types};
use millrace_base::broker_config::Host;
use millrace_base::ids::CoreId;

use self::flight::{Flight, Flights};
use self::parker::{Parker, Parkers};
use self::ring::Ring;
use self::steps::{Kit, Next};
use crate::clock::Monotonic;
use crate::op::{Completion, Op, Token};
use crate::reactor::{Events, Reactor};

pub use host::{HostError, HostOptions, block_on, block_on_with, run};

/// What a completion entry is about.
const KIND_FLIGHT: u64 = 0;
const KIND_EVENTFD: u64 = 1;
const KIND_MESSAGE_ARRIVED: u64 = 2;
const KIND_MESSAGE_SENT: u64 = 3;
const KIND_CANCEL: u64 = 4;
const KIND_SHIFT: u32 = 56;

/// How long a dropped reactor waits for its flights.
const DRAIN_MAX: Duration = Duration::from_secs(10);
/// How long it waits at a time.
const DRAIN_STEP: Duration = Duration::from_millis(100);

static CLOCK_BASE: LazyLock<Instant> = LazyLock::new(Instant::now);

struct State {
    ring: Ring,
    flights: Flights,
    kit: Kit,
    completed: Vec<Completion>,
    random: Vec<u64>,
    /// Whether the kernel may write the parker's count.
    eventfd_is_armed: bool,
    /// Whether it was said that zero-copy sends are copied.
    has_told_of_copies: bool,
}

/// Tries to make a ring as a core would.
///
/// # Errors
/// Why the kernel refused.
pub(crate) fn try_ring() -> io::Result<()> {
    Ring::new(1, &[]).map(drop)
}

/// Says which setting asked for what the kernel refused, and which kernel has it.
fn refused(setting: &str, since: &str) -> impl FnOnce(io::Error) -> io::Error {
    let advice = format!("{setting} needs Linux {since}, with what it asks for built in: set it to 0");
    move |error| io::Error::new(error.kind(), format!("{error}; {advice}"))
}

/// The reactor of one core.
pub(crate) struct Uring {
    id: CoreId,
    parkers: Parkers,
    state: RefCell<State>,
}

impl Uring {
    /// A ring for this thread, which is the thread of core `id` of the host whose cores are `parkers`. Whoever waits
    /// for the core reads its eventfd: this ring, or glommio's, to which the kernel then tells of completions in the
    /// same way.
    fn new(id: CoreId, parkers: Parkers, options: &HostOptions) -> io::Result<Uring> {
        let ring = Ring::new(options.kernel_workers_per_core, &options.cpus())?;
        let kit = Kit::new(&ring.probe()?, options.network.zero_copy_bytes)?;
        if let Some(at_most) = options.network.napi_busy_poll {
            ring.poll_cards(at_most).map_err(refused("millrace.napi.busy.poll.us", "6.9"))?;
        }
        parkers.of(id).set_ring(ring.duplicate_fd()?);
        let (flights, completed, random) = (Flights::default(), Vec::new(), Vec::new());
        let (eventfd_is_armed, has_told_of_copies) = (false, false);
        let state = State { ring, flights, kit, completed, random, eventfd_is_armed, has_told_of_copies };
        let uring = Uring { id, parkers, state: RefCell::new(state) };
        match options.host {
            Host::Uring => uring.state.borrow_mut().arm_eventfd(uring.own()),
            Host::Glommio => uring.state.borrow().ring.tell(uring.own().eventfd())?,
        }
        Ok(uring)
    }

    /// The core's eventfd, for a host that waits by reading it.
    pub(crate) fn eventfd(&self) -> io::Result<OwnedFd> {
        self.own().duplicate_eventfd()
    }

    /// Submits what is queued. `true`: nothing has happened yet, and whatever happens from here to
    /// [`Uring::end_wait`] is told by the eventfd.
    pub(crate) fn begin_wait(&self) -> bool {
        let state = &mut *self.state.borrow_mut();
        state.ring.flush();
        state.completed.is_empty() && !state.ring.has_completions() && self.own().begin_park()
    }

    /// The core runs again.
    pub(crate) fn end_wait(&self) {
        self.own().end_park();
    }

    fn own(&self) -> &Arc<Parker> {
        self.parkers.of(self.id)
    }

    /// Takes what the kernel has completed.
    fn reap(&self, state: &mut State) {
        while let Some(entry) = state.ring.next_completion() {
            let low = entry.user_data() & ((1 << KIND_SHIFT) - 1);
            match entry.user_data() >> KIND_SHIFT {
                KIND_FLIGHT => state.land(low, &entry),
                // The parker's state says the rest.
                KIND_EVENTFD => state.arm_eventfd(self.own()),
                KIND_MESSAGE_SENT if entry.result() < 0 => self.parkers.of(CoreId(low as u16)).write_eventfd(),
                KIND_MESSAGE_SENT | KIND_MESSAGE_ARRIVED | KIND_CANCEL => {}
                kind => panic!("a completion entry of unknown kind {kind}"),
            }
        }
    }

    fn hand_over(&self, state: &mut State, events: &mut Events) {
        events.completions.append(&mut state.completed);
        events.woken |= self.own().take_notified();
    }
}

impl State {
    fn arm_eventfd(&mut self, parker: &Parker) {
        let entry = parker.read_eventfd().user_data(KIND_EVENTFD << KIND_SHIFT);
        self.ring.push(entry);
        self.eventfd_is_armed = true;
    }

    /// A flight's entry has completed, or what it sent is given back.
    fn land(&mut self, user_data: u64, entry: &cqueue::Entry) {
        if cqueue::notif(entry.flags()) {
            self.tell_of_copies(entry.result());
            return self.flights.give_back(user_data);
        }
        let Some(mut flight) = self.flights.take(user_data) else { panic!("a completion entry for no flight") };
        flight.held += u32::from(cqueue::more(entry.flags()));
        let next = steps::advance(&mut flight, &mut self.kit, entry.result());
        self.follow(user_data, flight, next);
        self.serve_pipe_waiters();
    }

    fn tell_of_copies(&mut self, usage: i32) {
        if steps::was_copied(usage) && !std::mem::replace(&mut self.has_told_of_copies, true) {
            tracing::info!(
                "the kernel copies sends that were to leave uncopied, as it does to clients on this machine: if most \
                 clients are like that, millrace.send.zero.copy.bytes = 0 costs less"
            );
        }
    }

    fn follow(&mut self, user_data: u64, flight: Box<Flight>, next: Next) {
        match next {
            Next::Submit(entry) => {
                self.flights.put(user_data, flight);
                self.ring.push(entry.user_data((KIND_FLIGHT << KIND_SHIFT) | user_data));
            }
            Next::AwaitPipe => {
                self.flights.put(user_data, flight);
                self.kit.pipes.wait(user_data);
            }
            Next::Finish(result) => {
                let token = flight.token;
                let op = self.flights.complete(user_data, flight);
                self.completed.push(Completion { token, result, op });
                self.serve_pipe_waiters();
            }
        }
    }

    /// Whether the kernel may still touch memory of this reactor.
    fn is_at_kernel(&self) -> bool {
        self.eventfd_is_armed || !self.flights.is_empty()
    }

    fn serve_pipe_waiters(&mut self) {
        while let Some(user_data) = self.kit.pipes.next_served() {
            let Some(mut flight) = self.flights.take(user_data) else { continue };
            let next = steps::issue(&mut flight, &mut self.kit);
            let waits_again = matches!(next, Next::AwaitPipe);
            self.follow(user_data, flight, next);
            if waits_again {
                return;
            }
        }
    }

    fn cancel(&mut self, token: Token) {
        let Some(user_data) = self.flights.find(token) else { return };
        let Some(mut flight) = self.flights.take(user_data) else { return };
        if !flight.op.as_ref().is_some_and(Op::is_cancellable) || std::mem::replace(&mut flight.cancelled, true) {
            return self.flights.put(user_data, flight);
        }
        if self.kit.pipes.leave(user_data) {
            let interrupted = io::Error::from(io::ErrorKind::Interrupted);
            return self.follow(user_data, flight, Next::Finish(Err(interrupted)));
        }
        self.flights.put(user_data, flight);
        let target = (KIND_FLIGHT << KIND_SHIFT) | user_data;
        self.ring.push(opcode::AsyncCancel::new(target).build().user_data(KIND_CANCEL << KIND_SHIFT));
    }
}

impl Reactor for Uring {
    fn submit(&self, op: Op, token: Token) {
        let state = &mut *self.state.borrow_mut();
        let (user_data, mut flight) = state.flights.open(op, token);
        let next = steps::issue(&mut flight, &mut state.kit);
        state.follow(user_data, flight, next);
    }

    fn cancel(&self, token: Token) {
        self.state.borrow_mut().cancel(token);
    }

    fn poll(&self, events: &mut Events) {
        let state = &mut *self.state.borrow_mut();
        state.ring.flush();
        self.reap(state);
        self.hand_over(state, events);
    }

    fn park(&self, deadline: Option<Monotonic>, events: &mut Events) {
        let state = &mut *self.state.borrow_mut();
        let timeout = deadline.map(|deadline| deadline - self.now());
        if !state.completed.is_empty() || timeout == Some(Duration::ZERO) || !self.own().begin_park() {
            state.ring.flush();
        } else {
            state.ring.wait(timeout);
            self.own().end_park();
        }
        self.reap(state);
        self.hand_over(state, events);
    }

    fn drain(&self, events: &mut Events) {
        let state = &mut *self.state.borrow_mut();
        for token in state.flights.tokens() {
            state.cancel(token);
        }
        if state.eventfd_is_armed {
            let eventfd = opcode::AsyncCancel::new(KIND_EVENTFD << KIND_SHIFT).build();
            state.ring.push(eventfd.user_data(KIND_CANCEL << KIND_SHIFT));
        }
        let began = Instant::now();
        while state.is_at_kernel() && began.elapsed() < DRAIN_MAX {
            state.ring.wait(Some(DRAIN_STEP));
            while let Some(entry) = state.ring.next_completion() {
                match entry.user_data() >> KIND_SHIFT {
                    KIND_FLIGHT => state.land(entry.user_data(), &entry),
                    KIND_EVENTFD => state.eventfd_is_armed = false,
                    _ => {}
                }
            }
        }
        events.completions.append(&mut state.completed);
    }

    fn now(&self) -> Monotonic {
        let elapsed = CLOCK_BASE.elapsed();
        // The base is somewhere within the process's life: the clock begins at one nanosecond.
        Monotonic(1) + elapsed
    }

    fn wall_ms(&self) -> i64 {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        // A clock set before 1970 counts as 1970.
        since_epoch.map_or(0, |since_epoch| i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }

    fn random_u64(&self) -> u64 {
        let state = &mut *self.state.borrow_mut();
        loop {
            match state.random.pop() {
                Some(word) => return word,
                None => ring::fill_random(&mut state.random),
            }
        }
    }

    fn wake(&self, to: CoreId) {
        let parker = self.parkers.of(to);
        if !parker.notify() {
            return;
        }
        match parker.ring_fd() {
            Some(fd) => {
                let arrived = KIND_MESSAGE_ARRIVED << KIND_SHIFT;
                let sent = (KIND_MESSAGE_SENT << KIND_SHIFT) | u64::from(to.0);
                let entry = opcode::MsgRingData::new(types::Fd(fd), 0, arrived, None).build();
                self.state.borrow_mut().ring.push(entry.user_data(sent));
            }
            None => parker.write_eventfd(),
        }
    }

    fn remote_waker(&self) -> Waker {
        Waker::from(self.own().clone())
    }
}

impl Drop for Uring {
    fn drop(&mut self) {
        // Usually done when the core was halted.
        self.drain(&mut Events::default());
        let state = self.state.get_mut();
        if state.is_at_kernel() {
            tracing::error!(core = self.id.0, "operations did not end: their memory is left to the kernel");
            std::mem::forget(std::mem::take(&mut state.flights));
            std::mem::forget(self.parkers.clone());
        } else if state.flights.is_held() {
            std::mem::forget(std::mem::take(&mut state.flights));
        }
    }
}
