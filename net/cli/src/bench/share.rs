//! `millrace bench share`: how much of what the machine can do a broker gives on, and what it takes for it.

use std::path::Path;
use std::time::Duration;

use clap::Args;
use millrace_load::LoadError;
use millrace_load::environment::Machine;
use millrace_load::prepare::TopicSpec;
use millrace_load::probe::Span;
use millrace_load::probe::disk::{Access, DiskFile, DiskLoop, FILE_BYTES};
use millrace_load::probe::loopback::SendLoop;
use millrace_load::probe::store::StoreLoop;
use millrace_load::report::{Report, settings};
use millrace_load::share::{ANSWER_LOOP, DISK, FETCH, PRODUCE, SEND_LOOP, STORE_LOOP, sent, shares, written};
use millrace_load::spec::{Acks, Load, Rate, Workload};
use millrace_load::start::Started;
use millrace_load::stop::Stopper;
use millrace_load::subject::{Subject, SubjectSpec};
use millrace_log::journal::COMMITS_IN_FLIGHT;
use millrace_record::compression::Codec;
use millrace_runtime::BLOCK_BYTES;

use super::live::Live;
use super::options::{Options, parse_bytes};
use super::start::PlaceOptions;
use crate::output::CliError;

#[derive(Args)]
#[command(
    mut_arg("fill", |fill| fill.default_value("64M")),
    after_help = "In each round: synced direct writes without a broker, into a file that was written before (disk); \
                  records to this program's own broker on one core, into a new topic (produce); sends from memory over \
                  loopback without a broker, one after the other (send-loop), and each when it is asked for \
                  (answer-loop), of the size of a fetch's answer; and those fetches, of what another broker has in its \
                  memory (fetch: --fill says how much that is). With --rate: requests of one producer's records, each \
                  written and synced before it is answered, without a broker (store-loop), and the same records to \
                  this program's own broker (produce). What stands for a broker is pinned to the first of --start-pin, \
                  what stands for its clients to the first of --pin."
)]
pub(super) struct Arguments {
    #[command(flatten)]
    place: PlaceOptions,
    /// How often each has its turn
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Size of a write without a broker; by default what a journal's commits come to under such a load
    #[arg(long, value_name = "BYTES", value_parser = parse_bytes, default_value = "128K")]
    write_bytes: u64,
    #[command(flatten)]
    options: Options,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), CliError> {
    let produce = only(arguments.options.loads(Workload::Produce)?)?;
    check(arguments, &produce)?;
    let stopper = Stopper::install()?;
    arguments.options.pin_this_thread()?;
    let scratch = arguments.place.scratch()?;
    let producing = arguments.place.own_broker(PRODUCE, 1)?.start(scratch.path())?;
    let disk = DiskFile::create(&scratch.path().join("disk"), FILE_BYTES)?;
    let writing = Writing { arguments, produce: &produce, stopper: &stopper, disk: &disk, producing: &producing };
    let report = Report {
        machine: Machine::this(&arguments.options.crew()),
        load: settings(&produce, usize::try_from(arguments.options.topic().partitions).unwrap_or(0)),
        brokers: Vec::new(),
        runs: Vec::new(),
        ratios: Vec::new(),
    };
    let report = match produce.rate {
        Rate::Max => full(&writing, scratch.path(), report)?,
        Rate::PerSecond(rate) => at_rate(&writing, rate, report)?,
    };
    drop((disk, producing));
    super::finish(&arguments.options, &report)
}

/// What goes at most.
fn full(writing: &Writing<'_>, scratch: &Path, mut report: Report) -> Result<Report, CliError> {
    let (arguments, options) = (writing.arguments, &writing.arguments.options);
    let consume = only(options.loads(Workload::Consume)?)?;
    let fetching = arguments.place.own_broker(FETCH, 1)?.start(scratch)?;
    let mut fetch = subject(options, FETCH, &fetching, options.topic(), options.fill_bytes())?;
    let mut turns = Turns { writing, consume: &consume, fetch: &mut fetch };
    rounds(writing, &mut report, |round, report| turns.take(round, report))?;
    report.brokers.push(fetch.facts(&consume)?);
    report.load.extend(beside(arguments, &consume, fetch.partitions()));
    let released = fetch.release();
    drop(fetching);
    released?;
    Ok(report)
}

