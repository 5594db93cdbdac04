//! The journal on a real disk, and on what power loss could have left of it.

use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use millrace_runtime::recorder::Recording;
use millrace_runtime::sim::Random;
use millrace_runtime::uring::{HostOptions, block_on, block_on_with};
use millrace_runtime::{BufferPool, Core};

use super::super::{Entry, Journal, Options, Sequence, Verdict, replay};
use super::model::{any_entry, seeds, small};

/// Mark: the commit of this sequence was acknowledged.
const ACKNOWLEDGED: u16 = 1;
/// Mark: no commit before this sequence is needed any more.
const RELEASED: u16 = 2;

async fn read_back(core: &Core, directory: &Path) -> Option<(Verdict, Vec<(Sequence, Entry)>)> {
    let mut journals = replay(core, directory).await.unwrap().journals;
    let mut journal = journals.pop()?;
    let mut entries = Vec::new();
    while let Some(commit) = journal.next().await.unwrap() {
        entries.extend(commit.entries.into_iter().map(|entry| (commit.sequence, entry)));
    }
    Some((journal.verdict().clone(), entries))
}

/// Submits entries, a few at a time, over several laps of the ring. Marks what was acknowledged and released.
async fn work(core: &Core, directory: &Path, count: u64) -> Vec<(Sequence, Entry)> {
    let journal = Journal::open(core, directory, small()).await.unwrap();
    let marking = core.clone();
    journal.on_commit(Rc::new(move |done| marking.mark(ACKNOWLEDGED, done.sequence.0)));
    let mut random = Random::new(count);
    let mut submitted = Vec::new();
    for number in 0..count {
        journal.room().await.unwrap();
        let entry = any_entry(&mut random, number);
        submitted.push((journal.submit(entry.clone()), entry));
        if random.chance(300) {
            journal.wait_durable(journal.submitted()).await.unwrap();
        }
        if journal.pressure().is_some() {
            journal.wait_durable(Sequence(journal.submitted().0.min(journal.durable().0 + 1))).await.unwrap();
            let before = journal.durable().next();
            core.mark(RELEASED, before.0);
            journal.release(before);
        }
    }
    journal.wait_durable(journal.submitted()).await.unwrap();
    submitted
}

#[test]
fn what_a_real_disk_holds_is_what_was_submitted() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options { seal_after: Duration::from_secs(3_600), ..small() };
    let submitted = block_on(async |core| {
        let journal = Journal::open(&core, directory.path(), options).await.unwrap();
        let mut random = Random::new(1);
        let entries: Vec<_> = (0..20).map(|number| any_entry(&mut random, number)).collect();
        let submitted: Vec<_> = entries.into_iter().map(|entry| (journal.submit(entry.clone()), entry)).collect();
        journal.close().await.unwrap();
        submitted
    });
    let read = block_on(async |core| read_back(&core, directory.path()).await.unwrap());
    assert_eq!(read, (Verdict::Closed, submitted));
}

#[test]
fn every_crash_image_of_a_real_run_holds_what_was_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let recording = Arc::new(Recording::start(directory.path()).unwrap());
    let options = HostOptions { recording: Some(recording.clone()), ..HostOptions::default() };
    let submitted = block_on_with(&options, async |core| work(&core, directory.path(), 150).await).unwrap();
    let trace = recording.trace();
    let mut random = Random::new(1);
    for seed in 0..seeds(60) {
        let cut = random.index(trace.events().len() + 1);
        let image = tempfile::tempdir().unwrap();
        trace.crash_image(cut, seed, image.path()).unwrap();
        let marked =
            |wanted| trace.marks_before(cut).filter(move |(kind, _)| *kind == wanted).map(|(_, value)| value).max();
        let (acknowledged, released) = (marked(ACKNOWLEDGED).unwrap_or(0), marked(RELEASED).unwrap_or(0));
        let replayed = block_on(async |core| read_back(&core, image.path()).await);
        let Some((verdict, entries)) = replayed else {
            assert_eq!(acknowledged, 0, "cut {cut} seed {seed}: the journal is gone");
            continue;
        };
        assert!(verdict.is_complete(), "cut {cut} seed {seed}: {verdict:?}");
        let between = |from: u64, to: u64| -> Vec<_> {
            submitted.iter().filter(|(at, _)| (from..=to).contains(&at.0)).cloned().collect()
        };
        let first = entries.first().map_or(released, |(at, _)| at.0);
        let last = entries.last().map_or(first.saturating_sub(1), |(at, _)| at.0);
        assert!(entries == between(first, last), "cut {cut} seed {seed}: bytes and order");
        let lost = between(released, acknowledged).into_iter().find(|(at, _)| at.0 < first || at.0 > last);
        assert!(lost.is_none(), "cut {cut} seed {seed}: {lost:?} was acknowledged");
    }
}

