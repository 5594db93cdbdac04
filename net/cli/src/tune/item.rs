//! One thing that is looked at, and what to do about it.

use serde::Serialize;

/// What was looked at.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub(crate) struct Item {
    /// Its name.
    pub(crate) name: String,
    /// What it is good for.
    pub(crate) why: &'static str,
    /// What was found.
    pub(crate) found: String,
    /// What should be; nothing when it is so.
    pub(crate) wanted: Option<String>,
    /// What `--apply` writes.
    pub(crate) changes: Vec<Change>,
    /// What is to be done by hand, where nothing can be written.
    pub(crate) by_hand: Option<String>,
}

/// A setting and its new text.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Change {
    pub(crate) fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into() }
    }

    /// The same for a shell.
    pub(crate) fn command(&self) -> String {
        format!("echo {} > {}", self.text, self.path)
    }
}

impl Item {
    /// It is as it should be.
    pub(crate) fn good(name: impl Into<String>, why: &'static str, found: impl Into<String>) -> Self {
        let (name, found) = (name.into(), found.into());
        Self { name, why, found, wanted: None, changes: Vec::new(), by_hand: None }
    }

    /// It should be something else, and can be made so.
    pub(crate) fn wants(self, wanted: impl Into<String>, changes: Vec<Change>) -> Self {
        Self { wanted: Some(wanted.into()), changes, ..self }
    }

    /// It should be something else, and only a person can make it so.
    pub(crate) fn by_hand(self, wanted: impl Into<String>, what: impl Into<String>) -> Self {
        Self { wanted: Some(wanted.into()), by_hand: Some(what.into()), ..self }
    }

    pub(crate) fn is_good(&self) -> bool {
        self.wanted.is_none()
    }
}
