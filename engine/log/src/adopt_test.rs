//! Taking over what recovery has found: nothing of it is lost, and nothing is put at risk by it.

use std::path::Path;
use std::rc::Rc;

use millrace_base::ids::{Offset, TopicId, TopicPartition};
use millrace_record::batch::batches;
use millrace_runtime::Core;
use millrace_runtime::sim::{Disk, Stop, run};

use crate::journal::Sequence;
use crate::testing::batch_bytes;
use crate::{Append, CoreLog, LogDirectory, LogOptions, Origin, Partition, PartitionConfig, ReadError, ReadLimits};

const ID: TopicPartition = TopicPartition { topic: TopicId([1; 16]), partition: 0 };
const ROOT: &str = "/log";
const BATCHES: Offset = 5;

struct Opened {
    _directory: LogDirectory,
    log: Rc<CoreLog>,
    partition: Rc<Partition>,
}

async fn directory_and_log(core: &Core) -> (LogDirectory, Rc<CoreLog>) {
    let directory = LogDirectory::open(core, Path::new(ROOT), 1).await.unwrap();
    let log = CoreLog::open(core, Path::new(ROOT), LogOptions::default(), directory.start).await.unwrap();
    (directory, log)
}

fn config() -> PartitionConfig {
    PartitionConfig { segment_bytes: 4_000, ..PartitionConfig::default() }
}

async fn open(core: &Core) -> Opened {
    let (mut directory, log) = directory_and_log(core).await;
    let partition = log.adopt(directory.partitions.remove(0), config()).await.unwrap();
    Opened { _directory: directory, log, partition }
}

/// A log that was stopped clean, with a sealed segment and one that ends within a block.
fn written() -> Disk {
    let disk = Disk::new(1);
    let done = run(1, &disk, Stop::Never, async |core: Core| {
        let (_directory, log) = directory_and_log(&core).await;
        let partition = log.create_partition(ID, "topic", config()).await.unwrap();
        for offset in 0..BATCHES {
            let batches = batch_bytes(None, 1, offset, &[offset as u8; 1_000]);
            let append = Append { batches: &batches, origin: Origin::Client, leader_epoch: 0, restamp: None };
            let appended = partition.append(&append).await.unwrap();
            partition.wait_durable(appended.next_offset).await.unwrap();
        }
        assert_eq!(partition.segment_bases(), [0, 3]);
        log.close().await.unwrap();
    });
    assert!(done.output.is_some());
    disk.kill();
    disk
}

#[test]
fn what_was_recovered_is_what_the_next_checkpoint_says() {
    let done = run(1, &written(), Stop::Never, async |core: Core| {
        let (mut directory, log) = directory_and_log(&core).await;
        let mut recovered = directory.partitions.remove(0);
        let snapshot = &mut recovered.snapshot;
        (snapshot.generation, snapshot.swaps, snapshot.cleaned_to, snapshot.log_start) = (9, 4, 2, 1);
        let marks = [(3, 8), (4, 9)];
        for (segment, mark) in snapshot.segments.iter_mut().zip(marks) {
            (segment.revision, segment.generation) = mark;
        }
        let expected = snapshot.clone();
        let partition = log.adopt(recovered, config()).await.unwrap();
        assert_eq!(partition.snapshot(), expected);
    });
    assert!(done.output.is_some());
}

#[test]
fn a_start_and_a_stop_without_appends_put_nothing_at_risk() {
    let whole = written();
    for operations in 1..60 {
        for seed in 0..4 {
            let disk = whole.fork(seed);
            run(seed, &disk, Stop::AfterDiskOps(operations), async |core: Core| open(&core).await.log.close().await);
            disk.power_loss();
            let done = run(seed, &disk, Stop::Never, async |core: Core| {
                let opened = open(&core).await;
                for offset in 0..BATCHES {
                    let limits = ReadLimits { bytes_max: 1, at_least_one_batch: true };
                    let read = opened.partition.read(offset, limits).await.unwrap();
                    let bytes = read.parts[0].load(&core).await.unwrap();
                    let batch = batches(&bytes).next().unwrap().unwrap();
                    assert!(batch.crc_is_valid() && batch.base_offset() == offset);
                }
            });
            assert!(done.output.is_some(), "after {operations} operations, seed {seed}");
        }
    }
}

