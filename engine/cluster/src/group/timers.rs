//! What is to happen at which time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Deadlines by key, at most one each. Times are on the caller's monotonic clock.
#[derive(Debug)]
pub(super) struct Timers<K> {
    by_key: BTreeMap<K, Duration>,
    by_time: BTreeSet<(Duration, K)>,
}

impl<K> Default for Timers<K> {
    fn default() -> Self {
        Timers { by_key: BTreeMap::new(), by_time: BTreeSet::new() }
    }
}

impl<K: Ord + Clone> Timers<K> {
    /// Sets a key's deadline, whatever it was before.
    pub(super) fn schedule(&mut self, key: K, at: Duration) {
        self.cancel(&key);
        self.by_time.insert((at, key.clone()));
        self.by_key.insert(key, at);
    }

    /// Forgets a key.
    pub(super) fn cancel(&mut self, key: &K) {
        if let Some((key, at)) = self.by_key.remove_entry(key) {
            self.by_time.remove(&(at, key));
        }
    }

    /// The earliest deadline.
    pub(super) fn next(&self) -> Option<Duration> {
        self.by_time.first().map(|(at, _)| *at)
    }

    /// Takes the earliest key whose deadline is `now` or before.
    pub(super) fn pop(&mut self, now: Duration) -> Option<K> {
        let (at, key) = self.by_time.first().filter(|(at, _)| *at <= now)?.clone();
        self.by_time.remove(&(at, key.clone()));
        self.by_key.remove(&key);
        Some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_fires_once_at_its_last_deadline() {
        let mut timers = Timers::default();
        timers.schedule("a", Duration::from_secs(1));
        timers.schedule("b", Duration::from_secs(2));
        timers.schedule("a", Duration::from_secs(3));
        timers.schedule("c", Duration::from_secs(2));
        timers.cancel(&"c");
        assert_eq!(timers.next(), Some(Duration::from_secs(2)));
        assert_eq!(timers.pop(Duration::from_secs(1)), None);
        assert_eq!(timers.pop(Duration::from_secs(9)), Some("b"));
        assert_eq!(timers.pop(Duration::from_secs(9)), Some("a"));
        assert_eq!((timers.pop(Duration::from_secs(9)), timers.next()), (None, None));
    }
}
