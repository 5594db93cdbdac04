//! Reading: how much a read gives, where timestamps lead, and what ends a wait.

use std::path::Path;
use std::rc::Rc;

use futures_util::FutureExt;
use millrace_base::ids::{LeaderEpoch, Offset, TopicId, TopicPartition};
use millrace_record::batch::batches;
use millrace_runtime::{Core, OpenOptions};

use crate::testing::{batch_bytes, on_sim};
use crate::{
    Append, CoreLog, LogDirectory, LogOptions, Origin, Partition, PartitionConfig, ReadError, ReadLimits, ReadPart,
    Unavailable,
};

const ID: TopicPartition = TopicPartition { topic: TopicId([1; 16]), partition: 0 };

/// Runs a test on a new partition.
fn with_partition(config: PartitionConfig, test: impl AsyncFnOnce(Core, Rc<CoreLog>, Rc<Partition>) + 'static) {
    on_sim(1, async move |core: Core| {
        let directory = LogDirectory::open(&core, Path::new("/log"), 1).await.unwrap();
        let log = CoreLog::open(&core, Path::new("/log"), LogOptions::default(), directory.start).await.unwrap();
        let partition = log.create_partition(ID, "topic", config).await.unwrap();
        test(core, log, partition).await;
    });
}

async fn append(partition: &Rc<Partition>, leader_epoch: LeaderEpoch, batches: &[u8]) -> Offset {
    let append = Append { batches, origin: Origin::Client, leader_epoch, restamp: None };
    let appended = partition.append(&append).await.unwrap();
    partition.wait_durable(appended.next_offset).await.unwrap();
    appended.next_offset
}

/// The base offsets of the batches that a read gives.
async fn read(
    core: &Core,
    partition: &Rc<Partition>,
    offset: Offset,
    bytes_max: usize,
    at_least_one_batch: bool,
) -> Vec<Offset> {
    let read = partition.read(offset, ReadLimits { bytes_max, at_least_one_batch }).await.unwrap();
    let mut bytes = Vec::new();
    for part in &read.parts {
        assert!(!part.is_empty());
        bytes.extend_from_slice(&part.load(core).await.unwrap());
    }
    let given = read.parts.iter().map(ReadPart::len).sum::<usize>();
    assert_eq!(given, bytes.len());
    batches(&bytes).map_while(Result::ok).map(|batch| batch.base_offset()).collect()
}

#[test]
fn a_read_gives_as_many_bytes_as_it_may_from_the_batch_that_holds_its_offset_on() {
    with_partition(PartitionConfig::default(), async |core, _log, partition| {
        let batch = batch_bytes(None, 2, 0, &[7; 100]);
        for _ in 0..4 {
            append(&partition, 0, &batch).await;
        }
        let one = batch.len();
        for at_least_one in [false, true] {
            assert_eq!(read(&core, &partition, 0, one, at_least_one).await, [0]);
            assert_eq!(read(&core, &partition, 3, one * 2, at_least_one).await, [2, 4], "3 lies in the batch of 2");
            assert_eq!(read(&core, &partition, 4, one * 2 - 1, at_least_one).await, [4], "a part of the next follows");
            assert_eq!(read(&core, &partition, 2, usize::MAX, at_least_one).await, [2, 4, 6]);
            assert_eq!(read(&core, &partition, 8, usize::MAX, at_least_one).await, [0; 0]);
        }
        for too_few in [0, 1, one - 1] {
            assert_eq!(read(&core, &partition, 5, too_few, true).await, [4], "{too_few} bytes");
            assert_eq!(read(&core, &partition, 5, too_few, false).await, [0; 0], "{too_few} bytes");
        }
    });
}

#[test]
fn a_read_goes_to_the_end_of_its_segment() {
    let batch = batch_bytes(None, 1, 0, &[7; 3_000]);
    let config = PartitionConfig { segment_bytes: batch.len() as u64 * 2, ..PartitionConfig::default() };
    with_partition(config, async move |core, _log, partition| {
        for _ in 0..5 {
            append(&partition, 0, &batch).await;
        }
        assert_eq!(partition.segment_bases(), [0, 2, 4]);
        for (offset, given) in [(0, &[0, 1][..]), (1, &[1]), (2, &[2, 3]), (4, &[4])] {
            assert_eq!(read(&core, &partition, offset, usize::MAX, false).await, given);
        }
    });
}

