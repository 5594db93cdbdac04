//! ListGroups: all groups, or those in some states and of some types.

use std::rc::Rc;

use millrace_base::code::ErrorCode;
use millrace_wire::messages::list_groups::{ListGroupsRequest, ListGroupsResponse, ListedGroup};
use millrace_wire::{Array, Reader, WireError};

use super::respond;
use crate::groups;
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;
use crate::server::Server;

pub(super) async fn handle(server: Rc<Server>, request: Request) -> Result<Outcome, WireError> {
    let version = request.api_version;
    let body = ListGroupsRequest::decode(&mut Reader::new(request.body()), version)?;
    let all = groups::list(&server).await;
    let response = match &all {
        Err(error) => ListGroupsResponse { error_code: error.code(), ..Default::default() },
        Ok(all) => {
            let wanted = all.iter().filter(|group| {
                is_wanted(&body.states_filter, group.state.name()) && is_wanted(&body.types_filter, group.kind.name())
            });
            let may_see = wanted.filter(|group| request.authorize(Operation::Describe, Resource::Group(&group.group)));
            let groups = may_see.map(|group| ListedGroup {
                group_id: &group.group,
                protocol_type: &group.protocol_type,
                group_state: group.state.name(),
                group_type: group.kind.name(),
            });
            ListGroupsResponse { error_code: ErrorCode::None.code(), groups: groups.collect(), ..Default::default() }
        }
    };
    respond(&request, |writer| response.encode(writer, version))
}

/// Whether a filter lets a name pass: in any case of letters; an empty one lets all pass.
fn is_wanted(filter: &Array<'_, &str>, name: &str) -> bool {
    filter.is_empty() || filter.iter().any(|wanted| wanted.trim().eq_ignore_ascii_case(name))
}
