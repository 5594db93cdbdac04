//! Power loss and kills at any operation, over many lives of one disk and many laps of its ring.

use std::cell::RefCell;
use std::rc::Rc;

use millrace_runtime::Core;
use millrace_runtime::sim::{Disk, Random, Stop, run};

use super::super::{Journal, Options};
use super::model::{Model, SharedModel, any_entry, open, replay_from, seeds, small};

const LIVES: u64 = 6;

/// Submits `entries` entries from a few tasks, waits for some, and releases what is durable now and then.
async fn work(core: Core, model: SharedModel, seed: u64, options: Options, entries: u64) {
    let journal = open(&core, options).await;
    model.borrow_mut().is_open = true;
    let observed = model.clone();
    let last = RefCell::new(journal.durable());
    journal.on_commit(Rc::new(move |done| {
        assert_eq!(done.sequence, last.borrow().next(), "commits are acknowledged in order");
        *last.borrow_mut() = done.sequence;
        observed.borrow_mut().acknowledged = done.sequence;
    }));
    let submitters: Vec<_> = (0..3)
        .map(|task| core.spawn_join(submit(core.clone(), journal.clone(), model.clone(), seed * 3 + task, entries / 3)))
        .collect();
    let releaser = core.spawn_join(release(core.clone(), journal.clone(), model.clone(), seed));
    for submitter in submitters {
        submitter.await;
    }
    journal.wait_durable(journal.submitted()).await.unwrap();
    drop(releaser);
    if seed.is_multiple_of(2) {
        journal.close().await.unwrap();
        model.borrow_mut().is_closed = true;
    }
}

async fn submit(core: Core, journal: Journal, model: SharedModel, seed: u64, entries: u64) {
    let mut random = Random::new(seed);
    for number in 0..entries {
        journal.room().await.unwrap();
        let entry = any_entry(&mut random, seed * 1_000 + number);
        let sequence = journal.submit(entry.clone());
        model.borrow_mut().submitted.push((sequence, entry));
        match random.below(4) {
            0 => {
                journal.wait_durable(sequence).await.unwrap();
                assert!(model.borrow().acknowledged >= sequence, "observers are told first");
            }
            1 => core.yield_now().await,
            _ => {}
        }
    }
}

async fn release(core: Core, journal: Journal, model: SharedModel, seed: u64) {
    let mut random = Random::new(seed);
    loop {
        let wanted = journal.pressed().await.unwrap();
        let ready = journal.durable().next();
        let before = if random.coin() { wanted.min(ready) } else { ready };
        model.borrow_mut().released_before = before;
        journal.release(before);
        core.sleep(small().seal_after / 10).await;
    }
}

fn lives(seed: u64, options: Options, entries: u64) {
    let disk = Disk::new(seed);
    let mut random = Random::new(seed);
    let mut before = Model::default();
    for life in 0..LIVES {
        let model = SharedModel::default();
        let stop = if random.chance(100) { Stop::Never } else { Stop::AfterDiskOps(random.below(entries) + 1) };
        let working = model.clone();
        let work_seed = seed * LIVES + life;
        run(work_seed, &disk, stop, move |core| work(core, working, work_seed, options, entries));
        if random.coin() {
            disk.power_loss();
        } else {
            disk.kill();
        }
        let model = Rc::try_unwrap(model).map_or_else(|shared| shared.take(), RefCell::into_inner);
        // Recovery itself may crash, any number of times, without consequence.
        for _ in 0..random.below(3) {
            model.assert_kept(&before, replay_from(random.next_u64(), &disk.fork(random.next_u64())));
        }
        let replayed = replay_from(work_seed, &disk);
        let is_still_there = !model.is_open && replayed.as_ref().is_some_and(|replayed| !replayed.entries.is_empty());
        model.assert_kept(&before, replayed);
        if !is_still_there {
            before = model;
        }
    }
}

#[test]
fn whatever_was_acknowledged_survives_power_loss_and_nothing_stale_appears() {
    for seed in 0..seeds(60) {
        lives(seed, small(), 240);
    }
}

#[test]
fn a_ring_that_does_not_grow_survives_as_well() {
    for seed in 0..seeds(30) {
        lives(seed, Options { files_added: 0, ..small() }, 120);
    }
}

#[test]
fn a_crash_before_anything_was_recorded_leaves_no_damage() {
    for ops in 1..60 {
        let disk = Disk::new(ops);
        run(ops, &disk, Stop::AfterDiskOps(ops), |core: Core| async move {
            open(&core, small()).await;
        });
        disk.power_loss();
        Model::default().assert_kept(&Model::default(), replay_from(ops, &disk));
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let trace = |seed| {
        let disk = Disk::new(seed);
        let model = SharedModel::default();
        run(seed, &disk, Stop::Never, move |core| work(core, model, seed, small(), 60)).trace_hash
    };
    assert_eq!(trace(3), trace(3));
    assert_ne!(trace(3), trace(4));
}
