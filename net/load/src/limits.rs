//! What a broker takes before anybody uses it: how long it takes to start, its memory at rest, and what an idle
//! connection and a partition add to that.

use std::fs;
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

use millrace_client::Cluster;
use millrace_client::admin::{NewTopic, create_topic};
use millrace_client::connection::Connection;
use millrace_client::producer::{NewRecord, Producer};
use millrace_record::compression::Codec;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use serde::Serialize;

use crate::compare::median;
use crate::environment::{Machine, version};
use crate::error::LoadError;
use crate::prepare::{resolve, unix_ns};
use crate::process::Process;
use crate::start::{StartSpec, Started};
use crate::stop::Stopper;

/// Partitions of a topic at most: Kafka creates no more than 10,000 with one request.
const TOPIC_PARTITIONS_MAX: usize = 1_000;
/// Descriptors that this process needs beside those of its connections.
const DESCRIPTORS_BESIDE: u64 = 100;
/// Bytes of the record that each partition is given.
const RECORD_BYTES: usize = 100;
const KIB: f64 = 1024.0;
const MIB: f64 = 1024.0 * 1024.0;

/// How much is put on a broker.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Extent {
    /// Connections that are opened, and used for one request each.
    pub connections: usize,
    /// Partitions that are created.
    pub partitions: usize,
    /// For how long the broker is left alone before it is looked at, in seconds.
    pub settle_s: f64,
}

/// What was found in one round.
#[derive(Clone, Debug)]
pub struct Round {
    /// The broker's version, as far as it tells.
    pub version: String,
    /// Its command line.
    pub command: String,
    start_ms: f64,
    idle_bytes: f64,
    connection_bytes: f64,
    partition_bytes: f64,
    written_partition_bytes: f64,
    full_start_ms: f64,
    full_partition_bytes: f64,
}

/// A figure, in its unit, and what Millrace aims at.
struct Figure {
    name: &'static str,
    unit: &'static str,
    target: Option<f64>,
    of: fn(&Round) -> f64,
}

const FIGURES: [Figure; 7] = [
    Figure { name: "start, empty", unit: "ms", target: Some(50.0), of: |round| round.start_ms },
    Figure { name: "idle", unit: "MiB", target: Some(20.0), of: |round| round.idle_bytes / MIB },
    Figure { name: "an idle connection", unit: "KiB", target: Some(16.0), of: |round| round.connection_bytes / KIB },
    Figure { name: "a partition", unit: "KiB", target: Some(20.0), of: |round| round.partition_bytes / KIB },
    Figure {
        name: "a partition with a batch",
        unit: "KiB",
        target: Some(20.0),
        of: |round| round.written_partition_bytes / KIB,
    },
    Figure { name: "start, with these partitions", unit: "ms", target: None, of: |round| round.full_start_ms },
    Figure {
        name: "a partition after that start",
        unit: "KiB",
        target: Some(20.0),
        of: |round| round.full_partition_bytes / KIB,
    },
];

/// A figure of a broker over all rounds.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The broker.
    pub broker: String,
    /// What was measured.
    pub figure: &'static str,
    /// ms, KiB or MiB.
    pub unit: &'static str,
    /// The median of the rounds.
    pub median: f64,
    /// The least of them.
    pub low: f64,
    /// The greatest of them.
    pub high: f64,
    /// What Millrace aims at: at most this.
    pub target: Option<f64>,
}

/// A broker, for the head of the report.
#[derive(Clone, Debug, Serialize)]
pub struct Told {
    /// Its name in the report.
    pub name: String,
    /// Its version, as far as it tells.
    pub version: String,
    /// Its command line.
    pub command: String,
}

/// Everything that was found.
#[derive(Clone, Debug, Serialize)]
pub struct LimitsReport {
    /// Where.
    pub machine: Machine,
    /// How much was put on each broker.
    pub extent: Extent,
    /// How often.
    pub rounds: usize,
    /// The brokers.
    pub brokers: Vec<Told>,
    /// The figures.
    pub rows: Vec<Row>,
}

