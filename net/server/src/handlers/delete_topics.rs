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

/// From this version on clients know of TOPIC_DELETION_DISABLED.
const DISABLED_VERSION: i16 = 3;

/// What became of one topic.
struct Deleted {
    name: Option<String>,
    id: TopicId,
    error: ErrorCode,
    message: Option<String>,
    /// Another answer of the same request tells it.
    is_told_elsewhere: bool,
}

pub(super) async fn handle(server: Rc<Server>, request: Request) -> Result<Outcome, WireError> {
    let version = request.api_version;
    let body = DeleteTopicsRequest::decode(&mut Reader::new(request.body()), version)?;
    let named: Vec<Named<'_>> = if version >= TOPIC_STATE_VERSION {
        body.topics.iter().map(|topic| Named { name: topic.name, id: TopicId(topic.topic_id) }).collect()
    } else {
        body.topic_names.iter().map(|name| Named { name: Some(name), id: TopicId::ZERO }).collect()
    };
    let mut deleted: Vec<Deleted> = Vec::with_capacity(named.len());
    if !server.config.topics.deletable {
        let is_known = version >= DISABLED_VERSION;
        let error = if is_known { ErrorCode::TopicDeletionDisabled } else { ErrorCode::InvalidRequest };
        deleted.extend(named.iter().map(|one| Deleted { message: None, ..one.refused(error, "") }));
    }
    for one in named.iter().filter(|_| server.config.topics.deletable) {
        let same = named.iter().filter(|other| *other == one).count();
        if same == 1 {
            deleted.push(delete(&server, &request, one, &named, body.timeout_ms).await);
        } else if !deleted.iter().any(|answered| answered.answers(one)) {
            deleted.push(one.refused(ErrorCode::InvalidRequest, "Duplicate topic name or id."));
        }
    }
    // A topic that was named by its id and by its name is answered under its name.
    let deleted = deleted.into_iter().filter(|deleted| !deleted.is_told_elsewhere);
    let deleted: Vec<Deleted> = deleted.collect();
    let responses = deleted.iter().map(|deleted| DeletableTopicResult {
        name: deleted.name.as_deref(),
        topic_id: deleted.id.0,
        error_code: deleted.error.code(),
        error_message: deleted.message.as_deref(),
    });
    let response = DeleteTopicsResponse { responses: responses.collect(), ..Default::default() };
    respond(&request, |writer| response.encode(writer, version))
}

/// How a request names a topic.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Named<'a> {
    name: Option<&'a str>,
    id: TopicId,
}

impl Named<'_> {
    fn refused(&self, error: ErrorCode, message: &str) -> Deleted {
        Deleted {
            name: self.name.map(str::to_owned),
            id: self.id,
            error,
            message: Some(message.to_owned()),
            is_told_elsewhere: false,
        }
    }
}

impl Deleted {
    fn answers(&self, named: &Named<'_>) -> bool {
        (self.name.as_deref(), self.id) == (named.name, named.id)
    }
}

async fn delete(
    server: &Rc<Server>,
    request: &Request,
    named: &Named<'_>,
    all: &[Named<'_>],
    timeout_ms: i32,
) -> Deleted {
    let failed = |error: ErrorCode, message: &str| named.refused(error, message);
    let Named { name, id } = *named;
    match (name, id) {
        (None, TopicId::ZERO) => {
            return failed(ErrorCode::InvalidRequest, "Neither topic name nor id were specified.");
        }
        (Some(_), id) if id != TopicId::ZERO => {
            return failed(ErrorCode::InvalidRequest, "You may not specify both topic name and topic id.");
        }
        _ => {}
    }
    if timeout_ms <= 0 {
        return Deleted { message: None, ..failed(ErrorCode::RequestTimedOut, "") };
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
    let by_name = all.iter().any(|other| other.name == Some(found_name.as_str()));
    let by_id = all.iter().any(|other| other.id == found_id && other.name.is_none());
    if by_name && by_id {
        return Deleted {
            name: Some(found_name),
            id: found_id,
            error: ErrorCode::InvalidRequest,
            message: Some("The provided topic name maps to an ID that was already supplied.".to_owned()),
            is_told_elsewhere: name.is_none(),
        };
    }
    let (error, message) = match metadata_log::propose(server, Command::DeleteTopic { id: found_id }).await {
        Ok(_) => (ErrorCode::None, None),
        Err(error) => (error.code, Some(error.message)),
    };
    Deleted { name: Some(found_name), id: found_id, error, message, is_told_elsewhere: false }
}
