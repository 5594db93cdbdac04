//! Descriptors of segments' files for readers, bounded in number. A segment that is written has one more, for its
//! writes.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};

use millrace_runtime::{Core, File, OpenOptions};

/// How a segment's file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Access {
    /// Through the page cache: what is likely to be read again, and what leaves by sendfile.
    Cached,
    /// Past it, into memory of our own: what is read once.
    Direct,
}

/// The descriptors of one core; the one that was used longest ago is closed first.
pub(crate) struct SegmentFiles {
    limit: usize,
    open: RefCell<Open>,
    /// Counts the calls of [`SegmentFiles::forget`].
    forgotten: Cell<u64>,
}

#[derive(Default)]
struct Open {
    files: BTreeMap<(PathBuf, Access), File>,
    /// By last use, the oldest first.
    order: VecDeque<(PathBuf, Access)>,
}

impl SegmentFiles {
    /// At most `limit` descriptors, and at least one.
    pub(crate) fn new(limit: usize) -> SegmentFiles {
        SegmentFiles { limit: limit.max(1), open: RefCell::default(), forgotten: Cell::new(0) }
    }

    /// A descriptor of the file at `path`.
    pub(crate) async fn get(&self, core: &Core, path: &Path, access: Access) -> io::Result<File> {
        let key = (path.to_owned(), access);
        if let Some(file) = self.open.borrow_mut().touch(&key) {
            return Ok(file);
        }
        let forgotten = self.forgotten.get();
        let options = match access {
            Access::Cached => OpenOptions::read(),
            Access::Direct => OpenOptions::read().direct(),
        };
        let file = core.open(path, options).await?;
        if self.forgotten.get() != forgotten {
            // The path may stand for another file by now.
            return Ok(file);
        }
        let mut open = self.open.borrow_mut();
        open.files.insert(key.clone(), file.clone());
        open.order.push_back(key);
        while open.order.len() > self.limit {
            if let Some(oldest) = open.order.pop_front() {
                open.files.remove(&oldest);
            }
        }
        Ok(file)
    }

    /// Closes the descriptors of files below `directory`, or of the file itself.
    pub(crate) fn forget(&self, path: &Path) {
        self.forgotten.set(self.forgotten.get() + 1);
        let mut open = self.open.borrow_mut();
        open.files.retain(|(file, _), _| !file.starts_with(path));
        open.order.retain(|(file, _)| !file.starts_with(path));
    }
}

impl Open {
    fn touch(&mut self, key: &(PathBuf, Access)) -> Option<File> {
        let file = self.files.get(key)?.clone();
        if let Some(place) = self.order.iter().position(|used| used == key)
            && let Some(key) = self.order.remove(place)
        {
            self.order.push_back(key);
        }
        Some(file)
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use millrace_runtime::sim::{Disk, Stop, run};

    use super::*;
    use crate::scan::read_range;

    /// Runs a test on a disk with the files `/log/a` to `/log/d`, which hold their names.
    fn with_files(test: impl AsyncFnOnce(&Core, &Disk, SegmentFiles) + 'static) {
        let disk = Disk::new(1);
        for name in ["a", "b", "c", "d"] {
            disk.write_file(&Path::new("/log").join(name), name.as_bytes()).unwrap();
        }
        let given = disk.clone();
        run(1, &disk, Stop::Never, async move |core: Core| test(&core, &given, SegmentFiles::new(3)).await)
            .output
            .unwrap();
    }

    async fn content(core: &Core, files: &SegmentFiles, name: &str) -> String {
        let file = files.get(core, &Path::new("/log").join(name), Access::Cached).await.unwrap();
        String::from_utf8(read_range(core, &file, 0, 100).await.unwrap().to_vec()).unwrap()
    }

    /// Puts another file in the place of one.
    async fn replace(core: &Core, disk: &Disk, name: &str) {
        let path = Path::new("/log").join(name);
        core.remove_file(&path).await.unwrap();
        disk.write_file(&path, b"another").unwrap();
    }

    #[test]
    fn the_descriptor_that_was_used_longest_ago_is_closed_and_the_others_stay() {
        with_files(async |core, disk, files| {
            for name in ["a", "b", "c", "a", "d"] {
                assert_eq!(content(core, &files, name).await, name);
            }
            for name in ["a", "b", "c", "d"] {
                replace(core, disk, name).await;
            }
            for name in ["a", "c", "d"] {
                assert_eq!(content(core, &files, name).await, name, "still open");
            }
            assert_eq!(content(core, &files, "b").await, "another");
        });
    }

    #[test]
    fn a_file_that_is_forgotten_is_opened_anew_and_no_other() {
        with_files(async |core, disk, files| {
            for name in ["a", "b"] {
                content(core, &files, name).await;
                replace(core, disk, name).await;
            }
            files.forget(Path::new("/log/a"));
            assert_eq!(content(core, &files, "a").await, "another");
            assert_eq!(content(core, &files, "b").await, "b");
            files.forget(Path::new("/log"));
            assert_eq!(content(core, &files, "b").await, "another");
        });
    }

    #[test]
    fn what_was_forgotten_counts_for_the_limit_no_more() {
        with_files(async |core, disk, files| {
            for name in ["a", "b", "c"] {
                content(core, &files, name).await;
            }
            files.forget(Path::new("/log/a"));
            content(core, &files, "d").await;
            replace(core, disk, "b").await;
            assert_eq!(content(core, &files, "b").await, "b", "there was room for one more");
            for name in ["c", "d", "a"] {
                content(core, &files, name).await;
            }
            assert_eq!(content(core, &files, "b").await, "another", "the others count as before");
        });
    }

    #[test]
    fn a_file_that_is_forgotten_while_it_is_opened_is_not_kept() {
        with_files(async |core, disk, files| {
            let mut opening = pin!(content(core, &files, "a"));
            assert!(matches!(opening.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending));
            files.forget(Path::new("/log/a"));
            assert_eq!(opening.await, "a");
            replace(core, disk, "a").await;
            assert_eq!(content(core, &files, "a").await, "another");
        });
    }
}
