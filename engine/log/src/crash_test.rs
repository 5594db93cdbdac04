//! Random work on one core, cut off anywhere, against a model of what was acknowledged.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use millrace_base::broker_config::Durability;
use millrace_base::ids::{Offset, ProducerEpoch, ProducerId, TopicId, TopicPartition};
use millrace_record::batch::{Batch, batches};
use millrace_record::compression::Scratch;
use millrace_record::header::{HEADER_BYTES, stamp};
use millrace_runtime::Core;
use millrace_runtime::sim::{Disk, Random, Stop, run};

use crate::testing::{as_columns, batch_bytes};
use crate::{
    Append, AppendError, CoreLog, LogDirectory, LogOptions, Origin, Partition, PartitionConfig, ProducerBatch,
    Producers, ReadError, ReadLimits, Unavailable,
};

/// A batch's first and last sequence and its first offset.
type Remembered = (i32, i32, Offset);

const LIVES: u64 = 5;
const PARTITIONS: usize = 4;
const WRITERS: u64 = 3;
const APPENDS: u64 = 120;
const SEGMENT_BYTES: [u64; PARTITIONS] = [16 << 10, 64 << 10, 200 << 10, 1 << 20];
const TIMESTAMPS: u64 = 100_000;

#[derive(Clone)]
struct Appended {
    base: Offset,
    bytes: Vec<u8>,
}

impl Appended {
    fn batch(&self) -> Batch<'_> {
        Batch::first(&self.bytes).unwrap()
    }
}

#[derive(Default)]
struct Model {
    /// By partition: what was appended, in order.
    logs: Vec<Vec<Appended>>,
    /// By partition: everything below was acknowledged.
    acknowledged: Vec<Offset>,
    /// By partition: where it was to be cut, while it is not known whether it was.
    cuts: Vec<Option<Offset>>,
    /// By partition: it was cut once. What was known of producers from segments that are gone is not known any more.
    was_cut: Vec<bool>,
    /// By partition: everything below was to be deleted, and the deletion was acknowledged as far as the first says.
    deleted: Vec<(Offset, Offset)>,
}

impl Model {
    fn end(&self, partition: usize) -> Offset {
        self.logs[partition].last().map_or(0, |last| last.batch().next_offset())
    }

    /// Where the log ends that is cut at `to`.
    fn end_below(&self, partition: usize, to: Offset) -> Offset {
        let ends = self.logs[partition].iter().map(|appended| appended.batch().next_offset());
        ends.take_while(|end| *end <= to).last().unwrap_or(0)
    }

    fn producers(&self, partition: usize) -> Producers {
        let mut producers = Producers::default();
        for appended in &self.logs[partition] {
            producers.note(&appended.batch(), appended.base, 0);
        }
        producers
    }

    fn first_at_or_after(&self, partition: usize, timestamp: i64, log_start: Offset) -> Option<(Offset, i64)> {
        let mut scratch = Scratch::default();
        for appended in &self.logs[partition] {
            for record in appended.batch().records(&mut scratch).unwrap() {
                let record = record.unwrap();
                if record.timestamp >= timestamp && record.offset >= log_start {
                    return Some((record.offset, record.timestamp));
                }
            }
        }
        None
    }
}

fn id_of(partition: usize) -> TopicPartition {
    TopicPartition { topic: TopicId([partition as u8 + 9; 16]), partition: 0 }
}

/// The last one lets consumers read what is not durable yet.
fn config_of(partition: usize) -> PartitionConfig {
    PartitionConfig {
        durability: if partition + 1 == PARTITIONS { Durability::Relaxed } else { Durability::Sync },
        segment_bytes: SEGMENT_BYTES[partition],
        index_interval_bytes: 4096,
        ..PartitionConfig::default()
    }
}