/// How fast commits are on this machine's disk. `cargo test --release -p millrace-log journal_commits -- --ignored
/// --nocapture`
#[test]
#[ignore = "a measurement, not a check"]
fn journal_commits_per_second() {
    let directory = tempfile::tempdir_in(".").unwrap();
    let (opened, rate) = block_on(async |core| measure_replay(&core, directory.path()).await);
    println!("opened anew in {opened:?}; replay at {rate:.0} MB/s");
    for (bytes, waiting) in [(4_000, 1), (4_000, 64)] {
        let (rate, p50, p99) = block_on(async |core| measure(&core, directory.path(), bytes, waiting).await);
        println!("{bytes} B, {waiting} waiting: {rate:.0} entries/s, p50 {p50} us, p99 {p99} us");
    }
}

async fn measure_replay(core: &Core, directory: &Path) -> (Duration, f64) {
    let begun = core.now();
    let journal = Journal::open(core, directory, Options::default()).await.unwrap();
    let opened = core.now() - begun;
    core.sleep(Duration::from_secs(1)).await;
    let mut submitted = 0;
    while submitted < 90 << 20 {
        let entry = super::model::append(submitted, 3_000);
        submitted += entry.redo.len() as u64;
        journal.wait_durable(journal.submit(entry)).await.unwrap();
    }
    let begun = core.now();
    let mut journals = replay(core, directory).await.unwrap().journals;
    println!("found after {:?}", core.now() - begun);
    let mut read = 0;
    while let Some(commit) = journals[0].next().await.unwrap() {
        read += commit.entries.iter().map(|entry| entry.redo.len() as u64).sum::<u64>();
    }
    assert_eq!(read, submitted);
    (opened, submitted as f64 / 1e6 / (core.now() - begun).as_secs_f64())
}

async fn measure(core: &Core, directory: &Path, bytes: usize, waiting: u64) -> (f64, u64, u64) {
    let journal = Journal::open(core, directory, Options::default()).await.unwrap();
    core.sleep(Duration::from_secs(1)).await;
    let pool = BufferPool::new(1 << 20, std::task::Waker::noop().clone());
    let mut redo = pool.alloc(bytes).unwrap();
    redo.set_len(bytes);
    let redo = redo.freeze();
    let begun = core.now();
    let tasks: Vec<_> = (0..waiting)
        .map(|number| {
            let (core, journal, redo) = (core.clone(), journal.clone(), redo.clone());
            let entry = Entry { redo, ..super::model::append(number, 0) };
            core.clone().spawn_join(async move {
                let mut took = Vec::new();
                while core.now() - begun < Duration::from_secs(2) {
                    let submitted = core.now();
                    journal.wait_durable(journal.submit(entry.clone())).await.unwrap();
                    took.push((core.now() - submitted).as_micros() as u64);
                    if journal.pressure().is_some() {
                        journal.release(journal.durable().next());
                    }
                }
                took
            })
        })
        .collect();
    let mut took = Vec::new();
    for task in tasks {
        took.extend(task.await);
    }
    let seconds = (core.now() - begun).as_secs_f64();
    took.sort_unstable();
    journal.close().await.unwrap();
    (took.len() as f64 / seconds, took[took.len() / 2], took[took.len() * 99 / 100])
}
