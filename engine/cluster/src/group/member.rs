//! One member of a group.

use std::time::Duration;

use super::record::MemberValue;
use super::request::{Join, JoinedMember, Protocol, Ticket};

/// A member.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) instance_id: Option<String>,
    pub(super) client_id: String,
    pub(super) client_host: String,
    pub(super) session_timeout: Duration,
    pub(super) rebalance_timeout: Duration,
    /// Distinct names, the preferred one first.
    pub(super) protocols: Vec<Protocol>,
    pub(super) assignment: Vec<u8>,
    /// Its JoinGroup that waits for an answer. Changed by the group only, which counts them.
    pub(super) joining: Option<Ticket>,
    /// Its SyncGroup that waits for an answer.
    pub(super) syncing: Option<Ticket>,
    /// It has not been answered yet since it was added: it may not know its id, and cannot send heartbeats.
    pub(super) is_new: bool,
}

impl Member {
    /// The member that a JoinGroup adds.
    pub(super) fn new(join: &Join) -> Member {
        let mut member = Member {
            instance_id: join.instance_id.clone(),
            client_id: join.client_id.clone(),
            client_host: join.client_host.clone(),
            session_timeout: Duration::ZERO,
            rebalance_timeout: Duration::ZERO,
            protocols: Vec::new(),
            assignment: Vec::new(),
            joining: None,
            syncing: None,
            is_new: true,
        };
        member.update(join);
        member
    }

    /// Takes over what a later JoinGroup of it says.
    pub(super) fn update(&mut self, join: &Join) {
        self.session_timeout = milliseconds(join.session_timeout_ms);
        self.rebalance_timeout = milliseconds(join.rebalance_timeout_ms.unwrap_or(join.session_timeout_ms));
        self.protocols = join.protocols.clone();
    }

    /// What it says for a protocol; nothing if it does not know it.
    pub(super) fn metadata(&self, protocol: &str) -> &[u8] {
        let known = self.protocols.iter().find(|known| known.name == protocol);
        known.map(|known| known.metadata.as_slice()).unwrap_or_default()
    }

    /// As the leader is told.
    pub(super) fn joined(&self, id: &str, protocol: &str) -> JoinedMember {
        JoinedMember {
            member_id: id.to_owned(),
            instance_id: self.instance_id.clone(),
            metadata: self.metadata(protocol).to_vec(),
        }
    }

    /// As it is recorded, with this assignment.
    pub(super) fn value(&self, id: &str, protocol: &str, assignment: Vec<u8>) -> MemberValue {
        MemberValue {
            member_id: id.to_owned(),
            instance_id: self.instance_id.clone(),
            client_id: self.client_id.clone(),
            client_host: self.client_host.clone(),
            rebalance_timeout_ms: in_milliseconds(self.rebalance_timeout),
            session_timeout_ms: in_milliseconds(self.session_timeout),
            subscription: self.metadata(protocol).to_vec(),
            assignment,
        }
    }

    /// As it was recorded, in a group that had chosen this protocol.
    pub(super) fn from_value(value: MemberValue, protocol: &str) -> Member {
        let rebalance_timeout_ms = match value.rebalance_timeout_ms {
            -1 => value.session_timeout_ms,
            given => given,
        };
        Member {
            instance_id: value.instance_id,
            client_id: value.client_id,
            client_host: value.client_host,
            session_timeout: milliseconds(value.session_timeout_ms),
            rebalance_timeout: milliseconds(rebalance_timeout_ms),
            protocols: vec![Protocol { name: protocol.to_owned(), metadata: value.subscription }],
            assignment: value.assignment,
            joining: None,
            syncing: None,
            is_new: false,
        }
    }
}

/// A time-out of the protocol: milliseconds, a negative number for none.
fn milliseconds(number: i32) -> Duration {
    Duration::from_millis(u64::try_from(number).unwrap_or(0))
}

fn in_milliseconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_millis()).unwrap_or(i32::MAX)
}
