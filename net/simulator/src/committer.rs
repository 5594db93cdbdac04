//! A consumer that commits offsets for a group without being a member of it, as `kafka-consumer-groups` does.

use std::collections::{BTreeMap, BTreeSet};

use crate::client::Client;
use crate::coordinator::{self, Committer};
use crate::model::{Promise, Topic};

/// What is told where nothing was committed.
const NOTHING: i64 = -1;

/// What may be committed.
struct Committed {
    /// The last one that was acknowledged.
    acknowledged: i64,
    /// Sent, without an answer: each may have come, or come late.
    uncertain: BTreeSet<i64>,
}

/// Commits `rounds` offsets, one after the other, and reads them back.
pub(crate) async fn commit(mut client: Client, rounds: i64) {
    let topic = client.topic().await;
    let group = client.name.clone();
    let mut committed = Committed { acknowledged: NOTHING, uncertain: BTreeSet::new() };
    coordinator::find(&mut client, &group).await;
    for offset in 0..rounds {
        if store(&mut client, &group, &topic, offset).await {
            committed.acknowledged = offset;
        } else {
            committed.uncertain.insert(offset);
        }
        if client.random.coin() {
            check(&mut client, &group, &topic, &committed).await;
        }
        client.pause().await;
    }
    while !check(&mut client, &group, &topic, &committed).await {}
}

/// Whether the commit was acknowledged.
async fn store(client: &mut Client, group: &str, topic: &Topic, offset: i64) -> bool {
    let offsets = BTreeMap::from([(0, offset)]);
    let Some(codes) = coordinator::commit(client, &Committer::outside(group), topic, &offsets).await else {
        return false;
    };
    if codes[&0] != 0 {
        client.passes_for(topic, "commit", codes[&0]);
        return false;
    }
    client.note(format_args!("{offset} committed"));
    client.model().promised(Promise::Commit);
    true
}

/// Compares what is committed with what may be. False when no answer came.
async fn check(client: &mut Client, group: &str, topic: &Topic, committed: &Committed) -> bool {
    let Some(found) = coordinator::committed(client, group, topic, &[0]).await else { return false };
    let offset = found[&0];
    let Committed { acknowledged, uncertain } = committed;
    let may_be = offset == *acknowledged || uncertain.contains(&offset);
    assert!(may_be, "{offset} is committed: acknowledged was {acknowledged}, uncertain are {uncertain:?}");
    true
}
