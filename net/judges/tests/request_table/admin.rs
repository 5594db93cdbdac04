//! What a cluster of one broker answers to those who manage clusters: elections, reassignments, the quorum, producers.

use millrace_judges::broker::Kind;
use millrace_judges::table::Span::All;
use millrace_judges::table::Table;
use millrace_judges::table::batches;
use serde_json::{Value, json};

pub(crate) fn elect_leaders(table: &mut Table) {
    table.topics(&[("elected", 2)]);
    let api = "ElectLeaders";
    let of = |kind: i8, topic: &str, partitions: &[i32]| {
        json!({ "ElectionType": kind, "TimeoutMs": 10_000,
            "TopicPartitions": [{ "Topic": topic, "Partitions": partitions }] })
    };
    table.ask("elect the leaders of partitions", api, All, of(0, "elected", &[0, 1]));
    table.ask("elect unclean leaders of partitions", api, 1..=2, of(1, "elected", &[0, 1]));
    table.ask("elect leaders by an unknown type", api, 1..=2, of(2, "elected", &[0]));
    table.ask("elect leaders by a negative type", api, 1..=2, of(-1, "elected", &[0]));
    table.ask("elect the leader of a partition that is not there", api, All, of(0, "elected", &[0, 7, -1]));
    table.ask("elect the leader of an unknown topic", api, All, of(0, "unelected", &[0]));
    table.ask("elect the leader of a bad topic", api, All, of(0, "a/b", &[0]));
    table.ask("elect the leaders of no partitions", api, All, of(0, "elected", &[]));
    table.ask("elect the leader of a partition twice", api, All, of(0, "elected", &[1, 1]));
    table.ask("elect no leaders", api, All, json!({ "TimeoutMs": 10_000, "TopicPartitions": [] }));
    let all = json!({ "TimeoutMs": 10_000, "TopicPartitions": null });
    table.ask("elect all leaders", api, All, all);
    let unknown = json!({ "ElectionType": 2, "TimeoutMs": 10_000, "TopicPartitions": null });
    table.ask("elect all leaders by an unknown type", api, 1..=2, unknown);
    table.ask("elect all leaders within no time", api, All, json!({ "TimeoutMs": 0, "TopicPartitions": null }));
    for timeout in [0, -1] {
        let mut late = of(0, "elected", &[0]);
        late["TimeoutMs"] = json!(timeout);
        table.ask(&format!("elect a leader within {timeout} ms"), api, All, late);
    }
}

pub(crate) fn reassignments(table: &mut Table) {
    table.topics(&[("reassigned", 2)]);
    let list = "ListPartitionReassignments";
    let of = |topic: &str, partitions: &[i32]| {
        let topics = json!([{ "Name": topic, "PartitionIndexes": partitions }]);
        json!({ "TimeoutMs": 10_000, "Topics": topics })
    };
    table.ask("reassignments of partitions", list, All, of("reassigned", &[0, 1, 7]));
    table.ask("reassignments of an unknown topic", list, All, of("unassigned", &[0]));
    table.ask("all reassignments", list, All, json!({ "TimeoutMs": 10_000, "Topics": null }));
    table.ask("no reassignments", list, All, json!({ "TimeoutMs": 10_000, "Topics": [] }));
    table.ask("reassignments within no time", list, All, json!({ "TimeoutMs": 0, "Topics": null }));

    let alter = "AlterPartitionReassignments";
    let to = |topic: &str, partition: i32, replicas: Value| {
        json!({ "TimeoutMs": 10_000, "Topics": [{ "Name": topic,
            "Partitions": [{ "PartitionIndex": partition, "Replicas": replicas }] }] })
    };
    table.ask("reassign to what it has", alter, All, to("reassigned", 0, json!([1])));
    table.ask("cancel a reassignment that is not", alter, All, to("reassigned", 0, json!(null)));
    table.ask("reassign to no broker", alter, All, to("reassigned", 0, json!([])));
    table.ask("reassign to an unknown broker", alter, All, to("reassigned", 0, json!([9])));
    table.ask("reassign to an unknown broker too", alter, All, to("reassigned", 0, json!([1, 9])));
    table.ask("reassign to a broker twice", alter, All, to("reassigned", 0, json!([1, 1])));
    table.ask("reassign to a negative broker", alter, All, to("reassigned", 0, json!([-1])));
    table.ask("reassign a partition that is not there", alter, All, to("reassigned", 7, json!([1])));
    table.ask("reassign a negative partition", alter, All, to("reassigned", -1, json!(null)));
    table.ask("reassign an unknown topic", alter, All, to("unassigned", 0, json!([1])));
    table.ask("cancel for an unknown topic", alter, All, to("unassigned", 0, json!(null)));
    table.ask("reassign nothing", alter, All, json!({ "TimeoutMs": 10_000, "Topics": [] }));
    let mut fixed = to("reassigned", 0, json!([1, 9]));
    fixed["AllowReplicationFactorChange"] = json!(false);
    table.ask("reassign to more brokers, which must not be", alter, 1, fixed);
    let mut fixed = to("reassigned", 0, json!([1]));
    fixed["AllowReplicationFactorChange"] = json!(false);
    table.ask("reassign to as many brokers", alter, 1, fixed);
    let mut late = to("reassigned", 0, json!([1]));
    late["TimeoutMs"] = json!(0);
    table.ask("reassign within no time", alter, All, late);
}

