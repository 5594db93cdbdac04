//! What is known of a group: who owns what in a generation, and what is committed. Whatever contradicts that is a
//! failure.
//!
//! Invariants:
//! - in one generation a partition has one owner;
//! - once somebody was given an assignment in a generation, nothing is committed of an earlier one any more;
//! - what replaces a static member is durable once it has its assignment: whoever it has replaced commits nothing;
//! - what was acknowledged, or read, is what is read, until something later is committed.

use std::collections::{BTreeMap, BTreeSet};

use millrace_base::ids::{Offset, PartitionIndex};

/// A generation of a group.
pub(crate) type Generation = i32;

/// Answered heartbeats after which a member is sure that it may stay: more than a session's.
const HEARTBEATS_TO_BE_SURE: u32 = 5;
/// What is told where nothing was committed.
const NOTHING: Offset = -1;

/// What became of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// No answer came: it may take effect, at any time.
    Open,
    /// Acknowledged, or read: the so-many-eth.
    Durable(u64),
    Refused,
}

/// A commit, by whom it was sent: of later generations, later; of one, in the order of offsets.
type Place = (Generation, Offset);

/// All commits for a partition: each has an offset of its own.
#[derive(Default)]
struct Register {
    commits: BTreeMap<Offset, (Generation, Fate)>,
    /// The last one that is durable.
    last: Option<Place>,
}

/// What was durable when a read began.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    last: BTreeMap<PartitionIndex, Option<Place>>,
    durable: u64,
}

/// Where a member stands, by its own account.
#[derive(Clone, Debug)]
struct Standing {
    generation: Generation,
    partitions: Vec<PartitionIndex>,
    heartbeats: u32,
}

/// What is known of a group.
#[derive(Default)]
pub(crate) struct GroupModel {
    partitions: Vec<PartitionIndex>,
    owners: BTreeMap<(Generation, PartitionIndex), String>,
    /// What leaders have assigned, by generation and member id: a generation that was not durable may come twice.
    assigned: BTreeMap<(Generation, String), Vec<Vec<PartitionIndex>>>,
    /// The last one in which somebody was given an assignment.
    generation: Generation,
    /// Ids of static members that others have replaced.
    replaced: BTreeSet<String>,
    registers: BTreeMap<PartitionIndex, Register>,
    durable: u64,
    /// Those that have not gone for good.
    members: BTreeMap<String, Option<Standing>>,
    is_settled: bool,
}

impl GroupModel {
    /// A group that reads all partitions of a topic, and its members to come.
    pub(crate) fn new(partitions: usize, members: impl Iterator<Item = String>) -> Self {
        let partitions: Vec<PartitionIndex> = (0..partitions as PartitionIndex).collect();
        let registers = partitions.iter().map(|partition| (*partition, Register::default())).collect();
        let members = members.map(|name| (name, None)).collect();
        Self { partitions, registers, members, ..Self::default() }
    }

    pub(crate) fn partitions(&self) -> &[PartitionIndex] {
        &self.partitions
    }

    /// A leader is about to tell what a member is to own.
    pub(crate) fn assigns(&mut self, generation: Generation, id: &str, partitions: Vec<PartitionIndex>) {
        self.assigned.entry((generation, id.to_owned())).or_default().push(partitions);
    }

    /// A member was given its assignment.
    pub(crate) fn owns(&mut self, name: &str, id: &str, generation: Generation, partitions: &[PartitionIndex]) {
        for partition in partitions {
            let owner = self.owners.entry((generation, *partition)).or_insert_with(|| name.to_owned());
            assert_eq!(owner, name, "two owners of partition {partition} in generation {generation}");
        }
        if let Some(assigned) = self.assigned.get(&(generation, id.to_owned())) {
            let is_known = assigned.iter().any(|assigned| assigned == partitions);
            assert!(is_known, "{name} owns {partitions:?} in generation {generation}, and was assigned {assigned:?}");
        }
        assert!(!self.replaced.contains(id), "{name} was replaced, and owns {partitions:?}");
        self.generation = self.generation.max(generation);
        let standing = Standing { generation, partitions: partitions.to_vec(), heartbeats: 0 };
        self.members.insert(name.to_owned(), Some(standing));
    }

    /// A static member has come back under another id, which is durable.
    pub(crate) fn replaced(&mut self, old: &str) {
        self.replaced.insert(old.to_owned());
    }

