//! Seals: a commit without entries, written when the journal falls idle, that attests the last commit. Without it,
//! damage to the last acknowledged commit could not be told from a write that power loss cut short.

use std::rc::Rc;

use super::shared::{Shared, State};

impl State {
    /// The last commit that holds something is durable, and no later durable record says so.
    fn wants_seal(&self) -> bool {
        self.is_idle() && self.attested < self.filled && !self.stopping && self.failed.is_none()
    }
}

/// Makes sure that, if the journal stays idle, a seal follows.
pub(super) fn arm(shared: &Rc<Shared>) {
    let mut state = shared.state_mut();
    if state.seal_is_armed || !state.wants_seal() {
        return;
    }
    state.seal_is_armed = true;
    drop(state);
    let task = shared.clone();
    shared.core.spawn(async move { seal_when_idle(&task).await });
}

async fn seal_when_idle(shared: &Shared) {
    loop {
        let before = shared.state().next;
        shared.core.sleep(shared.options.seal_after).await;
        let mut state = shared.state_mut();
        let quiet = state.next == before;
        if quiet || !state.wants_seal() {
            state.seal_is_armed = false;
            state.seal_is_due = state.wants_seal();
            break;
        }
    }
    shared.work.notify_all();
}
