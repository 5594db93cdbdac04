//! Kafka's error codes: every number that an answer may carry, with its name, whether a client may try again, and a
//! sentence for people. The sentences are Millrace's own; the rest is Kafka 4.3.1's.

use std::fmt;

/// Defines [`ErrorCode`] from one table of: number, variant, Kafka's name, retriable, default message.
macro_rules! error_codes {
    ($($code:literal $variant:ident $name:literal $retriable:literal $message:literal,)+) => {
        /// A Kafka error code. `None` (0) is success.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(i16)]
        pub enum ErrorCode {
            $(
                #[doc = $message]
                $variant = $code,
            )+
        }

        impl ErrorCode {
            /// Every code, in ascending order of their numbers.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$variant),+];

            /// The code with this number, or nothing when Kafka 4.3.1 knows none.
            pub const fn from_code(code: i16) -> Option<ErrorCode> {
                match code {
                    $($code => Some(ErrorCode::$variant),)+
                    _ => Option::None,
                }
            }

            /// Kafka's name of the code, as its clients print it: `UNKNOWN_TOPIC_OR_PARTITION`.
            pub const fn name(self) -> &'static str {
                match self { $(ErrorCode::$variant => $name,)+ }
            }

            /// Whether a client that got this error may send the same request again and expect it to succeed.
            pub const fn is_retriable(self) -> bool {
                match self { $(ErrorCode::$variant => $retriable,)+ }
            }

            /// A sentence for people: what to say where nothing more exact is known.
            pub const fn message(self) -> &'static str {
                match self { $(ErrorCode::$variant => $message,)+ }
            }
        }
    };
}

