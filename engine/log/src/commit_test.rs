//! From the tail to the journal: which batches go together, which runs go straight to their segment, and what is held
//! anew.

use std::path::Path;
use std::rc::Rc;

use futures_util::future::poll_immediate;
use millrace_base::ids::{Offset, TopicId, TopicPartition};
use millrace_runtime::Core;
use millrace_runtime::sim::{Disk, Stop, run};

use crate::commit::{Pending, PendingAppend};
use crate::journal::{self, External, Operation};
use crate::limits::{BLOCK_BYTES, SEGMENT_WRITES_AT_ONCE, block_floor};
use crate::testing::{batch_bytes, on_sim};
use crate::{Append, CoreLog, LogDirectory, LogOptions, Origin, Partition, PartitionConfig};

const ID: TopicPartition = TopicPartition { topic: TopicId([1; 16]), partition: 0 };
const LARGE_RUN_BYTES: u64 = 64 << 10;

fn with_partition(test: impl AsyncFnOnce(Core, Rc<CoreLog>, Rc<Partition>) + 'static) {
    on_sim(1, async move |core: Core| {
        let options = LogOptions { large_run_bytes: LARGE_RUN_BYTES, ..LogOptions::default() };
        let directory = LogDirectory::open(&core, Path::new("/log"), 1).await.unwrap();
        let log = CoreLog::open(&core, Path::new("/log"), options, directory.start).await.unwrap();
        let partition = log.create_partition(ID, "topic", PartitionConfig::default()).await.unwrap();
        test(core, log, partition).await;
    });
}

/// What of a partition is not durable yet.
#[derive(Debug, PartialEq)]
struct UnderWay {
    pending: usize,
    straights: usize,
    runs: usize,
}

fn under_way(partition: &Partition) -> UnderWay {
    let state = partition.state.borrow();
    UnderWay { pending: state.pending.len(), straights: state.straights.len(), runs: state.runs.len() }
}

/// Appends one batch that is `bytes` long, and waits until it is durable.
async fn append(partition: &Rc<Partition>, bytes: usize) {
    let next = append_without_waiting(partition, bytes).await;
    partition.wait_durable(next).await.unwrap();
}

/// Appends one batch that is `bytes` long; gives the offset behind it.
async fn append_without_waiting(partition: &Rc<Partition>, bytes: usize) -> Offset {
    let overhead = batch_bytes(None, 1, 0, &[7; 20_000]).len() - 20_000;
    let batches = batch_bytes(None, 1, 0, &vec![7; bytes - overhead]);
    // Lengths of values are written in two or three bytes.
    let batches = batch_bytes(None, 1, 0, &vec![7; bytes - overhead + bytes - batches.len()]);
    assert_eq!(batches.len(), bytes);
    let append = Append { batches: &batches, origin: Origin::Client, leader_epoch: 0, restamp: None };
    partition.append(&append).await.unwrap().next_offset
}

fn pending(segment: Offset, first_offset: Offset, end: u64, max_timestamp: i64, leader_epoch: i32) -> Pending {
    let next_offset = first_offset + 2;
    Pending::Append(PendingAppend { segment, first_offset, next_offset, end, max_timestamp, leader_epoch })
}

