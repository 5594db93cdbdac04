//! Order, back-pressure, growth, failure.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use millrace_runtime::sim::{Access, Disk, Failure, Stop, run};
use millrace_runtime::{Core, File, OpenOptions};

use super::super::files::{directory, records_path};
use super::super::{Journal, Options, Sequence, Verdict, replay, retire};
use super::model::{append, log_directory, open, replay_from, small};

fn simulate<T: 'static>(seed: u64, main: impl AsyncFnOnce(Core, Disk) -> T + 'static) -> (Disk, T) {
    let disk = Disk::new(seed);
    let given = disk.clone();
    let output = run(seed, &disk, Stop::Never, async move |core| main(core, given).await).output.unwrap();
    (disk, output)
}

#[test]
fn a_lone_entry_is_committed_at_once() {
    let (_, (first, took)) = simulate(1, async |core, _| {
        let journal = open(&core, small()).await;
        let begun = core.now();
        let first = journal.submit(append(1, 100));
        journal.wait_durable(first).await.unwrap();
        (journal.durable() == first, core.now() - begun)
    });
    assert!(first);
    assert!(took < small().seal_after, "{took:?}: no timer is waited for");
}

#[test]
fn entries_of_many_partitions_share_a_commit() {
    simulate(2, async |core, _| {
        let journal = open(&core, small()).await;
        let sequences: Vec<Sequence> = (0..100).map(|number| journal.submit(append(number, 10))).collect();
        journal.wait_durable(sequences[99]).await.unwrap();
        assert_eq!(sequences[0], sequences[99]);
    });
}

#[test]
fn commits_are_bounded_and_acknowledged_in_order_though_two_are_in_flight() {
    for seed in 0..20 {
        let (_, order) = simulate(seed, async |core, _| {
            let journal = open(&core, small()).await;
            let order = Rc::new(RefCell::new(vec![journal.durable()]));
            let observed = order.clone();
            journal.on_commit(Rc::new(move |done| observed.borrow_mut().push(done.sequence)));
            for number in 0..30 {
                journal.submit(append(number, 5_000));
            }
            journal.wait_durable(journal.submitted()).await.unwrap();
            order.take()
        });
        // Three entries of 5,000 bytes fit into 16 KiB.
        assert_eq!(order.len(), 1 + 10, "seed {seed}");
        assert!(order.windows(2).all(|pair| pair[1] == pair[0].next()), "seed {seed}: {order:?}");
    }
}

#[test]
fn a_full_ring_holds_appends_back_until_release() {
    simulate(3, async |core, _| {
        let options = Options { files_added: 0, ..small() };
        let journal = open(&core, options).await;
        // Two commits of 16 KiB fill a file of 32 KiB; there are two.
        let first = journal.submit(append(1, 15_000));
        let second = journal.submit(append(1, 15_000));
        journal.submit(append(1, 15_000));
        let fourth = journal.submit(append(1, 15_000));
        journal.wait_durable(fourth).await.unwrap();
        assert!(!journal.has_room(), "appends wait");
        // What does not ask waits for a commit.
        let last = journal.submit(append(1, 15_000));
        core.sleep(small().seal_after * 10).await;
        assert_eq!(journal.durable(), fourth, "nothing is overwritten before it is released");
        assert_eq!(journal.pressure(), Some(second.next()));
        journal.release(first.next());
        core.sleep(small().seal_after * 10).await;
        assert_eq!(journal.durable(), fourth, "a file is free when all of it is released");
        journal.release(second.next());
        journal.wait_durable(last).await.unwrap();
        journal.release(last.next());
        journal.room().await.unwrap();
    });
}

#[test]
fn the_ring_grows_in_the_background_and_a_full_disk_only_delays_it() {
    let (disk, ()) = simulate(4, async |core, disk| {
        disk.set_capacity_bytes(Some(small().first_file_bytes * 2 + 24 * 1024));
        let journal = open(&core, small()).await;
        for number in 0..4 {
            journal.wait_durable(journal.submit(append(number, 15_000))).await.unwrap();
        }
        let next = journal.submit(append(4, 15_000));
        core.sleep(small().grow_retry * 3).await;
        assert!(journal.durable() < next, "there is no room in the ring nor on the disk");
        disk.set_capacity_bytes(None);
        journal.wait_durable(next).await.unwrap();
    });
    let records = records_path(&directory(log_directory()), 0, 2);
    assert_eq!(disk.read_file(&records).unwrap().len() as u64, small().file_bytes);
}

