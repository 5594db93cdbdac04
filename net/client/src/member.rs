//! A member of a consumer group (classic protocol) that reads one topic: it may be in one group with any of Kafka's
//! consumers that know the `range` assignor.

use std::collections::BTreeMap;
use std::io;

use millrace_base::code::ErrorCode;
use millrace_schema::records::consumer_protocol_assignment::{ConsumerProtocolAssignment, TopicPartition};
use millrace_schema::records::consumer_protocol_subscription::ConsumerProtocolSubscription;
use millrace_schema::{decode_versioned, encode_versioned};
use millrace_wire::messages::join_group::{JoinGroupRequest, JoinGroupRequestProtocol, JoinGroupResponse};
use millrace_wire::messages::leave_group::{LeaveGroupRequest, LeaveGroupResponse, MemberIdentity};
use millrace_wire::messages::sync_group::{SyncGroupRequest, SyncGroupRequestAssignment, SyncGroupResponse};

use crate::assignor::{self, Assignment, Subscriber};
use crate::cluster::Cluster;
use crate::error::ClientError;
use crate::groups::{self, GroupOffsets, at_coordinator};
use crate::heartbeats::{Call, Heartbeats, Identity};

/// What consumers' groups are called.
const CONSUMER: &str = "consumer";
/// How partitions are assigned.
const RANGE: &str = "range";
/// The version of subscriptions and assignments that this member writes: every consumer reads the parts it knows.
const CONSUMER_PROTOCOL_VERSION: i16 = 1;
/// A member that is not heard of for so long is none any more.
const SESSION_TIMEOUT_MS: i32 = 10_000;
/// A member has so long to come when all are asked to join anew.
const REBALANCE_TIMEOUT_MS: i32 = 60_000;

/// A member of a group, by whichever protocol.
pub trait GroupMember {
    /// Joins, or joins anew, having let go of everything that it has read; gives this member's partitions.
    ///
    /// # Errors
    /// [`ClientError`] when the coordinator refuses, or does not answer.
    fn join(&mut self) -> Result<Vec<i32>, ClientError>;

    /// The group's generation that it has joined, or the member's epoch.
    fn generation(&self) -> i32;

    /// Whether it is to join anew.
    fn must_join(&self) -> bool;

    /// What the group has committed for the topic, by partition.
    ///
    /// # Errors
    /// [`ClientError`] when the coordinator refuses, or does not answer.
    fn committed(&mut self) -> Result<BTreeMap<i32, i64>, ClientError>;

    /// Commits the next offset to read of each partition. `false`: it was not this member's to do any more, and it is
    /// to join anew.
    ///
    /// # Errors
    /// [`ClientError`] when the coordinator refuses, or does not answer.
    fn commit(&mut self, positions: &BTreeMap<i32, i64>) -> Result<bool, ClientError>;

    /// Leaves the group: the others share its partitions at once.
    ///
    /// # Errors
    /// [`ClientError`] when the coordinator refuses, or does not answer.
    fn leave(self: Box<Self>) -> Result<(), ClientError>;
}

/// A member of a group.
pub struct Member {
    cluster: Cluster,
    group: String,
    topic: String,
    identity: Identity,
    heartbeats: Heartbeats,
}

/// What a member was told when all have joined.
struct Joined {
    protocol: String,
    /// Who is to get partitions, if this member is to assign them.
    subscribers: Option<Vec<Subscriber>>,
}

impl Member {
    /// A member to be of `group`, which reads `topic`. `cluster` is its own, for coordination alone: a request of a
    /// member may have to wait for others.
    ///
    /// # Errors
    /// [`ClientError`] when there is no such topic, or the broker does not answer.
    pub fn new(mut cluster: Cluster, group: &str, topic: &str) -> Result<Self, ClientError> {
        cluster.await_topic(topic)?;
        let heartbeats = Heartbeats::start(cluster.another()?, group);
        let identity = Identity { id: String::new(), generation: -1 };
        Ok(Self { cluster, group: group.to_owned(), topic: topic.to_owned(), identity, heartbeats })
    }
}

impl GroupMember for Member {
    fn join(&mut self) -> Result<Vec<i32>, ClientError> {
        if self.heartbeats.call() == Call::Lost {
            self.forget_id();
        }
        self.heartbeats.set(None);
        loop {
            let Some(joined) = self.join_once()? else { continue };
            let assignments = match &joined.subscribers {
                Some(subscribers) => self.assign(subscribers)?,
                None => BTreeMap::new(),
            };
            if let Some(partitions) = self.sync(&joined, &assignments)? {
                self.heartbeats.set(Some(self.identity.clone()));
                return Ok(partitions);
            }
        }
    }

