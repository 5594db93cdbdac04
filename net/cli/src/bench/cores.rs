//! `millrace bench cores`: what it costs that the connection and the partitions are on different cores.

use clap::Args;
use millrace_load::LoadError;
use millrace_load::compare::ratios;
use millrace_load::cores::{CoreTimes, Side};
use millrace_load::environment::Machine;
use millrace_load::prepare::TopicSpec;
use millrace_load::report::{Report, RunReport, settings};
use millrace_load::spec::{Keys, Load, Subset, Workload};
use millrace_load::start::Started;
use millrace_load::stop::Stopper;
use millrace_load::subject::{Subject, SubjectSpec};

use super::live::Live;
use super::options::Options;
use super::start::PlaceOptions;
use crate::output::CliError;

/// How often a round is begun again whose connections did not stay on one core.
const ATTEMPTS_MAX: usize = 3;
const CORES: u16 = 2;

#[derive(Args)]
#[command(after_help = "This program's own broker, once on one core and once on two. Of twice as many partitions as \
                        --partitions says every second one is written to, first the even and then the odd ones: either \
                        lie on the core that has the connection (two-cores-own), or on the other (two-cores-other).")]
pub(super) struct Arguments {
    #[command(flatten)]
    place: PlaceOptions,
    /// How often each has its turn
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    #[command(flatten)]
    options: Options,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), CliError> {
    let options = &arguments.options;
    let loads = options.loads(Workload::Produce)?;
    if loads.iter().any(|load| load.keys != Keys::None || load.producers != 1) {
        let needed = "keys would choose partitions of either core, and producers have a connection each: use neither \
                      --keys nor --producers";
        return Err(CliError::Usage(needed.to_owned()));
    }
    let stopper = Stopper::install()?;
    options.pin_this_thread()?;
    let scratch = arguments.place.scratch()?;
    let one_broker = arguments.place.own_broker("one-core", 1)?.start(scratch.path())?;
    let two_broker = arguments.place.own_broker("two-cores", CORES)?.start(scratch.path())?;
    let mut report = Report {
        machine: Machine::this(&options.crew()),
        load: Vec::new(),
        brokers: Vec::new(),
        ratios: Vec::new(),
        runs: Vec::new(),
    };
    for round in 1..=usize::from(arguments.rounds) {
        if stopper.is_stopped() {
            break;
        }
        let mut one = subject(options, "one-core", &one_broker)?;
        let mut two = subject(options, "two-cores", &two_broker)?;
        let mut turns = Turns { one: &mut one, two: &mut two, stopper: &stopper, runs: Vec::new() };
        for load in loads.iter().filter(|_| !stopper.is_stopped()) {
            turns.take(load, round)?;
        }
        report.runs.append(&mut turns.runs);
        if let Some(load) = loads.first().filter(|_| report.brokers.is_empty()) {
            report.load = settings(&half(load, 0), one.partitions());
            report.brokers = vec![one.facts(load)?, two.facts(load)?];
        }
        one.release().and(two.release())?;
    }
    drop((one_broker, two_broker));
    report.ratios = ratios(&report.runs);
    super::finish(options, &report)
}

fn subject(options: &Options, name: &str, broker: &Started) -> Result<Subject, LoadError> {
    let wanted = options.topic_of_a_round();
    let partitions = wanted.partitions.saturating_mul(i32::from(CORES));
    Subject::prepare(SubjectSpec {
        name: name.to_owned(),
        address: broker.address.clone(),
        pid: None,
        topic: TopicSpec { partitions, ..wanted },
        fill_bytes: 0,
        crew: options.crew(),
    })
}

/// The partitions of one core: a topic's partitions lie on the cores in turn.
fn half(load: &Load, first: u16) -> Load {
    Load { only: Subset { first, step: CORES }, ..load.clone() }
}

struct Turns<'a> {
    one: &'a mut Subject,
    two: &'a mut Subject,
    stopper: &'a Stopper,
    runs: Vec<RunReport>,
}

impl Turns<'_> {
    /// One core, then two with the partitions on either.
    fn take(&mut self, load: &Load, round: usize) -> Result<(), LoadError> {
        let one = measure(self.one, &half(load, 0), round, self.stopper)?;
        for _ in 0..ATTEMPTS_MAX {
            let even = self.on_two(&half(load, 0), round)?;
            let odd = self.on_two(&half(load, 1), round)?;
            let (own, other) = match (even, odd) {
                ((Side::Own, own), (Side::Other, other)) | ((Side::Other, other), (Side::Own, own)) => (own, other),
                _ if self.stopper.is_stopped() => return Ok(()),
                _ => continue,
            };
            self.runs.extend([one, own, other]);
            return Ok(());
        }
        Err(LoadError::Spec(
            "the connections of two runs after each other were not on the same core, or the load is too small to tell \
             which core has worked: use a longer --time or a higher --rate"
                .to_owned(),
        ))
    }

    fn on_two(&mut self, load: &Load, round: usize) -> Result<(Side, RunReport), LoadError> {
        let unseen = || LoadError::Spec("the broker's process cannot be seen in /proc".to_owned());
        let process = self.two.process().cloned().ok_or_else(unseen)?;
        let before = CoreTimes::of(&process)?;
        let mut report = measure(self.two, load, round, self.stopper)?;
        let side = CoreTimes::of(&process)?.side_since(&before);
        report.broker = side.name().to_owned();
        Ok((side, report))
    }
}

fn measure(subject: &mut Subject, load: &Load, round: usize, stopper: &Stopper) -> Result<RunReport, LoadError> {
    // What one broker left to the operating system is not written during another's turn.
    nix::unistd::sync();
    let live = Live::new(load, subject.name(), round);
    subject.measure(load, round, stopper, |point| live.show(point))
}
