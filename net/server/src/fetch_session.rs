//! Fetch sessions (KIP-227): the broker remembers what a client fetches, so that the client names only what it changes
//! and is told only what has changed. No clock and no I/O in here.
//!
//! Always true:
//! - a core's ids are its own: those of two cores never clash. A session is found on the core that made it and nowhere
//!   else; a client that comes back by a connection on another core is told FETCH_SESSION_ID_NOT_FOUND and begins anew;
//! - a session's epoch rises with every request that it takes, so that a request counts once;
//! - a core has at most its share of `max.incremental.fetch.session.cache.slots` sessions, in at most
//!   [`FETCH_SESSION_BYTES_MAX`]; who comes then is answered without a session (id 0), which a client must bear.

mod partitions;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use millrace_base::code::ErrorCode;
use millrace_base::hash::Map;
use millrace_base::ids::CoreId;
use millrace_runtime::Monotonic;

use crate::limits::FETCH_SESSION_BYTES_MAX;

pub(crate) use partitions::{Key, Partitions, Position, Told, TopicName};

/// The id that means "no session".
const NO_SESSION: i32 = 0;
/// The epoch of a request that closes its session, if it names one, and wants no new one.
const EPOCH_FINAL: i32 = -1;
/// The epoch of a request that closes its session, if it names one, and wants a new one.
const EPOCH_INITIAL: i32 = 0;
/// A session that was not used for longer may be evicted by any other; one that is older is no longer protected by its
/// youth. Kafka's `min.incremental.fetch.session.eviction.ms`, which is no setting there either.
const EVICTION_AGE: Duration = Duration::from_millis(120_000);

/// What a request says of sessions.
#[derive(Debug)]
pub(crate) struct Opening {
    pub session_id: i32,
    pub epoch: i32,
    /// Whether topics are named by id, which is a matter of the request's version.
    pub by_id: bool,
    /// Whether a replica asks: its session is worth more than a consumer's.
    pub is_privileged: bool,
    /// What is asked for; in a session, what is added or changed.
    pub partitions: Partitions,
    /// What is no longer asked for.
    pub forgotten: Vec<Key>,
}

/// A fetch under way: what it asks for, and what its answer will mean to a session.
#[derive(Debug)]
pub(crate) enum Context {
    /// Has no session and gets none.
    Sessionless(Partitions),
    /// Gets a session if there is room.
    Full { partitions: Partitions, by_id: bool, is_privileged: bool },
    /// Is part of a session. The session may have lost its slot meanwhile: its answer is still told.
    Incremental { session: Rc<RefCell<Session>>, epoch: i32 },
}

impl Context {
    /// What is asked for, in the order in which it is to be read.
    pub(crate) fn asked(&self) -> Vec<(Key, Position)> {
        let list = |partitions: &Partitions| partitions.iter().map(|(key, asked)| (key.clone(), asked)).collect();
        match self {
            Self::Sessionless(partitions) | Self::Full { partitions, .. } => list(partitions),
            Self::Incremental { session, .. } => list(&session.borrow().partitions),
        }
    }
}

/// What an answer is to say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub session_id: i32,
    /// The answer's own error; then it names no partition.
    pub error: ErrorCode,
    /// For each partition that was read, in its order: whether the answer names it.
    pub named: Vec<bool>,
}

/// One client's session.
#[derive(Debug)]
pub(crate) struct Session {
    id: i32,
    by_id: bool,
    is_privileged: bool,
    created: Monotonic,
    used: Monotonic,
    /// The epoch that the next request must have.
    epoch: i32,
    partitions: Partitions,
    /// Partitions when it was last touched: what its place among the evictable follows from.
    ranked_partitions: usize,
    /// Bytes that are counted for it.
    counted_bytes: usize,
}

impl Session {
    fn rank(&self) -> Rank {
        (self.is_privileged, self.ranked_partitions, self.id)
    }
}

/// What a session is worth, the least first: a consumer's less than a replica's, a small one less than a large one.
type Rank = (bool, usize, i32);

