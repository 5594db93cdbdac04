//! What Kafka 4.3.1's own assignors gave to made-up groups, compared with what ours give: `net/judges/java/Assign.java`
//! has made the groups, and tells what the fields of a line are.

use std::collections::{BTreeMap, BTreeSet};

use millrace_base::ids::TopicId;

use super::assignor::{Assignor, Subscriber, Subscriptions};
use super::request::Assignment;

const ASSIGNMENTS: &str = include_str!("../../../golden/assignments-kafka-4.3.1.txt");

fn topic_id(topic: &str) -> TopicId {
    let mut id = [0; 16];
    id[15] = topic.parse::<u8>().unwrap() + 1;
    TopicId(id)
}

/// `TOPIC:PARTITION,PARTITION TOPIC:PARTITION`.
fn assignment(text: &str) -> Assignment {
    let of_topic = |text: &str| {
        let (topic, partitions) = text.split_once(':').unwrap();
        (topic_id(topic), partitions.split(',').map(|partition| partition.parse().unwrap()).collect())
    };
    text.split_whitespace().map(of_topic).collect()
}

/// `NAME/STATIC NAME/TOPICS/WHAT IT WAS GIVEN BEFORE`.
fn member(text: &str) -> (String, Subscriber) {
    let fields: Vec<&str> = text.split('/').collect();
    let [name, instance, topics, target] = fields[..] else { panic!("{text}") };
    let instance_id = (!instance.is_empty()).then(|| instance.to_owned());
    let topics = topics.split_whitespace().map(topic_id).collect();
    (name.to_owned(), Subscriber { instance_id, topics, target: assignment(target) })
}

fn group(partitions: &str, members: &str) -> Subscriptions {
    let members: BTreeMap<String, Subscriber> = members.split(';').map(member).collect();
    let read: BTreeSet<TopicId> = members.values().flat_map(|member| &member.topics).copied().collect();
    let counts = partitions.split(' ').enumerate();
    let counts = counts.map(|(topic, count)| (topic_id(&topic.to_string()), count.parse().unwrap()));
    Subscriptions { members, partitions: counts.filter(|(topic, _)| read.contains(topic)).collect() }
}

/// How many partitions each has, most first; and how many have another owner than before.
fn figures<'a>(group: &Subscriptions, given: impl Iterator<Item = &'a Assignment>) -> (Vec<usize>, usize) {
    let (mut sizes, mut moved) = (Vec::new(), 0);
    for (member, given) in group.members.values().zip(given) {
        let kept =
            given.iter().filter_map(|(topic, partitions)| Some(member.target.get(topic)?.intersection(partitions)));
        let kept = kept.flatten().count();
        let size: usize = given.values().map(BTreeSet::len).sum();
        sizes.push(size);
        moved += size - kept;
    }
    sizes.sort_unstable_by(|one, other| other.cmp(one));
    (sizes, moved)
}

#[test]
fn groups_are_assigned_to_as_kafka_does() {
    let (mut lines, mut others) = (0, Vec::new());
    for line in ASSIGNMENTS.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [assignor, partitions, members, given] = fields[..] else { panic!("{line}") };
        let group = group(partitions, members);
        let assignor = Assignor::of(assignor).unwrap();
        let ours = assignor.assign(&group);
        let kafkas: Vec<Assignment> = given.split(';').map(assignment).collect();
        lines += 1;
        let is_as_good = if assignor == Assignor::Range || group.is_homogeneous() {
            ours.values().eq(&kafkas)
        } else {
            // Who gets which of them is left to chance: as evenly, and no more of them anew.
            let (ours, kafkas) = (figures(&group, ours.values()), figures(&group, kafkas.iter()));
            ours.0 == kafkas.0 && ours.1 <= kafkas.1
        };
        if !is_as_good {
            others.push(format!("{line}\n  {ours:?}"));
        }
    }
    assert!(others.is_empty(), "{} of {lines} assignments differ:\n{}", others.len(), others.join("\n"));
}
