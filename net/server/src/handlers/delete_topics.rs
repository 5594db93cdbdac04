//! DeleteTopics: by name, and from version 6 on by id.

use std::rc::Rc;

use millrace_base::code::ErrorCode;
use millrace_base::ids::TopicId;
use millrace_cluster::metadata::Command;
use millrace_wire::messages::delete_topics::{DeletableTopicResult, DeleteTopicsRequest, DeleteTopicsResponse};
use millrace_wire::{Reader, WireError};

use super::respond;
use crate::metadata_log;
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;
use crate::server::Server;

/// From this version on topics are given with either name or id.
const TOPIC_STATE_VERSION: i16 = 6;

/// What became of one topic.
struct Deleted {
    name: Option<String>,
    id: TopicId,
    error: ErrorCode,
    message: Option<String>,
}

pub(super) async fn handle(server: Rc<Server>, request: Request) -> Result<Outcome, WireError> {
    let version = request.api_version;
    let body = DeleteTopicsRequest::decode(&mut Reader::new(request.body()), version)?;
    let mut deleted = Vec::new();
    if version >= TOPIC_STATE_VERSION {
        for topic in body.topics.iter() {
            deleted.push(delete(&server, &request, topic.name, TopicId(topic.topic_id)).await);
        }
    } else {
        for name in body.topic_names.iter() {
            deleted.push(delete(&server, &request, Some(name), TopicId::ZERO).await);
        }
    }
    let responses = deleted.iter().map(|deleted| DeletableTopicResult {
        name: deleted.name.as_deref(),
        topic_id: deleted.id.0,
        error_code: deleted.error.code(),
        error_message: deleted.message.as_deref(),
    });
    let response = DeleteTopicsResponse { responses: responses.collect(), ..Default::default() };
    respond(&request, |writer| response.encode(writer, version))
}

async fn delete(server: &Rc<Server>, request: &Request, name: Option<&str>, id: TopicId) -> Deleted {
    let failed = |error: ErrorCode, message: &str| Deleted {
        name: name.map(str::to_owned),
        id,
        error,
        message: Some(message.to_owned()),
    };
    if !server.config.topics.deletable {
        return failed(ErrorCode::TopicDeletionDisabled, "Topic deletion is disabled: delete.topic.enable is false.");
    }
    if name.is_some() && id != TopicId::ZERO {
        return failed(ErrorCode::InvalidRequest, "A topic is named both by name and by id.");
    }
    let found = {
        let image = server.image();
        let topic = name.map_or_else(|| image.topic_by_id(id), |name| image.topic(name));
        topic.map(|topic| (topic.name.clone(), topic.id))
    };
    let Some((found_name, found_id)) = found else {
        let missing = if name.is_some() { ErrorCode::UnknownTopicOrPartition } else { ErrorCode::UnknownTopicId };
        return failed(missing, missing.message());
    };
    if !request.authorize(Operation::Delete, Resource::Topic(&found_name)) {
        return failed(ErrorCode::TopicAuthorizationFailed, ErrorCode::TopicAuthorizationFailed.message());
    }
    let (error, message) = match metadata_log::propose(server, Command::DeleteTopic { id: found_id }).await {
        Ok(_) => (ErrorCode::None, None),
        Err(error) => (error.code, Some(error.message)),
    };
    Deleted { name: Some(found_name), id: found_id, error, message }
}