/// The sessions of one core.
#[derive(Debug)]
pub(crate) struct FetchSessions {
    slots: usize,
    /// Ids of this core: the first, and how many.
    ids: (i32, u32),
    sessions: Map<i32, Rc<RefCell<Session>>>,
    by_use: BTreeSet<(Monotonic, i32)>,
    evictable_by_all: BTreeSet<Rank>,
    evictable_by_privileged: BTreeSet<Rank>,
    bytes: usize,
}

impl FetchSessions {
    /// Core `core` of `cores` has its share of `slots` sessions.
    pub(crate) fn new(slots: usize, core: CoreId, cores: usize) -> Self {
        let (core, cores) = (usize::from(core.0), cores.max(1));
        let ids_per_core = i32::MAX.unsigned_abs() / u32::try_from(cores).unwrap_or(u32::MAX);
        let first = 1 + u32::try_from(core).unwrap_or(u32::MAX).saturating_mul(ids_per_core);
        Self {
            slots: (slots / cores + usize::from(core < slots % cores)).min(ids_per_core as usize),
            ids: (i32::try_from(first).unwrap_or(i32::MAX), ids_per_core),
            sessions: Map::default(),
            by_use: BTreeSet::new(),
            evictable_by_all: BTreeSet::new(),
            evictable_by_privileged: BTreeSet::new(),
            bytes: 0,
        }
    }

    /// Takes a request: finds its session, and brings that up to date.
    ///
    /// # Errors
    /// What the whole request is answered with, and nothing else.
    pub(crate) fn begin(&mut self, opening: Opening, now: Monotonic) -> Result<Context, ErrorCode> {
        let Opening { session_id, epoch, by_id, is_privileged, partitions, forgotten } = opening;
        if epoch == EPOCH_INITIAL || epoch == EPOCH_FINAL {
            self.close(session_id);
            return Ok(if epoch == EPOCH_FINAL {
                Context::Sessionless(partitions)
            } else {
                Context::Full { partitions, by_id, is_privileged }
            });
        }
        let session = self.sessions.get(&session_id).cloned().ok_or(ErrorCode::FetchSessionIdNotFound)?;
        {
            let mut session = session.borrow_mut();
            if session.epoch != epoch {
                return Err(ErrorCode::InvalidFetchSessionEpoch);
            }
            if session.by_id != by_id {
                return Err(ErrorCode::FetchSessionTopicIdError);
            }
            for (key, position) in partitions.iter() {
                session.partitions.ask(key.clone(), position);
            }
            for key in &forgotten {
                session.partitions.forget(key);
            }
        }
        if session.borrow().partitions.is_empty() {
            self.close(session_id);
            return Ok(Context::Sessionless(partitions));
        }
        self.touch(&session, now);
        if self.bytes > FETCH_SESSION_BYTES_MAX {
            self.close(session_id);
            return Err(ErrorCode::FetchSessionIdNotFound);
        }
        session.borrow_mut().epoch = next_epoch(epoch);
        Ok(Context::Incremental { session, epoch })
    }

    /// Ends a fetch, of which `told` is what was read: makes the session that it asks for, or says what has changed
    /// since the session's last answer. `random` gives ids to choose from.
    pub(crate) fn finish(
        &mut self,
        context: Context,
        told: &[(&Key, Told)],
        now: Monotonic,
        random: impl FnMut() -> u64,
    ) -> Verdict {
        let all = |session_id| Verdict { session_id, error: ErrorCode::None, named: vec![true; told.len()] };
        match context {
            Context::Sessionless(_) => all(NO_SESSION),
            Context::Full { mut partitions, by_id, is_privileged } => {
                for (key, told) in told {
                    partitions.note(key, *told);
                }
                all(self.create(partitions, by_id, is_privileged, now, random))
            }
            Context::Incremental { session, epoch } => {
                let mut session = session.borrow_mut();
                if session.epoch != next_epoch(epoch) {
                    let error = ErrorCode::InvalidFetchSessionEpoch;
                    return Verdict { session_id: session.id, error, named: vec![false; told.len()] };
                }
                let named = told.iter().map(|(key, told)| session.partitions.tell(key, *told)).collect();
                Verdict { session_id: session.id, error: ErrorCode::None, named }
            }
        }
    }

