//! What the log does when a file is missing or damaged, the disk is full, or a write or sync fails: the table of
//! faults, row by row.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use millrace_base::ids::{Offset, TopicId, TopicPartition};
use millrace_record::batch::Batch;
use millrace_runtime::Core;
use millrace_runtime::sim::{Access, Disk, Failure, Stop, run};

use crate::limits::SCAN_BYTES;
use crate::testing::batch_bytes;
use crate::{
    Append, AppendError, CoreLog, LogDirectory, LogOptions, Origin, Partition, PartitionConfig, ReadError, ReadLimits,
    Unavailable,
};

const ROOT: &str = "/log";
const TOPIC: TopicId = TopicId([5; 16]);
const PARTITIONS: i32 = 2;
const BATCHES: Offset = 40;
const VALUE_BYTES: usize = 3_000;

struct Opened {
    core: Core,
    _directory: LogDirectory,
    log: Rc<CoreLog>,
}

impl Opened {
    async fn open(core: &Core) -> Opened {
        let mut directory = LogDirectory::open(core, Path::new(ROOT), 1).await.unwrap();
        let log = CoreLog::open(core, Path::new(ROOT), options(), directory.start).await.unwrap();
        for recovered in std::mem::take(&mut directory.partitions) {
            log.adopt(recovered, config()).await.unwrap();
        }
        for partition in 0..PARTITIONS {
            if log.get(id(partition)).is_none() {
                log.create_partition(id(partition), "topic", config()).await.unwrap();
            }
        }
        Opened { core: core.clone(), _directory: directory, log }
    }

    fn partition(&self, partition: i32) -> Rc<Partition> {
        self.log.get(id(partition)).unwrap()
    }

    async fn append(&self, partition: i32) -> Result<Offset, AppendError> {
        let partition = self.partition(partition);
        let value = vec![partition.offsets().log_end as u8; VALUE_BYTES];
        let bytes = batch_bytes(None, 1, partition.offsets().log_end, &value);
        let append = Append { batches: &bytes, origin: Origin::Client, leader_epoch: 0, restamp: None };
        let appended = partition.append(&append).await?;
        partition.wait_durable(appended.next_offset).await?;
        Ok(appended.base_offset)
    }

    /// The value of the record at `offset`.
    async fn read(&self, partition: i32, offset: Offset) -> Result<u8, ReadError> {
        let limits = ReadLimits { bytes_max: 1, at_least_one_batch: true };
        let read = self.partition(partition).read(offset, limits).await?;
        let mut bytes = Vec::new();
        for part in &read.parts {
            bytes.extend_from_slice(&part.load(&self.core).await.unwrap());
        }
        let batch = Batch::first(&bytes).unwrap();
        assert_eq!(batch.base_offset(), offset);
        Ok(batch.payload().to_vec()[VALUE_BYTES / 2])
    }

    async fn assert_whole(&self, partition: i32) {
        assert_eq!(self.partition(partition).offsets().log_end, BATCHES, "partition {partition}");
        for offset in 0..BATCHES {
            assert_eq!(self.read(partition, offset).await.unwrap(), offset as u8, "partition {partition}");
        }
        let found = self.partition(partition).offset_for_timestamp(BATCHES / 2).await.unwrap();
        assert_eq!(found, Some((BATCHES / 2, BATCHES / 2)));
        assert!(self.partition(partition).rot().is_empty());
    }
}

fn id(partition: i32) -> TopicPartition {
    TopicPartition { topic: TOPIC, partition }
}

fn config() -> PartitionConfig {
    PartitionConfig { segment_bytes: 64 * 1024, index_interval_bytes: 4096, ..PartitionConfig::default() }
}

