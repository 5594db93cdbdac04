//! Whatever happens to a group of the consumer protocol, in any order: its records say what it is, nobody shares a
//! partition, epochs only grow, and it comes to rest. `MILLRACE_CASES` says how many sequences are tried.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use millrace_base::code::ErrorCode;
use millrace_base::ids::TopicId;
use proptest::prelude::*;

use super::consumer::{heartbeat, joining};
use super::harness::*;
use crate::group::consumer::DurableState;
use crate::group::*;
use crate::metadata::{MetadataRecord, PartitionRecord, TopicRecord};

const MEMBERS: usize = 5;
const TOPICS: usize = 3;
const PARTITIONS_MAX: usize = 9;
/// Heartbeats of everybody after which a group is at rest.
const ROUNDS_MAX: usize = 30;

#[derive(Clone, Debug)]
enum Happening {
    /// A member joins, or says anew what it reads.
    Join {
        member: usize,
        topics: u8,
        by_pattern: bool,
        assignor: Option<&'static str>,
    },
    /// A heartbeat, of one that has let go what it must, or has not; its answer comes, or does not.
    Beat {
        member: usize,
        has_let_go: bool,
        is_answered: bool,
    },
    /// A member begins anew under another id.
    Restart {
        member: usize,
    },
    Leave {
        member: usize,
        for_a_while: bool,
    },
    /// A member of the classic protocol joins and asks for its assignment.
    ClassicJoin {
        member: usize,
    },
    ClassicBeat {
        member: usize,
    },
    ClassicLeave {
        member: usize,
    },
    Pass {
        seconds: u64,
    },
    Grow {
        topic: usize,
        by: usize,
    },
    Delete {
        topic: usize,
    },
    /// Writes end only when they are told to.
    Hold,
    Release,
    Fail,
    /// The coordinator ends; this much of what it was writing is durable.
    Reload {
        writes: usize,
    },
}

fn happening() -> impl Strategy<Value = Happening> {
    let member = 0..MEMBERS;
    let assignor = prop_oneof![Just(None), Just(Some("uniform")), Just(Some("range"))];
    prop_oneof![
        6 => (member.clone(), 0_u8..8, any::<bool>(), assignor)
            .prop_map(|(member, topics, by_pattern, assignor)| {
                Happening::Join { member, topics, by_pattern, assignor }
            }),
        16 => (member.clone(), any::<bool>(), prop::bool::weighted(0.8))
            .prop_map(|(member, has_let_go, is_answered)| Happening::Beat { member, has_let_go, is_answered }),
        1 => member.clone().prop_map(|member| Happening::Restart { member }),
        2 => (member.clone(), any::<bool>())
            .prop_map(|(member, for_a_while)| Happening::Leave { member, for_a_while }),
        2 => member.clone().prop_map(|member| Happening::ClassicJoin { member }),
        3 => member.clone().prop_map(|member| Happening::ClassicBeat { member }),
        1 => member.prop_map(|member| Happening::ClassicLeave { member }),
        3 => (1_u64..50).prop_map(|seconds| Happening::Pass { seconds }),
        2 => (0..TOPICS, 1_usize..4).prop_map(|(topic, by)| Happening::Grow { topic, by }),
        1 => (0..TOPICS).prop_map(|topic| Happening::Delete { topic }),
        1 => Just(Happening::Hold),
        2 => Just(Happening::Release),
        1 => Just(Happening::Fail),
        2 => (0_usize..4).prop_map(|writes| Happening::Reload { writes }),
    ]
}

type Owned = BTreeMap<TopicId, BTreeSet<i32>>;

/// A client of the consumer protocol. The last ones are static.
#[derive(Clone, Debug, Default)]
struct Client {
    lives: u32,
    epoch: i32,
    uses: Owned,
    told: Owned,
    /// What it waits for: the request, and whether it will read the answer.
    asked: Option<(Ticket, bool)>,
}

