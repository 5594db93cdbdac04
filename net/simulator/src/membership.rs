//! The requests by which a member of a group (classic protocol) comes, stays and goes.

use std::collections::BTreeMap;

use millrace_base::code::ErrorCode;
use millrace_base::ids::PartitionIndex;
use millrace_schema::records::consumer_protocol_assignment::{
    ConsumerProtocolAssignment, TopicPartition as AssignedPartitions,
};
use millrace_schema::records::consumer_protocol_subscription::ConsumerProtocolSubscription;
use millrace_schema::{decode_versioned, encode_versioned};
use millrace_wire::messages::heartbeat::{HeartbeatRequest, HeartbeatResponse};
use millrace_wire::messages::join_group::{JoinGroupRequest, JoinGroupRequestProtocol, JoinGroupResponse};
use millrace_wire::messages::leave_group::{LeaveGroupRequest, LeaveGroupResponse, MemberIdentity};
use millrace_wire::messages::sync_group::{SyncGroupRequest, SyncGroupRequestAssignment, SyncGroupResponse};

use crate::client::Client;
use crate::coordinator::Committer;
use crate::crowd::{MemberPlan, Protocols};
use crate::group_model::Generation;
use crate::model::Topic;

/// What consumers' groups are called.
const CONSUMER: &str = "consumer";
/// The only way to assign that members here know.
const PROTOCOL: &str = "range";
/// A topic that is subscribed to, and never there.
pub(crate) const NO_TOPIC: &str = "nowhere";
/// The version of subscriptions and assignments.
const CONSUMER_PROTOCOL_VERSION: i16 = 3;

/// The versions that a member speaks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Versions {
    join: i16,
    sync: i16,
    heartbeat: i16,
    leave: i16,
}

impl Versions {
    /// Of clients from old to new; static members need one that is not the first.
    pub(crate) const ALL: [Versions; 4] = [
        Versions { join: 2, sync: 1, heartbeat: 1, leave: 1 },
        Versions { join: 5, sync: 3, heartbeat: 3, leave: 3 },
        Versions { join: 7, sync: 5, heartbeat: 4, leave: 4 },
        Versions { join: 9, sync: 5, heartbeat: 4, leave: 5 },
    ];
}

/// What a member is told when all have joined.
#[derive(Clone, Debug)]
pub(crate) struct Joined {
    pub(crate) member_id: String,
    pub(crate) generation: Generation,
    /// Who is to get an assignment, if this member is to assign.
    pub(crate) members: Vec<String>,
}

/// A group's name.
pub(crate) fn group_name(group: usize) -> String {
    format!("crowd-{group}")
}

/// Joins; or says why not, and by which id to try again. None when no answer came.
pub(crate) async fn join(
    client: &mut Client,
    plan: &MemberPlan,
    topic: &Topic,
    id: &str,
) -> Option<Result<Joined, (ErrorCode, String)>> {
    // What changes makes others join anew.
    let tells = client.random.next_u64().to_be_bytes();
    let mut topics = vec![topic.name.as_str()];
    let mut user_data = plan.changes_its_mind.then_some(tells.as_slice());
    if plan.protocols == Protocols::Both
        && user_data.take().is_some()
        && !client.model().is_calm
        && client.random.coin()
    {
        // With data of its own it could not be led by the broker.
        topics.push(NO_TOPIC);
    }
    let subscription = ConsumerProtocolSubscription { topics: topics.into(), user_data, ..Default::default() };
    let metadata = encode_versioned(&subscription, CONSUMER_PROTOCOL_VERSION).expect("a subscription");
    let protocol = JoinGroupRequestProtocol { name: PROTOCOL, metadata: &metadata };
    let group = plan.group_name();
    let request = JoinGroupRequest {
        group_id: &group,
        session_timeout_ms: plan.session.as_millis() as i32,
        rebalance_timeout_ms: plan.rebalance.as_millis() as i32,
        member_id: id,
        group_instance_id: plan.instance.as_deref(),
        protocol_type: CONSUMER,
        protocols: vec![protocol].into(),
        ..Default::default()
    };
    let answer = client.call(plan.versions.join, &request).await?;
    let response = answer.decode::<JoinGroupResponse<'_>>();
    let member_id = response.member_id.to_owned();
    Some(match code_of(response.error_code) {
        ErrorCode::None => {
            let assigns = response.leader == member_id && !response.skip_assignment;
            let members = response.members.iter().filter(|_| assigns).map(|member| member.member_id.to_owned());
            let members = members.collect();
            Ok(Joined { member_id, generation: response.generation_id, members })
        }
        code => Err((code, member_id)),
    })
}

