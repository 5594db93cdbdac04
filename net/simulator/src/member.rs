//! A member of a consumer group (classic protocol): it joins, owns partitions and commits for them, and gets into
//! trouble.

use std::collections::BTreeMap;
use std::time::Duration;

use millrace_base::code::ErrorCode;
use millrace_base::ids::{Offset, PartitionIndex};

use crate::client::Client;
use crate::coordinator::{self, Committer};
use crate::crowd::MemberPlan;
use crate::group_model::GroupModel;
use crate::membership::{self, Joined};
use crate::model::{Promise, Topic};

/// One of so many things that a member does brings it into trouble, while it has some left.
const TROUBLE_ONE_IN: u64 = 8;
/// How long a member is away that comes back, at most, in ms.
const AWAY_MS_MAX: u64 = 4_000;

/// Who a member was, or is.
#[derive(Clone, Debug)]
struct Owner {
    committer: Committer,
    partitions: Vec<PartitionIndex>,
}

struct Member {
    client: Client,
    plan: MemberPlan,
    topic: Topic,
    /// Empty until it is told.
    id: String,
    troubles: usize,
    /// Who it was when it owned something the last time.
    before: Option<Owner>,
}

/// What a member is to do about an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Stay,
    Join,
}

/// Is a member until its group has settled, or for as long as it wants to.
pub(crate) async fn live(mut client: Client, plan: MemberPlan) {
    let topic = client.topic().await;
    client.nap = plan.session;
    client.core.sleep(plan.comes_after).await;
    coordinator::find(&mut client, &plan.group_name()).await;
    let troubles = plan.troubles;
    let mut member = Member { client, plan, topic, id: String::new(), troubles, before: None };
    while !member.is_over() {
        let Some(joined) = member.join().await else { continue };
        if let Some(owner) = member.sync(joined).await {
            member.own(owner).await;
        }
    }
    member.end().await;
}

/// Compares what is committed for a group with what is known. False when no answer came.
pub(crate) async fn check_committed(client: &mut Client, topic: &Topic, group: usize) -> bool {
    let (partitions, seen) = {
        let model = client.model();
        (model.groups[group].partitions().to_vec(), model.groups[group].seen())
    };
    let name = membership::group_name(group);
    let Some(found) = coordinator::committed(client, &name, topic, &partitions).await else { return false };
    client.model().groups[group].read(&seen, &found);
    true
}

impl Member {
    fn with_group<T>(&self, act: impl FnOnce(&mut GroupModel) -> T) -> T {
        act(&mut self.client.model().groups[self.plan.group])
    }

    /// Whether there is nothing left that it waits for.
    fn is_over(&self) -> bool {
        let is_calm = self.client.model().is_calm;
        let has_had_enough = !self.plan.stays && (self.troubles == 0 || is_calm);
        has_had_enough || is_calm && self.with_group(GroupModel::is_settled)
    }

    /// Goes for good, with a word or without.
    async fn end(mut self) {
        let name = self.client.name.clone();
        if !self.plan.stays {
            // Before it is gone by anybody's account.
            self.with_group(|group| group.goes(&name));
        }
        if self.client.random.coin() {
            membership::leave(&mut self.client, &self.plan, &self.id).await;
        }
        self.client.note(format_args!("is gone"));
    }