#[test]
fn after_a_failed_write_nothing_is_acknowledged_ever_again() {
    for (seed, access) in [(5, Access::Write), (6, Access::Sync)] {
        let (disk, acknowledged) = simulate(seed, async move |core, disk| {
            let journal = open(&core, Options { files_added: 0, ..small() }).await;
            let failures = Rc::new(Cell::new(0));
            let counted = failures.clone();
            journal.on_failure(Rc::new(move |_| counted.set(counted.get() + 1)));
            let good = journal.submit(append(1, 100));
            journal.wait_durable(good).await.unwrap();
            disk.fail(access, Failure::Next(1));
            let bad = journal.submit(append(2, 100));
            let error = journal.wait_durable(bad).await.unwrap_err();
            assert!(error.to_string().contains("cannot write"), "{error}");
            // The disk works again; the journal does not.
            let later = journal.submit(append(3, 100));
            assert!(later > good);
            assert!(journal.wait_durable(later).await.is_err());
            assert!(journal.wait_durable(good).await.is_ok(), "what was durable stays so");
            assert!(
                journal.room().await.is_err() && journal.pressed().await.is_err() && journal.close().await.is_err()
            );
            assert_eq!((journal.durable(), failures.get()), (good, 1));
            good
        });
        disk.power_loss();
        let replayed = replay_from(seed, &disk).unwrap();
        assert_eq!(replayed.entries.first(), Some(&(acknowledged, append(1, 100))));
        assert!(replayed.entries.len() <= 2, "the entry after the failure was never written");
    }
}

#[test]
fn a_clean_stop_is_known_and_opening_begins_anew() {
    let (disk, last) = simulate(7, async |core, _| {
        let journal = open(&core, small()).await;
        let last = journal.submit(append(1, 100));
        journal.close().await.unwrap();
        last
    });
    let replayed = replay_from(7, &disk).unwrap();
    assert_eq!((replayed.verdict, replayed.entries), (Verdict::Closed, vec![(last, append(1, 100))]));
    run(8, &disk, Stop::Never, async move |core: Core| {
        let journal = open(&core, small()).await;
        assert!(journal.submit(append(2, 100)) > last, "sequences grow over restarts");
    });
    disk.power_loss_keeping_only_durable();
    let replayed = replay_from(9, &disk).unwrap();
    assert_eq!((replayed.verdict, replayed.entries), (Verdict::Ended, vec![]), "what was before is void");
}

#[test]
fn a_full_disk_stops_neither_replay_nor_opening_nor_commits() {
    let (disk, last) = simulate(12, async |core, disk| {
        let journal = open(&core, small()).await;
        core.sleep(small().grow_retry).await;
        let last = journal.submit(append(1, 100));
        journal.wait_durable(last).await.unwrap();
        disk.fill();
        last
    });
    disk.power_loss();
    disk.fill();
    assert_eq!(replay_from(12, &disk).unwrap().entries, vec![(last, append(1, 100))]);
    run(13, &disk, Stop::Never, async |core: Core| {
        let journal = open(&core, small()).await;
        for number in 0..50 {
            journal.wait_durable(journal.submit(append(number, 9_000))).await.unwrap();
            journal.release(journal.durable().next());
        }
        journal.close().await.unwrap();
    });
}

#[test]
fn a_journal_is_sealed_once_when_it_falls_idle_and_not_before() {
    simulate(7, async |core, _| {
        let journal = open(&core, small()).await;
        let origin = journal.durable();
        core.sleep(small().seal_after * 20).await;
        assert_eq!(journal.durable(), origin, "there is nothing to attest");
        let mut last = origin;
        for number in 0..20 {
            let sequence = journal.submit(append(number, 100));
            assert_eq!(sequence, last.next(), "no seal while there is work");
            journal.wait_durable(sequence).await.unwrap();
            core.sleep(small().seal_after / 2).await;
            last = sequence;
        }
        core.sleep(small().seal_after * 3).await;
        assert_eq!(journal.durable(), last.next(), "sealed");
        core.sleep(small().seal_after * 20).await;
        assert_eq!(journal.durable(), last.next(), "once");
        let next = journal.submit(append(1, 100));
        assert_eq!(next, last.next().next());
        journal.wait_durable(next).await.unwrap();
        core.sleep(small().seal_after * 20).await;
        assert_eq!(journal.durable(), next.next(), "and once more");
    });
}

#[test]
fn a_closed_journal_is_not_sealed() {
    simulate(8, async |core, _| {
        let journal = open(&core, small()).await;
        let last = journal.submit(append(1, 100));
        journal.close().await.unwrap();
        core.sleep(small().seal_after * 20).await;
        assert_eq!(journal.durable(), last);
    });
}