#[test]
fn a_block_that_a_clean_stop_left_is_protected_by_a_commit_that_holds_it_and_by_no_other() {
    let done = run(1, &written(), Stop::Never, async |core: Core| {
        let opened = open(&core).await;
        let is_unprotected = || opened.partition.state.borrow_mut().active().is_unprotected();
        assert!(is_unprotected());
        opened.partition.committed(Sequence(u64::MAX));
        assert!(is_unprotected(), "no entry holds it yet");
        let batches = batch_bytes(None, 1, 0, b"value");
        let append = Append { batches: &batches, origin: Origin::Client, leader_epoch: 0, restamp: None };
        opened.partition.append(&append).await.unwrap();
        opened.partition.submit_pending();
        let held_by = opened.partition.oldest_redo().unwrap();
        opened.partition.committed(Sequence(held_by.0 - 1));
        assert!(is_unprotected(), "that was another commit");
        opened.partition.wait_durable(BATCHES + 1).await.unwrap();
        assert!(!is_unprotected());
    });
    assert!(done.output.is_some());
}

#[test]
fn a_stop_without_appends_does_not_write_the_block_that_only_its_file_has() {
    let disk = written();
    let of_host = disk.clone();
    let path = Path::new("/log/topic-0/00000000000000000003.log");
    let done = run(1, &disk, Stop::Never, async move |core: Core| {
        let opened = open(&core).await;
        // Whoever writes a block that cannot be read heals it.
        of_host.spoil(path, 0).unwrap();
        opened.log.close().await.unwrap();
    });
    assert!(done.output.is_some());
    assert!(disk.read_file(path).is_err(), "the block was written");
}

#[test]
fn a_checkpoint_does_not_have_the_epoch_of_what_is_not_durable() {
    let disk = written();
    let stalled = disk.clone();
    let done = run(1, &disk, Stop::Never, async move |core: Core| {
        let opened = open(&core).await;
        let batches = batch_bytes(None, 1, 0, b"value");
        let append = |leader_epoch| Append { batches: &batches, origin: Origin::Client, leader_epoch, restamp: None };
        // There is room in the segment then.
        let next = opened.partition.append(&append(0)).await.unwrap().next_offset;
        opened.partition.wait_durable(next).await.unwrap();
        stalled.stall();
        opened.partition.append(&append(4)).await.unwrap();
        assert_eq!((opened.partition.snapshot().epochs, opened.partition.leader_epoch()), (vec![(0, 0)], 4));
        stalled.resume();
        opened.partition.wait_durable(next + 1).await.unwrap();
        assert_eq!(opened.partition.snapshot().epochs, [(0, 0), (4, next)]);
    });
    assert!(done.output.is_some());
}

#[test]
fn damage_in_the_block_that_is_brought_back_into_memory_is_found() {
    let disk = written();
    disk.corrupt(Path::new("/log/topic-0/00000000000000000003.log"), 500).unwrap();
    let done = run(1, &disk, Stop::Never, async |core: Core| {
        let opened = open(&core).await;
        let limits = ReadLimits { bytes_max: 1, at_least_one_batch: true };
        for (offset, is_refused) in [(2, false), (3, true), (4, false)] {
            let read = opened.partition.read(offset, limits).await;
            assert_eq!(matches!(read, Err(ReadError::Rot { first: 3, next: 4, .. })), is_refused, "{offset}");
            assert_eq!(read.is_err(), is_refused);
        }
    });
    assert!(done.output.is_some());
}