pub(crate) fn quorum(table: &mut Table) {
    let api = "DescribeQuorum";
    let of = |topic: &str, partitions: &[i32]| {
        let partitions: Vec<Value> = partitions.iter().map(|index| json!({ "PartitionIndex": index })).collect();
        json!({ "TopicName": topic, "Partitions": partitions })
    };
    let metadata = of("__cluster_metadata", &[0]);
    table.ask("the quorum", api, All, json!({ "Topics": [metadata] }));
    table.ask("the quorum of another topic", api, All, json!({ "Topics": [of("other", &[0, 1])] }));
    table.ask("the quorum of another partition", api, All, json!({ "Topics": [of("__cluster_metadata", &[1])] }));
    table.ask("the quorum of two partitions", api, All, json!({ "Topics": [of("__cluster_metadata", &[0, 1])] }));
    table.ask("the quorum of two topics", api, All, json!({ "Topics": [metadata, of("other", &[0])] }));
    table.ask("the quorum of no partition", api, All, json!({ "Topics": [of("__cluster_metadata", &[])] }));
    table.ask("the quorum of nothing", api, All, json!({ "Topics": [] }));
}

pub(crate) fn producers(table: &mut Table) {
    table.topics(&[("produced", 2)]);
    let api = "DescribeProducers";
    let batches = [batches::batch(3), batches::idempotent(777, 0, 0, 3), batches::idempotent(777, 0, 3, 2)];
    for records in batches.into_iter().chain([batches::idempotent(778, 5, 9, 1)]) {
        let body = json!({ "Acks": -1, "TimeoutMs": 10_000,
            "TopicData": [{ "Name": "produced", "PartitionData": [{ "Index": 0, "Records": records }] }] });
        for kind in [Kind::Reference, Kind::Millrace] {
            table.tell(kind, "Produce", 9, &body);
        }
    }
    let of = |topic: &str, partitions: &[i32]| json!({ "Topics": [{ "Name": topic, "PartitionIndexes": partitions }] });
    table.ask("producers of partitions", api, All, of("produced", &[0, 1]));
    table.ask("producers of a partition that is not there", api, All, of("produced", &[7, -1]));
    table.ask("producers of an unknown topic", api, All, of("unproduced", &[0]));
    table.ask("producers of a bad topic", api, All, of("a/b", &[0]));
    table.ask("producers of no partitions", api, All, of("produced", &[]));
    table.ask("producers of no topics", api, All, json!({ "Topics": [] }));
}

pub(crate) fn config_resources(table: &mut Table) {
    let api = "ListConfigResources";
    table.ask("resources with settings", api, 0, json!({}));
    for kinds in [&[][..], &[2], &[4], &[8], &[16], &[32], &[2, 4], &[4, 4], &[0], &[1], &[3], &[2, 64], &[-1]] {
        let body = json!({ "ResourceTypes": kinds });
        table.ask(&format!("resources with settings, of types {kinds:?}"), api, 1, body);
    }
}

pub(crate) fn replica_log_dirs(table: &mut Table) {
    table.topics(&[("moved", 2)]);
    let api = "AlterReplicaLogDirs";
    let described =
        [Kind::Reference, Kind::Millrace].map(|kind| table.tell(kind, "DescribeLogDirs", 4, &json!({ "Topics": [] })));
    table.remember("directory", &described, |it| it["Results"][0]["LogDir"].as_str().unwrap_or_default().to_owned());
    let to = |directory: &str, topic: &str, partitions: &[i32]| {
        let topics = json!([{ "Name": topic, "Partitions": partitions }]);
        json!({ "Dirs": [{ "Path": directory, "Topics": topics }] })
    };
    table.ask("move partitions to where they are", api, All, to("$directory", "moved", &[0, 1]));
    table.ask("move a partition to nowhere", api, All, to("/nowhere", "moved", &[0]));
    table.ask("move a partition to a relative path", api, All, to("nowhere", "moved", &[0]));
    table.ask("move a partition that is not there", api, All, to("$directory", "moved", &[7, -1]));
    table.ask("move a partition of an unknown topic", api, All, to("$directory", "unmoved", &[0]));
    table.ask("move an unknown partition to nowhere", api, All, to("/nowhere", "unmoved", &[0]));
    table.ask("move no partitions", api, All, to("$directory", "moved", &[]));
    table.ask("move nothing", api, All, json!({ "Dirs": [] }));
}

