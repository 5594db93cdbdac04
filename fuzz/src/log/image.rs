//! Log directories of small real runs, and what was appended in them.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use millrace_base::ids::{Offset, TopicId, TopicPartition};
use millrace_log::{Append, AppendError, CoreLog, LogOptions, Origin, Partition, PartitionConfig};
use millrace_record::builder::BatchBuilder;
use millrace_record::compression::Codec;
use millrace_record::header::{HEADER_BYTES, stamp};
use millrace_runtime::Core;
use millrace_runtime::sim::{Disk, Random, Stop, run};

use super::ROOT;

pub(super) const PARTITIONS: usize = 2;
/// Batches that a life appends.
const BATCHES: u64 = 40;
const VALUE_BYTES_MAX: u64 = 2_500;
const EPOCH: i32 = 3;

/// A batch as it was appended, with its offset.
#[derive(Clone)]
pub(super) struct Appended {
    pub(super) base: Offset,
    pub(super) bytes: Vec<u8>,
}

pub(super) struct Image {
    pub(super) disk: Disk,
    pub(super) files: Vec<PathBuf>,
    pub(super) appended: Rc<[Vec<Appended>; PARTITIONS]>,
}

/// How a run ends.
#[derive(Clone, Copy)]
enum End {
    Clean,
    /// After so many operations on the disk.
    Killed(u64),
    PowerLoss(u64),
}

thread_local! {
    pub(super) static IMAGES: Vec<Image> = [
        vec![End::Clean],
        vec![End::Killed(120)],
        vec![End::PowerLoss(150)],
        vec![End::Clean, End::PowerLoss(90)],
        vec![End::Killed(60), End::Killed(200)],
        vec![End::PowerLoss(400), End::Clean],
    ]
    .iter()
    .zip(1..)
    .map(|(ends, seed)| build(ends, seed))
    .collect();
}

fn id_of(index: usize) -> TopicPartition {
    TopicPartition { topic: TopicId([9 + index as u8; 16]), partition: 0 }
}

fn topic_name(index: usize) -> String {
    format!("topic{index}")
}

pub(super) fn index_of(name: &str) -> Option<usize> {
    (0..PARTITIONS).find(|index| topic_name(*index) == name)
}

pub(super) fn config() -> PartitionConfig {
    PartitionConfig { segment_bytes: 16 << 10, index_interval_bytes: 1024, ..PartitionConfig::default() }
}

pub(super) fn options() -> LogOptions {
    LogOptions {
        large_run_bytes: 8 << 10,
        tail_bytes: 256 << 10,
        destage_bytes: 8 << 10,
        journal_first_bytes: 64 << 10,
        journal_file_bytes: 64 << 10,
        journal_files: 3,
        journal_commit_bytes: 32 << 10,
        ..LogOptions::default()
    }
}

fn build(ends: &[End], seed: u64) -> Image {
    let disk = Disk::new(seed);
    let appended = Rc::new(RefCell::new([const { Vec::new() }; PARTITIONS]));
    let mut random = Random::new(seed);
    for end in ends {
        let stop = match end {
            End::Clean => Stop::Never,
            End::Killed(operations) | End::PowerLoss(operations) => Stop::AfterDiskOps(*operations),
        };
        let (of_life, held) = (random.fork(), Rc::clone(&appended));
        run(random.next_u64(), &disk, stop, async move |core: Core| work(&core, &held, of_life).await);
        match end {
            End::PowerLoss(_) => disk.power_loss(),
            End::Clean | End::Killed(_) => disk.kill(),
        }
    }
    let mut files = Vec::new();
    list(&disk, Path::new(ROOT), &mut files);
    assert!(files.len() > 4, "a log directory has files: {files:?}");
    let appended = Rc::new(appended.borrow().clone());
    Image { disk, files, appended }
}

fn list(disk: &Disk, directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in disk.list(directory).unwrap_or_default() {
        let path = directory.join(&entry.name);
        if entry.metadata.is_dir { list(disk, &path, files) } else { files.push(path) }
    }
}

/// One life: what recovery left is the beginning; then batches are appended, and the log is closed.
async fn work(core: &Core, appended: &RefCell<[Vec<Appended>; PARTITIONS]>, mut random: Random) {
    let opened = super::open(core).await;
    let Ok((_directory, log, _)) = opened else { panic!("an undamaged directory opens: {:?}", opened.err()) };
    let mut partitions = Vec::new();
    for index in 0..PARTITIONS {
        partitions.push(obtain(&log, index).await);
    }
    for (partition, model) in partitions.iter().zip(appended.borrow_mut().iter_mut()) {
        model.retain(|appended| appended.base < partition.offsets().log_end);
    }
    for number in 0..BATCHES {
        for (index, partition) in partitions.iter().enumerate() {
            let (records, value_bytes) = (1 + random.index(3), random.below(VALUE_BYTES_MAX));
            let bytes = batch(records, number ^ value_bytes, value_bytes as usize);
            let base = partition.offsets().log_end;
            let mut stamped = bytes.clone();
            assert_eq!(stamp(stamped.get_mut(..HEADER_BYTES).unwrap_or_default(), base, EPOCH), Ok(()));
            if let Some(model) = appended.borrow_mut().get_mut(index) {
                model.push(Appended { base, bytes: stamped });
            }
            let next = append_bytes(partition, &bytes).await;
            if let Ok(next) = next
                && random.coin()
            {
                let _closed = partition.wait_durable(next).await;
            }
        }
    }
    assert!(log.close().await.is_ok(), "an undamaged log closes");
}

async fn obtain(log: &CoreLog, index: usize) -> Rc<Partition> {
    if let Some(partition) = log.get(id_of(index)) {
        return partition;
    }
    match log.create_partition(id_of(index), &topic_name(index), config()).await {
        Ok(partition) => partition,
        Err(error) => panic!("a partition can be created: {error}"),
    }
}

/// Appends one batch; gives the offset that follows it.
pub(super) async fn append(partition: &Rc<Partition>, records: usize, fill: u64) -> Result<Offset, AppendError> {
    append_bytes(partition, &batch(records, fill, 100)).await
}

async fn append_bytes(partition: &Rc<Partition>, bytes: &[u8]) -> Result<Offset, AppendError> {
    let append = Append { batches: bytes, origin: Origin::Client, leader_epoch: EPOCH, restamp: None };
    partition.append(&append).await.map(|appended| appended.next_offset)
}

/// A batch as a client sends it.
fn batch(records: usize, fill: u64, value_bytes: usize) -> Vec<u8> {
    let mut builder = BatchBuilder::new(Codec::None);
    let mut random = Random::new(fill);
    for index in 0..records {
        let value: Vec<u8> = (0..value_bytes / records).map(|_| random.below(256) as u8).collect();
        if let Err(error) = builder.push(1_000 + index as i64, None, Some(&value), &[]) {
            panic!("{error}");
        }
    }
    match builder.build() {
        Ok(bytes) => bytes,
        Err(error) => panic!("{error}"),
    }
}
