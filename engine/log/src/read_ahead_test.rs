//! Reading ahead: what is served is what a read just then would give, and what is kept is little and not for long.

use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use millrace_base::ids::{Offset, TopicId, TopicPartition};
use millrace_record::batch::{Batch, batches};
use millrace_runtime::Core;
use millrace_runtime::sim::{Access, Disk, Failure, Stop, run};

use crate::limits::READ_AHEAD_KEPT;
use crate::testing::batch_bytes;
use crate::{Append, CoreLog, LogDirectory, LogOptions, Origin, Partition, PartitionConfig, ReadError, ReadLimits};

const ROOT: &str = "/log";
const PARTITIONS: i32 = 3;
/// What they are written with.
const VALUES: [u8; PARTITIONS as usize] = [0, 50, 100];
/// Batches of one record that a partition begins with: some of its data is sealed, and most is in no memory.
const BATCHES: Offset = 60;
const VALUE_BYTES: usize = 90_000;
/// What a reader asks for each time: a few batches.
const LIMITS: ReadLimits = ReadLimits { bytes_max: 400_000, at_least_one_batch: true };
/// Long enough for what was begun to be there.
const PAUSE: Duration = Duration::from_millis(100);

fn id(partition: i32) -> TopicPartition {
    TopicPartition { topic: TopicId([8; 16]), partition }
}

fn options() -> LogOptions {
    LogOptions { tail_bytes: 512 * 1024, ..LogOptions::default() }
}

/// Two segments and some.
fn config() -> PartitionConfig {
    PartitionConfig { segment_bytes: 2_500_000, ..PartitionConfig::default() }
}

struct Opened {
    core: Core,
    log: Rc<CoreLog>,
    partitions: Vec<Rc<Partition>>,
    _directory: LogDirectory,
}

impl Opened {
    async fn open(core: &Core, options: LogOptions) -> Opened {
        let mut directory = LogDirectory::open(core, Path::new(ROOT), 1).await.unwrap();
        let log = CoreLog::open(core, Path::new(ROOT), options, directory.start).await.unwrap();
        for recovered in std::mem::take(&mut directory.partitions) {
            log.adopt(recovered, config()).await.unwrap();
        }
        let mut partitions = Vec::new();
        for partition in 0..PARTITIONS {
            partitions.push(match log.get(id(partition)) {
                Some(partition) => partition,
                None => log.create_partition(id(partition), "topic", config()).await.unwrap(),
            });
        }
        Opened { core: core.clone(), log, partitions, _directory: directory }
    }

    fn first(&self) -> &Rc<Partition> {
        &self.partitions[0]
    }

    fn ahead(&self) -> usize {
        self.log.shared.read_ahead.buffers()
    }

    /// Reads once; gives where to read on, and whether it took any time.
    async fn read_on(&self, partition: &Rc<Partition>, offset: Offset, value: u8) -> (Offset, bool) {
        let began = self.core.now();
        let read = partition.read(offset, LIMITS).await.unwrap();
        let took_time = self.core.now() > began;
        let mut bytes = Vec::new();
        for part in &read.parts {
            bytes.extend_from_slice(&part.load(&self.core).await.unwrap());
        }
        let mut next = offset;
        for batch in batches(&bytes).map_while(Result::ok) {
            assert_eq!(batch.base_offset(), next);
            assert_eq!(value_of(&batch), value_at(next, value), "offset {next}");
            next = batch.next_offset();
        }
        assert!(next > offset, "nothing at {offset}");
        (next, took_time)
    }

    /// Reads all from `offset` on.
    async fn read_to_the_end(&self, partition: &Rc<Partition>, mut offset: Offset, value: u8) {
        while offset < partition.offsets().high_watermark {
            offset = self.read_on(partition, offset, value).await.0;
        }
    }
}

/// The value's bytes at an offset, in a log written with `value`.
fn value_at(offset: Offset, value: u8) -> u8 {
    (offset as u8).wrapping_add(value)
}

fn value_of(batch: &Batch<'_>) -> u8 {
    batch.check_crc().unwrap();
    batch.payload()[batch.payload().len() - 2]
}

