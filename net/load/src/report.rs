//! What is reported: figures with their units in their names, for programs and people.

pub mod hdr;
pub mod html;
#[cfg(test)]
mod test;
pub mod text;

use serde::Serialize;

use crate::environment::{BrokerFacts, Machine};
use crate::keys::KEY_BYTES;
use crate::run::Measurement;
use crate::spec::{Acks, Keys, Load, Rate, Subset, Workload};
use crate::tally::{Latencies, Measured};

/// A load that kept its processors this busy may have been what was measured.
const BUSY_SHARE: f64 = 0.9;
/// Records that the load looked at so much later than intended, in ms, put its latencies in doubt.
const LATENESS_MS_MAX: f64 = 5.0;
/// Below this share of a rate the broker did not keep up.
const RATE_SHARE_MIN: f64 = 0.99;

/// Everything about a measurement.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Where the load ran.
    pub machine: Machine,
    /// The load's settings, by name.
    pub load: Vec<(&'static str, String)>,
    /// The brokers.
    pub brokers: Vec<BrokerFacts>,
    /// Runs, in the order of their time.
    pub runs: Vec<RunReport>,
    /// How brokers compare, where several were measured.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ratios: Vec<crate::compare::Ratio>,
}

/// One run.
#[derive(Debug, Serialize)]
pub struct RunReport {
    /// The broker's name.
    pub broker: String,
    /// Its number among the repetitions, from 1.
    pub round: usize,
    /// Records a second that were to be sent; `None`: as many as possible, or none.
    pub rate: Option<u64>,
    /// Figures.
    pub figures: Figures,
    /// From the intended send time to the acknowledgement.
    pub produce_ms: Option<Percentiles>,
    /// From the intended send time to the arrival at a consumer.
    pub end_to_end_ms: Option<Percentiles>,
    /// Second by second.
    pub seconds: Vec<Second>,
    /// What brokers refused.
    pub refusals: Vec<Refusal>,
    /// What puts the figures in doubt.
    pub warnings: Vec<String>,
    /// What ended it early.
    pub failure: Option<String>,
    /// All latencies.
    #[serde(skip)]
    pub measured: Measured,
    /// Latencies second by second.
    #[serde(skip)]
    pub measured_by_second: Vec<Measured>,
    /// When what counts began, in Unix seconds.
    pub began_unix_s: f64,
}

/// The figures of a run. MB and GB are 10^6 and 10^9 bytes of keys and values produced, and of batches consumed.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Figures {
    /// For how long it counted.
    pub seconds: f64,
    /// Acknowledged records.
    pub produced_records_per_s: f64,
    /// Acknowledged bytes.
    pub produced_mb_per_s: f64,
    /// Answered Produce requests.
    pub produce_requests_per_s: f64,
    /// Records read, by all consumers together.
    pub consumed_records_per_s: f64,
    /// Bytes read.
    pub consumed_mb_per_s: f64,
    /// Answered Fetch requests.
    pub fetch_requests_per_s: f64,
    /// Records without an answer at the end of patience.
    pub unfinished_records: u64,
    /// Processors that the broker kept busy.
    pub broker_cpus: Option<f64>,
    /// The broker's processor time for a GB, produced and consumed together.
    pub broker_cpu_s_per_gb: Option<f64>,
    /// The broker's processor time for a million requests.
    pub broker_cpu_s_per_million_requests: Option<f64>,
    /// What the broker had written to disks: above what was produced where bytes are written twice.
    pub broker_written_mb_per_s: Option<f64>,
    /// The broker's resident memory at most.
    pub broker_resident_mib: Option<f64>,
    /// Processors that the load kept busy.
    pub load_cpus: f64,
}

/// A distribution in milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Percentiles {
    /// How many records.
    pub count: u64,
    /// The mean.
    pub mean: f64,
    /// Half of them took no longer.
    pub p50: f64,
    /// 90 %.
    pub p90: f64,
    /// 99 %.
    pub p99: f64,
    /// 99.9 %.
    pub p999: f64,
    /// 99.99 %.
    pub p9999: f64,
    /// The longest.
    pub max: f64,
}

/// A second of a run.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Second {
    /// When it ended, from the beginning of what counts.
    pub at_s: f64,
    /// As in [`Figures`].
    pub produced_mb_per_s: f64,
    /// As in [`Figures`].
    pub consumed_mb_per_s: f64,
    /// As in [`Figures`].
    pub produced_records_per_s: f64,
    /// The latency that half of the acknowledgements of this second did not exceed, if there were any.
    pub produce_p50_ms: Option<f64>,
    /// 99 % of them.
    pub produce_p99_ms: Option<f64>,
    /// As in [`Figures`].
    pub broker_cpus: Option<f64>,
    /// As in [`Figures`].
    pub load_cpus: f64,
}