#[test]
fn offsets_outside_the_log_are_told_with_where_it_begins_and_ends() {
    with_partition(PartitionConfig::default(), async |_core, _log, partition| {
        for _ in 0..5 {
            append(&partition, 0, &batch_bytes(None, 1, 0, b"value")).await;
        }
        partition.delete_records(2).await.unwrap();
        for offset in [-1, 0, 1, 6, Offset::MAX] {
            let limits = ReadLimits { bytes_max: 1, at_least_one_batch: true };
            let refused = partition.read(offset, limits).await.unwrap_err();
            let is_told = matches!(refused, ReadError::OutOfRange { offset: of, start: 2, end: 5 } if of == offset);
            assert!(is_told, "{refused}");
        }
    });
}

#[test]
fn a_piece_of_a_file_is_as_long_as_its_range() {
    on_sim(1, async |core: Core| {
        let path = Path::new("/file");
        let options = OpenOptions { truncate: true, ..OpenOptions::read_write() };
        let file = core.open(path, options).await.unwrap();
        let part = ReadPart::File { file: file.clone(), position: 3, length: 5 };
        assert_eq!((part.len(), part.is_empty()), (5, false));
        assert!(ReadPart::File { file, position: 3, length: 0 }.is_empty());
        assert_eq!(part.load(&core).await.unwrap_err().kind(), std::io::ErrorKind::UnexpectedEof);
    });
}

#[test]
fn a_timestamp_leads_to_the_first_record_that_is_as_late() {
    let config = PartitionConfig { segment_bytes: 200, ..PartitionConfig::default() };
    with_partition(config, async |_core, _log, partition| {
        assert_eq!(partition.offset_for_timestamp(0).await.unwrap(), None);
        assert_eq!(partition.offset_of_max_timestamp().await.unwrap(), None);
        append(&partition, 0, &batch_bytes(None, 1, -1, &[7; 100])).await;
        assert_eq!(partition.offset_of_max_timestamp().await.unwrap(), None, "no record has a timestamp");
        // Batches of two records with these timestamps and the next ones, each in a segment of its own: offset 1 on.
        for timestamp in [10, 30, 20, 30] {
            append(&partition, 0, &batch_bytes(None, 2, timestamp, &[7; 50])).await;
        }
        assert_eq!(partition.segment_bases(), [0, 1, 3, 5, 7]);
        for (timestamp, found) in
            [(0, Some((1, 10))), (11, Some((2, 11))), (12, Some((3, 30))), (31, Some((4, 31))), (32, None)]
        {
            assert_eq!(partition.offset_for_timestamp(timestamp).await.unwrap(), found, "{timestamp}");
        }
        assert_eq!(partition.offset_of_max_timestamp().await.unwrap(), Some((4, 31)), "the first of two");
        partition.delete_records(5).await.unwrap();
        assert_eq!(partition.offset_of_max_timestamp().await.unwrap(), Some((8, 31)));
        append(&partition, 0, &batch_bytes(None, 1, 32, &[7; 50])).await;
        assert_eq!(partition.offset_of_max_timestamp().await.unwrap(), Some((9, 32)));
    });
}

#[test]
fn the_greatest_timestamp_is_that_of_a_record_that_can_be_read() {
    with_partition(PartitionConfig::default(), async |_core, _log, partition| {
        for timestamp in [50, 10, 40, 20] {
            append(&partition, 0, &batch_bytes(None, 1, timestamp, b"value")).await;
        }
        assert_eq!(partition.offset_of_max_timestamp().await.unwrap(), Some((0, 50)));
        partition.delete_records(1).await.unwrap();
        assert_eq!(partition.offset_of_max_timestamp().await.unwrap(), Some((2, 40)), "the record of 50 is deleted");
        let batches = &batch_bytes(None, 1, 90, b"value");
        let latest = Append { batches, origin: Origin::Client, leader_epoch: 0, restamp: None };
        let appended = partition.append(&latest).await.unwrap();
        assert_eq!(partition.offset_of_max_timestamp().await.unwrap(), Some((2, 40)), "that of 90 is not durable yet");
        partition.wait_durable(appended.next_offset).await.unwrap();
        assert_eq!(partition.offset_of_max_timestamp().await.unwrap(), Some((4, 90)));
        partition.delete_records(5).await.unwrap();
        assert_eq!(partition.offset_of_max_timestamp().await.unwrap(), None, "nothing is left");
    });
}