/// Tells the assignments, if there are any, and gets its own. None when no answer came.
pub(crate) async fn sync(
    client: &mut Client,
    plan: &MemberPlan,
    topic: &Topic,
    joined: &Joined,
    assignments: &BTreeMap<String, Vec<PartitionIndex>>,
) -> Option<Result<Vec<PartitionIndex>, ErrorCode>> {
    let encoded = assignments.iter().map(|(id, partitions)| {
        let assigned = AssignedPartitions { topic: &topic.name, partitions: partitions.clone().into() };
        let assignment = ConsumerProtocolAssignment { assigned_partitions: vec![assigned].into(), user_data: None };
        (id, encode_versioned(&assignment, CONSUMER_PROTOCOL_VERSION).expect("an assignment"))
    });
    let encoded: Vec<_> = encoded.collect();
    let assignments = encoded.iter().map(|(id, assignment)| SyncGroupRequestAssignment { member_id: id, assignment });
    let group = plan.group_name();
    let request = SyncGroupRequest {
        group_id: &group,
        generation_id: joined.generation,
        member_id: &joined.member_id,
        group_instance_id: plan.instance.as_deref(),
        protocol_type: Some(CONSUMER),
        protocol_name: Some(PROTOCOL),
        assignments: assignments.collect(),
    };
    let answer = client.call(plan.versions.sync, &request).await?;
    let response = answer.decode::<SyncGroupResponse<'_>>();
    Some(match code_of(response.error_code) {
        ErrorCode::None => {
            let assignment = decode_versioned::<ConsumerProtocolAssignment<'_>>(response.assignment);
            let assignment = assignment.unwrap_or_else(|error| panic!("no assignment: {error}"));
            let mut partitions = Vec::new();
            for topic in assignment.assigned_partitions.iter() {
                partitions.extend(topic.partitions.iter());
            }
            Ok(partitions)
        }
        code => Err(code),
    })
}

/// Says that the member is there. None when no answer came.
pub(crate) async fn heartbeat(client: &mut Client, plan: &MemberPlan, member: &Committer) -> Option<ErrorCode> {
    let request = HeartbeatRequest {
        group_id: &member.group,
        generation_id: member.generation,
        member_id: &member.member_id,
        group_instance_id: member.instance.as_deref(),
    };
    let answer = client.call(plan.versions.heartbeat, &request).await?;
    Some(code_of(answer.decode::<HeartbeatResponse>().error_code))
}

/// Says that the member goes, once.
pub(crate) async fn leave(client: &mut Client, plan: &MemberPlan, id: &str) {
    let group = plan.group_name();
    let leaving = MemberIdentity { member_id: id, group_instance_id: plan.instance.as_deref(), ..Default::default() };
    // Older clients name one member, newer ones many.
    let is_old = plan.versions.leave < 3;
    let request = LeaveGroupRequest {
        group_id: &group,
        member_id: if is_old { id } else { "" },
        members: if is_old { Vec::new().into() } else { vec![leaving].into() },
    };
    let Some(answer) = client.call(plan.versions.leave, &request).await else { return };
    let response = answer.decode::<LeaveGroupResponse<'_>>();
    let result = response.members.iter().next().map(|member| member.error_code);
    match code_of(if response.error_code == 0 { result.unwrap_or(0) } else { response.error_code }) {
        // It was taken for dead, or another has taken its place.
        ErrorCode::None | ErrorCode::UnknownMemberId | ErrorCode::FencedInstanceId => {}
        code => client.passes("leave", code.code()),
    }
}

pub(crate) fn code_of(code: i16) -> ErrorCode {
    ErrorCode::from_code(code).unwrap_or_else(|| panic!("{code} is no error code"))
}
