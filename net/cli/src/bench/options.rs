//! What is sent, to what, by whom: the options that all workloads share.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use millrace_load::keys::KEYS_MAX;
use millrace_load::prepare::TopicSpec;
use millrace_load::run::{Crew, pin_this_thread};
use millrace_load::spec::{Acks, Keys, Load, Rate, STAMP_BYTES, Subset, Workload};
use millrace_record::compression::Codec;

use crate::output::CliError;

const KIB: u64 = 1024;
/// The largest record, batch or request: half of what a frame can hold.
const BYTES_MAX: u64 = 1 << 30;

/// How long the files of a round's topic stay when it is deleted.
const DELETE_DELAY: (&str, &str) = ("file.delete.delay.ms", "1000");

#[derive(Args)]
pub(super) struct Options {
    /// Records a second in all: max, a number, or several one after the other (1000,10000,20000)
    #[arg(long, short, value_name = "RATE", value_delimiter = ',', value_parser = parse_rate, default_value = "max")]
    rate: Vec<Rate>,
    /// How far the bursts of a rate lie apart
    #[arg(long, value_name = "TIME", value_parser = parse_time, default_value = "1ms")]
    burst: Duration,
    /// For how long it counts, each time
    #[arg(long, short = 't', value_name = "TIME", value_parser = parse_time, default_value = "10s")]
    time: Duration,
    /// For how long the same is done before it counts
    #[arg(long, value_name = "TIME", value_parser = parse_time, default_value = "2s")]
    warm_up: Duration,
    /// Size of a record's value (512, 1K, 1M)
    #[arg(long, short = 's', value_name = "BYTES", value_parser = parse_bytes, default_value = "1K")]
    record_bytes: u64,
    /// Keys: none, uniform:COUNT, zipf:COUNT or zipf:COUNT:EXPONENT
    #[arg(long, short, value_parser = parse_keys, default_value = "none")]
    keys: Keys,
    /// How batches are compressed
    #[arg(long, short = 'z', value_enum, default_value_t = Compression::None)]
    compression: Compression,
    /// Records of a batch at most, in bytes before compression
    #[arg(long, value_name = "BYTES", value_parser = parse_bytes, default_value = "128K")]
    batch_bytes: u64,
    /// How long a record may wait for others to share its batch
    #[arg(long, value_name = "TIME", value_parser = parse_time, default_value = "0ms")]
    linger: Duration,
    /// Batches of a request at most, in bytes
    #[arg(long, value_name = "BYTES", value_parser = parse_bytes, default_value = "1M")]
    request_bytes: u64,
    /// Whose acknowledgement to wait for
    #[arg(long, value_enum, default_value_t = WantedAcks::All)]
    acks: WantedAcks,
    /// Producers are idempotent ones
    #[arg(long)]
    idempotence: bool,
    /// Producers, each with a connection of its own to every leader
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    producers: u32,
    /// Requests without an answer on a producer's connection at most
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    in_flight: u32,
    /// Consumers, each of which reads everything
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    consumers: u32,
    /// What a Fetch may give
    #[arg(long, value_name = "BYTES", value_parser = parse_bytes, default_value = "50M")]
    fetch_bytes: u64,
    /// What a Fetch may give of one partition
    #[arg(long, value_name = "BYTES", value_parser = parse_bytes, default_value = "1M")]
    fetch_partition_bytes: u64,
    /// Consumers do not check CRCs, which costs the load less and the broker the same
    #[arg(long)]
    no_check_crc: bool,
    /// Write so much before it is read: bytes of values
    #[arg(long, value_name = "BYTES", value_parser = parse_amount, default_value = "1G")]
    fill: u64,
    /// Use this topic, and create it if it does not exist; by default a new one, which is deleted in the end
    #[arg(long)]
    topic: Option<String>,
    /// Partitions of a topic that is created
    #[arg(long, short, default_value_t = 1, value_parser = clap::value_parser!(i32).range(1..))]
    partitions: i32,
    /// Replicas of each; -1: the broker's default
    #[arg(long, default_value_t = -1, allow_hyphen_values = true)]
    replication_factor: i16,
    /// A setting of a topic that is created; may be repeated
    #[arg(long = "topic-config", value_name = "NAME=VALUE", value_parser = parse_pair)]
    topic_config: Vec<(String, String)>,
    /// Do not delete a topic that was created
    #[arg(long)]
    keep: bool,
    /// Threads of the load
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1_024))]
    threads: u16,
    /// The processors to pin these threads to, in turn (1 or 2,3)
    #[arg(long, value_name = "CPUS", value_delimiter = ',')]
    pin: Vec<usize>,
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
    /// Save the report to this directory: report.txt, report.json, report.html, and an HdrHistogram log per run
    #[arg(long, value_name = "DIR")]
    pub(super) save: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Compression {
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

#[derive(Clone, Copy, ValueEnum)]
enum WantedAcks {
    #[value(name = "0")]
    None,
    #[value(name = "1")]
    Leader,
    #[value(name = "all", alias = "-1")]
    All,
}

impl Options {
    /// A load for each rate.
    pub(super) fn loads(&self, workload: Workload) -> Result<Vec<Load>, CliError> {
        if self.idempotence && !matches!(self.acks, WantedAcks::All) {
            return Err(CliError::Usage("--idempotence needs --acks all".to_owned()));
        }
        if self.idempotence && self.in_flight > 5 {
            return Err(CliError::Usage("--idempotence needs --in-flight 5 or less: brokers know no more".to_owned()));
        }
        if matches!(workload, Workload::Mixed { .. }) && self.record_bytes < STAMP_BYTES as u64 {
            let needed = format!("records that carry their time need --record-bytes {STAMP_BYTES} or more");
            return Err(CliError::Usage(needed));
        }
        if self.time.is_zero() || self.burst.is_zero() {
            return Err(CliError::Usage("--time and --burst must be above zero".to_owned()));
        }
        // Without producers there is no rate to go through.
        let rates = if workload.has_producers() { self.rate.as_slice() } else { &[Rate::Max] };
        Ok(rates.iter().map(|rate| self.load(workload, *rate)).collect())
    }

    fn load(&self, workload: Workload, rate: Rate) -> Load {
        let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        let fetched = |bytes: u64| i32::try_from(bytes).unwrap_or(i32::MAX);
        Load {
            workload,
            record_bytes: size(self.record_bytes),
            keys: self.keys,
            only: Subset::ALL,
            codec: match self.compression {
                Compression::None => Codec::None,
                Compression::Gzip => Codec::Gzip,
                Compression::Snappy => Codec::Snappy,
                Compression::Lz4 => Codec::Lz4,
                Compression::Zstd => Codec::Zstd,
            },
            batch_bytes: size(self.batch_bytes),
            linger: self.linger,
            request_bytes: size(self.request_bytes),
            acks: match self.acks {
                WantedAcks::None => Acks::None,
                WantedAcks::Leader => Acks::Leader,
                WantedAcks::All => Acks::All,
            },
            is_idempotent: self.idempotence,
            rate,
            burst: self.burst,
            producers: self.producers as usize,
            in_flight: self.in_flight as usize,
            consumers: self.consumers as usize,
            fetch_bytes: fetched(self.fetch_bytes),
            fetch_partition_bytes: fetched(self.fetch_partition_bytes),
            checks_crc: !self.no_check_crc,
            warm_up: self.warm_up,
            length: self.time,
        }
    }

    pub(super) fn topic(&self) -> TopicSpec {
        TopicSpec {
            name: self.topic.clone(),
            partitions: self.partitions,
            replication_factor: self.replication_factor,
            configs: self.topic_config.clone(),
            is_kept: self.keep,
        }
    }

    /// The same of a round: its files are gone before the next rounds fill the disk.
    pub(super) fn topic_of_a_round(&self) -> TopicSpec {
        let mut topic = self.topic();
        if topic.configs.iter().all(|(name, _)| name != DELETE_DELAY.0) {
            topic.configs.push((DELETE_DELAY.0.to_owned(), DELETE_DELAY.1.to_owned()));
        }
        topic
    }

    pub(super) fn fill_bytes(&self) -> u64 {
        self.fill
    }

    pub(super) fn crew(&self) -> Crew {
        Crew { threads: usize::from(self.threads), pins: self.pin.clone() }
    }

    /// The one that a load of one thread is pinned to.
    pub(super) fn first_processor(&self) -> Option<usize> {
        self.pin.first().copied()
    }

    /// The thread that waits and looks is no burden for the broker's processor either.
    pub(super) fn pin_this_thread(&self) -> Result<(), CliError> {
        Ok(self.first_processor().map_or(Ok(()), pin_this_thread)?)
    }
}

fn parse_rate(text: &str) -> Result<Rate, String> {
    match text {
        "max" => Ok(Rate::Max),
        number => match number.parse() {
            Ok(0) | Err(_) => Err("expected max, or records a second".to_owned()),
            Ok(rate) => Ok(Rate::PerSecond(rate)),
        },
    }
}

pub(super) fn parse_time(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| format!("expected a time such as 10s or 5ms: {error}"))
}