    /// Ends a fetch that is answered with nothing, since its client is throttled: what it read is told another time.
    pub(crate) fn finish_empty(&self, context: &Context) -> Verdict {
        let empty = |session_id, error| Verdict { session_id, error, named: Vec::new() };
        match context {
            Context::Sessionless(_) | Context::Full { .. } => empty(NO_SESSION, ErrorCode::None),
            Context::Incremental { session, epoch } => {
                let session = session.borrow();
                let is_next = session.epoch == next_epoch(*epoch);
                empty(session.id, if is_next { ErrorCode::None } else { ErrorCode::InvalidFetchSessionEpoch })
            }
        }
    }

    /// A new session's id, or [`NO_SESSION`] where there is no room for one.
    fn create(
        &mut self,
        partitions: Partitions,
        by_id: bool,
        is_privileged: bool,
        now: Monotonic,
        random: impl FnMut() -> u64,
    ) -> i32 {
        let has_room = self.sessions.len() < self.slots || self.evict_for((is_privileged, partitions.len(), 0), now);
        if !has_room || self.bytes + partitions.bytes() > FETCH_SESSION_BYTES_MAX {
            return NO_SESSION;
        }
        let id = self.unused_id(random);
        let epoch = next_epoch(EPOCH_INITIAL);
        let (ranked_partitions, counted_bytes) = (partitions.len(), 0);
        let session = Session {
            id,
            by_id,
            is_privileged,
            created: now,
            used: now,
            epoch,
            partitions,
            ranked_partitions,
            counted_bytes,
        };
        let session = Rc::new(RefCell::new(session));
        self.sessions.insert(id, Rc::clone(&session));
        self.touch(&session, now);
        id
    }

    fn unused_id(&self, mut random: impl FnMut() -> u64) -> i32 {
        let (first, count) = self.ids;
        loop {
            let within = i32::try_from(random() % u64::from(count.max(1))).unwrap_or(0);
            let id = first.saturating_add(within);
            // There are fewer sessions than ids.
            if !self.sessions.contains_key(&id) {
                return id;
            }
        }
    }

    /// Frees a slot for a session that would be worth `rank`: the longest unused one's if it was unused for long, or
    /// that of the least one if it is worth less and not protected.
    fn evict_for(&mut self, rank: Rank, now: Monotonic) -> bool {
        let Some((used, longest_unused)) = self.by_use.first().copied() else { return false };
        if now.since(used) > EVICTION_AGE {
            return self.close(longest_unused);
        }
        let (is_privileged, ..) = rank;
        let evictable = if is_privileged { &self.evictable_by_privileged } else { &self.evictable_by_all };
        match evictable.first().copied() {
            Some(least) if rank >= least => self.close(least.2),
            _ => false,
        }
    }

    /// Notes that a session was used: where it stands among the others follows from that.
    fn touch(&mut self, session: &RefCell<Session>, now: Monotonic) {
        let mut session = session.borrow_mut();
        self.unrank(&session);
        session.used = now;
        session.ranked_partitions = session.partitions.len();
        session.counted_bytes = session.partitions.bytes();
        self.bytes += session.counted_bytes;
        self.by_use.insert((now, session.id));
        let is_protected = now.since(session.created) <= EVICTION_AGE;
        if !session.is_privileged || !is_protected {
            self.evictable_by_privileged.insert(session.rank());
        }
        if !is_protected {
            self.evictable_by_all.insert(session.rank());
        }
    }

    /// Ends a session; says whether there was one.
    fn close(&mut self, id: i32) -> bool {
        let Some(session) = self.sessions.remove(&id) else { return false };
        self.unrank(&session.borrow());
        true
    }

    fn unrank(&mut self, session: &Session) {
        self.by_use.remove(&(session.used, session.id));
        self.evictable_by_privileged.remove(&session.rank());
        self.evictable_by_all.remove(&session.rank());
        self.bytes -= session.counted_bytes;
    }
}

/// Epochs of a session's requests are 1, 2, ..., 2^31-1, 1, ...
fn next_epoch(epoch: i32) -> i32 {
    epoch.checked_add(1).unwrap_or(1)
}