async fn append(partition: &Rc<Partition>, count: Offset, value: u8) {
    for _ in 0..count {
        let next = partition.offsets().log_end;
        let batches = &batch_bytes(None, 1, 0, &vec![value_at(next, value); VALUE_BYTES]);
        let append = Append { batches, origin: Origin::Client, leader_epoch: 0, restamp: None };
        let appended = partition.append(&append).await.unwrap();
        partition.wait_durable(appended.next_offset).await.unwrap();
    }
}

/// Runs a test on a log that was written and opened again.
fn on_cold_log(options: LogOptions, test: impl AsyncFnOnce(Opened, Disk) + 'static) {
    let disk = Disk::new(1);
    let written = run(1, &disk, Stop::Never, async |core: Core| {
        let opened = Opened::open(&core, self::options()).await;
        for (partition, value) in opened.partitions.iter().zip(VALUES) {
            append(partition, BATCHES, value).await;
        }
        opened.log.close().await.unwrap();
    });
    written.output.unwrap();
    let under_test = disk.clone();
    let tested = run(2, &disk, Stop::Never, async move |core: Core| {
        test(Opened::open(&core, options).await, under_test).await;
    });
    tested.output.unwrap();
}

#[test]
fn who_reads_on_finds_the_next_bytes_read() {
    for read_ahead_buffers in [0, 1] {
        on_cold_log(LogOptions { read_ahead_buffers, ..options() }, async move |opened, _| {
            let (mut offset, mut waited) = (0, Vec::new());
            while offset < 20 {
                let (next, took_time) = opened.read_on(opened.first(), offset, 0).await;
                waited.push(took_time);
                assert_eq!(opened.ahead(), read_ahead_buffers);
                opened.core.sleep(PAUSE).await;
                offset = next;
            }
            assert_eq!(waited.len(), 5, "four batches each time");
            assert!(waited[0], "nobody knew of it");
            assert_eq!(waited[1..], [read_ahead_buffers == 0; 4], "with {read_ahead_buffers} buffer(s)");
        });
    }
}

#[test]
fn who_is_faster_than_the_disk_waits_for_what_is_on_its_way() {
    on_cold_log(options(), async |opened, _| {
        opened.read_to_the_end(opened.first(), 0, 0).await;
        // Two that read the same at the same time get the same.
        // What another partition has at the same place is another's.
        let [_, one, other] = opened.partitions.as_slice() else { unreachable!() };
        let reading = |partition, value| opened.read_to_the_end(partition, 0, value);
        futures_util::future::join3(reading(one, 50), reading(one, 50), reading(other, 100)).await;
    });
}

#[test]
fn who_asks_for_more_than_was_read_ahead_gets_it() {
    on_cold_log(options(), async |opened, _| {
        let partition = opened.first();
        let few = ReadLimits { bytes_max: VALUE_BYTES + 1_000, at_least_one_batch: true };
        partition.read(0, few).await.unwrap();
        opened.core.sleep(PAUSE).await;
        assert_eq!(opened.ahead(), 1);
        assert_eq!(opened.read_on(partition, 1, 0).await, (5, true), "four batches, as without");
    });
}

#[test]
fn nothing_is_read_ahead_of_who_jumps_and_of_what_is_in_memory_or_at_the_end() {
    on_cold_log(options(), async |opened, _| {
        let partition = opened.first();
        opened.read_on(partition, 7, 0).await;
        assert_eq!(opened.ahead(), 0, "7 follows nothing that was read");
        // Reading goes to a segment's end, and what follows it is another one.
        let end = partition.segment_bases()[1];
        let mut offset = 0;
        while offset < end {
            offset = opened.read_on(partition, offset, 0).await.0;
        }
        assert_eq!((offset, opened.ahead()), (end, 0));
        append(partition, 4, 0).await;
        assert_eq!(opened.read_on(partition, 54, 0).await.0, 58);
        assert_eq!(opened.ahead(), 0, "a part of what follows is in memory");
        opened.read_to_the_end(partition, BATCHES, 0).await;
        assert_eq!(opened.ahead(), 0, "it is in memory");
    });
}

