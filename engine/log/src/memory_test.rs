//! The memory of a core's tails: bounded, given up oldest first, and nothing is lost with it.

use std::cell::Cell;
use std::future::poll_fn;
use std::path::Path;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use millrace_base::ids::{Offset, TopicId, TopicPartition};
use millrace_record::batch::batches;
use millrace_runtime::Core;

use crate::testing::{batch_bytes, on_sim};
use crate::{Append, CoreLog, LogDirectory, LogOptions, Origin, Partition, PartitionConfig, ReadLimits, ReadPart};

const TAIL_BYTES: usize = 512 * 1024;
const VALUE_BYTES: usize = 20_000;

async fn append(partition: &Rc<Partition>, value: u8) -> Offset {
    let batches = &batch_bytes(None, 1, 0, &vec![value; VALUE_BYTES]);
    let append = Append { batches, origin: Origin::Client, leader_epoch: 0, restamp: None };
    partition.append(&append).await.unwrap().next_offset
}

/// The base offsets of all batches that can be read.
async fn read_all(core: &Core, partition: &Rc<Partition>) -> Vec<Offset> {
    let mut found = Vec::new();
    let limits = ReadLimits { bytes_max: 100_000, at_least_one_batch: true };
    loop {
        let read = partition.read(found.last().map_or(0, |last| last + 1), limits).await.unwrap();
        let (before, mut bytes) = (found.len(), Vec::new());
        for part in &read.parts {
            bytes.extend_from_slice(&part.load(core).await.unwrap());
        }
        found.extend(batches(&bytes).map_while(Result::ok).map(|batch| batch.base_offset()));
        if found.len() == before {
            return found;
        }
    }
}

#[test]
fn what_does_not_fit_in_memory_is_in_the_segments_and_memory_stays_within_its_limit() {
    for segment_bytes in [PartitionConfig::default().segment_bytes, 150_000] {
        fill(segment_bytes);
    }
}

fn fill(segment_bytes: u64) {
    on_sim(1, async move |core: Core| {
        let directory = LogDirectory::open(&core, Path::new("/log"), 1).await.unwrap();
        let options = LogOptions { tail_bytes: TAIL_BYTES, ..LogOptions::default() };
        let log = CoreLog::open(&core, Path::new("/log"), options, directory.start).await.unwrap();
        let mut partitions = Vec::new();
        for partition in 0..3 {
            let id = TopicPartition { topic: TopicId([1; 16]), partition };
            let config = PartitionConfig { segment_bytes, ..PartitionConfig::default() };
            partitions.push(log.create_partition(id, "topic", config).await.unwrap());
        }
        let mut most = 0;
        for round in 0..60 {
            for partition in &partitions {
                assert_eq!(append(partition, round).await, Offset::from(round) + 1);
                most = most.max(log.numbers().tail_bytes);
            }
        }
        // The last piece that was taken may pass it.
        assert!(most < TAIL_BYTES + log.shared.chunk_bytes_max(), "{most} bytes");
        assert!(most >= TAIL_BYTES / 2, "{most} bytes: what is there may be used");
        for partition in &partitions {
            partition.wait_durable(60).await.unwrap();
            assert_eq!(read_all(&core, partition).await, (0..60).collect::<Vec<_>>());
        }
        let held: usize = partitions.iter().map(|partition| partition.tail_memory_bytes()).sum();
        assert_eq!(log.numbers().tail_bytes, held, "what is counted is what they have");
    });
}

#[test]
fn what_was_read_once_leaves_the_segment_that_is_written_by_its_file_and_the_rest_from_memory() {
    on_sim(1, async move |core: Core| {
        let directory = LogDirectory::open(&core, Path::new("/log"), 1).await.unwrap();
        let options = LogOptions { tail_bytes: TAIL_BYTES, ..LogOptions::default() };
        let log = CoreLog::open(&core, Path::new("/log"), options, directory.start).await.unwrap();
        let id = TopicPartition { topic: TopicId([1; 16]), partition: 0 };
        let partition = log.create_partition(id, "topic", PartitionConfig::default()).await.unwrap();
        let mut appended: Offset = 0;
        for _ in 0..3 {
            for _ in 0..60 {
                appended = append(&partition, 7).await;
            }
            partition.wait_durable(appended).await.unwrap();
            assert_eq!(partition.segment_bases(), [0], "there is one segment, and it is written");
            assert_eq!(read_all(&core, &partition).await, (0..appended).collect::<Vec<_>>());
            let limits = ReadLimits { bytes_max: usize::MAX, at_least_one_batch: true };
            let read = partition.read(0, limits).await.unwrap();
            let [ReadPart::File { .. }, in_memory @ ..] = &*read.parts else { panic!("{:?}", read.parts) };
            assert!(!in_memory.is_empty() && in_memory.iter().all(|part| matches!(part, ReadPart::Memory(_))));
            assert_eq!(read_all(&core, &partition).await, (0..appended).collect::<Vec<_>>(), "and once more");
        }
    });
}

#[test]
fn a_tail_takes_smaller_pieces_where_there_are_many() {
    on_sim(1, async move |core: Core| {
        let directory = LogDirectory::open(&core, Path::new("/log"), 1).await.unwrap();
        let options = LogOptions { tail_bytes: 100_000, ..LogOptions::default() };
        let log = CoreLog::open(&core, Path::new("/log"), options, directory.start).await.unwrap();
        let mut pieces = vec![log.shared.chunk_bytes_max()];
        for partition in 0..8 {
            let id = TopicPartition { topic: TopicId([1; 16]), partition };
            log.create_partition(id, "topic", PartitionConfig::default()).await.unwrap();
            pieces.push(log.shared.chunk_bytes_max());
        }
        // Half of the memory, shared, and down to a power of two; never less than 4 KiB.
        let kib = pieces.iter().map(|bytes| bytes / 1024).collect::<Vec<_>>();
        assert_eq!(kib, [32, 32, 16, 16, 8, 8, 8, 4, 4]);
    });
}

