//! A core's timers, in order of their deadlines; equal deadlines fire in the order in which they were set.

use std::collections::BTreeMap;
use std::task::Waker;

use crate::clock::Monotonic;

/// Names a timer; gone once it has fired.
pub(crate) type TimerKey = (Monotonic, u64);

#[derive(Default)]
pub(crate) struct Timers {
    waiting: BTreeMap<TimerKey, Waker>,
    next: u64,
}

impl Timers {
    pub(crate) fn set(&mut self, at: Monotonic, waker: Waker) -> TimerKey {
        let key = (at, self.next);
        self.next += 1;
        self.waiting.insert(key, waker);
        key
    }

    /// Lets a timer wake `waker` instead of whom it would have woken.
    pub(crate) fn renew(&mut self, key: TimerKey, waker: &Waker) {
        if let Some(known) = self.waiting.get_mut(&key) {
            known.clone_from(waker);
        }
    }

    pub(crate) fn remove(&mut self, key: TimerKey) {
        self.waiting.remove(&key);
    }

    pub(crate) fn next_deadline(&self) -> Option<Monotonic> {
        self.waiting.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes the first timer whose deadline is `now` or earlier.
    pub(crate) fn take_due(&mut self, now: Monotonic) -> Option<Waker> {
        let first = self.waiting.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }
}