pub(crate) fn options(random: &mut Random) -> LogOptions {
    LogOptions {
        large_run_bytes: 8192 << random.below(3),
        tail_bytes: 128 << 10 << random.below(3),
        destage_bytes: 4096 << random.below(5),
        journal_first_bytes: 128 << 10,
        journal_file_bytes: 128 << 10,
        journal_files: 3,
        journal_commit_bytes: 64 << 10,
        copied_bytes: 8 << 10,
        read_ahead_buffers: random.index(4),
        ..LogOptions::default()
    }
}

fn root() -> &'static Path {
    Path::new("/log")
}

async fn open(core: &Core, options: LogOptions) -> (LogDirectory, Rc<CoreLog>, Vec<Rc<Partition>>) {
    let mut directory = LogDirectory::open(core, root(), 1).await.unwrap();
    let log = CoreLog::open(core, root(), options, directory.start).await.unwrap();
    for recovered in std::mem::take(&mut directory.partitions) {
        let index = usize::from(recovered.id().topic.0[0]) - 9;
        log.adopt(recovered, config_of(index)).await.unwrap();
    }
    let mut partitions = Vec::new();
    for index in 0..PARTITIONS {
        partitions.push(match log.get(id_of(index)) {
            Some(partition) => partition,
            None => log.create_partition(id_of(index), &format!("t{index}"), config_of(index)).await.unwrap(),
        });
    }
    (directory, log, partitions)
}

/// The batches that a read at `offset` gives.
async fn read_at(core: &Core, partition: &Rc<Partition>, offset: Offset, bytes_max: usize) -> Vec<u8> {
    let limits = ReadLimits { bytes_max, at_least_one_batch: true };
    let read = partition.read(offset, limits).await.unwrap();
    let mut bytes = Vec::new();
    for part in &read.parts {
        bytes.extend_from_slice(&part.load(core).await.unwrap());
    }
    bytes
}

/// After a restart: what is there is what was appended, up to some batch behind all that was acknowledged.
async fn check(core: &Core, partitions: &[Rc<Partition>], model: &Rc<RefCell<Model>>, random: &mut Random) {
    for (index, partition) in partitions.iter().enumerate() {
        let end = partition.offsets().log_end;
        let acknowledged = model.borrow().acknowledged[index];
        let cut = model.borrow_mut().cuts[index].take();
        let is_cut = cut.is_some_and(|to| end == model.borrow().end_below(index, to));
        assert!(is_cut || end >= acknowledged, "partition {index} ends at {end}, acknowledged {acknowledged}");
        assert_eq!(partition.offsets().durable, end);
        let expected = {
            let mut model = model.borrow_mut();
            model.logs[index].retain(|appended| appended.base < end);
            assert_eq!(model.end(index), end, "partition {index}: a batch is there in part");
            model.acknowledged[index] = end;
            model.logs[index].clone()
        };
        let log_start = partition.offsets().log_start;
        let (deleted, to_be_deleted) = model.borrow().deleted[index];
        assert!((deleted..=to_be_deleted).contains(&log_start), "{log_start} of {deleted}..={to_be_deleted}");
        model.borrow_mut().deleted[index] = (log_start, log_start);
        let expected: Vec<_> =
            expected.into_iter().filter(|appended| appended.batch().next_offset() > log_start).collect();
        let mut offset = log_start;
        while offset < end {
            let bytes = read_at(core, partition, offset, 1 + random.index(100_000)).await;
            let first = Batch::first(&bytes).unwrap();
            assert!((first.base_offset()..first.next_offset()).contains(&offset), "partition {index}");
            for batch in batches(&bytes).map_while(Result::ok) {
                let at = expected.binary_search_by_key(&batch.base_offset(), |appended| appended.base).unwrap();
                assert!(expected[at].bytes == batch.bytes(), "partition {index}: bytes at {}", batch.base_offset());
                offset = batch.next_offset();
            }
        }
        for _ in 0..10.min(expected.len()) {
            let appended = &expected[random.index(expected.len())];
            let records = appended.batch().next_offset() - appended.base;
            let inside = (appended.base + random.below(records as u64) as Offset).max(log_start);
            let bytes = read_at(core, partition, inside, 1).await;
            assert!(bytes == appended.bytes, "partition {index}: read at {inside}");
        }
        let scanned = model.borrow().producers(index);
        let was_cut = model.borrow().was_cut[index];
        let plain = |producers: &Producers| -> Vec<_> {
            let all = producers.entries().map(|(id, epoch, batches)| (id, epoch, batches.copied().collect::<Vec<_>>()));
            let last = |(id, epoch, mut batches): (_, _, Vec<ProducerBatch>)| {
                batches.drain(..batches.len().saturating_sub(if was_cut { 1 } else { batches.len() }));
                (id, epoch, batches)
            };
            let is_held = |batches: &[ProducerBatch]| batches.last().is_some_and(|last| last.base_offset >= log_start);
            all.map(last).filter(|(_, _, batches)| !was_cut || is_held(batches)).collect()
        };
        assert_eq!(plain(&partition.producers()), plain(&scanned), "partition {index}: producers");
        for _ in 0..3 {
            let timestamp = random.below(TIMESTAMPS + 50) as i64;
            let found = partition.offset_for_timestamp(timestamp).await.unwrap();
            assert_eq!(
                found,
                model.borrow().first_at_or_after(index, timestamp, log_start),
                "partition {index}: {timestamp}"
            );
        }
    }
}

