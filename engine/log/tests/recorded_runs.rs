//! What a power loss could have left of a run on the real ring, at any moment of it.
//!
//! A kill cannot show a missing sync: the page cache survives it. So a run of the log is recorded at the reactor (every
//! write, sync and change of names, and each acknowledgement in between), and crash images are made of the recording:
//! whatever a power loss after any event could legally have left. Each must recover with everything that had been
//! acknowledged by then, byte for byte, followed by nothing but what was appended next.
//!
//! `MILLRACE_IMAGES` is the number of images at random cuts (default 20), and the most that are made exactly at
//! acknowledgements. Everything acknowledged is also looked up in the recorded writes themselves.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use millrace_base::ids::{BrokerId, Offset, TopicId, TopicPartition};
use millrace_log::{Append, CoreLog, LogDirectory, LogOptions, Origin, Partition, PartitionConfig, ReadLimits};
use millrace_record::batch::batches;
use millrace_record::builder::BatchBuilder;
use millrace_record::compression::Codec;
use millrace_runtime::recorder::{Action, Event, Recording, Trace};
use millrace_runtime::uring::{self, HostOptions};
use millrace_runtime::{Bytes, Core, Durability, JoinHandle, OpenOptions};
use tempfile::TempDir;

/// Direct I/O does not work everywhere: this is a disk.
const DISK: &str = "/var/tmp";
const NODE: BrokerId = 1;
const TOPIC_NAME: &str = "recorded";
const PARTITIONS: usize = 4;
const LEADER_EPOCH: i32 = 3;
/// Appends of one partition in one start of the log.
const APPENDS_PER_START: usize = 150;
const JOURNAL_FILE_BYTES: u64 = 1024 * 1024;
const LARGE_RUN_BYTES: u64 = 32 * 1024;
const SEGMENT_BYTES: u64 = 256 * 1024;
/// What is looked for in a write: so many bytes of a batch are in no other one, its checksum being among them.
const KEY_BYTES: usize = 24;

/// A batch is about to be appended: partition and next offset.
const APPENDING: u16 = 1;
/// A batch was acknowledged: partition and next offset.
const ACKED: u16 = 2;
/// What a partition holds after it was created or recovered, and serves from now on: partition and log end offset.
const SERVED: u16 = 3;
/// The log is open: which start of it this is.
const OPEN: u16 = 4;

/// Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// At least `least`, below `end`.
    fn within(&mut self, least: usize, end: usize) -> usize {
        least + (self.next() % (end - least) as u64) as usize
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }
}

/// A batch as the log must hold it.
#[derive(Clone)]
struct Stored {
    next_offset: Offset,
    bytes: Rc<[u8]>,
}

/// What a partition was given, in order of offsets.
type Model = Vec<Stored>;

fn end_of(model: &[Stored]) -> Offset {
    model.last().map_or(0, |stored| stored.next_offset)
}

fn id(partition: usize) -> TopicPartition {
    TopicPartition { topic: TopicId([7; 16]), partition: partition as i32 }
}

fn mark_value(partition: usize, offset: Offset) -> u64 {
    ((partition as u64) << 32) | offset as u64
}

fn of_mark(value: u64) -> (usize, Offset) {
    ((value >> 32) as usize, (value & u64::from(u32::MAX)) as Offset)
}

fn log_options() -> LogOptions {
    LogOptions {
        large_run_bytes: LARGE_RUN_BYTES,
        destage_bytes: 64 * 1024,
        journal_first_bytes: JOURNAL_FILE_BYTES,
        journal_file_bytes: JOURNAL_FILE_BYTES,
        journal_files: 1,
        ..LogOptions::default()
    }
}

fn partition_config() -> PartitionConfig {
    PartitionConfig { segment_bytes: SEGMENT_BYTES, ..PartitionConfig::default() }
}

/// A batch for `base_offset`: mostly small, sometimes enough to fill the journal, sometimes a large run.
fn random_batch(random: &mut Random, base_offset: Offset) -> Stored {
    let (records, value_bytes) = match random.next() % 10 {
        0..5 => (random.within(1, 4), 20..300),
        5..8 => (random.within(1, 6), 1_000..5_000),
        _ => (random.within(1, 4), 20_000..40_000),
    };
    let mut builder = BatchBuilder::new(Codec::None).stamped(base_offset, LEADER_EPOCH);
    for record in 0..records {
        let length = random.within(value_bytes.start, value_bytes.end);
        let value = random.bytes(length);
        builder.push(1_700_000_000_000 + record as i64, None, Some(&value), &[]).unwrap();
    }
    let next_offset = base_offset + records as i64;
    Stored { next_offset, bytes: builder.build().unwrap().into() }
}

