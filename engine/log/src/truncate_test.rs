//! Cutting a log's end: what goes, what stays, and what is there after a restart.

use std::path::Path;
use std::rc::Rc;

use millrace_base::ids::{Offset, TopicId, TopicPartition};
use millrace_record::batch::batches;
use millrace_runtime::Core;
use millrace_runtime::sim::{Disk, Stop, run};

use crate::testing::batch_bytes;
use crate::{
    Append, CoreLog, LogDirectory, LogOptions, Offsets, Origin, Partition, PartitionConfig, ReadError, ReadLimits,
};

const ROOT: &str = "/log";
const ID: TopicPartition = TopicPartition { topic: TopicId([4; 16]), partition: 0 };
/// Batches of two records; three of them fit in a segment.
const BATCHES: i32 = 9;
const END: Offset = BATCHES as Offset * 2;
const VALUE_BYTES: usize = 2_500;

async fn open(core: &Core) -> (LogDirectory, Rc<CoreLog>, Rc<Partition>) {
    let mut directory = LogDirectory::open(core, Path::new(ROOT), 1).await.unwrap();
    let log = CoreLog::open(core, Path::new(ROOT), LogOptions::default(), directory.start).await.unwrap();
    let config = PartitionConfig { segment_bytes: 16 * 1024, ..PartitionConfig::default() };
    let partition = match directory.partitions.pop() {
        Some(recovered) => log.adopt(recovered, config).await.unwrap(),
        None => log.create_partition(ID, "topic", config).await.unwrap(),
    };
    (directory, log, partition)
}

/// The producer's batch number `index`, of two records.
fn batch(index: i32, value: u8) -> Vec<u8> {
    batch_bytes(Some((7, 0, index * 2)), 2, 0, &[value; VALUE_BYTES])
}

/// Appends batch number `index` at the log's end, in leader epoch `epoch`, and waits until it is durable.
async fn append(partition: &Rc<Partition>, index: i32, value: u8, epoch: i32) -> bool {
    let batches = &batch(index, value);
    let append = Append { batches, origin: Origin::Client, leader_epoch: epoch, restamp: None };
    let appended = partition.append(&append).await.unwrap();
    partition.wait_durable(appended.next_offset).await.unwrap();
    appended.is_duplicate
}

/// Base offset and first value's byte of each batch.
async fn read_all(core: &Core, partition: &Rc<Partition>) -> Vec<(Offset, u8)> {
    let Offsets { log_start, high_watermark, .. } = partition.offsets();
    let (mut found, mut next) = (Vec::new(), log_start);
    while next < high_watermark {
        let read = partition.read(next, ReadLimits { bytes_max: 1, at_least_one_batch: true }).await.unwrap();
        let mut bytes = Vec::new();
        for part in &read.parts {
            bytes.extend_from_slice(&part.load(core).await.unwrap());
        }
        let batch = batches(&bytes).next().unwrap().unwrap();
        batch.check_crc().unwrap();
        found.push((batch.base_offset(), batch.payload()[batch.payload().len() - 2]));
        next = batch.next_offset();
    }
    found
}

/// What the log holds when it was cut at `to` and two batches were appended since.
fn expected(to: Offset) -> Vec<(Offset, u8)> {
    let kept = (to / 2).min(Offset::from(BATCHES));
    let old = (0..kept).map(|index| (index * 2, index as u8 + 1));
    old.chain([(kept * 2, 101), (kept * 2 + 2, 102)]).collect()
}