struct World {
    bench: Bench,
    rules: Rules,
    clients: Vec<Client>,
    /// By member: the id and the generation, of the classic protocol.
    classics: Vec<(String, i32)>,
    /// How many partitions a topic has; it was there so often before.
    topics: Vec<(usize, u8)>,
    /// A write has failed.
    has_failed: bool,
    /// Since the last durable state, steps have waited for a write.
    has_waited: bool,
    /// The last durable state.
    before: DurableState,
}

fn topic_name(topic: usize) -> String {
    format!("topic-{topic}")
}

fn topic_id(topic: usize, lives: u8) -> TopicId {
    let mut id = [0; 16];
    (id[0], id[1]) = (u8::try_from(topic).unwrap() + 1, lives);
    TopicId(id)
}

fn partitions(count: usize) -> Vec<PartitionRecord> {
    vec![PartitionRecord { replicas: vec![1], isr: vec![1], leader: 1, leader_epoch: 0 }; count]
}

impl World {
    fn new(assignment_interval: Duration) -> World {
        let mut rules = rules();
        rules.consumer.assignment_interval = assignment_interval;
        World {
            bench: Bench::new(rules.clone()),
            rules,
            clients: vec![Client::default(); MEMBERS],
            classics: vec![Default::default(); MEMBERS],
            topics: vec![(0, 0); TOPICS],
            has_failed: false,
            has_waited: false,
            before: DurableState::default(),
        }
    }

    fn id(&self, member: usize) -> String {
        format!("m{member}-{}", self.clients[member].lives)
    }

    fn instance(member: usize) -> Option<String> {
        (member + 2 >= MEMBERS).then(|| format!("i{member}"))
    }

    fn happens(&mut self, happening: &Happening) {
        match happening {
            Happening::Join { member, topics, by_pattern, assignor } => {
                self.clients[*member] = Client { lives: self.clients[*member].lives, ..Client::default() };
                let read = (0..TOPICS).filter(|topic| topics & (1 << topic) != 0).map(topic_name);
                let read: BTreeSet<String> = read.collect();
                let regex = read.iter().cloned().collect::<Vec<_>>().join("|");
                let request = ConsumerHeartbeat {
                    topic_names: (!by_pattern).then_some(read),
                    topic_regex: by_pattern.then_some(regex),
                    assignor: assignor.map(str::to_owned),
                    instance_id: Self::instance(*member),
                    ..joining(&self.id(*member))
                };
                self.ask(*member, request, true);
            }
            Happening::Beat { member, has_let_go, is_answered } => self.beat(*member, *has_let_go, *is_answered),
            Happening::Restart { member } => {
                self.clients[*member] = Client { lives: self.clients[*member].lives + 1, ..Client::default() };
            }
            Happening::Leave { member, for_a_while } => {
                let instance_id = Self::instance(*member);
                let epoch = if *for_a_while && instance_id.is_some() { -2 } else { -1 };
                let request = ConsumerHeartbeat { instance_id, ..heartbeat(&self.id(*member), epoch) };
                self.clients[*member] = Client { lives: self.clients[*member].lives + 1, ..Client::default() };
                self.bench.send(Request::ConsumerHeartbeat(request));
            }
            Happening::ClassicJoin { member } => self.join_classic(*member),
            Happening::ClassicBeat { member } => {
                let (id, generation) = self.classics[*member].clone();
                let request = Heartbeat { group: GROUP.to_owned(), member_id: id, instance_id: None, generation };
                self.bench.send(Request::Heartbeat(request));
            }
            Happening::ClassicLeave { member } => {
                let members = vec![LeavingMember { member_id: self.classics[*member].0.clone(), instance_id: None }];
                self.bench.send(Request::Leave(Leave { group: GROUP.to_owned(), members }));
            }
            Happening::Pass { seconds } => self.bench.pass(Duration::from_secs(*seconds)),
            Happening::Grow { topic, by } => self.grow(*topic, *by),
            Happening::Delete { topic } => self.delete(*topic),
            Happening::Hold => self.bench.holds_writes = true,
            Happening::Release => {
                self.bench.holds_writes = false;
                self.bench.end_writes();
            }
            Happening::Fail if self.bench.writes.is_empty() => {}
            Happening::Fail => {
                self.has_failed = true;
                self.bench.fail_write(ErrorCode::KafkaStorageError);
            }
            Happening::Reload { writes } => {
                let durable = (*writes).min(self.bench.writes.len());
                let survived: Vec<_> = self.bench.writes.drain(..durable).flat_map(|(_, records)| records).collect();
                self.bench.log.extend(survived);
                self.bench.restart(self.rules.clone());
                self.clients.iter_mut().for_each(|client| client.asked = None);
            }
        }
        self.hear();
    }