/// What comes at a rate.
fn at_rate(writing: &Writing<'_>, rate: u64, mut report: Report) -> Result<Report, CliError> {
    let produce = writing.produce;
    let of_burst = u128::from(rate) * produce.burst.as_nanos() / Duration::from_secs(1).as_nanos();
    if of_burst == 0 || produce.producers != 1 {
        let words = "without a broker one producer sends a request each burst: use no --producers, and a --rate of a \
                     record each --burst at least";
        return Err(CliError::Usage(words.to_owned()));
    }
    let request_bytes = usize::try_from(of_burst).unwrap_or(usize::MAX).saturating_mul(produce.record_bytes);
    let task = StoreLoop {
        request_bytes,
        every: produce.burst,
        span: span(produce),
        processor: writing.arguments.place.first_processor(),
        peer_processor: writing.arguments.options.first_processor(),
    };
    rounds(writing, &mut report, |round, report| {
        // What others left to the operating system is not written during this.
        nix::unistd::sync();
        let stored = task.run(writing.disk, writing.stopper)?;
        report.runs.push(written(STORE_LOOP, round, produce, &stored));
        writing.produce(round, report)
    })?;
    report.load.push(("store-loop request bytes", request_bytes.to_string()));
    report.load.extend(places(writing.arguments));
    Ok(report)
}

/// Each round, until it is stopped: what was measured until then is reported.
fn rounds(
    writing: &Writing<'_>,
    report: &mut Report,
    mut take: impl FnMut(usize, &mut Report) -> Result<(), LoadError>,
) -> Result<(), LoadError> {
    let mut begin = || {
        (1..=usize::from(writing.arguments.rounds))
            .take_while(|_| !writing.stopper.is_stopped())
            .try_for_each(|round| take(round, report))
    };
    match begin() {
        Err(LoadError::Interrupted) if !report.runs.is_empty() => {}
        taken => taken?,
    }
    report.ratios = shares(&report.runs);
    Ok(())
}

/// The one load.
fn only(mut loads: Vec<Load>) -> Result<Load, CliError> {
    match (loads.pop(), loads.is_empty()) {
        (Some(load), true) => Ok(load),
        _ => Err(CliError::Usage("a share is of what goes at most, or at one --rate".to_owned())),
    }
}

/// Refuses what would be compared with what it is not.
fn check(arguments: &Arguments, produce: &Load) -> Result<(), CliError> {
    let usage = |words: String| Err(CliError::Usage(words));
    let (write, most) = (arguments.write_bytes, FILE_BYTES / COMMITS_IN_FLIGHT);
    if write == 0 || !write.is_multiple_of(BLOCK_BYTES as u64) || write > most {
        return usage(format!("--write-bytes must be a multiple of {BLOCK_BYTES}, {most} at most"));
    }
    if produce.codec != Codec::None || produce.acks != Acks::All {
        return usage(
            "bytes count as they are written, and when they are: use neither --compression nor --acks".into(),
        );
    }
    if produce.consumers != 1 {
        return usage("the bare loop has one reader: use no --consumers".to_owned());
    }
    if produce.fetch_bytes == 0 || produce.fetch_partition_bytes == 0 {
        return usage("--fetch-bytes and --fetch-partition-bytes must be above 0".to_owned());
    }
    let partitions = usize::try_from(arguments.options.topic().partitions).unwrap_or(0);
    let (fill, answer) = (arguments.options.fill_bytes(), answer_bytes(produce, partitions) as u64);
    if fill < answer {
        return usage(format!("--fill {fill} is less than an answer to a fetch holds ({answer} bytes)"));
    }
    Ok(())
}

/// Bytes of a fetch's answer at most: it gives that where there is as much.
fn answer_bytes(consume: &Load, partitions: usize) -> usize {
    let of_partitions = usize::try_from(consume.fetch_partition_bytes).unwrap_or(0).saturating_mul(partitions);
    usize::try_from(consume.fetch_bytes).unwrap_or(0).min(of_partitions)
}

fn subject(
    options: &Options,
    name: &str,
    broker: &Started,
    topic: TopicSpec,
    fill_bytes: u64,
) -> Result<Subject, LoadError> {
    let (name, address, crew) = (name.to_owned(), broker.address.clone(), options.crew());
    Subject::prepare(SubjectSpec { name, address, pid: None, topic, fill_bytes, crew })
}

