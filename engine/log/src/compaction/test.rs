//! Cleaning against a model that knows every record: what stays is what Kafka's rules leave, at its offset, in order.

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use millrace_base::ids::{Offset, TopicId, TopicPartition};
use millrace_base::topic_config::Compaction;
use millrace_record::batch::batches;
use millrace_record::builder::BatchBuilder;
use millrace_record::compression::{Codec, Scratch};
use millrace_runtime::Core;
use millrace_runtime::sim::{Disk, Random, Stop, run};

use crate::{
    Append, Cleaned, Cleaner, CleanerOptions, CoreLog, LogDirectory, LogOptions, Origin, Partition, PartitionConfig,
    ReadLimits,
};

const ID: TopicPartition = TopicPartition { topic: TopicId([3; 16]), partition: 0 };
const SEGMENT_BYTES: u64 = 32 * 1024;
const DELETE_RETENTION_MS: i64 = 1_000;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Kept {
    pub(super) offset: Offset,
    timestamp: i64,
    pub(super) key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: usize,
}

#[derive(Clone, Debug)]
struct Appended {
    last: Offset,
    records: Vec<Kept>,
    horizon: Option<i64>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    batches: Vec<Appended>,
}

impl Model {
    pub(super) fn records(&self) -> Vec<Kept> {
        self.batches.iter().flat_map(|batch| batch.records.clone()).collect()
    }

    /// Kafka's rules, for everything below `cleaned_to`.
    pub(super) fn clean(&mut self, cleaned_to: Offset, now_ms: i64) {
        let mut last = BTreeMap::new();
        for record in self.records().into_iter().filter(|record| record.offset < cleaned_to) {
            if let Some(key) = record.key {
                last.insert(key, record.offset);
            }
        }
        for batch in &mut self.batches {
            let tombstones_stay = batch.horizon.is_none_or(|horizon| now_ms < horizon);
            batch.records.retain(|record| {
                record.offset >= cleaned_to
                    || record.key.as_ref().is_some_and(|key| {
                        last.get(key) == Some(&record.offset) && (record.value.is_some() || tombstones_stay)
                    })
            });
            let has_tombstone = batch.records.iter().any(|record| record.value.is_none());
            if batch.last < cleaned_to && has_tombstone && batch.horizon.is_none() {
                batch.horizon = Some(now_ms + DELETE_RETENTION_MS);
            }
        }
    }
}

fn config() -> PartitionConfig {
    let compaction = Compaction { delete_retention_ms: DELETE_RETENTION_MS, ..Compaction::default() };
    PartitionConfig { segment_bytes: SEGMENT_BYTES, compaction: Some(compaction), ..PartitionConfig::default() }
}

pub(super) struct Opened {
    pub(super) core: Core,
    _directory: LogDirectory,
    pub(super) log: Rc<CoreLog>,
    pub(super) partition: Rc<Partition>,
}

impl Opened {
    pub(super) async fn open(core: &Core) -> Opened {
        let root = Path::new("/log");
        let mut directory = LogDirectory::open(core, root, 1).await.unwrap();
        let log = CoreLog::open(core, root, LogOptions::default(), directory.start).await.unwrap();
        let partition = match directory.partitions.pop() {
            Some(recovered) => log.adopt(recovered, config()).await.unwrap(),
            None => log.create_partition(ID, "topic", config()).await.unwrap(),
        };
        Opened { core: core.clone(), _directory: directory, log, partition }
    }

    pub(super) async fn append(&self, batch: &[u8]) -> Offset {
        let append = Append { batches: batch, origin: Origin::Coordinator, leader_epoch: 2, restamp: None };
        let appended = self.partition.append(&append).await.unwrap();
        self.partition.wait_durable(appended.next_offset).await.unwrap();
        appended.base_offset
    }

