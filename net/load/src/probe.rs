//! What this machine does without a broker: bare loops of direct reads and writes, of sends over loopback, and of what
//! comes from there and is written. They are what a broker's figures are held against.

pub mod disk;
pub mod loopback;
pub mod store;

use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};

use crate::error::LoadError;
use crate::process::seconds_of;
use crate::run::pin_this_thread;
use crate::tally::{Latencies, latencies};

/// When a bare loop runs.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// For how long before what counts.
    pub warm_up: Duration,
    /// For how long what counts.
    pub length: Duration,
}

/// What a bare loop did while it counted.
#[derive(Clone, Debug)]
pub struct Probed {
    /// How long each step took, in nanoseconds: as many as ended in that time.
    pub steps: Latencies,
    /// Bytes of a step.
    pub step_bytes: usize,
    /// For how long it counted.
    pub length: Duration,
    /// Processor time of the threads that stand for the broker, in seconds.
    pub cpu_s: f64,
    /// That of the other end's, if there is one.
    pub peer_cpu_s: f64,
}

impl Probed {
    fn new(step_bytes: usize, length: Duration) -> Probed {
        Probed { steps: latencies(), step_bytes, length, cpu_s: 0.0, peer_cpu_s: 0.0 }
    }

    /// Bytes moved.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.steps.len() * self.step_bytes as u64
    }

    /// Takes in what a thread beside this one did.
    fn add(&mut self, lane: &Lane) -> Result<(), LoadError> {
        self.cpu_s += lane.cpu_s;
        self.steps.add(&lane.steps).map_err(|error| LoadError::Spec(format!("steps of other bounds: {error}")))
    }
}

/// A thread of a bare loop: it knows which of its steps count.
struct Lane {
    began: Instant,
    span: Span,
    steps: Latencies,
    /// Processor time of this thread when what counts began; with its end it becomes the difference.
    cpu_s: f64,
    is_counting: bool,
}

impl Lane {
    /// Pins the calling thread, and begins.
    fn begin(span: Span, processor: Option<usize>) -> Result<Lane, LoadError> {
        processor.map_or(Ok(()), pin_this_thread)?;
        Ok(Lane { began: Instant::now(), span, steps: latencies(), cpu_s: 0.0, is_counting: false })
    }

    /// Does a step; false when the time for it is over.
    fn step(&mut self, step: impl FnOnce() -> Result<(), LoadError>) -> Result<bool, LoadError> {
        self.step_due(self.began.elapsed(), step)
    }

    /// Does a step that was due so long after the beginning: what it takes counts from then.
    fn step_due(&mut self, before: Duration, step: impl FnOnce() -> Result<(), LoadError>) -> Result<bool, LoadError> {
        if !self.is_counting && self.began.elapsed() >= self.span.warm_up {
            (self.is_counting, self.cpu_s) = (true, thread_cpu_s()?);
        }
        step()?;
        let after = self.began.elapsed();
        let is_over = after >= self.span.warm_up + self.span.length;
        if self.is_counting && !is_over {
            let taken = after.saturating_sub(before);
            self.steps.saturating_record(u64::try_from(taken.as_nanos()).unwrap_or(u64::MAX));
        }
        Ok(!is_over)
    }

    /// The end: what it has cost is known.
    fn end(mut self) -> Result<Lane, LoadError> {
        let before = if self.is_counting { self.cpu_s } else { thread_cpu_s()? };
        self.cpu_s = thread_cpu_s()? - before;
        Ok(self)
    }
}

/// Processor time of the calling thread, in seconds.
fn thread_cpu_s() -> Result<f64, LoadError> {
    let usage = getrusage(UsageWho::RUSAGE_THREAD).map_err(std::io::Error::from);
    Ok(seconds_of(&usage.map_err(LoadError::file("this thread's processor time"))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_steps_that_end_in_the_time_that_counts_are_counted() {
        let span = Span { warm_up: Duration::from_millis(20), length: Duration::from_millis(200) };
        let mut lane = Lane::begin(span, None).unwrap();
        assert!(lane.step(|| Ok(())).unwrap());
        assert_eq!(lane.steps.len(), 0, "it warms up");
        // As if it had begun so much earlier.
        lane.began -= Duration::from_millis(100);
        assert!(lane.step(|| Ok(())).unwrap() && lane.step(|| Ok(())).unwrap());
        assert_eq!(lane.steps.len(), 2);
        lane.began -= Duration::from_millis(200);
        assert!(!lane.step(|| Ok(())).unwrap(), "its time is over");
        let lane = lane.end().unwrap();
        assert_eq!(lane.steps.len(), 2, "what ended later does not count");
        let mut probed = Probed::new(1_000, span.length);
        probed.add(&lane).unwrap();
        probed.add(&lane).unwrap();
        assert_eq!(probed.bytes(), 4_000);
    }

    #[test]
    fn what_fails_ends_it() {
        let span = Span { warm_up: Duration::ZERO, length: Duration::from_secs(3600) };
        let mut lane = Lane::begin(span, None).unwrap();
        assert!(lane.step(|| Err(LoadError::Interrupted)).is_err());
        assert!(Lane::begin(span, Some(9_999)).is_err(), "there is no such processor");
    }
}
