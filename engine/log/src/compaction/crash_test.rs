//! Appends, cleanings, deletions and cuts, ended anywhere by a kill or a power loss: afterwards the last record of each
//! key is there as it was appended, and nothing that was never appended.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use millrace_base::ids::{Offset, TopicId, TopicPartition};
use millrace_base::topic_config::Compaction;
use millrace_record::batch::batches;
use millrace_record::builder::BatchBuilder;
use millrace_record::compression::{Codec, Scratch};
use millrace_runtime::Core;
use millrace_runtime::sim::{Disk, Random, Stop, run};

use crate::crash_test::options;
use crate::{
    Append, CleanError, Cleaner, CleanerOptions, CoreLog, LogDirectory, Origin, Partition, PartitionConfig, ReadError,
    ReadLimits,
};

const LIVES: u64 = 6;
const KEYS: u64 = 40;
const ID: TopicPartition = TopicPartition { topic: TopicId([4; 16]), partition: 0 };

#[derive(Clone, Debug, PartialEq)]
struct Kept {
    offset: Offset,
    key: u64,
    value: Option<Vec<u8>>,
}

#[derive(Default)]
struct Model {
    /// By offset: every record that was appended.
    records: BTreeMap<Offset, Kept>,
    /// Everything below was acknowledged.
    acknowledged: Offset,
    /// Where the log was to be cut, while it is not known whether it was.
    cut: Option<Offset>,
    /// It was cut once: a producer's last batch now need not have been its last when the log was cleaned.
    was_cut: bool,
    /// What lies below was to be deleted.
    deleted: Offset,
    /// By producer: the last offset of its last batch.
    producers: BTreeMap<i64, Vec<Offset>>,
    /// Cleanings that ended well, in all lives.
    cleanings: u64,
}

fn config() -> PartitionConfig {
    let compaction = Compaction { delete_retention_ms: 3, ..Compaction::default() };
    PartitionConfig { segment_bytes: 16 << 10, compaction: Some(compaction), ..PartitionConfig::default() }
}

struct Life {
    core: Core,
    partition: Rc<Partition>,
    model: Rc<RefCell<Model>>,
    random: Random,
    cuts: bool,
}

impl Life {
    async fn append(&mut self, number: i64) {
        let (records, codec) = (1 + self.random.below(6), Codec::ALL[self.random.index(Codec::ALL.len())]);
        let producer = self.random.below(3) as i64;
        let mut builder = BatchBuilder::new(codec);
        if producer > 0 {
            builder = builder.producer(producer, 0, number as i32);
        }
        let mut appended = Vec::new();
        for _ in 0..records {
            let key = self.random.below(KEYS);
            let bytes_max = if self.random.below(30) == 0 { 2_500 } else { 500 };
            let value: Option<Vec<u8>> = (self.random.below(4) > 0)
                .then(|| (0..self.random.below(bytes_max)).map(|_| self.random.below(256) as u8).collect());
            builder.push(number, Some(&key.to_be_bytes()), value.as_deref(), &[]).unwrap();
            appended.push(Kept { offset: 0, key, value });
        }
        let bytes = builder.build().unwrap();
        let append = Append { batches: &bytes, origin: Origin::Coordinator, leader_epoch: 1, restamp: None };
        let at = self.partition.append(&append).await.unwrap();
        {
            let mut model = self.model.borrow_mut();
            for (index, mut record) in appended.into_iter().enumerate() {
                record.offset = at.base_offset + index as Offset;
                model.records.insert(record.offset, record);
            }
            if producer > 0 {
                model.producers.entry(producer).or_default().push(at.next_offset - 1);
            }
        }
        if self.partition.wait_durable(at.next_offset).await.is_ok() {
            let mut model = self.model.borrow_mut();
            model.acknowledged = model.acknowledged.max(at.next_offset);
        }
    }

    async fn write(mut self) {
        for number in 0..150 {
            self.append(number).await;
        }
    }

