//! DescribeCluster: the brokers and the controller.

use millrace_base::code::ErrorCode;
use millrace_wire::messages::describe_cluster::{
    DescribeClusterBroker, DescribeClusterRequest, DescribeClusterResponse,
};
use millrace_wire::{Reader, WireError};

use super::{ALL_CLUSTER_OPERATIONS, respond};
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;
use crate::server::Server;

/// `EndpointType` of brokers (KIP-919); controllers have no endpoints of their own here.
const BROKERS: i8 = 1;
/// `EndpointType` of controllers.
const CONTROLLERS: i8 = 2;

pub(super) fn handle(server: &Server, request: &Request) -> Result<Outcome, WireError> {
    let body = DescribeClusterRequest::decode(&mut Reader::new(request.body()), request.api_version)?;
    if body.endpoint_type != BROKERS {
        let error = match body.endpoint_type {
            CONTROLLERS => ErrorCode::MismatchedEndpointType,
            _ => ErrorCode::UnsupportedEndpointType,
        };
        let response = DescribeClusterResponse {
            error_code: error.code(),
            error_message: Some("The request was sent to an endpoint of type BROKER, but asks for another type."),
            endpoint_type: BROKERS,
            ..Default::default()
        };
        return respond(request, |writer| response.encode(writer, request.api_version));
    }
    let image = server.image();
    let local = server.endpoint(request.context.listener);
    let broker = DescribeClusterBroker {
        broker_id: server.config.node_id,
        host: &local.host,
        port: i32::from(local.port),
        rack: None,
        is_fenced: false,
    };
    let may_describe = request.authorize(Operation::Describe, Resource::Cluster);
    let operations =
        if body.include_cluster_authorized_operations && may_describe { ALL_CLUSTER_OPERATIONS } else { i32::MIN };
    let response = DescribeClusterResponse {
        cluster_id: image.cluster_id().unwrap_or_default(),
        controller_id: server.config.node_id,
        brokers: vec![broker].into(),
        cluster_authorized_operations: operations,
        endpoint_type: BROKERS,
        ..Default::default()
    };
    respond(request, |writer| response.encode(writer, request.api_version))
}
