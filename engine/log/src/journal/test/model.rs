//! What was submitted to a journal and what it promised; and what a replay may therefore give.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use millrace_base::ids::{TopicId, TopicPartition};
use millrace_runtime::sim::{Disk, Random, Stop, run};
use millrace_runtime::{Bytes, Core};

use super::super::{Entry, External, Journal, Operation, Options, Sequence, Verdict, replay};

/// The log directory of all tests.
pub(super) fn log_directory() -> &'static Path {
    Path::new("/data")
}

/// A ring of a few small files.
pub(super) fn small() -> Options {
    Options {
        first_file_bytes: 32 * 1024,
        file_bytes: 64 * 1024,
        files_added: 2,
        commit_bytes_max: 16 * 1024,
        waiting_bytes_max: 64 * 1024,
        seal_after: Duration::from_millis(5),
        grow_retry: Duration::from_millis(100),
    }
}

/// How many seeds a test tries: `default`, or what MILLRACE_SEEDS says.
pub(super) fn seeds(default: u64) -> u64 {
    std::env::var("MILLRACE_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Creates the log directory and opens its journal.
pub(super) async fn open(core: &Core, options: Options) -> Journal {
    core.create_dir_all(log_directory()).await.unwrap();
    core.sync_dir(Path::new("/")).await.unwrap();
    Journal::open(core, log_directory(), options).await.unwrap()
}

/// An append with this many bytes of redo, all different from those of other numbers.
pub(super) fn append(number: u64, redo_bytes: usize) -> Entry {
    let redo: Vec<u8> = (0..redo_bytes).map(|index| (number as usize * 31 + index * 7) as u8).collect();
    Entry {
        partition: TopicPartition { topic: TopicId([number as u8; 16]), partition: number as i32 },
        operation: Operation::Append {
            generation: number as u32,
            segment: 0,
            position: number * 1000,
            external: number.is_multiple_of(3).then_some(External { position: number, bytes: 1 << 20, checksum: 7 }),
            first_offset: number as i64,
            next_offset: number as i64 + 1,
            max_timestamp: -1,
            leader_epoch: 4,
        },
        redo: Bytes::from(redo),
    }
}

/// Any operation, mostly appends.
pub(super) fn any_entry(random: &mut Random, number: u64) -> Entry {
    let partition = append(number, 0).partition;
    let without_redo = |operation| Entry { partition, operation, redo: Bytes::new() };
    match random.below(16) {
        0 => without_redo(Operation::Truncate { generation: 1, segment: 5, position: number, next_offset: 9 }),
        1 => without_redo(Operation::Roll { segment: number as i64, generation: 2 }),
        2 => without_redo(Operation::LogStart { offset: number as i64 }),
        3 => without_redo(Operation::Delete),
        4 => without_redo(Operation::Move { directory: [number as u8; 16] }),
        5 => append(number, random.below(12_000) as usize),
        _ => append(number, random.below(900) as usize),
    }
}

/// One incarnation, as its user saw it.
#[derive(Debug, Default)]
pub(super) struct Model {
    /// Opening ended: what earlier incarnations recorded is void.
    pub(super) is_open: bool,
    pub(super) submitted: Vec<(Sequence, Entry)>,
    pub(super) acknowledged: Sequence,
    pub(super) released_before: Sequence,
    pub(super) is_closed: bool,
}

/// Shared with the run that fills it; survives the run's end.
pub(super) type SharedModel = Rc<RefCell<Model>>;

/// What a replay gave.
#[derive(Debug)]
pub(super) struct Replayed {
    pub(super) verdict: Verdict,
    pub(super) entries: Vec<(Sequence, Entry)>,
    pub(super) beyond: Vec<(Sequence, Entry)>,
}

/// Replays core 0's journal from a disk whose user is gone. `None`: there is none.
pub(super) fn replay_from(seed: u64, disk: &Disk) -> Option<Replayed> {
    let read = async |core: Core| {
        let mut replay = replay(&core, log_directory()).await.unwrap();
        let mut journal = replay.journals.pop()?;
        assert!(replay.journals.is_empty() && journal.core() == 0);
        let mut replayed = Replayed { verdict: journal.verdict().clone(), entries: vec![], beyond: vec![] };
        while let Some(commit) = journal.next().await.unwrap() {
            replayed.entries.extend(commit.entries.into_iter().map(|entry| (commit.sequence, entry)));
        }
        while let Some(commit) = journal.next_beyond_break().await.unwrap() {
            replayed.beyond.extend(commit.entries.into_iter().map(|entry| (commit.sequence, entry)));
        }
        Some(replayed)
    };
    run(seed, disk, Stop::Never, read).output.unwrap()
}

impl Model {
    /// What was submitted in commits from `from` (inclusive) to `to` (exclusive).
    pub(super) fn between(&self, from: Sequence, to: Sequence) -> Vec<(Sequence, Entry)> {
        self.submitted.iter().filter(|(sequence, _)| (from..to).contains(sequence)).cloned().collect()
    }

    /// Asserts that a replay gives what was promised, and nothing else: every entry that was acknowledged and not
    /// released, in order, perhaps some that were released, perhaps some that were not acknowledged yet, whole commits
    /// at a time. Until opening has ended, what `before` promised may still be there, whole, instead.
    pub(super) fn assert_kept(&self, before: &Model, replayed: Option<Replayed>) {
        match &replayed {
            Some(Replayed { entries, .. }) if !self.is_open && !entries.is_empty() => before.assert_promises(replayed),
            _ => self.assert_promises(replayed),
        }
    }

    fn assert_promises(&self, replayed: Option<Replayed>) {
        let Some(replayed) = replayed else {
            assert!(self.acknowledged == Sequence(0), "the journal is gone");
            return;
        };
        assert!(replayed.verdict.is_complete(), "{:?}", replayed.verdict);
        assert!(!self.is_closed || replayed.verdict == Verdict::Closed, "{:?}", replayed.verdict);
        let promised = self.between(self.released_before, self.acknowledged.next());
        let first = replayed.entries.first().map(|(sequence, _)| *sequence);
        let last = replayed.entries.last().map(|(sequence, _)| *sequence);
        let (Some(first), Some(last)) = (first, last) else {
            assert!(promised.is_empty(), "nothing replayed of {} entries", promised.len());
            return;
        };
        assert_eq!(replayed.entries, self.between(first, last.next()), "bytes and order");
        if let (Some((first_promised, _)), Some((last_promised, _))) = (promised.first(), promised.last()) {
            assert!(first <= *first_promised && *last_promised <= last, "{first}..={last} of {promised:?}");
        }
    }
}
