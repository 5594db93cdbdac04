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

/// A member of a group.
#[derive(Clone, Debug)]
pub(crate) struct MemberPlan {
    pub(crate) number: usize,
    pub(crate) group: usize,
    /// The name of a static member.
    pub(crate) instance: Option<String>,
    pub(crate) versions: Versions,
    pub(crate) session: Duration,
    pub(crate) rebalance: Duration,
    pub(crate) comes_after: Duration,
    pub(crate) troubles: usize,
    /// Whether it is there until the end.
    pub(crate) stays: bool,
    /// Whether it says something else each time it joins.
    pub(crate) changes_its_mind: bool,
}

impl MemberPlan {
    fn new(number: usize, groups: usize, random: &mut Random) -> Self {
        let is_static = random.below(3) == 0;
        let oldest = usize::from(is_static);
        let session = Duration::from_millis(random.between(600, 3_000));
        Self {
            number,
            group: random.index(groups),
            instance: is_static.then(|| format!("instance-{number}")),
            versions: Versions::ALL[oldest + random.index(Versions::ALL.len() - oldest)],
            session,
            rebalance: session.mul_f64(1.0 + random.below(100) as f64 / 50.0),
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
    pub(crate) fn crowd(&mut self, random: &mut Random) {
        self.producers.clear();
        self.fetchers.clear();
        self.committers = 0;
        self.partitions = 1 + random.index(PARTITIONS_MAX);
        self.groups = 1 + random.index(3);
        // Few members as often as many.
        let bits = random.between(1, u64::from(MEMBERS_MAX.ilog2()) + 1);
        let members = 1 + random.below(1 << bits).min(MEMBERS_MAX - 1);
        self.members = (0..members as usize).map(|number| MemberPlan::new(number, self.groups, random)).collect();
        self.broker = broker_settings(random);
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
fn broker_settings(random: &mut Random) -> Vec<(&'static str, String)> {
    let delays_ms = [0, 200, 1_500];
    let mut settings = vec![
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