/// A journal so small that the test fills it: parts of it are released, checkpoints follow.
fn options() -> LogOptions {
    LogOptions {
        journal_first_bytes: 128 << 10,
        journal_file_bytes: 128 << 10,
        journal_files: 2,
        journal_commit_bytes: 80 << 10,
        large_run_bytes: 64 << 10,
        destage_bytes: 16 << 10,
        ..LogOptions::default()
    }
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum End {
    Clean,
    Killed,
}

const ENDS: [End; 2] = [End::Clean, End::Killed];

/// A disk with a log of [`BATCHES`] batches in each partition.
fn written(end: End) -> Disk {
    let disk = Disk::new(7);
    on(&disk, async move |core| {
        let opened = Opened::open(core).await;
        for _ in 0..BATCHES {
            for partition in 0..PARTITIONS {
                opened.append(partition).await.unwrap();
            }
        }
        if end == End::Clean {
            opened.log.close().await.unwrap();
        }
    });
    disk.kill();
    disk
}

fn on<T: 'static>(disk: &Disk, main: impl AsyncFnOnce(&Core) -> T + 'static) -> T {
    run(1, disk, Stop::Never, async move |core: Core| main(&core).await).output.unwrap()
}

fn files(disk: &Disk, directory: &str, suffix: &str) -> Vec<PathBuf> {
    let directory = Path::new(ROOT).join(directory);
    let names = disk.list(&directory).unwrap().into_iter().map(|entry| entry.name);
    names.filter(|name| name.ends_with(suffix)).map(|name| directory.join(name)).collect()
}

fn remove(disk: &Disk, files: Vec<PathBuf>) {
    on(disk, async move |core| {
        for file in files {
            core.remove_file(&file).await.unwrap();
        }
    });
}

#[test]
fn a_damaged_checkpoint_is_rebuilt_from_segments_and_journal() {
    for end in ENDS {
        let whole = written(end);
        let checkpoints = files(&whole, "journal", ".checkpoint");
        assert_eq!(checkpoints.len(), 2, "recovery's and the core's");
        for checkpoint in checkpoints {
            for damage in [Disk::corrupt, Disk::spoil] {
                let disk = whole.fork(1);
                damage(&disk, &checkpoint, 40).unwrap();
                on(&disk, async |core| {
                    let opened = Opened::open(core).await;
                    opened.assert_whole(0).await;
                    opened.assert_whole(1).await;
                });
            }
        }
    }
}

#[test]
fn a_missing_checkpoint_is_rebuilt_from_segments_and_journal() {
    for end in ENDS {
        let whole = written(end);
        for checkpoint in files(&whole, "journal", ".checkpoint") {
            let disk = whole.fork(1);
            remove(&disk, vec![checkpoint]);
            on(&disk, async |core| {
                let opened = Opened::open(core).await;
                opened.assert_whole(0).await;
                opened.assert_whole(1).await;
            });
        }
    }
}

#[test]
fn a_damaged_or_missing_index_is_built_anew() {
    let whole = written(End::Clean);
    let indexes = files(&whole, "topic-0", ".sparse");
    assert!(indexes.len() > 1);
    for index in indexes {
        let damaged = whole.fork(1);
        damaged.corrupt(&index, 20).unwrap();
        let missing = whole.fork(2);
        remove(&missing, vec![index]);
        for disk in [damaged, missing] {
            on(&disk, async |core| Opened::open(core).await.assert_whole(0).await);
        }
    }
}

#[test]
fn without_its_journal_a_clean_log_is_whole_and_another_one_is_offline() {
    for end in ENDS {
        let disk = written(end);
        let mut journal = files(&disk, "journal", ".ring");
        journal.extend(files(&disk, "journal", ".journal"));
        assert!(journal.len() >= 3, "{journal:?}");
        remove(&disk, journal);
        on(&disk, async move |core| {
            let opened = Opened::open(core).await;
            match end {
                End::Clean => opened.assert_whole(0).await,
                End::Killed => {
                    let offline = opened.partition(0).check().unwrap_err();
                    assert!(matches!(&offline, Unavailable::PartitionOffline(why) if why.contains("journal")));
                }
            }
        });
    }
}

#[test]
fn a_missing_segment_takes_its_partition_offline_and_no_other() {
    for end in ENDS {
        let whole = written(end);
        for segment in files(&whole, "topic-0", ".log") {
            let disk = whole.fork(1);
            let bytes = disk.read_file(&segment).unwrap();
            remove(&disk, vec![segment.clone()]);
            let removed = segment.clone();
            on(&disk, async move |core| {
                let opened = Opened::open(core).await;
                let offline = opened.partition(0).check().expect_err(&format!("{end:?}, {}", removed.display()));
                assert!(matches!(&offline, Unavailable::PartitionOffline(why) if why.contains("is missing")));
                opened.assert_whole(1).await;
            });
            if end == End::Clean {
                // Brought back, it is served again.
                disk.write_file(&segment, &bytes).unwrap();
                on(&disk, async |core| Opened::open(core).await.assert_whole(0).await);
            }
        }
    }
}

