//! What a fetch asks for, in order, each partition once; and what its client was told of it last.

use std::collections::BTreeMap;
use std::rc::Rc;

use millrace_base::code::ErrorCode;
use millrace_base::hash::Map;
use millrace_base::ids::{LeaderEpoch, Offset, PartitionIndex, TopicId};

/// What one partition takes in memory, its topic's name aside, generously.
const ENTRY_BYTES: usize = 256;

/// A topic as the client names it: by id from Fetch 13 on, by name before.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum TopicName {
    Id(TopicId),
    Name(Rc<str>),
}

impl TopicName {
    /// The name, or nothing.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Id(_) => "",
            Self::Name(name) => name,
        }
    }

    /// The id, or zeros.
    pub(crate) fn id(&self) -> TopicId {
        match self {
            Self::Id(id) => *id,
            Self::Name(_) => TopicId::ZERO,
        }
    }
}

/// A partition as the client names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub topic: TopicName,
    pub partition: PartitionIndex,
}

/// Where in a partition the client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub current_leader_epoch: LeaderEpoch,
    pub last_fetched_epoch: LeaderEpoch,
    pub fetch_offset: Offset,
    pub bytes_max: i32,
}

/// What an answer says of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub error: ErrorCode,
    pub high_watermark: Offset,
    pub log_start: Offset,
    pub has_records: bool,
}

#[derive(Clone, Debug)]
struct Entry {
    key: Key,
    position: Position,
    /// As the client knows them; `-1` when it must be told again.
    high_watermark: Offset,
    log_start: Offset,
}

/// Partitions in the order in which they are read. Those that gave records go to the end, so that none starves.
#[derive(Clone, Debug, Default)]
pub(crate) struct Partitions {
    in_order: BTreeMap<u64, Entry>,
    places: Map<Key, u64>,
    /// Higher than any place taken.
    next_place: u64,
    bytes: usize,
}

impl Partitions {
    pub(crate) fn len(&self) -> usize {
        self.in_order.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.in_order.is_empty()
    }

    /// Memory that they take, about.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Key, Position)> {
        self.in_order.values().map(|entry| (&entry.key, entry.position))
    }

    /// Adds a partition at the end, or changes the position in one that is there.
    pub(crate) fn ask(&mut self, key: Key, position: Position) {
        if let Some(entry) = self.entry(&key) {
            entry.position = position;
            return;
        }
        self.bytes += bytes_of(&key);
        self.places.insert(key.clone(), self.next_place);
        let entry = Entry { key, position, high_watermark: -1, log_start: -1 };
        self.in_order.insert(self.next_place, entry);
        self.next_place += 1;
    }

    pub(crate) fn forget(&mut self, key: &Key) {
        if let Some(place) = self.places.remove(key) {
            self.in_order.remove(&place);
            self.bytes -= bytes_of(key);
        }
    }

    /// Notes what a client is told that is told everything.
    pub(crate) fn note(&mut self, key: &Key, told: Told) {
        if let Some(entry) = self.entry(key) {
            (entry.high_watermark, entry.log_start) = (told.high_watermark, told.log_start);
        }
    }

    /// Whether a client must be told this, because it has changed or is an error; notes that it was.
    pub(crate) fn tell(&mut self, key: &Key, told: Told) -> bool {
        let Some(entry) = self.entry(key) else { return true };
        let is_error = told.error != ErrorCode::None;
        let has_changed = (entry.high_watermark, entry.log_start) != (told.high_watermark, told.log_start);
        // When the error has gone, the client must be told that.
        entry.high_watermark = if is_error { -1 } else { told.high_watermark };
        entry.log_start = told.log_start;
        if told.has_records {
            self.move_to_end(key);
        }
        told.has_records || has_changed || is_error
    }

    fn entry(&mut self, key: &Key) -> Option<&mut Entry> {
        self.in_order.get_mut(self.places.get(key)?)
    }

    fn move_to_end(&mut self, key: &Key) {
        let Some(place) = self.places.get_mut(key) else { return };
        if let Some(entry) = self.in_order.remove(place) {
            *place = self.next_place;
            self.in_order.insert(self.next_place, entry);
            self.next_place += 1;
        }
    }
}

fn bytes_of(key: &Key) -> usize {
    ENTRY_BYTES + key.topic.name().len()
}
