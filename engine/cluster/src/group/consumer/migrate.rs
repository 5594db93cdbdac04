//! A group with members goes over from the one protocol to the other: to the consumer protocol when its first member
//! of that protocol comes, back to the classic one when the last has gone.

use std::collections::BTreeMap;

use millrace_schema::WireError;

use super::change::{Change, ClassicValue, GroupEpoch, Held, MemberState, MemberValue, Standing, TargetEpoch};
use super::classic::{Subscription, read_assignment, write_assignment};
use super::request::Assignment;
use super::state::ConsumerGroup;
use crate::group::record::{GroupValue, MemberValue as ClassicMember};
use crate::group::request::Protocol;
use crate::metadata::Image;

/// Why a group cannot go over to the consumer protocol, as Kafka says it.
pub(in crate::group) const CUSTOM_ASSIGNOR: &str = "because an unsupported custom assignor is in use. Please refer to \
    the documentation or switch to a default assignor before re-attempting the upgrade.";
/// The same of members that cannot be understood.
pub(in crate::group) const MALFORMED: &str = "because the embedded consumer protocol is malformed.";

/// A member of a classic group with all protocols that it knows.
pub(in crate::group) struct ClassicParts {
    pub(in crate::group) value: ClassicMember,
    pub(in crate::group) protocols: Vec<Protocol>,
}

/// The changes that make a classic group of this generation one of the consumer protocol.
///
/// # Errors
/// Why it cannot be, as the end of a sentence.
pub(in crate::group) fn upgrade(
    generation: i32,
    members: Vec<ClassicParts>,
    image: &Image,
) -> Result<Vec<Change>, &'static str> {
    let mut changes = Vec::new();
    let mut held = Vec::new();
    for ClassicParts { value, protocols } in members {
        let subscription = Subscription::read(&protocols, image).map_err(|_| MALFORMED)?;
        if subscription.has_user_data {
            return Err(CUSTOM_ASSIGNOR);
        }
        let assignment = read_assignment(&value.assignment, image).map_err(|_| MALFORMED)?;
        let id = value.member_id.clone();
        changes.push(Change::Member(id.clone(), Some(MemberValue::of_classic_member(value, protocols, subscription))));
        held.push((id, assignment));
    }
    changes.push(Change::Epoch(Some(GroupEpoch { epoch: generation, metadata_hash: 0 })));
    for (id, assignment) in &held {
        changes.push(Change::Target(id.clone(), Some(assignment.clone())));
    }
    changes.push(Change::TargetEpoch(Some(TargetEpoch { epoch: generation, timestamp_ms: 0 })));
    for (id, assignment) in held {
        let standing = Standing {
            epoch: generation,
            previous_epoch: generation,
            state: MemberState::Stable,
            assigned: held_since(&assignment, generation),
            revoking: Held::new(),
        };
        changes.push(Change::Standing(id, Some(standing)));
    }
    Ok(changes)
}

fn held_since(assignment: &Assignment, epoch: i32) -> Held {
    let since = |(topic, partitions): (&_, &std::collections::BTreeSet<i32>)| {
        (*topic, partitions.iter().map(|partition| (*partition, epoch)).collect::<BTreeMap<_, _>>())
    };
    assignment.iter().map(since).collect()
}

impl ConsumerGroup {
    /// Whether all members speak the classic protocol, and there is one.
    pub(in crate::group) fn is_all_classic(&self) -> bool {
        !self.members().is_empty() && self.members().values().all(|member| member.classic.is_some())
    }

    /// What each member knows.
    pub(in crate::group) fn classic_protocols(&self) -> BTreeMap<String, Vec<Protocol>> {
        let protocols = |member: &MemberValue| member.classic.as_ref().map(|classic| classic.protocols.clone());
        self.members().iter().filter_map(|(id, member)| Some((id.clone(), protocols(member)?))).collect()
    }

    /// The group as one of the classic protocol, with what its members hold.
    pub(in crate::group) fn downgraded(&self, now_ms: i64, image: &Image) -> Result<GroupValue, WireError> {
        let protocol = self.common_protocol();
        let mut members = Vec::new();
        for (id, member) in self.members() {
            let Some(classic) = &member.classic else { continue };
            let subscription = classic.protocols.iter().find(|known| Some(&known.name) == protocol.as_ref());
            let version = Subscription::read(&classic.protocols, image)?.version;
            members.push(ClassicMember {
                member_id: id.clone(),
                instance_id: member.instance_id.clone(),
                client_id: member.client_id.clone(),
                client_host: member.client_host.clone(),
                rebalance_timeout_ms: member.rebalance_timeout_ms,
                session_timeout_ms: classic.session_timeout_ms,
                subscription: subscription.map(|known| known.metadata.clone()).unwrap_or_default(),
                assignment: write_assignment(&self.standing(id).assignment(), version, image)?,
            });
        }
        Ok(GroupValue {
            protocol_type: super::classic::CONSUMER.to_owned(),
            generation: self.epoch(),
            protocol,
            // Nobody has led it yet: who loads the group after a crash sees by this that it is to be rebalanced.
            leader: None,
            state_timestamp_ms: Some(now_ms),
            members,
        })
    }

    /// A protocol that all members know.
    fn common_protocol(&self) -> Option<String> {
        let mut classics = self.members().values().filter_map(|member| member.classic.as_ref());
        let first: &ClassicValue = classics.next()?;
        let others: Vec<_> = classics.collect();
        let is_common = |name: &str| others.iter().all(|other| other.protocols.iter().any(|known| known.name == name));
        first.protocols.iter().map(|protocol| &protocol.name).find(|name| is_common(name)).cloned()
    }
}