/// Records that were refused for one reason.
#[derive(Clone, Debug, Serialize)]
pub struct Refusal {
    /// Kafka's error code.
    pub code: i16,
    /// How many; 0: a request as a whole, or a Fetch.
    pub records: u64,
    /// In words.
    pub message: String,
}

impl Percentiles {
    /// `None` where there is nothing.
    #[must_use]
    pub fn of(latencies: &Latencies) -> Option<Percentiles> {
        let at = |quantile| latencies.value_at_quantile(quantile) as f64 / 1e6;
        (!latencies.is_empty()).then(|| Percentiles {
            count: latencies.len(),
            mean: latencies.mean() / 1e6,
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            p9999: at(0.9999),
            max: latencies.max() as f64 / 1e6,
        })
    }
}

impl RunReport {
    /// What a measurement says.
    #[must_use]
    pub fn new(broker: &str, round: usize, load: &Load, threads: usize, run: Measurement) -> RunReport {
        let figures = Figures::of(&run);
        let refusals = run.outcome.refusals.iter().map(|(code, (records, message))| Refusal {
            code: *code,
            records: *records,
            message: message.clone(),
        });
        let length_s: f64 = run.points.iter().map(|point| point.length_s).sum();
        RunReport {
            broker: broker.to_owned(),
            round,
            rate: rate_of(load),
            figures,
            produce_ms: Percentiles::of(&run.outcome.measured.produce),
            end_to_end_ms: Percentiles::of(&run.outcome.measured.end_to_end),
            seconds: run.points.iter().map(Second::of).collect(),
            refusals: refusals.collect(),
            warnings: warnings(load, threads, &figures, &run.outcome.measured),
            failure: run.outcome.failure.as_ref().map(ToString::to_string),
            began_unix_s: crate::prepare::unix_ns() as f64 / 1e9 - length_s,
            measured_by_second: run.points.into_iter().map(|point| point.measured).collect(),
            measured: run.outcome.measured,
        }
    }

    /// Whether it went as it should: nothing was refused, and nothing ended it early.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.failure.is_none() && self.refusals.is_empty()
    }
}

impl Figures {
    fn of(run: &Measurement) -> Figures {
        let (counts, seconds) = (run.outcome.counts, run.outcome.length_ns as f64 / 1e9);
        let each = |count: u64| if seconds > 0.0 { count as f64 / seconds } else { 0.0 };
        let bytes = (counts.produced_bytes + counts.consumed_bytes) as f64;
        let requests = (counts.produce_requests + counts.fetch_requests) as f64;
        let per = |amount: f64| run.broker_cpu_s.filter(|_| amount > 0.0).map(|cpu_s| cpu_s / amount);
        let resident = run.points.iter().filter_map(|point| point.broker_bytes).max();
        Figures {
            seconds,
            produced_records_per_s: each(counts.produced_records),
            produced_mb_per_s: each(counts.produced_bytes) / 1e6,
            produce_requests_per_s: each(counts.produce_requests),
            consumed_records_per_s: each(counts.consumed_records),
            consumed_mb_per_s: each(counts.consumed_bytes) / 1e6,
            fetch_requests_per_s: each(counts.fetch_requests),
            unfinished_records: run.outcome.unfinished,
            broker_cpus: per(run.cpu_over_s),
            broker_cpu_s_per_gb: per(bytes / 1e9),
            broker_cpu_s_per_million_requests: per(requests / 1e6),
            broker_written_mb_per_s: run
                .broker_written_bytes
                .filter(|_| run.cpu_over_s > 0.0)
                .map(|bytes| bytes as f64 / 1e6 / run.cpu_over_s),
            broker_resident_mib: resident.map(|bytes| bytes as f64 / f64::from(1 << 20)),
            load_cpus: if run.cpu_over_s > 0.0 { run.own_cpu_s / run.cpu_over_s } else { 0.0 },
        }
    }
}

