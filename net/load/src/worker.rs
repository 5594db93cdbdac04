//! One thread of a load: its producers and consumers on one core, and the clock that cuts what they see into seconds.

use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use millrace_runtime::{Core, JoinHandle, Monotonic};

use crate::consume::Consumer;
use crate::error::LoadError;
use crate::link;
use crate::plan::{Plan, Shared};
use crate::produce::Producer;
use crate::tally::{Counts, Measured, Refusals, Tally};

/// How long after everybody is connected the warm-up begins.
const GATHER: Duration = Duration::from_millis(20);
/// How often a thread looks whether the others are there, or it is over.
const LOOK: Duration = Duration::from_millis(1);
/// Figures are taken so often.
pub const INTERVAL: Duration = Duration::from_secs(1);
/// How long after the end answers are waited for. What has none by then counts with the time until then.
pub const DRAIN_MAX: Duration = Duration::from_secs(10);

/// Which thread of how many.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// From 0.
    pub thread: usize,
    /// In all.
    pub threads: usize,
}

/// What a thread has seen in an interval.
#[derive(Debug)]
pub struct Interval {
    /// Which thread.
    pub thread: usize,
    /// Its number, from 0.
    pub number: usize,
    /// How long it took, in nanoseconds.
    pub length_ns: u64,
    /// What was counted in it.
    pub counts: Counts,
    /// The latencies of what ended in it.
    pub measured: Measured,
}

/// What a thread tells while it runs.
#[derive(Debug)]
pub enum Event {
    /// What counts begins now.
    Begin {
        /// Which thread.
        thread: usize,
    },
    /// An interval is over.
    Interval(Box<Interval>),
}

/// What a thread has seen in all.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What was counted while it counted.
    pub counts: Counts,
    /// All latencies.
    pub measured: Measured,
    /// What brokers refused, from the warm-up on.
    pub refusals: Refusals,
    /// Records without an answer when patience was at its end; they are among the latencies with the time until then.
    pub unfinished: u64,
    /// For how long it counted, in nanoseconds: less than planned after an early end.
    pub length_ns: u64,
    /// What ended it early.
    pub failure: Option<LoadError>,
}

struct Worker {
    core: Core,
    plan: Rc<Plan>,
    shared: Arc<Shared>,
    place: Place,
    producers: Vec<Rc<Producer>>,
    consumers: Vec<Rc<Consumer>>,
    running: Vec<JoinHandle<Result<(), LoadError>>>,
}

/// Runs a thread's share of a load to its end. Its events go to `events`.
///
/// # Errors
/// [`LoadError`] when it could not begin. What goes wrong later is in the outcome.
pub async fn run(
    core: Core,
    plan: Rc<Plan>,
    shared: Arc<Shared>,
    place: Place,
    events: Sender<Event>,
) -> Result<Outcome, LoadError> {
    // Connections come first: what counts begins when everybody has theirs.
    let mut links = Vec::new();
    let actors = plan.load.actors();
    for actor in (0..actors).filter(|actor| actor % place.threads == place.thread) {
        let mut lanes = Vec::new();
        for leader in &plan.target.leaders {
            lanes.push(link::open(&core, leader.address).await.inspect_err(|_| shared.stop())?);
        }
        links.push((actor, lanes));
    }
    shared.connected((core.now() + GATHER).0);
    let begin = loop {
        match shared.begin_ns() {
            Some(begin) => break begin,
            None if shared.is_stopped() => return Ok(Outcome::default()),
            None => core.sleep(LOOK).await,
        }
    };
    let window = window(&plan, begin);
    let tally = Rc::new(Tally::new(window.clone()));
    let mut worker =
        Worker { core, plan, shared, place, producers: Vec::new(), consumers: Vec::new(), running: Vec::new() };
    for (actor, lanes) in links {
        worker.start(actor, lanes, &tally, begin..window.end);
    }
    Ok(worker.watch(&tally, &events).await)
}

fn window(plan: &Plan, begin: u64) -> Range<u64> {
    let from = Monotonic(begin) + plan.load.warm_up;
    from.0..(from + plan.load.length).0
}