#[test]
fn batches_of_a_segment_go_together_as_far_as_there_is_room_and_one_always() {
    with_partition(async |_core, _log, partition| {
        let mut state = partition.state.borrow_mut();
        assert!(state.gather(1_000).is_none());
        state.pending.extend([pending(0, 0, 100, 5, 1), pending(0, 2, 250, 9, 2), pending(0, 4, 300, 7, 3)]);
        state.pending.extend([pending(6, 6, 50, 1, 3), pending(0, 8, 400, 1, 3)]);
        let mut gathered = |submitted: u64, bytes_max: u64| {
            state.active().submitted = submitted;
            let run = state.gather(bytes_max).unwrap();
            assert_eq!((run.segment, run.first_offset), (0, 0));
            (run.batches, run.next_offset, run.end, run.max_timestamp, run.leader_epoch)
        };
        let (one, two, three) = ((1, 2, 100, 5, 1), (2, 4, 250, 9, 2), (3, 6, 300, 9, 3));
        for (bytes_max, expected) in
            [(0, one), (99, one), (249, one), (250, two), (299, two), (300, three), (999, three)]
        {
            assert_eq!(gathered(0, bytes_max), expected, "{bytes_max} bytes");
        }
        for (bytes_max, expected) in [(149, one), (150, two), (199, two), (200, three)] {
            assert_eq!(gathered(100, bytes_max), expected, "{bytes_max} bytes behind 100");
        }
        state.active().submitted = 0;
        state.pending.insert(1, Pending::LogStart { offset: 1 });
        assert_eq!(state.gather(999).unwrap().batches, 1, "order is kept");
        state.pending.clear();
    });
}

#[test]
fn a_large_run_goes_straight_to_its_segment_but_for_its_last_block() {
    for (before, bytes, is_straight) in [
        (0, LARGE_RUN_BYTES, true),
        (0, LARGE_RUN_BYTES + 77, true),
        (0, LARGE_RUN_BYTES - 1, false),
        (1_000, LARGE_RUN_BYTES - 1, false),
        (1_000, LARGE_RUN_BYTES, true),
        (BLOCK_BYTES - 1, LARGE_RUN_BYTES, true),
    ] {
        with_partition(async move |_core, _log, partition| {
            if before > 0 {
                append(&partition, before as usize).await;
            }
            let redo_before = partition.shared.journal.written().1;
            append(&partition, bytes as usize).await;
            let straight = if is_straight { block_floor(before + bytes) } else { 0 };
            assert_eq!(partition.shared.straight_bytes.get(), straight, "{bytes} bytes behind {before}");
            let redo = partition.shared.journal.written().1 - redo_before;
            assert_eq!(redo < 2 * BLOCK_BYTES + 4_096, is_straight, "{redo} bytes in the journal");
        });
    }
}

#[test]
fn of_runs_that_went_straight_to_their_segment_the_journal_has_place_length_and_checksum() {
    let disk = Disk::new(1);
    let ran = run(1, &disk, Stop::Never, async |core: Core| {
        let options = LogOptions { large_run_bytes: LARGE_RUN_BYTES, ..LogOptions::default() };
        let directory = LogDirectory::open(&core, Path::new("/log"), 1).await.unwrap();
        let log = CoreLog::open(&core, Path::new("/log"), options, directory.start).await.unwrap();
        let partition = log.create_partition(ID, "topic", PartitionConfig::default()).await.unwrap();
        for bytes in [LARGE_RUN_BYTES + 500, LARGE_RUN_BYTES, LARGE_RUN_BYTES + BLOCK_BYTES] {
            append(&partition, bytes as usize).await;
        }
    });
    assert!(ran.output.is_some());
    disk.power_loss_keeping_only_durable();
    let ran = run(1, &disk, Stop::Never, async |core: Core| {
        let mut journal = journal::replay(&core, Path::new("/log")).await.unwrap().journals.pop().unwrap();
        let mut found = Vec::new();
        while let Some(commit) = journal.next().await.unwrap() {
            found.extend(commit.entries.iter().filter_map(|entry| match entry.operation {
                Operation::Append { external, .. } => external,
                _ => None,
            }));
        }
        found
    });
    let segment = disk.read_file(Path::new("/log/topic-0/00000000000000000000.log")).unwrap();
    let mut end = 0;
    let found = ran.output.unwrap();
    assert_eq!(found.len(), 3);
    for External { position, bytes, checksum } in found {
        assert_eq!(position, end, "one follows the other");
        end = position + bytes;
        assert_eq!(crc32fast::hash(&segment[position as usize..end as usize]), checksum);
    }
    assert_eq!(end, block_floor(3 * LARGE_RUN_BYTES + 500 + BLOCK_BYTES));
}