/// An open log, with what its partitions were given.
struct Opened {
    core: Core,
    directory: LogDirectory,
    log: Rc<CoreLog>,
    partitions: BTreeMap<usize, Rc<Partition>>,
}

impl Opened {
    /// Recovers the log directory and opens all that is in it.
    async fn open(core: &Core, root: &Path) -> Result<Opened, String> {
        let mut directory = LogDirectory::open(core, root, NODE).await.map_err(|error| format!("recovery: {error}"))?;
        let log = CoreLog::open(core, root, log_options(), directory.start).await;
        let log = log.map_err(|error| format!("opening: {error}"))?;
        let mut partitions = BTreeMap::new();
        for recovered in std::mem::take(&mut directory.partitions) {
            let found = recovered.id();
            let adopted = log.adopt(recovered, partition_config()).await;
            let adopted = adopted.map_err(|error| format!("adopting {found}: {error}"))?;
            partitions.insert(found.partition as usize, adopted);
        }
        Ok(Opened { core: core.clone(), directory, log, partitions })
    }

    async fn create_missing(&mut self) {
        for partition in 0..PARTITIONS {
            if !self.partitions.contains_key(&partition) {
                let created = self.log.create_partition(id(partition), TOPIC_NAME, partition_config()).await.unwrap();
                self.partitions.insert(partition, created);
                self.core.mark(SERVED, mark_value(partition, 0));
            }
        }
    }
}

/// Appends the next random batch, and leaves it to a task to wait until it is acknowledged.
async fn append_one(
    core: &Core,
    partition: &Rc<Partition>,
    models: &RefCell<Vec<Model>>,
    random: &mut Random,
) -> JoinHandle<()> {
    let number = partition.id().partition as usize;
    let base_offset = end_of(&models.borrow()[number]);
    let stored = random_batch(random, base_offset);
    models.borrow_mut()[number].push(stored.clone());
    let value = mark_value(number, stored.next_offset);
    core.mark(APPENDING, value);
    let append = Append { batches: &stored.bytes, origin: Origin::Client, leader_epoch: LEADER_EPOCH, restamp: None };
    let appended = partition.append(&append).await.unwrap();
    assert_eq!((appended.base_offset, appended.next_offset), (base_offset, stored.next_offset));
    let (core, partition) = (core.clone(), partition.clone());
    core.clone().spawn_join(async move {
        partition.wait_durable(stored.next_offset).await.unwrap();
        core.mark(ACKED, value);
    })
}

/// Appends to one partition, with up to eight batches that wait for their acknowledgement.
async fn produce(core: Core, partition: Rc<Partition>, models: Rc<RefCell<Vec<Model>>>, seed: u64) {
    let mut random = Random(seed);
    let mut unacknowledged = Vec::new();
    for _ in 0..APPENDS_PER_START {
        unacknowledged.push(append_one(&core, &partition, &models, &mut random).await);
        if unacknowledged.len() >= random.within(1, 9) {
            for acknowledgement in unacknowledged.drain(..) {
                acknowledgement.await;
            }
        }
    }
    for acknowledgement in unacknowledged {
        acknowledgement.await;
    }
}

#[derive(Clone, Copy, PartialEq)]
enum End {
    Clean,
    /// In the middle of appends.
    Killed,
}

/// One start of the log, from recovery to its end. `models` is what the partitions were given before; gives what they
/// were given by its end, without what was lost.
async fn run_start(core: Core, root: &Path, start: usize, end: End, models: Vec<Model>) -> Vec<Model> {
    let mut opened = Opened::open(&core, root).await.unwrap();
    let mut kept = models;
    for (number, partition) in &opened.partitions {
        let log_end = partition.offsets().log_end;
        kept[*number].retain(|stored| stored.next_offset <= log_end);
        assert_eq!(end_of(&kept[*number]), log_end, "a part of a batch was recovered");
    }
    core.mark(OPEN, start as u64);
    for (number, partition) in &opened.partitions {
        core.mark(SERVED, mark_value(*number, partition.offsets().durable));
    }
    opened.create_missing().await;
    let models = Rc::new(RefCell::new(kept));
    let seed = |number: usize| (start * 1_000 + number) as u64;
    let producers: Vec<_> = opened
        .partitions
        .iter()
        .map(|(number, partition)| {
            core.spawn_join(produce(core.clone(), partition.clone(), models.clone(), seed(*number)))
        })
        .collect();
    for producer in producers {
        producer.await;
    }
    match end {
        End::Clean => opened.log.close().await.unwrap(),
        End::Killed => {
            let mut random = Random(seed(PARTITIONS));
            let mut last = None;
            for partition in opened.partitions.values().cycle().take(PARTITIONS * 5) {
                last = Some(append_one(&core, partition, &models, &mut random).await);
            }
            // What the last of these bursts waits for is still on its way.
            drop(last);
            core.yield_now().await;
        }
    }
    drop(opened.directory.lock);
    models.borrow().clone()
}