    /// A member heard that all is well.
    pub(crate) fn is_well(&mut self, name: &str, generation: Generation) {
        if let Some(Some(standing)) = self.members.get_mut(name) {
            assert_eq!(standing.generation, generation);
            standing.heartbeats += 1;
        }
    }

    /// A member owns nothing for now.
    pub(crate) fn joins(&mut self, name: &str) {
        self.members.insert(name.to_owned(), None);
    }

    /// A member will not come back.
    pub(crate) fn goes(&mut self, name: &str) {
        self.members.remove(name);
    }

    /// Whether all members own all partitions together, in one generation, and are sure of it. Once true, always true.
    pub(crate) fn is_settled(&mut self) -> bool {
        self.is_settled = self.is_settled || self.owns_all();
        self.is_settled
    }

    fn owns_all(&self) -> bool {
        let mut owned: Vec<PartitionIndex> = Vec::new();
        for standing in self.members.values() {
            let Some(standing) = standing else { return false };
            if standing.generation != self.generation || standing.heartbeats < HEARTBEATS_TO_BE_SURE {
                return false;
            }
            owned.extend(&standing.partitions);
        }
        owned.sort_unstable();
        self.members.is_empty() || owned == self.partitions
    }

    /// Whether a commit that is sent from now on must be refused.
    pub(crate) fn refuses(&self, id: &str, generation: Generation) -> bool {
        generation < self.generation || self.replaced.contains(id)
    }

    /// An offset that nobody has committed, which is about to be.
    pub(crate) fn offers(&mut self, partition: PartitionIndex, generation: Generation) -> Offset {
        let register = self.registers.get_mut(&partition).expect("a partition of the topic");
        let offset = register.commits.last_key_value().map_or(0, |(last, _)| last + 1);
        register.commits.insert(offset, (generation, Fate::Open));
        offset
    }

    /// A commit was acknowledged.
    pub(crate) fn committed(&mut self, partition: PartitionIndex, offset: Offset) {
        self.durable += 1;
        let register = self.registers.get_mut(&partition).expect("a partition of the topic");
        let (generation, fate) = register.commits.get_mut(&offset).expect("a commit that was sent");
        assert_ne!(*fate, Fate::Refused, "partition {partition}: {offset} was refused before");
        *fate = Fate::Durable(self.durable);
        register.last = register.last.max(Some((*generation, offset)));
    }

    /// A commit was refused: it never takes effect.
    pub(crate) fn refused(&mut self, partition: PartitionIndex, offset: Offset) {
        let register = self.registers.get_mut(&partition).expect("a partition of the topic");
        let (_, fate) = register.commits.get_mut(&offset).expect("a commit that was sent");
        assert!(!matches!(fate, Fate::Durable(_)), "partition {partition}: {offset} is refused, and was read");
        *fate = Fate::Refused;
    }

    /// What a read that begins now must not contradict.
    pub(crate) fn seen(&self) -> Seen {
        let last = self.registers.iter().map(|(partition, register)| (*partition, register.last));
        Seen { last: last.collect(), durable: self.durable }
    }

    /// What was read; `seen` was known when the request was sent.
    pub(crate) fn read(&mut self, seen: &Seen, found: &BTreeMap<PartitionIndex, Offset>) {
        for (partition, offset) in found {
            let last = seen.last.get(partition).copied().flatten();
            let register = self.registers.get_mut(partition).expect("a partition of the topic");
            if *offset == NOTHING {
                assert_eq!(last, None, "partition {partition}: what was committed is gone");
                continue;
            }
            let Some((generation, fate)) = register.commits.get_mut(offset) else {
                panic!("partition {partition}: {offset} is read, and was never committed");
            };
            let place = (*generation, *offset);
            let may_be_read = match fate {
                Fate::Refused => false,
                Fate::Durable(order) => last == Some(place) || *order > seen.durable,
                Fate::Open => last.is_none_or(|(generation, _)| generation <= place.0),
            };
            assert!(may_be_read, "partition {partition}: {place:?} ({fate:?}) is read, {last:?} was committed before");
            if *fate == Fate::Open && Some(place) > register.last {
                self.durable += 1;
                *fate = Fate::Durable(self.durable);
                register.last = Some(place);
            }
        }
    }
}
