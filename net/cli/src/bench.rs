//! `millrace bench`: measures brokers, any that speak Kafka's protocol.

mod compare;
mod cores;
mod limits;
mod live;
mod options;
mod save;
mod share;
mod start;

use clap::{Args, Subcommand};
use millrace_load::environment::Machine;
use millrace_load::report::{Report, RunReport, settings};
use millrace_load::spec::Workload;
use millrace_load::stop::Stopper;
use millrace_load::subject::{Subject, SubjectSpec};

use self::live::Live;
use self::options::Options;
use crate::output::{self, CliError};

#[derive(Args)]
#[command(
    after_help = "Latency counts from the time at which a record was to be sent (with --rate), whatever held it up \
                        since. docs/bench.md says how to read the report."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Write records: throughput, latency, what it costs the broker
    Produce(One),
    /// Read what is there, again and again; --fill writes it first
    Consume(One),
    /// Write, and read what is written: latency from end to end; or catch up with --from-start
    Mixed(Mixed),
    /// Do nothing: what the broker costs at rest
    Idle(One),
    /// Measure several brokers in turns, and give the ratios between them
    Compare(compare::Arguments),
    /// What it costs that a connection and its partitions are on different cores of Millrace
    Cores(cores::Arguments),
    /// What a broker takes before anybody uses it: its start, its memory, an idle connection, a partition
    Limits(limits::Arguments),
    /// Which share of what the machine does without a broker this program's own broker gives on
    Share(share::Arguments),
}

/// One broker.
#[derive(Args)]
struct One {
    /// Any broker of the cluster, Millrace or Kafka
    #[arg(long, value_name = "HOST:PORT", env = "MILLRACE_SERVER", default_value = "localhost:9092")]
    server: String,
    /// The broker's process; by default the one that listens at the address, if it is on this machine
    #[arg(long, value_name = "PID")]
    broker_pid: Option<i32>,
    /// How often each rate is measured
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    repeat: u16,
    #[command(flatten)]
    options: Options,
}

#[derive(Args)]
struct Mixed {
    /// Consumers begin at the beginning (with --fill: of that), instead of at the end
    #[arg(long)]
    from_start: bool,
    #[command(flatten)]
    one: One,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), CliError> {
    let (one, workload) = match &arguments.what {
        What::Compare(arguments) => return compare::run(arguments),
        What::Cores(arguments) => return cores::run(arguments),
        What::Limits(arguments) => return limits::run(arguments),
        What::Share(arguments) => return share::run(arguments),
        What::Produce(one) => (one, Workload::Produce),
        What::Consume(one) => (one, Workload::Consume),
        What::Mixed(Mixed { one, from_start }) => (one, Workload::Mixed { from_start: *from_start }),
        What::Idle(one) => (one, Workload::Idle),
    };
    measure(one, workload)
}

fn measure(one: &One, workload: Workload) -> Result<(), CliError> {
    let options = &one.options;
    let loads = options.loads(workload)?;
    let stopper = Stopper::install()?;
    options.pin_this_thread()?;
    let mut subject = Subject::prepare(SubjectSpec {
        name: one.server.clone(),
        address: one.server.clone(),
        pid: one.broker_pid,
        topic: options.topic(),
        fill_bytes: options.fill_bytes(),
        crew: options.crew(),
    })?;
    let mut runs = Vec::new();
    let mut begin = || {
        for round in 1..=usize::from(one.repeat) {
            for load in loads.iter().filter(|_| !stopper.is_stopped()) {
                let live = Live::new(load, &one.server, round);
                runs.push(subject.measure(load, round, &stopper, |point| live.show(point))?);
            }
        }
        Ok::<(), CliError>(())
    };
    let measured = begin();
    let first = loads.first();
    let facts = first.map(|load| subject.facts(load)).transpose();
    let partitions = subject.partitions();
    let released = subject.release();
    measured?;
    let report = Report {
        machine: Machine::this(&options.crew()),
        load: first.map(|load| settings(load, partitions)).unwrap_or_default(),
        brokers: facts?.into_iter().collect(),
        runs,
        ratios: Vec::new(),
    };
    finish(options, &report)?;
    Ok(released?)
}

/// Shows and saves the report. What was refused or broke fails in the end.
fn finish(options: &Options, report: &Report) -> Result<(), CliError> {
    if let Some(directory) = &options.save {
        save::save(report, directory)?;
    }
    if options.json {
        output::print_json(report)?;
    } else {
        output::print_line(&millrace_load::report::text::text(report))?;
    }
    let unclean = report.runs.iter().filter(|run| !RunReport::is_clean(run)).count();
    if unclean > 0 {
        let runs = output::counted(unclean as u64, "run");
        return Err(CliError::Unclean(format!("{runs} failed or had records refused: the report says why")));
    }
    Ok(())
}
