//! A coordinator with its log and its clock.

use std::collections::BTreeMap;
use std::time::Duration;

use millrace_base::code::ErrorCode;
use millrace_base::ids::TopicId;

use crate::group::*;
use crate::metadata::Image;

pub(super) const GROUP: &str = "g";

pub(super) fn rules() -> Rules {
    Rules {
        session_timeout_min: Duration::from_secs(6),
        session_timeout_max: Duration::from_secs(1_800),
        initial_rebalance_delay: Duration::from_secs(3),
        members_max: usize::MAX,
        metadata_bytes_max: 4096,
        retention: Duration::from_secs(7 * 24 * 3600),
        expiry_interval: Duration::from_secs(600),
        consumer: ConsumerRules {
            session_timeout: Duration::from_secs(45),
            heartbeat_interval: Duration::from_secs(5),
            assignment_interval: Duration::ZERO,
            members_max: usize::MAX,
            assignors: vec![Assignor::Uniform, Assignor::Range],
            may_upgrade: true,
            may_downgrade: true,
        },
    }
}

/// A coordinator, the records that it has made durable, and the answers that it has given.
pub(super) struct Bench {
    pub(super) coordinator: Coordinator,
    pub(super) now: Now,
    pub(super) image: Image,
    pub(super) log: Vec<GroupRecord>,
    pub(super) answers: BTreeMap<Ticket, Answer>,
    /// Writes that were begun, while they are held back.
    pub(super) writes: Vec<(WriteId, Vec<GroupRecord>)>,
    /// Writes end only when they are told to.
    pub(super) holds_writes: bool,
    tickets: u64,
}

impl Bench {
    pub(super) fn new(rules: Rules) -> Bench {
        let mut bench = Bench {
            coordinator: Coordinator::new(rules),
            now: Now { monotonic: Duration::ZERO, unix_ms: 1_000_000 },
            image: Image::default(),
            log: Vec::new(),
            answers: BTreeMap::new(),
            writes: Vec::new(),
            holds_writes: false,
            tickets: 0,
        };
        let effects = bench.coordinator.loaded(bench.now, &bench.image);
        bench.perform(effects);
        bench
    }