#[test]
fn closing_stops_the_growth_of_the_ring() {
    let (disk, ()) = simulate(14, async |core, _| {
        for number in 0..5 {
            let journal = open(&core, Options { file_bytes: 4 << 20, ..small() }).await;
            journal.submit(append(number, 9_000));
            journal.close().await.unwrap();
        }
    });
    let replayed = replay_from(14, &disk).unwrap();
    assert_eq!((replayed.verdict, replayed.entries.len()), (Verdict::Closed, 1));
}

#[test]
fn too_much_that_waits_holds_appends_back() {
    simulate(15, async |core, disk| {
        let journal = open(&core, Options { first_file_bytes: 1 << 20, waiting_bytes_max: 30_000, ..small() }).await;
        disk.stall();
        for _ in 0..10 {
            assert!(journal.has_room());
            journal.submit(append(1, 3_000));
        }
        assert!(!journal.has_room());
        disk.resume();
        journal.room().await.unwrap();
    });
}

#[test]
fn a_retired_journal_is_gone_even_if_its_removal_is_cut_short() {
    for ops in 1..40 {
        let disk = Disk::new(ops);
        run(ops, &disk, Stop::Never, |core: Core| async move {
            let journal = open(&core, small()).await;
            journal.wait_durable(journal.submit(append(1, 100))).await.unwrap();
        });
        let stopped = run(ops, &disk, Stop::AfterDiskOps(ops), async |core: Core| {
            retire(&core, log_directory(), 0).await.unwrap();
        });
        disk.power_loss();
        if let Some(replayed) = replay_from(ops, &disk) {
            let kept =
                replayed.entries == vec![(replayed.entries.first().map_or(Sequence(0), |(at, _)| *at), append(1, 100))];
            assert!(kept || replayed.entries.is_empty(), "{replayed:?}");
            assert!(replayed.verdict.is_complete(), "{replayed:?}");
        }
        run(ops, &disk, Stop::Never, async |core: Core| {
            retire(&core, log_directory(), 0).await.unwrap();
            assert!(replay(&core, log_directory()).await.unwrap().journals.is_empty());
        });
        if stopped.output.is_some() {
            return;
        }
    }
    panic!("retiring never ended");
}

#[test]
fn a_ring_of_a_later_format_is_refused() {
    let (disk, ()) = simulate(10, async |core, _| {
        open(&core, small()).await.close().await.unwrap();
    });
    let path = super::super::files::ring_path(&directory(log_directory()), 0);
    let mut bytes = disk.read_file(&path).unwrap();
    bytes[5] = 9;
    disk.write_file(&path, &bytes).unwrap();
    run(11, &disk, Stop::Never, async move |core: Core| {
        let file: File = core.open(&path, OpenOptions::read()).await.unwrap();
        assert_eq!(file.len(&core).await.unwrap(), 8192);
        let error = Journal::open(&core, log_directory(), small()).await.unwrap_err();
        assert!(error.to_string().contains("format version 9"), "{error}");
        assert!(replay(&core, log_directory()).await.is_err());
    });
}

#[test]
fn a_journal_that_is_opened_again_keeps_its_files_up_to_the_first_that_is_too_short() {
    const BYTES: usize = 32 * 1024;
    let records = |number| records_path(&directory(log_directory()), 0, number);
    let (disk, ()) = simulate(16, async |core, _| {
        let journal = open(&core, small()).await;
        journal.submit(append(1, 9_000));
        journal.close().await.unwrap();
    });
    let before = disk.read_file(&records(0)).unwrap();
    let reopened = |disk: &Disk, options: Options| {
        run(17, disk, Stop::Never, async move |core: Core| drop(open(&core, options).await));
        [0, 1].map(|number| disk.read_file(&records(number)).unwrap())
    };
    for commit_bytes_max in [small().commit_bytes_max, BYTES] {
        let [first, _] = reopened(&disk.fork(1), Options { commit_bytes_max, ..small() });
        assert!(first == before, "it is not written anew for commits of {commit_bytes_max} bytes");
    }
    let short = disk.fork(2);
    short.write_file(&records(1), &[0; BYTES - 4096]).unwrap();
    let [first, second] = reopened(&short, small());
    assert!(first == before && second.len() == BYTES, "{} bytes", second.len());
    let larger = Options { first_file_bytes: 2 * BYTES as u64, commit_bytes_max: BYTES + 4096, ..small() };
    let lengths = reopened(&disk.fork(3), larger).map(|bytes| bytes.len());
    assert_eq!(lengths, [2 * BYTES; 2], "a file is as long as a commit at least");
}
