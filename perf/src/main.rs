//! The program around the tuned consumer: fills a topic, reads it, and compares ways to read it.

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use millrace_perf::compare::{in_turns, table};
use millrace_perf::{Measured, PerfError, Tuning, fill, rival, tuned};

/// Reads a topic of Millrace by its native protocol, as fast as it goes
#[derive(Parser)]
#[command(version, about)]
struct Program {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write records to a topic that exists, to be read
    Fill {
        #[command(flatten)]
        target: Target,
        /// How many
        #[arg(long, default_value_t = 10_000_000)]
        records: u64,
        /// Bytes of each value
        #[arg(long, default_value_t = 100)]
        value_bytes: usize,
        /// Bytes of each batch
        #[arg(long, default_value_t = 128 * 1024)]
        batch_bytes: usize,
    },
    /// Read a topic from its start to its end
    Run(Reading),
    /// Read it with each knob turned, one at a time, in turns with the tuning that is given
    Sweep(Reading),
    /// Read it by librdkafka as well, in turns
    Compare {
        #[command(flatten)]
        reading: Reading,
        /// The same broker's Kafka port
        #[arg(long, value_name = "HOST:PORT", default_value = "localhost:9092")]
        kafka: String,
    },
}

/// What is read, how, and how often.
#[derive(Args)]
struct Reading {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    tuning: Tuning,
    #[command(flatten)]
    report: Report,
}

#[derive(Args)]
struct Target {
    /// A native port of the broker (`millrace serve --native HOST:PORT`)
    #[arg(long, value_name = "HOST:PORT", default_value = "localhost:9192")]
    native: String,
    /// The topic
    #[arg(long)]
    topic: String,
    /// How many partitions it has
    #[arg(long, default_value_t = 1)]
    partitions: i32,
}

#[derive(Args)]
struct Report {
    /// How often each way is measured
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    // The client warns of connections that it could not make: figures without them are others.
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_target(false).init();
    match run(Program::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<(), PerfError> {
    match command {
        Command::Fill { target, records, value_bytes, batch_bytes } => {
            fill::fill(&target.native, &target.topic, records, value_bytes, batch_bytes)?;
            println!("{records} records of {value_bytes} bytes are in {}", target.topic);
        }
        Command::Run(reading) => reading.compare(&[("tuned".to_owned(), Way::Tuned(reading.tuning.clone()))])?,
        Command::Sweep(reading) => {
            let given = ("as given".to_owned(), reading.tuning.clone());
            let tunings = std::iter::once(given).chain(reading.tuning.variants());
            reading.compare(&tunings.map(|(name, tuning)| (name, Way::Tuned(tuning))).collect::<Vec<_>>())?;
        }
        Command::Compare { reading, kafka } => {
            let tuned = Way::Tuned(reading.tuning.clone());
            reading.compare(&[("librdkafka".to_owned(), Way::Rival(kafka)), ("tuned".to_owned(), tuned)])?;
        }
    }
    Ok(())
}

/// A way to read a topic.
enum Way {
    /// By the native protocol.
    Tuned(Tuning),
    /// By librdkafka, from this Kafka port.
    Rival(String),
}

impl Reading {
    /// Reads it in each of these ways, in turns, and prints what that took.
    fn compare(&self, ways: &[(String, Way)]) -> Result<(), PerfError> {
        let names: Vec<String> = ways.iter().map(|(name, _)| name.clone()).collect();
        let chosen = ways.iter().map(|(_, way)| way);
        let measured = in_turns(&names, self.report.rounds, |at| match chosen.clone().nth(at) {
            Some(Way::Rival(kafka)) => self.read_as_rivals_do(kafka),
            Some(Way::Tuned(tuning)) => self.read(tuning),
            None => unreachable!("each name has its way"),
        })?;
        if self.report.json {
            println!("{}", serde_json::json!({ "ways": measured }));
        } else {
            print!("{}", table(&measured));
        }
        Ok(())
    }

    fn read(&self, tuning: &Tuning) -> Result<Measured, PerfError> {
        let Target { native, topic, partitions } = &self.target;
        tuned::read(native, topic, *partitions, tuning)
    }

    fn read_as_rivals_do(&self, kafka: &str) -> Result<Measured, PerfError> {
        let Target { topic, partitions, .. } = &self.target;
        rival::read(kafka, topic, *partitions, !self.tuning.no_checksums)
    }
}
