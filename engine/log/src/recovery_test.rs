//! What a start makes of the files that it finds: longer or shorter than they should be, durable or not, left over.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use millrace_base::ids::{Offset, TopicId, TopicPartition};
use millrace_record::batch::Batch;
use millrace_runtime::Core;
use millrace_runtime::sim::{Disk, Stop, run};

use crate::limits::BLOCK_BYTES;
use crate::testing::batch_bytes;
use crate::{
    Append, CoreLog, LogDirectory, LogOptions, Origin, Partition, PartitionConfig, ReadError, ReadLimits, Unavailable,
};

const ROOT: &str = "/log";
const ID: TopicPartition = TopicPartition { topic: TopicId([6; 16]), partition: 0 };
const VALUE_BYTES: usize = 1_500;
/// Two a segment.
const BATCHES: Offset = 5;

struct Opened {
    core: Core,
    _directory: LogDirectory,
    log: Rc<CoreLog>,
    partition: Rc<Partition>,
}

impl Opened {
    async fn append(&self) -> Offset {
        let value = [self.partition.offsets().log_end as u8; VALUE_BYTES];
        let batches = &batch_bytes(Some((7, 0, self.partition.offsets().log_end as i32)), 1, 0, &value);
        let append = Append { batches, origin: Origin::Client, leader_epoch: 0, restamp: None };
        let appended = self.partition.append(&append).await.unwrap();
        self.partition.wait_durable(appended.next_offset).await.unwrap();
        appended.base_offset
    }

    /// The offsets and a byte of the value of each batch from the log start on.
    async fn read_all(&self) -> Vec<(Offset, u8)> {
        let mut found = Vec::new();
        let mut offset = self.partition.offsets().log_start;
        while offset < self.partition.offsets().high_watermark {
            let limits = ReadLimits { bytes_max: 1, at_least_one_batch: true };
            let read = self.partition.read(offset, limits).await.unwrap();
            let mut bytes = Vec::new();
            for part in &read.parts {
                bytes.extend_from_slice(&part.load(&self.core).await.unwrap());
            }
            let batch = Batch::first(&bytes).unwrap();
            assert!(batch.crc_is_valid());
            found.push((batch.base_offset(), batch.payload()[VALUE_BYTES / 2]));
            offset = batch.next_offset();
        }
        found
    }
}

/// Runs a life of the broker on a disk.
fn on<T: 'static>(disk: &Disk, stop: Stop, main: impl AsyncFnOnce(Opened) -> T + 'static) -> Option<T> {
    let opened = async move |core: Core| {
        let mut directory = LogDirectory::open(&core, Path::new(ROOT), 1).await.unwrap();
        let log = CoreLog::open(&core, Path::new(ROOT), LogOptions::default(), directory.start).await.unwrap();
        let config = PartitionConfig { segment_bytes: 4_000, ..PartitionConfig::default() };
        let partition = match directory.partitions.pop() {
            Some(recovered) => log.adopt(recovered, config).await.unwrap(),
            None => log.create_partition(ID, "topic", config).await.unwrap(),
        };
        main(Opened { core, _directory: directory, log, partition }).await
    };
    run(1, disk, stop, opened).output
}

/// A disk with [`BATCHES`] batches.
fn written(is_clean: bool) -> Disk {
    let disk = Disk::new(1);
    let main = async move |opened: Opened| {
        for _ in 0..BATCHES {
            opened.append().await;
        }
        assert_eq!(opened.partition.segment_bases(), [0, 2, 4]);
        if is_clean {
            opened.log.close().await.unwrap();
        }
    };
    on(&disk, Stop::Never, main).unwrap();
    disk.kill();
    disk
}

fn expected(batches: Offset) -> Vec<(Offset, u8)> {
    (0..batches).map(|offset| (offset, offset as u8)).collect()
}

fn segment(base: Offset) -> PathBuf {
    Path::new(ROOT).join("topic-0").join(format!("{base:020}.log"))
}

