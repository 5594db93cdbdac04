//! Runs a load in threads of its own, and puts together what they see.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use millrace_runtime::uring::{self, HostOptions};
use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;

use crate::error::LoadError;
use crate::plan::{Plan, Shared};
use crate::process::{Process, Sample, own_cpu_s};
use crate::spec::{Load, Rate};
use crate::tally::{Counts, Measured};
use crate::worker::{self, Event, Interval, Outcome, Place};

/// The limit of each thread's buffers, in bytes; only what is touched counts.
const BUFFERS_BYTES: usize = 1 << 30;
/// How often it is looked whether there is news.
const LOOK: Duration = Duration::from_millis(100);

/// How the load itself runs.
#[derive(Clone, Debug)]
pub struct Crew {
    /// Its threads.
    pub threads: usize,
    /// The processors that they are pinned to, in turn; none: they float.
    pub pins: Vec<usize>,
}

/// A second of a run.
#[derive(Debug)]
pub struct Point {
    /// When it ended, in seconds from the beginning of what counts.
    pub at_s: f64,
    /// How long it took, in seconds.
    pub length_s: f64,
    /// What was counted in it.
    pub counts: Counts,
    /// The latencies of what ended in it.
    pub measured: Measured,
    /// Processors that the broker kept busy, where it is known.
    pub broker_cpus: Option<f64>,
    /// The broker's resident memory, in bytes.
    pub broker_bytes: Option<u64>,
    /// Processors that the load kept busy.
    pub own_cpus: f64,
}

/// What a run came to.
#[derive(Debug)]
pub struct Measurement {
    /// Sums over all threads; its length is the longest thread's.
    pub outcome: Outcome,
    /// Second by second.
    pub points: Vec<Point>,
    /// The broker's processor time while it counted, in seconds.
    pub broker_cpu_s: Option<f64>,
    /// What the broker had written meanwhile, in bytes.
    pub broker_written_bytes: Option<u64>,
    /// The load's own processor time.
    pub own_cpu_s: f64,
    /// For how long these three were taken, in seconds.
    pub cpu_over_s: f64,
}

/// The costs at a moment.
#[derive(Clone, Copy)]
struct Costs {
    broker: Option<Sample>,
    own_cpu_s: f64,
}

impl Costs {
    fn now(broker: Option<&Process>) -> Costs {
        // A broker that has ended fails the connections too: that tells it better.
        Costs { broker: broker.and_then(|broker| broker.sample().ok()), own_cpu_s: own_cpu_s() }
    }

    fn broker_cpu_s(&self, earlier: &Costs) -> Option<f64> {
        Some(self.broker?.cpu_s - earlier.broker?.cpu_s)
    }

    fn broker_written_bytes(&self, earlier: &Costs) -> Option<u64> {
        self.broker?.written_bytes?.checked_sub(earlier.broker?.written_bytes?)
    }
}