    /// Cleans, and now and then deletes from the front or cuts off the end; the latter never below what was cleaned:
    /// that is below every high watermark.
    async fn clean(mut self) {
        let options = CleanerOptions {
            keys_bytes: CleanerOptions::KEYS_BYTES_MIN,
            load_factor: if self.random.coin() { 0.9 } else { 0.12 },
            ..CleanerOptions::default()
        };
        let mut cleaner = Cleaner::new(options);
        for now_ms in 0..12 {
            self.core.sleep(Duration::from_micros(self.random.below(4_000))).await;
            match cleaner.clean(&self.partition, now_ms).await {
                Ok(Some(_)) => self.model.borrow_mut().cleanings += 1,
                // A checkpoint may have let segments below the log start go.
                Ok(None) | Err(CleanError::Interrupted) => {}
                Err(error) => panic!("{error}"),
            }
            match self.random.below(12) {
                0 => self.delete().await,
                1 if self.cuts => self.cut().await,
                _ => {}
            }
        }
    }

    async fn delete(&mut self) {
        let offsets = self.partition.offsets();
        let before = offsets.log_start + self.random.below((offsets.durable - offsets.log_start + 1) as u64) as Offset;
        self.model.borrow_mut().deleted = before;
        self.partition.delete_records(before).await.unwrap();
    }

    async fn cut(&mut self) {
        let cleaned_to = self.partition.state.borrow().cleaned_to;
        let offsets = self.partition.offsets();
        let least = cleaned_to.max(offsets.log_start);
        let to = offsets.log_end - self.random.below((offsets.log_end - least).min(60) as u64 + 1) as Offset;
        self.model.borrow_mut().cut = Some(to);
        self.model.borrow_mut().was_cut = true;
        let end = match self.partition.truncate(to).await {
            Err(ReadError::OutOfRange { .. }) => self.partition.offsets().log_end,
            end => end.unwrap(),
        };
        self.model.borrow_mut().cut_off(end);
    }
}

impl Model {
    fn cut_off(&mut self, end: Offset) {
        self.cut = None;
        self.records.retain(|offset, _| *offset < end);
        self.producers.values_mut().for_each(|ends| ends.retain(|last| *last < end));
        self.acknowledged = self.acknowledged.min(end);
    }

    /// What is there is what may be there.
    fn check(&mut self, partition: &Partition, found: &[Kept]) {
        let offsets = partition.offsets();
        let may_be_cut = self.cut.is_some_and(|to| offsets.log_end <= to.max(self.acknowledged));
        assert!(may_be_cut || offsets.log_end >= self.acknowledged, "{offsets:?}, {}", self.acknowledged);
        assert!(offsets.log_start <= self.deleted);
        self.cut_off(offsets.log_end);
        self.acknowledged = offsets.log_end;
        let mut last = BTreeMap::new();
        for record in self.records.values() {
            last.insert(record.key, record);
        }
        let mut of_key: BTreeMap<u64, Vec<Offset>> = BTreeMap::new();
        for record in found {
            assert_eq!(Some(record), self.records.get(&record.offset), "as it was appended");
            of_key.entry(record.key).or_default().push(record.offset);
        }
        assert!(found.is_sorted_by_key(|record| record.offset));
        for (key, last) in last.iter().filter(|(_, last)| last.offset >= offsets.log_start) {
            let found = of_key.get(key).and_then(|offsets| offsets.last());
            let is_gone = last.value.is_none() && found.is_none();
            assert!(is_gone || found == Some(&last.offset), "key {key}: {found:?} instead of {}", last.offset);
        }
        for (id, _, batches) in partition.producers().entries().filter(|_| !self.was_cut) {
            let known = batches.last().map(|batch| batch.last_offset);
            assert_eq!(known, self.producers.get(&id).and_then(|ends| ends.last().copied()), "producer {id}");
        }
    }
}

