use std::io::ErrorKind;
use std::time::Duration;

use crate::uring::block_on;
use crate::{BLOCK_BYTES, Bytes, Core, Durability, OpenOptions};

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|index| (index * 31 % 251) as u8).collect()
}

fn aligned(core: &Core, bytes: &[u8]) -> Bytes {
    let mut buffer = core.buffers().alloc(bytes.len()).unwrap();
    buffer.extend_from_slice(bytes);
    buffer.freeze()
}

/// Not on tmpfs, so that O_DIRECT is what is tested.
fn directory() -> tempfile::TempDir {
    tempfile::tempdir_in("/var/tmp").unwrap()
}

#[test]
fn a_direct_file_is_written_in_parts_and_read_back_to_its_end() {
    block_on(async |core| {
        let directory = directory();
        let path = directory.path().join("direct");
        let file = core.open(&path, OpenOptions::read_write().direct()).await.unwrap();
        let bytes = pattern(40 * BLOCK_BYTES);
        let parts: Vec<Bytes> = bytes.chunks(4 * BLOCK_BYTES).map(|part| aligned(&core, part)).collect();
        file.write_at(&core, parts, BLOCK_BYTES as u64, Durability::Synced).await.unwrap();
        assert_eq!(file.len(&core).await.unwrap(), 41 * BLOCK_BYTES as u64);
        let written = std::fs::read(&path).unwrap();
        assert_eq!(&written[..BLOCK_BYTES], &[0; BLOCK_BYTES]);
        assert_eq!(&written[BLOCK_BYTES..], &bytes);

        let buffer = core.buffers().alloc(64 * BLOCK_BYTES).unwrap();
        let (result, buffer) = file.read_at(&core, buffer, BLOCK_BYTES as u64).await;
        assert_eq!(result.unwrap(), bytes.len());
        assert_eq!(&buffer[..], &bytes);

        let unaligned = file.write_at(&core, vec![aligned(&core, b"short")], 0, Durability::Deferred).await;
        assert_eq!(unaligned.unwrap_err().kind(), ErrorKind::InvalidInput);
        file.close(&core).await.unwrap();
    });
}

#[test]
fn a_buffered_file_takes_more_parts_than_one_call_does() {
    block_on(async |core| {
        let directory = directory();
        let path = directory.path().join("buffered");
        let file = core.open(&path, OpenOptions::read_write()).await.unwrap();
        let bytes = pattern(3 * 2500);
        let parts = bytes.chunks(3).map(|part| Bytes::from(part.to_vec())).collect();
        file.write_at(&core, parts, 5, Durability::Deferred).await.unwrap();
        file.sync(&core).await.unwrap();
        assert_eq!(std::fs::read(&path).unwrap()[5..], bytes);
        file.truncate(&core, 105).await.unwrap();
        let (result, buffer) = file.read_at(&core, core.buffers().alloc(4096).unwrap(), 5).await;
        assert_eq!((result.unwrap(), &buffer[..]), (100, &bytes[..100]));
        let (result, _) = file.read_at(&core, core.buffers().alloc(4096).unwrap(), 1000).await;
        assert_eq!(result.unwrap(), 0);
        file.allocate(&core, 0, 1 << 20).await.unwrap();
        assert_eq!(file.len(&core).await.unwrap(), 105, "allocation keeps the length");
        file.write_at(&core, Vec::new(), 0, Durability::Synced).await.unwrap();
    });
}

#[test]
fn names_are_created_renamed_listed_and_removed() {
    block_on(async |core| {
        let directory = directory();
        let deep = directory.path().join("a/b/c");
        core.create_dir_all(&deep).await.unwrap();
        core.create_dir_all(&deep).await.unwrap();
        let create = OpenOptions { create_new: true, ..OpenOptions::read_write() };
        core.open(&deep.join("two"), create).await.unwrap();
        core.open(&deep.join("one"), create).await.unwrap();
        let again = core.open(&deep.join("one"), create).await.unwrap_err();
        assert_eq!(again.kind(), ErrorKind::AlreadyExists);
        assert!(again.to_string().contains("a/b/c/one"), "{again}");
        core.rename(&deep.join("two"), &deep.join("three")).await.unwrap();
        core.sync_dir(&deep).await.unwrap();
        let names: Vec<String> = core.read_dir(&deep).await.unwrap().into_iter().map(|entry| entry.name).collect();
        assert_eq!(names, ["one", "three"]);
        assert!(core.exists(&deep.join("one")).await.unwrap());
        core.remove_file(&deep.join("one")).await.unwrap();
        assert!(!core.exists(&deep.join("one")).await.unwrap());
        assert_eq!(core.remove_file(&deep.join("one")).await.unwrap_err().kind(), ErrorKind::NotFound);
        core.remove_dir_all(&directory.path().join("a")).await.unwrap();
        assert!(!core.exists(&directory.path().join("a")).await.unwrap());
    });
}

#[test]
fn a_lock_excludes_another_open_of_the_file_until_it_is_closed() {
    block_on(async |core| {
        let directory = directory();
        let path = directory.path().join("lock");
        let first = core.open(&path, OpenOptions::read_write()).await.unwrap();
        let second = core.open(&path, OpenOptions::read_write()).await.unwrap();
        assert!(first.try_lock(&core).await.unwrap());
        assert!(!second.try_lock(&core).await.unwrap());
        drop(first);
        assert!(second.try_lock(&core).await.unwrap());
    });
}

#[test]
fn a_dropped_write_still_happens_and_keeps_its_buffer_until_then() {
    block_on(async |core| {
        let directory = directory();
        let path = directory.path().join("orphan");
        let file = core.open(&path, OpenOptions::read_write().direct()).await.unwrap();
        let used_before = core.buffers().used_bytes();
        let bytes = pattern(256 * BLOCK_BYTES);
        let write = file.write_at(&core, vec![aligned(&core, &bytes)], 0, Durability::Synced);
        let none = core.timeout(Duration::ZERO, write).await;
        assert!(none.is_err(), "a write of 1 MiB does not end at once");
        assert_eq!(core.buffers().used_bytes() - used_before, bytes.len());
        while core.buffers().used_bytes() > used_before {
            core.sleep(Duration::from_micros(100)).await;
        }
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
    });
}

#[test]
fn more_operations_than_the_rings_have_entries_all_complete() {
    block_on(async |core| {
        let directory = directory();
        let file = core.open(&directory.path().join("many"), OpenOptions::read_write()).await.unwrap();
        let writes = (0..12_000_u64).map(|index| {
            let part = Bytes::from(index.to_be_bytes().to_vec());
            file.write_at(&core, vec![part], index * 8, Durability::Deferred)
        });
        for result in crate::sync::join_all(writes).await {
            result.unwrap();
        }
        let (result, buffer) = file.read_at(&core, core.buffers().alloc(96_000).unwrap(), 0).await;
        assert_eq!(result.unwrap(), 96_000);
        assert!(buffer.chunks(8).zip(0_u64..).all(|(bytes, index)| bytes == index.to_be_bytes()));
    });
}