impl Extent {
    /// Lets this process, and the brokers that it starts, open as many files as that needs.
    ///
    /// # Errors
    /// [`LoadError::Spec`] when that is not allowed.
    pub fn make_room(&self) -> Result<(), LoadError> {
        let failed = |errno: nix::Error| LoadError::file("the limit of open files")(io::Error::from(errno));
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).map_err(failed)?;
        if hard < self.connections as u64 + DESCRIPTORS_BESIDE {
            return Err(LoadError::Spec(format!(
                "{} connections need as many open files, and no more than {hard} are allowed: raise that (ulimit -Hn), \
                 or open fewer (--connections)",
                self.connections
            )));
        }
        setrlimit(Resource::RLIMIT_NOFILE, soft.max(hard), hard).map_err(failed)
    }

    /// Measures a broker once: started on nothing for its connections, once more for its partitions, and again on
    /// those. Its data is below `parent`.
    ///
    /// # Errors
    /// [`LoadError`] when it does not start, refuses something, or the end was asked for.
    pub fn measure(&self, start: &StartSpec, parent: &Path, stopper: &Stopper) -> Result<Round, LoadError> {
        let broker = Watched::start(start, parent)?;
        let idle_bytes = self.resident(&broker, stopper)?;
        let start_ms = broker.start_ms();
        let connections = self.connect(&broker.started.address, stopper)?;
        let connected_bytes = self.resident(&broker, stopper)?;
        drop(connections);
        broker.end_and_forget()?;

        let broker = Watched::start(start, parent)?;
        let empty_bytes = self.resident(&broker, stopper)?;
        let mut cluster = Cluster::connect(&broker.started.address)?;
        let topics = self.create(&mut cluster, stopper)?;
        let created_bytes = self.resident(&broker, stopper)?;
        write_to_each(&mut cluster, &topics, stopper)?;
        let written_bytes = self.resident(&broker, stopper)?;
        let version = version(&mut cluster);
        drop((cluster, broker));

        let broker = Watched::start(start, parent)?;
        let full_start_ms = broker.start_ms();
        let full_bytes = self.resident(&broker, stopper)?;
        let command = broker.process.command.clone();
        broker.end_and_forget()?;
        let (connections, partitions) = (self.connections.max(1) as f64, self.partitions.max(1) as f64);
        Ok(Round {
            version,
            command,
            start_ms,
            idle_bytes,
            connection_bytes: (connected_bytes - idle_bytes) / connections,
            partition_bytes: (created_bytes - empty_bytes) / partitions,
            written_partition_bytes: (written_bytes - empty_bytes) / partitions,
            full_start_ms,
            full_partition_bytes: (full_bytes - empty_bytes) / partitions,
        })
    }

    /// The broker's resident memory once it has been left alone for a while, in bytes.
    fn resident(&self, broker: &Watched, stopper: &Stopper) -> Result<f64, LoadError> {
        go_on(stopper)?;
        thread::sleep(Duration::from_secs_f64(self.settle_s));
        Ok(broker.process.sample()?.resident_bytes as f64)
    }

    /// Connections that have asked for the broker's versions, and nothing else.
    fn connect(&self, address: &str, stopper: &Stopper) -> Result<Vec<Connection>, LoadError> {
        let open = |_| {
            go_on(stopper)?;
            Ok(Connection::open(address)?)
        };
        (0..self.connections).map(open).collect()
    }

    /// Topics with these partitions, and how many each has.
    fn create(&self, cluster: &mut Cluster, stopper: &Stopper) -> Result<Vec<(String, i32)>, LoadError> {
        let mut topics = Vec::new();
        let mut left = self.partitions;
        while left > 0 {
            go_on(stopper)?;
            let count = left.min(TOPIC_PARTITIONS_MAX);
            let partitions = i32::try_from(count).unwrap_or(i32::MAX);
            let name = format!("limits-{}", topics.len());
            create_topic(cluster, &NewTopic { name: &name, partitions, replication_factor: -1, configs: &[] })?;
            topics.push((name, partitions));
            left -= count;
        }
        Ok(topics)
    }
}

