//! Groups of the consumer protocol (KIP-848): members that join, let go, get, commit and leave; what is refused.

use millrace_judges::broker::Kind;
use millrace_judges::table::Span::All;
use millrace_judges::table::Table;
use serde_json::{Value, json};

const HEARTBEAT: &str = "ConsumerGroupHeartbeat";
const DESCRIBE: &str = "ConsumerGroupDescribe";
const TOPIC: &str = "grouped";

/// A heartbeat with the fields of `more`.
fn beat(group: &str, member: &str, epoch: i32, more: &Value) -> Value {
    let mut body = json!({ "GroupId": group, "MemberId": member, "MemberEpoch": epoch });
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    body
}

/// What a member says that joins.
fn full() -> Value {
    json!({ "RebalanceTimeoutMs": 30_000, "SubscribedTopicNames": [TOPIC], "TopicPartitions": [] })
}

/// The same, with other fields.
fn full_with(more: &Value) -> Value {
    let mut body = full();
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    body
}

fn owned(partitions: &[i32]) -> Value {
    json!({ "TopicPartitions": [{ "TopicId": format!("${TOPIC}"), "Partitions": partitions }] })
}

fn describe(groups: &[&str]) -> Value {
    json!({ "GroupIds": groups, "IncludeAuthorizedOperations": false })
}

/// Topics, and coordinators that know them; once, whichever scene comes first.
fn prepare(table: &mut Table) {
    if table.has_topic(TOPIC) {
        return;
    }
    table.topics(&[(TOPIC, 6)]);
    let group = json!({ "KeyType": 0, "CoordinatorKeys": ["cg"] });
    table.until("FindCoordinator", 4, &group, |it| it["Coordinators"][0]["ErrorCode"] == 0);
    let has_assignment =
        |it: &Value| it["Assignment"]["TopicPartitions"].as_array().is_some_and(|topics| !topics.is_empty());
    table.until(HEARTBEAT, 1, &beat("cg-warm", "W", 0, &full()), has_assignment);
}

/// In its first version a member is given its id.
fn named_by_the_broker(table: &mut Table) {
    for kind in [Kind::Reference, Kind::Millrace] {
        let joins = beat("cg-unnamed", "", 0, &full());
        let [one, other] = [(); 2].map(|()| table.tell(kind, HEARTBEAT, 0, &joins).answer().clone());
        for joined in [&one, &other] {
            let id = joined["MemberId"].as_str().unwrap_or_default();
            assert!(joined["ErrorCode"] == 0 && id.len() == 22, "{}: {joined}", kind.name());
        }
        assert_ne!(one["MemberId"], other["MemberId"], "{}", kind.name());
    }
}

pub(crate) fn members(table: &mut Table) {
    prepare(table);
    named_by_the_broker(table);
    let none = json!({});
    let mut ask = |row: &str, body: Value| drop(table.ask(&format!("consumer group: {row}"), HEARTBEAT, 1, body));
    ask("the first member joins", beat("cg", "A", 0, &full()));
    ask("it joins again", beat("cg", "A", 0, &full()));
    ask("it is alive", beat("cg", "A", 2, &none));
    ask("it says all again", beat("cg", "A", 2, &full_with(&owned(&[0, 1, 2, 3, 4, 5]))));
    ask("a second one joins", beat("cg", "B", 0, &full()));
    ask("the first is to let go", beat("cg", "A", 2, &none));
    ask("the second waits", beat("cg", "B", 3, &none));
    ask("the first has not let go of all", beat("cg", "A", 2, &owned(&[0, 1, 2, 3])));
    ask("the first has let go", beat("cg", "A", 2, &owned(&[0, 1, 2])));
    ask("the answer was lost", beat("cg", "A", 2, &owned(&[0, 1, 2])));
    ask("an older epoch without partitions", beat("cg", "A", 2, &none));
    ask("an older epoch with too many", beat("cg", "A", 2, &owned(&[0, 5])));
    ask("a newer epoch", beat("cg", "A", 9, &none));
    ask("the second gets what is free", beat("cg", "B", 3, &none));
    ask("a member with a rack", beat("cg", "A", 3, &json!({ "RackId": "r1" })));
    ask("a member that is not", beat("cg", "Z", 3, &none));
    ask("a group that is not", beat("cg-none", "A", 3, &none));
    ask("a member leaves that is not", beat("cg", "Z", -1, &none));
    ask("a member leaves a group that is not", beat("cg-none", "A", -1, &none));
    ask("the second reads nothing any more", beat("cg", "B", 3, &json!({ "SubscribedTopicNames": [] })));
    ask("the second lets go of all", beat("cg", "B", 3, &json!({ "TopicPartitions": [] })));
    ask("the first gets all", beat("cg", "A", 3, &none));
    table.ask("consumer groups: describe", DESCRIBE, All, describe(&["cg", "cg-none"]));
    table.ask("consumer groups: describe none", DESCRIBE, All, describe(&[]));
    table.ask("consumer groups: as classic ones", "DescribeGroups", All, json!({ "Groups": ["cg", "cg-none"] }));
    let body = json!({ "Groups": ["cg", "cg-none"], "IncludeAuthorizedOperations": true });
    table.ask("consumer groups: as classic ones, with operations", "DescribeGroups", 3..=6, body);
    let body = json!({ "GroupIds": ["cg", "cg-none"], "IncludeAuthorizedOperations": true });
    table.ask("consumer groups: describe with operations", DESCRIBE, All, body);
    for (states, types) in [(json!([]), json!(["consumer"])), (json!(["stable"]), json!(["Consumer"]))] {
        let body = json!({ "StatesFilter": states, "TypesFilter": types });
        table.ask("consumer groups: list", "ListGroups", 5, body);
    }
    table.ask("consumer groups: delete with members", "DeleteGroups", All, json!({ "GroupsNames": ["cg", "cg-none"] }));
    let mut ask = |row: &str, body: Value| drop(table.ask(&format!("consumer group: {row}"), HEARTBEAT, 1, body));
    ask("the first leaves", beat("cg", "A", -1, &none));
    ask("the second leaves", beat("cg", "B", -1, &none));
    table.ask("consumer groups: describe an empty one", DESCRIBE, All, describe(&["cg"]));
    table.ask("consumer groups: delete", "DeleteGroups", 2, json!({ "GroupsNames": ["cg"] }));
    table.ask("consumer groups: describe a deleted one", DESCRIBE, All, describe(&["cg"]));
}

