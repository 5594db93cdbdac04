//! `millrace`: the broker and its tools, one file per subcommand.
#![allow(
    clippy::disallowed_methods,
    reason = "the command line runs outside the runtime: it has its own clock and threads"
)]

mod bench;
mod config;
mod connect;
mod consume;
mod dump;
mod escape;
mod group;
mod group_reader;
mod input;
mod output;
mod produce;
mod record_json;
mod serve;
mod settings;
mod start;
mod template;
mod topic;
mod tune;
mod version;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A Kafka-compatible message broker for Linux.
///
/// `millrace serve` runs a broker; the other commands speak to one, Millrace or Kafka, at --server.
#[derive(Parser)]
#[command(name = "millrace", version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 done; 2 wrong usage or configuration; 3 a broker refused or did not answer; \
                        4 a file or standard output failed; 5 damaged records; \
                        6 a host that is not as it should be; \
                        10 and above: the broker could not start or go on.")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the broker
    Serve(serve::Arguments),
    /// Create, list, describe, alter and delete topics
    Topic(topic::Arguments),
    /// Show and change settings of topics and brokers
    Config(settings::Arguments),
    /// List, describe, reset and delete consumer groups
    Group(group::Arguments),
    /// Write records from standard input or a file
    Produce(produce::Arguments),
    /// Read records
    Consume(consume::Arguments),
    /// Measure brokers: throughput, latency, cost
    Bench(Box<bench::Arguments>),
    /// Show what segment files hold, and check them
    Dump(dump::Arguments),
    /// Look at what matters on this host, set it, and measure what can be reached
    Tune(tune::Arguments),
    /// Show the version, and what was built into it
    Version(version::Arguments),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Topic(arguments) => topic::run(&arguments),
        Command::Config(arguments) => settings::run(&arguments),
        Command::Group(arguments) => group::run(&arguments),
        Command::Produce(arguments) => produce::run(&arguments),
        Command::Consume(arguments) => consume::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Dump(arguments) => dump::run(&arguments),
        Command::Tune(arguments) => tune::run(&arguments),
        Command::Version(arguments) => version::run(&arguments),
    };
    result.map_or_else(|error| output::report(&error), |()| ExitCode::SUCCESS)
}