fn length(disk: &Disk, base: Offset) -> usize {
    disk.read_file(&segment(base)).unwrap().len()
}

fn without_checkpoints(disk: &Disk) {
    for name in ["recovered", "0"] {
        disk.corrupt(&Path::new(ROOT).join(format!("journal/{name}.checkpoint")), 40).unwrap();
    }
}

#[test]
fn space_behind_the_last_batch_of_a_clean_log_stays_and_that_behind_a_sealed_segment_is_cut() {
    const SPACE: [u8; 10_000] = [0; 10_000];
    let disk = written(true);
    let (sealed, active) = (length(&disk, 0), length(&disk, 4));
    for base in [0, 4] {
        let bytes = disk.read_file(&segment(base)).unwrap();
        disk.write_file(&segment(base), &[&bytes, &SPACE[..]].concat()).unwrap();
    }
    run(1, &disk, Stop::Never, async |core: Core| drop(LogDirectory::open(&core, Path::new(ROOT), 1).await.unwrap()));
    assert_eq!((length(&disk, 0), length(&disk, 4)), (sealed, active + SPACE.len()));
    let found = on(&disk, Stop::Never, async |opened| {
        assert_eq!(opened.append().await, BATCHES);
        opened.read_all().await
    });
    assert_eq!(found.unwrap(), expected(BATCHES + 1));
}

#[test]
fn a_segment_that_is_too_short_takes_its_partition_offline_and_stays_as_it_is() {
    for base in [0, 4] {
        let disk = written(true);
        let bytes = disk.read_file(&segment(base)).unwrap();
        disk.write_file(&segment(base), &bytes[..bytes.len() - 1]).unwrap();
        let offline = on(&disk, Stop::Never, async |opened| opened.partition.check().unwrap_err()).unwrap();
        let told = format!("segment {base} is too short: {} bytes of {}", bytes.len() - 1, bytes.len());
        assert!(matches!(&offline, Unavailable::PartitionOffline(why) if **why == *told), "{offline:?}");
        disk.kill();
        assert_eq!(length(&disk, base), bytes.len() - 1);
        disk.write_file(&segment(base), &bytes).unwrap();
        assert_eq!(on(&disk, Stop::Never, async |opened| opened.read_all().await).unwrap(), expected(BATCHES));
    }
}

#[test]
fn what_a_killed_process_left_in_the_page_cache_is_durable_after_the_next_start() {
    for has_checkpoint in [true, false] {
        let disk = written(false);
        if !has_checkpoint {
            without_checkpoints(&disk);
        }
        let found = on(&disk, Stop::Never, async |opened| opened.read_all().await);
        assert_eq!(found.unwrap(), expected(BATCHES));
        disk.power_loss_keeping_only_durable();
        let found = on(&disk, Stop::Never, async |opened| opened.read_all().await);
        assert_eq!(found.unwrap(), expected(BATCHES), "with a checkpoint: {has_checkpoint}");
    }
}

/// Takes away all that is not in the segments.
fn without_journal(disk: &Disk) {
    run(1, disk, Stop::Never, async |core: Core| {
        let journal = Path::new(ROOT).join("journal");
        for entry in core.read_dir(&journal).await.unwrap() {
            core.remove_file(&journal.join(entry.name)).await.unwrap();
        }
    });
}

#[test]
fn without_checkpoint_and_journal_the_segments_say_what_there_is() {
    let disk = written(true);
    without_journal(&disk);
    for _start in 0..2 {
        let found = on(&disk, Stop::Never, async |opened| {
            let producers = opened.partition.producers();
            let last = producers.entries().map(|(id, _, batches)| (id, batches.last().unwrap().last_sequence));
            (opened.read_all().await, last.collect::<Vec<_>>())
        });
        assert_eq!(found.unwrap(), (expected(BATCHES), vec![(7, BATCHES as i32 - 1)]));
        disk.kill();
    }
}