#[test]
fn without_any_segment_and_without_a_checkpoint_a_partition_is_offline_at_each_start() {
    let disk = written(End::Killed);
    remove(&disk, files(&disk, "topic-0", ".log"));
    for checkpoint in files(&disk, "journal", ".checkpoint") {
        disk.corrupt(&checkpoint, 40).unwrap();
    }
    for _start in 0..2 {
        on(&disk, async |core| {
            let opened = Opened::open(core).await;
            let offline = opened.partition(0).check().unwrap_err();
            assert!(
                matches!(&offline, Unavailable::PartitionOffline(why) if why.contains("is missing")),
                "{offline:?}"
            );
            opened.assert_whole(1).await;
        });
        disk.kill();
    }
}

#[test]
fn an_unreadable_block_takes_only_its_own_records() {
    for end in ENDS {
        let disk = written(end);
        let first = files(&disk, "topic-0", ".log").remove(0);
        disk.spoil(&first, 9_000).unwrap();
        on(&disk, async |core| {
            let opened = Opened::open(core).await;
            let mut refused = 0;
            for offset in 0..BATCHES {
                match opened.read(0, offset).await {
                    Ok(value) => assert_eq!(value, offset as u8),
                    Err(ReadError::Rot { first, next, .. }) => {
                        assert!((first..next).contains(&offset));
                        refused += 1;
                    }
                    Err(error) => panic!("{error}"),
                }
            }
            assert!((1..=3).contains(&refused), "{refused} of {BATCHES} refused");
            opened.assert_whole(1).await;
        });
    }
}

#[test]
fn a_partition_without_its_topic_id_stops_the_start_and_says_what_to_do() {
    let disk = written(End::Clean);
    disk.write_file(Path::new("/log/topic-0/partition.metadata"), b"").unwrap();
    on(&disk, async |core| {
        let error = LogDirectory::open(core, Path::new(ROOT), 1).await.unwrap_err().to_string();
        assert!(error.contains("/log/topic-0/partition.metadata") && error.contains("restore it"), "{error}");
    });
}

/// A partition's directory in which there is a segment with these bytes, and what is to be its metadata.
fn unfinished(segment: &[u8], metadata: Option<&[u8]>) -> Disk {
    let disk = written(End::Clean);
    on(&disk, async |core| core.create_dir_all(Path::new("/log/topic-7")).await.unwrap());
    disk.write_file(Path::new("/log/topic-7/00000000000000000000.log"), segment).unwrap();
    if let Some(metadata) = metadata {
        disk.write_file(Path::new("/log/topic-7/partition.metadata"), metadata).unwrap();
    }
    disk
}

fn names(disk: &Disk, directory: &str) -> Vec<String> {
    let entries = disk.list(&Path::new(ROOT).join(directory)).unwrap();
    entries.into_iter().map(|entry| entry.name).collect()
}

#[test]
fn a_partition_without_its_topic_id_is_removed_if_nothing_was_ever_written_to_it() {
    let mut torn = vec![0; 4096];
    torn[4095] = 1;
    for (segment, is_removed) in [(&[][..], true), (&[0; 4096], true), (&[0; 9000], true), (&torn, false)] {
        for metadata in [None, Some(&b"version: 0\n"[..])] {
            let disk = unfinished(segment, metadata);
            on(&disk, async move |core| {
                let opened = LogDirectory::open(core, Path::new(ROOT), 1).await;
                assert_eq!(opened.is_ok(), is_removed, "{:?}", opened.err());
            });
            assert_eq!(names(&disk, "").contains(&"topic-7".to_owned()), !is_removed);
        }
    }
}

