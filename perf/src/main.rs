//! The program around the tuned consumer: fills a topic, reads it, and compares ways to read it.

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use millrace_perf::compare::{Way, in_turns, table};
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
    Run {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        tuning: Tuning,
        #[command(flatten)]
        report: Report,
    },
    /// Read it with each knob turned, one at a time, in turns with the tuning that is given
    Sweep {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        tuning: Tuning,
        #[command(flatten)]
        report: Report,
    },
    /// Read it by librdkafka as well, in turns
    Compare {
        #[command(flatten)]
        target: Target,
        /// The same broker's Kafka port
        #[arg(long, value_name = "HOST:PORT", default_value = "localhost:9092")]
        kafka: String,
        #[command(flatten)]
        tuning: Tuning,
        #[command(flatten)]
        report: Report,
    },
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
        Command::Run { target, tuning, report } => {
            let names = ["tuned".to_owned()];
            print(&in_turns(&names, report.rounds, |_| read(&target, &tuning))?, &report);
        }
        Command::Sweep { target, tuning, report } => {
            let (mut names, mut tunings) = (vec!["as given".to_owned()], vec![tuning.clone()]);
            for (name, variant) in tuning.variants() {
                names.push(name);
                tunings.push(variant);
            }
            let ways = in_turns(&names, report.rounds, |way| read(&target, tunings.get(way).unwrap_or(&tuning)))?;
            print(&ways, &report);
        }
        Command::Compare { target, kafka, tuning, report } => {
            let names = ["librdkafka".to_owned(), "tuned".to_owned()];
            let ways = in_turns(&names, report.rounds, |way| match way {
                0 => rival::read(&kafka, &target.topic, target.partitions, !tuning.no_checksums),
                _ => read(&target, &tuning),
            })?;
            print(&ways, &report);
        }
    }
    Ok(())
}

fn read(target: &Target, tuning: &Tuning) -> Result<Measured, PerfError> {
    tuned::read(&target.native, &target.topic, target.partitions, tuning)
}

fn print(ways: &[Way], report: &Report) {
    if report.json {
        println!("{}", serde_json::json!({ "ways": ways }));
    } else {
        print!("{}", table(ways));
    }
}
