//! A member of a consumer group, of either protocol: it commits for what it owns, and gets into trouble.

use std::collections::BTreeMap;
use std::time::Duration;

use millrace_base::code::ErrorCode;
use millrace_base::ids::{Offset, PartitionIndex};

use crate::client::Client;
use crate::coordinator::{self, Committer};
use crate::crowd::{MemberPlan, Protocol};
use crate::group_model::{GroupModel, Term};
use crate::model::{Promise, Topic};
use crate::{consumer_membership, membership};

/// One of so many things that a member does brings it into trouble, while it has some left.
const TROUBLE_ONE_IN: u64 = 8;
/// How long a member is away that comes back, at most, in ms.
const AWAY_MS_MAX: u64 = 4_000;

/// Who a member was, or is.
#[derive(Clone, Debug)]
pub(crate) struct Owner {
    pub(crate) committer: Committer,
    pub(crate) partitions: Vec<(PartitionIndex, Term)>,
}

pub(crate) struct Member {
    pub(crate) client: Client,
    pub(crate) plan: MemberPlan,
    pub(crate) topic: Topic,
    pub(crate) protocol: Protocol,
    /// Empty until it is told, or has named itself.
    pub(crate) id: String,
    pub(crate) troubles: usize,
    /// Who it was when it owned something the last time.
    pub(crate) before: Option<Owner>,
}

/// What a member is to do about an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Stay,
    Join,
}

/// Is a member until its group has settled, or for as long as it wants to.
pub(crate) async fn live(mut client: Client, plan: MemberPlan) {
    let topic = client.topic().await;
    client.nap = plan.session;
    client.core.sleep(plan.comes_after).await;
    coordinator::find(&mut client, &plan.group_name()).await;
    let (troubles, protocol) = (plan.troubles, plan.protocols.choose(&mut client.random));
    let mut member = Member { client, plan, topic, protocol, id: String::new(), troubles, before: None };
    while !member.is_over() {
        match member.protocol {
            Protocol::Classic => member.live_as_classic().await,
            Protocol::Consumer => member.live_as_consumer().await,
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
    pub(crate) fn with_group<T>(&self, act: impl FnOnce(&mut GroupModel) -> T) -> T {
        act(&mut self.client.model().groups[self.plan.group])
    }

    /// Whether there is nothing left that it waits for.
    pub(crate) fn is_over(&self) -> bool {
        let is_calm = self.client.model().is_calm;
        let has_had_enough = !self.plan.stays && (self.troubles == 0 || is_calm);
        has_had_enough || is_calm && self.with_group(GroupModel::is_settled)
    }

    /// Owns nothing any more.
    pub(crate) fn lets_go(&mut self) {
        let name = self.client.name.clone();
        self.with_group(|group| group.owns_nothing(&name));
    }

    /// Owns this from now on; whoever it was before says its last words late.
    pub(crate) async fn becomes(&mut self, owner: &Owner) {
        let before = self.before.replace(owner.clone()).filter(|before| before.committer.member_id != self.id);
        if let Some(before) = before {
            if before.committer.instance.is_some() {
                self.with_group(|group| group.replaced(&before.committer.member_id));
            }
            self.commit(&before).await;
        }
    }

    /// Goes for good, with a word or without.
    async fn end(mut self) {
        self.lets_go();
        if !self.plan.stays {
            // Before it is gone by anybody's account.
            let name = self.client.name.clone();
            self.with_group(|group| group.goes(&name));
        }
        if self.client.random.coin() {
            self.leave().await;
        }
        self.client.note(format_args!("is gone"));
    }

    /// Says that it goes.
    async fn leave(&mut self) {
        match self.protocol {
            Protocol::Classic => membership::leave(&mut self.client, &self.plan, &self.id).await,
            Protocol::Consumer => consumer_membership::leave(&mut self.client, &self.plan, &self.id).await,
        }
    }

    /// Commits for all its partitions.
    pub(crate) async fn commit(&mut self, owner: &Owner) -> Next {
        let Owner { committer, partitions } = owner;
        let (offsets, must_be_refused) = self.with_group(|group| {
            let offer = |(partition, term): &(PartitionIndex, Term)| (*partition, group.offers(*partition, *term));
            let offsets: BTreeMap<PartitionIndex, Offset> = partitions.iter().map(offer).collect();
            (offsets, group.refuses(&committer.member_id, committer.generation, partitions))
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
        let is_present = committer.member_id == self.id && self.protocol == Protocol::Classic;
        // A member of the consumer protocol hears the rest by its next heartbeat.
        if is_present { self.heed("commit", first).await } else { Next::Stay }
    }

    /// Whether something is about to befall it.
    pub(crate) fn has_trouble(&mut self) -> bool {
        self.troubles > 0 && self.client.random.below(TROUBLE_ONE_IN) == 0
    }

    /// Something befalls it.
    pub(crate) async fn suffer(&mut self, owner: &Owner) -> Next {
        self.troubles -= 1;
        if self.client.model().is_calm {
            self.troubles = 0;
            return Next::Stay;
        }
        let away = Duration::from_millis(self.client.random.below(AWAY_MS_MAX));
        match self.client.random.below(6) {
            0 => {
                self.client.note(format_args!("leaves"));
                self.lets_go();
                self.leave().await;
                self.id.clear();
                self.client.core.sleep(away).await;
                Next::Join
            }
            1 | 2 => {
                let session = self.plan.session.max(self.plan.consumer_session);
                let sleep = session.mul_f64(1.0 + self.client.random.below(100) as f64 / 50.0);
                self.client.note(format_args!("does nothing for {sleep:?}"));
                self.client.core.sleep(sleep).await;
                // It does not know yet what it has missed.
                self.commit(owner).await
            }
            3 | 4 => {
                self.client.note(format_args!("is started anew"));
                self.lets_go();
                self.client.disconnect();
                self.id.clear();
                self.protocol = self.plan.protocols.choose(&mut self.client.random);
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
pub(crate) fn is_fencing(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::UnknownMemberId
            | ErrorCode::IllegalGeneration
            | ErrorCode::FencedInstanceId
            | ErrorCode::RebalanceInProgress
            | ErrorCode::StaleMemberEpoch
            | ErrorCode::GroupIdNotFound
    )
}