impl Worker {
    fn start(
        &mut self,
        actor: usize,
        lanes: Vec<(link::Requests, link::Answers)>,
        tally: &Rc<Tally>,
        active: Range<u64>,
    ) {
        let producers = if self.plan.load.workload.has_producers() { self.plan.load.producers } else { 0 };
        if actor < producers {
            let producer = Rc::new(Producer::new(&self.core, &self.plan, &self.shared, tally, actor));
            self.start_producer(&producer, lanes, active);
            self.producers.push(producer);
            return;
        }
        let consumer = Rc::new(Consumer::new(&self.core, &self.plan, &self.shared, tally));
        for (number, link) in lanes.into_iter().enumerate() {
            let (consumer, plan) = (consumer.clone(), self.plan.clone());
            self.running.push(self.core.spawn_join(async move {
                match plan.target.leaders.get(number) {
                    Some(leader) => consumer.run(leader, link).await,
                    None => Ok(()),
                }
            }));
        }
        self.consumers.push(consumer);
    }

    fn start_producer(
        &mut self,
        producer: &Rc<Producer>,
        lanes: Vec<(link::Requests, link::Answers)>,
        active: Range<u64>,
    ) {
        for (lane, (requests, answers)) in lanes.into_iter().enumerate() {
            let (sending, receiving) = (producer.clone(), producer.clone());
            self.running.push(self.core.spawn_join(async move { sending.send(lane, requests).await }));
            self.running.push(self.core.spawn_join(async move { receiving.receive(lane, answers).await }));
        }
        let (scheduling, shared) = (producer.clone(), self.shared.clone());
        self.running.push(self.core.spawn_join(async move {
            let result = scheduling.schedule(active.start, active.end).await;
            shared.producer_ended();
            result
        }));
    }

    /// Cuts the run into intervals until it is over.
    async fn watch(mut self, tally: &Tally, events: &Sender<Event>) -> Outcome {
        let mut outcome = Outcome::default();
        let window = tally.window();
        self.wait_until(window.start, &mut outcome).await;
        // Whoever listens has ended when nobody does: the outcome still counts.
        let tell = |event| drop(events.send(event));
        tell(Event::Begin { thread: self.place.thread });
        let at_begin = tally.counts();
        drop(tally.take_measured());
        let (mut last, mut last_at) = (at_begin, self.core.now().0);
        let begin = last_at;
        for number in 0.. {
            let at = (Monotonic(window.start) + INTERVAL * (number as u32 + 1)).0.min(window.end);
            self.wait_until(at, &mut outcome).await;
            let (now, counts, measured) = (self.core.now().0, tally.counts(), tally.take_measured());
            outcome.measured.add(&measured);
            let interval = Interval {
                thread: self.place.thread,
                number,
                length_ns: now - last_at,
                counts: counts - last,
                measured,
            };
            tell(Event::Interval(Box::new(interval)));
            (last, last_at) = (counts, now);
            if at >= window.end || self.is_cut_short(&outcome) {
                break;
            }
        }
        (outcome.counts, outcome.length_ns) = (last - at_begin, last_at - begin);
        self.drain(window.end, &mut outcome).await;
        let now = self.core.now().0;
        outcome.unfinished = self.producers.iter().map(|producer| producer.give_up(now)).sum();
        outcome.measured.add(&tally.take_measured());
        outcome.refusals = tally.refusals();
        outcome
    }

    fn is_cut_short(&self, outcome: &Outcome) -> bool {
        self.shared.is_stopped() || outcome.failure.is_some()
    }

    /// Waits for what was sent and not answered yet.
    async fn drain(&mut self, end: u64, outcome: &mut Outcome) {
        let deadline = Monotonic(end) + DRAIN_MAX;
        let is_done = |worker: &Worker| {
            worker.producers.iter().all(|producer| producer.is_finished())
                && worker.consumers.iter().all(|consumer| consumer.is_finished())
        };
        while !is_done(self) && !self.is_cut_short(outcome) && self.core.now() < deadline {
            self.core.sleep(LOOK).await;
            self.look(outcome);
        }
    }

    /// Waits for a time, or for a reason to end before.
    async fn wait_until(&mut self, at: u64, outcome: &mut Outcome) {
        /// How often it is looked for one.
        const STEP: Duration = Duration::from_millis(50);
        while self.core.now().0 < at && !self.is_cut_short(outcome) {
            let step = self.core.now() + STEP;
            self.core.sleep_until(step.min(Monotonic(at))).await;
            self.look(outcome);
        }
    }

    /// Notes the first failure of a task; the other threads then end too.
    fn look(&mut self, outcome: &mut Outcome) {
        for task in &self.running {
            if let Some(Err(error)) = task.try_take() {
                self.shared.stop();
                outcome.failure.get_or_insert(error);
            }
        }
    }
}
