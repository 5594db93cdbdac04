//! `millrace consume --group`: a member of a consumer group, from joining to leaving.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use millrace_client::consumer::{self, Consumer, Start};
use millrace_client::consumer_member::ConsumerMember;
use millrace_client::member::{GroupMember, Member};
use millrace_client::{ClientError, Cluster};
use millrace_record::record::Record;
use nix::sys::signal::{SigSet, Signal};

use crate::output::{CliError, counted};

/// What the shell shows of a process that Ctrl-C has ended.
const INTERRUPTED: i32 = 130;

/// How a member and its group's coordinator speak, by Kafka's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum GroupProtocol {
    /// Members assign partitions.
    Classic,
    /// The broker does (KIP-848).
    Consumer,
}

/// What a member reads, and how.
pub(crate) struct Reading<'a> {
    pub(crate) group: &'a str,
    pub(crate) topic: &'a str,
    pub(crate) protocol: GroupProtocol,
    /// Where to begin in a partition for which the group has committed nothing.
    pub(crate) from: Start,
    pub(crate) follow: bool,
    /// Records to read at most.
    pub(crate) max: u64,
    pub(crate) commit_interval: Duration,
}

/// Why reading within a generation has ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// The group's members are asked to join anew.
    Rebalance,
    /// There is nothing more to read, or somebody wants it to end.
    Done,
}

/// A member at work.
struct Reader<'a, P, F> {
    cluster: &'a mut Cluster,
    reading: &'a Reading<'a>,
    member: Box<dyn GroupMember>,
    interrupted: Arc<AtomicBool>,
    watcher: Watcher,
    /// Records that it may still read.
    left: u64,
    print: P,
    flush: F,
}