/// What was recorded, and what the partitions had been given by the end of each start.
struct Run {
    trace: Trace,
    models: Vec<Vec<Model>>,
}

fn record_run() -> Run {
    let root = tempfile::tempdir_in(DISK).unwrap();
    let recording = Arc::new(Recording::start(root.path()).unwrap());
    let host = HostOptions { recording: Some(recording.clone()), ..HostOptions::default() };
    let mut models: Vec<Vec<Model>> = Vec::new();
    for (start, end) in [End::Killed, End::Clean, End::Killed].into_iter().enumerate() {
        let before = models.last().cloned().unwrap_or_else(|| vec![Model::new(); PARTITIONS]);
        let main = async |core: Core| run_start(core, root.path(), start, end, before).await;
        models.push(uring::block_on_with(&host, main).unwrap());
    }
    Run { trace: recording.trace(), models }
}

impl Run {
    /// What the partitions may hold after a power loss at `cut`: a beginning of this.
    fn models_at(&self, cut: usize) -> &[Model] {
        let opened = self.trace.marks_before(cut).filter(|(kind, _)| *kind == OPEN).count();
        &self.models[opened.saturating_sub(1)]
    }

    /// What the partitions must hold after a power loss at `cut`: everything up to this offset (exclusive).
    fn promised_at(&self, cut: usize) -> BTreeMap<usize, Offset> {
        let mut promised = BTreeMap::new();
        for (_, value) in self.trace.marks_before(cut).filter(|(kind, _)| matches!(*kind, ACKED | SERVED)) {
            let (partition, offset) = of_mark(value);
            let end: &mut Offset = promised.entry(partition).or_default();
            *end = offset.max(*end);
        }
        promised
    }

    /// The cuts right behind acknowledgements.
    fn acknowledgements(&self) -> Vec<usize> {
        let events = self.trace.events().iter().enumerate();
        events.filter(|(_, event)| matches!(event, Event::Mark { kind: ACKED, .. })).map(|(at, _)| at + 1).collect()
    }

    /// Recovers an image, and keeps it when it shows a fault.
    fn check_image(&self, cut: usize, seed: u64) -> usize {
        let image = tempfile::tempdir_in(DISK).unwrap();
        self.trace.crash_image(cut, seed, image.path()).unwrap();
        let (models, promised) = (self.models_at(cut), self.promised_at(cut));
        match uring::block_on(async |core| check_recovery(core, image.path(), models, &promised).await) {
            Ok(batches) => batches,
            Err(fault) => {
                let kept = TempDir::with_prefix_in("millrace-fault-", DISK).unwrap().keep();
                self.trace.crash_image(cut, seed, &kept).unwrap();
                panic!("image at event {cut}, seed {seed} (kept in {}): {fault}", kept.display());
            }
        }
    }
}

/// Opens the log in an image and compares it with what it may and must hold; gives the number of batches in it.
async fn check_recovery(
    core: Core,
    root: &Path,
    models: &[Model],
    promised: &BTreeMap<usize, Offset>,
) -> Result<usize, String> {
    let opened = Opened::open(&core, root).await?;
    if let Some(missing) = promised.keys().find(|partition| !opened.partitions.contains_key(partition)) {
        return Err(format!("partition {missing} is missing"));
    }
    let mut found = 0;
    for (number, partition) in &opened.partitions {
        let promised = promised.get(number).copied().unwrap_or(0);
        let checked = check_partition(&core, partition, &models[*number], promised).await;
        found += checked.map_err(|fault| format!("partition {number}: {fault}"))?;
    }
    Ok(found)
}

