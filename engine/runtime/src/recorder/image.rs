//! Replaying a trace up to a cut, and writing down what a power loss there could have left.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::inode::{Inode, SECTOR_BYTES, SyncPoint};
use super::names::{Names, NodeId};
use super::{Action, Event, Trace};

/// Chooses among what is legal: by seed always the oldest, always the newest, or each time at random.
pub(super) struct Choice {
    state: u64,
    manner: u64,
}

impl Choice {
    fn new(seed: u64) -> Choice {
        let mut choice = Choice { state: seed, manner: 0 };
        choice.manner = choice.next() % 5;
        choice
    }

    /// Below `count`; 0 when `count` is 0. Legal states are numbered from the durable one to the newest.
    pub(super) fn among(&mut self, count: usize) -> usize {
        let newest = count.saturating_sub(1);
        match self.manner {
            0 => 0,
            1 => newest,
            _ => (self.next() % (count.max(1) as u64)) as usize,
        }
    }

    /// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

/// What an op's completion does.
enum Pending {
    /// A change of a file, durable when it completes or not.
    Change {
        node: NodeId,
        synced: bool,
    },
    /// A change of names.
    Names,
    Open {
        node: Option<NodeId>,
    },
    Sync {
        node: NodeId,
        point: SyncPoint,
    },
    SyncDir {
        covered: Option<(NodeId, usize)>,
    },
}

struct Model {
    names: Names,
    inodes: BTreeMap<NodeId, Inode>,
    /// Open files by id.
    open: BTreeMap<u64, NodeId>,
    pending: BTreeMap<u64, Pending>,
}

pub(super) fn materialise(trace: &Trace, cut: usize, seed: u64, into: &Path) -> io::Result<()> {
    let failed: BTreeSet<u64> = trace
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Completed { op, succeeded: false, .. } => Some(*op),
            _ => None,
        })
        .collect();
    let mut model = Model::new(trace);
    for event in trace.events.iter().take(cut) {
        match event {
            // Change 0 is what was there before.
            Event::Submitted { op, action, .. } => model.submit(op + 1, action, failed.contains(op)),
            Event::Completed { op, succeeded: true, opened } => model.complete(op + 1, *opened),
            Event::Completed { .. } | Event::Mark { .. } => {}
        }
    }
    model.write(&mut Choice::new(seed), into)
}

impl Model {
    fn new(trace: &Trace) -> Model {
        let (mut names, mut inodes) = (Names::new(), BTreeMap::new());
        for directory in trace.directories.iter().filter(|path| !path.as_os_str().is_empty()) {
            names.create(0, directory, true);
        }
        for file in &trace.files {
            if let Some(node) = names.create(0, &file.path, false) {
                inodes.insert(node, Inode::new(0, &file.bytes));
            }
        }
        names.settle();
        Model { names, inodes, open: BTreeMap::new(), pending: BTreeMap::new() }
    }

    /// An op may have any part of its effect from now on. One that will fail changes no names; a write may still tear.
    fn submit(&mut self, change: u64, action: &Action, fails: bool) {
        let pending = match action {
            Action::Open { path, create, truncate } => {
                self.submit_open(change, path, *create && !fails, *truncate && !fails)
            }
            Action::Write { file, offset, bytes, synced } => {
                self.change(*file, *synced, |inode| inode.write(change, *offset, bytes))
            }
            Action::Truncate { file, len } if !fails => self.change(*file, false, |inode| inode.truncate(change, *len)),
            Action::Sync { file } => self.open.get(file).and_then(|node| {
                let point = self.inodes.get(node)?.begin_sync(change);
                Some(Pending::Sync { node: *node, point })
            }),
            Action::SyncDir { path } => Some(Pending::SyncDir { covered: self.names.begin_sync(path) }),
            Action::Truncate { .. } | Action::Allocate { .. } => None,
            Action::Rename { .. } | Action::RemoveFile { .. } | Action::CreateDir { .. } | Action::RemoveDir { .. }
                if fails =>
            {
                None
            }
            Action::Rename { from, to } => {
                self.names.rename(change, from, to);
                Some(Pending::Names)
            }
            Action::RemoveFile { path } | Action::RemoveDir { path } => {
                self.names.remove(change, path);
                Some(Pending::Names)
            }
            Action::CreateDir { path } => {
                self.names.create(change, path, true);
                Some(Pending::Names)
            }
        };
        if let Some(pending) = pending {
            self.pending.insert(change, pending);
        }
    }

    fn submit_open(&mut self, change: u64, path: &Path, create: bool, truncate: bool) -> Option<Pending> {
        let found = self.names.find(path);
        let node = match found {
            None if create => {
                let node = self.names.create(change, path, false)?;
                self.inodes.insert(node, Inode::new(change, &[]));
                Some(node)
            }
            found => found,
        };
        if truncate && let Some(inode) = node.and_then(|node| self.inodes.get_mut(&node)) {
            inode.truncate(change, 0);
        }
        Some(Pending::Open { node })
    }

    fn change(&mut self, file: u64, synced: bool, apply: impl FnOnce(&mut Inode)) -> Option<Pending> {
        let node = *self.open.get(&file)?;
        apply(self.inodes.get_mut(&node)?);
        Some(Pending::Change { node, synced })
    }

    fn complete(&mut self, change: u64, opened: Option<u64>) {
        match self.pending.remove(&change) {
            Some(Pending::Change { node, synced }) => {
                if let Some(inode) = self.inodes.get_mut(&node) {
                    inode.complete(change, synced);
                }
            }
            Some(Pending::Names) => self.names.complete(change),
            Some(Pending::Open { node: Some(node) }) => {
                self.names.complete(change);
                if let Some(inode) = self.inodes.get_mut(&node) {
                    inode.complete(change, false);
                }
                if let Some(file) = opened {
                    self.open.insert(file, node);
                }
            }
            Some(Pending::Sync { node, point }) => {
                if let Some(inode) = self.inodes.get_mut(&node) {
                    inode.complete_sync(&point);
                }
            }
            Some(Pending::SyncDir { covered: Some(covered) }) => self.names.complete_sync(covered),
            Some(Pending::Open { node: None } | Pending::SyncDir { covered: None }) | None => {}
        }
    }

    fn write(&self, choice: &mut Choice, into: &Path) -> io::Result<()> {
        let names = self.names.crash(choice);
        let mut unwritten = vec![(Names::ROOT, into.to_owned())];
        while let Some((directory, path)) = unwritten.pop() {
            for (name, node) in names.get(&directory).into_iter().flatten() {
                let path = path.join(name);
                match self.inodes.get(node) {
                    Some(inode) => write_file(inode, choice, &path)?,
                    None => {
                        fs::create_dir(&path)?;
                        unwritten.push((*node, path));
                    }
                }
            }
        }
        Ok(())
    }
}

fn write_file(inode: &Inode, choice: &mut Choice, path: &Path) -> io::Result<()> {
    let (len, sectors) = inode.crash(choice);
    let file = File::create_new(path)?;
    for (index, sector) in sectors {
        file.write_all_at(&sector, index * SECTOR_BYTES as u64)?;
    }
    file.set_len(len)
}
