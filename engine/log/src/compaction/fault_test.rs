//! What cleaning does when a batch is damaged, the disk is full, or a write fails: nothing is lost.

use std::path::{Path, PathBuf};

use millrace_base::ids::Offset;
use millrace_record::batch::{Batch, batches};
use millrace_runtime::Core;
use millrace_runtime::sim::{Access, Disk, Failure, Random, Stop, run};

use super::test::{Kept, Model, Opened, clean, on};
use crate::limits::BLOCK_BYTES;
use crate::{CleanError, Cleaner, CleanerOptions, ReadError, ReadLimits};

const DIRECTORY: &str = "/log/topic-0";

/// A disk with a log whose first segments were cleaned, and others that can be.
fn written() -> (Disk, Model) {
    let disk = Disk::new(1);
    let model = on(&disk, async |opened| {
        let (mut random, mut model) = (Random::new(1), Model::default());
        for keys in [700, 40] {
            for _ in 0..500 {
                opened.append_random(&mut random, keys, &mut model).await;
            }
            if keys == 700 {
                clean(&opened, &mut Cleaner::new(CleanerOptions::default()), 0, &mut model).await.unwrap();
            }
        }
        opened.log.close().await.unwrap();
        model
    });
    disk.kill();
    (disk, model)
}

fn files(disk: &Disk, suffix: &str) -> Vec<(PathBuf, u64)> {
    let files = disk.list(Path::new(DIRECTORY)).unwrap().into_iter().filter(|file| file.name.ends_with(suffix));
    files.map(|file| (Path::new(DIRECTORY).join(&file.name), file.metadata.len)).collect()
}

/// The wanted records that are there, read one by one, and the offsets that are refused as damaged.
async fn read_each(opened: &Opened, wanted: &[Kept]) -> Vec<Offset> {
    let mut refused = Vec::new();
    for record in wanted {
        let limits = ReadLimits { bytes_max: 1, at_least_one_batch: true };
        match opened.partition.read(record.offset, limits).await {
            Ok(read) => {
                let mut bytes = Vec::new();
                for part in &read.parts {
                    bytes.extend_from_slice(&part.load(&opened.core).await.unwrap());
                }
                let batch = Batch::first(&bytes).unwrap();
                assert!((batch.base_offset()..batch.next_offset()).contains(&record.offset), "{record:?}");
            }
            Err(ReadError::Rot { first, next, .. }) => {
                assert!((first..next).contains(&record.offset));
                refused.push(record.offset);
            }
            Err(error) => panic!("{error}"),
        }
    }
    refused
}

#[test]
fn a_damaged_batch_ends_cleaning_and_loses_nothing_but_itself() {
    let (whole, model) = written();
    let segments = files(&whole, ".log");
    assert!(segments.len() > 5, "{segments:?}");
    let sealed = segments.len() - 1;
    for (path, length) in segments.iter().take(sealed) {
        for block in (0..length.div_ceil(BLOCK_BYTES)).step_by(3) {
            let disk = whole.fork(block);
            let hit = (block * BLOCK_BYTES + 2_000).min(length - 1);
            disk.corrupt(path, hit).unwrap();
            let (model, shown) = (model.clone(), path.display().to_string());
            on(&disk, async move |opened| {
                let mut cleaner = Cleaner::new(CleanerOptions::default());
                let error = cleaner.clean(&opened.partition, 1).await.expect_err(&format!("{shown} at {hit}"));
                assert!(matches!(error, CleanError::Damaged { .. }), "{error}");
                assert!(opened.partition.uncleanable().is_some());
                assert!(opened.partition.cleanable(1).await.unwrap().is_none(), "it is not tried again");
                // What counts is there, but for what the damage has hit.
                let all = model.records();
                let counts = |record: &&Kept| {
                    let newest = all.iter().rfind(|other| other.key == record.key).unwrap();
                    record.key.is_some() && newest.offset == record.offset
                };
                let newest: Vec<Kept> = all.iter().filter(counts).cloned().collect();
                let refused = read_each(&opened, &newest).await;
                assert!(refused.len() < 30, "{refused:?}");
                assert!(!opened.partition.rot().is_empty(), "{shown} at {hit}: it was reported");
            });
            assert!(files(&disk, ".swap").is_empty());
        }
    }
}

