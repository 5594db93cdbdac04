//! Looking records up by their timestamps, over segments, from the log start on, around damage.

use std::path::Path;
use std::rc::Rc;

use millrace_base::ids::{Offset, TopicId, TopicPartition};
use millrace_record::builder::BatchBuilder;
use millrace_record::compression::Codec;
use millrace_runtime::Core;
use millrace_runtime::sim::{Disk, Stop, run};

use crate::testing::batch_bytes;
use crate::{Append, CoreLog, LogDirectory, LogOptions, Origin, Partition, PartitionConfig, ReadError, ReadLimits};

const ID: TopicPartition = TopicPartition { topic: TopicId([1; 16]), partition: 0 };
/// A batch of two records that is more than a quarter of a segment.
const VALUE_BYTES: usize = 5_000;

async fn open(core: &Core, disk_has_it: bool) -> (LogDirectory, Rc<CoreLog>, Rc<Partition>) {
    let root = Path::new("/log");
    let config = PartitionConfig { segment_bytes: 32 << 10, index_interval_bytes: 4096, ..PartitionConfig::default() };
    let mut directory = LogDirectory::open(core, root, 1).await.unwrap();
    let log = CoreLog::open(core, root, LogOptions::default(), directory.start).await.unwrap();
    let partition = if disk_has_it {
        log.adopt(directory.partitions.remove(0), config).await.unwrap()
    } else {
        log.create_partition(ID, "topic", config).await.unwrap()
    };
    (directory, log, partition)
}

/// Appends batches of two records with the timestamps `at` and `at + 1`.
async fn append(partition: &Rc<Partition>, timestamps: &[i64]) {
    for at in timestamps {
        let batches = batch_bytes(None, 2, *at, &[7; VALUE_BYTES]);
        let append = Append { batches: &batches, origin: Origin::Client, leader_epoch: 0, restamp: None };
        let appended = partition.append(&append).await.unwrap();
        partition.wait_durable(appended.next_offset).await.unwrap();
    }
}

fn simulate<T: 'static>(disk: &Disk, main: impl AsyncFnOnce(Core) -> T + 'static) -> T {
    run(1, disk, Stop::Never, async move |core: Core| main(core).await).output.unwrap()
}

/// What a model finds: the first record with a timestamp of at least `wanted`, and the first with the greatest.
struct Model(Vec<(Offset, i64)>);

impl Model {
    fn of(timestamps: &[i64], log_start: Offset) -> Model {
        let records = timestamps.iter().flat_map(|at| [*at, at + 1]).enumerate();
        Model(records.map(|(offset, at)| (offset as Offset, at)).filter(|(offset, _)| *offset >= log_start).collect())
    }

    fn first_from(&self, wanted: i64) -> Option<(Offset, i64)> {
        self.0.iter().copied().find(|(_, at)| *at >= wanted)
    }

    fn greatest(&self) -> Option<(Offset, i64)> {
        self.0.iter().copied().rev().max_by_key(|(_, at)| *at)
    }
}

async fn assert_found(partition: &Rc<Partition>, model: &Model) {
    let wanted: Vec<i64> = model.0.iter().flat_map(|(_, at)| [at - 1, *at, at + 1]).chain([-1, 0, 10_000]).collect();
    for wanted in wanted {
        let found = partition.offset_for_timestamp(wanted).await.unwrap();
        assert_eq!(found, model.first_from(wanted), "from {wanted} on");
    }
    assert_eq!(partition.offset_of_max_timestamp().await.unwrap(), model.greatest());
}

#[test]
fn records_are_found_by_their_timestamps_from_the_log_start_on_and_after_a_restart() {
    let orders: [&[i64]; 6] = [
        &[],
        &[100, 200, 300, 400, 500, 600, 700, 800, 900],
        &[900, 800, 700, 600, 500, 400, 300, 200, 100],
        &[500, 100, 900, 900, 100, 900, 300, 900, 200],
        &[300, 300, 300, 300, 300, 300, 300, 300, 300],
        &[100, 900, 200, 100, 899, 300, 100, 898, 100],
    ];
    for timestamps in orders {
        for log_start in [0, 1, 3, 6, 11] {
            if log_start > timestamps.len() as Offset * 2 {
                continue;
            }
            let disk = Disk::new(1);
            simulate(&disk, async move |core: Core| {
                let (_directory, log, partition) = open(&core, false).await;
                append(&partition, timestamps).await;
                if log_start > 0 {
                    partition.delete_records(log_start).await.unwrap();
                }
                assert_found(&partition, &Model::of(timestamps, log_start)).await;
                log.close().await.unwrap();
            });
            disk.kill();
            simulate(&disk, async move |core: Core| {
                let (_directory, _log, partition) = open(&core, true).await;
                assert_found(&partition, &Model::of(timestamps, log_start)).await;
            });
        }
    }
}

