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
