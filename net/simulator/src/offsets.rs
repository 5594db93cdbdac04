//! Where logs begin and end.

use millrace_base::ids::Offset;
use millrace_wire::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsRequest, ListOffsetsResponse, ListOffsetsTopic,
};

use crate::client::Client;
use crate::model::Topic;

const LIST_OFFSETS_VERSION: i16 = 7;
/// What ListOffsets calls the end of the log.
const LATEST: i64 = -1;
/// What it calls its start.
const EARLIEST: i64 = -2;

/// Where a partition's log ends; None when no answer came.
pub(crate) async fn end(client: &mut Client, topic: &Topic, partition: usize) -> Option<Offset> {
    find(client, topic, partition, LATEST).await
}

/// Where a partition's log begins; None when no answer came.
pub(crate) async fn start(client: &mut Client, topic: &Topic, partition: usize) -> Option<Offset> {
    find(client, topic, partition, EARLIEST).await
}

async fn find(client: &mut Client, topic: &Topic, partition: usize, timestamp: i64) -> Option<Offset> {
    let partition_index = partition as i32;
    let partition = ListOffsetsPartition { partition_index, current_leader_epoch: -1, timestamp };
    let asked = ListOffsetsTopic { name: &topic.name, partitions: vec![partition].into() };
    let request = ListOffsetsRequest { replica_id: -1, topics: vec![asked].into(), ..Default::default() };
    let answer = client.call(LIST_OFFSETS_VERSION, &request).await?;
    let response = answer.decode::<ListOffsetsResponse<'_>>();
    let result = response.topics.iter().next().and_then(|topic| topic.partitions.iter().next());
    let result = result.expect("a result for the partition");
    if result.error_code == 0 {
        return Some(result.offset);
    }
    client.passes_for(topic, "list offsets", result.error_code);
    None
}
