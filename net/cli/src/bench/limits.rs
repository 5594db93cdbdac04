//! `millrace bench limits`: what a broker takes before anybody uses it.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use millrace_load::environment::Machine;
use millrace_load::limits::{Extent, LimitsReport, Round, Told, rows};
use millrace_load::report::text;
use millrace_load::run::Crew;
use millrace_load::start::StartSpec;
use millrace_load::stop::Stopper;

use super::options::parse_time;
use super::save;
use super::start::StartOptions;
use crate::output::{self, CliError};

#[derive(Args)]
#[command(after_help = "Without --start it is this program's own broker on one core. Memory is resident memory \
                        (VmRSS): the kernel's buffers of sockets are not in it.")]
pub(super) struct Arguments {
    #[command(flatten)]
    start: StartOptions,
    /// How often each broker is measured, in turns
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Idle connections
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    connections: u32,
    /// Partitions, in topics of a thousand
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    partitions: u32,
    /// For how long a broker is left alone before its memory is looked at
    #[arg(long, value_name = "TIME", value_parser = parse_time, default_value = "2s")]
    settle: Duration,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Save the report to this directory: report.txt, report.json
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), CliError> {
    let extent = Extent {
        connections: arguments.connections as usize,
        partitions: arguments.partitions as usize,
        settle_s: arguments.settle.as_secs_f64(),
    };
    let specs = match arguments.start.specs() {
        none if none.is_empty() => vec![arguments.start.place.own_broker("millrace", 1)?],
        specs => specs,
    };
    extent.make_room()?;
    let stopper = Stopper::install()?;
    let scratch = arguments.start.place.scratch()?;
    let mut found = vec![Vec::new(); specs.len()];
    for _ in 0..arguments.rounds {
        for (spec, rounds) in specs.iter().zip(&mut found) {
            // What one broker left to the operating system is not written while another one starts.
            nix::unistd::sync();
            rounds.push(extent.measure(spec, scratch.path(), &stopper)?);
        }
    }
    let report = LimitsReport {
        machine: Machine::this(&Crew { threads: 1, pins: Vec::new() }),
        extent,
        rounds: usize::from(arguments.rounds),
        brokers: specs.iter().zip(&found).filter_map(told).collect(),
        rows: specs.iter().zip(&found).flat_map(|(spec, rounds)| rows(&spec.name, rounds)).collect(),
    };
    let text = text::limits(&report);
    if let Some(directory) = &arguments.save {
        save::save_plain(&text, &report, directory)?;
    }
    if arguments.json { output::print_json(&report) } else { output::print_line(&text) }
}

/// How the report tells a broker.
fn told((spec, rounds): (&StartSpec, &Vec<Round>)) -> Option<Told> {
    let Round { version, command, .. } = rounds.first()?;
    Some(Told { name: spec.name.clone(), version: version.clone(), command: command.clone() })
}