struct Writer {
    core: Core,
    number: u64,
    partitions: Vec<Rc<Partition>>,
    model: Rc<RefCell<Model>>,
    random: Random,
    /// Whether it cuts logs: what is checked of producers and of reads meanwhile is weaker then.
    cuts: bool,
}

impl Writer {
    async fn work(mut self) {
        for _ in 0..APPENDS {
            let index = self.random.index(PARTITIONS);
            match self.random.below(20) {
                0 => self.read(index).await,
                1 => self.append_again(index).await,
                2 if self.random.below(3) == 0 => self.delete(index).await,
                2 if self.cuts && self.random.below(3) == 0 => self.truncate(index).await,
                2 => self.core.sleep(Duration::from_micros(self.random.below(3000))).await,
                _ => self.append(index).await,
            }
        }
    }

    fn producer_id(&self) -> ProducerId {
        700 + self.number as ProducerId
    }

    fn own(&self, index: usize) -> Option<(ProducerEpoch, Vec<Remembered>)> {
        let producers = self.model.borrow().producers(index);
        let found = producers.entries().find(|(id, ..)| *id == self.producer_id());
        found.map(|(_, epoch, batches)| {
            (epoch, batches.map(|batch| (batch.base_sequence, batch.last_sequence, batch.base_offset)).collect())
        })
    }

    async fn append(&mut self, index: usize) {
        let producer = if self.random.below(3) == 0 {
            None
        } else {
            let (epoch, next) = self
                .own(index)
                .map_or((0, 0), |(epoch, batches)| (epoch, batches.last().map_or(0, |(_, last, _)| last + 1)));
            let bumped = self.random.below(25) == 0;
            Some(if bumped { (self.producer_id(), epoch + 1, 0) } else { (self.producer_id(), epoch, next) })
        };
        let bytes_max = match self.random.below(10) {
            0 => 12_000,
            1 => 40_000,
            2..=5 => 3000,
            _ => 200,
        };
        let bytes_max = bytes_max.min(SEGMENT_BYTES[index] as usize / 3);
        let records = 1 + self.random.index(5);
        let value = vec![self.random.below(256) as u8; self.random.index(bytes_max / records)];
        let bytes = batch_bytes(producer, records, self.random.below(TIMESTAMPS) as i64, &value);
        let bytes = if self.random.coin() { as_columns(&bytes) } else { bytes };
        let append = Append { batches: &bytes, origin: Origin::Client, leader_epoch: 3, restamp: None };
        let appended = match self.partitions[index].append(&append).await {
            // What it follows was cut off before this had its turn.
            Err(AppendError::Sequence(_)) if self.model.borrow().was_cut[index] => return,
            appended => appended.unwrap(),
        };
        if appended.is_duplicate {
            assert!(self.model.borrow().was_cut[index], "nothing is appended twice");
            return;
        }
        {
            let mut model = self.model.borrow_mut();
            assert_eq!(appended.base_offset, model.end(index));
            let mut bytes = bytes.clone();
            stamp(&mut bytes[..HEADER_BYTES], appended.base_offset, 3).unwrap();
            model.logs[index].push(Appended { base: appended.base_offset, bytes });
        }
        if self.random.below(4) == 0 {
            self.acknowledge(index, appended.next_offset).await;
        } else {
            let (partition, model) = (self.partitions[index].clone(), self.model.clone());
            self.core.spawn(async move {
                if partition.wait_durable(appended.next_offset).await.is_ok() {
                    let mut model = model.borrow_mut();
                    model.acknowledged[index] = model.acknowledged[index].max(appended.next_offset);
                }
            });
        }
    }

