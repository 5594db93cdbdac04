//! The assignor `uniform`: every member gets as many partitions as the others, as far as what they read lets it, and
//! keeps what it has, as far as that evenness lets it.

use std::collections::BTreeMap;

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

/// All members read the same topics: each gets the same number, some one more, those first that have more already.
fn assign_alike(group: &Subscriptions) -> BTreeMap<String, Assignment> {
    let members = group.members.len().max(1);
    let all: usize = group.partitions.values().filter_map(|count| usize::try_from(*count).ok()).sum();
    let share = all / members;
    let mut extras = all % members;
    let mut sizes = BTreeMap::new();
    let mut assigned = BTreeMap::new();
    for (id, member) in &group.members {
        let mut partitions = kept(group, member);
        partitions.truncate(share + usize::from(extras > 0));
        extras -= usize::from(partitions.len() > share);
        sizes.insert(id, partitions.len());
        let mut assignment = Assignment::new();
        add(&mut assignment, partitions);
        assigned.insert(id.clone(), assignment);
    }
    let mut free = without_owner(group, &assigned).into_iter();
    for (id, assignment) in &mut assigned {
        let size = sizes.get(id).copied().unwrap_or_default();
        if size > share {
            continue;
        }
        let extra = usize::from(extras > 0);
        extras -= extra;
        add(assignment, free.by_ref().take(share + extra - size));
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
    // What few can read comes first: the others have more to choose from afterwards.
    free.sort_by_key(|(topic, partition)| (readers.get(topic).map_or(0, Vec::len), *topic, *partition));
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

/// Moves partitions one by one. Each move makes the sizes more even, so that it comes to an end.
fn balance<'a>(
    readers: &BTreeMap<TopicId, Vec<&'a String>>,
    sizes: &mut BTreeMap<&'a String, usize>,
    assigned: &mut BTreeMap<String, Assignment>,
) {
    loop {
        let mut has_moved = false;
        for (topic, of_topic) in readers {
            while let Some((most, least)) = uneven(*topic, of_topic, sizes, assigned) {
                let moved = assigned.get_mut(most).and_then(|assignment| take_last(assignment, *topic));
                let Some(partition) = moved else { break };
                if let Some(assignment) = assigned.get_mut(least) {
                    add(assignment, [(*topic, partition)]);
                }
                *sizes.entry(most).or_default() -= 1;
                *sizes.entry(least).or_default() += 1;
                has_moved = true;
            }
        }
        if !has_moved {
            return;
        }
    }
}

/// Who has most of those that have something of this topic, and who has least of all that read it, if the one has at
/// least two more than the other.
fn uneven<'a>(
    topic: TopicId,
    readers: &[&'a String],
    sizes: &BTreeMap<&String, usize>,
    assigned: &BTreeMap<String, Assignment>,
) -> Option<(&'a String, &'a String)> {
    let size = |id: &String| sizes.get(id).copied().unwrap_or_default();
    let has_some = |id: &&&String| assigned.get(**id).is_some_and(|assignment| assignment.contains_key(&topic));
    let most = readers.iter().filter(has_some).max_by_key(|id| size(id))?;
    let least = readers.iter().min_by_key(|id| size(id))?;
    (size(most) > size(least) + 1).then_some((*most, *least))
}

fn take_last(assignment: &mut Assignment, topic: TopicId) -> Option<PartitionIndex> {
    let partitions = assignment.get_mut(&topic)?;
    let last = partitions.pop_last();
    if partitions.is_empty() {
        assignment.remove(&topic);
    }
    last
}
