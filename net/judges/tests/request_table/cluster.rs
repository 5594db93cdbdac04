//! ApiVersions, Metadata, DescribeCluster.

use std::collections::BTreeSet;

use millrace_judges::broker::Kind;
use millrace_judges::table::Span::All;
use millrace_judges::table::{Reaction, Table};
use serde_json::json;

pub(crate) fn api_versions(table: &mut Table) {
    for (name, version) in [("judge", "1.0"), ("j", "1.0-x")] {
        let client = json!({ "ClientSoftwareName": name, "ClientSoftwareVersion": version });
        table.ask(&format!("what is offered to '{name}' '{version}'"), "ApiVersions", All, client);
    }
    for (name, version) in [("", "1"), ("judge", ""), ("-judge", "1"), ("judge.", "1"), ("a judge", "1")] {
        let client = json!({ "ClientSoftwareName": name, "ClientSoftwareVersion": version });
        table.ask(&format!("api versions of client '{name}' '{version}'"), "ApiVersions", 3..=4, client);
    }
    features_of_clients(table);
    table.ask_bytes("trap 1: an unknown version of ApiVersions", "ApiVersions", 5, &[2, b'j', 2, b'1', 0]);
    table.ask_bytes("ApiVersions without its body", "ApiVersions", 3, &[]);
    table.ask_bytes("an API that there is not", "AllocateProducerIds", 0, &[0; 13]);
    for (api, version) in [
        ("Fetch", 3),
        ("Fetch", 19),
        ("ListOffsets", 0),
        ("ListOffsets", 12),
        ("Metadata", 14),
        ("CreateTopics", 1),
        ("CreateTopics", 8),
        ("DeleteTopics", 0),
        ("DeleteTopics", 7),
        ("InitProducerId", 7),
        ("DescribeConfigs", 0),
        ("DescribeConfigs", 5),
        ("DescribeCluster", 3),
        ("Metadata", -1),
    ] {
        table.ask_bytes(&format!("version {version} of {api}, which there is not"), api, version, &[0; 16]);
    }
}

/// The names in a list of features.
fn names(reaction: &Reaction, list: &str) -> BTreeSet<String> {
    let features = reaction.answer()[list].as_array().cloned().unwrap_or_default();
    features.iter().map(|feature| feature["Name"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Which features are told to clients of an older version, and which of them are in force, is for those that Millrace
/// has as for the reference's.
fn features_of_clients(table: &mut Table) {
    let client = json!({ "ClientSoftwareName": "judge", "ClientSoftwareVersion": "1.0" });
    let has = names(&table.tell(Kind::Millrace, "ApiVersions", 4, &client), "SupportedFeatures");
    assert!(!has.is_empty());
    for version in 3..=4 {
        let [wanted, told] =
            [Kind::Reference, Kind::Millrace].map(|kind| table.tell(kind, "ApiVersions", version, &client));
        for list in ["SupportedFeatures", "FinalizedFeatures"] {
            let wanted: BTreeSet<String> = names(&wanted, list).intersection(&has).cloned().collect();
            assert_eq!(names(&told, list), wanted, "{list} in version {version}");
        }
    }
}

pub(crate) fn metadata(table: &mut Table) {
    table.topics(&[("metadata-1", 1), ("metadata-3", 3)]);
    let name = |name: &str| json!({ "Name": name });
    let quiet = |topics: serde_json::Value| json!({ "Topics": topics, "AllowAutoTopicCreation": false });
    table.ask("metadata of all topics", "Metadata", 1..=13, quiet(json!(null)));
    table.ask("metadata of all topics, by an empty list", "Metadata", 0, json!({ "Topics": [] }));
    table.ask("metadata of no topics", "Metadata", 1..=13, quiet(json!([])));
    table.ask("metadata of topics", "Metadata", All, quiet(json!([name("metadata-3"), name("metadata-1")])));
    table.ask(
        "metadata of a topic named twice",
        "Metadata",
        All,
        quiet(json!([name("metadata-1"), name("metadata-1")])),
    );
    table.ask(
        "metadata of an unknown topic",
        "Metadata",
        4..=13,
        quiet(json!([name("metadata-0"), name("metadata-1")])),
    );
    for (what, bad) in [("empty", ""), ("slashed", "a/b"), ("dots", ".."), ("long", &*"x".repeat(250))] {
        table.ask(
            &format!("metadata of a topic with a bad name: {what}"),
            "Metadata",
            4..=13,
            quiet(json!([name(bad)])),
        );
        let auto = json!({ "Topics": [name(bad)], "AllowAutoTopicCreation": true });
        table.ask(&format!("metadata with creation of a bad name: {what}"), "Metadata", All, auto);
    }
    let by_id = |id: &str| json!({ "TopicId": id, "Name": null });
    table.ask("metadata by id", "Metadata", 12..=13, quiet(json!([by_id("$metadata-3")])));
    let unknown = "0123456789abcdef0123456789abcdef";
    table.ask("metadata by an unknown id", "Metadata", 12..=13, quiet(json!([by_id(unknown), by_id("$metadata-1")])));
    table.ask("metadata by id zero and no name", "Metadata", 12..=13, quiet(json!([by_id(&"0".repeat(32))])));
    table.ask(
        "metadata by id in a version without",
        "Metadata",
        10..=11,
        quiet(json!([{ "TopicId": "$metadata-1", "Name": null }])),
    );
    table.ask(
        "metadata by id and name",
        "Metadata",
        10..=13,
        quiet(json!([{ "TopicId": "$metadata-1", "Name": "metadata-1" }])),
    );
    table.ask(
        "metadata by id and name, mixed",
        "Metadata",
        12..=13,
        quiet(json!([by_id("$metadata-1"), name("metadata-3")])),
    );
    table.ask(
        "metadata with authorised operations",
        "Metadata",
        8..=13,
        json!({
            "Topics": [name("metadata-1")], "AllowAutoTopicCreation": false,
            "IncludeClusterAuthorizedOperations": true, "IncludeTopicAuthorizedOperations": true,
        }),
    );
    for version in 0..=13 {
        let created = json!({ "Topics": [name("metadata-auto-$v")], "AllowAutoTopicCreation": true });
        table.ask("trap 38: metadata of a topic that is created by it", "Metadata", version, created.clone());
        table.settle(&format!("metadata-auto-{version}"), 2);
        table.ask("metadata of a topic that was created by it", "Metadata", version, created);
    }
}

pub(crate) fn describe_cluster(table: &mut Table) {
    for wants in [false, true] {
        table.ask(
            &format!("the cluster, with operations: {wants}"),
            "DescribeCluster",
            All,
            json!({ "IncludeClusterAuthorizedOperations": wants }),
        );
        table.ask(
            &format!("the cluster, with fenced brokers: {wants}"),
            "DescribeCluster",
            2,
            json!({ "IncludeFencedBrokers": wants }),
        );
    }
    for endpoint in [2, 0, 3, -1] {
        let body = json!({ "EndpointType": endpoint });
        table.ask(&format!("the cluster's endpoints of type {endpoint}"), "DescribeCluster", 1..=2, body);
    }
}
