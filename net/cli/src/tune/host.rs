//! The files through which Linux tells and takes its settings.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A machine: its `/proc` and `/sys`, which in tests lie below another root.
pub(crate) struct Host {
    root: PathBuf,
}

impl Host {
    /// The machine whose root directory this is.
    pub(crate) fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The text of a file without the space around it; nothing when it cannot be read, which means that this machine
    /// does not have it.
    pub(crate) fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.below_root(path)).ok().map(|text| text.trim().to_owned())
    }

    /// A file that holds a number.
    pub(crate) fn number(&self, path: &str) -> Option<u64> {
        self.read(path)?.parse().ok()
    }

    /// The choice in brackets of a file that lists all of them, as `none [mq-deadline] kyber`; of a file without
    /// brackets, its text.
    pub(crate) fn chosen(&self, path: &str) -> Option<String> {
        let text = self.read(path)?;
        let bracketed = text.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map(|(chosen, _)| chosen);
        Some(bracketed.unwrap_or(&text).to_owned())
    }

    /// The names in a directory, sorted, numbers by their size; none when it is not there.
    pub(crate) fn list(&self, path: &str) -> Vec<String> {
        let entries = fs::read_dir(self.below_root(path)).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort_by_key(|name| (name.parse().unwrap_or(u64::MAX), name.clone()));
        names
    }

    /// Where a path leads when all links on it are followed, seen from this machine's root.
    pub(crate) fn resolve(&self, path: &str) -> Option<String> {
        let real = fs::canonicalize(self.below_root(path)).ok()?;
        let root = fs::canonicalize(&self.root).ok()?;
        let inside = real.strip_prefix(root).ok()?;
        Some(Path::new("/").join(inside).to_str()?.to_owned())
    }

    pub(crate) fn exists(&self, path: &str) -> bool {
        self.below_root(path).exists()
    }

    /// Gives a setting its text.
    pub(crate) fn write(&self, path: &str, text: &str) -> io::Result<()> {
        fs::write(self.below_root(path), text)
    }

    fn below_root(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }
}