pub(crate) fn static_members(table: &mut Table) {
    prepare(table);
    let fixed = |more: &Value| {
        let mut body = more.clone();
        body["InstanceId"] = json!("i");
        body
    };
    let (join, none) = (fixed(&full()), json!({}));
    let mut ask = |row: &str, body: Value| drop(table.ask(&format!("static member: {row}"), HEARTBEAT, 1, body));
    ask("it joins", beat("cs", "S1", 0, &join));
    ask("it joins again", beat("cs", "S1", 0, &join));
    ask("another one joins", beat("cs", "S2", 0, &join));
    ask("another one is alive", beat("cs", "S2", 2, &fixed(&none)));
    ask("another one leaves", beat("cs", "S2", -1, &fixed(&none)));
    ask("an unknown name", beat("cs", "S1", 2, &json!({ "InstanceId": "j" })));
    ask("an unknown name leaves", beat("cs", "S1", -2, &json!({ "InstanceId": "j" })));
    ask("it leaves for a while", beat("cs", "S1", -2, &fixed(&none)));
    ask("it is alive nevertheless", beat("cs", "S1", 2, &fixed(&none)));
    table.ask("static member: describe", DESCRIBE, All, describe(&["cs"]));
    let mut ask = |row: &str, body: Value| drop(table.ask(&format!("static member: {row}"), HEARTBEAT, 1, body));
    ask("another one takes its place", beat("cs", "S2", 0, &join));
    ask("it comes back", beat("cs", "S1", 2, &fixed(&none)));
    ask("the other one leaves", beat("cs", "S2", -1, &fixed(&none)));
    table.ask("static member: describe what is left", DESCRIBE, All, describe(&["cs"]));
}

pub(crate) fn refused(table: &mut Table) {
    prepare(table);
    let bad = [
        ("no group", beat("", "A", 0, &full())),
        ("no member", beat("cr", "", 0, &full())),
        ("no member, later", beat("cr", "", 3, &json!({}))),
        ("no time-out", beat("cr", "A", 0, &full_with(&json!({ "RebalanceTimeoutMs": -1 })))),
        ("no partitions", beat("cr", "A", 0, &full_with(&json!({ "TopicPartitions": null })))),
        ("partitions", beat("cr", "A", 0, &full_with(&owned(&[1])))),
        ("no subscription", beat("cr", "A", 0, &full_with(&json!({ "SubscribedTopicNames": null })))),
        ("an empty instance id", beat("cr", "A", 0, &full_with(&json!({ "InstanceId": "" })))),
        ("an empty rack", beat("cr", "A", 0, &full_with(&json!({ "RackId": "" })))),
        ("an unknown assignor", beat("cr", "A", 0, &full_with(&json!({ "ServerAssignor": "x" })))),
        ("an empty assignor", beat("cr", "A", 0, &full_with(&json!({ "ServerAssignor": "" })))),
        ("epoch -2 without an instance id", beat("cr", "A", -2, &json!({}))),
        ("epoch -3", beat("cr", "A", -3, &json!({}))),
    ];
    for (row, body) in bad {
        let versions = if row == "no member" { 1..=1 } else { 0..=1 };
        table.ask(&format!("consumer group: {row}"), HEARTBEAT, versions, body);
    }
    for regex in ["(", "(?=a)", "[", "a**", "\\"] {
        let body = full_with(&json!({ "SubscribedTopicRegex": regex, "SubscribedTopicNames": null }));
        table.ask(&format!("consumer group: the pattern {regex}"), HEARTBEAT, 1, beat("cr", "A", 0, &body));
    }
    table.ask("consumer groups: nobody came", DESCRIBE, All, describe(&["cr"]));
}