#[test]
fn a_topic_id_that_power_loss_left_unreadable_is_none_and_one_that_cannot_be_opened_stops_the_start() {
    let metadata = Path::new("/log/topic-7/partition.metadata");
    let disk = unfinished(&[0; 4096], Some(b"version: 0\ntopic_id: BwcHBwcHBwcHBwcHBwcHBw\n"));
    disk.spoil(metadata, 0).unwrap();
    on(&disk, async |core| drop(LogDirectory::open(core, Path::new(ROOT), 1).await.unwrap()));
    assert!(!names(&disk, "").contains(&"topic-7".to_owned()));
    let disk = unfinished(&[0; 4096], None);
    on(&disk, async move |core| {
        core.create_dir_all(metadata).await.unwrap();
        let error = LogDirectory::open(core, Path::new(ROOT), 1).await.unwrap_err().to_string();
        assert!(error.contains("/log/topic-7/partition.metadata"), "{error}");
    });
}

#[test]
fn what_is_left_of_partitions_and_segments_that_were_deleted_is_removed() {
    let disk = written(End::Clean);
    let left = "/log/topic-0/00000000000000000000.log.deleted";
    disk.write_file(Path::new(left), b"gone").unwrap();
    on(&disk, async |core| {
        core.create_dir_all(Path::new("/log/topic-7")).await.unwrap();
        let doomed = crate::layout::deleted_directory(Path::new(ROOT), id(8));
        core.create_dir_all(&doomed).await.unwrap();
    });
    let id = b"version: 0\ntopic_id: BwcHBwcHBwcHBwcHBwcHBw\n";
    disk.write_file(Path::new("/log/topic-7/partition.metadata"), id).unwrap();
    on(&disk, async |core| {
        let directory = LogDirectory::open(core, Path::new(ROOT), 1).await.unwrap();
        let mut found: Vec<_> = directory.partitions.iter().map(|found| (found.topic_name(), found.id())).collect();
        found.sort_by_key(|(_, id)| id.partition);
        assert_eq!(found, [("topic", self::id(0)), ("topic", self::id(1))]);
    });
    let directories = names(&disk, "").into_iter().filter(|name| name.contains("topic") || name.contains("delete"));
    assert_eq!(directories.collect::<Vec<_>>(), ["topic-0", "topic-1"]);
    assert!(!names(&disk, "topic-0").iter().any(|name| name.ends_with(".deleted")));
}

#[test]
fn a_partition_that_is_not_to_be_is_removed_and_the_epochs_of_the_others_are_left_for_kafkas_tools() {
    let disk = written(End::Clean);
    on(&disk, async |core| {
        let mut directory = LogDirectory::open(core, Path::new(ROOT), 1).await.unwrap();
        let log = CoreLog::open(core, Path::new(ROOT), options(), directory.start).await.unwrap();
        for recovered in std::mem::take(&mut directory.partitions) {
            if recovered.id() == id(0) {
                log.discard(recovered).await.unwrap();
            } else {
                log.adopt(recovered, config()).await.unwrap();
            }
        }
        log.close().await.unwrap();
    });
    let directories = names(&disk, "").into_iter().filter(|name| name.contains("topic") || name.contains("delete"));
    assert_eq!(directories.collect::<Vec<_>>(), ["topic-1"]);
    // The version of the file, how many epochs follow, and each with its first offset.
    let epochs = disk.read_file(Path::new("/log/topic-1/leader-epoch-checkpoint")).unwrap();
    assert_eq!(String::from_utf8(epochs).unwrap(), "0\n1\n0 0\n");
}

#[test]
fn a_directory_whose_name_cannot_be_made_durable_is_not_opened() {
    let disk = Disk::new(1);
    let of_host = disk.clone();
    on(&disk, async move |core| {
        of_host.fail(Access::Sync, Failure::Next(1));
        let error = LogDirectory::open(core, Path::new(ROOT), 1).await.unwrap_err().to_string();
        assert!(error.contains("sync /log"), "{error}");
        of_host.fail(Access::Sync, Failure::Next(0));
        drop(LogDirectory::open(core, Path::new(ROOT), 1).await.unwrap());
    });
}

