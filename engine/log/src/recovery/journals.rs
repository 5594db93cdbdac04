//! What the journals hold beyond the checkpoints, by partition, and what they have lost.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use millrace_base::ids::TopicPartition;
use millrace_runtime::Core;

use super::checkpoints::Known;
use crate::error::LogError;
use crate::journal::{self, Entry, JournalError, JournalReplay, Operation, Verdict};

/// What the journals say.
#[derive(Default)]
pub(super) struct Replayed {
    /// In the order in which they were submitted.
    pub(super) entries: BTreeMap<TopicPartition, Vec<Entry>>,
    pub(super) deleted: BTreeSet<TopicPartition>,
    /// The cores that have a journal.
    pub(super) cores: BTreeSet<u16>,
    lost: Vec<Lost>,
}

/// Commits that cannot be read any more.
struct Lost {
    reason: String,
    /// Partitions that the journal names behind the break.
    touched: BTreeSet<TopicPartition>,
    /// Partitions whose entries are in other journals.
    elsewhere: BTreeSet<TopicPartition>,
}

impl Replayed {
    /// Replays every journal of a log directory. What the checkpoints know is forgotten when one of them is gone that a
    /// journal needs.
    ///
    /// # Errors
    /// The disk's, and a later format; damage is none.
    pub(super) async fn load(core: &Core, root: &Path, known: &mut Known) -> Result<Replayed, LogError> {
        let mut replayed = Replayed::default();
        let journals = journal::replay(core, root).await.map_err(failed)?.journals;
        replayed.cores = journals.iter().map(JournalReplay::core).collect();
        let orphan = journals.iter().find(|journal| journal.needs_checkpoint() && !known.has_file(journal.core()));
        if let Some(orphan) = orphan {
            tracing::error!(core = orphan.core(), "its checkpoint is gone: rebuilding from segments and journals");
            known.forget();
        }
        for journal in journals.into_iter().filter(|journal| !known.is_clean(journal.core())) {
            replayed.take_in(journal, known).await?;
        }
        for (of_core, known_core) in &known.cores {
            if !known_core.is_clean && !replayed.cores.contains(of_core) {
                replayed.lose(*of_core, "its files are missing", BTreeSet::new(), known);
            }
        }
        Ok(replayed)
    }

    /// Why the journals may have held more of a partition than they do, if so.
    pub(super) fn loss_of(&self, id: TopicPartition) -> Option<String> {
        let mut lost = self.lost.iter();
        lost.find(|lost| lost.touched.contains(&id) || !lost.elsewhere.contains(&id)).map(|lost| lost.reason.clone())
    }

    async fn take_in(&mut self, mut journal: JournalReplay, known: &Known) -> Result<(), LogError> {
        while let Some(commit) = journal.next().await.map_err(failed)? {
            for entry in commit.entries {
                if entry.operation == Operation::Delete {
                    self.deleted.insert(entry.partition);
                }
                self.entries.entry(entry.partition).or_default().push(entry);
            }
        }
        let verdict = journal.verdict().clone();
        if let Verdict::Torn { at } = &verdict {
            tracing::info!(core = journal.core(), commit = at.0, "the journal ends in a torn, unacknowledged commit");
        }
        if !verdict.is_complete() {
            let mut touched = BTreeSet::new();
            while let Some(commit) = journal.next_beyond_break().await.map_err(failed)? {
                touched.extend(commit.entries.iter().map(|entry| entry.partition));
            }
            self.lose(journal.core(), &format!("{verdict:?}"), touched, known);
        }
        Ok(())
    }

    fn lose(&mut self, of_core: u16, why: &str, touched: BTreeSet<TopicPartition>, known: &Known) {
        let reason = format!("journal {of_core} is damaged: {why}");
        tracing::error!(reason, "partitions that it concerns stay offline");
        self.lost.push(Lost { reason, touched, elsewhere: known.owned_by_others(of_core) });
    }
}

fn failed(error: JournalError) -> LogError {
    LogError::Journal(error.to_string())
}