async fn read_all(core: &Core, partition: &Rc<Partition>, bytes_max: usize) -> Vec<Kept> {
    let mut scratch = Scratch::default();
    let mut found = Vec::new();
    let mut offset = partition.offsets().log_start;
    while offset < partition.offsets().high_watermark {
        let limits = ReadLimits { bytes_max, at_least_one_batch: true };
        let read = partition.read(offset, limits).await.unwrap();
        let mut bytes = Vec::new();
        for part in &read.parts {
            bytes.extend_from_slice(&part.load(core).await.unwrap());
        }
        assert!(!bytes.is_empty(), "nothing at or behind {offset}");
        for batch in batches(&bytes).map_while(Result::ok) {
            for record in batch.records(&mut scratch).unwrap().map(Result::unwrap) {
                let key = u64::from_be_bytes(record.key.unwrap().try_into().unwrap());
                if record.offset >= partition.offsets().log_start {
                    found.push(Kept { offset: record.offset, key, value: record.value.map(<[u8]>::to_vec) });
                }
            }
            offset = batch.next_offset();
        }
    }
    found
}

async fn live(core: Core, model: Rc<RefCell<Model>>, mut random: Random, cuts: bool) {
    let root = Path::new("/log");
    let mut directory = LogDirectory::open(&core, root, 1).await.unwrap();
    let log = CoreLog::open(&core, root, options(&mut random), directory.start).await.unwrap();
    let partition = match directory.partitions.pop() {
        Some(recovered) => log.adopt(recovered, config()).await.unwrap(),
        None => log.create_partition(ID, "topic", config()).await.unwrap(),
    };
    partition.check().unwrap();
    let found = read_all(&core, &partition, 1 + random.index(60_000)).await;
    model.borrow_mut().check(&partition, &found);
    assert!(partition.rot().is_empty());
    let life = |random: &mut Random| Life {
        core: core.clone(),
        partition: partition.clone(),
        model: model.clone(),
        random: Random::new(random.next_u64()),
        cuts,
    };
    let tasks = [core.spawn_join(life(&mut random).write()), core.spawn_join(life(&mut random).clean())];
    for task in tasks {
        task.await;
    }
    let found = read_all(&core, &partition, 1 + random.index(60_000)).await;
    model.borrow_mut().check(&partition, &found);
    log.close().await.unwrap();
}

/// Gives the number of cleanings.
fn one_seed(seed: u64) -> u64 {
    let mut random = Random::new(seed);
    let disk = Disk::new(seed);
    let model = Rc::new(RefCell::new(Model::default()));
    for life in 0..=LIVES {
        let stop = match random.below(6) {
            _ if life == LIVES => Stop::Never,
            0 => Stop::Never,
            1 => Stop::AfterDiskOps(1 + random.below(100)),
            _ => Stop::AfterDiskOps(1 + random.below(900)),
        };
        let (of_life, held) = (Random::new(random.next_u64()), model.clone());
        run(random.next_u64(), &disk, stop, async move |core: Core| {
            live(core, held, of_life, seed.is_multiple_of(2)).await
        });
        if random.coin() {
            disk.power_loss();
        } else {
            disk.kill();
        }
    }
    model.borrow().cleanings
}

#[test]
fn the_last_record_of_each_key_survives_every_crash() {
    let seeds = std::env::var("MILLRACE_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(200);
    let first = std::env::var("MILLRACE_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let (mut failed, mut cleanings) = (Vec::new(), 0);
    for seed in first..first + seeds {
        match std::panic::catch_unwind(|| one_seed(seed)) {
            Ok(of_seed) => cleanings += of_seed,
            Err(_) => {
                eprintln!("seed {seed} failed");
                failed.push(seed);
            }
        }
    }
    assert!(failed.is_empty(), "{} of {seeds} seeds failed: {failed:?}", failed.len());
    assert!(cleanings > seeds, "{cleanings} cleanings in {seeds} seeds");
}
