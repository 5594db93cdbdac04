//! `millrace.durability=relaxed`: what was appended is committed at once, and durable soon.

use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use futures_util::FutureExt;
use millrace_base::broker_config::Durability;
use millrace_base::ids::{Offset, TopicId, TopicPartition};
use millrace_record::batch::Batch;
use millrace_runtime::Core;
use millrace_runtime::sim::{Disk, Stop, run};

use crate::testing::batch_bytes;
use crate::{
    Append, CoreLog, LogDirectory, LogOptions, Offsets, Origin, Partition, PartitionConfig, ReadError, ReadLimits,
};

const ROOT: &str = "/log";
const ID: TopicPartition = TopicPartition { topic: TopicId([4; 16]), partition: 0 };

fn config(durability: Durability) -> PartitionConfig {
    PartitionConfig { durability, ..PartitionConfig::default() }
}

async fn open(core: &Core) -> (LogDirectory, Rc<CoreLog>, Rc<Partition>) {
    let mut directory = LogDirectory::open(core, Path::new(ROOT), 1).await.unwrap();
    let log = CoreLog::open(core, Path::new(ROOT), LogOptions::default(), directory.start).await.unwrap();
    let partition = match directory.partitions.pop() {
        Some(recovered) => log.adopt(recovered, config(Durability::Relaxed)).await.unwrap(),
        None => log.create_partition(ID, "topic", config(Durability::Relaxed)).await.unwrap(),
    };
    (directory, log, partition)
}

/// Appends one record, which is not committed yet. Gives the offset that follows.
async fn append(partition: &Rc<Partition>) -> Offset {
    let batches = &batch_bytes(None, 1, 0, b"value");
    let append = Append { batches, origin: Origin::Client, leader_epoch: 0, restamp: None };
    partition.append(&append).await.unwrap().next_offset
}

/// The offset of the batch that a read at `offset` begins with, if there is one.
async fn read(core: &Core, partition: &Rc<Partition>, offset: Offset) -> Result<Option<Offset>, ReadError> {
    let limits = ReadLimits { bytes_max: 1, at_least_one_batch: true };
    let read = partition.read(offset, limits).await?;
    let Some(part) = read.parts.first() else { return Ok(None) };
    Ok(Some(Batch::first(&part.load(core).await.unwrap()).unwrap().base_offset()))
}

#[test]
fn what_is_appended_is_read_at_once_and_durable_later() {
    let disk = Disk::new(1);
    let stalled = disk.clone();
    let ran = run(1, &disk, Stop::Never, async move |core: Core| {
        let (_directory, _log, partition) = open(&core).await;
        // There is room in the segment then.
        let first = append(&partition).await;
        partition.wait_durable(first).await.unwrap();

        stalled.stall();
        let second = append(&partition).await;
        assert!(partition.wait_committed(second).now_or_never().is_some_and(|done| done.is_ok()));
        assert_eq!(read(&core, &partition, 1).await.unwrap(), Some(1));
        let expected = Offsets { log_start: 0, high_watermark: 2, durable: 1, log_end: 2 };
        assert_eq!(partition.offsets(), expected);

        partition.configure(config(Durability::Sync));
        let third = append(&partition).await;
        assert!(partition.wait_committed(third).now_or_never().is_none(), "the topic is not relaxed any more");
        assert_eq!(partition.offsets(), Offsets { log_end: 3, ..expected }, "what was read stays readable");
        assert_eq!(read(&core, &partition, 1).await.unwrap(), Some(1));
        assert_eq!(read(&core, &partition, 2).await.unwrap(), None);

        stalled.resume();
        partition.wait_committed(third).await.unwrap();
        assert_eq!(partition.offsets(), Offsets { log_start: 0, high_watermark: 3, durable: 3, log_end: 3 });
        assert_eq!(read(&core, &partition, 2).await.unwrap(), Some(2));
    });
    ran.output.unwrap();
}

#[test]
fn a_wait_for_more_ends_with_what_is_appended() {
    let disk = Disk::new(1);
    let stalled = disk.clone();
    let ran = run(1, &disk, Stop::Never, async move |core: Core| {
        let (_directory, _log, partition) = open(&core).await;
        let first = append(&partition).await;
        partition.wait_durable(first).await.unwrap();
        stalled.stall();
        let waiting = partition.clone();
        let told = core.spawn_join(async move { waiting.wait_beyond(1, 0).await });
        core.yield_now().await;
        append(&partition).await;
        told.await;
        assert_eq!(partition.offsets().durable, 1, "long before it is durable");
    });
    ran.output.unwrap();
}

#[test]
fn deleting_up_to_the_high_watermark_waits_until_that_is_durable() {
    let disk = Disk::new(1);
    let stalled = disk.clone();
    let ran = run(1, &disk, Stop::Never, async move |core: Core| {
        let (_directory, _log, partition) = open(&core).await;
        let first = append(&partition).await;
        partition.wait_durable(first).await.unwrap();
        stalled.stall();
        let second = append(&partition).await;
        let of_deletion = partition.clone();
        let deleted = core.spawn_join(async move { of_deletion.delete_records(second).await });
        core.yield_now().await;
        assert_eq!(partition.offsets().log_start, 0);
        stalled.resume();
        assert_eq!(deleted.await.unwrap(), second);
    });
    ran.output.unwrap();
}

#[test]
fn a_power_loss_takes_what_was_not_durable_and_nothing_else() {
    for cut in 1..40 {
        let disk = Disk::new(cut);
        let ran = run(cut, &disk, Stop::AfterDiskOps(60 + cut * 3), async move |core: Core| {
            let (_directory, _log, partition) = open(&core).await;
            loop {
                let next = append(&partition).await;
                partition.wait_committed(next).await.unwrap();
                core.sleep(Duration::from_micros(100)).await;
            }
        });
        assert!(ran.output.is_none(), "it was to be cut off");
        disk.power_loss();
        let ran = run(cut, &disk, Stop::Never, async move |core: Core| {
            let (_directory, _log, partition) = open(&core).await;
            let end = partition.offsets().log_end;
            for offset in 0..end {
                assert_eq!(read(&core, &partition, offset).await.unwrap(), Some(offset));
            }
            assert_eq!(append(&partition).await, end + 1);
            partition.wait_durable(end + 1).await.unwrap();
        });
        ran.output.unwrap();
    }
}