#[test]
fn what_is_kept_is_little_and_not_for_long() {
    on_cold_log(LogOptions { read_ahead_buffers: 2, ..options() }, async |opened, _| {
        for round in 0..2 {
            for (partition, value) in opened.partitions.iter().zip(VALUES) {
                opened.read_on(partition, round * 4, value).await;
            }
            assert_eq!(opened.ahead(), 2, "as many as there may be");
            opened.core.sleep(READ_AHEAD_KEPT * 2 + PAUSE).await;
            assert_eq!(opened.ahead(), 0, "nobody has asked for it");
        }
        for (partition, value) in opened.partitions.iter().zip(VALUES) {
            opened.read_to_the_end(partition, 8, value).await;
        }
    });
}

#[test]
fn nothing_is_read_ahead_when_memory_is_scarce() {
    on_cold_log(options(), async |opened, _| {
        let buffers = opened.core.buffers();
        let taken = buffers.alloc(buffers.limit_bytes() / 2).unwrap();
        opened.read_on(opened.first(), 0, 0).await;
        assert_eq!(opened.ahead(), 0);
        drop(taken);
        opened.read_on(opened.first(), 4, 0).await;
        assert_eq!(opened.ahead(), 1);
    });
}

#[test]
fn what_takes_the_place_of_what_was_cut_is_served() {
    for is_there in [true, false] {
        on_cold_log(options(), async move |opened, _| {
            let partition = opened.first();
            let (next, _) = opened.read_on(partition, 0, 0).await;
            if is_there {
                opened.core.sleep(PAUSE).await;
            }
            assert_eq!(opened.ahead(), 1);
            let segments = partition.segment_bases();
            assert_eq!(partition.truncate(next).await.unwrap(), next);
            assert_eq!(opened.ahead(), 0);
            // More than memory holds: it is read from the disk again, where the old records were.
            append(partition, BATCHES - next, 200).await;
            assert_eq!(partition.segment_bases(), segments, "everything is where it was");
            opened.read_to_the_end(partition, next, 200).await;
        });
    }
}

#[test]
fn what_is_deleted_is_forgotten_and_what_lies_below_the_log_start_not_served() {
    on_cold_log(options(), async |opened, _| {
        let partition = opened.first();
        let (next, _) = opened.read_on(partition, 0, 0).await;
        opened.core.sleep(PAUSE).await;
        partition.delete_records(next + 2).await.unwrap();
        let refused = partition.read(next, LIMITS).await;
        assert!(matches!(refused, Err(ReadError::OutOfRange { start, .. }) if start == next + 2), "{refused:?}");
        opened.read_to_the_end(partition, next + 2, 0).await;
        opened.read_on(&opened.partitions[1], 0, 50).await;
        assert!(opened.ahead() > 0);
        opened.core.sleep(READ_AHEAD_KEPT * 2 + PAUSE).await;
        opened.read_on(&opened.partitions[2], 0, 100).await;
        assert_eq!(opened.ahead(), 1);
        opened.log.delete_partition(id(2)).await.unwrap();
        assert_eq!(opened.ahead(), 0);
    });
}

#[test]
fn what_cannot_be_read_ahead_is_read_when_it_is_asked_for() {
    on_cold_log(options(), async |opened, disk| {
        let (next, _) = opened.read_on(opened.first(), 0, 0).await;
        disk.fail(Access::Read, Failure::Next(1));
        opened.core.sleep(PAUSE).await;
        assert_eq!(opened.ahead(), 0, "it could not be read");
        disk.fail(Access::Read, Failure::Never);
        opened.read_to_the_end(opened.first(), next, 0).await;
    });
}

#[test]
fn what_rots_is_not_served_from_what_was_read_ahead_either() {
    on_cold_log(options(), async |opened, disk| {
        let partition = opened.first();
        let segment = partition.directory().join("00000000000000000000.log");
        // The third batch of what is read ahead.
        let damaged: Offset = 6;
        disk.corrupt(&segment, damaged as u64 * (VALUE_BYTES as u64 + 100)).unwrap();
        let (next, _) = opened.read_on(partition, 0, 0).await;
        opened.core.sleep(PAUSE).await;
        assert_eq!((next, opened.ahead()), (4, 1));
        let (next, _) = opened.read_on(partition, next, 0).await;
        assert!(next <= damaged, "read to {next}");
        let refused = partition.read(damaged, LIMITS).await;
        assert!(matches!(refused, Err(ReadError::Rot { .. })), "{refused:?}");
    });
}