/// A size of what must fit into a frame.
pub(super) fn parse_bytes(text: &str) -> Result<u64, String> {
    let bytes = parse_amount(text)?;
    if bytes > BYTES_MAX { Err(format!("at most {BYTES_MAX} bytes are possible")) } else { Ok(bytes) }
}

fn parse_amount(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.strip_suffix(['K', 'k']) {
        Some(digits) => (digits, KIB),
        None => match text.strip_suffix(['M', 'm']) {
            Some(digits) => (digits, KIB * KIB),
            None => text.strip_suffix(['G', 'g']).map_or((text, 1), |digits| (digits, KIB * KIB * KIB)),
        },
    };
    let number = digits.parse::<u64>().map_err(|error| format!("expected bytes such as 512, 1K or 1M: {error}"))?;
    number.checked_mul(unit).ok_or_else(|| "that is too much".to_owned())
}

fn parse_keys(text: &str) -> Result<Keys, String> {
    const EXPECTED: &str = "expected none, uniform:COUNT, zipf:COUNT or zipf:COUNT:EXPONENT";
    let count = |text: &str| match text.parse::<u32>() {
        Ok(count) if (1..=KEYS_MAX).contains(&count) => Ok(count),
        _ => Err(format!("{EXPECTED}, with a COUNT of 1 to {KEYS_MAX}")),
    };
    let parts: Vec<&str> = text.split(':').collect();
    match parts.as_slice() {
        ["none"] => Ok(Keys::None),
        ["uniform", keys] => Ok(Keys::Uniform(count(keys)?)),
        ["zipf", keys] => Ok(Keys::Zipf { count: count(keys)?, exponent: 1.0 }),
        ["zipf", keys, exponent] => match exponent.parse::<f64>() {
            Ok(exponent) if exponent > 0.0 && exponent.is_finite() => Ok(Keys::Zipf { count: count(keys)?, exponent }),
            _ => Err(format!("{EXPECTED}, with an EXPONENT above 0")),
        },
        _ => Err(EXPECTED.to_owned()),
    }
}

pub(super) fn parse_pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_rates_and_keys_are_read() {
        assert_eq!(parse_bytes("512"), Ok(512));
        assert_eq!(parse_bytes("128K"), Ok(131_072));
        assert_eq!(parse_amount("20G"), Ok(20 << 30));
        assert_eq!(parse_rate("max"), Ok(Rate::Max));
        assert_eq!(parse_rate("20000"), Ok(Rate::PerSecond(20_000)));
        assert_eq!(parse_keys("zipf:100:0.9"), Ok(Keys::Zipf { count: 100, exponent: 0.9 }));
        assert_eq!(parse_keys("uniform:7"), Ok(Keys::Uniform(7)));
    }

    #[test]
    fn nonsense_is_refused() {
        for wrong in ["", "K", "-1", "1T", "2G", "1.5K", "99999999999999999999"] {
            assert!(parse_bytes(wrong).is_err(), "{wrong}");
        }
        for wrong in ["0", "-5", "fast", ""] {
            assert!(parse_rate(wrong).is_err(), "{wrong}");
        }
        for wrong in ["uniform", "uniform:0", "zipf:5:0", "zipf:5:x", "zipf:5:1:1", "some"] {
            assert!(parse_keys(wrong).is_err(), "{wrong}");
        }
    }
}