    fn generation(&self) -> i32 {
        self.identity.generation
    }

    fn must_join(&self) -> bool {
        self.heartbeats.call() != Call::Stay
    }

    fn committed(&mut self) -> Result<BTreeMap<i32, i64>, ClientError> {
        groups::committed_for(&mut self.cluster, &self.group, &self.topic)
    }

    fn commit(&mut self, positions: &BTreeMap<i32, i64>) -> Result<bool, ClientError> {
        if positions.is_empty() {
            return Ok(true);
        }
        let offsets: GroupOffsets =
            positions.iter().map(|(partition, offset)| ((self.topic.clone(), *partition), *offset)).collect();
        let Identity { id, generation } = &self.identity;
        match groups::commit_as(&mut self.cluster, &self.group, id, *generation, &offsets) {
            Err(error) => match error.code().and_then(|code| Call::of(code.code())) {
                Some(_) => Ok(false),
                None => Err(error),
            },
            Ok(()) => Ok(true),
        }
    }

    fn leave(self: Box<Self>) -> Result<(), ClientError> {
        let Self { mut cluster, group, identity, heartbeats, .. } = *self;
        drop(heartbeats);
        at_coordinator(&mut cluster, &group, |coordinator| {
            let version = coordinator.version::<LeaveGroupRequest<'_>>(5)?;
            let leaving = MemberIdentity { member_id: &identity.id, ..Default::default() };
            // Older brokers know one member a request, newer ones many.
            let (member_id, members) =
                if version < 3 { (identity.id.as_str(), Vec::new()) } else { ("", vec![leaving]) };
            let request = LeaveGroupRequest { group_id: &group, member_id, members: members.into() };
            let answer = coordinator.call(version, &request)?;
            let response = answer.decode::<LeaveGroupResponse<'_>>()?;
            let codes = response.members.iter().map(|member| member.error_code);
            match codes.chain([response.error_code]).find(|code| *code != 0) {
                Some(code) if Call::of(code).is_none() => {
                    Err(ClientError::refused("the group is not left", code, None))
                }
                // It was none any more.
                _ => Ok(()),
            }
        })
    }
}

impl Member {
    fn forget_id(&mut self) {
        self.identity = Identity { id: String::new(), generation: -1 };
    }

    /// Asks to join; None: it has to ask again.
    fn join_once(&mut self) -> Result<Option<Joined>, ClientError> {
        let subscription =
            ConsumerProtocolSubscription { topics: vec![self.topic.as_str()].into(), ..Default::default() };
        let unwritable = |source| ClientError::Unwritable { message: "ConsumerProtocolSubscription", source };
        let metadata = encode_versioned(&subscription, CONSUMER_PROTOCOL_VERSION).map_err(unwritable)?;
        let (group, member_id) = (&self.group, self.identity.id.clone());
        let answer = at_coordinator(&mut self.cluster, group, |coordinator| {
            let version = coordinator.version::<JoinGroupRequest<'_>>(9)?;
            let protocol = JoinGroupRequestProtocol { name: RANGE, metadata: &metadata };
            let request = JoinGroupRequest {
                group_id: group,
                session_timeout_ms: SESSION_TIMEOUT_MS,
                rebalance_timeout_ms: REBALANCE_TIMEOUT_MS,
                member_id: &member_id,
                protocol_type: CONSUMER,
                protocols: vec![protocol].into(),
                ..Default::default()
            };
            let answer = coordinator.call(version, &request)?;
            let code = answer.decode::<JoinGroupResponse<'_>>()?.error_code;
            match ErrorCode::from_code(code) {
                Some(ErrorCode::MemberIdRequired) => Ok(answer),
                _ if Call::of(code).is_some() => Ok(answer),
                _ => Err(ClientError::refused(format!("group {group:?} is not joined"), code, None)),
            }
        });
        let answer = match answer {
            // Members may take longer to come than an answer is waited for.
            Err(ClientError::Connection { source, .. }) if source.kind() == io::ErrorKind::TimedOut => return Ok(None),
            answer => answer?,
        };
        let response = answer.decode::<JoinGroupResponse<'_>>()?;
        match Call::of(response.error_code) {
            Some(Call::Stay) => {
                self.identity = Identity { id: response.member_id.to_owned(), generation: response.generation_id };
                let assigns = response.leader == response.member_id && !response.skip_assignment;
                Ok(Some(Joined {
                    protocol: response.protocol_name.unwrap_or(RANGE).to_owned(),
                    subscribers: assigns.then(|| subscribers(&response)),
                }))
            }
            Some(Call::Join) => Ok(None),
            Some(Call::Lost) => {
                self.forget_id();
                Ok(None)
            }
            // It is told the id by which to ask.
            None => {
                response.member_id.clone_into(&mut self.identity.id);
                Ok(None)
            }
        }
    }