    pub(super) async fn append_random(&self, random: &mut Random, keys: u64, model: &mut Model) {
        let codec = Codec::ALL[random.index(Codec::ALL.len())];
        let producer = random.below(4) as i64;
        let mut builder = BatchBuilder::new(codec);
        if producer > 0 {
            builder = builder.producer(producer, 0, random.below(1_000) as i32);
        }
        let mut records = Vec::new();
        for _ in 0..=random.below(6) {
            let key = (random.below(30) > 0).then(|| format!("key {}", random.below(keys)).into_bytes());
            let value = (random.below(5) > 0).then(|| vec![random.below(256) as u8; random.index(700)]);
            let timestamp = random.below(100_000) as i64;
            let headers = vec![(&b"name"[..], Some(&b"value"[..])); random.index(3)];
            builder.push(timestamp, key.as_deref(), value.as_deref(), &headers).unwrap();
            records.push(Kept { offset: 0, timestamp, key, value, headers: headers.len() });
        }
        let base = self.append(&builder.build().unwrap()).await;
        for (index, record) in records.iter_mut().enumerate() {
            record.offset = base + index as Offset;
        }
        model.batches.push(Appended { last: base + records.len() as Offset - 1, records, horizon: None });
    }

    /// All records, by reads from the log's start.
    pub(super) async fn read_all(&self, bytes_max: usize) -> Vec<Kept> {
        let mut scratch = Scratch::default();
        let mut found = Vec::new();
        let mut offset = self.partition.offsets().log_start;
        while offset < self.partition.offsets().high_watermark {
            let limits = ReadLimits { bytes_max, at_least_one_batch: true };
            let read = self.partition.read(offset, limits).await.unwrap();
            let mut bytes = Vec::new();
            for part in &read.parts {
                bytes.extend_from_slice(&part.load(&self.core).await.unwrap());
            }
            assert!(!bytes.is_empty(), "nothing at or behind {offset}");
            for batch in batches(&bytes).map_while(Result::ok) {
                assert!(batch.next_offset() > offset && batch.crc_is_valid() && batch.leader_epoch() == 2);
                for record in batch.records(&mut scratch).unwrap() {
                    let record = record.unwrap();
                    found.push(Kept {
                        offset: record.offset,
                        timestamp: record.timestamp,
                        key: record.key.map(<[u8]>::to_vec),
                        value: record.value.map(<[u8]>::to_vec),
                        headers: record.headers.len(),
                    });
                }
                offset = batch.next_offset();
            }
        }
        found
    }

    pub(super) async fn check(&self, random: &mut Random, model: &Model) {
        let wanted = model.records();
        let found = self.read_all(1 + random.index(50_000)).await;
        for (found, wanted) in found.iter().zip(&wanted) {
            assert_eq!(found, wanted);
        }
        assert_eq!(found.len(), wanted.len());
        for _ in 0..5 {
            let timestamp = random.below(100_000) as i64;
            let first = wanted.iter().find(|record| record.timestamp >= timestamp);
            let first = first.map(|record| (record.offset, record.timestamp));
            assert_eq!(self.partition.offset_for_timestamp(timestamp).await.unwrap(), first);
        }
        assert!(self.partition.rot().is_empty());
    }

    /// A producer's batches below the first segment's end: base offset, next offset, last sequence, number of records.
    async fn batches_of(&self, producer: i64) -> Vec<(Offset, Offset, i32, i32)> {
        let limits = ReadLimits { bytes_max: 1 << 20, at_least_one_batch: true };
        let read = self.partition.read(0, limits).await.unwrap();
        let mut bytes = Vec::new();
        for part in &read.parts {
            bytes.extend_from_slice(&part.load(&self.core).await.unwrap());
        }
        let of_producer = batches(&bytes).map_while(Result::ok).filter(|batch| batch.producer_id() == producer);
        of_producer
            .map(|batch| (batch.base_offset(), batch.next_offset(), batch.last_sequence(), batch.record_count()))
            .collect()
    }

    fn last_of_producers(&self) -> Vec<(i64, Offset, i32)> {
        let producers = self.partition.producers();
        let last = producers.entries().map(|(id, _, batches)| (id, batches.last().unwrap()));
        last.map(|(id, last)| (id, last.last_offset, last.last_sequence)).collect()
    }
}

pub(super) fn on<T: 'static>(disk: &Disk, main: impl AsyncFnOnce(Opened) -> T + 'static) -> T {
    let opened = async move |core: Core| main(Opened::open(&core).await).await;
    run(1, disk, Stop::Never, opened).output.unwrap()
}

