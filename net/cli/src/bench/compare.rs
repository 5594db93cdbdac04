//! `millrace bench compare`: several brokers in turns, so that what the machine does meanwhile meets all of them.

use clap::{Args, ValueEnum};
use millrace_load::LoadError;
use millrace_load::compare::ratios;
use millrace_load::environment::Machine;
use millrace_load::report::{Report, RunReport, settings};
use millrace_load::rest::{PATIENCE, await_rest};
use millrace_load::spec::{Load, Workload};
use millrace_load::start::Started;
use millrace_load::stop::Stopper;
use millrace_load::subject::{Subject, SubjectSpec};

use super::live::Live;
use super::options::Options;
use super::start::StartOptions;
use crate::output::CliError;

#[derive(Args)]
pub(super) struct Arguments {
    /// Brokers that run already, each with a name for the report; the first of all is what the others are compared with
    #[arg(value_name = "[NAME=]HOST:PORT")]
    brokers: Vec<String>,
    #[command(flatten)]
    start: StartOptions,
    /// What is measured
    #[arg(long, short, value_enum, default_value_t = Measured::Produce)]
    workload: Measured,
    /// How often each broker has its turn
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    #[command(flatten)]
    options: Options,
}

#[derive(Clone, Copy, ValueEnum)]
enum Measured {
    Produce,
    Consume,
    Mixed,
    /// Mixed, with consumers that begin at the beginning
    CatchUp,
    Idle,
}

impl Measured {
    fn workload(self) -> Workload {
        match self {
            Measured::Produce => Workload::Produce,
            Measured::Consume => Workload::Consume,
            Measured::Mixed => Workload::Mixed { from_start: false },
            Measured::CatchUp => Workload::Mixed { from_start: true },
            Measured::Idle => Workload::Idle,
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<(), CliError> {
    let options = &arguments.options;
    let loads = options.loads(arguments.workload.workload())?;
    let specs = arguments.start.specs();
    if arguments.brokers.len() + specs.len() < 2 {
        return Err(CliError::Usage("a comparison needs two brokers: HOST:PORT, or --start NAME=COMMAND".to_owned()));
    }
    let stopper = Stopper::install()?;
    options.pin_this_thread()?;
    let scratch = arguments.start.place.scratch()?;
    let mut started: Vec<Started> = Vec::new();
    let mut named: Vec<(String, String)> = arguments.brokers.iter().map(|broker| name_of(broker)).collect();
    for spec in specs {
        let broker = spec.start(scratch.path())?;
        named.push((spec.name, broker.address.clone()));
        started.push(broker);
    }
    unique(&named)?;
    let mut subjects = Vec::new();
    for (name, address) in named {
        let spec = SubjectSpec {
            name,
            address,
            pid: None,
            topic: options.topic(),
            fill_bytes: options.fill_bytes(),
            crew: options.crew(),
        };
        subjects.push((spec.name.clone(), Subject::prepare(spec)?));
    }
    let report = measure(arguments, &loads, &mut subjects, &stopper);
    let released = subjects.into_iter().try_for_each(|(_, subject)| subject.release());
    drop(started);
    super::finish(options, &report?)?;
    Ok(released?)
}

fn measure(
    arguments: &Arguments,
    loads: &[Load],
    subjects: &mut [(String, Subject)],
    stopper: &Stopper,
) -> Result<Report, LoadError> {
    let mut runs = Vec::new();
    for round in 1..=usize::from(arguments.rounds) {
        for load in loads {
            for turn in 0..subjects.len() {
                if stopper.is_stopped() {
                    break;
                }
                runs.push(take_turn(subjects, turn, load, round, stopper)?);
            }
        }
    }
    let mut brokers = Vec::new();
    if let Some(load) = loads.first() {
        for (_, subject) in subjects.iter_mut() {
            brokers.push(subject.facts(load)?);
        }
    }
    let partitions = subjects.first().map_or(0, |(_, subject)| subject.partitions());
    Ok(Report {
        machine: Machine::this(&arguments.options.crew()),
        load: loads.first().map(|load| settings(load, partitions)).unwrap_or_default(),
        brokers,
        ratios: ratios(&runs),
        runs,
    })
}

/// One broker's turn, when all of them are at rest and what they left to the operating system is written.
fn take_turn(
    subjects: &mut [(String, Subject)],
    turn: usize,
    load: &Load,
    round: usize,
    stopper: &Stopper,
) -> Result<RunReport, LoadError> {
    let known = subjects.iter().filter_map(|(name, subject)| Some((name.clone(), subject.process()?.clone())));
    let (names, processes): (Vec<_>, Vec<_>) = known.unzip();
    let Some((name, subject)) = subjects.get_mut(turn) else { unreachable!("a turn for each broker") };
    let live = Live::new(load, name, round);
    live.wait();
    let busy = await_rest(&processes, PATIENCE, stopper)?;
    nix::unistd::sync();
    live.warm_up();
    let mut report = subject.measure(load, round, stopper, |point| live.show(point))?;
    report.warnings.extend(names.iter().zip(busy).filter(|(_, is_busy)| *is_busy).map(|(name, _)| {
        format!(
            "{name} was still busy when the turn began, after {} s: figures are not of this broker alone",
            PATIENCE.as_secs()
        )
    }));
    Ok(report)
}

fn name_of(broker: &str) -> (String, String) {
    broker
        .split_once('=')
        .map_or_else(|| (broker.to_owned(), broker.to_owned()), |(name, address)| (name.to_owned(), address.to_owned()))
}

fn unique(named: &[(String, String)]) -> Result<(), CliError> {
    for (at, (name, _)) in named.iter().enumerate() {
        if named.iter().skip(at + 1).any(|(other, _)| other == name) {
            return Err(CliError::Usage(format!("two brokers are called {name:?}: NAME=... tells them apart")));
        }
    }
    Ok(())
}
