//! Recording what a real run asked of its disk, to see what a power loss at any moment could have left.
//!
//! A kill cannot show a missing sync: the page cache survives it. A recording can: it holds every write, sync and
//! change of names under one directory, in the order in which they were submitted and completed, and the marks that the
//! code set in between (for example *this offset was acknowledged*). [`Trace::crash_image`] makes from it a directory
//! as a power loss after any event could have left it; a recovery from that image must find all that was marked before
//! the cut.
//!
//! Invariants:
//! - An op's submission is recorded before the kernel can know of it, its completion before any task can know of it.
//! - Marks stand in one order with both, over all cores of a run.

mod image;
mod inode;
mod names;
mod reactor;
#[cfg(test)]
mod test;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use millrace_base::ids::CoreId;

pub(crate) use reactor::Recorder;

/// What an op would do to the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Opens a file, creating or cutting it.
    Open {
        /// Its path.
        path: PathBuf,
        /// Created if it is missing.
        create: bool,
        /// Cut to length 0.
        truncate: bool,
    },
    /// Writes to an open file.
    Write {
        /// The file's id.
        file: u64,
        /// Position in bytes.
        offset: u64,
        /// What is written.
        bytes: Vec<u8>,
        /// Completion means: on stable storage.
        synced: bool,
    },
    /// Makes a file's completed writes durable.
    Sync {
        /// The file's id.
        file: u64,
    },
    /// Sets a file's length.
    Truncate {
        /// The file's id.
        file: u64,
        /// The new length in bytes.
        len: u64,
    },
    /// Reserves space; changes nothing that can be read.
    Allocate {
        /// The file's id.
        file: u64,
        /// Start in bytes.
        offset: u64,
        /// Length in bytes.
        len: u64,
    },
    /// Renames a file or directory.
    Rename {
        /// The old path.
        from: PathBuf,
        /// The new path.
        to: PathBuf,
    },
    /// Removes a file's name.
    RemoveFile {
        /// The file's path.
        path: PathBuf,
    },
    /// Creates a directory.
    CreateDir {
        /// Its path.
        path: PathBuf,
    },
    /// Removes an empty directory.
    RemoveDir {
        /// Its path.
        path: PathBuf,
    },
    /// Makes a directory's completed changes of names durable.
    SyncDir {
        /// The directory's path.
        path: PathBuf,
    },
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An op was handed to the kernel.
    Submitted {
        /// Names the op in this trace.
        op: u64,
        /// Who did it.
        core: CoreId,
        /// What it would do.
        action: Action,
    },
    /// An op was completed by the kernel.
    Completed {
        /// The op's name in this trace.
        op: u64,
        /// Whether it succeeded.
        succeeded: bool,
        /// The id of the file that it opened.
        opened: Option<u64>,
    },
    /// [`crate::Core::mark`] was called.
    Mark {
        /// By whom.
        core: CoreId,
        /// What kind of event: the caller's choice.
        kind: u16,
        /// Its value: the caller's choice.
        value: u64,
    },
}

/// A file that was there before the recording began.
#[derive(Clone, Debug, PartialEq, Eq)]
struct InitialFile {
    path: PathBuf,
    bytes: Vec<u8>,
}

/// A recording under way: shared by the cores of a run. Keeps every written byte in memory: for tests.
#[derive(Debug)]
pub struct Recording {
    root: PathBuf,
    directories: Vec<PathBuf>,
    files: Vec<InitialFile>,
    log: Mutex<Log>,
}

#[derive(Debug, Default)]
struct Log {
    events: Vec<Event>,
    next_op: u64,
}

impl Recording {
    /// Begins to record what happens under the directory `root`; reads what is there already, and takes it for durable.
    ///
    /// # Errors
    /// When `root` cannot be read.
    pub fn start(root: &Path) -> io::Result<Recording> {
        let (mut directories, mut files) = (vec![PathBuf::new()], Vec::new());
        let mut next = 0;
        while let Some(directory) = directories.get(next).cloned() {
            next += 1;
            for entry in fs::read_dir(root.join(&directory))? {
                let entry = entry?;
                let path = directory.join(entry.file_name());
                if entry.file_type()?.is_dir() {
                    directories.push(path);
                } else {
                    files.push(InitialFile { path, bytes: fs::read(entry.path())? });
                }
            }
        }
        Ok(Recording { root: root.to_owned(), directories, files, log: Mutex::default() })
    }

    /// What was recorded so far.
    #[must_use]
    pub fn trace(&self) -> Trace {
        let events = self.log.lock().unwrap_or_else(PoisonError::into_inner).events.clone();
        Trace { directories: self.directories.clone(), files: self.files.clone(), events }
    }

    /// `path` below the root; `None` when it is elsewhere.
    fn below<'a>(&self, path: &'a Path) -> Option<&'a Path> {
        path.strip_prefix(&self.root).ok()
    }

    fn submitted(&self, core: CoreId, action: Action) -> u64 {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let op = log.next_op;
        log.next_op += 1;
        log.events.push(Event::Submitted { op, core, action });
        op
    }

    fn note(&self, event: Event) {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).events.push(event);
    }
}

/// What was recorded.
#[derive(Clone, Debug)]
pub struct Trace {
    directories: Vec<PathBuf>,
    files: Vec<InitialFile>,
    events: Vec<Event>,
}

impl Trace {
    /// The events, in order.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The marks before a cut: kind and value, in order. `cut` counts events.
    pub fn marks_before(&self, cut: usize) -> impl Iterator<Item = (u16, u64)> + '_ {
        self.events.iter().take(cut).filter_map(|event| match event {
            Event::Mark { kind, value, .. } => Some((*kind, *value)),
            _ => None,
        })
    }

    /// Makes, in the empty directory `into`, an image of the recorded directory as a power loss after the first `cut`
    /// events could have left it. `seed` chooses among the legal images.
    ///
    /// What was synced before the cut is there. Of the rest, each 512-byte sector holds what it held durably or what
    /// any later write made of it; a file's length is the durable one or a later one; each directory's changes of names
    /// are there up to some change, at least up to the last one that was synced.
    ///
    /// # Errors
    /// When the image cannot be written.
    pub fn crash_image(&self, cut: usize, seed: u64, into: &Path) -> io::Result<()> {
        image::materialise(self, cut, seed, into)
    }
}
