//! The requests by which a member of a group (consumer protocol, KIP-848) comes, stays and goes.

use std::collections::BTreeSet;

use millrace_base::code::ErrorCode;
use millrace_base::ids::PartitionIndex;
use millrace_wire::messages::consumer_group_heartbeat::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, RequestTopicPartitions,
};

use crate::client::Client;
use crate::crowd::MemberPlan;
use crate::group_model::Generation;
use crate::membership::{NO_TOPIC, code_of};
use crate::model::Topic;

/// The epoch with which a member joins.
pub(crate) const JOIN: Generation = 0;
/// The epoch with which it leaves.
const LEAVE: Generation = -1;
/// The epoch with which a static member leaves for a while.
const LEAVE_FOR_A_WHILE: Generation = -2;

/// What a member says of itself.
#[derive(Clone, Debug)]
pub(crate) struct Word {
    pub(crate) epoch: Generation,
    /// None: as it was told, or has said.
    pub(crate) owned: Option<BTreeSet<PartitionIndex>>,
    /// Whether it reads another topic, that is not there. None: as it was.
    pub(crate) reads_more: Option<bool>,
    /// Whether it says all that there is to say, not only what has changed.
    pub(crate) is_whole: bool,
}

/// What a member is told.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) id: String,
    pub(crate) epoch: Generation,
    /// None: as it was.
    pub(crate) assignment: Option<BTreeSet<PartitionIndex>>,
}

/// Why a member is told nothing.
#[derive(Clone, Debug)]
pub(crate) struct Refused {
    pub(crate) code: ErrorCode,
    pub(crate) message: String,
}

/// Says that the member is there, and what it holds. None when no answer came.
pub(crate) async fn heartbeat(
    client: &mut Client,
    plan: &MemberPlan,
    topic: &Topic,
    id: &str,
    word: &Word,
) -> Option<Result<Told, Refused>> {
    let group = plan.group_name();
    let owned = word.owned.as_ref().map(|owned| {
        let partitions: Vec<_> = owned.iter().copied().collect();
        let of_topic = RequestTopicPartitions { topic_id: topic.id, partitions: partitions.into() };
        if owned.is_empty() { Vec::new().into() } else { vec![of_topic].into() }
    });
    let pattern = format!("^{}$|{NO_TOPIC}-[0-9]+", topic.name);
    let has_pattern = plan.consumer.has_pattern && (word.is_whole || word.epoch == JOIN);
    let names = word.reads_more.map(|reads_more| {
        let own = if plan.consumer.has_pattern { None } else { Some(topic.name.as_str()) };
        own.into_iter().chain(reads_more.then_some(NO_TOPIC)).collect()
    });
    let request = ConsumerGroupHeartbeatRequest {
        group_id: &group,
        member_id: id,
        member_epoch: word.epoch,
        instance_id: plan.instance.as_deref(),
        rebalance_timeout_ms: if word.is_whole { plan.rebalance.as_millis() as i32 } else { -1 },
        subscribed_topic_names: names,
        subscribed_topic_regex: has_pattern.then_some(pattern.as_str()),
        server_assignor: plan.consumer.assignor.filter(|_| word.is_whole),
        topic_partitions: owned,
        ..Default::default()
    };
    let answer = client.call(plan.consumer.heartbeat, &request).await?;
    let response = answer.decode::<ConsumerGroupHeartbeatResponse<'_>>();
    Some(match code_of(response.error_code) {
        ErrorCode::None => Ok(Told {
            id: response.member_id.expect("a member's id").to_owned(),
            epoch: response.member_epoch,
            assignment: response.assignment.map(|assignment| {
                let topics = assignment.topic_partitions.iter();
                let partitions = topics.flat_map(|assigned| {
                    assert_eq!(assigned.topic_id, topic.id, "nothing else is there to be assigned");
                    assigned.partitions.iter().collect::<Vec<_>>()
                });
                partitions.collect()
            }),
        }),
        code => {
            let message = response.error_message.unwrap_or_default().to_owned();
            client.note(format_args!("heartbeat: {code:?}: {message}"));
            Err(Refused { code, message })
        }
    })
}

/// Says that the member goes, once: a static one for ever, or for a while.
pub(crate) async fn leave(client: &mut Client, plan: &MemberPlan, id: &str) {
    let comes_back = plan.instance.is_some() && client.random.coin();
    let group = plan.group_name();
    let request = ConsumerGroupHeartbeatRequest {
        group_id: &group,
        member_id: id,
        member_epoch: if comes_back { LEAVE_FOR_A_WHILE } else { LEAVE },
        instance_id: plan.instance.as_deref(),
        rebalance_timeout_ms: -1,
        ..Default::default()
    };
    if id.is_empty() {
        // It was never told who it is.
        return;
    }
    let Some(answer) = client.call(plan.consumer.heartbeat, &request).await else { return };
    match code_of(answer.decode::<ConsumerGroupHeartbeatResponse<'_>>().error_code) {
        // It was taken for dead, or another has taken its place, or the whole group's.
        ErrorCode::None | ErrorCode::UnknownMemberId | ErrorCode::FencedInstanceId | ErrorCode::GroupIdNotFound => {}
        code => client.passes("leave", code.code()),
    }
}
