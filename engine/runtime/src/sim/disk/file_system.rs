//! The simulated file system: nodes, names, space.
//!
//! Invariants:
//! - `used_blocks` is the sum of the blocks of all files that have a name or are open.
//! - Nothing here fails by chance: injected faults are decided by the disk above.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path};

use super::content::{Content, Fate, PAGE_BYTES};
use super::names::{Key, Names};
use crate::file::{DirEntry, Metadata, OpenOptions};
use crate::sim::random::Random;

/// The root directory's node.
const ROOT: u64 = 0;

/// How many nodes there are at most per live one before dead ones are looked for.
const GARBAGE_FACTOR: usize = 2;
const GARBAGE_NODES_MIN: usize = 64;

#[derive(Clone, Debug, Default)]
pub(crate) struct FileNode {
    pub(crate) content: Content,
    named: bool,
    opens: u32,
    /// The open (by its number) that holds the advisory lock.
    locked_by: Option<u64>,
}

#[derive(Clone, Debug)]
enum Node {
    Directory,
    File(FileNode),
}

/// Everything on one disk.
#[derive(Clone, Debug)]
pub(crate) struct FileSystem {
    nodes: BTreeMap<u64, Node>,
    names: Names,
    next_node: u64,
    sequence: u64,
    used_blocks: u64,
    capacity_blocks: u64,
    collect_above: usize,
}

pub(crate) fn errno(code: i32) -> io::Error {
    io::Error::from_raw_os_error(code)
}

fn end_of(offset: u64, len: u64) -> io::Result<u64> {
    offset.checked_add(len).filter(|end| i64::try_from(*end).is_ok()).ok_or_else(|| errno(libc::EFBIG))
}

impl FileSystem {
    pub(crate) fn new() -> FileSystem {
        FileSystem {
            nodes: BTreeMap::from([(ROOT, Node::Directory)]),
            names: Names::default(),
            next_node: ROOT + 1,
            sequence: 0,
            used_blocks: 0,
            capacity_blocks: u64::MAX,
            collect_above: GARBAGE_NODES_MIN,
        }
    }

    /// The number of the latest change: what a sync that starts now covers.
    pub(crate) fn sequence(&self) -> u64 {
        self.sequence
    }

    fn advance(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    /// Space in use, in bytes.
    pub(crate) fn used_bytes(&self) -> u64 {
        self.used_blocks * PAGE_BYTES as u64
    }

    /// Sets how many bytes fit; less than what is in use means that nothing more fits. `None`: no limit.
    pub(crate) fn set_capacity(&mut self, bytes: Option<u64>) {
        self.capacity_blocks = bytes.map_or(u64::MAX, |bytes| bytes / PAGE_BYTES as u64);
    }

    fn take_space(&self, blocks: u64) -> io::Result<()> {
        if blocks > 0 && self.used_blocks + blocks > self.capacity_blocks {
            return Err(errno(libc::ENOSPC));
        }
        Ok(())
    }

    fn walk<'a>(&self, components: impl Iterator<Item = Component<'a>>) -> io::Result<u64> {
        let mut node = ROOT;
        for component in components {
            match component {
                Component::RootDir | Component::CurDir => {}
                Component::Normal(name) => {
                    if !matches!(self.nodes.get(&node), Some(Node::Directory)) {
                        return Err(errno(libc::ENOTDIR));
                    }
                    node = self.names.get(node, name).ok_or_else(|| errno(libc::ENOENT))?;
                }
                Component::ParentDir | Component::Prefix(_) => return Err(errno(libc::EINVAL)),
            }
        }
        Ok(node)
    }

    pub(crate) fn find(&self, path: &Path) -> io::Result<u64> {
        self.walk(path.components())
    }

    fn find_parent(&self, path: &Path) -> io::Result<Key> {
        let mut components = path.components();
        let Some(Component::Normal(name)) = components.next_back() else { return Err(errno(libc::EINVAL)) };
        let parent = self.walk(components)?;
        match self.nodes.get(&parent) {
            Some(Node::Directory) => Ok((parent, name.to_owned())),
            _ => Err(errno(libc::ENOTDIR)),
        }
    }

    fn find_directory(&self, path: &Path) -> io::Result<u64> {
        let node = self.find(path)?;
        match self.nodes.get(&node) {
            Some(Node::Directory) => Ok(node),
            _ => Err(errno(libc::ENOTDIR)),
        }
    }

    fn add(&mut self, key: Key, node: Node) -> u64 {
        let id = self.next_node;
        self.next_node += 1;
        self.nodes.insert(id, node);
        let sequence = self.advance();
        self.names.link(sequence, key, id);
        self.collect();
        id
    }