/// A disk with a partition that no checkpoint knows yet, of three batches that went straight to their segment, and its
/// length.
fn created_since_the_checkpoint() -> (Disk, usize) {
    straight_batches(80_000)
}

/// The same, with values of so many bytes.
fn straight_batches(value_bytes: usize) -> (Disk, usize) {
    let disk = Disk::new(1);
    let length = run(1, &disk, Stop::Never, async move |core: Core| {
        let directory = LogDirectory::open(&core, Path::new(ROOT), 1).await.unwrap();
        let options = LogOptions { large_run_bytes: 64 << 10, ..LogOptions::default() };
        let log = CoreLog::open(&core, Path::new(ROOT), options, directory.start).await.unwrap();
        let partition = log.create_partition(ID, "topic", PartitionConfig::default()).await.unwrap();
        for value in 0..3 {
            let batches = &batch_bytes(None, 1, 0, &vec![value; value_bytes]);
            let append = Append { batches, origin: Origin::Client, leader_epoch: 0, restamp: None };
            let appended = partition.append(&append).await.unwrap();
            partition.wait_durable(appended.next_offset).await.unwrap();
        }
        partition.size_bytes() as usize
    });
    disk.power_loss_keeping_only_durable();
    (disk, length.output.unwrap())
}

#[test]
fn damage_in_a_partition_that_no_checkpoint_knows_yet_takes_its_own_records_only() {
    let (whole, length) = created_since_the_checkpoint();
    for damaged in 0..3 {
        let disk = whole.fork(1);
        disk.corrupt(&segment(0), length as u64 * (2 * damaged + 1) / 6).unwrap();
        on(&disk, Stop::Never, async move |opened| {
            assert_eq!(opened.partition.offsets().log_end, 3, "what was acknowledged counts");
            let limits = ReadLimits { bytes_max: 1, at_least_one_batch: true };
            for offset in 0..3 {
                let read = opened.partition.read(offset, limits).await;
                let is_refused = offset == damaged as Offset;
                assert_eq!(matches!(read, Err(ReadError::Rot { .. })), is_refused, "{offset}, damaged: {damaged}");
                assert_eq!(read.is_err(), is_refused);
            }
        })
        .unwrap();
    }
}

#[test]
fn zeros_where_acknowledged_records_were_are_damage_also_at_the_end() {
    // Batches of whole blocks: the journal holds nothing of the last one.
    let bytes = 20 * BLOCK_BYTES as usize;
    let overhead = batch_bytes(None, 1, 0, &[0; 80_000]).len() - 80_000;
    let (disk, length) = straight_batches(bytes - overhead);
    assert_eq!(length, 3 * bytes);
    let mut segment_bytes = disk.read_file(&segment(0)).unwrap();
    segment_bytes[2 * bytes..].fill(0);
    disk.write_file(&segment(0), &segment_bytes).unwrap();
    on(&disk, Stop::Never, async move |opened| {
        let limits = ReadLimits { bytes_max: 1, at_least_one_batch: true };
        let read = opened.partition.read(2, limits).await;
        assert!(matches!(read, Err(ReadError::Rot { .. })), "{read:?}");
        assert_eq!(opened.append().await, 3, "behind what was acknowledged");
        assert!(opened.partition.read(2, limits).await.is_err());
    })
    .unwrap();
}

#[test]
fn what_was_never_acknowledged_of_a_partition_that_no_checkpoint_knows_yet_is_cut() {
    let (disk, length) = created_since_the_checkpoint();
    let mut bytes = disk.read_file(&segment(0)).unwrap();
    bytes.resize(length, 0);
    bytes.resize(length + 5_000, 0xab);
    disk.write_file(&segment(0), &bytes).unwrap();
    run(1, &disk, Stop::Never, async |core: Core| drop(LogDirectory::open(&core, Path::new(ROOT), 1).await.unwrap()));
    assert_eq!(disk.read_file(&segment(0)).unwrap().len(), length);
}

