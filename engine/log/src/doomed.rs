//! What is no part of a log any more and stays on the disk for a while (`file.delete.delay.ms`).
//!
//! Invariants:
//! - What waits here has a name that recovery takes for nothing else: after a restart it is removed at once.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use millrace_runtime::sync::{Notify, select};
use millrace_runtime::{Core, Monotonic};

use crate::shared::Shared;

/// Nothing is slept for longer than this, however far the next removal is.
const SLEEP_MAX: Duration = Duration::from_secs(3_600);

/// A file or a directory.
pub(crate) enum Doomed {
    File(PathBuf),
    Directory(PathBuf),
}

/// What waits for its removal, by when that is due.
#[derive(Default)]
pub(crate) struct DoomedFiles {
    waiting: RefCell<BTreeMap<(Monotonic, u64), Doomed>>,
    added: Cell<u64>,
    changed: Notify,
}

impl DoomedFiles {
    /// Has something removed after `delay`.
    pub(crate) fn add(&self, core: &Core, doomed: Doomed, delay: Duration) {
        let number = self.added.get();
        self.added.set(number + 1);
        self.waiting.borrow_mut().insert((core.now() + delay, number), doomed);
        self.changed.notify_all();
    }

    /// Has the waiting task look whether it is to end.
    pub(crate) fn wake(&self) {
        self.changed.notify_all();
    }

    fn pop_due(&self, now: Monotonic) -> Option<Doomed> {
        let mut waiting = self.waiting.borrow_mut();
        let first = waiting.first_entry().filter(|first| first.key().0 <= now)?;
        Some(first.remove())
    }

    fn next_due(&self) -> Option<Monotonic> {
        self.waiting.borrow().first_key_value().map(|((due, _), _)| *due)
    }
}

impl Shared {
    /// Removes what is due, for as long as the log directory answers.
    pub(crate) async fn remove_doomed_forever(self: Rc<Self>) {
        loop {
            let changed = self.doomed.changed.notified();
            if self.is_stopped() {
                return;
            }
            let now = self.core.now();
            while let Some(doomed) = self.doomed.pop_due(now) {
                if let Err((path, error)) = self.remove_doomed(doomed).await {
                    tracing::warn!(path = %path.display(), %error, "not removed: the next start tries again");
                }
            }
            match self.doomed.next_due() {
                None => changed.await,
                Some(due) => {
                    let sleep = self.core.sleep_until(due.min(now + SLEEP_MAX));
                    select(pin!(sleep), pin!(changed)).await;
                }
            }
        }
    }

    async fn remove_doomed(&self, doomed: Doomed) -> Result<(), (PathBuf, io::Error)> {
        let (removed, path) = match doomed {
            Doomed::File(path) => (self.core.remove_file(&path).await, path),
            Doomed::Directory(path) => (self.core.remove_dir_all(&path).await, path),
        };
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err((path, error)),
            _ => Ok(()),
        }
    }

    /// Takes a file's name away, and has it removed after `delay`.
    ///
    /// # Errors
    /// The disk's.
    pub(crate) async fn doom_file(&self, path: &Path, doomed: PathBuf, delay: Duration) -> io::Result<()> {
        if delay.is_zero() {
            return self.core.remove_file(path).await;
        }
        self.core.rename(path, &doomed).await?;
        self.doomed.add(&self.core, Doomed::File(doomed), delay);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::on_sim;

    #[test]
    fn what_is_doomed_together_is_due_together_and_not_before() {
        on_sim(1, async |core: Core| {
            let doomed = DoomedFiles::default();
            for (name, seconds) in [("b", 5), ("a", 5), ("c", 3)] {
                doomed.add(&core, Doomed::File(PathBuf::from(name)), Duration::from_secs(seconds));
            }
            let due_at = |seconds| core.now() + Duration::from_secs(seconds);
            assert_eq!(doomed.next_due(), Some(due_at(3)));
            let gone = |now| {
                let due = std::iter::from_fn(|| doomed.pop_due(now));
                let names = due.map(|doomed| match doomed {
                    Doomed::File(path) | Doomed::Directory(path) => path.display().to_string(),
                });
                names.collect::<Vec<_>>()
            };
            assert_eq!(gone(due_at(2)), [""; 0]);
            assert_eq!(gone(due_at(3)), ["c"]);
            assert_eq!(gone(due_at(9)), ["b", "a"]);
            assert_eq!(doomed.next_due(), None);
        });
    }
}