    /// The same log in a new coordinator, as after a restart.
    pub(super) fn restart(&mut self, rules: Rules) {
        self.coordinator = Coordinator::new(rules);
        for record in &self.log {
            let (key, value) = record.encode().unwrap();
            let read = GroupRecord::decode(Some(&key), value.as_deref()).unwrap().unwrap();
            assert_eq!(&read, record);
            self.coordinator.replay(read);
        }
        self.writes.clear();
        let effects = self.coordinator.loaded(self.now, &self.image);
        self.perform(effects);
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Answer { ticket, answer } => {
                    let earlier = self.answers.insert(ticket, answer);
                    assert_eq!(earlier, None, "{ticket:?} was answered twice");
                }
                Effect::Write { write, records } => {
                    assert!(!records.is_empty());
                    self.writes.push((write, records));
                }
            }
        }
        if !self.holds_writes {
            self.end_writes();
        }
    }

    /// All writes end well, in their order.
    pub(super) fn end_writes(&mut self) {
        while !self.writes.is_empty() {
            let (write, records) = self.writes.remove(0);
            self.log.extend(records);
            let effects = self.coordinator.written(self.now, &self.image, write, Ok(()));
            self.perform(effects);
        }
    }

    /// The first write fails.
    pub(super) fn fail_write(&mut self, error: ErrorCode) {
        let (write, _) = self.writes.remove(0);
        let effects = self.coordinator.written(self.now, &self.image, write, Err(error));
        self.perform(effects);
    }

    pub(super) fn send(&mut self, request: Request) -> Ticket {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        let effects = self.coordinator.handle(self.now, &self.image, ticket, request);
        self.perform(effects);
        ticket
    }

    pub(super) fn forget_topic(&mut self, id: TopicId) {
        let effects = self.coordinator.forget_topic(self.now, &self.image, id);
        self.perform(effects);
    }

    /// Lets time pass, deadline by deadline.
    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now.monotonic + time;
        while let Some(next) = self.coordinator.next_deadline().filter(|next| *next <= end) {
            self.jump(next);
            let effects = self.coordinator.tick(self.now, &self.image);
            self.perform(effects);
        }
        self.jump(end);
    }

    /// Lets time pass until a request is answered, and not a second more.
    pub(super) fn pass_until(&mut self, ticket: Ticket) {
        for _ in 0..300 {
            if self.answers.contains_key(&ticket) {
                return;
            }
            self.pass(Duration::from_secs(1));
        }
        panic!("{ticket:?} was not answered in five minutes");
    }

    fn jump(&mut self, to: Duration) {
        let passed = to.saturating_sub(self.now.monotonic);
        self.now.monotonic += passed;
        self.now.unix_ms += i64::try_from(passed.as_millis()).unwrap();
    }

    pub(super) fn answer(&mut self, ticket: Ticket) -> Option<Answer> {
        self.answers.remove(&ticket)
    }

    pub(super) fn joined(&mut self, ticket: Ticket) -> JoinAnswer {
        match self.answer(ticket) {
            Some(Answer::Join(answer)) => answer,
            other => panic!("{ticket:?}: {other:?}"),
        }
    }

    pub(super) fn synced(&mut self, ticket: Ticket) -> SyncAnswer {
        match self.answer(ticket) {
            Some(Answer::Sync(answer)) => answer,
            other => panic!("{ticket:?}: {other:?}"),
        }
    }

    pub(super) fn heartbeat(&mut self, member_id: &str, generation: i32) -> ErrorCode {
        let (group, member_id) = (GROUP.to_owned(), member_id.to_owned());
        let ticket = self.send(Request::Heartbeat(Heartbeat { group, member_id, instance_id: None, generation }));
        match self.answer(ticket) {
            Some(Answer::Heartbeat(code)) => code,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn leave(&mut self, members: &[(&str, Option<&str>)]) -> Vec<ErrorCode> {
        let members = members.iter().map(|(id, instance)| LeavingMember {
            member_id: (*id).to_owned(),
            instance_id: instance.map(str::to_owned),
        });
        let ticket = self.send(Request::Leave(Leave { group: GROUP.to_owned(), members: members.collect() }));
        match self.answer(ticket) {
            Some(Answer::Leave(Ok(codes))) => codes,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn describe(&mut self) -> Result<DescribedGroup, ErrorCode> {
        let ticket = self.send(Request::Describe { group: GROUP.to_owned() });
        match self.answer(ticket) {
            Some(Answer::Describe(described)) => described.map_err(|refusal| refusal.code),
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn phase(&mut self) -> Phase {
        self.describe().unwrap().phase
    }

    /// A consumer that joins as a new dynamic member, by the two steps of KIP-394; its id and its waiting request.
    pub(super) fn begin_join(&mut self, name: &str) -> (String, Ticket) {
        let first = self.send(Request::Join(join(name, "")));
        let id = self.joined(first).member_id;
        let ticket = self.send(Request::Join(join(name, &id)));
        (id, ticket)
    }

    /// A stable group of these members, in generation 1; their ids, the leader's first.
    pub(super) fn stable(&mut self, names: &[&str]) -> Vec<String> {
        let joins: Vec<_> = names.iter().map(|name| self.begin_join(name)).collect();
        self.pass_until(joins[0].1);
        let generation = self.joined(joins[0].1).generation;
        for (_, ticket) in joins.iter().skip(1) {
            assert_eq!(self.joined(*ticket).error, None);
        }
        let ids: Vec<String> = joins.into_iter().map(|(id, _)| id).collect();
        let waiting: Vec<_> = ids.iter().skip(1).map(|id| self.send(sync(id, generation, &[]))).collect();
        let all: Vec<&str> = ids.iter().map(String::as_str).collect();
        let leaders = self.send(sync(&ids[0], generation, &all));
        for ticket in waiting.into_iter().chain([leaders]) {
            assert_eq!(self.synced(ticket).error, None);
        }
        assert_eq!(self.phase(), Phase::Stable);
        ids
    }
}

/// A JoinGroup of version 9 from a consumer that can do `range` and `sticky`.
pub(super) fn join(name: &str, member_id: &str) -> Join {
    let protocol = |protocol: &str| Protocol { name: protocol.to_owned(), metadata: subscription(&["t"]) };
    Join {
        group: GROUP.to_owned(),
        member_id: member_id.to_owned(),
        instance_id: None,
        client_id: name.to_owned(),
        client_host: "/127.0.0.1".to_owned(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: Some(60_000),
        protocol_type: "consumer".to_owned(),
        protocols: vec![protocol("range"), protocol("sticky")],
        new_id: "1".to_owned(),
        must_know_its_id: true,
        may_skip_assignment: true,
    }
}

pub(super) fn static_join(instance: &str, member_id: &str, new_id: &str) -> Join {
    Join { instance_id: Some(instance.to_owned()), new_id: new_id.to_owned(), ..join("static", member_id) }
}

/// A SyncGroup; from the leader if there is anybody to assign to: each gets its own id's bytes.
pub(super) fn sync(member_id: &str, generation: i32, all: &[&str]) -> Request {
    Request::Sync(Sync {
        group: GROUP.to_owned(),
        member_id: member_id.to_owned(),
        generation,
        assignments: all.iter().map(|id| ((*id).to_owned(), id.as_bytes().to_vec())).collect(),
        ..Sync::default()
    })
}

/// What a consumer sends as its metadata: version 1 of the subscription.
pub(super) fn subscription(topics: &[&str]) -> Vec<u8> {
    let mut bytes = vec![0, 1];
    bytes.extend(u32::try_from(topics.len()).unwrap().to_be_bytes());
    for topic in topics {
        bytes.extend(u16::try_from(topic.len()).unwrap().to_be_bytes());
        bytes.extend(topic.as_bytes());
    }
    bytes.extend((-1_i32).to_be_bytes());
    bytes.extend(0_i32.to_be_bytes());
    bytes
}

pub(super) fn commit(member_id: &str, generation: i32, offsets: &[(&str, i32, i64)]) -> Commit {
    let offsets = offsets.iter().map(|(topic, partition, offset)| CommitOffset {
        topic: (*topic).to_owned(),
        partition: *partition,
        offset: *offset,
        leader_epoch: -1,
        ..CommitOffset::default()
    });
    Commit {
        group: GROUP.to_owned(),
        member_id: member_id.to_owned(),
        generation,
        knows_kip_848: true,
        offsets: offsets.collect(),
        ..Commit::default()
    }
}
