//! A member by the classic protocol: it joins, assigns if it leads, owns partitions in one generation.

use std::collections::BTreeMap;
use std::time::Duration;

use millrace_base::code::ErrorCode;
use millrace_base::ids::PartitionIndex;

use crate::coordinator::Committer;
use crate::crowd::Protocols;
use crate::group_model::Claim;
use crate::member::{Member, Next, Owner, check_committed, is_fencing};
use crate::membership::{self, Joined};
use crate::model::Promise;

impl Member {
    /// Is a member for one generation.
    pub(crate) async fn live_as_classic(&mut self) {
        let Some(joined) = self.join().await else { return };
        if let Some(owner) = self.sync(joined).await {
            self.own(owner).await;
        }
    }

    /// Asks to be a member.
    async fn join(&mut self) -> Option<Joined> {
        self.lets_go();
        match membership::join(&mut self.client, &self.plan, &self.topic, &self.id).await? {
            Ok(joined) => {
                self.id = joined.member_id.clone();
                Some(joined)
            }
            Err((ErrorCode::MemberIdRequired, id)) => {
                self.id = id;
                None
            }
            Err((code, _)) => {
                self.heed("join", code).await;
                None
            }
        }
    }

    /// Gets its assignment; before that, the leader tells everybody's.
    async fn sync(&mut self, joined: Joined) -> Option<Owner> {
        let assignments = self.assign(&joined);
        for (id, partitions) in &assignments {
            self.with_group(|group| group.assigns(joined.generation, id, partitions.clone()));
        }
        let partitions =
            match membership::sync(&mut self.client, &self.plan, &self.topic, &joined, &assignments).await? {
                Ok(partitions) => partitions,
                Err(code) => {
                    self.heed("sync", code).await;
                    return None;
                }
            };
        self.client.note(format_args!("{}: owns {partitions:?} in generation {}", self.id, joined.generation));
        let committer = Committer {
            group: self.plan.group_name(),
            member_id: self.id.clone(),
            instance: self.plan.instance.clone(),
            generation: joined.generation,
            version: Committer::CLASSIC_VERSION,
        };
        // Neither joining nor asking for the assignment prolongs a session: only a heartbeat tells how long it lasts.
        let mut until = Duration::ZERO;
        if self.plan.protocols == Protocols::Both {
            // Others may own this by now, whose terms could not be told from its own.
            until = self.client.time() + self.is_alive_for();
            let code = membership::heartbeat(&mut self.client, &self.plan, &committer).await?;
            if code != ErrorCode::None || until <= self.client.time() {
                return None;
            }
        }
        let now = self.client.time();
        let claim = Claim {
            name: &self.client.name,
            id: &self.id,
            generation: joined.generation,
            is_classic: true,
            until,
            now,
        };
        let partitions = self.with_group(|group| group.owns(&claim, &partitions));
        self.client.model().promised(Promise::Assignment);
        let now = Owner { committer, partitions };
        self.becomes(&now).await;
        Some(now)
    }

    /// For so long it is not taken for dead, at least: after that, it may have to join anew within the other time.
    fn is_alive_for(&self) -> Duration {
        self.plan.session.min(self.plan.rebalance)
    }

    /// What the leader gives to each member; nothing from anybody else.
    fn assign(&mut self, joined: &Joined) -> BTreeMap<String, Vec<PartitionIndex>> {
        let count = joined.members.len();
        let mut assignments: BTreeMap<_, _> = joined.members.iter().map(|id| (id.clone(), Vec::new())).collect();
        if count > 0 {
            let shift = self.client.random.index(count);
            let partitions = self.with_group(|group| group.partitions().to_vec());
            for (index, partition) in partitions.into_iter().enumerate() {
                let owner = &joined.members[(index + shift) % count];
                assignments.entry(owner.clone()).or_default().push(partition);
            }
        }
        assignments
    }

    /// Does what members do, until it has to join anew or it is over.
    async fn own(&mut self, owner: Owner) {
        while !self.is_over() {
            self.client.core.sleep(self.plan.session / 4).await;
            let mut next = match self.client.random.below(8) {
                0 | 1 if !owner.partitions.is_empty() => self.commit(&owner).await,
                2 => {
                    check_committed(&mut self.client, &self.topic, self.plan.group).await;
                    Next::Stay
                }
                _ => self.heartbeat(&owner.committer).await,
            };
            // In a group of the consumer protocol, nothing else keeps it alive.
            if self.plan.protocols == Protocols::Both && next == Next::Stay {
                next = self.heartbeat(&owner.committer).await;
            }
            let is_in_trouble = self.has_trouble();
            if next == Next::Join || is_in_trouble && self.suffer(&owner).await == Next::Join {
                return;
            }
        }
    }

    async fn heartbeat(&mut self, committer: &Committer) -> Next {
        let asked = self.client.time();
        let Some(code) = membership::heartbeat(&mut self.client, &self.plan, committer).await else {
            return Next::Stay;
        };
        if code == ErrorCode::None {
            let (name, until) = (self.client.name.clone(), asked + self.is_alive_for());
            self.with_group(|group| group.is_well(&name, committer.generation, until));
        }
        self.heed("heartbeat", code).await
    }

    /// Goes by what the coordinator says.
    pub(crate) async fn heed(&mut self, what: &str, code: ErrorCode) -> Next {
        match code {
            ErrorCode::None => Next::Stay,
            ErrorCode::RebalanceInProgress => Next::Join,
            code if is_fencing(code) => {
                self.client.note(format_args!("{what}: {code:?} for {}", self.id));
                self.id.clear();
                Next::Join
            }
            code => {
                self.client.passes(what, code.code());
                self.client.pause().await;
                Next::Stay
            }
        }
    }
}