#[test]
fn without_a_checkpoint_what_follows_the_last_batch_is_kept_unless_it_is_blank() {
    const GARBAGE: [u8; 100] = [0xab; 100];
    let whole = written(End::Clean);
    for checkpoint in files(&whole, "journal", ".checkpoint") {
        whole.corrupt(&checkpoint, 40).unwrap();
    }
    let last = files(&whole, "topic-0", ".log").pop().unwrap();
    let batches = whole.read_file(&last).unwrap();
    for (blank_bytes, garbage) in [(0, &GARBAGE[..]), (5_000, &GARBAGE), (2 * SCAN_BYTES + 77, &GARBAGE), (9_000, &[])]
    {
        let disk = whole.fork(1);
        let end = batches.len() + blank_bytes;
        disk.write_file(&last, &[&batches, &vec![0; blank_bytes][..], garbage].concat()).unwrap();
        on(&disk, async |core| {
            let opened = Opened::open(core).await;
            for offset in 0..BATCHES {
                assert_eq!(opened.read(0, offset).await.unwrap(), offset as u8);
            }
            assert_eq!(opened.append(0).await.unwrap(), BATCHES);
            assert_eq!(opened.read(0, BATCHES).await.unwrap(), BATCHES as u8);
            opened.log.close().await.unwrap();
        });
        let (now, segments) = (disk.read_file(&last).unwrap(), files(&disk, "topic-0", ".log").len());
        if garbage.is_empty() {
            assert!(segments > 1 && now.len() < end + 2 * VALUE_BYTES, "{} bytes", now.len());
        } else {
            assert_eq!(now.get(end..end + garbage.len()), Some(garbage), "behind {blank_bytes} zeros");
        }
    }
}

#[test]
fn a_full_disk_refuses_appends_serves_reads_and_heals() {
    let disk = Disk::new(1);
    let of_host = disk.clone();
    on(&disk, async move |core| {
        let opened = Opened::open(core).await;
        let mut end = 0;
        for _round in 0..20 {
            of_host.fill();
            let refused = loop {
                match opened.append(0).await {
                    Ok(offset) => {
                        assert_eq!(offset, end);
                        end += 1;
                    }
                    Err(error) => break error,
                }
            };
            assert!(matches!(refused, AppendError::NoSpace(_)), "{refused}");
            assert_eq!(opened.partition(0).offsets().log_end, end, "nothing was assigned");
            for offset in 0..end {
                assert_eq!(opened.read(0, offset).await.unwrap(), offset as u8);
            }
            of_host.set_capacity_bytes(None);
            assert_eq!(opened.append(0).await.unwrap(), end);
            end += 1;
        }
        opened.log.close().await.unwrap();
    });
}

#[test]
fn a_failed_write_or_sync_takes_the_directory_offline_and_nothing_more_is_acknowledged() {
    for access in [Access::Write, Access::Sync] {
        let disk = Disk::new(1);
        let of_host = disk.clone();
        let acknowledged = on(&disk, async move |core| {
            let opened = Opened::open(core).await;
            for _ in 0..5 {
                opened.append(0).await.unwrap();
            }
            of_host.fail(access, Failure::Next(1));
            for partition in [0, 1, 0] {
                let error = opened.append(partition).await.unwrap_err();
                assert!(
                    matches!(&error, AppendError::Unavailable(Unavailable::DirectoryOffline(_))),
                    "{access:?}: {error}"
                );
            }
            assert!(opened.log.close().await.is_err(), "an offline directory is not marked clean");
            5
        });
        disk.power_loss_keeping_only_durable();
        on(&disk, async move |core| {
            let opened = Opened::open(core).await;
            assert!(opened.partition(0).offsets().log_end >= acknowledged);
            for offset in 0..acknowledged {
                assert_eq!(opened.read(0, offset).await.unwrap(), offset as u8);
            }
        });
    }
}

#[test]
fn a_log_that_was_closed_or_has_failed_takes_no_new_partition() {
    for is_closed in [true, false] {
        let disk = Disk::new(1);
        let of_host = disk.clone();
        on(&disk, async move |core| {
            let opened = Opened::open(core).await;
            if is_closed {
                opened.log.close().await.unwrap();
            } else {
                of_host.fail(Access::Write, Failure::Next(1));
                opened.append(0).await.unwrap_err();
            }
            let refused =
                opened.log.create_partition(id(PARTITIONS), "topic", config()).await.err().unwrap().to_string();
            let told = if is_closed { "closed" } else { "offline" };
            assert!(refused.contains(told), "{refused}");
        });
        assert!(!names(&disk, "").contains(&"topic-2".to_owned()));
    }
}
