//! What is known of a group: who owns what in a generation, and what is committed. Whatever contradicts that is a
//! failure.
//!
//! Invariants:
//! - in one generation, or member epoch, a partition has one owner;
//! - at no time a partition has two owners: one owns what it was given until it has said that it lets it go, or until
//!   it may have been taken for dead, a session after it has asked for an answer that it got;
//! - epochs only grow: a member's from answer to answer, those of members that come, as long as the group keeps to the
//!   consumer protocol;
//! - once somebody was given an assignment in a generation (classic protocol), or a partition, nothing is committed any
//!   more of an earlier generation, or by the one who owned it before;
//! - what replaces a static member is durable once it has its assignment: whoever it has replaced commits nothing;
//! - what was acknowledged, or read, is what is read, until something later is committed.
//!
//! A group that changes its protocol while it is empty counts its epochs from the beginning: then those of one member
//! are compared, and no others.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use millrace_base::ids::{Offset, PartitionIndex};

use crate::crowd::Protocols;

/// A generation of a group, or the epoch of a member.
pub(crate) type Generation = i32;
/// For how long somebody owns a partition without anybody else in between, by a number that grows.
pub(crate) type Term = i64;

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

/// A commit, by whom it was sent: in later terms, later; in one, in the order of offsets.
type Place = (Term, Offset);

/// Who owns a partition: in the classic protocol, in which generation.
type Owner = (String, Option<Generation>);

/// All commits for a partition: each has an offset of its own.
#[derive(Default)]
struct Register {
    commits: BTreeMap<Offset, (Term, Fate)>,
    /// The last one that is durable.
    last: Option<Place>,
    /// Who was given the partition last.
    owner: Option<Owner>,
    term: Term,
}

impl Register {
    /// Somebody owns the partition from now on, or still.
    fn begin(&mut self, owner: Owner) -> Term {
        if self.owner.as_ref() != Some(&owner) {
            self.owner = Some(owner);
            self.term += 1;
        }
        self.term
    }
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
    /// When it may be taken for dead, unless it hears that it is not.
    until: Duration,
    heartbeats: u32,
}

/// What a member says of itself when it was given partitions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim<'a> {
    pub(crate) name: &'a str,
    pub(crate) id: &'a str,
    pub(crate) generation: Generation,
    pub(crate) is_classic: bool,
    /// When it may be taken for dead, and the time now, since the run began.
    pub(crate) until: Duration,
    pub(crate) now: Duration,
}

/// What is known of a group.
#[derive(Default)]
pub(crate) struct GroupModel {
    protocols: Protocols,
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
    /// By id: the last epoch that was told.
    epochs: BTreeMap<String, Generation>,
    is_settled: bool,
}

impl GroupModel {
    /// A group that reads all partitions of a topic, and its members to come.
    pub(crate) fn new(protocols: Protocols, partitions: usize, members: impl Iterator<Item = String>) -> Self {
        let partitions: Vec<PartitionIndex> = (0..partitions as PartitionIndex).collect();
        let registers = partitions.iter().map(|partition| (*partition, Register::default())).collect();
        let members = members.map(|name| (name, None)).collect();
        Self { protocols, partitions, registers, members, ..Self::default() }
    }

    pub(crate) fn partitions(&self) -> &[PartitionIndex] {
        &self.partitions
    }

    /// A leader is about to tell what a member is to own.
    pub(crate) fn assigns(&mut self, generation: Generation, id: &str, partitions: Vec<PartitionIndex>) {
        self.assigned.entry((generation, id.to_owned())).or_default().push(partitions);
    }

    /// A member was given its assignment; gives the term of each partition.
    pub(crate) fn owns(&mut self, claim: &Claim<'_>, partitions: &[PartitionIndex]) -> Vec<(PartitionIndex, Term)> {
        let Claim { name, id, generation, .. } = *claim;
        self.check_one_owner(claim, partitions);
        // Where there are members of both protocols, the broker may have assigned meanwhile.
        let assigned = self.assigned.get(&(generation, id.to_owned()));
        if let Some(assigned) = assigned.filter(|_| self.protocols == Protocols::Classic) {
            let is_known = assigned.iter().any(|assigned| assigned == partitions);
            assert!(is_known, "{name} owns {partitions:?} in generation {generation}, and was assigned {assigned:?}");
        }
        assert!(!self.replaced.contains(id), "{name} was replaced, and owns {partitions:?}");
        self.generation = self.generation.max(generation);
        let standing = Standing { generation, partitions: partitions.to_vec(), until: claim.until, heartbeats: 0 };
        self.members.insert(name.to_owned(), Some(standing));
        let owner = (id.to_owned(), claim.is_classic.then_some(generation));
        partitions.iter().map(|partition| (*partition, self.term(*partition, &owner))).collect()
    }

