//! Kafka's `range` assignor: of each topic a member gets partitions side by side.

use std::collections::BTreeMap;

/// A member that is to get partitions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Subscriber {
    pub(crate) id: String,
    pub(crate) instance_id: Option<String>,
    pub(crate) topics: Vec<String>,
}

/// Partitions by topic.
pub(crate) type Assignment = BTreeMap<String, Vec<i32>>;

/// What each member gets, by its id. `partitions` says how many partitions each topic has.
pub(crate) fn range(subscribers: &[Subscriber], partitions: &BTreeMap<String, i32>) -> BTreeMap<String, Assignment> {
    let mut assigned: BTreeMap<String, Assignment> =
        subscribers.iter().map(|subscriber| (subscriber.id.clone(), Assignment::new())).collect();
    for (topic, count) in partitions {
        let mut readers: Vec<&Subscriber> =
            subscribers.iter().filter(|subscriber| subscriber.topics.contains(topic)).collect();
        // Static members by their names, which stay when they are started anew; before all others.
        readers.sort_by_key(|reader| (reader.instance_id.is_none(), &reader.instance_id, &reader.id));
        let mut left = i32::try_from(readers.len()).unwrap_or(i32::MAX);
        let mut next = 0;
        for reader in readers {
            // The first ones get one more where it does not come out even.
            let share = (count - next).div_euclid(left) + i32::from((count - next).rem_euclid(left) > 0);
            if share > 0 {
                let of_member = assigned.entry(reader.id.clone()).or_default();
                of_member.insert(topic.clone(), (next..next + share).collect());
            }
            (next, left) = (next + share, left - 1);
        }
    }
    assigned
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscriber(id: &str, instance_id: Option<&str>, topics: &[&str]) -> Subscriber {
        let topics = topics.iter().map(|topic| (*topic).to_owned()).collect();
        Subscriber { id: id.to_owned(), instance_id: instance_id.map(str::to_owned), topics }
    }

    fn assigned(subscribers: &[Subscriber], partitions: &[(&str, i32)]) -> Vec<(String, String, Vec<i32>)> {
        let partitions = partitions.iter().map(|(topic, count)| ((*topic).to_owned(), *count)).collect();
        let of = |(id, assignment): (String, Assignment)| {
            assignment.into_iter().map(move |(topic, partitions)| (id.clone(), topic, partitions)).collect::<Vec<_>>()
        };
        range(subscribers, &partitions).into_iter().flat_map(of).collect()
    }

    /// The example in the documentation of Kafka's RangeAssignor.
    #[test]
    fn two_members_share_two_topics_of_three_partitions() {
        let subscribers = [subscriber("C0", None, &["t0", "t1"]), subscriber("C1", None, &["t0", "t1"])];
        let expected =
            [("C0", "t0", vec![0, 1]), ("C0", "t1", vec![0, 1]), ("C1", "t0", vec![2]), ("C1", "t1", vec![2])];
        let expected = expected.map(|(id, topic, partitions)| (id.to_owned(), topic.to_owned(), partitions));
        assert_eq!(assigned(&subscribers, &[("t0", 3), ("t1", 3)]), expected);
    }

    #[test]
    fn who_does_not_subscribe_gets_nothing_and_static_members_come_first() {
        let subscribers =
            [subscriber("a", None, &["t"]), subscriber("z", Some("first"), &["t"]), subscriber("b", None, &["other"])];
        let expected = [("a".to_owned(), "t".to_owned(), vec![2]), ("z".to_owned(), "t".to_owned(), vec![0, 1])];
        assert_eq!(assigned(&subscribers, &[("t", 3)]), expected);
    }

    #[test]
    fn more_members_than_partitions_leave_some_without() {
        let subscribers = ["a", "b", "c"].map(|id| subscriber(id, None, &["t"]));
        let expected = [("a".to_owned(), "t".to_owned(), vec![0]), ("b".to_owned(), "t".to_owned(), vec![1])];
        assert_eq!(assigned(&subscribers, &[("t", 2)]), expected);
    }
}
