//! The journal on a real disk, and on what power loss could have left of it.

use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use millrace_runtime::Core;
use millrace_runtime::recorder::Recording;
use millrace_runtime::sim::Random;
use millrace_runtime::uring::{HostOptions, block_on, block_on_with};

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
