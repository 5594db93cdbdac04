//! The producer that outlives the crashes.

use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::producer::{BaseRecord, DeliveryResult, NoCustomPartitioner, Producer, ProducerContext, ThreadedProducer};
use rdkafka::types::RDKafkaErrorCode;

use super::{Plan, TOPIC, VIOLATIONS_MAX, value};
use crate::librdkafka::client;

/// How long the last records may take to be acknowledged.
const FLUSH_WITHIN: Duration = Duration::from_secs(60);
/// How often the rate is evened out.
const STEP: Duration = Duration::from_millis(5);

#[derive(Default)]
struct Ledger {
    /// How many records of each partition are acknowledged, without a gap from the first.
    acknowledged: Vec<u64>,
    violations: Vec<String>,
}

struct Witness(Mutex<Ledger>);

impl Ledger {
    fn complain(&mut self, what: String) {
        if self.violations.len() < VIOLATIONS_MAX {
            self.violations.push(what);
        }
    }
}

impl Witness {
    fn complain(&self, what: String) {
        self.0.lock().expect("no witness panics").complain(what);
    }
}

#[derive(Clone)]
struct Context(Arc<Witness>);

impl ClientContext for Context {
    fn log(&self, _: rdkafka::config::RDKafkaLogLevel, _: &str, _: &str) {
        // Lost connections are what this is about.
    }

    fn error(&self, error: KafkaError, reason: &str) {
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::Fatal) {
            self.0.complain(format!("the producer met a fatal error: {reason}"));
        }
    }
}

impl ProducerContext<NoCustomPartitioner> for Context {
    type DeliveryOpaque = Box<u64>;

    fn delivery(&self, result: &DeliveryResult<'_>, number: Box<u64>) {
        let mut ledger = self.0.0.lock().expect("no witness panics");
        match result {
            Err((error, message)) => {
                ledger.complain(format!("partition {}: record {number} failed: {error}", message.partition()));
            }
            Ok(message) => {
                let partition = usize::try_from(message.partition()).expect("a partition that was asked for");
                if u64::try_from(message.offset()) != Ok(*number) {
                    let offset = message.offset();
                    ledger
                        .violations
                        .push(format!("partition {partition}: record {number} acknowledged at offset {offset}"));
                }
                let next = &mut ledger.acknowledged[partition];
                if *next == *number {
                    *next += 1;
                } else {
                    let next = *next;
                    ledger
                        .violations
                        .push(format!("partition {partition}: record {number} acknowledged, {next} was next"));
                }
            }
        }
    }
}

/// A producer under way.
pub(super) struct Load {
    witness: Arc<Witness>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<u64>>,
}

impl Load {
    pub(super) fn start(address: &str, plan: &Plan) -> Self {
        let ledger = Ledger { acknowledged: vec![0; usize::from(plan.partitions)], violations: Vec::new() };
        let witness = Arc::new(Witness(Mutex::new(ledger)));
        let producer: ThreadedProducer<Context> = client(address)
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("linger.ms", "2")
            .set("message.timeout.ms", "0")
            .set("request.timeout.ms", "10000")
            .set("reconnect.backoff.ms", "5")
            .set("reconnect.backoff.max.ms", "50")
            .set("retry.backoff.ms", "20")
            .set("queue.buffering.max.messages", "20000")
            .create_with_context(Context(Arc::clone(&witness)))
            .expect("the settings are right");
        let stop = Arc::new(AtomicBool::new(false));
        let (plan, seen, ended) = (plan.clone(), Arc::clone(&witness), Arc::clone(&stop));
        let thread = thread::spawn(move || produce(&producer, &plan, &seen, &ended));
        Self { witness, stop, thread }
    }

    /// How many records of each partition are acknowledged so far.
    pub(super) fn acknowledged(&self) -> Vec<u64> {
        self.witness.0.lock().expect("no witness panics").acknowledged.clone()
    }

    /// What went wrong since this was last asked.
    pub(super) fn violations(&self) -> Vec<String> {
        mem::take(&mut self.witness.0.lock().expect("no witness panics").violations)
    }

    /// Waits until all is acknowledged, and returns how many records each partition was sent.
    pub(super) fn finish(self, violations: &mut Vec<String>) -> Vec<u64> {
        self.stop.store(true, Ordering::Relaxed);
        let sent = self.thread.join().expect("the producer does not panic");
        let mut ledger = self.witness.0.lock().expect("no witness panics");
        violations.append(&mut ledger.violations);
        if ledger.acknowledged != sent {
            violations.push(format!("sent {sent:?}, acknowledged {:?}", ledger.acknowledged));
        }
        sent
    }
}

fn produce(producer: &ThreadedProducer<Context>, plan: &Plan, witness: &Witness, stop: &AtomicBool) -> Vec<u64> {
    let mut sent = vec![0_u64; usize::from(plan.partitions)];
    let (began, mut total) = (Instant::now(), 0_u64);
    while !stop.load(Ordering::Relaxed) {
        let due = (began.elapsed().as_secs_f64() * plan.rate as f64) as u64;
        if plan.rate > 0 && total >= due {
            thread::sleep(STEP);
            continue;
        }
        // Short runs of one partition, so that batches have more than one record.
        let partition = u16::try_from(total / 8 % u64::from(plan.partitions)).expect("below a u16");
        let number = &mut sent[usize::from(partition)];
        let bytes = value(partition, *number, plan.value_bytes);
        let record = BaseRecord::<[u8], [u8], Box<u64>>::with_opaque_to(TOPIC, Box::new(*number));
        match producer.send(record.partition(i32::from(partition)).payload(&bytes)) {
            Ok(()) => {
                *number += 1;
                total += 1;
            }
            Err((error, _)) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull) => thread::sleep(STEP),
            Err((error, _)) => {
                witness.complain(format!("partition {partition}: record {number} was refused: {error}"));
                break;
            }
        }
    }
    if let Err(error) = producer.flush(FLUSH_WITHIN) {
        witness.complain(format!("not all was acknowledged {FLUSH_WITHIN:?} after the last restart: {error}"));
    }
    sent
}
