//! What happened in a run, in words, for whoever looks for the cause of a failure.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

/// Lines that are kept: the latest.
const LINES_MAX: usize = 400;

/// The latest lines of a run, and all of what befell the broker. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct History {
    lines: Rc<RefCell<VecDeque<String>>>,
    faults: Rc<RefCell<Vec<String>>>,
}

impl History {
    /// Notes what befell the broker, at a time since the run began.
    pub(crate) fn fault(&self, at: Duration, what: fmt::Arguments<'_>) {
        self.faults.borrow_mut().push(format!("{:10.6} {what}", at.as_secs_f64()));
        self.note(at, "--", what);
    }

    /// Notes what `who` did, at a time since the run began.
    pub(crate) fn note(&self, at: Duration, who: &str, what: fmt::Arguments<'_>) {
        let mut lines = self.lines.borrow_mut();
        if lines.len() >= LINES_MAX {
            lines.pop_front();
        }
        lines.push_back(format!("{:10.6} {who}: {what}", at.as_secs_f64()));
    }
}

/// Prints the seed and the history when it goes in a panic.
pub(crate) struct Witness {
    seed: u64,
    plan: String,
    history: History,
}

impl Witness {
    pub(crate) fn new(seed: u64, plan: String, history: &History) -> Self {
        Self { seed, plan, history: history.clone() }
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        eprintln!("seed {}: {}\nwhat befell the broker (seconds of the run's own time):", self.seed, self.plan);
        if let Ok(lines) = self.history.faults.try_borrow() {
            lines.iter().for_each(|line| eprintln!("  {line}"));
        }
        eprintln!("what happened last:");
        if let Ok(lines) = self.history.lines.try_borrow() {
            lines.iter().for_each(|line| eprintln!("  {line}"));
        }
        eprintln!("again: MILLRACE_SEED={} MILLRACE_SEEDS=1 cargo test -p millrace-simulator", self.seed);
    }
}
