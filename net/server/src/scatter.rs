//! What a request asks about partitions, dealt to the cores that own them; the answers come back with their places.

use std::collections::BTreeMap;
use std::rc::Rc;

use futures_util::future::join_all;
use millrace_base::ids::CoreId;

use crate::dispatch::{self, CoreCall};
use crate::server::Server;

/// Questions by core, each with its place in the request.
pub(crate) struct Scatter<P, Q> {
    by_core: BTreeMap<CoreId, (Vec<P>, Vec<Q>)>,
}

impl<P, Q> Default for Scatter<P, Q> {
    fn default() -> Self {
        Self { by_core: BTreeMap::new() }
    }
}

impl<P, Q> Scatter<P, Q> {
    /// Adds a question for a core.
    pub(crate) fn add(&mut self, core: CoreId, place: P, question: Q) {
        let (places, questions) = self.by_core.entry(core).or_default();
        places.push(place);
        questions.push(question);
    }

    /// Asks every core once, all at the same time, by a call that answers each question in its turn.
    pub(crate) async fn ask<C, R>(self, server: &Rc<Server>, call: impl Fn(Vec<Q>) -> C) -> Vec<(P, R)>
    where
        C: CoreCall<Reply = Vec<R>>,
    {
        let calls = self.by_core.into_iter().map(|(core, (places, questions))| {
            let work = call(questions);
            async move { places.into_iter().zip(dispatch::call(server, core, work).await).collect::<Vec<_>>() }
        });
        join_all(calls).await.into_iter().flatten().collect()
    }
}