    /// Opens or creates a file; gives its node, which stays until [`FileSystem::close`].
    pub(crate) fn open(&mut self, path: &Path, options: &OpenOptions) -> io::Result<u64> {
        let key = self.find_parent(path)?;
        let node = match self.names.get(key.0, &key.1) {
            Some(_) if options.create_new => return Err(errno(libc::EEXIST)),
            Some(node) => node,
            None if options.create || options.create_new => {
                self.add(key, Node::File(FileNode { named: true, ..FileNode::default() }))
            }
            None => return Err(errno(libc::ENOENT)),
        };
        match self.nodes.get_mut(&node) {
            Some(Node::File(file)) => file.opens += 1,
            _ => return Err(errno(libc::EISDIR)),
        }
        if options.truncate {
            self.truncate(node, 0)?;
        }
        Ok(node)
    }

    /// Ends the open number `open` of a file.
    pub(crate) fn close(&mut self, node: u64, open: u64) {
        let Some(Node::File(file)) = self.nodes.get_mut(&node) else { return };
        file.opens = file.opens.saturating_sub(1);
        if file.locked_by == Some(open) {
            file.locked_by = None;
        }
        if !file.named && file.opens == 0 {
            self.used_blocks -= file.content.blocks();
        }
    }

    /// Takes a file's lock for the open number `open`.
    pub(crate) fn lock(&mut self, node: u64, open: u64) -> io::Result<()> {
        let file = self.file_mut(node)?;
        match file.locked_by {
            Some(holder) if holder != open => Err(errno(libc::EWOULDBLOCK)),
            _ => {
                file.locked_by = Some(open);
                Ok(())
            }
        }
    }

    pub(crate) fn file(&self, node: u64) -> io::Result<&FileNode> {
        match self.nodes.get(&node) {
            Some(Node::File(file)) => Ok(file),
            Some(Node::Directory) => Err(errno(libc::EISDIR)),
            None => Err(errno(libc::EBADF)),
        }
    }

    pub(crate) fn file_mut(&mut self, node: u64) -> io::Result<&mut FileNode> {
        match self.nodes.get_mut(&node) {
            Some(Node::File(file)) => Ok(file),
            Some(Node::Directory) => Err(errno(libc::EISDIR)),
            None => Err(errno(libc::EBADF)),
        }
    }

    pub(crate) fn read(&self, node: u64, offset: u64, target: &mut [u8]) -> io::Result<usize> {
        end_of(offset, target.len() as u64)?;
        self.file(node)?.content.read(offset, target).map_err(|super::content::Unreadable| errno(libc::EIO))
    }