#[test]
fn a_partition_tells_its_epochs_and_its_size() {
    with_partition(PartitionConfig::default(), async |_core, log, partition| {
        assert_eq!((partition.topic_name(), partition.size_bytes(), partition.leader_epoch()), ("topic", 0, -1));
        assert_eq!((partition.leader_epoch_at(0), partition.offset_for_leader_epoch(0)), (-1, (-1, -1)));
        let batch = batch_bytes(None, 2, 0, b"value");
        for epoch in [3, 3, 5] {
            append(&partition, epoch, &batch).await;
        }
        assert_eq!((partition.size_bytes(), partition.leader_epoch()), (batch.len() as u64 * 3, 5));
        assert_eq!([0, 3, 4, 5].map(|offset| partition.leader_epoch_at(offset)), [3, 3, 5, 5]);
        assert_eq!(
            [2, 3, 4, 5].map(|epoch| partition.offset_for_leader_epoch(epoch)),
            [(2, 0), (3, 4), (3, 4), (5, 6)]
        );
        assert_eq!(log.partitions(), [ID]);
        let numbers = log.numbers();
        assert!(!numbers.is_offline && numbers.tail_bytes >= batch.len() && numbers.journal_bytes > 0);
    });
}

#[test]
fn a_wait_ends_when_there_is_more_to_read_and_not_before() {
    with_partition(PartitionConfig::default(), async |core, _log, partition| {
        let batch = batch_bytes(None, 1, 0, b"value");
        append(&partition, 0, &batch).await;
        assert!(partition.wait_beyond(0, 0).now_or_never().is_some());
        assert!(partition.wait_beyond(1, 0).now_or_never().is_none(), "what is known is no news");
        let waiting = partition.clone();
        let told = core.spawn_join(async move {
            waiting.wait_beyond(1, 1).await;
            waiting.offsets().high_watermark
        });
        core.yield_now().await;
        append(&partition, 0, &batch).await;
        assert_eq!(told.await, 2);
    });
}

#[test]
fn a_wait_ends_when_what_it_waits_behind_is_deleted_or_the_log_answers_no_more() {
    with_partition(PartitionConfig::default(), async |core, log, partition| {
        for _ in 0..3 {
            append(&partition, 0, &batch_bytes(None, 1, 0, b"value")).await;
        }
        let wait = |offset| {
            let waiting = partition.clone();
            core.spawn_join(async move { waiting.wait_beyond(3, offset).await })
        };
        let (of_first, of_second) = (wait(1), wait(2));
        core.yield_now().await;
        partition.delete_records(2).await.unwrap();
        of_first.await;
        assert!(partition.wait_beyond(3, 2).now_or_never().is_none(), "the log begins with it");
        log.close().await.unwrap();
        of_second.await;
    });
}

/// Walks a partition by runs of at most `bytes_max` bytes, from `offset` on; gives the base offsets of their batches.
async fn walk(core: &Core, partition: &Rc<Partition>, mut offset: Offset, bytes_max: usize) -> Vec<Offset> {
    let limits = ReadLimits { bytes_max, at_least_one_batch: true };
    let mut bases = Vec::new();
    while let Some(run) = partition.read_run(offset, limits).await.unwrap() {
        let mut bytes = Vec::new();
        for part in &run.parts {
            bytes.extend_from_slice(&part.load(core).await.unwrap());
        }
        let of_run: Vec<_> = batches(&bytes).map(|batch| batch.unwrap()).collect();
        assert!(bytes.len() <= bytes_max || of_run.len() == 1, "{} bytes of {bytes_max}", bytes.len());
        assert_eq!(of_run.last().unwrap().next_offset(), run.next_offset);
        assert!(of_run[0].base_offset() <= offset && offset < run.next_offset);
        bases.extend(of_run.iter().map(|batch| batch.base_offset()));
        offset = run.next_offset;
    }
    bases
}

