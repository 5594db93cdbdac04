//! The assignor `uniform`: every member gets as many partitions as the others, as far as what they read lets it, and
//! keeps what it has, as far as that evenness lets it.

use std::collections::{BTreeMap, BTreeSet};

use millrace_base::ids::{PartitionIndex, TopicId};

use super::assignor::{Subscriber, Subscriptions};
use super::request::Assignment;

/// Assigns all partitions that somebody reads.
pub(super) fn assign(group: &Subscriptions) -> BTreeMap<String, Assignment> {
    if group.is_homogeneous() { assign_alike(group) } else { assign_apart(group) }
}

/// What a member may keep of what it has: what it still reads, and what still exists.
fn kept(group: &Subscriptions, member: &Subscriber) -> Vec<(TopicId, PartitionIndex)> {
    let still_there = |topic: &TopicId, partition: PartitionIndex| {
        member.topics.contains(topic) && group.partitions.get(topic).is_some_and(|count| partition < *count)
    };
    let all = member.target.iter().flat_map(|(topic, partitions)| partitions.iter().map(|index| (*topic, *index)));
    all.filter(|(topic, partition)| still_there(topic, *partition)).collect()
}

fn add(assignment: &mut Assignment, partitions: impl IntoIterator<Item = (TopicId, PartitionIndex)>) {
    for (topic, partition) in partitions {
        assignment.entry(topic).or_default().insert(partition);
    }
}

/// Partitions that nobody has, in their order.
fn without_owner(group: &Subscriptions, assigned: &BTreeMap<String, Assignment>) -> Vec<(TopicId, PartitionIndex)> {
    let mut owned = Assignment::new();
    for assignment in assigned.values() {
        let all = assignment.iter().flat_map(|(topic, partitions)| partitions.iter().map(|index| (*topic, *index)));
        add(&mut owned, all);
    }
    let all = group.partitions.iter().flat_map(|(topic, count)| (0..*count).map(|partition| (*topic, partition)));
    let free = all.filter(|(topic, partition)| !owned.get(topic).is_some_and(|owned| owned.contains(partition)));
    free.collect()
}

/// All members read the same topics: each gets the same number, some one more. Who has no use for one more leaves it to
/// those behind that may have it already, as long as there are enough of them; what nobody had is given out first.
fn assign_alike(group: &Subscriptions) -> BTreeMap<String, Assignment> {
    let count = group.members.len();
    let all: usize = group.partitions.values().filter_map(|count| usize::try_from(*count).ok()).sum();
    let (share, mut extras) = (all / count.max(1), all % count.max(1));
    let (mut assigned, mut missing) = (BTreeMap::new(), BTreeMap::new());
    let mut let_go = Vec::new();
    let everybodys = group.members.iter().map(|(id, member)| (id, kept(group, member)));
    for (index, (id, mut partitions)) in everybodys.enumerate() {
        let mut extra = usize::from(extras > 0);
        let_go.extend(partitions.drain((share + extra).min(partitions.len())..));
        let is_short = partitions.len() < share + extra;
        if is_short && extra > 0 && count - index > extras {
            extra = 0;
        }
        extras -= extra;
        missing.insert(id, share + extra - partitions.len());
        let assignment: &mut Assignment = assigned.entry(id.clone()).or_default();
        add(assignment, partitions);
    }
    let had: BTreeSet<_> = let_go.iter().copied().collect();
    let never_had = without_owner(group, &assigned).into_iter().filter(|partition| !had.contains(partition));
    let mut free = never_had.chain(let_go.iter().copied());
    for (id, assignment) in &mut assigned {
        add(assignment, free.by_ref().take(missing.get(id).copied().unwrap_or_default()));
    }
    assigned
}