    async fn acknowledge(&self, index: usize, next: Offset) {
        match self.partitions[index].wait_durable(next).await {
            Err(Unavailable::Truncated) => return,
            durable => durable.unwrap(),
        }
        let mut model = self.model.borrow_mut();
        model.acknowledged[index] = model.acknowledged[index].max(next);
    }

    async fn append_again(&mut self, index: usize) {
        let Some((epoch, batches)) = self.own(index) else { return };
        if self.model.borrow().was_cut[index] {
            // What is remembered may be cut off before this has its turn.
            return;
        }
        let (base_sequence, last_sequence, base_offset) = batches[self.random.index(batches.len())];
        let records = (last_sequence - base_sequence + 1) as usize;
        let bytes = batch_bytes(Some((self.producer_id(), epoch, base_sequence)), records, 0, b"again");
        let append = Append { batches: &bytes, origin: Origin::Client, leader_epoch: 3, restamp: None };
        let appended = self.partitions[index].append(&append).await.unwrap();
        assert!(appended.is_duplicate);
        assert_eq!(appended.base_offset, base_offset);
    }

    async fn delete(&mut self, index: usize) {
        let offsets = self.partitions[index].offsets();
        let before = offsets.log_start + self.random.below((offsets.durable - offsets.log_start + 1) as u64) as Offset;
        {
            let mut model = self.model.borrow_mut();
            model.deleted[index].1 = model.deleted[index].1.max(before);
        }
        let log_start = self.partitions[index].delete_records(before).await.unwrap();
        let mut model = self.model.borrow_mut();
        model.deleted[index].0 = model.deleted[index].0.max(log_start);
    }

    async fn truncate(&mut self, index: usize) {
        let offsets = self.partitions[index].offsets();
        let to =
            offsets.log_start + self.random.below((offsets.log_end - offsets.log_start + 1).max(1) as u64) as Offset;
        if self.model.borrow().cuts[index].is_some() {
            return;
        }
        self.model.borrow_mut().cuts[index] = Some(to);
        self.model.borrow_mut().was_cut[index] = true;
        let end = match self.partitions[index].truncate(to).await {
            Err(ReadError::OutOfRange { .. }) => self.model.borrow().end(index),
            end => end.unwrap(),
        };
        let mut model = self.model.borrow_mut();
        model.cuts[index] = None;
        model.logs[index].retain(|appended| appended.base < end);
        assert_eq!(model.end(index), end);
        model.acknowledged[index] = model.acknowledged[index].min(end);
    }

    /// Reads from somewhere on, and at times goes on where that ended.
    async fn read(&mut self, index: usize) {
        let offsets = self.partitions[index].offsets();
        if offsets.durable <= offsets.log_start {
            return;
        }
        let first = offsets.log_start + self.random.below((offsets.durable - offsets.log_start) as u64) as Offset;
        let mut from = Some(if self.random.coin() { offsets.log_start } else { first });
        while let Some(offset) = from.filter(|from| *from < self.partitions[index].offsets().high_watermark) {
            from = self.read_at(index, offset).await.filter(|_| self.random.below(4) > 0);
            if self.random.coin() {
                self.core.sleep(Duration::from_micros(self.random.below(3000))).await;
            }
        }
    }