pub(super) async fn clean(opened: &Opened, cleaner: &mut Cleaner, now_ms: i64, model: &mut Model) -> Option<Cleaned> {
    let cleaned = cleaner.clean(&opened.partition, now_ms).await.unwrap();
    if let Some(cleaned) = cleaned {
        model.clean(cleaned.cleaned_to, now_ms);
    }
    cleaned
}

#[test]
fn trap_13_what_stays_is_what_kafkas_rules_leave_at_its_offset() {
    for seed in 0..40 {
        let disk = Disk::new(seed);
        let mut random = Random::new(seed);
        let keys = 5 + random.below(200);
        let mut model = Model::default();
        for life in 0..3 {
            let (mut of_life, mut held) = (Random::new(random.next_u64()), model.clone());
            model = on(&disk, async move |opened| {
                let mut cleaner = Cleaner::new(CleanerOptions::default());
                opened.check(&mut of_life, &held).await;
                let mut cleanings = 0;
                for round in 0..250 {
                    opened.append_random(&mut of_life, keys, &mut held).await;
                    if round % 10 == 9 && of_life.coin() {
                        let now_ms = life * 2_000 + round * 10;
                        cleanings += u32::from(clean(&opened, &mut cleaner, now_ms, &mut held).await.is_some());
                        opened.check(&mut of_life, &held).await;
                    }
                }
                assert!(cleanings > 0, "seed {seed}, life {life}");
                let before = opened.last_of_producers();
                if of_life.coin() {
                    opened.log.close().await.unwrap();
                } else {
                    assert_eq!(before.len(), 3);
                }
                held
            });
            disk.kill();
        }
    }
}

#[test]
fn what_was_read_ahead_is_not_served_when_it_was_compacted() {
    let disk = Disk::new(1);
    let mut model = on(&disk, async |opened| {
        let (mut random, mut model) = (Random::new(1), Model::default());
        for _ in 0..300 {
            opened.append_random(&mut random, 10, &mut model).await;
        }
        opened.log.close().await.unwrap();
        model
    });
    on(&disk, async move |opened| {
        let limits = ReadLimits { bytes_max: 10_000, at_least_one_batch: true };
        opened.partition.read(0, limits).await.unwrap();
        let ahead = &opened.log.shared.read_ahead;
        assert_eq!(ahead.buffers(), 1);
        let mut cleaner = Cleaner::new(CleanerOptions::default());
        clean(&opened, &mut cleaner, 0, &mut model).await.unwrap();
        assert_eq!(ahead.buffers(), 0);
        opened.check(&mut Random::new(2), &model).await;
    });
}

#[test]
fn trap_13_each_producers_last_batch_stays_and_tells_of_it_without_a_checkpoint() {
    for seed in 0..10 {
        let disk = Disk::new(seed);
        let (before, model) = on(&disk, async move |opened| {
            let (mut random, mut model) = (Random::new(seed), Model::default());
            let mut cleaner = Cleaner::new(CleanerOptions::default());
            for _ in 0..300 {
                opened.append_random(&mut random, 10, &mut model).await;
            }
            clean(&opened, &mut cleaner, 0, &mut model).await.unwrap();
            (opened.last_of_producers(), model)
        });
        disk.kill();
        for name in ["recovered", "0"] {
            disk.corrupt(Path::new(&format!("/log/journal/{name}.checkpoint")), 40).unwrap();
        }
        on(&disk, async move |opened| {
            assert_eq!(opened.last_of_producers(), before);
            opened.check(&mut Random::new(1), &model).await;
            // Where a segment has gaps is known again.
            let mut cleaner = Cleaner::new(CleanerOptions::default());
            let (mut random, mut model) = (Random::new(seed), model);
            for _ in 0..100 {
                opened.append_random(&mut random, 10, &mut model).await;
            }
            clean(&opened, &mut cleaner, 1, &mut model).await.unwrap();
            opened.check(&mut Random::new(1), &model).await;
        });
    }
}

