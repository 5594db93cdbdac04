//! Each block of a log is damaged once: the damage is found, nothing of it is served, and the rest is.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use millrace_base::ids::{Offset, TopicId, TopicPartition};
use millrace_record::batch::{Batch, batches};
use millrace_runtime::Core;
use millrace_runtime::sim::{Disk, Random, Stop, run};

use crate::limits::{BLOCK_BYTES, VERIFY_BYTES};
use crate::testing::batch_bytes;
use crate::{
    Append, CoreLog, LogDirectory, LogOptions, Origin, Partition, PartitionConfig, ReadError, ReadLimits, ReadPart,
};

const ROOT: &str = "/log";
const ID: TopicPartition = TopicPartition { topic: TopicId([7; 16]), partition: 0 };
const BATCHES: usize = 60;
const VALUE_BYTES_MAX: u64 = 9_000;
/// Reads of a file of that many bytes are copied.
const COPIED_BYTES: usize = 10_000;

/// Small enough that the log has sealed segments and an active one.
fn config() -> PartitionConfig {
    PartitionConfig { segment_bytes: 128 * 1024, ..PartitionConfig::default() }
}

async fn open(core: &Core) -> (LogDirectory, Rc<CoreLog>, Rc<Partition>) {
    let mut directory = LogDirectory::open(core, Path::new(ROOT), 1).await.unwrap();
    let options = LogOptions { copied_bytes: COPIED_BYTES, ..LogOptions::default() };
    let log = CoreLog::open(core, Path::new(ROOT), options, directory.start).await.unwrap();
    let partition = match directory.partitions.pop() {
        Some(recovered) => log.adopt(recovered, config()).await.unwrap(),
        None => log.create_partition(ID, "topic", config()).await.unwrap(),
    };
    (directory, log, partition)
}

/// Appends one record a batch, stops cleanly; gives each offset's payload.
fn written(disk: &Disk) -> Vec<Vec<u8>> {
    let ended = run(1, disk, Stop::Never, async |core: Core| {
        let (_directory, log, partition) = open(&core).await;
        let mut random = Random::new(1);
        let mut payloads = Vec::new();
        for _ in 0..BATCHES {
            let value: Vec<u8> = (0..=random.below(VALUE_BYTES_MAX)).map(|_| random.below(256) as u8).collect();
            let bytes = batch_bytes(None, 1, 1_000, &value);
            let append = Append { batches: &bytes, origin: Origin::Client, leader_epoch: 0, restamp: None };
            let appended = partition.append(&append).await.unwrap();
            assert_eq!(appended.base_offset, payloads.len() as Offset);
            partition.wait_durable(appended.next_offset).await.unwrap();
            payloads.push(Batch::first(&bytes).unwrap().payload().to_vec());
        }
        log.close().await.unwrap();
        payloads
    });
    ended.output.unwrap()
}

/// Asks for every offset by itself; gives those that were refused as damaged.
fn refused(disk: &Disk, payloads: &[Vec<u8>]) -> Vec<Offset> {
    let payloads = payloads.to_vec();
    let ended = run(2, disk, Stop::Never, async move |core: Core| {
        let (_directory, _log, partition) = open(&core).await;
        assert_eq!(partition.offsets().log_end, payloads.len() as Offset, "damage moves no offset");
        let mut refused = Vec::new();
        for (offset, payload) in payloads.iter().enumerate() {
            let limits = ReadLimits { bytes_max: 1, at_least_one_batch: true };
            let read = match partition.read(offset as Offset, limits).await {
                Ok(read) => read,
                Err(ReadError::Rot { .. }) => {
                    refused.push(offset as Offset);
                    continue;
                }
                Err(error) => panic!("offset {offset}: {error}"),
            };
            let mut bytes = Vec::new();
            for part in &read.parts {
                bytes.extend_from_slice(&part.load(&core).await.unwrap());
            }
            let batch = batches(&bytes).next().unwrap().unwrap();
            assert_eq!((batch.base_offset(), batch.payload()), (offset as Offset, &**payload), "served as appended");
        }
        refused
    });
    ended.output.unwrap()
}

