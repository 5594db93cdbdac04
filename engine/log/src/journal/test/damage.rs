//! Damage below what was durable is told from a tear, and never replayed.

use std::path::PathBuf;

use millrace_runtime::sim::{Disk, Stop, run};
use millrace_runtime::{BLOCK_BYTES, Core};

use super::super::files::{directory, records_path, ring_path};
use super::super::{Entry, Options, Sequence, Verdict, replay};
use super::model::{Replayed, append, log_directory, open, replay_from, small};

fn records(number: usize) -> PathBuf {
    records_path(&directory(log_directory()), 0, number)
}

/// A journal of commits of one block each that ended without a clean stop, after it had fallen idle.
fn written(seed: u64, commits: u64, options: Options, released: u64) -> (Disk, Vec<(Sequence, Entry)>) {
    let disk = Disk::new(seed);
    let main = async move |core: Core| {
        let journal = open(&core, options).await;
        core.sleep(options.grow_retry).await;
        let mut entries = Vec::new();
        for number in 0..commits {
            let sequence = journal.submit(append(number, 2_000));
            journal.wait_durable(sequence).await.unwrap();
            if number < released {
                journal.release(sequence.next());
            } else {
                entries.push((sequence, append(number, 2_000)));
            }
        }
        core.sleep(options.seal_after * 3).await;
        entries
    };
    let entries = run(seed, &disk, Stop::Never, main).output.unwrap();
    disk.power_loss();
    (disk, entries)
}

fn unsealed() -> Options {
    // All commits and the seal in the first file.
    Options { files_added: 0, first_file_bytes: 64 * 1024, ..small() }
}

#[test]
fn each_block_that_rots_is_found_the_last_commit_included() {
    let (disk, entries) = written(1, 8, unsealed(), 0);
    let intact = replay_from(1, &disk).unwrap();
    assert_eq!((&intact.verdict, &intact.entries), (&Verdict::Ended, &entries));
    for block in 0..8 {
        for offset in [0, 63, 64, 1_000, 2_000] {
            let damaged = disk.fork(2);
            damaged.corrupt(&records(0), (block * BLOCK_BYTES + offset) as u64).unwrap();
            assert_rot_after(replay_from(2, &damaged).unwrap(), &entries, block);
        }
        let damaged = disk.fork(3);
        damaged.spoil(&records(0), (block * BLOCK_BYTES + 600) as u64).unwrap();
        assert_rot_after(replay_from(3, &damaged).unwrap(), &entries, block);
    }
}

fn assert_rot_after(replayed: Replayed, entries: &[(Sequence, Entry)], whole: usize) {
    let Verdict::Rot { at, .. } = replayed.verdict else { panic!("block {whole}: {:?}", replayed.verdict) };
    assert_eq!(at, entries[whole].0);
    assert_eq!(replayed.entries, entries[..whole]);
    assert_eq!(replayed.beyond, entries[whole + 1..]);
}

#[test]
fn a_damaged_end_after_a_clean_stop_is_rot() {
    let disk = Disk::new(4);
    run(4, &disk, Stop::Never, |core: Core| async move {
        let journal = open(&core, unsealed()).await;
        journal.submit(append(1, 100));
        journal.close().await.unwrap();
    });
    disk.corrupt(&records(0), 100).unwrap();
    let replayed = replay_from(4, &disk).unwrap();
    assert!(matches!(replayed.verdict, Verdict::Rot { valid_after: 0, .. }), "{:?}", replayed.verdict);
    assert!(replayed.entries.is_empty());
}

#[test]
fn after_a_clean_stop_with_all_released_the_records_are_not_needed() {
    let disk = Disk::new(11);
    run(11, &disk, Stop::Never, |core: Core| async move {
        let journal = open(&core, unsealed()).await;
        journal.wait_durable(journal.submit(append(1, 100))).await.unwrap();
        journal.release(journal.durable().next());
        core.sleep(unsealed().seal_after * 3).await;
        journal.close().await.unwrap();
        core.remove_file(&records(0)).await.unwrap();
    });
    let replayed = replay_from(11, &disk).unwrap();
    assert_eq!((replayed.verdict, replayed.entries), (Verdict::Closed, vec![]));
}