#[test]
fn of_a_producer_that_fell_silent_the_last_batch_stays_and_tells_of_it_without_a_checkpoint() {
    const SILENT: i64 = 9;
    let disk = Disk::new(1);
    let (before, model) = on(&disk, async |opened| {
        let (mut random, mut model) = (Random::new(1), Model::default());
        let mut last = 0;
        for sequence in [0, 2, 4] {
            let mut builder = BatchBuilder::new(Codec::None).producer(SILENT, 0, sequence);
            builder.push(0, Some(b"key 0"), Some(b"superseded"), &[]).unwrap();
            builder.push(0, Some(b"key 1"), Some(b"superseded"), &[]).unwrap();
            last = opened.append(&builder.build().unwrap()).await;
        }
        for _ in 0..300 {
            opened.append_random(&mut random, 5, &mut model).await;
        }
        clean(&opened, &mut Cleaner::new(CleanerOptions::default()), 0, &mut model).await.unwrap();
        opened.check(&mut random, &model).await;
        let left = opened.batches_of(SILENT).await;
        assert_eq!(left, [(last, last + 2, 5, 0)], "its other batches are gone, and this one's records");
        (opened.last_of_producers(), model)
    });
    assert!(before.contains(&(SILENT, 5, 5)), "{before:?}");
    disk.kill();
    for name in ["recovered", "0"] {
        disk.corrupt(Path::new(&format!("/log/journal/{name}.checkpoint")), 40).unwrap();
    }
    on(&disk, async move |opened| {
        assert_eq!(opened.last_of_producers(), before);
        opened.check(&mut Random::new(1), &model).await;
    });
}

#[test]
fn keys_that_do_not_fit_take_several_passes() {
    on(&Disk::new(1), async |opened| {
        let (mut random, mut model) = (Random::new(1), Model::default());
        for _ in 0..1_200 {
            opened.append_random(&mut random, 3_000, &mut model).await;
        }
        let options = CleanerOptions { keys_bytes: CleanerOptions::KEYS_BYTES_MIN, ..CleanerOptions::default() };
        let mut cleaner = Cleaner::new(options);
        let mut passes = 0;
        while clean(&opened, &mut cleaner, 0, &mut model).await.is_some() {
            opened.check(&mut random, &model).await;
            passes += 1;
        }
        assert!(passes > 2, "{passes} passes");
        assert_eq!(opened.partition.cleanable(0).await.unwrap().unwrap().dirty_bytes, 0);
    });
}

#[test]
fn small_segments_are_merged_and_what_loses_nothing_is_left_alone() {
    on(&Disk::new(1), async |opened| {
        let (mut random, mut model) = (Random::new(1), Model::default());
        let mut cleaner = Cleaner::new(CleanerOptions::default());
        for _ in 0..600 {
            opened.append_random(&mut random, 20, &mut model).await;
        }
        let before = opened.partition.segment_bases().len();
        let first = clean(&opened, &mut cleaner, 0, &mut model).await.unwrap();
        assert_eq!((first.segments_before, first.segments_after), (before - 1, before - 1), "they were full");
        assert!(first.bytes_after * 5 < first.bytes_before, "{first:?}");
        for _ in 0..100 {
            opened.append_random(&mut random, 20, &mut model).await;
        }
        let second = clean(&opened, &mut cleaner, 0, &mut model).await.unwrap();
        assert!(second.segments_after < second.segments_before, "{second:?}");
        assert_eq!(opened.partition.segment_bases().len(), second.segments_after + 1);
        opened.check(&mut random, &model).await;
        let files = opened.core.read_dir(opened.partition.directory()).await.unwrap();
        let logs = files.iter().filter(|file| file.name.ends_with(".log")).count();
        assert_eq!(logs, second.segments_after + 1, "what was replaced is gone");
        assert!(!files.iter().any(|file| file.name.ends_with(".swap")));
    });
}

