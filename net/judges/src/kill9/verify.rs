//! The readers.

use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::message::Message;
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{ClientContext, Offset, TopicPartitionList};

use RDKafkaErrorCode::{AutoOffsetReset, BadCompression, BadMessage, Fatal, OffsetOutOfRange};

use super::{Plan, TOPIC, VIOLATIONS_MAX, value};
use crate::librdkafka::client;

/// How long a reader may see nothing new before it gives up.
const SILENCE_MAX: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(100);

struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, _: rdkafka::config::RDKafkaLogLevel, _: &str, _: &str) {
        // Lost connections are what this is about.
    }

    fn error(&self, _: rdkafka::error::KafkaError, _: &str) {
        // Errors that matter come out of `poll`.
    }
}

impl ConsumerContext for Quiet {}

fn consumer(address: &str, plan: &Plan) -> BaseConsumer<Quiet> {
    let consumer: BaseConsumer<Quiet> = client(address)
        .set("group.id", "kill9")
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "error")
        .set("check.crcs", "true")
        .set("fetch.wait.max.ms", "50")
        .set("fetch.error.backoff.ms", "20")
        .set("reconnect.backoff.ms", "5")
        .set("reconnect.backoff.max.ms", "50")
        .create_with_context(Quiet)
        .expect("the settings are right");
    let mut all = TopicPartitionList::new();
    for partition in 0..plan.partitions {
        all.add_partition_offset(TOPIC, i32::from(partition), Offset::Offset(0)).expect("an offset of 0 is right");
    }
    consumer.assign(&all).expect("an assignment needs no broker");
    consumer
}

/// After a restart: does each partition reach beyond what was acknowledged before?
pub(super) fn reach(address: &str, promised: &[u64]) -> Vec<String> {
    let reader: BaseConsumer<Quiet> = client(address).create_with_context(Quiet).expect("the settings are right");
    let mut violations = Vec::new();
    for (partition, promised) in (0..).zip(promised) {
        let deadline = Instant::now() + SILENCE_MAX;
        loop {
            match reader.fetch_watermarks(TOPIC, partition, SILENCE_MAX) {
                Ok((0, end)) if u64::try_from(end).is_ok_and(|end| end >= *promised) => break,
                Ok((start, end)) => {
                    violations
                        .push(format!("partition {partition}: {promised} acknowledged, but it holds {start}..{end}"));
                    break;
                }
                Err(error) if Instant::now() > deadline => {
                    violations.push(format!("partition {partition}: no answer about its end: {error}"));
                    break;
                }
                // A broker may answer before it leads what it holds.
                Err(_) => thread::sleep(POLL),
            }
        }
    }
    violations
}

/// Follows all partitions through the crashes.
pub(super) struct Reader {
    plan: Plan,
    violations: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<(BaseConsumer<Quiet>, Vec<u64>)>,
}

impl Reader {
    pub(super) fn follow(address: &str, plan: &Plan) -> Self {
        let (violations, stop) = (Arc::<Mutex<Vec<String>>>::default(), Arc::new(AtomicBool::new(false)));
        let (seen, ended, task) = (Arc::clone(&violations), Arc::clone(&stop), plan.clone());
        let consumer = consumer(address, plan);
        let thread = thread::spawn(move || {
            let mut next = vec![0; usize::from(task.partitions)];
            while !ended.load(Ordering::Relaxed) {
                if let Err(violation) = read_one(&consumer, &task, &mut next) {
                    let mut seen = seen.lock().expect("no reader panics");
                    if seen.len() < VIOLATIONS_MAX {
                        seen.push(format!("following: {violation}"));
                    }
                }
            }
            (consumer, next)
        });
        Self { plan: plan.clone(), violations, stop, thread }
    }

    /// What went wrong since this was last asked.
    pub(super) fn violations(&self) -> Vec<String> {
        mem::take(&mut self.violations.lock().expect("no reader panics"))
    }

    /// Reads on to the end of what was sent.
    pub(super) fn finish(self, sent: &[u64], violations: &mut Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        let (consumer, mut next) = self.thread.join().expect("the reader does not panic");
        violations.append(&mut self.violations.lock().expect("no reader panics"));
        read_to_end(&consumer, &self.plan, &mut next, sent, violations);
    }
}

/// Reads everything from the start with a client that saw no crash; returns how many records there were.
pub(super) fn read_again(address: &str, plan: &Plan, sent: &[u64], violations: &mut Vec<String>) -> u64 {
    let consumer = consumer(address, plan);
    let mut next = vec![0; usize::from(plan.partitions)];
    read_to_end(&consumer, plan, &mut next, sent, violations);
    for (partition, sent) in (0..).zip(sent) {
        match consumer.fetch_watermarks(TOPIC, partition, SILENCE_MAX) {
            Ok((0, end)) if u64::try_from(end) == Ok(*sent) => {}
            other => violations.push(format!("partition {partition}: {sent} records sent, it holds {other:?}")),
        }
    }
    next.iter().sum()
}

fn read_to_end(
    consumer: &BaseConsumer<Quiet>,
    plan: &Plan,
    next: &mut [u64],
    sent: &[u64],
    violations: &mut Vec<String>,
) {
    let mut deadline = Instant::now() + SILENCE_MAX;
    let mut complaints = 0;
    while next.iter().zip(sent).any(|(next, sent)| next < sent) && complaints < VIOLATIONS_MAX {
        match read_one(consumer, plan, next) {
            Ok(true) => deadline = Instant::now() + SILENCE_MAX,
            Ok(false) if Instant::now() < deadline => {}
            Ok(false) => {
                violations.push(format!("reading stands still at {next:?} of {sent:?}"));
                return;
            }
            Err(violation) => {
                complaints += 1;
                violations.push(violation);
            }
        }
    }
}

/// Reads a record if there is one, and checks that it is the next of its partition.
fn read_one(consumer: &BaseConsumer<Quiet>, plan: &Plan, next: &mut [u64]) -> Result<bool, String> {
    match consumer.poll(POLL) {
        None => Ok(false),
        Some(Err(error)) => match error.rdkafka_error_code() {
            // What was there must be there again, with the same bytes; that a broker is away for a while is no fault.
            Some(code @ (OffsetOutOfRange | AutoOffsetReset | BadMessage | BadCompression | Fatal)) => {
                Err(format!("{code:?}: {error} at {next:?}"))
            }
            _ => Ok(false),
        },
        Some(Ok(message)) => {
            let partition = u16::try_from(message.partition()).expect("a partition that was asked for");
            let expected = &mut next[usize::from(partition)];
            if u64::try_from(message.offset()) != Ok(*expected) {
                return Err(format!("partition {partition}: read offset {}, {expected} was next", message.offset()));
            }
            let number = *expected;
            *expected += 1;
            if message.payload() != Some(&value(partition, number, plan.value_bytes)) {
                return Err(format!("partition {partition}: offset {number} holds another record than was sent"));
            }
            Ok(true)
        }
    }
}
