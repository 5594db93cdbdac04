//! A member's heartbeats, in the background: its group knows that it is there however long it takes over its records.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use millrace_base::code::ErrorCode;
use millrace_wire::messages::heartbeat::{HeartbeatRequest, HeartbeatResponse};

use crate::cluster::Cluster;
use crate::error::ClientError;
use crate::groups::at_coordinator;

/// Time between two heartbeats (`heartbeat.interval.ms`).
const INTERVAL: Duration = Duration::from_secs(3);

/// Who a member is in a generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) id: String,
    pub(crate) generation: i32,
}

/// What the group has said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// All is well.
    Stay,
    /// Members are asked to join anew.
    Join,
    /// It is no member any more.
    Lost,
}

impl Call {
    /// What a code means to a member; None for those that mean something else.
    pub(crate) fn of(code: i16) -> Option<Call> {
        match ErrorCode::from_code(code)? {
            ErrorCode::None => Some(Call::Stay),
            ErrorCode::RebalanceInProgress => Some(Call::Join),
            ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration | ErrorCode::FencedInstanceId => Some(Call::Lost),
            _ => None,
        }
    }
}

#[derive(Default)]
struct State {
    member: Option<Identity>,
    call: Option<Call>,
    is_over: bool,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends heartbeats until it is dropped.
pub(crate) struct Heartbeats {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Heartbeats {
    /// Of a member of `group`, over connections of their own.
    pub(crate) fn start(cluster: Cluster, group: &str) -> Self {
        let shared = Arc::<Shared>::default();
        let (of_thread, group) = (Arc::clone(&shared), group.to_owned());
        let thread = thread::spawn(move || beat(&of_thread, cluster, &group));
        Self { shared, thread: Some(thread) }
    }

    /// From now on for this member; for none while it joins.
    pub(crate) fn set(&self, member: Option<Identity>) {
        let mut state = self.shared.lock();
        state.member = member;
        state.call = None;
    }

    /// What the group wants.
    pub(crate) fn call(&self) -> Call {
        self.shared.lock().call.unwrap_or(Call::Stay)
    }
}

impl Drop for Heartbeats {
    fn drop(&mut self) {
        self.shared.lock().is_over = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // It has nothing to tell: a panic has been printed.
            drop(thread.join());
        }
    }
}

fn beat(shared: &Shared, mut cluster: Cluster, group: &str) {
    let mut state = shared.lock();
    while !state.is_over {
        let waited = shared.changed.wait_timeout(state, INTERVAL);
        state = waited.unwrap_or_else(PoisonError::into_inner).0;
        let (Some(member), false) = (state.member.clone(), state.is_over) else { continue };
        drop(state);
        // Without an answer there is nothing to do but to ask again: whoever commits will be told why.
        let call = send(&mut cluster, group, &member).unwrap_or(Call::Stay);
        state = shared.lock();
        if call != Call::Stay && state.member.as_ref() == Some(&member) {
            state.call = Some(call);
        }
    }
}

fn send(cluster: &mut Cluster, group: &str, member: &Identity) -> Result<Call, ClientError> {
    at_coordinator(cluster, group, |coordinator| {
        let version = coordinator.version::<HeartbeatRequest<'_>>(4)?;
        let request = HeartbeatRequest {
            group_id: group,
            generation_id: member.generation,
            member_id: &member.id,
            group_instance_id: None,
        };
        let answer = coordinator.call(version, &request)?;
        let code = answer.decode::<HeartbeatResponse>()?.error_code;
        Call::of(code).ok_or_else(|| ClientError::refused("a heartbeat", code, None))
    })
}
