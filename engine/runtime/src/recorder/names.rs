//! Directories and the names in them, with all that a power loss could make of them.
//!
//! Each directory has a list of changes, in order. A power loss leaves those up to some place, at or after the last one
//! that was synced; a rename between two directories is in both or in neither.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use super::image::Choice;

/// Names a file or directory of the model for ever, whatever its path.
pub(super) type NodeId = usize;

struct Change {
    change: u64,
    name: OsString,
    /// What the name stands for afterwards.
    node: Option<NodeId>,
}

#[derive(Default)]
struct Directory {
    changes: Vec<Change>,
    durable: usize,
    live: BTreeMap<OsString, NodeId>,
}

/// All directories.
pub(super) struct Names {
    directories: BTreeMap<NodeId, Directory>,
    next: NodeId,
    completed: std::collections::BTreeSet<u64>,
}

impl Names {
    /// The directory that everything is in.
    pub(super) const ROOT: NodeId = 0;

    pub(super) fn new() -> Names {
        let directories = BTreeMap::from([(Names::ROOT, Directory::default())]);
        Names { directories, next: 1, completed: Default::default() }
    }

    /// What a path stands for now.
    pub(super) fn find(&self, path: &Path) -> Option<NodeId> {
        path.iter().try_fold(Names::ROOT, |node, name| self.directories.get(&node)?.live.get(name).copied())
    }

    /// A new file or directory at `path`; `None` when its parent is missing.
    pub(super) fn create(&mut self, change: u64, path: &Path, is_dir: bool) -> Option<NodeId> {
        let node = self.next;
        let parent = self.parent(path)?;
        self.next += 1;
        if is_dir {
            self.directories.insert(node, Directory::default());
        }
        self.set(change, parent, path, Some(node));
        Some(node)
    }

    pub(super) fn remove(&mut self, change: u64, path: &Path) {
        if let Some(parent) = self.parent(path) {
            self.set(change, parent, path, None);
        }
    }

    pub(super) fn rename(&mut self, change: u64, from: &Path, to: &Path) {
        if let (Some(node), Some(old), Some(new)) = (self.find(from), self.parent(from), self.parent(to)) {
            self.set(change, new, to, Some(node));
            self.set(change, old, from, None);
        }
    }

    pub(super) fn complete(&mut self, change: u64) {
        self.completed.insert(change);
    }

    /// What a sync of a directory that is submitted now will cover: changes up to the last completed one.
    pub(super) fn begin_sync(&self, path: &Path) -> Option<(NodeId, usize)> {
        let node = self.find(path)?;
        let changes = &self.directories.get(&node)?.changes;
        let last = changes.iter().rposition(|change| self.completed.contains(&change.change));
        Some((node, last.map_or(0, |last| last + 1)))
    }

    pub(super) fn complete_sync(&mut self, (node, upto): (NodeId, usize)) {
        if let Some(directory) = self.directories.get_mut(&node) {
            directory.durable = directory.durable.max(upto);
        }
    }

    /// Takes all changes so far for durable.
    pub(super) fn settle(&mut self) {
        for directory in self.directories.values_mut() {
            directory.durable = directory.changes.len();
        }
    }

    /// What a power loss leaves: the entries of each directory.
    pub(super) fn crash(&self, choice: &mut Choice) -> BTreeMap<NodeId, BTreeMap<OsString, NodeId>> {
        let mut kept: BTreeMap<NodeId, usize> = BTreeMap::new();
        for (node, directory) in &self.directories {
            kept.insert(*node, directory.durable + choice.among(directory.changes.len() - directory.durable + 1));
        }
        while self.complete_renames(&mut kept) {}
        let entries = |(node, directory): (&NodeId, &Directory)| {
            let mut entries = BTreeMap::new();
            for change in directory.changes.iter().take(kept.get(node).copied().unwrap_or(0)) {
                match change.node {
                    Some(named) => entries.insert(change.name.clone(), named),
                    None => entries.remove(&change.name),
                };
            }
            (*node, entries)
        };
        self.directories.iter().map(entries).collect()
    }

    /// Lets a directory keep a change of which another directory keeps its part. Gives whether it did so anywhere.
    fn complete_renames(&self, kept: &mut BTreeMap<NodeId, usize>) -> bool {
        let mut seen = std::collections::BTreeSet::new();
        for (node, directory) in &self.directories {
            let count = kept.get(node).copied().unwrap_or(0);
            seen.extend(directory.changes.iter().take(count).map(|change| change.change));
        }
        let mut raised = false;
        for (node, directory) in &self.directories {
            let needed = directory.changes.iter().rposition(|change| seen.contains(&change.change));
            let count = kept.entry(*node).or_insert(0);
            if let Some(needed) = needed
                && needed + 1 > *count
            {
                *count = needed + 1;
                raised = true;
            }
        }
        raised
    }

    fn parent(&self, path: &Path) -> Option<NodeId> {
        let parent = self.find(path.parent()?)?;
        self.directories.contains_key(&parent).then_some(parent)
    }

    fn set(&mut self, change: u64, parent: NodeId, path: &Path, node: Option<NodeId>) {
        let (Some(directory), Some(name)) = (self.directories.get_mut(&parent), path.file_name()) else { return };
        match node {
            Some(node) => directory.live.insert(name.to_owned(), node),
            None => directory.live.remove(name),
        };
        directory.changes.push(Change { change, name: name.to_owned(), node });
    }
}