/// A batch of one record for each partition.
fn write_to_each(cluster: &mut Cluster, topics: &[(String, i32)], stopper: &Stopper) -> Result<(), LoadError> {
    /// As producers do by default since Kafka 3.0.
    const ACKS_ALL: i16 = -1;
    let timestamp_ms = i64::try_from(unix_ns() / 1_000_000).unwrap_or(i64::MAX);
    let value = [b'x'; RECORD_BYTES];
    for (topic, partitions) in topics {
        go_on(stopper)?;
        let mut producer = Producer::new(cluster, topic, Codec::None, ACKS_ALL)?;
        for partition in 0..*partitions {
            let partition = Some(partition);
            producer.push(&NewRecord { timestamp_ms, key: None, value: Some(&value), headers: &[], partition })?;
        }
        producer.flush()?;
    }
    Ok(())
}

fn go_on(stopper: &Stopper) -> Result<(), LoadError> {
    if stopper.is_stopped() { Err(LoadError::Interrupted) } else { Ok(()) }
}

/// A broker that was started, and its process.
struct Watched {
    started: Started,
    process: Process,
}

impl Watched {
    fn start(spec: &StartSpec, parent: &Path) -> Result<Watched, LoadError> {
        let started = spec.start(parent)?;
        let unseen = || LoadError::Start(format!("the process of broker {:?} cannot be seen in /proc", spec.name));
        let process = Process::listening_at(resolve(&started.address)?).ok_or_else(unseen)?;
        Ok(Watched { started, process })
    }

    fn start_ms(&self) -> f64 {
        self.started.answered_after.as_secs_f64() * 1e3
    }

    /// Ends it, and removes what it has stored.
    fn end_and_forget(self) -> Result<(), LoadError> {
        let directory = self.started.directory().to_owned();
        drop(self);
        fs::remove_dir_all(&directory).map_err(LoadError::file(directory.display().to_string()))
    }
}

/// What all rounds of a broker came to.
#[must_use]
pub fn rows(broker: &str, rounds: &[Round]) -> Vec<Row> {
    let row = |figure: &Figure| {
        let values: Vec<f64> = rounds.iter().map(figure.of).collect();
        Row {
            broker: broker.to_owned(),
            figure: figure.name,
            unit: figure.unit,
            median: median(values.iter().copied()),
            low: values.iter().copied().fold(f64::INFINITY, f64::min),
            high: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            target: figure.target,
        }
    };
    FIGURES.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_the_median_the_range_and_the_target() {
        let round = |idle_mib: f64| Round {
            version: String::new(),
            command: String::new(),
            start_ms: 10.0,
            idle_bytes: idle_mib * 1_048_576.0,
            connection_bytes: 2_048.0,
            partition_bytes: 0.0,
            written_partition_bytes: 0.0,
            full_start_ms: 0.0,
            full_partition_bytes: 0.0,
        };
        let rows = rows("broker", &[round(12.0), round(10.0), round(17.0)]);
        let idle = rows.iter().find(|row| row.figure == "idle").unwrap();
        assert_eq!((idle.low, idle.median, idle.high), (10.0, 12.0, 17.0));
        assert_eq!((idle.unit, idle.target), ("MiB", Some(20.0)));
        let connection = rows.iter().find(|row| row.figure == "an idle connection").unwrap();
        assert_eq!((connection.median, connection.unit), (2.0, "KiB"));
    }

    #[test]
    fn more_connections_than_files_may_be_open_are_refused() {
        let extent = Extent { connections: usize::MAX / 2, partitions: 0, settle_s: 0.0 };
        let refused = extent.make_room().unwrap_err().to_string();
        assert!(refused.contains("--connections"), "{refused}");
    }
}
