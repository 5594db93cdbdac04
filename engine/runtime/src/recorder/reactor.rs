//! The wrapper around a reactor that records.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;

use millrace_base::hash::Map;
use millrace_base::ids::CoreId;

use super::{Action, Event, Recording};
use crate::clock::Monotonic;
use crate::file::{Durability, File};
use crate::op::{Completion, Op, Outcome, Token};
use crate::reactor::{Events, Reactor};

/// Records what goes to and comes from a core's reactor.
pub(crate) struct Recorder {
    inner: Rc<dyn Reactor>,
    core: CoreId,
    recording: Arc<Recording>,
    under_way: RefCell<Map<Token, u64>>,
}

impl Recorder {
    pub(crate) fn new(inner: Rc<dyn Reactor>, core: CoreId, recording: Arc<Recording>) -> Recorder {
        Recorder { inner, core, recording, under_way: RefCell::default() }
    }

    /// What an op does to the disk below the recorded directory, if anything.
    fn action(&self, op: &Op) -> Option<Action> {
        let below = |path| self.recording.below(path).map(ToOwned::to_owned);
        let recorded = |file: &File| self.recording.below(file.path()).map(|_| file.id());
        Some(match op {
            Op::Open { path, options } => {
                let create = options.create || options.create_new;
                Action::Open { path: below(path)?, create, truncate: options.truncate }
            }
            Op::WriteAt { file, parts, offset, durability } => {
                let (file, synced) = (recorded(file)?, *durability == Durability::Synced);
                let bytes = parts.iter().flat_map(|part| part.iter().copied()).collect();
                Action::Write { file, offset: *offset, bytes, synced }
            }
            Op::Sync { file } => Action::Sync { file: recorded(file)? },
            Op::Truncate { file, len } => Action::Truncate { file: recorded(file)?, len: *len },
            Op::Allocate { file, offset, len } => {
                Action::Allocate { file: recorded(file)?, offset: *offset, len: *len }
            }
            Op::Rename { from, to } => Action::Rename { from: below(from)?, to: below(to)? },
            Op::RemoveFile { path } => Action::RemoveFile { path: below(path)? },
            Op::CreateDir { path } => Action::CreateDir { path: below(path)? },
            Op::RemoveDir { path } => Action::RemoveDir { path: below(path)? },
            Op::SyncDir { path } => Action::SyncDir { path: below(path)? },
            _ => return None,
        })
    }

    fn record_completion(&self, completion: &Completion) {
        let Some(op) = self.under_way.borrow_mut().remove(&completion.token) else { return };
        let opened = match &completion.result {
            Ok(Outcome::File(file)) => Some(file.id()),
            _ => None,
        };
        self.recording.note(Event::Completed { op, succeeded: completion.result.is_ok(), opened });
    }

    fn record_completions(&self, events: &Events, known: usize) {
        for completion in events.completions.iter().skip(known) {
            self.record_completion(completion);
        }
    }
}

impl Reactor for Recorder {
    fn submit(&self, op: Op, token: Token) {
        if let Some(action) = self.action(&op) {
            let op = self.recording.submitted(self.core, action);
            self.under_way.borrow_mut().insert(token, op);
        }
        self.inner.submit(op, token);
    }

    fn cancel(&self, token: Token) {
        self.inner.cancel(token);
    }

    fn poll(&self, events: &mut Events) {
        let known = events.completions.len();
        self.inner.poll(events);
        self.record_completions(events, known);
    }

    fn park(&self, deadline: Option<Monotonic>, events: &mut Events) {
        let known = events.completions.len();
        self.inner.park(deadline, events);
        self.record_completions(events, known);
    }

    fn drain(&self, events: &mut Events) {
        let known = events.completions.len();
        self.inner.drain(events);
        self.record_completions(events, known);
    }

    fn now(&self) -> Monotonic {
        self.inner.now()
    }

    fn wall_ms(&self) -> i64 {
        self.inner.wall_ms()
    }

    fn random_u64(&self) -> u64 {
        self.inner.random_u64()
    }

    fn wake(&self, to: CoreId) {
        self.inner.wake(to);
    }

    fn remote_waker(&self) -> Waker {
        self.inner.remote_waker()
    }

    fn pick(&self, ready: usize) -> usize {
        self.inner.pick(ready)
    }

    fn mark(&self, kind: u16, value: u64) {
        self.recording.note(Event::Mark { core: self.core, kind, value });
        self.inner.mark(kind, value);
    }
}