pub(crate) fn offsets(table: &mut Table) {
    prepare(table);
    let mut ask = |row: &str, body: Value| drop(table.ask(&format!("offsets of a member: {row}"), HEARTBEAT, 1, body));
    ask("it joins", beat("co", "A", 0, &full()));
    ask("another one joins", beat("co", "B", 0, &full()));
    ask("it is to let go", beat("co", "A", 2, &json!({})));
    let commit = |member: &str, epoch: i32, partitions: &[i32]| {
        let partitions: Vec<_> = partitions
            .iter()
            .map(|index| json!({ "PartitionIndex": index, "CommittedOffset": 5, "CommittedMetadata": "" }))
            .collect();
        json!({ "GroupId": "co", "GenerationIdOrMemberEpoch": epoch, "MemberId": member,
            "Topics": [{ "Name": TOPIC, "TopicId": format!("${TOPIC}"), "Partitions": partitions }] })
    };
    let mut ask = |row: &str, body: Value| {
        drop(table.ask(&format!("offsets of a member: {row}"), "OffsetCommit", 9..=10, body));
    };
    ask("commit what it lets go", commit("A", 2, &[0, 5]));
    ask("commit at a newer epoch", commit("A", 3, &[0]));
    ask("commit at an older epoch", commit("A", 1, &[0]));
    ask("commit as nobody", commit("", -1, &[0]));
    ask("commit as another one", commit("Z", 2, &[0]));
    ask("commit to partitions that there are not", commit("A", 2, &[5, 6, -1]));
    table.ask("offsets of a member: commit as of old", "OffsetCommit", 2..=8, commit("A", 2, &[0]));
    table.ask("offsets of a member: it has let go", HEARTBEAT, 1, beat("co", "A", 2, &owned(&[0, 1, 2])));
    let mut ask = |row: &str, body: Value| {
        drop(table.ask(&format!("offsets of a member: {row}"), "OffsetCommit", 9..=10, body));
    };
    ask("commit what it kept, at the epoch before", commit("A", 2, &[0, 1]));
    ask("commit what it let go, at the epoch before", commit("A", 2, &[0, 5]));
    ask("commit what it let go", commit("A", 3, &[5]));
    let fetch = |member: Value, epoch: i32| {
        json!({ "Groups": [{ "GroupId": "co", "MemberId": member, "MemberEpoch": epoch,
            "Topics": [{ "Name": TOPIC, "TopicId": format!("${TOPIC}"), "PartitionIndexes": [0, 3] }] }] })
    };
    let mut ask = |row: &str, body: Value| {
        drop(table.ask(&format!("offsets of a member: {row}"), "OffsetFetch", 9..=10, body));
    };
    ask("fetch", fetch(json!("A"), 3));
    ask("fetch at another epoch", fetch(json!("A"), 2));
    ask("fetch as another one", fetch(json!("Z"), 3));
    ask("fetch as nobody", fetch(json!(null), -1));
    ask("fetch without a name", fetch(json!(""), -1));
    for (row, group) in [("its own", "co"), ("no group's", "cg-none")] {
        let topics = json!([{ "Name": TOPIC, "TopicId": format!("${TOPIC}"), "PartitionIndexes": [0, 3] }]);
        let named = json!([{ "Name": TOPIC, "PartitionIndexes": [0, 3] }]);
        let single = json!({ "GroupId": group, "Topics": named });
        table.ask(&format!("offsets of a member: fetch {row} as of old"), "OffsetFetch", 1..=7, single);
        let several = json!({ "Groups": [{ "GroupId": group, "Topics": topics }] });
        table.ask(&format!("offsets of a member: fetch {row} among several"), "OffsetFetch", 8..=10, several);
    }
    table.ask("groups in a state that there is not", "ListGroups", 4..=5, json!({ "StatesFilter": ["Sleeping"] }));
    table.ask("all groups", "ListGroups", All, json!({}));
    let delete = |partitions: &[i32]| {
        let partitions: Vec<_> = partitions.iter().map(|index| json!({ "PartitionIndex": index })).collect();
        json!({ "GroupId": "co", "Topics": [{ "Name": TOPIC, "Partitions": partitions }] })
    };
    table.ask("offsets of a member: delete what is read", "OffsetDelete", 0, delete(&[0, 1]));
    table.ask("offsets of a member: one leaves", HEARTBEAT, 1, beat("co", "A", -1, &json!({})));
    table.ask("offsets of a member: the other one leaves", HEARTBEAT, 1, beat("co", "B", -1, &json!({})));
    table.ask("offsets of a member: commit to an empty group", "OffsetCommit", 9..=10, commit("", -1, &[0]));
    table.ask("offsets of a member: delete what nobody reads", "OffsetDelete", 0, delete(&[0, 1]));
    table.ask("offsets of a member: delete what there is not", "OffsetDelete", 0, delete(&[5, 6, -1]));
}