    /// Writes all parts at `offset`, or nothing.
    pub(crate) fn write<'a>(
        &mut self,
        node: u64,
        offset: u64,
        parts: impl Iterator<Item = &'a [u8]> + Clone,
        durable: bool,
    ) -> io::Result<()> {
        let len: usize = parts.clone().map(<[u8]>::len).sum();
        let end = end_of(offset, len as u64)?;
        let content = &self.file(node)?.content;
        if content.blocks_partial_write(offset, end) {
            return Err(errno(libc::EIO));
        }
        self.take_space(content.blocks_missing(offset, end))?;
        let sequence = self.advance();
        let content = &mut self.file_mut(node)?.content;
        let added = content.allocate(offset, end);
        let mut position = offset;
        for part in parts {
            content.write(sequence, position, part, durable);
            position += part.len() as u64;
        }
        self.used_blocks += added;
        Ok(())
    }

    pub(crate) fn sync(&mut self, node: u64, point: u64) -> io::Result<()> {
        self.file_mut(node)?.content.sync(point);
        Ok(())
    }

    pub(crate) fn allocate(&mut self, node: u64, offset: u64, len: u64) -> io::Result<()> {
        let end = end_of(offset, len)?;
        if len == 0 {
            return Err(errno(libc::EINVAL));
        }
        self.take_space(self.file(node)?.content.blocks_missing(offset, end))?;
        self.used_blocks += self.file_mut(node)?.content.allocate(offset, end);
        Ok(())
    }

    pub(crate) fn truncate(&mut self, node: u64, size: u64) -> io::Result<()> {
        end_of(size, 0)?;
        let sequence = self.advance();
        self.used_blocks -= self.file_mut(node)?.content.truncate(sequence, size);
        Ok(())
    }

    pub(crate) fn create_dir(&mut self, path: &Path) -> io::Result<()> {
        if path.components().all(|component| matches!(component, Component::RootDir | Component::CurDir)) {
            return Err(errno(libc::EEXIST));
        }
        let key = self.find_parent(path)?;
        if self.names.get(key.0, &key.1).is_some() {
            return Err(errno(libc::EEXIST));
        }
        self.add(key, Node::Directory);
        Ok(())
    }

    pub(crate) fn remove_file(&mut self, path: &Path) -> io::Result<()> {
        let key = self.find_parent(path)?;
        let node = self.names.get(key.0, &key.1).ok_or_else(|| errno(libc::ENOENT))?;
        self.file(node)?;
        let sequence = self.advance();
        self.names.unlink(sequence, key);
        self.lost_name(node);
        Ok(())
    }

    fn lost_name(&mut self, node: u64) {
        if let Some(Node::File(file)) = self.nodes.get_mut(&node) {
            file.named = false;
            if file.opens == 0 {
                self.used_blocks -= file.content.blocks();
            }
        }
    }

    pub(crate) fn remove_dir(&mut self, path: &Path) -> io::Result<()> {
        let key = self.find_parent(path)?;
        let node = self.find_directory(path)?;
        if self.names.list(node).next().is_some() {
            return Err(errno(libc::ENOTEMPTY));
        }
        let sequence = self.advance();
        self.names.unlink(sequence, key);
        Ok(())
    }

    pub(crate) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let (from_key, to_key) = (self.find_parent(from)?, self.find_parent(to)?);
        let moved = self.find(from)?;
        if to.starts_with(from) && from != to {
            return Err(errno(libc::EINVAL));
        }
        if let Some(replaced) = self.names.get(to_key.0, &to_key.1) {
            if replaced == moved {
                return Ok(());
            }
            match (self.nodes.get(&moved), self.nodes.get(&replaced)) {
                (Some(Node::File(_)), Some(Node::File(_))) => self.lost_name(replaced),
                (Some(Node::Directory), Some(Node::Directory)) => {
                    if self.names.list(replaced).next().is_some() {
                        return Err(errno(libc::ENOTEMPTY));
                    }
                }
                (Some(Node::Directory), _) => return Err(errno(libc::ENOTDIR)),
                _ => return Err(errno(libc::EISDIR)),
            }
        }
        let sequence = self.advance();
        self.names.rename(sequence, from_key, to_key);
        Ok(())
    }

    pub(crate) fn sync_dir(&mut self, path: &Path, point: u64) -> io::Result<()> {
        let directory = self.find_directory(path)?;
        self.names.sync(directory, point);
        self.collect();
        Ok(())
    }

    fn metadata_of(&self, node: u64) -> Metadata {
        match self.nodes.get(&node) {
            Some(Node::File(file)) => Metadata { len: file.content.size(), is_dir: false },
            _ => Metadata { len: 0, is_dir: true },
        }
    }

    pub(crate) fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        self.find(path).map(|node| self.metadata_of(node))
    }

    pub(crate) fn list(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
        let directory = self.find_directory(path)?;
        let entries = self.names.list(directory);
        Ok(entries
            .map(|(name, node)| DirEntry {
                name: name.to_string_lossy().into_owned(),
                metadata: self.metadata_of(node),
            })
            .collect())
    }

    /// All processes that used this disk are gone.
    pub(crate) fn close_all(&mut self) {
        for node in self.nodes.values_mut() {
            if let Node::File(file) = node {
                file.opens = 0;
                file.locked_by = None;
            }
        }
        self.recount();
    }

    /// The power goes. Nothing is open afterwards, and what is left is durable.
    pub(crate) fn lose_power(&mut self, fate: Fate, random: &mut Random) {
        self.names.lose_power(fate, random);
        let live = self.names.live(ROOT);
        self.names.keep_only(&live);
        self.nodes.retain(|id, _| live.contains(id));
        for node in self.nodes.values_mut() {
            if let Node::File(file) = node {
                file.content.lose_power(fate, random);
                file.opens = 0;
                file.locked_by = None;
            }
        }
        self.recount();
    }

    fn recount(&mut self) {
        let live = self.names.live(ROOT);
        self.used_blocks = 0;
        for (id, node) in &mut self.nodes {
            if let Node::File(file) = node {
                file.named = live.contains(id);
                if file.named || file.opens > 0 {
                    self.used_blocks += file.content.blocks();
                }
            }
        }
    }

    /// Frees nodes that nothing can lead to any more, once there may be many of them.
    fn collect(&mut self) {
        if self.nodes.len() <= self.collect_above {
            return;
        }
        let mut reachable = self.names.reachable();
        reachable.insert(ROOT);
        self.nodes.retain(|id, node| reachable.contains(id) || matches!(node, Node::File(file) if file.opens > 0));
        self.collect_above = (self.nodes.len() * GARBAGE_FACTOR).max(GARBAGE_NODES_MIN);
    }
}
