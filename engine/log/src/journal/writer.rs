//! Commits: each lane takes what waits, writes it, acknowledges it, and takes what has gathered meanwhile.
//!
//! Invariants:
//! - There are as many lanes as commits may be in flight; the one that holds the pen is the only one that begins a
//!   commit.
//! - From the choice of a commit's place to its encoding there is no await: sequence, predecessor, place and bytes
//!   belong together.

use std::rc::Rc;

use millrace_runtime::{Bytes, Durability, File};

use super::commit::{Claims, Link, Sequence, encode, record_bytes};
use super::error::JournalError;
use super::ring::Place;
use super::seal;
use super::shared::{Shared, State};

/// A commit that is ready to be written.
struct Prepared {
    sequence: Sequence,
    file: File,
    offset: u64,
    record: Bytes,
}

/// Writes commits until the journal stops or fails.
pub(super) async fn lane(shared: Rc<Shared>) {
    loop {
        let prepared = match prepare(&shared).await {
            Ok(Some(prepared)) => prepared,
            Ok(None) => return,
            Err(error) => return shared.fail(error),
        };
        let Prepared { sequence, file, offset, record } = prepared;
        let began = shared.core.now();
        match file.write_at(&shared.core, vec![record], offset, Durability::Synced).await {
            Ok(()) => {
                shared.state_mut().commits.note(shared.core.now() - began);
                shared.end_commit(sequence);
            }
            Err(source) => return shared.fail(JournalError::io("write", file.path())(source)),
        }
        seal::arm(&shared);
    }
}

/// What stands between now and the next commit.
enum Step {
    /// Something that `work` will tell of.
    Wait,
    /// The superblock has to say that this file is in use.
    Enter(usize),
    /// Nothing: it may be put together, at this place.
    Begin { file: usize, offset: u64 },
    /// The journal has stopped or failed.
    Stop,
}

/// Waits for work and room, and puts the next commit together. `None`: the journal stops.
async fn prepare(shared: &Rc<Shared>) -> Result<Option<Prepared>, JournalError> {
    let _pen = shared.pen.acquire(1).await;
    loop {
        let step = shared.state_mut().step();
        match step {
            Step::Wait => {
                if shared.state().blocked {
                    shared.changed.notify_all();
                }
                shared.work.notified().await;
            }
            Step::Enter(number) => {
                let first = shared.state().next;
                let enter = |superblock: &mut super::superblock::Superblock| {
                    if let Some(file) = superblock.files.get_mut(number) {
                        file.entered = first.0;
                    }
                };
                shared.change_superblock(enter).await?;
                shared.state_mut().ring.enter(number, first);
            }
            Step::Begin { file, offset } => return begin(shared, file, offset).map(Some),
            Step::Stop => return Ok(None),
        }
    }
}

impl State {
    fn step(&mut self) -> Step {
        if self.failed.is_some() || (self.stopping && self.waiting.is_empty()) {
            return Step::Stop;
        }
        let body_bytes = match self.waiting.front() {
            Some(batch) => batch.body_bytes,
            None if self.seal_is_due => 0,
            None => return Step::Wait,
        };
        if !self.is_in_window() {
            return Step::Wait;
        }
        let place = self.ring.place(record_bytes(body_bytes) as u64);
        self.blocked = place == Place::Full;
        match place {
            Place::Here { file, offset } => Step::Begin { file, offset },
            Place::Enter(number) => Step::Enter(number),
            Place::Full => Step::Wait,
        }
    }
}

/// Takes the first batch that waits (or none: a seal) and makes it the record of commit `next`.
fn begin(shared: &Shared, number: usize, offset: u64) -> Result<Prepared, JournalError> {
    let mut state = shared.state_mut();
    let state = &mut *state;
    assert!(state.is_in_window(), "commit {} begun when {} was durable", state.next, state.durable);
    let batch = state.waiting.pop_front().unwrap_or_default();
    state.waiting_bytes -= batch.body_bytes;
    let sequence = state.next;
    let link = Link {
        journal: state.superblock.journal,
        incarnation: state.superblock.incarnation,
        sequence,
        predecessor: Some(state.predecessor),
    };
    let claims = Claims { acked_through: state.durable, released_before: state.ring.released_before() };
    let bytes = record_bytes(batch.body_bytes);
    let mut record = shared.pool.alloc(bytes)?;
    let checksum = encode(&link, &claims, &batch.entries, &mut record).map_err(std::io::Error::other);
    state.predecessor = checksum.map_err(JournalError::io("encode a commit of", &shared.directory))?;
    state.ring.record(sequence, bytes as u64);
    state.next = sequence.next();
    state.attesting.insert(sequence, claims.acked_through);
    state.seal_is_due = false;
    if !batch.entries.is_empty() {
        state.filled = sequence;
    }
    let file = state.files.get(number).cloned();
    let missing = || std::io::Error::new(std::io::ErrorKind::NotFound, format!("ring file {number} is not open"));
    let file = file.ok_or_else(missing).map_err(JournalError::io("write", &shared.directory))?;
    Ok(Prepared { sequence, file, offset, record: record.freeze() })
}