#[test]
fn what_is_cut_is_gone_and_what_follows_takes_its_place_also_after_a_restart() {
    for to in 0..=END + 1 {
        for is_clean in [true, false] {
            let disk = Disk::new(1);
            let cut = run(1, &disk, Stop::Never, async move |core: Core| {
                let (_directory, log, partition) = open(&core).await;
                for index in 0..BATCHES {
                    append(&partition, index, index as u8 + 1, index).await;
                }
                assert_eq!(partition.segment_bases(), [0, 6, 12]);
                let end = partition.truncate(to).await.unwrap();
                assert_eq!(end, (to / 2 * 2).min(END), "whole batches");
                let offsets = Offsets { log_start: 0, high_watermark: end, durable: end, log_end: end };
                assert_eq!(partition.offsets(), offsets);
                assert_eq!(partition.leader_epoch(), end as i32 / 2 - 1, "the epochs of what was cut are gone");
                let kept = end as i32 / 2;
                if kept > 0 {
                    assert!(append(&partition, kept - 1, kept as u8, kept).await, "what stays is remembered");
                }
                assert!(!append(&partition, kept, 101, kept).await, "what was cut is not");
                assert!(!append(&partition, kept + 1, 102, kept).await);
                assert_eq!(read_all(&core, &partition).await, expected(to));
                if is_clean {
                    log.close().await.unwrap();
                }
            });
            cut.output.unwrap();
            if !is_clean {
                disk.power_loss();
            }
            let read = run(2, &disk, Stop::Never, async move |core: Core| {
                let (_directory, _log, partition) = open(&core).await;
                let next = (partition.offsets().log_end / 2) as i32;
                assert!(append(&partition, next - 1, 102, next).await, "it is remembered over a restart");
                read_all(&core, &partition).await
            });
            assert_eq!(read.output.unwrap(), expected(to), "cut at {to}, clean: {is_clean}");
        }
    }
}

#[test]
fn a_cut_at_once_after_an_append_and_again_leaves_what_was_there_before() {
    let disk = Disk::new(1);
    let cut = run(1, &disk, Stop::Never, async move |core: Core| {
        let (_directory, _log, partition) = open(&core).await;
        for index in 0..4 {
            append(&partition, index, index as u8 + 1, 0).await;
        }
        for to in [7, 6, 5, 3] {
            let end = partition.truncate(to).await.unwrap();
            let whole = (0..end / 2).map(|index| (index * 2, index as u8 + 1)).collect::<Vec<_>>();
            assert_eq!(read_all(&core, &partition).await, whole, "cut at {to}");
        }
        assert_eq!(partition.truncate(2).await.unwrap(), 2);
    });
    cut.output.unwrap();
    disk.power_loss();
    let read = run(2, &disk, Stop::Never, async move |core: Core| {
        let (_directory, _log, partition) = open(&core).await;
        read_all(&core, &partition).await
    });
    assert_eq!(read.output.unwrap(), [(0, 1)]);
}

#[test]
fn nothing_is_cut_below_the_log_start() {
    let disk = Disk::new(1);
    let ran = run(1, &disk, Stop::Never, async move |core: Core| {
        let (_directory, _log, partition) = open(&core).await;
        for index in 0..4 {
            append(&partition, index, 1, 0).await;
        }
        partition.delete_records(5).await.unwrap();
        for to in [0, 4, 5] {
            let refused = partition.truncate(to).await.unwrap_err();
            let is_told = matches!(refused, ReadError::OutOfRange { offset, start: 5, end: 8 } if offset == to);
            assert!(is_told, "the batch of 5 begins at 4: {to}: {refused}");
        }
        assert_eq!(partition.truncate(7).await.unwrap(), 6);
        assert_eq!(partition.truncate(6).await.unwrap(), 6);
    });
    ran.output.unwrap();
}

#[test]
fn what_a_cut_leaves_of_a_block_is_held_by_the_journal_until_it_is_in_the_file() {
    let disk = Disk::new(1);
    let ran = run(1, &disk, Stop::Never, async move |core: Core| {
        let (_directory, _log, partition) = open(&core).await;
        for index in 0..2 {
            append(&partition, index, 1, 0).await;
        }
        assert_eq!(partition.truncate(2).await.unwrap(), 2);
        assert_eq!(partition.oldest_redo(), Some(partition.shared.journal.durable()), "the cut itself holds it");
        assert_eq!(partition.truncate(0).await.unwrap(), 0);
        assert_eq!(partition.oldest_redo(), None, "nothing is left of it");
    });
    ran.output.unwrap();
}
