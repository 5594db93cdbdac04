//! One file per API, and the table that finds it.

mod acls;
mod alter_client_quotas;
mod alter_configs;
mod alter_partition_reassignments;
mod alter_replica_log_dirs;
mod api_versions;
mod config_resource;
mod consumer_group_describe;
mod consumer_group_heartbeat;
mod create_partitions;
mod create_topics;
mod delegation_tokens;
mod delete_groups;
mod delete_records;
mod delete_topics;
mod describe_client_quotas;
mod describe_cluster;
mod describe_configs;
mod describe_groups;
mod describe_log_dirs;
mod describe_producers;
mod describe_quorum;
mod describe_topic_partitions;
mod describe_user_scram_credentials;
mod elect_leaders;
mod fetch;
mod find_coordinator;
mod heartbeat;
mod incremental_alter_configs;
mod init_producer_id;
mod join_group;
mod leave_group;
mod list_config_resources;
mod list_groups;
pub(crate) mod list_offsets;
mod list_partition_reassignments;
mod metadata;
mod offset_commit;
mod offset_delete;
mod offset_fetch;
mod offset_for_leader_epoch;
mod produce;
mod sasl;
mod sync_group;
mod unregister_broker;
mod update_features;

use std::rc::Rc;

use millrace_base::code::ErrorCode;
use millrace_base::ids::LeaderEpoch;
use millrace_log::ReadPart;
use millrace_wire::messages::{
    alter_client_quotas::AlterClientQuotasRequest, alter_configs::AlterConfigsRequest,
    alter_partition_reassignments::AlterPartitionReassignmentsRequest,
    alter_replica_log_dirs::AlterReplicaLogDirsRequest, api_versions::ApiVersionsRequest,
    consumer_group_describe::ConsumerGroupDescribeRequest, consumer_group_heartbeat::ConsumerGroupHeartbeatRequest,
    create_acls::CreateAclsRequest, create_delegation_token::CreateDelegationTokenRequest,
    create_partitions::CreatePartitionsRequest, create_topics::CreateTopicsRequest, delete_acls::DeleteAclsRequest,
    delete_groups::DeleteGroupsRequest, delete_records::DeleteRecordsRequest, delete_topics::DeleteTopicsRequest,
    describe_acls::DescribeAclsRequest, describe_client_quotas::DescribeClientQuotasRequest,
    describe_cluster::DescribeClusterRequest, describe_configs::DescribeConfigsRequest,
    describe_delegation_token::DescribeDelegationTokenRequest, describe_groups::DescribeGroupsRequest,
    describe_log_dirs::DescribeLogDirsRequest, describe_producers::DescribeProducersRequest,
    describe_quorum::DescribeQuorumRequest, describe_topic_partitions::DescribeTopicPartitionsRequest,
    describe_user_scram_credentials::DescribeUserScramCredentialsRequest, elect_leaders::ElectLeadersRequest,
    expire_delegation_token::ExpireDelegationTokenRequest, fetch::FetchRequest,
    find_coordinator::FindCoordinatorRequest, heartbeat::HeartbeatRequest,
    incremental_alter_configs::IncrementalAlterConfigsRequest, init_producer_id::InitProducerIdRequest,
    join_group::JoinGroupRequest, leave_group::LeaveGroupRequest, list_config_resources::ListConfigResourcesRequest,
    list_groups::ListGroupsRequest, list_offsets::ListOffsetsRequest,
    list_partition_reassignments::ListPartitionReassignmentsRequest, metadata::MetadataRequest,
    offset_commit::OffsetCommitRequest, offset_delete::OffsetDeleteRequest, offset_fetch::OffsetFetchRequest,
    offset_for_leader_epoch::OffsetForLeaderEpochRequest, produce::ProduceRequest,
    renew_delegation_token::RenewDelegationTokenRequest, sasl_authenticate::SaslAuthenticateRequest,
    sasl_handshake::SaslHandshakeRequest, sync_group::SyncGroupRequest, unregister_broker::UnregisterBrokerRequest,
    update_features::UpdateFeaturesRequest,
};
use millrace_wire::{WireError, Writer, versions};

use crate::request::Request;
use crate::response::{Outcome, Response};
use crate::server::Server;