    fn ask(&mut self, member: usize, request: ConsumerHeartbeat, is_answered: bool) {
        let ticket = self.bench.send(Request::ConsumerHeartbeat(request));
        self.clients[member].asked = Some((ticket, is_answered));
    }

    fn beat(&mut self, member: usize, has_let_go: bool, is_answered: bool) {
        let id = self.id(member);
        let client = &mut self.clients[member];
        if client.asked.is_some() || client.epoch == 0 {
            return;
        }
        if has_let_go {
            client.uses.clone_from(&client.told);
        }
        let owned = Some(client.uses.clone());
        let request = ConsumerHeartbeat { owned, instance_id: Self::instance(member), ..heartbeat(&id, client.epoch) };
        self.ask(member, request, is_answered);
    }

    /// Answers come; what somebody is told to use it uses, after it has let go what it is not.
    fn hear(&mut self) {
        for client in &mut self.clients {
            let Some((ticket, is_read)) = client.asked else { continue };
            let Some(answer) = self.bench.answer(ticket) else { continue };
            client.asked = None;
            let Answer::ConsumerHeartbeat(answer) = answer else { panic!("{answer:?}") };
            match answer {
                _ if !is_read => {}
                Ok(answer) => {
                    assert!(answer.member_epoch >= client.epoch, "an epoch goes back: {answer:?}, {client:?}");
                    client.epoch = answer.member_epoch;
                    if let Some(told) = answer.assignment {
                        client.told = told;
                        let must_let_go = client
                            .uses
                            .iter()
                            .any(|(topic, uses)| !client.told.get(topic).is_some_and(|told| uses.is_subset(told)));
                        if !must_let_go {
                            client.uses.clone_from(&client.told);
                        }
                    }
                }
                Err(_) => *client = Client { lives: client.lives, ..Client::default() },
            }
        }
    }

    fn join_classic(&mut self, member: usize) {
        let topics = [topic_name(0), topic_name(1)];
        let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
        let protocols = vec![Protocol { name: "range".to_owned(), metadata: subscription(&topics) }];
        let request = Join {
            protocols,
            new_id: format!("k{member}"),
            must_know_its_id: false,
            ..join("k", &self.classics[member].0)
        };
        let ticket = self.bench.send(Request::Join(request));
        let Some(answer) = self.bench.answers.get(&ticket) else { return };
        let Answer::Join(answer) = answer else { panic!("{answer:?}") };
        self.classics[member] = match answer.error {
            None => (answer.member_id.clone(), answer.generation),
            Some(_) => Default::default(),
        };
        let (id, generation) = self.classics[member].clone();
        if !id.is_empty() {
            self.bench.send(sync(&id, generation, &[]));
        }
    }

    fn grow(&mut self, topic: usize, by: usize) {
        let (count, lives) = self.topics[topic];
        let by = by.min(PARTITIONS_MAX - count);
        let id = topic_id(topic, lives).0;
        let record = if count == 0 {
            let (name, partitions) = (topic_name(topic), partitions(by));
            MetadataRecord::Topic(TopicRecord { id, name, overrides: Vec::new(), partitions })
        } else {
            MetadataRecord::PartitionsAdded { id, partitions: partitions(by) }
        };
        self.bench.image.apply(&record).unwrap();
        self.topics[topic].0 += by;
        self.bench.coordinator.topics_changed();
    }

    fn delete(&mut self, topic: usize) {
        let (count, lives) = self.topics[topic];
        if count == 0 {
            return;
        }
        let id = topic_id(topic, lives);
        self.bench.image.apply(&MetadataRecord::TopicDeleted { id: id.0 }).unwrap();
        self.topics[topic] = (0, lives + 1);
        self.bench.coordinator.topics_changed();
        self.bench.forget_topic(id);
    }

