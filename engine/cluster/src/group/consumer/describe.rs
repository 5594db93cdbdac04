//! What ConsumerGroupDescribe shows.

use millrace_base::ids::PartitionIndex;

use super::change::{MemberValue, Standing};
use super::request::Assignment;
use super::turn::Step;
use crate::group::state::GroupState;

/// A group, described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedConsumerGroup {
    /// Where it stands.
    pub state: GroupState,
    /// The group's epoch.
    pub epoch: i32,
    /// Of which epoch the target assignment is.
    pub target_epoch: i32,
    /// The assignor that most members prefer.
    pub assignor: String,
    /// In the order of their ids.
    pub members: Vec<DescribedConsumer>,
}

/// A member, described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedConsumer {
    /// Its id.
    pub member_id: String,
    /// What it has said of itself.
    pub value: MemberValue,
    /// Its epoch.
    pub epoch: i32,
    /// What it has, with what it is to let go: topic id, name and partitions.
    pub assigned: Vec<([u8; 16], String, Vec<PartitionIndex>)>,
    /// What it is to have in the end.
    pub target: Vec<([u8; 16], String, Vec<PartitionIndex>)>,
}

/// What a member has, with what it is to let go.
fn all_held(standing: &Standing) -> Assignment {
    let mut held = Assignment::new();
    for (topic, partition) in standing.held() {
        held.entry(topic).or_default().insert(partition);
    }
    held
}

impl Step<'_> {
    /// Describes the group.
    pub(in crate::group) fn describe(&self) -> DescribedConsumerGroup {
        let members = self.group.members().iter().map(|(id, value)| {
            let standing = self.group.standing(id);
            let target = self.group.target(id).cloned().unwrap_or_default();
            DescribedConsumer {
                member_id: id.clone(),
                value: value.clone(),
                epoch: standing.epoch,
                assigned: self.with_names(&all_held(&standing)),
                target: self.with_names(&target),
            }
        });
        DescribedConsumerGroup {
            state: self.group.state(),
            epoch: self.group.epoch(),
            target_epoch: self.group.target_epoch(),
            assignor: self.preferred_assignor().name().to_owned(),
            members: members.collect(),
        }
    }

    /// Topics that are gone have no name, and are left out.
    fn with_names(&self, assignment: &Assignment) -> Vec<([u8; 16], String, Vec<PartitionIndex>)> {
        let topics = assignment.iter().filter_map(|(id, partitions)| {
            let topic = self.image.topic_by_id(*id)?;
            Some((id.0, topic.name.clone(), partitions.iter().copied().collect()))
        });
        topics.collect()
    }
}