#[rustfmt::skip]
error_codes! {
    -1 UnknownServerError "UNKNOWN_SERVER_ERROR" false "The server failed in an unexpected way.",
    0 None "NONE" false "Success.",
    1 OffsetOutOfRange "OFFSET_OUT_OF_RANGE" false
        "The requested offset lies outside the range of offsets that this partition holds.",
    2 CorruptMessage "CORRUPT_MESSAGE" true
        "The record batch is damaged: its checksum, length or contents do not hold together.",
    3 UnknownTopicOrPartition "UNKNOWN_TOPIC_OR_PARTITION" true "This server does not host this topic and partition.",
    4 InvalidFetchSize "INVALID_FETCH_SIZE" false "The requested fetch size is not valid.",
    5 LeaderNotAvailable "LEADER_NOT_AVAILABLE" true
        "The partition has no leader at the moment: its election is under way.",
    6 NotLeaderOrFollower "NOT_LEADER_OR_FOLLOWER" true
        "This broker is not the leader of the partition, or not one of its replicas.",
    7 RequestTimedOut "REQUEST_TIMED_OUT" true "The request could not be completed within its time.",
    8 BrokerNotAvailable "BROKER_NOT_AVAILABLE" false "The broker is not available.",
    9 ReplicaNotAvailable "REPLICA_NOT_AVAILABLE" true "The replica is not available on this broker.",
    10 MessageTooLarge "MESSAGE_TOO_LARGE" false "The record batch is larger than the topic allows.",
    11 StaleControllerEpoch "STALE_CONTROLLER_EPOCH" false "The controller has moved to another broker.",
    12 OffsetMetadataTooLarge "OFFSET_METADATA_TOO_LARGE" false "The metadata of the committed offset is too large.",
    13 NetworkException "NETWORK_EXCEPTION" true "The server closed the connection before it answered.",
    14 CoordinatorLoadInProgress "COORDINATOR_LOAD_IN_PROGRESS" true
        "The coordinator is still loading and cannot answer yet.",
    15 CoordinatorNotAvailable "COORDINATOR_NOT_AVAILABLE" true "The coordinator is not available.",
    16 NotCoordinator "NOT_COORDINATOR" true "This broker is not the coordinator.",
    17 InvalidTopicException "INVALID_TOPIC_EXCEPTION" false "The topic name is not valid.",
    18 RecordListTooLarge "RECORD_LIST_TOO_LARGE" false
        "The records are larger together than the segment size of the topic.",
    19 NotEnoughReplicas "NOT_ENOUGH_REPLICAS" true
        "Fewer replicas are in sync than min.insync.replicas asks for: nothing was written.",
    20 NotEnoughReplicasAfterAppend "NOT_ENOUGH_REPLICAS_AFTER_APPEND" true
        "The records were written, but to fewer in-sync replicas than min.insync.replicas asks for.",
    21 InvalidRequiredAcks "INVALID_REQUIRED_ACKS" false "The number of required acknowledgements must be 0, 1 or -1.",
    22 IllegalGeneration "ILLEGAL_GENERATION" false "The group has moved on from this generation.",
    23 InconsistentGroupProtocol "INCONSISTENT_GROUP_PROTOCOL" false
        "The member's protocols do not match those of the group's other members.",
    24 InvalidGroupId "INVALID_GROUP_ID" false "The group id is not valid.",
    25 UnknownMemberId "UNKNOWN_MEMBER_ID" false "The coordinator does not know this member.",
    26 InvalidSessionTimeout "INVALID_SESSION_TIMEOUT" false
        "The session timeout lies outside the range that the broker allows.",
    27 RebalanceInProgress "REBALANCE_IN_PROGRESS" false "The group is rebalancing: join it again.",
    28 InvalidCommitOffsetSize "INVALID_COMMIT_OFFSET_SIZE" false "The offset commit is too large.",
    29 TopicAuthorizationFailed "TOPIC_AUTHORIZATION_FAILED" false "Not authorized to access these topics.",
    30 GroupAuthorizationFailed "GROUP_AUTHORIZATION_FAILED" false "Not authorized to access this group.",
    31 ClusterAuthorizationFailed "CLUSTER_AUTHORIZATION_FAILED" false "Not authorized to access the cluster.",
    32 InvalidTimestamp "INVALID_TIMESTAMP" false
        "The timestamp of a record lies outside the range that the topic allows.",
    33 UnsupportedSaslMechanism "UNSUPPORTED_SASL_MECHANISM" false "The broker does not offer this SASL mechanism.",
    34 IllegalSaslState "ILLEGAL_SASL_STATE" false
        "This request is not valid in the current state of SASL authentication.",
    35 UnsupportedVersion "UNSUPPORTED_VERSION" false "This version of the request is not supported.",
    36 TopicAlreadyExists "TOPIC_ALREADY_EXISTS" false "A topic of this name exists already.",
    37 InvalidPartitions "INVALID_PARTITIONS" false "The number of partitions is not valid.",
    38 InvalidReplicationFactor "INVALID_REPLICATION_FACTOR" false
        "The replication factor is not valid: it must be at least 1 and at most the number of brokers.",
    39 InvalidReplicaAssignment "INVALID_REPLICA_ASSIGNMENT" false "The replica assignment is not valid.",
    40 InvalidConfig "INVALID_CONFIG" false "A setting of the configuration is not valid.",
    41 NotController "NOT_CONTROLLER" true "This is not the active controller of the cluster.",
    42 InvalidRequest "INVALID_REQUEST" false "The request is malformed or contradicts itself.",
    43 UnsupportedForMessageFormat "UNSUPPORTED_FOR_MESSAGE_FORMAT" false
        "The message format on the broker does not support this request.",
    44 PolicyViolation "POLICY_VIOLATION" false "The request violates a policy of the cluster.",
    45 OutOfOrderSequenceNumber "OUT_OF_ORDER_SEQUENCE_NUMBER" false
        "The sequence number does not follow the last one of this producer.",
    46 DuplicateSequenceNumber "DUPLICATE_SEQUENCE_NUMBER" false "The sequence number has been seen before.",
    47 InvalidProducerEpoch "INVALID_PRODUCER_EPOCH" false "The producer's epoch is older than the current one.",
    48 InvalidTxnState "INVALID_TXN_STATE" false "The transaction is not in a state that allows this operation.",
    49 InvalidProducerIdMapping "INVALID_PRODUCER_ID_MAPPING" false
        "The transactional id is not bound to this producer id.",
    50 InvalidTransactionTimeout "INVALID_TRANSACTION_TIMEOUT" false
        "The transaction timeout is larger than the broker allows.",
    51 ConcurrentTransactions "CONCURRENT_TRANSACTIONS" true
        "Another operation on the same transaction is still under way.",
    52 TransactionCoordinatorFenced "TRANSACTION_COORDINATOR_FENCED" false
        "The transaction coordinator has been replaced by a newer one.",
    53 TransactionalIdAuthorizationFailed "TRANSACTIONAL_ID_AUTHORIZATION_FAILED" false
        "Not authorized to use this transactional id.",
    54 SecurityDisabled "SECURITY_DISABLED" false "Security features are disabled on this broker.",
    55 OperationNotAttempted "OPERATION_NOT_ATTEMPTED" false
        "The operation was not attempted, because another one of the same request failed.",
    56 KafkaStorageError "KAFKA_STORAGE_ERROR" true
        "The storage of the broker failed: the log directory cannot be used.",
    57 LogDirNotFound "LOG_DIR_NOT_FOUND" false "The log directory is not among those of the broker.",
    58 SaslAuthenticationFailed "SASL_AUTHENTICATION_FAILED" false "SASL authentication failed.",
    59 UnknownProducerId "UNKNOWN_PRODUCER_ID" false "The broker holds no state of this producer id.",
    60 ReassignmentInProgress "REASSIGNMENT_IN_PROGRESS" false "The partition is being reassigned.",
    61 DelegationTokenAuthDisabled "DELEGATION_TOKEN_AUTH_DISABLED" false
        "Delegation tokens are not enabled on this broker.",
    62 DelegationTokenNotFound "DELEGATION_TOKEN_NOT_FOUND" false "The delegation token was not found.",
    63 DelegationTokenOwnerMismatch "DELEGATION_TOKEN_OWNER_MISMATCH" false
        "The principal does not own this delegation token.",
    64 DelegationTokenRequestNotAllowed "DELEGATION_TOKEN_REQUEST_NOT_ALLOWED" false
        "Delegation tokens cannot be requested over this kind of connection.",
    65 DelegationTokenAuthorizationFailed "DELEGATION_TOKEN_AUTHORIZATION_FAILED" false
        "Not authorized to use delegation tokens.",
    66 DelegationTokenExpired "DELEGATION_TOKEN_EXPIRED" false "The delegation token has expired.",
    67 InvalidPrincipalType "INVALID_PRINCIPAL_TYPE" false "The type of the principal is not supported.",
    68 NonEmptyGroup "NON_EMPTY_GROUP" false "The group still has members.",
    69 GroupIdNotFound "GROUP_ID_NOT_FOUND" false "The group does not exist.",
    70 FetchSessionIdNotFound "FETCH_SESSION_ID_NOT_FOUND" true "The broker has no fetch session of this id.",
    71 InvalidFetchSessionEpoch "INVALID_FETCH_SESSION_EPOCH" true
        "The fetch session is at another epoch than the request.",
    72 ListenerNotFound "LISTENER_NOT_FOUND" true
        "The leader of the partition has no listener of the name that this request came in on.",
    73 TopicDeletionDisabled "TOPIC_DELETION_DISABLED" false "Deletion of topics is disabled on this cluster.",
    74 FencedLeaderEpoch "FENCED_LEADER_EPOCH" true "The leader epoch of the request is older than that of the broker.",
    75 UnknownLeaderEpoch "UNKNOWN_LEADER_EPOCH" true
        "The leader epoch of the request is newer than that of the broker.",
    76 UnsupportedCompressionType "UNSUPPORTED_COMPRESSION_TYPE" false
        "The client does not support the compression type of the topic.",
    77 StaleBrokerEpoch "STALE_BROKER_EPOCH" false "The broker epoch of the request is out of date.",
    78 OffsetNotAvailable "OFFSET_NOT_AVAILABLE" true
        "The leader's high watermark has not caught up yet: the offset is not known.",
    79 MemberIdRequired "MEMBER_ID_REQUIRED" false
        "A member id is needed first: join again with the one in this answer.",
    80 PreferredLeaderNotAvailable "PREFERRED_LEADER_NOT_AVAILABLE" true "The preferred leader is not available.",
    81 GroupMaxSizeReached "GROUP_MAX_SIZE_REACHED" false "The group has as many members as it may have.",
    82 FencedInstanceId "FENCED_INSTANCE_ID" false
        "Another member with the same instance id has taken this member's place.",
    83 EligibleLeadersNotAvailable "ELIGIBLE_LEADERS_NOT_AVAILABLE" true
        "None of the replicas that may become leader is available.",
    84 ElectionNotNeeded "ELECTION_NOT_NEEDED" true "The partition has its desired leader already.",
    85 NoReassignmentInProgress "NO_REASSIGNMENT_IN_PROGRESS" false "No reassignment of this partition is under way.",
    86 GroupSubscribedToTopic "GROUP_SUBSCRIBED_TO_TOPIC" false "The group is subscribed to the topic.",
    87 InvalidRecord "INVALID_RECORD" false "The broker refused the record, because it is not valid for this topic.",
    88 UnstableOffsetCommit "UNSTABLE_OFFSET_COMMIT" true "There are offsets of a transaction that has not ended yet.",
    89 ThrottlingQuotaExceeded "THROTTLING_QUOTA_EXCEEDED" true "The quota is exceeded: try again later.",
    90 ProducerFenced "PRODUCER_FENCED" false
        "A newer producer with the same transactional id has taken this one's place.",
    91 ResourceNotFound "RESOURCE_NOT_FOUND" false "The resource does not exist.",
    92 DuplicateResource "DUPLICATE_RESOURCE" false "The resource exists already.",
    93 UnacceptableCredential "UNACCEPTABLE_CREDENTIAL" false "The credential does not meet the requirements.",
    94 InconsistentVoterSet "INCONSISTENT_VOTER_SET" false "The voters of sender and receiver are not the same.",
    95 InvalidUpdateVersion "INVALID_UPDATE_VERSION" false "The version of the update is not valid.",
    96 FeatureUpdateFailed "FEATURE_UPDATE_FAILED" false "The features could not be updated.",
    97 PrincipalDeserializationFailure "PRINCIPAL_DESERIALIZATION_FAILURE" false
        "The principal that was forwarded with the request could not be read.",
    98 SnapshotNotFound "SNAPSHOT_NOT_FOUND" false "The snapshot was not found.",
    99 PositionOutOfRange "POSITION_OUT_OF_RANGE" false "The position is not one that exists in the snapshot.",
    100 UnknownTopicId "UNKNOWN_TOPIC_ID" true "This server does not know this topic id.",
    101 DuplicateBrokerRegistration "DUPLICATE_BROKER_REGISTRATION" false "A broker of this id is registered already.",
    102 BrokerIdNotRegistered "BROKER_ID_NOT_REGISTERED" false "No broker of this id is registered.",
    103 InconsistentTopicId "INCONSISTENT_TOPIC_ID" true "The topic of this name has another id than the request says.",
    104 InconsistentClusterId "INCONSISTENT_CLUSTER_ID" false "The cluster has another id than the request says.",
    105 TransactionalIdNotFound "TRANSACTIONAL_ID_NOT_FOUND" false "The transactional id does not exist.",
    106 FetchSessionTopicIdError "FETCH_SESSION_TOPIC_ID_ERROR" true "The fetch session uses topic ids inconsistently.",
    107 IneligibleReplica "INELIGIBLE_REPLICA" false "The replica may not join the in-sync replicas.",
    108 NewLeaderElected "NEW_LEADER_ELECTED" false "The change has made another broker the leader.",
    109 OffsetMovedToTieredStorage "OFFSET_MOVED_TO_TIERED_STORAGE" false
        "The offset has been moved to tiered storage.",
    110 FencedMemberEpoch "FENCED_MEMBER_EPOCH" false
        "The member's epoch is older than the one the coordinator has given it.",
    111 UnreleasedInstanceId "UNRELEASED_INSTANCE_ID" false "The instance id is still held by another member.",
    112 UnsupportedAssignor "UNSUPPORTED_ASSIGNOR" false
        "The assignor is not supported by the group or its coordinator.",
    113 StaleMemberEpoch "STALE_MEMBER_EPOCH" false
        "The member's epoch is out of date: fetch the current one and try again.",
    114 MismatchedEndpointType "MISMATCHED_ENDPOINT_TYPE" false "The request was sent to the wrong kind of endpoint.",
    115 UnsupportedEndpointType "UNSUPPORTED_ENDPOINT_TYPE" false "This kind of endpoint is not supported yet.",
    116 UnknownControllerId "UNKNOWN_CONTROLLER_ID" false "The controller id is not known.",
    117 UnknownSubscriptionId "UNKNOWN_SUBSCRIPTION_ID" false
        "The telemetry subscription id of the client is out of date.",
    118 TelemetryTooLarge "TELEMETRY_TOO_LARGE" false "The telemetry data is larger than the broker takes.",
    119 InvalidRegistration "INVALID_REGISTRATION" false "The registration is not valid.",
    120 TransactionAbortable "TRANSACTION_ABORTABLE" false "The transaction can only be aborted.",
    121 InvalidRecordState "INVALID_RECORD_STATE" false "The record is not in a state that allows this operation.",
    122 ShareSessionNotFound "SHARE_SESSION_NOT_FOUND" true "The broker has no such share session.",
    123 InvalidShareSessionEpoch "INVALID_SHARE_SESSION_EPOCH" true
        "The share session is at another epoch than the request.",
    124 FencedStateEpoch "FENCED_STATE_EPOCH" false "The share coordinator holds a newer state epoch.",
    125 InvalidVoterKey "INVALID_VOTER_KEY" false "The voter key does not match that of the receiving replica.",
    126 DuplicateVoter "DUPLICATE_VOTER" false "The voter is in the set of voters already.",
    127 VoterNotFound "VOTER_NOT_FOUND" false "The voter is not in the set of voters.",
    128 InvalidRegularExpression "INVALID_REGULAR_EXPRESSION" false "The regular expression is not valid.",
    129 RebootstrapRequired "REBOOTSTRAP_REQUIRED" false
        "What the client knows of the cluster is out of date: it must bootstrap again.",
    130 StreamsInvalidTopology "STREAMS_INVALID_TOPOLOGY" false "The topology of the Streams application is not valid.",
    131 StreamsInvalidTopologyEpoch "STREAMS_INVALID_TOPOLOGY_EPOCH" false
        "The epoch of the Streams topology is not valid.",
    132 StreamsTopologyFenced "STREAMS_TOPOLOGY_FENCED" false "The epoch of the Streams topology is out of date.",
    133 ShareSessionLimitReached "SHARE_SESSION_LIMIT_REACHED" true
        "The broker has as many share sessions as it may have.",
}