async fn check_partition(
    core: &Core,
    partition: &Rc<Partition>,
    model: &[Stored],
    promised: Offset,
) -> Result<usize, String> {
    partition.check().map_err(|error| error.to_string())?;
    let offsets = partition.offsets();
    if offsets.log_start != 0 || offsets.durable != offsets.log_end || offsets.log_end < promised {
        return Err(format!("{offsets:?} where everything before {promised} was promised"));
    }
    let mut expected = model.iter();
    let mut offset = 0;
    while offset < offsets.log_end {
        let limits = ReadLimits { bytes_max: 128 * 1024, at_least_one_batch: true };
        let read = partition.read(offset, limits).await.map_err(|error| error.to_string())?;
        let mut bytes = Vec::new();
        for part in &read.parts {
            bytes.extend_from_slice(&part.load(core).await.map_err(|error| error.to_string())?);
        }
        let before = offset;
        // A range of a file may end within a batch.
        for batch in batches(&bytes).map_while(Result::ok) {
            let Some(stored) = expected.next() else { return Err(format!("a batch at {offset} that nobody appended")) };
            if batch.base_offset() != offset || batch.bytes() != &*stored.bytes {
                return Err(format!("at {offset} lies another batch, with base offset {}", batch.base_offset()));
            }
            offset = stored.next_offset;
        }
        if offset == before {
            return Err(format!("nothing can be read at {offset}, log end {}", offsets.log_end));
        }
    }
    if offset != offsets.log_end {
        return Err(format!("the log end is {}, its last batch ends at {offset}", offsets.log_end));
    }
    let rot = partition.rot();
    if !rot.is_empty() {
        return Err(format!("rot where there can be none: {rot:?}"));
    }
    Ok(model.len() - expected.len())
}

/// The paths of the recording's open files.
fn paths(trace: &Trace) -> BTreeMap<u64, &PathBuf> {
    let mut opening = BTreeMap::new();
    let mut paths = BTreeMap::new();
    for event in trace.events() {
        match event {
            Event::Submitted { op, action: Action::Open { path, .. }, .. } => {
                opening.insert(*op, path);
            }
            Event::Completed { op, opened: Some(file), .. } => {
                paths.insert(*file, opening[op]);
            }
            _ => {}
        }
    }
    paths
}

/// Asserts that the run did what this test is about, so that it cannot become empty unnoticed.
fn assert_is_eventful(run: &Run) {
    let paths = paths(&run.trace);
    let mut writes_of_place: BTreeMap<(&PathBuf, u64), usize> = BTreeMap::new();
    let (mut segment_writes, mut checkpoints) = (0, 0);
    for event in run.trace.events() {
        match event {
            Event::Submitted { action: Action::Write { file, offset, bytes, .. }, .. } => {
                let path = paths[file];
                if path.extension().is_some_and(|extension| extension == "log") {
                    segment_writes += usize::from(bytes.len() as u64 >= LARGE_RUN_BYTES);
                } else if path.starts_with("journal") {
                    *writes_of_place.entry((path, *offset)).or_default() += 1;
                }
            }
            Event::Submitted { action: Action::Rename { to, .. }, .. } => {
                checkpoints += usize::from(to.extension().is_some_and(|extension| extension == "checkpoint"));
            }
            _ => {}
        }
    }
    let is_segment = |path: &&&PathBuf| path.extension().is_some_and(|extension| extension == "log");
    let segments = paths.values().filter(is_segment).count();
    let laps = writes_of_place.iter().filter(|((_, offset), writes)| *offset > 0 && **writes >= 3).count();
    assert!(laps >= 10, "the journal's ring went round: {laps} places were written three times");
    assert!(segment_writes >= 50, "{segment_writes} large runs went to segments");
    assert!(segments >= PARTITIONS * 4, "{segments} segments");
    assert!(checkpoints >= 7, "{checkpoints} checkpoints, of which starts and stops made four");
}

/// The seed whose images hold nothing that was not synced, found by its effect on 256 unsynced sectors.
fn most_adverse_seed() -> u64 {
    const BYTES: usize = 256 * 512;
    let root = tempfile::tempdir_in(DISK).unwrap();
    let recording = Arc::new(Recording::start(root.path()).unwrap());
    let host = HostOptions { recording: Some(recording.clone()), ..HostOptions::default() };
    let write = async |core: Core| {
        let file = core.open(&root.path().join("file"), OpenOptions::read_write()).await.unwrap();
        core.sync_dir(root.path()).await.unwrap();
        file.write_at(&core, vec![Bytes::from(vec![1; BYTES])], 0, Durability::Synced).await.unwrap();
        file.write_at(&core, vec![Bytes::from(vec![2; BYTES])], 0, Durability::Deferred).await.unwrap();
    };
    uring::block_on_with(&host, write).unwrap();
    let trace = recording.trace();
    let is_adverse = |seed: &u64| {
        let image = tempfile::tempdir_in(DISK).unwrap();
        trace.crash_image(trace.events().len(), *seed, image.path()).unwrap();
        fs::read(image.path().join("file")).unwrap().iter().all(|byte| *byte == 1)
    };
    (0..1_000).find(is_adverse).unwrap()
}