/// The keys of the APIs that work here; each is advertised with Kafka 4.3's versions.
pub(crate) const SUPPORTED: &[i16] = &[
    ProduceRequest::KEY,
    FetchRequest::KEY,
    ListOffsetsRequest::KEY,
    MetadataRequest::KEY,
    OffsetCommitRequest::KEY,
    OffsetFetchRequest::KEY,
    FindCoordinatorRequest::KEY,
    JoinGroupRequest::KEY,
    HeartbeatRequest::KEY,
    LeaveGroupRequest::KEY,
    SyncGroupRequest::KEY,
    DescribeGroupsRequest::KEY,
    ListGroupsRequest::KEY,
    ApiVersionsRequest::KEY,
    CreateTopicsRequest::KEY,
    DeleteTopicsRequest::KEY,
    DeleteRecordsRequest::KEY,
    InitProducerIdRequest::KEY,
    OffsetForLeaderEpochRequest::KEY,
    DescribeConfigsRequest::KEY,
    DeleteGroupsRequest::KEY,
    OffsetDeleteRequest::KEY,
    AlterConfigsRequest::KEY,
    DescribeLogDirsRequest::KEY,
    CreatePartitionsRequest::KEY,
    IncrementalAlterConfigsRequest::KEY,
    DescribeClusterRequest::KEY,
    DescribeTopicPartitionsRequest::KEY,
    AlterReplicaLogDirsRequest::KEY,
    ElectLeadersRequest::KEY,
    AlterPartitionReassignmentsRequest::KEY,
    ListPartitionReassignmentsRequest::KEY,
    DescribeQuorumRequest::KEY,
    DescribeProducersRequest::KEY,
    ListConfigResourcesRequest::KEY,
    DescribeUserScramCredentialsRequest::KEY,
    UpdateFeaturesRequest::KEY,
    UnregisterBrokerRequest::KEY,
    DescribeClientQuotasRequest::KEY,
    AlterClientQuotasRequest::KEY,
    DescribeAclsRequest::KEY,
    CreateAclsRequest::KEY,
    DeleteAclsRequest::KEY,
    SaslHandshakeRequest::KEY,
    SaslAuthenticateRequest::KEY,
    CreateDelegationTokenRequest::KEY,
    RenewDelegationTokenRequest::KEY,
    ExpireDelegationTokenRequest::KEY,
    DescribeDelegationTokenRequest::KEY,
    ConsumerGroupHeartbeatRequest::KEY,
    ConsumerGroupDescribeRequest::KEY,
];

/// Whether requests of this API are started before those ahead of them are answered.
pub(crate) fn overlaps(api_key: i16) -> bool {
    api_key == ProduceRequest::KEY
}

/// Answers a request.
pub(crate) async fn handle(server: Rc<Server>, request: Request) -> Outcome {
    let (key, version) = (request.api_key, request.api_version);
    let Some(api) = versions::api(key).filter(|api| SUPPORTED.contains(&api.key)) else {
        return Outcome::Close(format!("API key {key} is not offered by this broker"));
    };
    if key == ApiVersionsRequest::KEY {
        return api_versions::handle(&server, &request);
    }
    if !api.versions.contains(version) {
        return Outcome::Close(format!("version {version} of {} is not offered by this broker", api.name));
    }
    let handled = match key {
        ProduceRequest::KEY => produce::handle(server, request).await,
        FetchRequest::KEY => fetch::handle(server, request).await,
        ListOffsetsRequest::KEY => list_offsets::handle(server, request).await,
        MetadataRequest::KEY => metadata::handle(server, request).await,
        OffsetCommitRequest::KEY => offset_commit::handle(server, request).await,
        OffsetFetchRequest::KEY => offset_fetch::handle(server, request).await,
        FindCoordinatorRequest::KEY => find_coordinator::handle(server, request).await,
        JoinGroupRequest::KEY => join_group::handle(server, request).await,
        HeartbeatRequest::KEY => heartbeat::handle(server, request).await,
        LeaveGroupRequest::KEY => leave_group::handle(server, request).await,
        SyncGroupRequest::KEY => sync_group::handle(server, request).await,
        DescribeGroupsRequest::KEY => describe_groups::handle(server, request).await,
        ListGroupsRequest::KEY => list_groups::handle(server, request).await,
        DeleteGroupsRequest::KEY => delete_groups::handle(server, request).await,
        OffsetDeleteRequest::KEY => offset_delete::handle(server, request).await,
        CreateTopicsRequest::KEY => create_topics::handle(server, request).await,
        DeleteRecordsRequest::KEY => delete_records::handle(server, request).await,
        DeleteTopicsRequest::KEY => delete_topics::handle(server, request).await,
        InitProducerIdRequest::KEY => init_producer_id::handle(server, request).await,
        OffsetForLeaderEpochRequest::KEY => offset_for_leader_epoch::handle(server, request).await,
        AlterConfigsRequest::KEY => alter_configs::handle(server, request).await,
        IncrementalAlterConfigsRequest::KEY => incremental_alter_configs::handle(server, request).await,
        CreatePartitionsRequest::KEY => create_partitions::handle(server, request).await,
        DescribeLogDirsRequest::KEY => describe_log_dirs::handle(server, request).await,
        DescribeTopicPartitionsRequest::KEY => describe_topic_partitions::handle(&server, &request),
        DescribeConfigsRequest::KEY => describe_configs::handle(&server, &request),
        DescribeClusterRequest::KEY => describe_cluster::handle(&server, &request),
        DescribeClientQuotasRequest::KEY => describe_client_quotas::handle(&server, &request),
        DescribeUserScramCredentialsRequest::KEY => describe_user_scram_credentials::handle(&request),
        UpdateFeaturesRequest::KEY => update_features::handle(server, request).await,
        UnregisterBrokerRequest::KEY => unregister_broker::handle(&server, &request),
        AlterClientQuotasRequest::KEY => alter_client_quotas::handle(server, request).await,
        DescribeQuorumRequest::KEY => describe_quorum::handle(server, request).await,
        DescribeProducersRequest::KEY => describe_producers::handle(server, request).await,
        AlterReplicaLogDirsRequest::KEY => alter_replica_log_dirs::handle(&server, &request),
        ElectLeadersRequest::KEY => elect_leaders::handle(&server, &request),
        AlterPartitionReassignmentsRequest::KEY => alter_partition_reassignments::handle(&server, &request),
        ListPartitionReassignmentsRequest::KEY => list_partition_reassignments::handle(&request),
        SaslHandshakeRequest::KEY => sasl::handshake(&request),
        SaslAuthenticateRequest::KEY => sasl::authenticate(&request),
        CreateDelegationTokenRequest::KEY => delegation_tokens::create(&request),
        RenewDelegationTokenRequest::KEY => delegation_tokens::renew(&request),
        ExpireDelegationTokenRequest::KEY => delegation_tokens::expire(&request),
        DescribeDelegationTokenRequest::KEY => delegation_tokens::describe(&request),
        DescribeAclsRequest::KEY => acls::describe(&request),
        CreateAclsRequest::KEY => acls::create(&request),
        DeleteAclsRequest::KEY => acls::delete(&request),
        ListConfigResourcesRequest::KEY => list_config_resources::handle(&server, &request),
        ConsumerGroupHeartbeatRequest::KEY => consumer_group_heartbeat::handle(server, request).await,
        ConsumerGroupDescribeRequest::KEY => consumer_group_describe::handle(server, request).await,
        _ => unreachable!("every supported API has its handler"),
    };
    handled.unwrap_or_else(|error| Outcome::Close(format!("{} version {version}: {error}", api.name)))
}