#[test]
fn a_full_disk_leaves_everything_as_it_was_until_there_is_space() {
    let (disk, model) = written();
    let of_host = disk.clone();
    on(&disk, async move |opened| {
        let (mut random, mut model) = (Random::new(2), model);
        let mut cleaner = Cleaner::new(CleanerOptions::default());
        of_host.fill();
        let error = cleaner.clean(&opened.partition, 1).await.unwrap_err();
        assert!(matches!(error, CleanError::NoSpace(_)), "{error}");
        assert!(files(&of_host, ".swap").is_empty(), "what was begun is removed");
        opened.check(&mut random, &model).await;
        of_host.set_capacity_bytes(None);
        clean(&opened, &mut cleaner, 1, &mut model).await.unwrap();
        opened.check(&mut random, &model).await;
    });
}

#[test]
fn a_failed_write_takes_the_directory_offline_and_a_restart_finds_everything() {
    for access in [Access::Write, Access::Sync] {
        let (disk, model) = written();
        let of_host = disk.clone();
        on(&disk, async move |opened| {
            let mut cleaner = Cleaner::new(CleanerOptions::default());
            of_host.fail(access, Failure::Next(1));
            assert!(matches!(cleaner.clean(&opened.partition, 1).await.unwrap_err(), CleanError::Read(_)));
            assert!(opened.partition.check().is_err(), "{access:?}");
        });
        disk.power_loss();
        on(&disk, async move |opened| {
            let (mut random, mut model) = (Random::new(2), model);
            opened.check(&mut random, &model).await;
            clean(&opened, &mut Cleaner::new(CleanerOptions::default()), 1, &mut model).await.unwrap();
            opened.check(&mut random, &model).await;
        });
        assert!(files(&disk, ".swap").is_empty());
    }
}

#[test]
fn what_was_to_be_renamed_when_that_failed_stays_for_the_next_start() {
    let (disk, model) = written();
    let of_host = disk.clone();
    on(&disk, async move |opened| {
        of_host.fail(Access::Rename, Failure::Next(1));
        let error = Cleaner::new(CleanerOptions::default()).clean(&opened.partition, 1).await.unwrap_err();
        assert!(matches!(error, CleanError::Read(_)), "{error}");
        assert!(opened.partition.check().is_err(), "the directory is offline");
        assert_eq!(files(&of_host, ".swap").len(), 1, "the journal says that it counts");
    });
    disk.kill();
    let of_host = disk.clone();
    on(&disk, async move |opened| {
        assert!(files(&of_host, ".swap").is_empty());
        let mut model = model;
        Cleaner::new(CleanerOptions::default()).clean(&opened.partition, 1).await.unwrap();
        let cleaned_to = opened.partition.state.borrow().cleaned_to;
        model.clean(cleaned_to, 1);
        opened.check(&mut Random::new(2), &model).await;
    });
}

#[test]
fn a_cleaning_that_is_cut_short_anywhere_is_finished_or_undone_at_the_next_start() {
    let whole = Disk::new(1);
    let model = on(&whole, async |opened| {
        let (mut random, mut model) = (Random::new(1), Model::default());
        for _ in 0..200 {
            opened.append_random(&mut random, 15, &mut model).await;
        }
        opened.log.close().await.unwrap();
        model
    });
    whole.kill();
    let mut left_behind = 0;
    for operations in 1.. {
        let disk = whole.fork(operations);
        let ended = run(operations, &disk, Stop::AfterDiskOps(operations), async |core: Core| {
            let opened = Opened::open(&core).await;
            Cleaner::new(CleanerOptions::default()).clean(&opened.partition, 1).await.unwrap().unwrap();
        });
        let lost_power = disk.fork(operations);
        disk.kill();
        lost_power.power_loss();
        for disk in [disk, lost_power] {
            left_behind += files(&disk, ".swap").len();
            let (held, of_host) = (model.clone(), disk.clone());
            on(&disk, async move |opened| {
                assert!(files(&of_host, ".swap").is_empty(), "after {operations} operations");
                let mut model = held;
                Cleaner::new(CleanerOptions::default()).clean(&opened.partition, 1).await.unwrap();
                let cleaned_to = opened.partition.state.borrow().cleaned_to;
                model.clean(cleaned_to, 1);
                opened.check(&mut Random::new(1), &model).await;
            });
        }
        if ended.output.is_some() {
            break;
        }
    }
    assert!(left_behind > 0, "a start found what a cleaning had begun");
}

