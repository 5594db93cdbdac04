//! Operations at the kernel, with the memory that it may touch.
#![allow(unsafe_code, reason = "a zeroed message header")]

use std::ffi::CString;
use std::os::fd::OwnedFd;

use super::pipe::Pipe;
use crate::buffer::Bytes;
use crate::op::{Op, Token};

const INDEX_BITS: u32 = 24;

/// Where an operation of several steps stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Its first step, or its only one.
    First,
    /// Waiting until the descriptor is ready, then the step before again.
    Poll,
    /// A second step: what it is depends on the operation.
    Second,
}

/// An operation under way.
pub(super) struct Flight {
    pub(super) token: Token,
    pub(super) op: Option<Op>,
    pub(super) cancelled: bool,
    pub(super) step: Step,
    /// Bytes done.
    pub(super) done: u64,
    /// Zero-copy sends whose memory the kernel has not given back.
    pub(super) held: u32,
    /// Whether the kernel has refused a zero-copy send: what is left is copied.
    pub(super) copies: bool,
    pub(super) scratch: Scratch,
}

/// Memory beside the op's own that the kernel reads or writes; stays where it is until the flight has landed.
pub(super) struct Scratch {
    pub(super) iovecs: Vec<libc::iovec>,
    pub(super) message: libc::msghdr,
    pub(super) paths: [CString; 2],
    pub(super) address: socket2::SockAddrStorage,
    pub(super) address_len: libc::socklen_t,
    pub(super) fd: Option<OwnedFd>,
    pub(super) pipe: Option<Pipe>,
    /// What was sent and the kernel has not given back.
    pub(super) sent: Vec<Bytes>,
}

impl Scratch {
    fn new() -> Scratch {
        // SAFETY: a message header without name, vectors or control data.
        let message = unsafe { std::mem::zeroed() };
        Scratch {
            iovecs: Vec::new(),
            message,
            paths: Default::default(),
            address: socket2::SockAddrStorage::zeroed(),
            address_len: 0,
            fd: None,
            pipe: None,
            sent: Vec::new(),
        }
    }
}

#[derive(Default)]
struct Slot {
    generation: u32,
    flight: Option<Box<Flight>>,
    token: Option<Token>,
}

/// The flights of one ring, by user data: index and generation.
#[derive(Default)]
pub(super) struct Flights {
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// Those whose op is not complete.
    count: usize,
    /// Those whose op is complete, and whose memory the kernel still reads.
    held: usize,
    /// Landed flights, kept for their memory.
    #[allow(clippy::vec_box, reason = "the kernel knows a flight's address: it goes from here to its slot in its box")]
    spare: Vec<Box<Flight>>,
    /// User data by the low half of a token.
    by_token: Vec<u64>,
}

/// Landed flights that are kept.
const SPARE_MAX: usize = 256;

impl Flights {
    /// A new flight, which is in the caller's hands until it is put.
    pub(super) fn open(&mut self, op: Op, token: Token) -> (u64, Box<Flight>) {
        let mut flight = self.spare.pop().unwrap_or_else(|| {
            let (op, scratch) = (None, Scratch::new());
            let (step, copies) = (Step::First, false);
            Box::new(Flight { token, op, cancelled: false, step, done: 0, held: 0, copies, scratch })
        });
        flight.token = token;
        flight.op = Some(op);
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            (self.slots.len() - 1) as u32
        });
        assert!(index < 1 << INDEX_BITS, "more than 2^{INDEX_BITS} operations at the kernel");
        self.count += 1;
        let slot = self.slot(index);
        slot.token = Some(token);
        let user_data = (u64::from(slot.generation) << INDEX_BITS) | u64::from(index);
        let by_token = (token.0 as u32) as usize;
        if self.by_token.len() <= by_token {
            self.by_token.resize(by_token + 1, 0);
        }
        if let Some(place) = self.by_token.get_mut(by_token) {
            *place = user_data;
        }
        (user_data, flight)
    }

    fn slot(&mut self, index: u32) -> &mut Slot {
        match self.slots.get_mut(index as usize) {
            Some(slot) => slot,
            None => panic!("flight {index} was never opened"),
        }
    }

    fn slot_of(&mut self, user_data: u64) -> Option<&mut Slot> {
        let slot = self.slots.get_mut((user_data & ((1 << INDEX_BITS) - 1)) as usize)?;
        (u64::from(slot.generation) == user_data >> INDEX_BITS).then_some(slot)
    }

    /// Takes a flight out for a moment; it is put or released afterwards.
    pub(super) fn take(&mut self, user_data: u64) -> Option<Box<Flight>> {
        self.slot_of(user_data)?.flight.take()
    }

    pub(super) fn put(&mut self, user_data: u64, flight: Box<Flight>) {
        if let Some(slot) = self.slot_of(user_data) {
            slot.flight = Some(flight);
        }
    }

    /// Completes the op of a flight that was taken out, and gives it back. What the kernel still reads stays in the
    /// flight, and the op comes back without it.
    pub(super) fn complete(&mut self, user_data: u64, mut flight: Box<Flight>) -> Op {
        let Some(mut op) = flight.op.take() else { panic!("a flight landed twice") };
        self.count -= 1;
        if flight.held == 0 {
            self.release(user_data, flight);
            return op;
        }
        if let Op::Send { parts, .. } = &mut op {
            flight.scratch.sent = std::mem::take(parts);
        }
        if let Some(slot) = self.slot_of(user_data) {
            slot.token = None;
        }
        self.held += 1;
        self.put(user_data, flight);
        op
    }

    /// The kernel gives back what one zero-copy send of a flight held.
    pub(super) fn give_back(&mut self, user_data: u64) {
        let Some(mut flight) = self.take(user_data) else { panic!("memory given back to no flight") };
        flight.held -= 1;
        if flight.held > 0 || flight.op.is_some() {
            return self.put(user_data, flight);
        }
        self.held -= 1;
        self.release(user_data, flight);
    }

    /// Frees the slot of a flight of which the kernel has nothing any more, and keeps its memory for another.
    fn release(&mut self, user_data: u64, mut flight: Box<Flight>) {
        if let Some(slot) = self.slot_of(user_data) {
            slot.generation = slot.generation.wrapping_add(1);
            slot.token = None;
            self.free.push((user_data & ((1 << INDEX_BITS) - 1)) as u32);
        }
        flight.cancelled = false;
        flight.step = Step::First;
        flight.done = 0;
        flight.copies = false;
        flight.scratch.iovecs.clear();
        flight.scratch.fd = None;
        flight.scratch.sent.clear();
        debug_assert!(flight.scratch.pipe.is_none());
        if self.spare.len() < SPARE_MAX {
            self.spare.push(flight);
        }
    }

    /// The user data of the flight that has this token.
    pub(super) fn find(&mut self, token: Token) -> Option<u64> {
        let user_data = *self.by_token.get((token.0 as u32) as usize)?;
        (self.slot_of(user_data)?.token == Some(token)).then_some(user_data)
    }

    pub(super) fn tokens(&self) -> Vec<Token> {
        self.slots.iter().filter_map(|slot| slot.token).collect()
    }

    /// Whether every op is complete.
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether the kernel still reads what was sent by ops that are complete.
    pub(super) fn is_held(&self) -> bool {
        self.held > 0
    }
}