    /// Reads from an offset on; gives the offset that follows, unless the log was cut meanwhile.
    async fn read_at(&mut self, index: usize, offset: Offset) -> Option<Offset> {
        let limits = ReadLimits { bytes_max: 1 + self.random.index(50_000), at_least_one_batch: true };
        let read = match self.partitions[index].read(offset, limits).await {
            Err(ReadError::OutOfRange { start, end, .. }) if start > offset || offset > end => return None,
            Err(ReadError::Unavailable(Unavailable::Truncated)) => return None,
            read => read.unwrap(),
        };
        let mut bytes = Vec::new();
        for part in &read.parts {
            match part.load(&self.core).await {
                // The file was cut under the answer.
                Err(_) if self.model.borrow().was_cut[index] => return None,
                loaded => bytes.extend_from_slice(&loaded.unwrap()),
            }
        }
        if self.model.borrow().was_cut[index] {
            return None;
        }
        let model = self.model.borrow();
        let first = Batch::first(&bytes).unwrap();
        assert!(first.base_offset() <= offset && offset < first.next_offset());
        let mut next = offset;
        for batch in batches(&bytes).map_while(Result::ok) {
            let log = &model.logs[index];
            let at = log.binary_search_by_key(&batch.base_offset(), |appended| appended.base).unwrap();
            assert!(log[at].bytes == batch.bytes(), "partition {index}: read at {offset}");
            next = batch.next_offset();
        }
        Some(next)
    }
}

/// One life of the broker: recovery, checks, work, and perhaps a clean stop.
async fn live(core: Core, model: Rc<RefCell<Model>>, mut random: Random, cuts: bool) {
    let (_directory, log, partitions) = open(&core, options(&mut random)).await;
    check(&core, &partitions, &model, &mut random).await;
    let mut writers = Vec::new();
    for number in 0..WRITERS {
        let writer = Writer {
            core: core.clone(),
            number,
            partitions: partitions.clone(),
            model: model.clone(),
            random: Random::new(random.next_u64()),
            cuts,
        };
        writers.push(core.spawn_join(writer.work()));
    }
    for writer in writers {
        writer.await;
    }
    log.close().await.unwrap();
    let mut model = model.borrow_mut();
    for index in 0..PARTITIONS {
        model.acknowledged[index] = model.end(index);
    }
}

fn one_seed(seed: u64) {
    let mut random = Random::new(seed);
    let disk = Disk::new(seed);
    let model = Model {
        logs: vec![Vec::new(); PARTITIONS],
        acknowledged: vec![0; PARTITIONS],
        cuts: vec![None; PARTITIONS],
        was_cut: vec![false; PARTITIONS],
        deleted: vec![(0, 0); PARTITIONS],
    };
    let model = Rc::new(RefCell::new(model));
    for life in 0..=LIVES {
        let stop = match random.below(6) {
            _ if life == LIVES => Stop::Never,
            0 => Stop::Never,
            1 => Stop::AfterDiskOps(1 + random.below(80)),
            _ => Stop::AfterDiskOps(1 + random.below(600)),
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
}

#[test]
fn what_was_acknowledged_survives_every_crash() {
    let seeds = std::env::var("MILLRACE_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(200);
    let first = std::env::var("MILLRACE_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut failed = Vec::new();
    for seed in first..first + seeds {
        if std::panic::catch_unwind(|| one_seed(seed)).is_err() {
            eprintln!("seed {seed} failed");
            failed.push(seed);
        }
    }
    assert!(failed.is_empty(), "{} of {seeds} seeds failed: {failed:?}", failed.len());
}