#[test]
fn records_are_found_by_their_timestamps_after_a_crash_too() {
    let timestamps = [100, 900, 200, 100, 899, 300, 100];
    let disk = Disk::new(1);
    simulate(&disk, async move |core: Core| {
        let (_directory, _log, partition) = open(&core, false).await;
        append(&partition, &timestamps).await;
    });
    disk.power_loss();
    simulate(&disk, async move |core: Core| {
        let (_directory, _log, partition) = open(&core, true).await;
        assert_eq!(partition.offset_of_max_timestamp().await.unwrap(), Model::of(&timestamps, 0).greatest());
        assert_found(&partition, &Model::of(&timestamps, 0)).await;
    });
}

#[test]
fn a_log_of_records_without_timestamps_has_no_greatest_one() {
    let disk = Disk::new(1);
    simulate(&disk, async |core: Core| {
        let (_directory, _log, partition) = open(&core, false).await;
        append(&partition, &[-2]).await;
        assert_eq!(partition.offset_of_max_timestamp().await.unwrap(), None);
        append(&partition, &[-1]).await;
        assert_eq!(partition.offset_of_max_timestamp().await.unwrap(), Some((3, 0)));
    });
}

/// As Kafka does: a real one answers with the marker's offset and timestamp for any time after the last record's.
#[test]
fn a_transaction_marker_is_found_like_any_record() {
    let disk = Disk::new(1);
    simulate(&disk, async |core: Core| {
        let (_directory, _log, partition) = open(&core, false).await;
        append(&partition, &[100]).await;
        let mut marker = BatchBuilder::new(Codec::None).producer(7, 0, -1).transactional().control();
        marker.push(900, Some(&[0, 0, 0, 1]), Some(&[0; 6]), &[]).unwrap();
        let marker = marker.build().unwrap();
        let append = Append { batches: &marker, origin: Origin::Coordinator, leader_epoch: 0, restamp: None };
        let appended = partition.append(&append).await.unwrap();
        partition.wait_durable(appended.next_offset).await.unwrap();
        assert_eq!(partition.offset_for_timestamp(101).await.unwrap(), Some((1, 101)));
        assert_eq!(partition.offset_for_timestamp(102).await.unwrap(), Some((2, 900)));
        assert_eq!(partition.offset_of_max_timestamp().await.unwrap(), Some((2, 900)));
    });
}

#[test]
fn damage_hides_its_own_records_from_a_search_and_no_others() {
    let disk = Disk::new(1);
    let timestamps = [100, 900, 300, 400, 500];
    simulate(&disk, async move |core: Core| {
        let (_directory, log, partition) = open(&core, false).await;
        append(&partition, &timestamps).await;
        log.close().await.unwrap();
    });
    disk.kill();
    let second_batch = batch_bytes(None, 2, 0, &[7; VALUE_BYTES]).len() as u64;
    disk.corrupt(Path::new("/log/topic-0/00000000000000000000.log"), second_batch + 1_000).unwrap();
    simulate(&disk, async |core: Core| {
        let (_directory, _log, partition) = open(&core, true).await;
        assert_eq!(partition.offset_for_timestamp(50).await.unwrap(), Some((0, 100)));
        assert_eq!(partition.offset_for_timestamp(200).await.unwrap(), Some((4, 300)));
        assert_eq!(partition.offset_for_timestamp(450).await.unwrap(), Some((8, 500)));
        assert_eq!(partition.offset_of_max_timestamp().await.unwrap(), Some((9, 501)));
        for (offset, is_refused) in [(0, false), (1, false), (2, true), (3, true), (4, false), (9, false)] {
            let read = partition.read(offset, ReadLimits { bytes_max: 1, at_least_one_batch: true }).await;
            assert_eq!(matches!(read, Err(ReadError::Rot { .. })), is_refused, "offset {offset}");
            assert_eq!(read.is_err(), is_refused);
        }
        let rot = partition.rot();
        let ranges: Vec<_> = rot.iter().map(|(_, range)| (range.first_offset, range.next_offset)).collect();
        assert_eq!(ranges, [(2, 4)]);
    });
}