    async fn join(&mut self) -> Option<Joined> {
        let name = self.client.name.clone();
        self.with_group(|group| group.joins(&name));
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
        };
        let name = self.client.name.clone();
        self.with_group(|group| group.owns(&name, &committer.member_id, committer.generation, &partitions));
        self.client.model().promised(Promise::Assignment);
        let now = Owner { committer, partitions };
        let before = self.before.replace(now.clone()).filter(|before| before.committer.member_id != self.id);
        if let Some(before) = before {
            if before.committer.instance.is_some() {
                self.with_group(|group| group.replaced(&before.committer.member_id));
            }
            // Its last words come late.
            self.commit(&before).await;
        }
        Some(now)
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
            let next = match self.client.random.below(8) {
                0 | 1 if !owner.partitions.is_empty() => self.commit(&owner).await,
                2 => {
                    check_committed(&mut self.client, &self.topic, self.plan.group).await;
                    Next::Stay
                }
                _ => self.heartbeat(&owner.committer).await,
            };
            let is_in_trouble = self.troubles > 0 && self.client.random.below(TROUBLE_ONE_IN) == 0;
            if next == Next::Join || is_in_trouble && self.suffer(&owner).await == Next::Join {
                return;
            }
        }
    }

    async fn heartbeat(&mut self, committer: &Committer) -> Next {
        let Some(code) = membership::heartbeat(&mut self.client, &self.plan, committer).await else {
            return Next::Stay;
        };
        if code == ErrorCode::None {
            let name = self.client.name.clone();
            self.with_group(|group| group.is_well(&name, committer.generation));
        }
        self.heed("heartbeat", code).await
    }

    /// Commits for all its partitions.
    async fn commit(&mut self, owner: &Owner) -> Next {
        let Owner { committer, partitions } = owner;
        let (offsets, must_be_refused) = self.with_group(|group| {
            let offer = |partition: &PartitionIndex| (*partition, group.offers(*partition, committer.generation));
            let offsets: BTreeMap<PartitionIndex, Offset> = partitions.iter().map(offer).collect();
            (offsets, group.refuses(&committer.member_id, committer.generation))
        });
        if offsets.is_empty() {
            return Next::Stay;
        }
        let answer = coordinator::commit(&mut self.client, committer, &self.topic, &offsets).await;
        let Some(codes) = answer else { return Next::Stay };
        self.client.note(format_args!("{committer:?} commits {offsets:?}: {codes:?}"));
        let mut first = ErrorCode::None;
        for (partition, code) in codes {
            let offset = offsets[&partition];
            match ErrorCode::from_code(code) {
                Some(ErrorCode::None) => {
                    assert!(!must_be_refused, "{committer:?} is of the past, and has committed {offset}");
                    self.with_group(|group| group.committed(partition, offset));
                    self.client.model().promised(Promise::Commit);
                }
                Some(refusal) if is_fencing(refusal) => {
                    self.with_group(|group| group.refused(partition, offset));
                    first = refusal;
                }
                _ => self.client.passes_for(&self.topic, "commit", code),
            }
        }
        // Whoever it was before is no longer listened to.
        if committer.member_id == self.id { self.heed("commit", first).await } else { Next::Stay }
    }

    /// Goes by what the coordinator says.
    async fn heed(&mut self, what: &str, code: ErrorCode) -> Next {
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

    /// Something befalls it.
    async fn suffer(&mut self, owner: &Owner) -> Next {
        self.troubles -= 1;
        if self.client.model().is_calm {
            self.troubles = 0;
            return Next::Stay;
        }
        let away = Duration::from_millis(self.client.random.below(AWAY_MS_MAX));
        match self.client.random.below(6) {
            0 => {
                self.client.note(format_args!("leaves"));
                membership::leave(&mut self.client, &self.plan, &self.id).await;
                self.id.clear();
                self.client.core.sleep(away).await;
                Next::Join
            }
            1 | 2 => {
                let sleep = self.plan.session.mul_f64(1.0 + self.client.random.below(100) as f64 / 50.0);
                self.client.note(format_args!("does nothing for {sleep:?}"));
                self.client.core.sleep(sleep).await;
                // It does not know yet what it has missed.
                self.commit(owner).await
            }
            3 | 4 => {
                self.client.note(format_args!("is started anew"));
                self.client.disconnect();
                self.id.clear();
                if self.client.random.coin() {
                    self.client.core.sleep(away).await;
                }
                Next::Join
            }
            _ => {
                self.client.disconnect();
                Next::Stay
            }
        }
    }
}

/// Whether a code says that the member is not, or no longer, what it takes itself for.
fn is_fencing(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::UnknownMemberId
            | ErrorCode::IllegalGeneration
            | ErrorCode::FencedInstanceId
            | ErrorCode::RebalanceInProgress
    )
}