    /// The leader's part: what each member is to read.
    fn assign(&mut self, subscribers: &[Subscriber]) -> Result<BTreeMap<String, Assignment>, ClientError> {
        let mut partitions = BTreeMap::new();
        for topic in subscribers.iter().flat_map(|subscriber| &subscriber.topics) {
            if partitions.contains_key(topic) {
                continue;
            }
            let count = match self.cluster.retrying(|cluster| cluster.describe_topic(topic)) {
                Ok(described) => i32::try_from(described.partitions.len()).unwrap_or(i32::MAX),
                // Another member's, which may be created later.
                Err(ClientError::UnknownTopic(_)) => 0,
                Err(error) => return Err(error),
            };
            partitions.insert(topic.clone(), count);
        }
        Ok(assignor::range(subscribers, &partitions))
    }

    /// Tells the assignments, if there are any, and gets its own; None: it has to join again.
    fn sync(
        &mut self,
        joined: &Joined,
        assignments: &BTreeMap<String, Assignment>,
    ) -> Result<Option<Vec<i32>>, ClientError> {
        let mut encoded = Vec::new();
        for (id, assignment) in assignments {
            encoded.push((id, encode_assignment(assignment)?));
        }
        let (group, identity) = (&self.group, &self.identity);
        let answer = at_coordinator(&mut self.cluster, group, |coordinator| {
            let version = coordinator.version::<SyncGroupRequest<'_>>(5)?;
            let assignments =
                encoded.iter().map(|(id, assignment)| SyncGroupRequestAssignment { member_id: id, assignment });
            let request = SyncGroupRequest {
                group_id: group,
                generation_id: identity.generation,
                member_id: &identity.id,
                group_instance_id: None,
                protocol_type: Some(CONSUMER),
                protocol_name: Some(&joined.protocol),
                assignments: assignments.collect(),
            };
            let answer = coordinator.call(version, &request)?;
            let code = answer.decode::<SyncGroupResponse<'_>>()?.error_code;
            match Call::of(code) {
                Some(_) => Ok(answer),
                None => Err(ClientError::refused(format!("group {group:?} gives no partitions"), code, None)),
            }
        })?;
        let response = answer.decode::<SyncGroupResponse<'_>>()?;
        match Call::of(response.error_code) {
            Some(Call::Stay) => {
                let assigned = groups::assigned(response.assignment).into_iter();
                Ok(Some(assigned.filter(|(topic, _)| *topic == self.topic).map(|(_, partition)| partition).collect()))
            }
            Some(Call::Lost) => {
                self.forget_id();
                Ok(None)
            }
            Some(Call::Join) | None => Ok(None),
        }
    }
}

/// Who is to get partitions; nothing for a member whose subscription cannot be read.
fn subscribers(response: &JoinGroupResponse<'_>) -> Vec<Subscriber> {
    let subscriber = |id: &str, instance_id: Option<&str>, metadata: &[u8]| {
        let subscription = decode_versioned::<ConsumerProtocolSubscription<'_>>(metadata);
        let topics = subscription.map(|subscription| subscription.topics.iter().map(str::to_owned).collect());
        let topics = topics.unwrap_or_default();
        Subscriber { id: id.to_owned(), instance_id: instance_id.map(str::to_owned), topics }
    };
    let members = response.members.iter();
    members.map(|member| subscriber(member.member_id, member.group_instance_id, member.metadata)).collect()
}

fn encode_assignment(assignment: &Assignment) -> Result<Vec<u8>, ClientError> {
    let topics =
        assignment.iter().map(|(topic, partitions)| TopicPartition { topic, partitions: partitions.clone().into() });
    let assignment = ConsumerProtocolAssignment { assigned_partitions: topics.collect(), user_data: None };
    let unwritable = |source| ClientError::Unwritable { message: "ConsumerProtocolAssignment", source };
    encode_versioned(&assignment, CONSUMER_PROTOCOL_VERSION).map_err(unwritable)
}