/// Whether `bytes` lie in `writes`, in pieces of which each goes on where the one before it ends.
fn is_carried(bytes: &[u8], writes: &[&[u8]]) -> bool {
    let mut rest = bytes;
    while !rest.is_empty() {
        // A block may end within the key.
        let longest = (1..=KEY_BYTES.min(rest.len())).rev().find_map(|key_bytes| {
            let longest = writes.iter().map(|write| longest_piece(rest, key_bytes, write)).max();
            longest.filter(|longest| *longest > 0)
        });
        let Some(longest) = longest else { return false };
        rest = &rest[longest..];
    }
    true
}

/// The length of the longest beginning of `bytes` in `write`, if it has `key_bytes` at least; else 0.
fn longest_piece(bytes: &[u8], key_bytes: usize, write: &[u8]) -> usize {
    let key = &bytes[..key_bytes];
    let places = write.windows(key_bytes).enumerate().filter(|(_, window)| *window == key);
    let common = |place: usize| bytes.iter().zip(&write[place..]).take_while(|(left, right)| left == right).count();
    places.map(|(place, _)| common(place)).max().unwrap_or(0)
}

/// Asserts that each acknowledged batch had been carried, whole, by synced writes that ended before that. Gives the
/// number of acknowledgements.
fn assert_acknowledged_after_writes(run: &Run) -> usize {
    let mut under_way: BTreeMap<u64, (usize, &[u8])> = BTreeMap::new();
    // Ended writes, in that order, with the places of their submissions.
    let mut written: Vec<(usize, &[u8])> = Vec::new();
    let mut appending: BTreeMap<u64, usize> = BTreeMap::new();
    let mut acknowledged = 0;
    for (at, event) in run.trace.events().iter().enumerate() {
        match event {
            Event::Submitted { op, action: Action::Write { bytes, synced: true, .. }, .. } => {
                under_way.insert(*op, (at, bytes));
            }
            Event::Completed { op, succeeded, .. } => {
                written.extend(under_way.remove(op).filter(|_| *succeeded));
            }
            Event::Mark { kind: APPENDING, value, .. } => {
                appending.insert(*value, at);
            }
            Event::Mark { kind: ACKED, value, .. } => {
                let (partition, next_offset) = of_mark(*value);
                let model = &run.models_at(at)[partition];
                let stored = model.iter().find(|stored| stored.next_offset == next_offset).unwrap();
                let since = appending[value];
                let writes = written.iter().filter(|(submitted, _)| *submitted > since).map(|(_, bytes)| *bytes);
                let writes: Vec<&[u8]> = writes.collect();
                assert!(
                    is_carried(&stored.bytes, &writes),
                    "event {at}: partition {partition} acknowledged up to {next_offset} before its bytes were synced"
                );
                acknowledged += 1;
            }
            _ => {}
        }
    }
    acknowledged
}

#[test]
fn an_acknowledgement_follows_its_durable_write_and_every_legal_crash_image_recovers() {
    let images = std::env::var("MILLRACE_IMAGES").map_or(20, |images| images.parse::<usize>().unwrap());
    let run = record_run();
    assert_is_eventful(&run);
    let acknowledged = assert_acknowledged_after_writes(&run);
    assert!(acknowledged >= 3 * PARTITIONS * APPENDS_PER_START, "{acknowledged} acknowledgements");

    let adverse = most_adverse_seed();
    let acknowledgements = run.acknowledgements();
    let exact = acknowledgements.iter().step_by(acknowledgements.len().div_ceil(images));
    let at_acknowledgements = exact.map(|cut| run.check_image(*cut, adverse)).filter(|batches| *batches > 0).count();

    let mut random = Random(0x6d69_6c6c_7261_6365);
    let mut batches = 0;
    for _ in 0..images {
        let cut = random.within(0, run.trace.events().len() + 1);
        batches += run.check_image(cut, random.next());
    }
    println!(
        "{acknowledged} acknowledgements, {} events: {at_acknowledgements} images at acknowledgements, {images} at \
         random cuts with {batches} batches",
        run.trace.events().len()
    );
}
