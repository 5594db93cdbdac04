use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::uring::{HostOptions, block_on_with};
use crate::{Bytes, Core, Durability, OpenOptions};

const SEEDS: u64 = 60;

/// Records what `main` does in a new directory.
fn record(main: impl AsyncFnOnce(Core, &Path)) -> Trace {
    let directory = tempfile::tempdir_in("/var/tmp").unwrap();
    fs::write(directory.path().join("before"), b"here all along").unwrap();
    let recording = Arc::new(Recording::start(directory.path()).unwrap());
    let options = HostOptions { recording: Some(recording.clone()), ..HostOptions::default() };
    block_on_with(&options, async |core| main(core, directory.path()).await).unwrap();
    recording.trace()
}

/// What the file holds in images of `trace` at `cut`, over many seeds; `None` where it is missing.
fn outcomes(trace: &Trace, cut: usize, name: &str) -> BTreeSet<Option<Vec<u8>>> {
    let mut found = BTreeSet::new();
    for seed in 0..SEEDS {
        let image = tempfile::tempdir_in("/var/tmp").unwrap();
        trace.crash_image(cut, seed, image.path()).unwrap();
        assert_eq!(fs::read(image.path().join("before")).unwrap(), b"here all along");
        found.insert(fs::read(image.path().join(name)).ok());
    }
    found
}

/// The number of events up to and including the mark of this value.
fn mark(trace: &Trace, value: u64) -> usize {
    1 + trace.events().iter().position(|event| matches!(event, Event::Mark { value: v, .. } if *v == value)).unwrap()
}

async fn write(core: &Core, file: &crate::File, byte: u8, len: usize, offset: u64, durability: Durability) {
    file.write_at(core, vec![Bytes::from(vec![byte; len])], offset, durability).await.unwrap();
}

#[test]
fn a_synced_write_is_in_every_image_after_it_and_an_unsynced_one_may_be_torn() {
    let trace = record(async |core, root| {
        let file = core.open(&root.join("log"), OpenOptions::read_write()).await.unwrap();
        core.sync_dir(root).await.unwrap();
        write(&core, &file, b'a', 1024, 0, Durability::Synced).await;
        core.mark(1, 1);
        write(&core, &file, b'b', 1024, 0, Durability::Deferred).await;
        core.mark(1, 2);
        file.sync(&core).await.unwrap();
        core.mark(1, 3);
    });
    let whole = |byte| Some(vec![byte; 1024]);
    let mixed = |first, second| Some([[first; 512], [second; 512]].concat());
    assert_eq!(outcomes(&trace, mark(&trace, 1), "log"), BTreeSet::from([whole(b'a')]));
    let torn = BTreeSet::from([whole(b'a'), whole(b'b'), mixed(b'a', b'b'), mixed(b'b', b'a')]);
    assert_eq!(outcomes(&trace, mark(&trace, 2), "log"), torn);
    assert_eq!(outcomes(&trace, mark(&trace, 3), "log"), BTreeSet::from([whole(b'b')]));
    assert_eq!(trace.marks_before(mark(&trace, 2)).collect::<Vec<_>>(), [(1, 1), (1, 2)]);
    assert!(outcomes(&trace, 0, "log") == BTreeSet::from([None]));
}

#[test]
fn a_synced_write_in_a_file_whose_name_was_not_synced_may_be_lost() {
    let trace = record(async |core, root| {
        let file = core.open(&root.join("new"), OpenOptions::read_write()).await.unwrap();
        write(&core, &file, b'x', 10, 0, Durability::Synced).await;
        core.mark(1, 1);
        core.sync_dir(root).await.unwrap();
        core.mark(1, 2);
    });
    let there = Some(b"xxxxxxxxxx".to_vec());
    assert_eq!(outcomes(&trace, mark(&trace, 1), "new"), BTreeSet::from([None, there.clone()]));
    assert_eq!(outcomes(&trace, mark(&trace, 2), "new"), BTreeSet::from([there]));
}

#[test]
fn a_rename_over_a_file_leaves_the_old_or_the_new_one() {
    let trace = record(async |core, root| {
        for (name, byte) in [("current", b'o'), ("next", b'n')] {
            let file = core.open(&root.join(name), OpenOptions::read_write()).await.unwrap();
            write(&core, &file, byte, 3, 0, Durability::Synced).await;
        }
        core.sync_dir(root).await.unwrap();
        core.rename(&root.join("next"), &root.join("current")).await.unwrap();
        core.mark(1, 1);
        core.sync_dir(root).await.unwrap();
        core.mark(1, 2);
    });
    let (old, new) = (Some(b"ooo".to_vec()), Some(b"nnn".to_vec()));
    assert_eq!(outcomes(&trace, mark(&trace, 1), "current"), BTreeSet::from([old, new.clone()]));
    assert_eq!(outcomes(&trace, mark(&trace, 2), "current"), BTreeSet::from([new]));
    assert_eq!(outcomes(&trace, mark(&trace, 2), "next"), BTreeSet::from([None]));
}

#[test]
fn bytes_behind_a_truncation_never_come_back() {
    let trace = record(async |core, root| {
        let file = core.open(&root.join("log"), OpenOptions::read_write()).await.unwrap();
        core.sync_dir(root).await.unwrap();
        write(&core, &file, b'a', 1024, 0, Durability::Synced).await;
        file.truncate(&core, 100).await.unwrap();
        write(&core, &file, b'b', 512, 1024, Durability::Deferred).await;
        core.mark(1, 1);
        file.sync(&core).await.unwrap();
        core.mark(1, 2);
    });
    let cut = [[b'a'; 100].as_slice(), &[0; 924]].concat();
    let with_end = |end: u8| Some([cut.as_slice(), &[end; 512]].concat());
    let legal = BTreeSet::from([Some(vec![b'a'; 1024]), Some(vec![b'a'; 100]), with_end(b'b'), with_end(0)]);
    let found = outcomes(&trace, mark(&trace, 1), "log");
    assert!(found.is_subset(&legal), "{:?}", found.difference(&legal));
    assert!(found.len() >= 3, "{} outcomes of 4", found.len());
    assert_eq!(outcomes(&trace, mark(&trace, 2), "log"), BTreeSet::from([with_end(b'b')]));
}

#[test]
fn directories_are_created_and_removed_with_what_they_hold() {
    let trace = record(async |core, root| {
        let topic = root.join("topic");
        core.create_dir_all(&topic).await.unwrap();
        let file = core.open(&topic.join("segment"), OpenOptions::read_write()).await.unwrap();
        write(&core, &file, b's', 5, 0, Durability::Synced).await;
        core.sync_dir(&topic).await.unwrap();
        core.mark(1, 1);
        core.sync_dir(root).await.unwrap();
        core.mark(1, 2);
        core.rename(&topic.join("segment"), &root.join("moved")).await.unwrap();
        core.mark(1, 3);
    });
    let there = Some(b"sssss".to_vec());
    assert_eq!(outcomes(&trace, mark(&trace, 1), "topic/segment"), BTreeSet::from([None, there.clone()]));
    assert_eq!(outcomes(&trace, mark(&trace, 2), "topic/segment"), BTreeSet::from([there.clone()]));
    for seed in 0..SEEDS {
        let image = tempfile::tempdir_in("/var/tmp").unwrap();
        trace.crash_image(mark(&trace, 3), seed, image.path()).unwrap();
        let (old, new) = (image.path().join("topic/segment").exists(), image.path().join("moved").exists());
        assert!(old != new, "a file that moves between directories has exactly one name");
    }
}