impl ErrorCode {
    /// The number, as on the wire.
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// Whether this is an error at all: anything but `None`.
    pub const fn is_error(self) -> bool {
        !matches!(self, ErrorCode::None)
    }
}

impl Default for ErrorCode {
    /// Success: what an answer says unless something went wrong.
    fn default() -> Self {
        ErrorCode::None
    }
}

impl fmt::Display for ErrorCode {
    /// Kafka's name of the code.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts;

    #[test]
    fn codes_are_those_of_kafka() {
        let facts: Vec<_> = facts::rows(facts::ERRORS).collect();
        assert_eq!(ErrorCode::ALL.len(), facts.len());
        for (code, fact) in ErrorCode::ALL.iter().zip(facts) {
            assert_eq!(code.code().to_string(), fact[0]);
            assert_eq!(code.name(), fact[1]);
            assert_eq!(code.is_retriable().to_string(), fact[2], "{code}");
            assert_eq!(ErrorCode::from_code(code.code()), Some(*code));
        }
    }

    #[test]
    fn numbers_that_kafka_does_not_know_have_no_code() {
        for code in [i16::MIN, -2, 134, i16::MAX] {
            assert_eq!(ErrorCode::from_code(code), Option::None);
        }
    }

    #[test]
    fn success_is_the_default_and_no_error() {
        assert_eq!(ErrorCode::default(), ErrorCode::None);
        assert!(!ErrorCode::None.is_error());
        assert!(ErrorCode::UnknownServerError.is_error());
    }
}