#[test]
fn whichever_sync_fails_a_restart_finds_everything() {
    let (whole, model) = written();
    let mut failed = 0;
    for seed in 0..12 {
        let disk = whole.fork(seed);
        let of_host = disk.clone();
        failed += on(&disk, async move |opened| {
            of_host.fail(Access::Sync, Failure::PerMille(8));
            let cleaned = Cleaner::new(CleanerOptions::default()).clean(&opened.partition, 1).await;
            of_host.fail(Access::Sync, Failure::Never);
            u32::from(cleaned.is_err())
        });
        disk.power_loss();
        let model = model.clone();
        on(&disk, async move |opened| {
            let mut model = model;
            Cleaner::new(CleanerOptions::default()).clean(&opened.partition, 1).await.unwrap();
            let cleaned_to = opened.partition.state.borrow().cleaned_to;
            model.clean(cleaned_to, 1);
            opened.check(&mut Random::new(1), &model).await;
        });
        assert!(files(&disk, ".swap").is_empty());
    }
    assert!((3..12).contains(&failed), "{failed} of 12 failed");
}

#[test]
fn a_cleaned_log_of_which_the_end_was_cut_is_whole_after_a_crash() {
    let disk = Disk::new(1);
    let model = on(&disk, async |opened| {
        let (mut random, mut model) = (Random::new(1), Model::default());
        for _ in 0..200 {
            opened.append_random(&mut random, 15, &mut model).await;
        }
        clean(&opened, &mut Cleaner::new(CleanerOptions::default()), 0, &mut model).await.unwrap();
        let end = opened.partition.offsets().log_end;
        for _ in 0..3 {
            opened.append_random(&mut random, 15, &mut Model::default()).await;
        }
        assert_eq!(opened.partition.truncate(end).await.unwrap(), end);
        model
    });
    disk.power_loss();
    on(&disk, async move |opened| opened.check(&mut Random::new(1), &model).await);
}

#[test]
fn a_batch_with_an_offset_that_is_not_its_own_is_neither_cleaned_nor_served() {
    let (whole, _) = written();
    let mut cases = 0;
    for (index, (path, _)) in files(&whole, ".log").into_iter().enumerate().take(8) {
        let bytes = whole.read_file(&path).unwrap();
        let mut ends = batches(&bytes).map_while(Result::ok).scan(0, |end, batch| {
            *end += batch.batch_bytes();
            Some((*end, batch.base_offset(), batch.next_offset()))
        });
        // The second batch of the segment: offsets lie outside its checksum.
        let (at, _, before) = ends.next().unwrap();
        let Some((_, base, next)) = ends.next() else { continue };
        for wrong in [before - 1, base + 1_000_000] {
            let disk = whole.fork(index as u64);
            let mut bytes = bytes.clone();
            bytes[at..at + 8].copy_from_slice(&wrong.to_be_bytes());
            disk.write_file(&path, &bytes).unwrap();
            on(&disk, async move |opened| {
                let limits = ReadLimits { bytes_max: 1, at_least_one_batch: true };
                let read = opened.partition.read(next - 1, limits).await;
                assert!(matches!(read, Err(ReadError::Rot { .. })), "offset {base} as {wrong}: {:?}", read.is_ok());
            });
            disk.kill();
            on(&disk, async move |opened| {
                let cleaned = Cleaner::new(CleanerOptions::default()).clean(&opened.partition, 1).await;
                assert!(matches!(cleaned, Err(CleanError::Damaged { .. })), "offset {base} as {wrong}: {cleaned:?}");
            });
            cases += 1;
        }
    }
    assert!(cases > 4, "{cases} cases");
}
