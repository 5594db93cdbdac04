//! The slots of ops under way.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::Core;
use crate::op::{Completion, Op, Token};

enum State {
    Free,
    Waiting(Option<Waker>),
    Done(Completion),
    Orphaned,
}

struct Slot {
    generation: u32,
    state: State,
}

/// The ops that were submitted and whose completion was not taken yet.
#[derive(Default)]
pub(super) struct Table {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

impl Table {
    fn open(&mut self) -> Token {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot { generation: 0, state: State::Free });
            u32::try_from(self.slots.len() - 1).unwrap_or_else(|_| panic!("more than 2^32 operations under way"))
        });
        let slot = self.slots.get_mut(index as usize).unwrap_or_else(|| unknown(index));
        slot.state = State::Waiting(None);
        Token((u64::from(slot.generation) << 32) | u64::from(index))
    }

    fn slot(&mut self, token: Token) -> &mut Slot {
        let index = token.0 as u32;
        match self.slots.get_mut(index as usize) {
            Some(slot) if u64::from(slot.generation) == token.0 >> 32 => slot,
            _ => unknown(index),
        }
    }

    fn close(&mut self, token: Token) -> State {
        let slot = self.slot(token);
        slot.generation = slot.generation.wrapping_add(1);
        let state = std::mem::replace(&mut slot.state, State::Free);
        self.free.push(token.0 as u32);
        state
    }
}

fn unknown(index: u32) -> ! {
    panic!("operation {index} is not under way: a reactor completed it twice")
}

impl Core {
    /// Hands a completion to whoever waits for it; an orphan's ends here, and frees what its op owned.
    pub(super) fn complete(&self, completion: Completion) {
        let mut table = self.inner.operations.borrow_mut();
        let token = completion.token;
        let slot = table.slot(token);
        match std::mem::replace(&mut slot.state, State::Orphaned) {
            State::Waiting(waker) => {
                slot.state = State::Done(completion);
                drop(table);
                if let Some(waker) = waker {
                    waker.wake();
                }
            }
            State::Orphaned => {
                table.close(token);
                drop(table);
                drop(completion);
            }
            State::Free | State::Done(_) => unknown(token.0 as u32),
        }
    }
}

/// An op under way: gives its [`Completion`].
pub struct Operation {
    core: Core,
    token: Token,
    cancellable: bool,
    taken: bool,
}

impl Operation {
    pub(super) fn submit(core: Core, op: Op) -> Operation {
        let token = core.inner.operations.borrow_mut().open();
        let cancellable = op.is_cancellable();
        core.inner.reactor.submit(op, token);
        Operation { core, token, cancellable, taken: false }
    }
}

impl Future for Operation {
    type Output = Completion;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Completion> {
        assert!(!self.taken, "an operation was polled after its completion");
        let mut table = self.core.inner.operations.borrow_mut();
        if let State::Waiting(waiting) = &mut table.slot(self.token).state {
            match waiting {
                Some(waker) => waker.clone_from(context.waker()),
                None => *waiting = Some(context.waker().clone()),
            }
            return Poll::Pending;
        }
        let State::Done(completion) = table.close(self.token) else { unknown(self.token.0 as u32) };
        drop(table);
        self.taken = true;
        Poll::Ready(completion)
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        if self.taken {
            return;
        }
        let mut table = self.core.inner.operations.borrow_mut();
        let slot = table.slot(self.token);
        if matches!(slot.state, State::Done(_)) {
            let state = table.close(self.token);
            drop(table);
            drop(state);
        } else {
            slot.state = State::Orphaned;
            drop(table);
            if self.cancellable {
                self.core.inner.reactor.cancel(self.token);
            }
        }
    }
}