#[test]
fn a_run_goes_as_far_as_its_limits_allow() {
    with_partition(PartitionConfig::default(), async |_core, _log, partition| {
        let batch = batch_bytes(None, 2, 0, &[7; 100]);
        for _ in 0..5 {
            append(&partition, 0, &batch).await;
        }
        let one = batch.len();
        for (offset, bytes_max, next_offset) in
            [(0, 2 * one, 4), (0, 3 * one - 1, 4), (2, 3 * one, 8), (3, one, 4), (4, usize::MAX, 10)]
        {
            let limits = ReadLimits { bytes_max, at_least_one_batch: false };
            let run = partition.read_run(offset, limits).await.unwrap().unwrap();
            assert_eq!(run.next_offset, next_offset, "{bytes_max} bytes from {offset} on");
        }
    });
}

#[test]
fn runs_are_whole_batches_one_after_the_other_wherever_they_lie() {
    on_sim(1, async |core: Core| {
        let root = Path::new("/log");
        let config = || PartitionConfig { segment_bytes: 60_000, index_interval_bytes: 500, ..Default::default() };
        let directory = LogDirectory::open(&core, root, 1).await.unwrap();
        let log = CoreLog::open(&core, root, LogOptions::default(), directory.start).await.unwrap();
        let partition = log.create_partition(ID, "topic", config()).await.unwrap();
        let mut bases = Vec::new();
        for number in 0..200_usize {
            let records = 1 + number % 3;
            let batch = batch_bytes(None, records, 0, &vec![7; number * 37 % 900]);
            bases.push(append(&partition, 0, &batch).await - records as Offset);
        }
        assert!(partition.segment_bases().len() > 2, "several segments");
        let sizes = [1, 700, 5_000, 1 << 20];
        for bytes_max in sizes {
            assert_eq!(walk(&core, &partition, 0, bytes_max).await, bases, "from memory, {bytes_max}");
        }
        log.close().await.unwrap();
        drop((partition, log, directory));
        for bytes_max in sizes {
            let mut directory = LogDirectory::open(&core, root, 1).await.unwrap();
            let log = CoreLog::open(&core, root, LogOptions::default(), directory.start).await.unwrap();
            let recovered = directory.partitions.pop().unwrap();
            let partition = log.adopt(recovered, config()).await.unwrap();
            assert_eq!(walk(&core, &partition, 0, bytes_max).await, bases, "for the first time, {bytes_max}");
            for offset in [0, 1, 57, *bases.last().unwrap()] {
                let first = bases.partition_point(|base| *base <= offset) - 1;
                assert_eq!(walk(&core, &partition, offset, bytes_max).await, bases[first..], "{offset}, {bytes_max}");
            }
            let end = partition.offsets().log_end;
            let limits = ReadLimits { bytes_max, at_least_one_batch: true };
            assert!(partition.read_run(end, limits).await.unwrap().is_none(), "nothing there yet");
            assert!(matches!(partition.read_run(end + 1, limits).await, Err(ReadError::OutOfRange { .. })));
            log.close().await.unwrap();
        }
    });
}

#[test]
fn what_was_seen_of_another_generation_or_before_a_replacement_says_nothing() {
    with_partition(PartitionConfig::default(), async |_core, _log, partition| {
        append(&partition, 0, &batch_bytes(None, 1, 0, b"value")).await;
        let view = partition.view_of(0).unwrap();
        assert!(partition.state.borrow().check_view(&view).is_ok());
        partition.state.borrow_mut().swaps += 1;
        assert!(matches!(partition.state.borrow().check_view(&view), Err(Unavailable::Replaced)));
        partition.state.borrow_mut().generation += 1;
        assert!(matches!(partition.state.borrow().check_view(&view), Err(Unavailable::Truncated)));
        let limits = ReadLimits { bytes_max: 1, at_least_one_batch: true };
        let cut_meanwhile = partition.reading(0, async || {
            partition.state.borrow_mut().generation += 1;
            partition.read(0, limits).await
        });
        assert!(matches!(cut_meanwhile.await, Err(ReadError::Unavailable(Unavailable::Truncated))));
    });
}