#[test]
fn what_is_read_for_the_first_time_is_served_from_where_it_was_checked() {
    let disk = Disk::new(3);
    let payloads = written(&disk);
    let last = segments(&disk).into_iter().map(|(path, _)| path).max().unwrap();
    let active_from: Offset = last.file_stem().unwrap().to_str().unwrap().parse().unwrap();
    let ended = run(2, &disk, Stop::Never, async move |core: Core| {
        let (_directory, _log, partition) = open(&core).await;
        for is_first in [true, false] {
            for bytes_max in [1, 20_000, 1 << 20] {
                let mut offset: Offset = 0;
                while offset < active_from {
                    let limits = ReadLimits { bytes_max, at_least_one_batch: true };
                    let read = partition.read(offset, limits).await.unwrap();
                    let [part] = &*read.parts else { panic!("{} parts", read.parts.len()) };
                    let is_fresh = is_first && bytes_max == 1;
                    let is_copied = is_fresh || part.len() <= COPIED_BYTES;
                    assert_eq!(matches!(part, ReadPart::Memory(_)), is_copied, "offset {offset}, at most {bytes_max}");
                    let bytes = part.load(&core).await.unwrap();
                    assert!(bytes.len() <= bytes_max || batches(&bytes).count() == 1);
                    for batch in batches(&bytes) {
                        // The end of a file's range may cut one.
                        let Ok(batch) = batch else { break };
                        let payload = payloads.get(offset as usize).unwrap();
                        assert_eq!((batch.base_offset(), batch.payload()), (offset, &**payload));
                        offset = batch.next_offset();
                    }
                }
            }
        }
    });
    ended.output.unwrap();
}

fn segments(disk: &Disk) -> Vec<(PathBuf, u64)> {
    let directory = Path::new(ROOT).join("topic-0");
    let files = disk.list(&directory).unwrap().into_iter().filter(|file| file.name.ends_with(".log"));
    files.map(|file| (directory.join(&file.name), file.metadata.len)).collect()
}

#[test]
fn each_damaged_block_is_found_and_only_what_it_holds_is_refused() {
    let whole = Disk::new(3);
    let payloads = written(&whole);
    assert!(refused(&whole.fork(0), &payloads).is_empty(), "an undamaged log is served whole");
    let segments = segments(&whole);
    assert!(segments.len() > 2, "sealed segments and an active one");
    for (path, length) in &segments {
        for block in (0..length.div_ceil(BLOCK_BYTES)).map(|number| number * BLOCK_BYTES) {
            // Behind the two headers' unprotected offsets: every byte of a batch from its 17th on is under its
            // checksum.
            let hit = (block + 2_000).min(length - 1);
            let disk = whole.fork(block);
            disk.corrupt(path, hit).unwrap();
            let lost = refused(&disk, &payloads);
            assert!(!lost.is_empty(), "{} damaged at {hit}, and nothing is refused", path.display());
            assert!(lost.len() <= 2, "{} damaged at {hit}, and {lost:?} are refused", path.display());
        }
    }
}

#[test]
fn a_read_that_begins_before_damage_ends_where_it_begins() {
    let disk = Disk::new(3);
    let payloads = written(&disk);
    let segments = segments(&disk);
    let (path, length) = segments.get(1).unwrap();
    let first: Offset = path.file_stem().unwrap().to_str().unwrap().parse().unwrap();
    disk.corrupt(path, length / 2).unwrap();
    let damaged = *refused(&disk, &payloads).first().unwrap();
    assert!(damaged > first);
    let ended = run(2, &disk, Stop::Never, async move |core: Core| {
        let (_directory, _log, partition) = open(&core).await;
        let given = async |offset| {
            let limits = ReadLimits { bytes_max: 1 << 20, at_least_one_batch: true };
            let read = partition.read(offset, limits).await?;
            let mut bytes = Vec::new();
            for part in &read.parts {
                bytes.extend_from_slice(&part.load(&core).await.unwrap());
            }
            Ok::<_, ReadError>(batches(&bytes).map(|batch| batch.unwrap().base_offset()).collect::<Vec<_>>())
        };
        for _ in 0..3 {
            assert_eq!(given(first).await.unwrap(), (first..damaged).collect::<Vec<_>>());
            assert_eq!(given(damaged - 1).await.unwrap(), [damaged - 1]);
            assert!(matches!(given(damaged).await, Err(ReadError::Rot { first, .. }) if first == damaged));
            assert_eq!(given(damaged + 1).await.unwrap()[0], damaged + 1);
        }
    });
    ended.output.unwrap();
}