#[test]
fn what_is_cut_off_or_deleted_gives_its_memory_back() {
    on_sim(1, async move |core: Core| {
        let directory = LogDirectory::open(&core, Path::new("/log"), 1).await.unwrap();
        let log = CoreLog::open(&core, Path::new("/log"), LogOptions::default(), directory.start).await.unwrap();
        let id = TopicPartition { topic: TopicId([1; 16]), partition: 0 };
        let config = PartitionConfig { segment_bytes: 150_000, ..PartitionConfig::default() };
        let partition = log.create_partition(id, "topic", config).await.unwrap();
        for value in 0..30 {
            append(&partition, value).await;
        }
        partition.wait_durable(30).await.unwrap();
        let before = log.numbers().tail_bytes;
        let assert_counted = || assert_eq!(log.numbers().tail_bytes, partition.tail_memory_bytes());
        partition.delete_records(10).await.unwrap();
        while partition.segment_bases()[0] == 0 {
            core.sleep(std::time::Duration::from_millis(1)).await;
        }
        assert_counted();
        partition.truncate(20).await.unwrap();
        assert_counted();
        assert!(log.numbers().tail_bytes < before);
    });
}

#[test]
fn of_many_appends_that_wait_for_memory_only_the_first_looks_for_some() {
    const PARTITIONS: i32 = 400;
    const TAIL_BYTES: usize = 4 * 1024 * 1024;
    on_sim(1, async move |core: Core| {
        let directory = LogDirectory::open(&core, Path::new("/log"), 1).await.unwrap();
        let options = LogOptions { tail_bytes: TAIL_BYTES, ..LogOptions::default() };
        let log = CoreLog::open(&core, Path::new("/log"), options, directory.start).await.unwrap();
        let polls = Rc::new(Cell::new(0));
        let mut appends = Vec::new();
        for partition in 0..PARTITIONS {
            let id = TopicPartition { topic: TopicId([1; 16]), partition };
            let partition = log.create_partition(id, "topic", PartitionConfig::default()).await.unwrap();
            let polls = polls.clone();
            appends.push(async move {
                let mut append = pin!(append(&partition, 7));
                poll_fn(|context| {
                    polls.set(polls.get() + 1);
                    append.as_mut().poll(context)
                })
                .await
            });
        }
        let appends: Vec<_> = appends.into_iter().map(|append| core.spawn_join(append)).collect();
        for append in appends {
            assert_eq!(append.await, 1);
        }
        let tail_bytes = log.numbers().tail_bytes;
        assert!(tail_bytes < TAIL_BYTES + log.shared.chunk_bytes_max(), "{tail_bytes} bytes: many had to wait");
        // Each begins, reserves space in its file, is the first in line, and looks as often as there may be memory.
        assert!(polls.get() < PARTITIONS * 4, "{} polls", polls.get());
    });
}

#[test]
fn an_append_takes_the_memory_that_answers_give_back_and_others_get_what_fits_meanwhile() {
    on_sim(1, async move |core: Core| {
        let directory = LogDirectory::open(&core, Path::new("/log"), 1).await.unwrap();
        let options = LogOptions { tail_bytes: 64 * 1024, ..LogOptions::default() };
        let log = CoreLog::open(&core, Path::new("/log"), options, directory.start).await.unwrap();
        let id = TopicPartition { topic: TopicId([1; 16]), partition: 0 };
        let partition = log.create_partition(id, "topic", PartitionConfig::default()).await.unwrap();
        let mut lent = Vec::new();
        while let Ok(buffer) = core.buffers().alloc(4 * 1024) {
            lent.push(buffer);
        }
        // A chunk of 32 KiB fits, and not a second one.
        lent.truncate(lent.len() - 12);
        let waiting = core.spawn_join({
            let partition = partition.clone();
            async move {
                let batches = &batch_bytes(None, 1, 0, &[7; 100_000]);
                let append = Append { batches, origin: Origin::Client, leader_epoch: 0, restamp: None };
                partition.append(&append).await.unwrap().next_offset
            }
        });
        core.sleep(Duration::from_secs(1)).await;
        assert_eq!(partition.offsets().log_end, 0, "there is no memory");
        assert_eq!((log.numbers().tail_bytes, partition.tail_memory_bytes()), (32 * 1024, 32 * 1024));
        lent.push(core.buffers().alloc(4 * 1024).expect("there is room for this"));
        drop(lent);
        assert_eq!(waiting.await, 1);
        assert_eq!(log.numbers().tail_bytes, partition.tail_memory_bytes());
    });
}

#[test]
fn nothing_is_kept_of_partitions_that_are_gone() {
    on_sim(1, async move |core: Core| {
        let directory = LogDirectory::open(&core, Path::new("/log"), 1).await.unwrap();
        let log = CoreLog::open(&core, Path::new("/log"), LogOptions::default(), directory.start).await.unwrap();
        for number in 0..5 {
            let id = TopicPartition { topic: TopicId([1; 16]), partition: number };
            let partition = log.create_partition(id, "topic", PartitionConfig::default()).await.unwrap();
            append(&partition, 7).await;
            partition.wait_durable(1).await.unwrap();
            assert_eq!(log.shared.undestaged.borrow().len(), 1);
            log.delete_partition(id).await.unwrap();
        }
        let noted = log.shared.undestaged.borrow().len() + log.shared.evictable.borrow().len();
        assert_eq!((noted, log.numbers().tail_bytes), (0, 0), "also a weak reference keeps the allocation");
    });
}