/// Members read different topics: who has least gets what is free, then those that have most give to those that have
/// least.
fn assign_apart(group: &Subscriptions) -> BTreeMap<String, Assignment> {
    let mut readers: BTreeMap<TopicId, Vec<&String>> = BTreeMap::new();
    let mut sizes: BTreeMap<&String, usize> = BTreeMap::new();
    let mut assigned: BTreeMap<String, Assignment> = BTreeMap::new();
    for (id, member) in &group.members {
        for topic in &member.topics {
            readers.entry(*topic).or_default().push(id);
        }
        let partitions = kept(group, member);
        sizes.insert(id, partitions.len());
        let assignment = assigned.entry(id.clone()).or_default();
        add(assignment, partitions);
    }
    let mut free = without_owner(group, &assigned);
    // What has most partitions for each that reads it comes first: the others have more to choose from afterwards.
    let per_reader = |topic: &TopicId, other: &TopicId| {
        let partitions = group.partitions.get(topic).map_or(0, |count| i64::from(*count));
        partitions * i64::try_from(readers.get(other).map_or(0, Vec::len)).unwrap_or(i64::MAX)
    };
    let number_of = |topic: &TopicId| readers.get(topic).map_or(0, Vec::len);
    free.sort_by(|(one, first), (other, second)| {
        let by_partitions = per_reader(other, one).cmp(&per_reader(one, other));
        let by_readers = number_of(one).cmp(&number_of(other));
        by_partitions.then(by_readers).then(one.cmp(other)).then(first.cmp(second))
    });
    for (topic, partition) in free {
        let of_topic = readers.get(&topic).into_iter().flatten();
        let Some(least) = of_topic.min_by_key(|id| (sizes.get(*id).copied().unwrap_or_default(), **id)) else {
            continue;
        };
        *sizes.entry(least).or_default() += 1;
        if let Some(assignment) = assigned.get_mut(*least) {
            add(assignment, [(topic, partition)]);
        }
    }
    balance(&readers, &mut sizes, &mut assigned);
    assigned
}

/// Moves partitions one by one, first between those that are furthest apart: so the fewest are moved. Each move makes
/// the sizes more even, so that it comes to an end.
fn balance<'a>(
    readers: &BTreeMap<TopicId, Vec<&'a String>>,
    sizes: &mut BTreeMap<&'a String, usize>,
    assigned: &mut BTreeMap<String, Assignment>,
) {
    loop {
        let apart =
            |(topic, of_topic): (&TopicId, &Vec<_>)| Some(furthest(*topic, of_topic, sizes, assigned)?.distance);
        let Some(furthest_of_all) = readers.iter().filter_map(apart).max().filter(|distance| *distance > 1) else {
            return;
        };
        for (topic, of_topic) in readers {
            while let Some(Apart { most, least, distance }) = furthest(*topic, of_topic, sizes, assigned) {
                if distance < furthest_of_all {
                    break;
                }
                let moved = assigned.get_mut(most).and_then(|assignment| take_last(assignment, *topic));
                if let Some(assignment) = assigned.get_mut(least) {
                    add(assignment, moved.map(|partition| (*topic, partition)));
                }
                *sizes.entry(most).or_default() -= 1;
                *sizes.entry(least).or_default() += 1;
            }
        }
    }
}

/// Two members, of which the one can give to the other.
struct Apart<'a> {
    most: &'a String,
    least: &'a String,
    distance: usize,
}

/// Who has most of those that have something of this topic, and who has least of all that read it.
fn furthest<'a>(
    topic: TopicId,
    readers: &[&'a String],
    sizes: &BTreeMap<&String, usize>,
    assigned: &BTreeMap<String, Assignment>,
) -> Option<Apart<'a>> {
    let size = |id: &String| sizes.get(id).copied().unwrap_or_default();
    let has_some = |id: &&&String| assigned.get(**id).is_some_and(|assignment| assignment.contains_key(&topic));
    let most = readers.iter().filter(has_some).max_by_key(|id| size(id))?;
    let least = readers.iter().min_by_key(|id| size(id))?;
    Some(Apart { most, least, distance: size(most).saturating_sub(size(least)) })
}

fn take_last(assignment: &mut Assignment, topic: TopicId) -> Option<PartitionIndex> {
    let partitions = assignment.get_mut(&topic)?;
    let last = partitions.pop_last();
    if partitions.is_empty() {
        assignment.remove(&topic);
    }
    last
}