/// An answer without records.
fn respond(request: &Request, body: impl FnOnce(&mut Writer) -> Result<(), WireError>) -> Result<Outcome, WireError> {
    respond_with(request, Vec::new(), body)
}

/// An answer into which `records` are spliced.
fn respond_with(
    request: &Request,
    records: Vec<Vec<ReadPart>>,
    body: impl FnOnce(&mut Writer) -> Result<(), WireError>,
) -> Result<Outcome, WireError> {
    let response = Response::encode(request, request.api_version, records, body);
    Ok(response.map_or_else(|error| Outcome::Close(error.to_string()), Outcome::Respond))
}

/// The number of an error, where there may be none.
fn code_of(error: Option<ErrorCode>) -> i16 {
    error.unwrap_or(ErrorCode::None).code()
}

/// What a request's leader epoch says of its view of a partition; `-1` says nothing.
fn leader_epoch_error(current: LeaderEpoch, asked: LeaderEpoch) -> Option<ErrorCode> {
    match asked {
        -1 => None,
        asked if asked < current => Some(ErrorCode::FencedLeaderEpoch),
        asked if asked > current => Some(ErrorCode::UnknownLeaderEpoch),
        _ => None,
    }
}

/// Authorised operations of a topic, as the bits of KIP-430: all that Kafka knows for topics.
const ALL_TOPIC_OPERATIONS: i32 =
    operations(&[READ, WRITE, CREATE, DELETE, ALTER, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS]);
/// The same of a group.
const ALL_GROUP_OPERATIONS: i32 = operations(&[READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS]);
/// The same of the cluster.
const ALL_CLUSTER_OPERATIONS: i32 =
    operations(&[CREATE, ALTER, DESCRIBE, CLUSTER_ACTION, DESCRIBE_CONFIGS, ALTER_CONFIGS, IDEMPOTENT_WRITE]);

const READ: u32 = 3;
const WRITE: u32 = 4;
const CREATE: u32 = 5;
const DELETE: u32 = 6;
const ALTER: u32 = 7;
const DESCRIBE: u32 = 8;
const CLUSTER_ACTION: u32 = 9;
const DESCRIBE_CONFIGS: u32 = 10;
const ALTER_CONFIGS: u32 = 11;
const IDEMPOTENT_WRITE: u32 = 12;

/// A bit for each of Kafka's operation codes.
const fn operations(codes: &[u32]) -> i32 {
    let mut bits = 0;
    let mut rest = codes;
    while let [code, others @ ..] = rest {
        bits |= 1 << *code;
        rest = others;
    }
    bits
}