#[test]
fn damage_to_what_was_released_does_not_matter() {
    let (disk, entries) = written(5, 8, unsealed(), 5);
    for block in 0..5 {
        disk.corrupt(&records(0), (block * BLOCK_BYTES + 70) as u64).unwrap();
    }
    let replayed = replay_from(5, &disk).unwrap();
    assert_eq!((replayed.verdict, replayed.entries), (Verdict::Ended, entries));
}

#[test]
fn a_missing_file_is_named_and_nothing_after_it_is_taken_for_whole() {
    // 8 commits in each of the first two files, 16 in the third, some in the fourth.
    let (disk, entries) = written(6, 36, small(), 0);
    for (number, whole) in [(0, 0), (1, 8), (2, 16), (3, 32)] {
        let damaged = disk.fork(6);
        let path = records(number);
        let gone = path.clone();
        run(7, &damaged, Stop::Never, async move |core: Core| core.remove_file(&gone).await.unwrap());
        let replayed = replay_from(7, &damaged).unwrap();
        match &replayed.verdict {
            Verdict::Missing { at, path: named, .. } => assert_eq!((*at, named), (entries[whole].0, &path)),
            other => panic!("file {number}: {other:?}"),
        }
        assert_eq!(replayed.entries, entries[..whole]);
    }
}

#[test]
fn a_missing_file_that_is_not_needed_does_not_matter() {
    let (disk, entries) = written(8, 12, small(), 8);
    run(9, &disk, Stop::Never, async |core: Core| {
        core.remove_file(&records(0)).await.unwrap();
        core.remove_file(&records(2)).await.unwrap();
    });
    let replayed = replay_from(9, &disk).unwrap();
    assert_eq!((replayed.verdict, replayed.entries), (Verdict::Ended, entries));
}

#[test]
fn one_damaged_slot_of_the_superblock_is_survived_two_are_named() {
    let (disk, entries) = written(10, 3, unsealed(), 0);
    let ring = ring_path(&directory(log_directory()), 0);
    let mut survived = 0;
    for slot in 0..2 {
        let damaged = disk.fork(10);
        damaged.corrupt(&ring, (slot * BLOCK_BYTES + 20) as u64).unwrap();
        let replayed = replay_from(10, &damaged).unwrap();
        survived += usize::from(replayed.entries == entries);
    }
    assert!(survived >= 1, "the older slot stands for the newer one only as far as it knows");
    disk.corrupt(&ring, 20).unwrap();
    disk.corrupt(&ring, BLOCK_BYTES as u64 + 20).unwrap();
    let replayed = replay_from(10, &disk).unwrap();
    assert_eq!(replayed.verdict, Verdict::NoSuperblock { path: ring });
}

#[test]
fn a_last_commit_of_which_a_part_is_missing_is_a_tear() {
    let disk = Disk::new(12);
    let submitted = run(12, &disk, Stop::Never, async |core: Core| {
        let journal = open(&core, unsealed()).await;
        for number in 0..3 {
            journal.wait_durable(journal.submit(append(number, 9_000))).await.unwrap();
        }
        journal.submitted()
    });
    let last = submitted.output.unwrap();
    disk.kill();
    assert_eq!(replay_from(12, &disk).unwrap().verdict, Verdict::Ended, "nothing is missing");
    // Each commit is three blocks long.
    disk.corrupt(&records(0), (8 * BLOCK_BYTES + 5) as u64).unwrap();
    let replayed = replay_from(12, &disk).unwrap();
    assert_eq!((replayed.verdict, replayed.entries.len()), (Verdict::Torn { at: last }, 2));
}

#[test]
fn each_journal_tells_its_core_and_whether_something_was_released() {
    for released in [0, 2] {
        let (disk, _) = written(13, 4, unsealed(), released);
        let of_directory = directory(log_directory());
        let ring = disk.read_file(&ring_path(&of_directory, 0)).unwrap();
        disk.write_file(&ring_path(&of_directory, 3), &ring).unwrap();
        for number in 0..2 {
            let bytes = disk.read_file(&records(number)).unwrap();
            disk.write_file(&records_path(&of_directory, 3, number), &bytes).unwrap();
        }
        let told = run(14, &disk, Stop::Never, async |core: Core| {
            let journals = replay(&core, log_directory()).await.unwrap().journals;
            journals.iter().map(|journal| (journal.core(), journal.needs_checkpoint())).collect::<Vec<_>>()
        });
        assert_eq!(told.output.unwrap(), [(0, released > 0), (3, released > 0)]);
    }
}