#[test]
fn young_segments_wait_and_late_ones_are_overdue() {
    on(&Disk::new(1), async |opened| {
        let (mut random, mut model) = (Random::new(1), Model::default());
        for _ in 0..200 {
            opened.append_random(&mut random, 20, &mut model).await;
        }
        let with = |lag_ms_min, lag_ms_max| {
            let compaction = Compaction { lag_ms_min, lag_ms_max, dirty_ratio_min: 1.0, ..Compaction::default() };
            opened.partition.configure(PartitionConfig { compaction: Some(compaction), ..config() });
            compaction
        };
        let compaction = with(50_000, i64::MAX);
        let young = opened.partition.cleanable(100_000).await.unwrap().unwrap();
        assert_eq!((young.dirty_bytes, young.is_due(&compaction)), (0, false));
        let old = opened.partition.cleanable(150_001).await.unwrap().unwrap();
        assert!(old.dirty_bytes > 0 && !old.is_due(&compaction), "a ratio of 1 is not above 1");
        let compaction = with(0, 50_000);
        assert!(opened.partition.cleanable(200_000).await.unwrap().unwrap().is_due(&compaction));
        assert!(!opened.partition.cleanable(0).await.unwrap().unwrap().is_due(&compaction));
        opened.partition.configure(PartitionConfig { compaction: None, ..config() });
        assert!(opened.partition.cleanable(0).await.unwrap().is_none());
    });
}

#[test]
fn a_transaction_ends_what_is_cleaned_and_its_marker_stays() {
    on(&Disk::new(1), async |opened| {
        let (mut random, mut model) = (Random::new(1), Model::default());
        let mut cleaner = Cleaner::new(CleanerOptions::default());
        let mut transactional = None;
        for round in 0..400 {
            opened.append_random(&mut random, 20, &mut model).await;
            let mut builder = BatchBuilder::new(Codec::None).producer(9, 0, round);
            builder.push(0, Some(&[0; 4]), Some(&[0; 6]), &[]).unwrap();
            let mut of_client = BatchBuilder::new(Codec::None);
            of_client.push(0, Some(&[0; 4]), Some(b"a client's own"), &[]).unwrap();
            match round {
                50 | 150 => drop(opened.append(&of_client.build().unwrap()).await),
                100 | 200 => drop(opened.append(&builder.control().build().unwrap()).await),
                300 => transactional = Some(opened.append(&builder.transactional().build().unwrap()).await),
                _ => {}
            }
        }
        let cleaned = cleaner.clean(&opened.partition, 0).await.unwrap().unwrap();
        assert_eq!(Some(cleaned.cleaned_to), transactional);
        let with_markers_key =
            opened.read_all(1 << 20).await.into_iter().filter(|record| record.key == Some(vec![0; 4]));
        let values: Vec<_> = with_markers_key.map(|record| record.value.unwrap().len()).collect();
        assert_eq!(values, [6, 14, 6, 6], "a marker neither supersedes what has its key nor is superseded");
        assert!(cleaner.clean(&opened.partition, 0).await.unwrap().is_none(), "nothing more can be cleaned");
    });
}

#[test]
fn readers_see_one_or_the_other_while_segments_are_replaced() {
    for seed in 0..20 {
        on(&Disk::new(seed), async move |opened| {
            let (mut random, mut model) = (Random::new(seed), Model::default());
            for _ in 0..300 {
                opened.append_random(&mut random, 10, &mut model).await;
            }
            let (core, partition) = (opened.core.clone(), opened.partition.clone());
            let cleaning = core.spawn_join(async move {
                let mut cleaner = Cleaner::new(CleanerOptions::default());
                cleaner.clean(&partition, 0).await.unwrap().unwrap()
            });
            let all = model.records();
            let newest = |key: &Option<Vec<u8>>| all.iter().rfind(|record| record.key == *key).unwrap().offset;
            for _ in 0..20 {
                let found = opened.read_all(1 + random.index(20_000)).await;
                let mut of_found = found.iter().peekable();
                for record in &all {
                    let is_there = of_found.next_if_eq(&record).is_some();
                    let counts = record.key.is_some() && newest(&record.key) == record.offset;
                    assert!(is_there || !counts, "{record:?} is missing");
                }
                assert!(of_found.next().is_none(), "what was never appended");
            }
            let cleaned = cleaning.await;
            model.clean(cleaned.cleaned_to, 0);
            opened.check(&mut random, &model).await;
        });
    }
}