/// What the bare loops, and the fetches, ran with.
fn beside(arguments: &Arguments, consume: &Load, partitions: usize) -> Vec<(&'static str, String)> {
    let mut beside = vec![
        ("disk write bytes", arguments.write_bytes.to_string()),
        ("disk writes in flight", COMMITS_IN_FLIGHT.to_string()),
        ("disk file bytes", FILE_BYTES.to_string()),
        ("fetch answer bytes", answer_bytes(consume, partitions).to_string()),
        ("fetched from bytes", arguments.options.fill_bytes().to_string()),
        ("fetch check crc", consume.checks_crc.to_string()),
    ];
    beside.extend(places(arguments));
    beside
}

fn places(arguments: &Arguments) -> [(&'static str, String); 2] {
    let pinned = |processor: Option<usize>| processor.map_or_else(|| "any".to_owned(), |it| it.to_string());
    [
        ("bare loops on processor", pinned(arguments.place.first_processor())),
        ("their other ends on", pinned(arguments.options.first_processor())),
    ]
}

/// Who writes, with and without a broker.
struct Writing<'a> {
    arguments: &'a Arguments,
    produce: &'a Load,
    stopper: &'a Stopper,
    disk: &'a DiskFile,
    producing: &'a Started,
}

impl Writing<'_> {
    /// Into a topic of its own.
    fn produce(&self, round: usize, report: &mut Report) -> Result<(), LoadError> {
        let options = &self.arguments.options;
        let mut subject = subject(options, PRODUCE, self.producing, options.topic_of_a_round(), 0)?;
        let live = Live::new(self.produce, PRODUCE, round);
        let measured = subject.measure(self.produce, round, self.stopper, |point| live.show(point));
        if report.brokers.is_empty() {
            report.brokers.push(subject.facts(self.produce)?);
        }
        subject.release()?;
        report.runs.push(measured?);
        Ok(())
    }

    fn write(&self, round: usize, report: &mut Report) -> Result<(), LoadError> {
        // What others left to the operating system is not written during this.
        nix::unistd::sync();
        let task = DiskLoop {
            access: Access::SyncedWrite,
            piece_bytes: usize::try_from(self.arguments.write_bytes).unwrap_or(usize::MAX),
            in_flight: COMMITS_IN_FLIGHT,
            span: span(self.produce),
            processor: self.arguments.place.first_processor(),
        };
        report.runs.push(written(DISK, round, self.produce, &self.disk.run(&task, self.stopper)?));
        Ok(())
    }
}

struct Turns<'a> {
    writing: &'a Writing<'a>,
    consume: &'a Load,
    fetch: &'a mut Subject,
}

impl Turns<'_> {
    /// A round: the disk and who writes to it, then the bare sends and who sends more than that.
    fn take(&mut self, round: usize, report: &mut Report) -> Result<(), LoadError> {
        self.writing.write(round, report)?;
        self.writing.produce(round, report)?;
        for name in [SEND_LOOP, ANSWER_LOOP] {
            self.send(name, round, report)?;
        }
        let stopper = self.writing.stopper;
        if stopper.is_stopped() {
            return Err(LoadError::Interrupted);
        }
        let live = Live::new(self.consume, FETCH, round);
        let fetched = self.fetch.measure(self.consume, round, stopper, |point| live.show(point))?;
        report.runs.push(fetched);
        Ok(())
    }

    fn send(&mut self, name: &str, round: usize, report: &mut Report) -> Result<(), LoadError> {
        let Writing { arguments, stopper, .. } = self.writing;
        let piece_bytes = answer_bytes(self.consume, self.fetch.partitions());
        let fill_bytes = usize::try_from(arguments.options.fill_bytes()).unwrap_or(usize::MAX);
        let task = SendLoop {
            piece_bytes,
            memory_bytes: fill_bytes.max(piece_bytes),
            is_asked: name == ANSWER_LOOP,
            span: span(self.consume),
            processor: arguments.place.first_processor(),
            peer_processor: arguments.options.first_processor(),
        };
        report.runs.push(sent(name, round, self.consume, &task.run(stopper)?));
        Ok(())
    }
}

fn span(load: &Load) -> Span {
    Span { warm_up: load.warm_up, length: load.length }
}