/// Without an authorizer, which neither broker has.
pub(crate) fn acls(table: &mut Table) {
    let filter = |resource: i8, pattern: i8, operation: i8, permission: i8| {
        json!({ "ResourceTypeFilter": resource, "ResourceNameFilter": "t", "PatternTypeFilter": pattern,
            "PrincipalFilter": "User:a", "HostFilter": "*", "Operation": operation, "PermissionType": permission })
    };
    let acl = |resource: i8, pattern: i8, operation: i8, permission: i8| {
        json!({ "ResourceType": resource, "ResourceName": "t", "ResourcePatternType": pattern,
            "Principal": "User:a", "Host": "*", "Operation": operation, "PermissionType": permission })
    };
    let codes = [
        ("of a topic", [2, 3, 3, 3]),
        ("of any resource", [1, 1, 1, 1]),
        ("that match", [2, 2, 2, 2]),
        ("of users, by prefix", [7, 4, 15, 3]),
        ("of unknown resources", [0, 3, 3, 3]),
        ("of resources that there are not", [8, 3, 3, 3]),
        ("by unknown patterns", [2, 0, 3, 3]),
        ("by patterns that there are not", [2, 5, 3, 3]),
        ("for unknown operations", [2, 3, 0, 3]),
        ("for operations that there are not", [2, 3, 16, 3]),
        ("of unknown permissions", [2, 3, 3, 0]),
        ("of permissions that there are not", [2, 3, 3, 4]),
        ("of a negative permission", [2, 3, 3, -1]),
    ];
    for (what, [resource, pattern, operation, permission]) in codes {
        let filter = filter(resource, pattern, operation, permission);
        table.ask(&format!("describe ACLs {what}"), "DescribeAcls", All, filter.clone());
        table.ask(&format!("delete ACLs {what}"), "DeleteAcls", All, json!({ "Filters": [filter, filter] }));
        let acl = acl(resource, pattern, operation, permission);
        table.ask(&format!("create ACLs {what}"), "CreateAcls", All, json!({ "Creations": [acl, acl] }));
    }
    table.ask("create no ACLs", "CreateAcls", All, json!({ "Creations": [] }));
    table.ask("delete no ACLs", "DeleteAcls", All, json!({ "Filters": [] }));
}

/// By a listener that authenticates nobody.
pub(crate) fn authentication(table: &mut Table) {
    for mechanism in ["PLAIN", "SCRAM-SHA-256", "unknown", ""] {
        let body = json!({ "Mechanism": mechanism });
        table.ask(&format!("begin SASL by '{mechanism}'"), "SaslHandshake", All, body);
    }
    table.ask("authenticate", "SaslAuthenticate", All, json!({ "AuthBytes": "00610062" }));
    table.ask("authenticate by nothing", "SaslAuthenticate", All, json!({ "AuthBytes": "" }));

    let create = "CreateDelegationToken";
    table.ask("create a token", create, All, json!({ "Renewers": [], "MaxLifetimeMs": 1000 }));
    let renewers = json!([{ "PrincipalType": "User", "PrincipalName": "a" }]);
    table.ask("create a token with renewers", create, All, json!({ "Renewers": renewers, "MaxLifetimeMs": -1 }));
    for (owner, name) in [("User", "a"), ("User", ""), ("Group", "b")] {
        let body = json!({ "OwnerPrincipalType": owner, "OwnerPrincipalName": name, "MaxLifetimeMs": 1000 });
        table.ask(&format!("create a token for {owner} '{name}'"), create, 3, body);
    }
    let nobody = json!({ "OwnerPrincipalType": null, "OwnerPrincipalName": null, "MaxLifetimeMs": 1000 });
    table.ask("create a token for nobody", create, 3, nobody);
    for period in [-1, 0, 1000] {
        let renewed = json!({ "Hmac": "0102", "RenewPeriodMs": period });
        table.ask(&format!("renew a token for {period} ms"), "RenewDelegationToken", All, renewed);
        let expired = json!({ "Hmac": "0102", "ExpiryTimePeriodMs": period });
        table.ask(&format!("expire a token in {period} ms"), "ExpireDelegationToken", All, expired);
    }
    let owner = json!({ "PrincipalType": "User", "PrincipalName": "a" });
    for (what, owners) in [("all", json!(null)), ("no", json!([])), ("somebody's", json!([owner]))] {
        table.ask(&format!("describe {what} tokens"), "DescribeDelegationToken", All, json!({ "Owners": owners }));
    }
}
