//! OffsetDelete: committed offsets of topics that a group does not read.

use std::rc::Rc;

use millrace_base::code::ErrorCode;
use millrace_base::ids::PartitionIndex;
use millrace_cluster::group::{self, Answer, DeleteOffsets};
use millrace_wire::messages::offset_delete::{
    OffsetDeleteRequest, OffsetDeleteResponse, OffsetDeleteResponsePartition, OffsetDeleteResponseTopic,
};
use millrace_wire::{Reader, WireError};

use super::respond;
use crate::groups;
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;
use crate::server::Server;

pub(super) async fn handle(server: Rc<Server>, request: Request) -> Result<Outcome, WireError> {
    let version = request.api_version;
    let body = OffsetDeleteRequest::decode(&mut Reader::new(request.body()), version)?;
    let response = match delete(&server, &request, &body).await {
        Err(error) => OffsetDeleteResponse { error_code: error.code(), ..Default::default() },
        Ok(codes) => {
            let mut codes = codes.into_iter();
            let topics = body.topics.iter().map(|topic| {
                let partitions = topic.partitions.iter().zip(&mut codes);
                let partitions = partitions.map(|(partition, code)| OffsetDeleteResponsePartition {
                    partition_index: partition.partition_index,
                    error_code: code.code(),
                });
                OffsetDeleteResponseTopic { name: topic.name, partitions: partitions.collect() }
            });
            OffsetDeleteResponse { topics: topics.collect(), ..Default::default() }
        }
    };
    respond(&request, |writer| response.encode(writer, version))
}

/// A code for each partition of the request, in its order.
async fn delete(
    server: &Rc<Server>,
    request: &Request,
    body: &OffsetDeleteRequest<'_>,
) -> Result<Vec<ErrorCode>, ErrorCode> {
    if !request.authorize(Operation::Delete, Resource::Group(body.group_id)) {
        return Err(ErrorCode::GroupAuthorizationFailed);
    }
    let mut codes = Vec::new();
    let mut doomed: Vec<(String, PartitionIndex)> = Vec::new();
    let mut places = Vec::new();
    for topic in body.topics.iter() {
        let known = server.image().topic(topic.name).map_or(0, |topic| topic.partitions.len());
        for partition in topic.partitions.iter() {
            let index = partition.partition_index;
            let exists = usize::try_from(index).is_ok_and(|index| index < known);
            let code = if !request.authorize(Operation::Read, Resource::Topic(topic.name)) {
                ErrorCode::TopicAuthorizationFailed
            } else if !exists {
                ErrorCode::UnknownTopicOrPartition
            } else {
                places.push(codes.len());
                doomed.push((topic.name.to_owned(), index));
                ErrorCode::None
            };
            codes.push(code);
        }
    }
    let question = DeleteOffsets { group: body.group_id.to_owned(), partitions: doomed };
    let found = match groups::ask(server, group::Request::DeleteOffsets(question)).await {
        Answer::DeleteOffsets(result) => result?,
        other => unreachable!("OffsetDelete is answered with {other:?}"),
    };
    for (place, code) in places.into_iter().zip(found) {
        if let Some(slot) = codes.get_mut(place) {
            *slot = code;
        }
    }
    Ok(codes)
}
