//! Groups of the classic protocol, and what every group API says while nobody coordinates.

use millrace_judges::table::Span::All;
use millrace_judges::table::Table;
use serde_json::{Value, json};

const JOIN: &str = "JoinGroup";
const SYNC: &str = "SyncGroup";
const TOPIC: &str = "committed";

/// A consumer's subscription in version 0: no topics, no user data.
const SUBSCRIPTION: &str = "000000000000ffffffff";
/// A dynamic member must know its id from this version on.
const KNOWN_ID_VERSION: i16 = 4;
/// The newest version of SyncGroup.
const SYNC_VERSION: i16 = 5;
const UNKNOWN_MEMBER_ID: i16 = 25;

/// Text as bytes are written in a body.
fn bytes(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// A first join.
fn join(group: &str, instance: Option<&str>) -> Value {
    json!({ "GroupId": group, "SessionTimeoutMs": 30_000, "RebalanceTimeoutMs": 30_000, "MemberId": "",
        "GroupInstanceId": instance, "ProtocolType": "consumer",
        "Protocols": [{ "Name": "range", "Metadata": SUBSCRIPTION }] })
}

/// A body with the fields of `more`.
fn with(mut body: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    body
}

/// Comes before the first request for a coordinator: there is no topic that holds groups yet.
pub(crate) fn nobody_coordinates(table: &mut Table) {
    let member = json!({ "GroupId": "early", "GenerationId": 1, "MemberId": "m" });
    let mut ask = |api: &str, body: Value| drop(table.ask("nobody coordinates", api, All, body));
    ask(JOIN, join("early", None));
    ask(SYNC, with(member.clone(), &json!({ "ProtocolType": "consumer", "ProtocolName": "range" })));
    ask("Heartbeat", member);
    ask("LeaveGroup", json!({ "GroupId": "early", "MemberId": "m", "Members": [{ "MemberId": "m" }] }));
    ask("DescribeGroups", json!({ "Groups": ["early"], "IncludeAuthorizedOperations": true }));
    ask("ListGroups", json!({}));
    ask("DeleteGroups", json!({ "GroupsNames": ["early"] }));
    ask("ConsumerGroupDescribe", json!({ "GroupIds": ["early"], "IncludeAuthorizedOperations": true }));
    let topics = |partition: Value| json!([{ "Name": "early", "Partitions": [partition] }]);
    let topics_to_commit = topics(json!({ "PartitionIndex": 0, "CommittedOffset": 1 }));
    ask("OffsetDelete", json!({ "GroupId": "early", "Topics": topics(json!({ "PartitionIndex": 0 })) }));
    table.ask("nobody coordinates", "OffsetCommit", 2..=9, json!({ "GroupId": "early", "Topics": topics_to_commit }));
    for indexes in [json!([3]), json!([]), json!([1, 0])] {
        let topics = json!([{ "Name": "early", "PartitionIndexes": indexes }]);
        let body =
            json!({ "GroupId": "early", "Topics": topics, "Groups": [{ "GroupId": "early", "Topics": topics }] });
        table.ask("nobody coordinates", "OffsetFetch", 1..=9, body);
    }
    let body = json!({ "GroupId": "early", "Topics": null, "Groups": [{ "GroupId": "early", "Topics": null }] });
    table.ask("nobody coordinates all topics", "OffsetFetch", 2..=10, body);
}

pub(crate) fn coordinators(table: &mut Table) {
    let group = json!({ "KeyType": 0, "CoordinatorKeys": ["a-group"] });
    table.until("FindCoordinator", 4, &group, |it| it["Coordinators"][0]["ErrorCode"] == 0);
    for (row, kind) in [("a group", 0), ("a type that there is not", 5)] {
        let body = json!({ "Key": "a", "KeyType": kind, "CoordinatorKeys": ["a", "b"] });
        let versions = if kind == 0 { 0..=6 } else { 1..=6 };
        table.ask(&format!("the coordinator of {row}"), "FindCoordinator", versions, body);
    }
    table.ask("the coordinator of no keys", "FindCoordinator", 4..=6, json!({ "CoordinatorKeys": [] }));
}

/// A member's id, once a join in the last version has given it.
fn join_as(table: &mut Table, row: &str, version: i16, body: Value) {
    let joined = table.ask(row, JOIN, version, body);
    table.remember("member", &joined, |it| it["MemberId"].as_str().unwrap_or_default().to_owned());
}

pub(crate) fn classic(table: &mut Table) {
    coordinators(table);
    for version in 0..=9 {
        let group = format!("classic-{version}");
        table.until("Heartbeat", 0, &json!({ "GroupId": group, "GenerationId": 1, "MemberId": "m" }), |it| {
            it["ErrorCode"] == UNKNOWN_MEMBER_ID
        });
        join_as(table, "a first member", version, join(&group, None));
        if version >= KNOWN_ID_VERSION {
            join_as(table, "it has an id", version, with(join(&group, None), &json!({ "MemberId": "$member" })));
        }
        let one = json!({ "MemberId": "$member", "Assignment": bytes("all") });
        let synced = json!({ "GroupId": group, "GenerationId": 1, "MemberId": "$member", "ProtocolType": "consumer",
            "ProtocolName": "range", "Assignments": [one] });
        table.ask("a first assignment", SYNC, version.min(SYNC_VERSION), synced);
        let one_missing = json!({ "GroupId": group, "GenerationId": 1, "MemberId": "$member", "ProtocolType": null,
            "ProtocolName": "range" });
        table.ask("an assignment without a protocol type", SYNC, SYNC_VERSION, one_missing);
        let described = json!({ "Groups": [group], "IncludeAuthorizedOperations": version % 2 == 0 });
        table.ask("a classic group", "DescribeGroups", version.min(6), described);
        let members =
            json!([{ "MemberId": "$member" }, { "MemberId": "m" }, { "MemberId": "", "GroupInstanceId": "i" }]);
        let left = json!({ "GroupId": group, "MemberId": "$member", "Members": members });
        table.ask("the member leaves", "LeaveGroup", version.min(5), left.clone());
        table.ask("the member has left", "LeaveGroup", All, left);
    }
    static_leader(table);
}

/// A version that lets a leader skip the assignment does so when the leader was away.
fn static_leader(table: &mut Table) {
    for version in 5..=9 {
        let group = format!("classic-static-{version}");
        join_as(table, "a static leader", version, join(&group, Some("i")));
        let one = json!({ "MemberId": "$member", "Assignment": bytes("all") });
        let synced = json!({ "GroupId": group, "GenerationId": 1, "MemberId": "$member", "GroupInstanceId": "i",
            "ProtocolType": "consumer", "ProtocolName": "range", "Assignments": [one] });
        table.ask("a static leader's assignment", SYNC, SYNC_VERSION, synced);
        table.ask("a static leader is back", JOIN, version, join(&group, Some("i")));
    }
}

/// All that a group has committed.
pub(crate) fn all_offsets(table: &mut Table) {
    coordinators(table);
    table.topics(&[(TOPIC, 3), ("committed-too", 1)]);
    let at = |index: i32, offset: i64, note: &str| {
        json!({ "PartitionIndex": index, "CommittedOffset": offset, "CommittedLeaderEpoch": 0,
            "CommittedMetadata": note })
    };
    let fetch_all = json!({ "GroupId": "all", "Topics": null, "Groups": [{ "GroupId": "all", "Topics": null }] });
    table.until("OffsetFetch", 8, &fetch_all, |it| it["Groups"][0]["ErrorCode"] == 0);
    table.ask("all offsets of a group without any", "OffsetFetch", 2..=10, fetch_all.clone());
    for (version, name) in [(2, TOPIC), (9, TOPIC), (10, "committed-too")] {
        let partitions: Vec<_> = if name == TOPIC { vec![at(0, 4, "four"), at(2, 5, "")] } else { vec![at(0, 6, "x")] };
        let body = json!({ "GroupId": "all", "GenerationIdOrMemberEpoch": -1, "MemberId": "",
            "Topics": [{ "Name": name, "TopicId": format!("${name}"), "Partitions": partitions }] });
        table.ask("offsets of a group without members", "OffsetCommit", version, body);
        table.ask("all offsets of a group", "OffsetFetch", 2..=10, fetch_all.clone());
    }
    table.ask(
        "delete a topic with offsets",
        "DeleteTopics",
        5,
        json!({ "TopicNames": ["committed-too"], "TimeoutMs": 10_000 }),
    );
    table.settle_deleted("committed-too");
    let one_topic_left = |it: &Value| it["Groups"][0]["Topics"].as_array().is_some_and(|topics| topics.len() == 1);
    table.until("OffsetFetch", 8, &fetch_all, one_topic_left);
    table.ask("all offsets once a topic is gone", "OffsetFetch", 2..=10, fetch_all);
}
