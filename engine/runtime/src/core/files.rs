//! Files and directories by path.

use std::io;
use std::path::{Path, PathBuf};

use super::Core;
use crate::file::{DirEntry, File, Metadata, OpenOptions, wrong_outcome};
use crate::op::{Op, Outcome};

impl Core {
    /// Opens a file.
    ///
    /// # Errors
    /// The host's, with the path.
    pub async fn open(&self, path: &Path, options: OpenOptions) -> io::Result<File> {
        match self.perform_at("open", path, Op::Open { path: path.to_owned(), options }).await? {
            Outcome::File(file) => Ok(file),
            _ => wrong_outcome(),
        }
    }

    /// Creates a directory, and its parents where they are missing. Durable once each parent is synced.
    ///
    /// # Errors
    /// The host's, with the path.
    pub async fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        let mut missing = Vec::new();
        for ancestor in path.ancestors().filter(|ancestor| !ancestor.as_os_str().is_empty()) {
            if self.exists(ancestor).await? {
                break;
            }
            missing.push(ancestor);
        }
        for directory in missing.into_iter().rev() {
            match self.perform_at("create", directory, Op::CreateDir { path: directory.to_owned() }).await {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Removes a file's name.
    ///
    /// # Errors
    /// The host's, with the path.
    pub async fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.perform_at("remove", path, Op::RemoveFile { path: path.to_owned() }).await.map(drop)
    }

    /// Removes a directory with all it holds. Not atomic: an error leaves a part.
    ///
    /// # Errors
    /// The host's, with the path.
    pub async fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        let mut directories = vec![path.to_owned()];
        let mut unread: Vec<PathBuf> = directories.clone();
        while let Some(directory) = unread.pop() {
            for entry in self.read_dir(&directory).await? {
                let path = directory.join(&entry.name);
                if entry.metadata.is_dir {
                    directories.push(path.clone());
                    unread.push(path);
                } else {
                    self.remove_file(&path).await?;
                }
            }
        }
        // Each directory came after its parent: from the end, each is empty when its turn comes.
        for directory in directories.into_iter().rev() {
            self.perform_at("remove", &directory, Op::RemoveDir { path: directory.clone() }).await?;
        }
        Ok(())
    }

    /// Renames a file or directory; a file at `to` is replaced atomically. Durable once both parents are synced.
    ///
    /// # Errors
    /// The host's, with the old path.
    pub async fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.perform_at("rename", from, Op::Rename { from: from.to_owned(), to: to.to_owned() }).await.map(drop)
    }

    /// Makes the names in a directory durable: creations, renames, removals.
    ///
    /// # Errors
    /// The host's, with the path.
    pub async fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.perform_at("sync", path, Op::SyncDir { path: path.to_owned() }).await.map(drop)
    }

    /// A directory's entries, sorted by name; names that are not UTF-8 are left out. May block: for start and recovery.
    ///
    /// # Errors
    /// The host's, with the path.
    pub async fn read_dir(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
        match self.perform_at("read directory", path, Op::ReadDir { path: path.to_owned() }).await? {
            Outcome::Entries(entries) => Ok(entries),
            _ => wrong_outcome(),
        }
    }

    /// What is at a path. May block: for start and recovery.
    ///
    /// # Errors
    /// The host's, with the path: `NotFound` if there is nothing.
    pub async fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        match self.perform_at("look at", path, Op::Metadata { path: path.to_owned() }).await? {
            Outcome::Metadata(metadata) => Ok(metadata),
            _ => wrong_outcome(),
        }
    }

    /// Whether there is something at a path.
    ///
    /// # Errors
    /// The host's, with the path.
    pub async fn exists(&self, path: &Path) -> io::Result<bool> {
        match self.metadata(path).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Performs an op on a path; its error says what was done to which path, and keeps its kind and cause.
    async fn perform_at(&self, what: &'static str, path: &Path, op: Op) -> io::Result<Outcome> {
        self.perform(op).await.result.map_err(|source| {
            let kind = source.kind();
            io::Error::new(kind, PathError { what, path: path.to_owned(), source })
        })
    }
}

/// An error with the path that it is about.
#[derive(Debug, thiserror::Error)]
#[error("cannot {what} {}: {source}", path.display())]
struct PathError {
    what: &'static str,
    path: PathBuf,
    source: io::Error,
}
