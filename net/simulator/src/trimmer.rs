//! A client that deletes the oldest records.

use millrace_wire::messages::delete_records::{
    DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsResponse, DeleteRecordsTopic,
};

use crate::client::Client;
use crate::model::Promise;

const DELETE_RECORDS_VERSION: i16 = 2;

/// Deletes `rounds` times what lies before some offset of some partition.
pub(crate) async fn trim(mut client: Client, rounds: usize) {
    let topic = client.topic().await;
    for _ in 0..rounds {
        for _ in 0..client.random.below(10) {
            client.pause().await;
        }
        let partition = client.random.index(topic.partitions);
        let (start, end) = {
            let model = client.model();
            (model.start(partition), model.end(partition))
        };
        let before = start + client.random.below((end - start + 1) as u64) as i64;
        client.model().is_to_begin(partition, before);
        let asked = DeleteRecordsPartition { partition_index: partition as i32, offset: before };
        let asked = DeleteRecordsTopic { name: &topic.name, partitions: vec![asked].into() };
        let request = DeleteRecordsRequest { topics: vec![asked].into(), timeout_ms: 30_000 };
        let Some(answer) = client.call(DELETE_RECORDS_VERSION, &request).await else { continue };
        let response = answer.decode::<DeleteRecordsResponse<'_>>();
        let result = response.topics.iter().next().and_then(|topic| topic.partitions.iter().next());
        let result = result.expect("a result for the partition");
        if result.error_code != 0 {
            client.passes_for(&topic, "delete records", result.error_code);
            continue;
        }
        client.note(format_args!("p{partition}: begins at {}, {before} was asked for", result.low_watermark));
        assert!(result.low_watermark >= before, "partition {partition} begins before {before}");
        client.model().begins(partition, result.low_watermark, 0);
        client.model().promised(Promise::Start);
    }
}
