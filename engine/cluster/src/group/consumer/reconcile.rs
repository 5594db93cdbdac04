//! The next step of a member from what it holds to what it is to hold (KIP-848): it lets go what it must, says so in a
//! heartbeat, moves to the target's epoch, and gets what others have let go.

use std::collections::BTreeMap;

use millrace_base::code::ErrorCode;

use super::change::{Held, MemberState, Standing};
use super::request::{Assignment, Refusal};
use super::state::ConsumerGroup;

/// Where a member stands after it was heard of.
///
/// `owned` is what it says that it holds, if it says so; `may_read` tells whether it still reads a topic.
///
/// # Errors
/// FENCED_MEMBER_EPOCH when its state is of a later version of Kafka.
pub(super) fn next(
    group: &ConsumerGroup,
    id: &str,
    owned: Option<&Assignment>,
    target: &Assignment,
) -> Result<Standing, Refusal> {
    let standing = group.standing(id);
    let target_epoch = group.target_epoch();
    match standing.state {
        MemberState::Stable if standing.epoch == target_epoch => Ok(standing),
        MemberState::Stable | MemberState::Unreleased => Ok(towards(group, standing, owned, target)),
        MemberState::Unrevoked => {
            if owns_any(owned, &standing.revoking) {
                Ok(standing)
            } else {
                Ok(towards(group, standing, owned, target))
            }
        }
        MemberState::Unknown => Err(Refusal::new(
            ErrorCode::FencedMemberEpoch,
            "The consumer group member is in an unknown state. The member must abandon all its partitions and rejoin.",
        )),
    }
}

/// Whether a member may still hold any of these partitions: it does as long as it has not said otherwise.
fn owns_any(owned: Option<&Assignment>, partitions: &Held) -> bool {
    let Some(owned) = owned else { return true };
    let owns = |(topic, of_topic): (_, &BTreeMap<_, _>)| {
        owned.get(topic).is_some_and(|owned| of_topic.keys().any(|partition| owned.contains(partition)))
    };
    partitions.iter().any(owns)
}

/// A step towards the target: what is to go goes first; only then comes what is new, as far as nobody holds it.
fn towards(group: &ConsumerGroup, standing: Standing, owned: Option<&Assignment>, target: &Assignment) -> Standing {
    let target_epoch = group.target_epoch();
    // What was to be let go is let go: it is the member's no more, and nobody else can have it yet.
    let released = standing.revoking;
    let is_released = |topic, partition| released.get(topic).is_some_and(|released| released.contains_key(partition));
    let mut assigned = Held::new();
    let mut revoking = Held::new();
    for (topic, partitions) in &standing.assigned {
        for (partition, epoch) in partitions {
            let stays = target.get(topic).is_some_and(|target| target.contains(partition));
            let place = if stays { &mut assigned } else { &mut revoking };
            place.entry(*topic).or_default().insert(*partition, *epoch);
        }
    }
    if !revoking.is_empty() && owns_any(owned, &revoking) {
        return Standing {
            epoch: standing.epoch,
            previous_epoch: standing.epoch,
            state: MemberState::Unrevoked,
            assigned,
            revoking,
        };
    }
    let mut state = MemberState::Stable;
    for (topic, partitions) in target {
        for partition in partitions {
            let has_it = assigned.get(topic).is_some_and(|assigned| assigned.contains_key(partition));
            if has_it {
                continue;
            }
            if group.is_held(*topic, *partition) && !is_released(topic, partition) {
                state = MemberState::Unreleased;
            } else {
                assigned.entry(*topic).or_default().insert(*partition, target_epoch);
            }
        }
    }
    Standing { epoch: target_epoch, previous_epoch: standing.epoch, state, assigned, revoking: Held::new() }
}