#[test]
fn a_partial_block_is_held_anew_as_far_as_older_commits_hold_it() {
    with_partition(async |_core, _log, partition| {
        append(&partition, 500).await;
        let first = partition.oldest_redo().unwrap();
        append(&partition, 700).await;
        assert!(partition.carry_before(0, first).is_none(), "nothing is older");
        assert!(partition.carry_before(9, first.next()).is_none(), "there is no such segment");
        let held = |before| {
            let carried = partition.carry_before(0, before).unwrap();
            let Operation::Append { segment: 0, position: 0, external: None, next_offset, .. } = carried.operation
            else {
                panic!("{carried:?}")
            };
            (carried.redo.len(), next_offset)
        };
        assert_eq!(held(first.next()), (500, 2), "and what is durable already is no news");
        assert_eq!(held(first.next().next()), (1_200, 2));
        append(&partition, 2 * BLOCK_BYTES as usize).await;
        partition.destage().await.unwrap();
        let carried = partition.carry_before(0, partition.shared.journal.submitted().next()).unwrap();
        let Operation::Append { position, .. } = carried.operation else { panic!("{carried:?}") };
        assert_eq!((position, carried.redo.len()), (2 * BLOCK_BYTES, 1_200), "from what is in the file");
    });
}

#[test]
fn what_is_held_anew_needs_the_older_commits_no_more() {
    with_partition(async |_core, _log, partition| {
        append(&partition, 500).await;
        let first = partition.oldest_redo().unwrap();
        append(&partition, 700).await;
        partition.destage_or_carry(first.next()).await.unwrap();
        assert!(partition.oldest_redo().is_some_and(|oldest| oldest > first));
    });
}

#[test]
fn nothing_behind_a_run_that_is_on_its_way_to_its_segment_is_submitted() {
    with_partition(async |_core, _log, partition| {
        append_without_waiting(&partition, LARGE_RUN_BYTES as usize).await;
        partition.submit_pending();
        let next = append_without_waiting(&partition, 500).await;
        partition.submit_pending();
        assert_eq!(under_way(&partition), UnderWay { pending: 1, straights: 1, runs: 0 });
        partition.wait_durable(next).await.unwrap();
        assert_eq!(under_way(&partition), UnderWay { pending: 0, straights: 0, runs: 0 });
    });
}

#[test]
fn runs_go_straight_to_their_segment_side_by_side() {
    with_partition(async |_core, _log, partition| {
        let batches = 32;
        let (mut next, mut most) = (0, 0);
        for _ in 0..batches {
            next = append_without_waiting(&partition, LARGE_RUN_BYTES as usize).await;
            partition.submit_pending();
            most = most.max(under_way(&partition).straights);
        }
        assert_eq!(most, SEGMENT_WRITES_AT_ONCE);
        partition.wait_durable(next).await.unwrap();
        assert_eq!(partition.shared.straight_bytes.get(), batches * LARGE_RUN_BYTES);
    });
}

#[test]
fn who_needs_the_files_alone_waits_for_runs_on_their_way_and_none_begins_meanwhile() {
    with_partition(async |_core, _log, partition| {
        append_without_waiting(&partition, LARGE_RUN_BYTES as usize).await;
        partition.submit_pending();
        let mut alone = partition.writes_alone();
        assert!(poll_immediate(&mut alone).await.is_none());
        let next = append_without_waiting(&partition, LARGE_RUN_BYTES as usize).await;
        partition.submit_pending();
        assert_eq!(under_way(&partition), UnderWay { pending: 1, straights: 1, runs: 0 });
        let alone = alone.await;
        assert_eq!(under_way(&partition), UnderWay { pending: 1, straights: 0, runs: 1 });
        drop(alone);
        partition.shared.mark_dirty(&partition);
        partition.wait_durable(next).await.unwrap();
    });
}