/// Runs `plan` to its end, or until `shared` is stopped; `watch` sees each second when it is over.
///
/// # Errors
/// [`LoadError`] when it could not begin. What went wrong later is in the outcome.
pub fn run(
    plan: &Plan,
    crew: &Crew,
    shared: &Arc<Shared>,
    broker: Option<&Process>,
    mut watch: impl FnMut(&Point),
) -> Result<Measurement, LoadError> {
    let (events, news) = mpsc::channel();
    let mut threads = Vec::new();
    for thread in 0..crew.threads {
        let place = Place { thread, threads: crew.threads };
        let pin = crew.pins.get(thread % crew.pins.len().max(1)).copied();
        threads.push(start(plan.clone(), place, pin, shared.clone(), events.clone())?);
    }
    drop(events);
    let mut timeline = Timeline::new(crew.threads, broker);
    loop {
        match news.recv_timeout(LOOK) {
            Ok(event) => timeline.take(event, broker, &mut watch),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    let mut outcome = Outcome::default();
    for thread in threads {
        let ended = thread.join().map_err(|_panic| LoadError::Spec("a thread of the load has panicked".to_owned()))?;
        merge(&mut outcome, ended?);
    }
    Ok(timeline.finish(outcome))
}

type Thread = JoinHandle<Result<Outcome, LoadError>>;

fn start(
    plan: Plan,
    place: Place,
    pin: Option<usize>,
    shared: Arc<Shared>,
    events: mpsc::Sender<Event>,
) -> Result<Thread, LoadError> {
    let main = move || {
        if let Some(processor) = pin {
            pin_this_thread(processor).inspect_err(|_| shared.stop())?;
        }
        let options = HostOptions { buffers_bytes_per_core: BUFFERS_BYTES, ..HostOptions::default() };
        let plan = std::rc::Rc::new(plan);
        let share = shared.clone();
        let ended =
            uring::block_on_with(&options, async move |core| worker::run(core, plan, share, place, events).await);
        ended.map_err(LoadError::from).flatten().inspect_err(|_| shared.stop())
    };
    let named = thread::Builder::new().name(format!("load-{}", place.thread));
    named.spawn(main).map_err(LoadError::file("a thread of the load"))
}

/// Binds the calling thread, and what it starts, to a processor.
///
/// # Errors
/// [`LoadError::Spec`] when there is no such processor, or it may not be used.
pub fn pin_this_thread(processor: usize) -> Result<(), LoadError> {
    let mut processors = CpuSet::new();
    let pinned = processors.set(processor).and_then(|()| sched_setaffinity(Pid::from_raw(0), &processors));
    pinned.map_err(|error| LoadError::Spec(format!("processor {processor} cannot be used: {error}")))
}

fn merge(all: &mut Outcome, one: Outcome) {
    all.counts += one.counts;
    all.measured.add(&one.measured);
    for (code, (records, message)) in one.refusals {
        all.refusals.entry(code).or_insert((0, message)).0 += records;
    }
    all.unfinished += one.unfinished;
    all.length_ns = all.length_ns.max(one.length_ns);
    all.failure = all.failure.take().or(one.failure);
}

/// Puts the threads' intervals together.
struct Timeline {
    threads: usize,
    begun: usize,
    began: Costs,
    last: Costs,
    /// By number: how many threads have told, and their sum.
    open: BTreeMap<usize, (usize, Interval)>,
    points: Vec<Point>,
    elapsed_s: f64,
}

impl Timeline {
    fn new(threads: usize, broker: Option<&Process>) -> Timeline {
        let costs = Costs::now(broker);
        Timeline {
            threads,
            begun: 0,
            began: costs,
            last: costs,
            open: BTreeMap::new(),
            points: Vec::new(),
            elapsed_s: 0.0,
        }
    }

    fn take(&mut self, event: Event, broker: Option<&Process>, watch: &mut impl FnMut(&Point)) {
        let interval = match event {
            Event::Begin { .. } => {
                self.begun += 1;
                if self.begun == self.threads {
                    self.began = Costs::now(broker);
                    self.last = self.began;
                }
                return;
            }
            Event::Interval(interval) => *interval,
        };
        let number = interval.number;
        let told = match self.open.remove(&number) {
            None => (1, interval),
            Some((told, mut sum)) => {
                sum.counts += interval.counts;
                sum.measured.add(&interval.measured);
                sum.length_ns = sum.length_ns.max(interval.length_ns);
                (told + 1, sum)
            }
        };
        if told.0 < self.threads {
            self.open.insert(number, told);
            return;
        }
        let point = self.point(told.1, Costs::now(broker));
        watch(&point);
        self.points.push(point);
    }

    fn point(&mut self, interval: Interval, costs: Costs) -> Point {
        let length_s = interval.length_ns as f64 / 1e9;
        self.elapsed_s += length_s;
        let point = Point {
            at_s: self.elapsed_s,
            length_s,
            counts: interval.counts,
            measured: interval.measured,
            broker_cpus: costs.broker_cpu_s(&self.last).map(|cpu_s| cpu_s / length_s),
            broker_bytes: costs.broker.map(|sample| sample.resident_bytes),
            own_cpus: (costs.own_cpu_s - self.last.own_cpu_s) / length_s,
        };
        self.last = costs;
        point
    }

    fn finish(self, outcome: Outcome) -> Measurement {
        Measurement {
            broker_cpu_s: self.last.broker_cpu_s(&self.began),
            broker_written_bytes: self.last.broker_written_bytes(&self.began),
            own_cpu_s: self.last.own_cpu_s - self.began.own_cpu_s,
            cpu_over_s: self.elapsed_s,
            outcome,
            points: self.points,
        }
    }
}

/// Writes records as fast as the broker takes them, until there are at least so many bytes of values: for consumers.
///
/// # Errors
/// [`LoadError`] when it cannot be done.
pub fn fill(plan: &Plan, crew: &Crew, shared: &Arc<Shared>, bytes: u64) -> Result<(), LoadError> {
    let records = bytes.div_ceil(plan.load.record_bytes.max(1) as u64);
    shared.limit(records);
    let measurement = run(plan, crew, shared, None, |_| {})?;
    match measurement.outcome {
        Outcome { failure: Some(failure), .. } => Err(failure),
        Outcome { refusals, .. } => match refusals.into_iter().next() {
            Some((code, (_, message))) => Err(LoadError::Spec(format!("records were refused: {message} ({code})"))),
            None => Ok(()),
        },
    }
}

/// The load that [`fill`] runs before `load`.
#[must_use]
pub fn filling(load: &Load) -> Load {
    /// Longer than anybody fills.
    const LENGTH: Duration = Duration::from_secs(24 * 3600);
    Load {
        workload: crate::spec::Workload::Produce,
        rate: Rate::Max,
        is_idempotent: false,
        warm_up: Duration::ZERO,
        length: LENGTH,
        ..load.clone()
    }
}