#[test]
fn damage_is_found_in_each_piece_of_a_large_segment() {
    const VALUE: usize = 60_000;
    const COUNT: Offset = 60;
    let disk = Disk::new(1);
    let large = || PartitionConfig { segment_bytes: 5_000_000, ..PartitionConfig::default() };
    let ended = run(1, &disk, Stop::Never, async move |core: Core| {
        let directory = LogDirectory::open(&core, Path::new(ROOT), 1).await.unwrap();
        let log = CoreLog::open(&core, Path::new(ROOT), LogOptions::default(), directory.start).await.unwrap();
        let partition = log.create_partition(ID, "topic", large()).await.unwrap();
        for _ in 0..COUNT {
            let append = &batch_bytes(None, 1, 1_000, &vec![7; VALUE]);
            let append = Append { batches: append, origin: Origin::Client, leader_epoch: 0, restamp: None };
            let appended = partition.append(&append).await.unwrap();
            partition.wait_durable(appended.next_offset).await.unwrap();
        }
        log.close().await.unwrap();
    });
    ended.output.unwrap();
    let (path, length) = segments(&disk).remove(0);
    assert!(length > 3 * VERIFY_BYTES);
    let batch_bytes = length / COUNT as u64;
    let damaged = [1, 20, 37, 55];
    for offset in damaged {
        disk.corrupt(&path, offset * batch_bytes + 1_000).unwrap();
    }
    let ended = run(2, &disk, Stop::Never, async move |core: Core| {
        let mut directory = LogDirectory::open(&core, Path::new(ROOT), 1).await.unwrap();
        let log = CoreLog::open(&core, Path::new(ROOT), LogOptions::default(), directory.start).await.unwrap();
        let partition = log.adopt(directory.partitions.remove(0), large()).await.unwrap();
        let mut refused = Vec::new();
        for offset in 0..COUNT {
            let limits = ReadLimits { bytes_max: 1, at_least_one_batch: true };
            match partition.read(offset, limits).await {
                Ok(read) => {
                    let mut bytes = Vec::new();
                    for part in &read.parts {
                        bytes.extend_from_slice(&part.load(&core).await.unwrap());
                    }
                    let batch = Batch::first(&bytes).unwrap();
                    assert!(batch.crc_is_valid() && batch.base_offset() == offset, "{offset}");
                }
                Err(ReadError::Rot { first, next, .. }) => refused.push((first, next)),
                Err(error) => panic!("{error}"),
            }
        }
        refused
    });
    let expected = damaged.map(|offset| (offset as Offset, offset as Offset + 1));
    assert_eq!(ended.output.unwrap(), expected);
}

#[test]
fn a_first_read_gives_as_much_as_it_may() {
    let disk = Disk::new(3);
    let payloads = written(&disk);
    let headers = batch_bytes(None, 1, 1_000, &[]).len() - payload_bytes(&batch_bytes(None, 1, 1_000, &[]));
    let bytes_of = |offset: usize| headers + payloads[offset].len();
    let two = bytes_of(1) + bytes_of(2);
    for (bytes_max, expected) in [(two, 2), (two - 1, 1), (two + bytes_of(3) - 1, 2)] {
        let ended = run(2, &disk.fork(1), Stop::Never, async move |core: Core| {
            let (_directory, _log, partition) = open(&core).await;
            let read = partition.read(1, ReadLimits { bytes_max, at_least_one_batch: false }).await.unwrap();
            let [ReadPart::Memory(bytes)] = &*read.parts else { panic!("{:?}", read.parts) };
            batches(bytes).map(|batch| batch.unwrap().base_offset()).collect::<Vec<_>>()
        });
        assert_eq!(ended.output.unwrap(), (1..=expected).collect::<Vec<_>>(), "{bytes_max} bytes");
    }
}

fn payload_bytes(batch: &[u8]) -> usize {
    Batch::first(batch).unwrap().payload().len()
}

#[test]
fn what_rots_after_it_left_memory_is_found_in_the_life_that_wrote_it() {
    const VALUE: usize = 20_000;
    let disk = Disk::new(1);
    let of_host = disk.clone();
    let ended = run(1, &disk, Stop::Never, async move |core: Core| {
        let directory = LogDirectory::open(&core, Path::new(ROOT), 1).await.unwrap();
        let options = LogOptions { tail_bytes: 200_000, ..LogOptions::default() };
        let log = CoreLog::open(&core, Path::new(ROOT), options, directory.start).await.unwrap();
        let partition = log.create_partition(ID, "topic", PartitionConfig::default()).await.unwrap();
        let batch = batch_bytes(None, 1, 1_000, &vec![7; VALUE]);
        for _ in 0..40 {
            let append = Append { batches: &batch, origin: Origin::Client, leader_epoch: 0, restamp: None };
            let appended = partition.append(&append).await.unwrap();
            partition.wait_durable(appended.next_offset).await.unwrap();
        }
        of_host.corrupt(&segments(&of_host)[0].0, batch.len() as u64 * 2 + 5_000).unwrap();
        let limits = ReadLimits { bytes_max: 1, at_least_one_batch: true };
        assert!(partition.read(1, limits).await.is_ok());
        assert!(matches!(partition.read(2, limits).await, Err(ReadError::Rot { first: 2, next: 3, .. })));
        assert!(partition.read(3, limits).await.is_ok() && partition.read(39, limits).await.is_ok());
    });
    ended.output.unwrap();
}