    fn check_one_owner(&mut self, claim: &Claim<'_>, partitions: &[PartitionIndex]) {
        let Claim { name, generation, until, now, .. } = *claim;
        // Who has been told so late may have been taken for dead.
        let others = self.members.iter().filter(|(other, _)| *other != name && until > now);
        for (other, standing) in others {
            let Some(standing) = standing.as_ref().filter(|standing| standing.until > now) else { continue };
            let both = standing.partitions.iter().find(|partition| partitions.contains(partition));
            assert_eq!(both, None, "{name} owns {partitions:?}, and {other} does until {:?}", standing.until);
        }
        if self.protocols == Protocols::Both {
            return;
        }
        for partition in partitions {
            let owner = self.owners.entry((generation, *partition)).or_insert_with(|| name.to_owned());
            assert_eq!(owner, name, "two owners of partition {partition} in generation {generation}");
        }
    }

    fn term(&mut self, partition: PartitionIndex, owner: &Owner) -> Term {
        match (self.protocols, owner.1) {
            (Protocols::Classic, Some(generation)) => Term::from(generation),
            _ => self.register(partition).begin(owner.clone()),
        }
    }

    fn register(&mut self, partition: PartitionIndex) -> &mut Register {
        self.registers.get_mut(&partition).expect("a partition of the topic")
    }

    /// The last epoch of any member that was told: one that comes later gets no earlier one.
    pub(crate) fn epoch(&self) -> Generation {
        if self.protocols == Protocols::Consumer { self.epochs.values().copied().max().unwrap_or(0) } else { 0 }
    }

    /// A member was told its epoch; it has joined by that if `floor` was the group's epoch when it asked.
    pub(crate) fn is_told_epoch(&mut self, id: &str, epoch: Generation, floor: Option<Generation>) {
        let before = floor.or(self.epochs.get(id).copied()).unwrap_or(0);
        assert!(epoch >= before.max(1), "{id} is told the epoch {epoch}, after {before}");
        self.epochs.insert(id.to_owned(), epoch);
    }

    /// A static member has come back under another id, which is durable.
    pub(crate) fn replaced(&mut self, old: &str) {
        self.replaced.insert(old.to_owned());
    }

    /// A member heard that all is well: it is not taken for dead before `until`.
    pub(crate) fn is_well(&mut self, name: &str, generation: Generation, until: Duration) {
        if let Some(Some(standing)) = self.members.get_mut(name) {
            assert_eq!(standing.generation, generation);
            standing.heartbeats += 1;
            standing.until = until;
        }
    }

    /// A member owns nothing for now.
    pub(crate) fn owns_nothing(&mut self, name: &str) {
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
        let mut generations = BTreeSet::new();
        for standing in self.members.values() {
            let Some(standing) = standing else { return false };
            if standing.heartbeats < HEARTBEATS_TO_BE_SURE {
                return false;
            }
            generations.insert(standing.generation);
            owned.extend(&standing.partitions);
        }
        owned.sort_unstable();
        self.members.is_empty() || generations.len() == 1 && owned == self.partitions
    }

    /// Whether a commit for these partitions that is sent from now on must be refused.
    pub(crate) fn refuses(&self, id: &str, generation: Generation, owned: &[(PartitionIndex, Term)]) -> bool {
        let is_past = match self.protocols {
            Protocols::Classic => generation < self.generation,
            _ => owned.iter().any(|(partition, term)| self.registers[partition].term > *term),
        };
        is_past || self.replaced.contains(id)
    }

    /// An offset that nobody has committed, which is about to be.
    pub(crate) fn offers(&mut self, partition: PartitionIndex, term: Term) -> Offset {
        let register = self.register(partition);
        let offset = register.commits.last_key_value().map_or(0, |(last, _)| last + 1);
        register.commits.insert(offset, (term, Fate::Open));
        offset
    }

    /// A commit was acknowledged.
    pub(crate) fn committed(&mut self, partition: PartitionIndex, offset: Offset) {
        self.durable += 1;
        let durable = self.durable;
        let register = self.register(partition);
        let (term, fate) = register.commits.get_mut(&offset).expect("a commit that was sent");
        assert_ne!(*fate, Fate::Refused, "partition {partition}: {offset} was refused before");
        *fate = Fate::Durable(durable);
        register.last = register.last.max(Some((*term, offset)));
    }

    /// A commit was refused: it never takes effect.
    pub(crate) fn refused(&mut self, partition: PartitionIndex, offset: Offset) {
        let (_, fate) = self.register(partition).commits.get_mut(&offset).expect("a commit that was sent");
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
            let Some((term, fate)) = register.commits.get_mut(offset) else {
                panic!("partition {partition}: {offset} is read, and was never committed");
            };
            let place = (*term, *offset);
            let may_be_read = match fate {
                Fate::Refused => false,
                Fate::Durable(order) => last == Some(place) || *order > seen.durable,
                Fate::Open => last.is_none_or(|(term, _)| term <= place.0),
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
