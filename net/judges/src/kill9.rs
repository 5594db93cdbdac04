//! kill -9 under load, restart, verify: nothing that was acknowledged may be lost, doubled or out of order.
//!
//! One idempotent producer (librdkafka, acks=all) outlives every crash. It numbers its records per partition, so a
//! record's number must be its offset, whatever happened. Three witnesses check that:
//! - every acknowledgement names the offset that is the record's number;
//! - after every restart each partition reaches beyond the last offset acknowledged before the crash;
//! - a reader follows all partitions through the crashes, and at the end a fresh one reads everything again.

mod load;
mod verify;

use std::fmt::Write as _;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::broker::{Broker, Setup};
use crate::librdkafka::create_topics_with;
use crate::recipe::Random;

use load::Load;
use verify::Reader;

const TOPIC: &str = "kill9";
/// After so many violations a witness says no more, and the run ends.
const VIOLATIONS_MAX: usize = 20;

/// What to do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The broker and its settings.
    pub setup: Setup,
    /// How often it is killed.
    pub cycles: u32,
    /// Over how many partitions records go.
    pub partitions: u16,
    /// What is set on the topic: names and values.
    pub topic_settings: Vec<(&'static str, &'static str)>,
    /// A record's value, in bytes.
    pub value_bytes: usize,
    /// Records a second; 0 is as many as the broker takes.
    pub rate: u64,
    /// It is killed after a random time up to this after it answers again; every fourth time sooner, while it is still
    /// starting.
    pub life_max: Duration,
    /// Seeds the moments of the kills.
    pub seed: u64,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Report {
    /// How often the broker was killed.
    pub cycles: u32,
    /// Records acknowledged.
    pub acknowledged: u64,
    /// Records that the follower and the last reader read, both of them.
    pub read: u64,
    /// From spawn to the first answer after a kill, sorted.
    pub restarts: Vec<Duration>,
    /// The whole run.
    pub took: Duration,
    /// What is wrong; nothing if the broker keeps its promises.
    pub violations: Vec<String>,
}

impl Report {
    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!(
            "{} kills in {:.1} s; {} records acknowledged, {} read back twice; \
             restart to answer: median {} ms, worst {} ms\n",
            self.cycles,
            self.took.as_secs_f64(),
            self.acknowledged,
            self.read,
            self.restart_at(50).as_millis(),
            self.restart_at(100).as_millis(),
        );
        for violation in &self.violations {
            writeln!(text, "  {violation}").expect("a string takes everything");
        }
        text.push_str(if self.violations.is_empty() { "nothing lost, doubled or out of order" } else { "VIOLATED" });
        text
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({
            "kills": self.cycles,
            "seconds": self.took.as_secs_f64(),
            "acknowledged_records": self.acknowledged,
            "read_records": self.read,
            "restart_ms_median": self.restart_at(50).as_secs_f64() * 1e3,
            "restart_ms_worst": self.restart_at(100).as_secs_f64() * 1e3,
            "violations": self.violations,
        })
    }

    fn restart_at(&self, percentile: usize) -> Duration {
        let last = self.restarts.len().saturating_sub(1);
        self.restarts.get(last * percentile / 100).copied().unwrap_or_default()
    }
}

/// Runs the plan in a directory; `progress` hears of every hundredth cycle.
///
/// # Panics
/// When the broker does not start or answer at all.
#[must_use]
pub fn run(plan: &Plan, directory: &Path, progress: impl Fn(&str)) -> Report {
    const PROGRESS_EVERY: u32 = 100;
    let began = Instant::now();
    let mut random = Random(plan.seed);
    let mut report = Report::default();
    let mut broker = Broker::start(plan.setup.clone(), directory);
    create_topics_with(&broker.address(), &[(TOPIC, i32::from(plan.partitions))], &plan.topic_settings);

    let load = Load::start(&broker.address(), plan);
    let reader = Reader::follow(&broker.address(), plan);
    while report.cycles < plan.cycles && report.violations.len() < VIOLATIONS_MAX {
        let life = plan.life_max.mul_f64(fraction(&mut random));
        thread::sleep(life);
        broker.assert_alive();
        broker.kill();
        report.cycles += 1;
        let promised = load.acknowledged();
        if report.cycles.is_multiple_of(4) {
            broker.kill_while_starting(plan.life_max.mul_f64(fraction(&mut random) / 8.0));
        }
        let restart = Instant::now();
        broker.restart();
        report.restarts.push(restart.elapsed());
        report.violations.extend(verify::reach(&broker.address(), &promised));
        report.violations.extend(load.violations());
        report.violations.extend(reader.violations());
        if report.cycles.is_multiple_of(PROGRESS_EVERY) {
            progress(&format!("{} kills, {} acknowledged", report.cycles, promised.iter().sum::<u64>()));
        }
    }
    let sent = load.finish(&mut report.violations);
    reader.finish(&sent, &mut report.violations);
    report.read = verify::read_again(&broker.address(), plan, &sent, &mut report.violations);
    report.acknowledged = sent.iter().sum();
    let status = broker.stop();
    if !status.success() && status.code() != Some(143) {
        report.violations.push(format!("the last, clean stop ended with {status}"));
    }
    report.restarts.sort();
    report.took = began.elapsed();
    report
}

/// Between 0 and 1.
fn fraction(random: &mut Random) -> f64 {
    const STEPS: u64 = 1 << 20;
    f64::from(u32::try_from(random.next() % STEPS).expect("below 2^20")) / f64::from(1 << 20)
}

/// The value of record `number` of a partition: both, then bytes that follow from them.
fn value(partition: u16, number: u64, bytes: usize) -> Vec<u8> {
    let mut value = Vec::with_capacity(bytes + 16);
    value.extend(u64::from(partition).to_be_bytes());
    value.extend(number.to_be_bytes());
    let mut random = Random(number ^ (u64::from(partition) << 48));
    while value.len() < bytes {
        value.extend(random.next().to_be_bytes());
    }
    value.truncate(bytes.max(16));
    value
}
