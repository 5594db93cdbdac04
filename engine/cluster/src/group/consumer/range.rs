//! The assignor `range`: each topic's partitions in ranges, one for each member that reads it, in the members' order.

use std::collections::BTreeMap;

use millrace_base::ids::PartitionIndex;

use super::assignor::{Subscriber, Subscriptions};
use super::request::Assignment;

/// Assigns each topic by itself. Static members come first, by their names; then the others, by their ids: a static
/// member that comes back under another id gets the same range.
pub(super) fn assign(group: &Subscriptions) -> BTreeMap<String, Assignment> {
    let mut in_order: Vec<(&String, &Subscriber)> = group.members.iter().collect();
    in_order.sort_by_key(|(id, member)| (member.instance_id.is_none(), member.instance_id.as_ref(), *id));
    let mut assigned: BTreeMap<String, Assignment> =
        group.members.keys().map(|id| (id.clone(), Assignment::new())).collect();
    for (topic, partitions) in &group.partitions {
        let readers: Vec<&String> =
            in_order.iter().filter(|(_, member)| member.topics.contains(topic)).map(|(id, _)| *id).collect();
        let Ok(count) = PartitionIndex::try_from(readers.len()) else { continue };
        let mut first = 0;
        for (place, reader) in (0..).zip(readers) {
            let share = partitions / count + PartitionIndex::from(place < partitions % count);
            if let Some(of_reader) = assigned.get_mut(reader).filter(|_| share > 0) {
                of_reader.insert(*topic, (first..first + share).collect());
            }
            first += share;
        }
    }
    assigned
}