    fn check(&mut self) {
        let now = self.bench.coordinator.durable_state(GROUP);
        now.check_alone();
        self.check_clients(&now);
        // What is not durable was told to nobody, and may be taken back.
        if self.bench.writes.is_empty() {
            let replayed = self.replayed();
            // Of an empty group, which makes room for one of the other protocol at once, more may be left.
            let is_empty = now == DurableState::default() && replayed.members.is_empty();
            assert!(now == replayed || is_empty && self.has_failed, "its records say otherwise: {now:?}, {replayed:?}");
            // After many steps at once it may be another group than before.
            if !std::mem::take(&mut self.has_waited) {
                now.check_after(&self.before);
            }
            self.before = now;
        } else {
            self.has_waited = true;
        }
    }

    /// The group by its records.
    fn replayed(&self) -> DurableState {
        let mut coordinator = Coordinator::new(self.rules.clone());
        for record in &self.bench.log {
            let (key, value) = record.encode().unwrap();
            coordinator.replay(GroupRecord::decode(Some(&key), value.as_deref()).unwrap().unwrap());
        }
        coordinator.durable_state(GROUP)
    }

    /// Those that are members do not share what they use.
    fn check_clients(&self, state: &DurableState) {
        let mut users: BTreeMap<(TopicId, i32), String> = BTreeMap::new();
        for member in 0..MEMBERS {
            let id = self.id(member);
            if state.standings.get(&id).is_none_or(|standing| standing.epoch < 0) {
                continue;
            }
            let uses = self.clients[member].uses.iter();
            for partition in uses.flat_map(|(topic, of_topic)| of_topic.iter().map(|partition| (*topic, *partition))) {
                let earlier = users.insert(partition, id.clone());
                assert_eq!(earlier, None, "{partition:?} is used by {id}, too");
            }
        }
    }

    /// Nothing happens any more but heartbeats: each partition that somebody reads is used once.
    fn settle(&mut self) {
        self.happens(&Happening::Release);
        for member in 0..MEMBERS {
            self.happens(&Happening::ClassicLeave { member });
            self.check();
        }
        self.bench.pass(Duration::from_secs(120));
        self.check();
        for _ in 0..ROUNDS_MAX {
            for member in 0..MEMBERS {
                let (id, is_away) = (self.id(member), self.clients[member].epoch == 0);
                if is_away {
                    let names = (0..TOPICS).map(topic_name).collect();
                    let instance_id = Self::instance(member);
                    self.ask(member, ConsumerHeartbeat { topic_names: Some(names), instance_id, ..joining(&id) }, true);
                } else {
                    self.beat(member, true, true);
                }
                self.hear();
            }
            self.check();
            self.bench.pass(Duration::from_secs(2));
        }
        let mut used: Vec<(TopicId, i32)> = Vec::new();
        for client in &self.clients {
            let uses = client.uses.iter();
            used.extend(uses.flat_map(|(topic, of_topic)| of_topic.iter().map(|partition| (*topic, *partition))));
        }
        used.sort_unstable();
        let all = (0..TOPICS).flat_map(|topic| {
            let (count, lives) = self.topics[topic];
            (0..count).map(move |partition| (topic_id(topic, lives), i32::try_from(partition).unwrap()))
        });
        assert_eq!(used, all.collect::<Vec<_>>());
        let epochs: BTreeSet<i32> = self.clients.iter().map(|client| client.epoch).collect();
        assert_eq!(epochs.len(), 1, "{epochs:?}");
    }
}

fn cases() -> u32 {
    std::env::var("MILLRACE_CASES").map_or(100, |cases| cases.parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_group_keeps_its_promises_whatever_happens(
        interval_s in prop_oneof![Just(0_u64), Just(3)],
        happenings in prop::collection::vec(happening(), 1..120),
    ) {
        let mut world = World::new(Duration::from_secs(interval_s));
        for happening in &happenings {
            world.happens(happening);
            world.check();
        }
        world.settle();
    }
}
