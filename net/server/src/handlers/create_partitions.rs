//! CreatePartitions: topics get more partitions, each topic by itself.

use std::rc::Rc;

use millrace_base::code::ErrorCode;
use millrace_base::hash::Map;
use millrace_cluster::metadata::{Command, CommandError};
use millrace_wire::messages::create_partitions::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreatePartitionsTopic, CreatePartitionsTopicResult,
};
use millrace_wire::{Reader, WireError};

use super::respond;
use crate::metadata_log;
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;
use crate::server::Server;

pub(super) async fn handle(server: Rc<Server>, request: Request) -> Result<Outcome, WireError> {
    let body = CreatePartitionsRequest::decode(&mut Reader::new(request.body()), request.api_version)?;
    let mut times_named: Map<&str, usize> = Map::default();
    for topic in body.topics.iter() {
        *times_named.entry(topic.name).or_default() += 1;
    }
    let mut results: Vec<(&str, Result<(), CommandError>)> = Vec::with_capacity(body.topics.len());
    for topic in body.topics.iter() {
        let name = topic.name;
        let is_repeated = times_named.get(name).is_some_and(|times| *times > 1);
        if is_repeated && results.iter().any(|(other, _)| *other == name) {
            continue;
        }
        let result = if is_repeated {
            Err(CommandError::new(ErrorCode::InvalidRequest, "Duplicate topic name."))
        } else if !request.authorize(Operation::Alter, Resource::Topic(name)) {
            let denied = ErrorCode::TopicAuthorizationFailed;
            Err(CommandError::new(denied, denied.message()))
        } else if body.timeout_ms <= 0 {
            Err(CommandError::new(ErrorCode::RequestTimedOut, ""))
        } else {
            add(&server, &topic, body.validate_only).await
        };
        results.push((name, result));
    }
    let results = results.iter().map(|(name, result)| CreatePartitionsTopicResult {
        name,
        error_code: result.as_ref().map_or_else(|error| error.code.code(), |()| ErrorCode::None.code()),
        error_message: result.as_ref().err().map(|error| error.message.as_str()).filter(|message| !message.is_empty()),
    });
    let response = CreatePartitionsResponse { results: results.collect(), ..Default::default() };
    respond(&request, |writer| response.encode(writer, request.api_version))
}

async fn add(server: &Rc<Server>, topic: &CreatePartitionsTopic<'_>, validate_only: bool) -> Result<(), CommandError> {
    let id = server.image().topic(topic.name).map(|topic| topic.id);
    let Some(id) = id else {
        return Err(CommandError::new(ErrorCode::UnknownTopicOrPartition, ""));
    };
    let assignment = topic.assignments.as_ref();
    let assignment = assignment.map(|all| all.iter().map(|one| one.broker_ids.iter().collect()).collect());
    let command = Command::AddPartitions { id, count: topic.count, assignment };
    if validate_only {
        metadata_log::check(server, command).await.map(drop)
    } else {
        metadata_log::propose(server, command).await.map(drop)
    }
}