#[test]
fn behind_a_segment_of_which_all_is_damaged_the_log_goes_on_in_it() {
    let disk = Disk::new(1);
    on(&disk, Stop::Never, async |opened| {
        opened.append().await;
        opened.append().await;
        opened.log.close().await.unwrap();
    });
    disk.kill();
    // Nothing says how far it went.
    without_journal(&disk);
    let before = length(&disk, 0);
    for at in [500, before - 500] {
        disk.corrupt(&segment(0), at as u64).unwrap();
    }
    let main = async |opened: Opened| {
        let first = opened.append().await;
        (first, opened.partition.segment_bases(), opened.read_all().await.last().copied())
    };
    let (first, segments, read) = on(&disk, Stop::Never, main).unwrap();
    assert_eq!((segments, read), (vec![0], Some((first, first as u8))));
    assert!(length(&disk, 0) >= before, "what is damaged is kept");
}

#[test]
fn a_new_segment_begins_empty_whatever_a_failed_attempt_left_of_its_name() {
    let disk = Disk::new(1);
    let of_host = disk.clone();
    on(&disk, Stop::Never, async move |opened| {
        opened.append().await;
        opened.append().await;
        of_host.write_file(&segment(2), &[0xab; 200_000]).unwrap();
        opened.append().await;
        let bytes = of_host.read_file(&segment(2)).unwrap();
        assert!(bytes.iter().all(|byte| *byte != 0xab), "what was left is gone");
        opened.log.close().await.unwrap();
    });
    disk.kill();
    assert_eq!(on(&disk, Stop::Never, async |opened| opened.read_all().await).unwrap(), expected(3));
}

#[test]
fn what_a_deleted_segment_said_of_a_producer_is_known_wherever_a_crash_cuts_the_deletion_short() {
    for operations in 1.. {
        let disk = written(true);
        let ended = on(&disk, Stop::AfterDiskOps(operations), async |opened| {
            opened.partition.delete_records(BATCHES).await.unwrap();
            // Until the files are gone that may go.
            while opened.partition.segment_bases().len() > 1 {
                opened.core.sleep(std::time::Duration::from_millis(1)).await;
            }
        });
        if operations % 2 == 0 {
            disk.kill();
        } else {
            disk.power_loss();
        }
        let known = on(&disk, Stop::Never, async |opened| {
            let producers = opened.partition.producers();
            let last = producers.entries().map(|(id, _, batches)| (id, batches.last().unwrap().last_sequence));
            last.collect::<Vec<_>>()
        });
        assert_eq!(known.unwrap(), [(7, BATCHES as i32 - 1)], "after {operations} operations");
        if ended.is_some() {
            return;
        }
    }
}

#[test]
fn the_epochs_for_kafkas_tools_are_those_that_the_log_has_also_when_they_become_fewer() {
    let disk = Disk::new(1);
    let epochs = Path::new("/log/topic-0/leader-epoch-checkpoint");
    let batch = batch_bytes(None, 1, 0, b"value");
    on(&disk, Stop::Never, async move |opened| {
        for leader_epoch in [3, 5] {
            let append = Append { batches: &batch, origin: Origin::Client, leader_epoch, restamp: None };
            let appended = opened.partition.append(&append).await.unwrap();
            opened.partition.wait_durable(appended.next_offset).await.unwrap();
        }
        opened.log.close().await.unwrap();
    });
    assert_eq!(disk.read_file(epochs).unwrap(), b"0\n2\n3 0\n5 1\n");
    on(&disk, Stop::Never, async |opened| {
        opened.partition.truncate(1).await.unwrap();
        opened.log.close().await.unwrap();
    });
    assert_eq!(disk.read_file(epochs).unwrap(), b"0\n1\n3 0\n");
}
