//! Where partitions begin and end, and where a time lies in them.

use std::collections::BTreeMap;

use millrace_wire::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsRequest, ListOffsetsResponse, ListOffsetsTopic,
};

use crate::cluster::{Cluster, TopicMetadata};
use crate::error::ClientError;
use crate::retry::Patience;

/// A place in a partition that its leader is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The first record that is there.
    Earliest,
    /// After the last record that is there (the high watermark).
    Latest,
    /// The first record with this timestamp or a later one, in Unix ms.
    Time(i64),
}

impl Place {
    /// As ListOffsets has it.
    fn timestamp(self) -> i64 {
        match self {
            Self::Earliest => -2,
            Self::Latest => -1,
            Self::Time(timestamp_ms) => timestamp_ms,
        }
    }
}

/// The offsets of a place, by partition. A partition without a record that young is not among them.
///
/// # Errors
/// [`ClientError`] when a leader does not answer or refuses.
pub fn offsets(
    cluster: &mut Cluster,
    topic: &mut TopicMetadata,
    partitions: &[i32],
    place: Place,
) -> Result<BTreeMap<i32, i64>, ClientError> {
    let mut patience = Patience::default();
    loop {
        match offsets_once(cluster, topic, partitions, place) {
            Err(error) => cluster.recover(topic, error, &mut patience)?,
            found => return found,
        }
    }
}

fn offsets_once(
    cluster: &mut Cluster,
    topic: &TopicMetadata,
    partitions: &[i32],
    place: Place,
) -> Result<BTreeMap<i32, i64>, ClientError> {
    let mut found = BTreeMap::new();
    for (leader, partitions) in cluster.by_leader(topic, partitions)? {
        let leader = cluster.broker(leader)?;
        let version = leader.version::<ListOffsetsRequest<'_>>(8)?;
        let wanted = |partition: &i32| ListOffsetsPartition {
            partition_index: *partition,
            timestamp: place.timestamp(),
            ..Default::default()
        };
        let wanted: Vec<_> = partitions.iter().map(wanted).collect();
        let wanted = ListOffsetsTopic { name: &topic.name, partitions: wanted.into() };
        let request = ListOffsetsRequest { replica_id: -1, topics: vec![wanted].into(), ..Default::default() };
        let answer = leader.call(version, &request)?;
        for listed in answer.decode::<ListOffsetsResponse<'_>>()?.topics.iter() {
            for partition in listed.partitions.iter() {
                if partition.error_code != 0 {
                    let what = format!("{}-{}: its offsets are not told", topic.name, partition.partition_index);
                    return Err(ClientError::refused(what, partition.error_code, None));
                }
                if partition.offset >= 0 {
                    found.insert(partition.partition_index, partition.offset);
                }
            }
        }
    }
    Ok(found)
}