impl Second {
    fn of(point: &crate::run::Point) -> Second {
        let produce = Percentiles::of(&point.measured.produce);
        Second {
            at_s: point.at_s,
            produced_mb_per_s: point.counts.produced_bytes as f64 / 1e6 / point.length_s,
            consumed_mb_per_s: point.counts.consumed_bytes as f64 / 1e6 / point.length_s,
            produced_records_per_s: point.counts.produced_records as f64 / point.length_s,
            produce_p50_ms: produce.map(|produce| produce.p50),
            produce_p99_ms: produce.map(|produce| produce.p99),
            broker_cpus: point.broker_cpus,
            load_cpus: point.own_cpus,
        }
    }
}

fn rate_of(load: &Load) -> Option<u64> {
    match load.rate {
        Rate::PerSecond(rate) if load.workload.has_producers() => Some(rate),
        _ => None,
    }
}

fn warnings(load: &Load, threads: usize, figures: &Figures, measured: &Measured) -> Vec<String> {
    let mut warnings = Vec::new();
    if figures.load_cpus > BUSY_SHARE * threads as f64 {
        warnings.push(format!(
            "the load itself was busy for {:.0} % of its {threads} thread(s): it may be what was measured; give it \
             more with --threads, or less to do",
            figures.load_cpus / threads as f64 * 100.0
        ));
    }
    let lateness_ms = measured.lateness.value_at_quantile(0.99) as f64 / 1e6;
    if lateness_ms > LATENESS_MS_MAX {
        warnings.push(format!(
            "the load fell behind its own schedule: 1 % of the records were handed over {lateness_ms:.1} ms late or \
             more, and their latencies hold that; give it a processor of its own with --pin"
        ));
    }
    if let Some(rate) = rate_of(load)
        && figures.produced_records_per_s < RATE_SHARE_MIN * rate as f64
    {
        warnings.push(format!(
            "of {rate} records/s only {:.0} were acknowledged in time: latencies grow with the length of the run",
            figures.produced_records_per_s
        ));
    }
    if figures.unfinished_records > 0 {
        warnings.push(format!(
            "{} records had no answer in the end; they are among the latencies with the time until then, which is less \
             than they would have taken",
            figures.unfinished_records
        ));
    }
    warnings
}

/// A load's settings, by the names of the options.
#[must_use]
pub fn settings(load: &Load, partitions: usize) -> Vec<(&'static str, String)> {
    let mut settings = vec![("workload", workload(load.workload).to_owned())];
    if load.workload == Workload::Idle {
        return settings;
    }
    let keys = match load.keys {
        Keys::None => "none".to_owned(),
        Keys::Uniform(count) => format!("uniform:{count} ({KEY_BYTES} bytes each)"),
        Keys::Zipf { count, exponent } => format!("zipf:{count}:{exponent} ({KEY_BYTES} bytes each)"),
    };
    settings.extend([
        ("partitions", partitions.to_string()),
        ("written to", written_to(load)),
        ("record bytes", load.record_bytes.to_string()),
        ("keys", keys),
        ("compression", format!("{:?}", load.codec).to_lowercase()),
        ("batch bytes", load.batch_bytes.to_string()),
    ]);
    if load.workload.has_producers() {
        let acks = match load.acks {
            Acks::None => "0",
            Acks::Leader => "1",
            Acks::All => "all",
        };
        settings.extend([
            ("acks", acks.to_owned()),
            ("idempotence", load.is_idempotent.to_string()),
            ("linger ms", (load.linger.as_secs_f64() * 1e3).to_string()),
            ("burst ms", (load.burst.as_secs_f64() * 1e3).to_string()),
            ("producers", load.producers.to_string()),
            ("in flight", load.in_flight.to_string()),
        ]);
    }
    if load.workload.has_consumers() {
        settings.extend([
            ("consumers", load.consumers.to_string()),
            ("fetch bytes", load.fetch_bytes.to_string()),
            ("check crc", load.checks_crc.to_string()),
        ]);
    }
    settings.extend([
        ("warm-up s", load.warm_up.as_secs_f64().to_string()),
        ("length s", load.length.as_secs_f64().to_string()),
    ]);
    settings
}

fn written_to(load: &Load) -> String {
    match load.only {
        _ if !load.workload.has_producers() => "none".to_owned(),
        Subset::ALL => "all".to_owned(),
        Subset { first, step } => format!("every {step} of them from {first} on"),
    }
}

fn workload(workload: Workload) -> &'static str {
    match workload {
        Workload::Produce => "produce",
        Workload::Consume => "consume",
        Workload::Mixed { from_start: false } => "mixed",
        Workload::Mixed { from_start: true } => "mixed, consumers catch up from the start",
        Workload::Idle => "idle",
    }
}