/// Is a member of a group: each record goes to `print`, and once `flush` has shown them they may be committed.
pub(crate) fn read(
    cluster: &mut Cluster,
    reading: &Reading<'_>,
    print: impl FnMut(i32, &Record<'_>) -> Result<(), CliError>,
    flush: impl FnMut() -> Result<(), CliError>,
) -> Result<(), CliError> {
    let interrupted = interruption()?;
    let own = cluster.another()?;
    let member: Box<dyn GroupMember> = match reading.protocol {
        GroupProtocol::Classic => Box::new(Member::new(own, reading.group, reading.topic)?),
        GroupProtocol::Consumer => Box::new(ConsumerMember::new(own, reading.group, reading.topic)?),
    };
    let (watcher, left) = (Watcher::new(), reading.max);
    let mut reader = Reader { cluster, reading, member, interrupted, watcher, left, print, flush };
    let outcome = loop {
        match reader.read_generation() {
            Ok(End::Rebalance) => reader.watcher.tell(&format!("group {} is rebalancing", reading.group)),
            Ok(End::Done) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    let Reader { member, watcher, left, .. } = reader;
    watcher.bar.finish_and_clear();
    // The others need not wait until its session is over, whatever has happened to it.
    let has_left = member.leave();
    if outcome.is_ok() {
        watcher.tell(&format!("left group {} after {}", reading.group, counted(reading.max - left, "record")));
    }
    outcome.and(has_left.map_err(CliError::from))
}

impl<P, F> Reader<'_, P, F>
where
    P: FnMut(i32, &Record<'_>) -> Result<(), CliError>,
    F: FnMut() -> Result<(), CliError>,
{
    /// Reads what the member is given in one generation.
    fn read_generation(&mut self) -> Result<End, CliError> {
        let Self { cluster, reading, member, watcher, left, print, flush, .. } = self;
        let partitions = member.join()?;
        let generation = member.generation();
        watcher.tell(&format!("joined group {}, generation {generation}: {}", reading.group, told(&partitions)));
        let positions = positions(cluster, reading, member.as_mut(), &partitions)?;
        let topic = cluster.await_topic(reading.topic)?;
        let mut consumer = Consumer::at(cluster, topic, positions.clone());
        let ends = if reading.follow { BTreeMap::new() } else { consumer.ends()? };
        let mut committed = positions;
        let mut committed_at = Instant::now();
        let end = loop {
            let positions = consumer.positions();
            let at_end =
                |(partition, end): (&i32, &i64)| positions.get(partition).is_none_or(|position| position >= end);
            let is_done = !reading.follow && ends.iter().all(at_end);
            if *left == 0 || is_done || self.interrupted.load(Ordering::Relaxed) {
                break End::Done;
            }
            if member.must_join() {
                break End::Rebalance;
            }
            if positions.is_empty() {
                // It has nothing to read, and waits for others to go.
                thread::sleep(Duration::from_millis(100));
                continue;
            }
            consumer.poll(|partition, record| {
                if ends.get(&partition).is_none_or(|end| record.offset < *end) {
                    print(partition, record)?;
                    *left -= 1;
                }
                Ok::<_, CliError>(*left > 0)
            })?;
            flush()?;
            watcher.show(reading.max - *left, consumer.lag());
            if committed_at.elapsed() >= reading.commit_interval {
                committed_at = Instant::now();
                if !commit(member.as_mut(), &consumer, &ends, &mut committed)? {
                    return Ok(End::Rebalance);
                }
            }
        };
        // Others begin where this member has ended; it may have been left behind, and then they read some of it again.
        if !commit(member.as_mut(), &consumer, &ends, &mut committed)? {
            watcher.tell("the last records were not committed: the group has gone on without this member");
        }
        Ok(end)
    }
}

/// Commits what has been read since the last time. `false`: it is not this member's any more.
fn commit(
    member: &mut dyn GroupMember,
    consumer: &Consumer<'_>,
    ends: &BTreeMap<i32, i64>,
    committed: &mut BTreeMap<i32, i64>,
) -> Result<bool, CliError> {
    // What lies behind the end was read with the rest of its batch, and not shown.
    let shown = |(partition, position): (&i32, &i64)| {
        (*partition, ends.get(partition).map_or(*position, |end| *position.min(end)))
    };
    let mut positions: BTreeMap<i32, i64> = consumer.positions().iter().map(shown).collect();
    positions.retain(|partition, position| committed.get(partition) != Some(position));
    let is_taken = member.commit(&positions)?;
    committed.extend(positions);
    Ok(is_taken)
}

/// Where to go on: where the group has committed, as far as those records are still there.
fn positions(
    cluster: &mut Cluster,
    reading: &Reading<'_>,
    member: &mut dyn GroupMember,
    partitions: &[i32],
) -> Result<BTreeMap<i32, i64>, ClientError> {
    if partitions.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut topic = cluster.await_topic(reading.topic)?;
    let starts = consumer::positions(cluster, &mut topic, partitions, Start::Earliest)?;
    let ends = consumer::positions(cluster, &mut topic, partitions, Start::Latest)?;
    let committed = member.committed()?;
    let is_new = |partition: &&i32| !committed.contains_key(partition);
    let new: Vec<i32> = partitions.iter().filter(is_new).copied().collect();
    let mut positions = match new.as_slice() {
        [] => BTreeMap::new(),
        new => consumer::positions(cluster, &mut topic, new, reading.from)?,
    };
    for (partition, start) in starts {
        if let Some(offset) = committed.get(&partition) {
            let end = ends.get(&partition).copied().unwrap_or(start).max(start);
            positions.insert(partition, (*offset).clamp(start, end));
        }
    }
    Ok(positions)
}

fn told(partitions: &[i32]) -> String {
    match partitions {
        [] => "no partitions to read".to_owned(),
        [one] => format!("reads partition {one}"),
        many => format!("reads partitions {}", many.iter().map(i32::to_string).collect::<Vec<_>>().join(", ")),
    }
}

/// Whether somebody wants the process to end (Ctrl-C, SIGTERM). The second time it ends at once.
fn interruption() -> Result<Arc<AtomicBool>, CliError> {
    let signals: SigSet = [Signal::SIGINT, Signal::SIGTERM].into_iter().collect();
    // Threads that are started from now on leave them to the one that waits.
    signals.thread_block().map_err(io::Error::from).map_err(CliError::file("the handling of signals"))?;
    let interrupted = Arc::new(AtomicBool::new(false));
    let of_thread = Arc::clone(&interrupted);
    thread::spawn(move || {
        while signals.wait().is_ok() {
            if of_thread.swap(true, Ordering::Relaxed) {
                std::process::exit(INTERRUPTED);
            }
        }
    });
    Ok(interrupted)
}

/// What whoever looks at standard error is shown.
struct Watcher {
    bar: ProgressBar,
}

impl Watcher {
    fn new() -> Self {
        let is_watched = io::stderr().is_terminal() && !io::stdout().is_terminal();
        Self { bar: if is_watched { ProgressBar::new_spinner() } else { ProgressBar::hidden() } }
    }

    fn tell(&self, line: &str) {
        // Without standard error there is nobody to tell.
        self.bar.suspend(|| drop(writeln!(io::stderr(), "{line}")));
    }

    fn show(&self, records: u64, lag: i64) {
        self.bar.set_message(format!("{}, {lag} behind", counted(records, "record")));
        self.bar.tick();
    }
}
