//! Descriptors of sealed segments for readers: buffered, so that they can leave by sendfile, and bounded in number.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};

use millrace_runtime::{Core, File, OpenOptions};

/// The descriptors of one core; the one that was used longest ago is closed first.
pub(crate) struct SealedFiles {
    limit: usize,
    open: RefCell<Open>,
    /// Counts the calls of [`SealedFiles::forget`].
    forgotten: Cell<u64>,
}

#[derive(Default)]
struct Open {
    files: BTreeMap<PathBuf, File>,
    /// By last use, the oldest first.
    order: VecDeque<PathBuf>,
}

impl SealedFiles {
    /// At most `limit` descriptors, and at least one.
    pub(crate) fn new(limit: usize) -> SealedFiles {
        SealedFiles { limit: limit.max(1), open: RefCell::default(), forgotten: Cell::new(0) }
    }

    /// A descriptor of the file at `path`.
    pub(crate) async fn get(&self, core: &Core, path: &Path) -> io::Result<File> {
        if let Some(file) = self.open.borrow_mut().touch(path) {
            return Ok(file);
        }
        let forgotten = self.forgotten.get();
        let file = core.open(path, OpenOptions::read()).await?;
        if self.forgotten.get() != forgotten {
            // The path may stand for another file by now.
            return Ok(file);
        }
        let mut open = self.open.borrow_mut();
        open.files.insert(path.to_owned(), file.clone());
        open.order.push_back(path.to_owned());
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
        open.files.retain(|file, _| !file.starts_with(path));
        open.order.retain(|file| !file.starts_with(path));
    }
}

impl Open {
    fn touch(&mut self, path: &Path) -> Option<File> {
        let file = self.files.get(path)?.clone();
        if let Some(place) = self.order.iter().position(|file| file == path)
            && let Some(path) = self.order.remove(place)
        {
            self.order.push_back(path);
        }
        Some(file)
    }
}
