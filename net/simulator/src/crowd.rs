//! What a seed chooses for groups of consumers.

use std::time::Duration;

use millrace_runtime::sim::Random;

use crate::membership::{self, Versions};
use crate::model::Promise;
use crate::plan::{Plan, Step, When, some_time};

/// Members of all groups together, at most.
const MEMBERS_MAX: u64 = 50;
/// Partitions that groups share, at most.
const PARTITIONS_MAX: usize = 12;
/// How long members wait at most before they come.
const COMES_MS_MAX: u64 = 4_000;
/// How often a member gets into trouble at most, less one.
const TROUBLES_MAX: usize = 6;
/// What is waited for: often that which groups are promised.
const PROMISES: [Promise; 3] = [Promise::Commit, Promise::Assignment, Promise::Topic];

/// The protocols that the members of groups speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocols {
    /// Clients assign partitions.
    #[default]
    Classic,
    /// The broker does (KIP-848).
    Consumer,
    /// Some members speak the one and some the other, and some the one and later the other.
    Both,
}

/// What a member speaks at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Classic,
    Consumer,
}

impl Protocols {
    /// What a member that begins now speaks.
    pub(crate) fn choose(self, random: &mut Random) -> Protocol {
        match self {
            Protocols::Classic => Protocol::Classic,
            Protocols::Consumer => Protocol::Consumer,
            Protocols::Both => [Protocol::Classic, Protocol::Consumer][random.index(2)],
        }
    }
}

/// What a member says when it speaks the consumer protocol.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConsumerVersions {
    /// Of ConsumerGroupHeartbeat.
    pub(crate) heartbeat: i16,
    /// Of OffsetCommit.
    pub(crate) commit: i16,
    pub(crate) assignor: Option<&'static str>,
    /// Whether it subscribes by a pattern.
    pub(crate) has_pattern: bool,
}

impl ConsumerVersions {
    fn new(random: &mut Random) -> Self {
        let heartbeat = random.below(2) as i16;
        Self {
            heartbeat,
            commit: 9 + random.below(2) as i16,
            assignor: [None, Some("uniform"), Some("range")][random.index(3)],
            // The first version knows no patterns.
            has_pattern: heartbeat > 0 && random.below(4) == 0,
        }
    }
}

/// A member of a group.
#[derive(Clone, Debug)]
pub(crate) struct MemberPlan {
    pub(crate) number: usize,
    pub(crate) group: usize,
    /// The name of a static member.
    pub(crate) instance: Option<String>,
    pub(crate) protocols: Protocols,
    pub(crate) versions: Versions,
    pub(crate) consumer: ConsumerVersions,
    /// Its session in the classic protocol, and that of all members in the consumer protocol.
    pub(crate) session: Duration,
    pub(crate) consumer_session: Duration,
    pub(crate) rebalance: Duration,
    pub(crate) comes_after: Duration,
    pub(crate) troubles: usize,
    /// Whether it is there until the end.
    pub(crate) stays: bool,
    /// Whether it says something else each time it joins.
    pub(crate) changes_its_mind: bool,
}

impl MemberPlan {
    fn new(
        number: usize,
        groups: usize,
        protocols: Protocols,
        consumer_session: Duration,
        random: &mut Random,
    ) -> Self {
        let is_static = random.below(3) == 0;
        let oldest = usize::from(is_static);
        let session = Duration::from_millis(random.between(600, 3_000));
        Self {
            number,
            group: random.index(groups),
            instance: is_static.then(|| format!("instance-{number}")),
            protocols,
            consumer: ConsumerVersions::new(random),
            consumer_session,
            versions: Versions::ALL[oldest + random.index(Versions::ALL.len() - oldest)],
            session,
            rebalance: session.max(consumer_session).mul_f64(1.0 + random.below(100) as f64 / 50.0),
            comes_after: Duration::from_millis(random.below(COMES_MS_MAX)),
            troubles: random.index(TROUBLES_MAX),
            stays: random.below(5) != 0,
            changes_its_mind: random.below(4) == 0,
        }
    }

    pub(crate) fn name(&self) -> String {
        format!("member-{}", self.number)
    }

    pub(crate) fn group_name(&self) -> String {
        membership::group_name(self.group)
    }
}

impl Plan {
    /// Makes it one of groups, and of little else.
    pub(crate) fn crowd(&mut self, protocols: Protocols, random: &mut Random) {
        self.protocols = protocols;
        self.producers.clear();
        self.fetchers.clear();
        self.committers = 0;
        self.partitions = 1 + random.index(PARTITIONS_MAX);
        self.groups = 1 + random.index(3);
        // Few members as often as many.
        let bits = random.between(1, u64::from(MEMBERS_MAX.ilog2()) + 1);
        let members = 1 + random.below(1 << bits).min(MEMBERS_MAX - 1);
        let session = Duration::from_millis(random.between(600, 3_000));
        let member = |number| MemberPlan::new(number, self.groups, protocols, session, random);
        self.members = (0..members as usize).map(member).collect();
        self.broker = broker_settings(session, random);
        let clients = self.clients();
        self.steps = (0..1 + random.below(6)).map(|_| Step::new(clients, &PROMISES, random)).collect();
        for step in &mut self.steps {
            if matches!(step.when, When::Time(_)) {
                // Groups take their time.
                step.when = When::Time(some_time(random, 23));
            }
        }
        let arrival = When::Time(Duration::from_millis(random.below(2 * COMES_MS_MAX)));
        if let Some(first) = self.steps.first_mut().filter(|_| random.coin()) {
            first.when = arrival;
        }
    }
}

/// Of a broker that has members with short sessions, and compacts soon.
fn broker_settings(session: Duration, random: &mut Random) -> Vec<(&'static str, String)> {
    let delays_ms = [0, 200, 1_500];
    let heartbeat_ms = (session / 4).as_millis().to_string();
    let mut settings = vec![
        ("group.consumer.min.session.timeout.ms", "100".to_owned()),
        ("group.consumer.session.timeout.ms", session.as_millis().to_string()),
        ("group.consumer.min.heartbeat.interval.ms", "100".to_owned()),
        ("group.consumer.heartbeat.interval.ms", heartbeat_ms),
        ("group.consumer.assignment.interval.ms", [0, 100, 1_000][random.index(3)].to_string()),
        ("group.consumer.migration.policy", "bidirectional".to_owned()),
        ("group.min.session.timeout.ms", "100".to_owned()),
        ("group.initial.rebalance.delay.ms", delays_ms[random.index(delays_ms.len())].to_string()),
        ("offsets.topic.num.partitions", (1 + random.below(3)).to_string()),
    ];
    if random.below(4) != 0 {
        settings.push(("log.roll.ms", random.between(200, 4_000).to_string()));
        settings.push(("log.cleaner.backoff.ms", random.between(50, 2_000).to_string()));
        settings.push(("log.cleaner.min.cleanable.ratio", format!("0.{}", random.between(1, 6))));
        settings.push(("log.cleaner.delete.retention.ms", random.below(3_000).to_string()));
    }
    settings
}
