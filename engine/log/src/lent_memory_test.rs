//! Readers that are slow with what they were given: they hold little memory, and hold up no append.

use std::path::Path;
use std::rc::Rc;

use millrace_base::ids::{Offset, TopicId, TopicPartition};
use millrace_record::batch::batches;
use millrace_runtime::Core;

use crate::limits::SPARING_READ_BYTES;
use crate::testing::{batch_bytes, on_sim};
use crate::{
    Append, CoreLog, LogDirectory, LogOptions, Origin, Partition, PartitionConfig, Read, ReadLimits, ReadPart,
};

const ROOT: &str = "/log";
const ID: TopicPartition = TopicPartition { topic: TopicId([1; 16]), partition: 0 };
const TAIL_BYTES: usize = 512 * 1024;
const LENT_BYTES: usize = 1024 * 1024;
const VALUE_BYTES: usize = 20_000;
/// What a reader is given at most.
const LIMITS: ReadLimits = ReadLimits { bytes_max: 400_000, at_least_one_batch: true };
/// More than all memory that may be taken, were each to hold what it was given.
const READERS: Offset = 40;
/// Batches between two readers: the tail moves on.
const BATCHES: Offset = 30;

fn options() -> LogOptions {
    LogOptions { tail_bytes: TAIL_BYTES, lent_bytes: LENT_BYTES, ..LogOptions::default() }
}

async fn append(partition: &Rc<Partition>, count: Offset) {
    for _ in 0..count {
        let batches = &batch_bytes(None, 1, 0, &[7; VALUE_BYTES]);
        let append = Append { batches, origin: Origin::Client, leader_epoch: 0, restamp: None };
        let appended = partition.append(&append).await.unwrap();
        partition.wait_durable(appended.next_offset).await.unwrap();
    }
}

/// What is lent when reads begin to spare memory, what they may still have then of the tail, and what one reads at a
/// time to check it.
fn assert_little(core: &Core) {
    let used = core.buffers().used_bytes();
    assert!(used < 2 * TAIL_BYTES + LENT_BYTES + 2 * 1024 * 1024, "{used} bytes");
}

async fn assert_whole(core: &Core, read: &Read, from: Offset) {
    let mut bytes = Vec::new();
    for part in &read.parts {
        bytes.extend_from_slice(&part.load(core).await.unwrap());
    }
    let offsets: Vec<_> = batches(&bytes).map_while(Result::ok).map(|batch| batch.base_offset()).collect();
    assert!(!offsets.is_empty() && offsets.iter().copied().eq(from..from + offsets.len() as Offset), "{offsets:?}");
}

fn in_memory(read: &Read) -> usize {
    let memory = read.parts.iter().filter(|part| matches!(part, ReadPart::Memory(_)));
    memory.map(ReadPart::len).sum()
}

#[test]
fn answers_that_are_kept_hold_little_memory_and_are_what_was_written() {
    on_sim(1, async |core: Core| {
        let mut directory = LogDirectory::open(&core, Path::new(ROOT), 1).await.unwrap();
        let log = CoreLog::open(&core, Path::new(ROOT), options(), directory.start).await.unwrap();
        let partition = log.create_partition(ID, "topic", PartitionConfig::default()).await.unwrap();
        let mut kept = Vec::new();
        for _ in 0..READERS {
            append(&partition, BATCHES).await;
            // From what memory holds, to the end.
            let from = partition.offsets().high_watermark - 15;
            let spares_memory = log.shared.spares_memory();
            let read = partition.read(from, LIMITS).await.unwrap();
            assert!(!spares_memory || in_memory(&read) as u64 <= SPARING_READ_BYTES, "{} bytes", in_memory(&read));
            kept.push((from, read));
            let newest = partition.offsets().high_watermark - 1;
            kept.push((newest, partition.read(newest, LIMITS).await.unwrap()));
            let run = partition.read_run(from, LIMITS).await.unwrap().unwrap();
            assert!(run.next_offset > from);
            kept.push((from, Read { parts: run.parts }));
            assert_little(&core);
        }
        for (from, read) in &kept {
            assert_whole(&core, read, *from).await;
        }
        assert!(in_memory(&kept[0].1) > LIMITS.bytes_max / 2, "there was enough of it at first");
        assert!(log.shared.spares_memory());
        kept.clear();
        assert!(!log.shared.spares_memory());
        drop(partition);

        // Nobody has read what is there since the log was opened: it has to be checked.
        log.close().await.unwrap();
        drop((log, directory));
        directory = LogDirectory::open(&core, Path::new(ROOT), 1).await.unwrap();
        let log = CoreLog::open(&core, Path::new(ROOT), options(), directory.start).await.unwrap();
        let recovered = directory.partitions.pop().unwrap();
        let partition = log.adopt(recovered, PartitionConfig::default()).await.unwrap();
        for reader in 0..READERS {
            let from = reader * BATCHES;
            let read = partition.read(from, LIMITS).await.unwrap();
            assert_whole(&core, &read, from).await;
            kept.push((from, read));
            assert_little(&core);
        }
    });
}
