//! UpdateFeatures and UnregisterBroker.

use std::collections::BTreeMap;

use millrace_judges::broker::Kind;
use millrace_judges::table::Span::All;
use millrace_judges::table::Table;
use serde_json::{Value, json};

/// Kafka's kinds of change.
const UPGRADE: i8 = 1;
const SAFE_DOWNGRADE: i8 = 2;
const UNSAFE_DOWNGRADE: i8 = 3;

fn update(feature: &str, level: i16, kind: i8) -> Value {
    json!({ "Feature": feature, "MaxVersionLevel": level, "AllowDowngrade": kind != UPGRADE, "UpgradeType": kind })
}

fn checked(updates: &[Value]) -> Value {
    json!({ "timeoutMs": 10_000, "FeatureUpdates": updates, "ValidateOnly": true })
}

pub(crate) fn updates(table: &mut Table) {
    let api = "UpdateFeatures";
    for feature in ["group.version", "metadata.version", "transaction.version", "share.version", "unknown.version", ""]
    {
        for level in [-1, 0, 1, 5, 99] {
            for (how, kind) in [("up", UPGRADE), ("down safely", SAFE_DOWNGRADE), ("down", UNSAFE_DOWNGRADE)] {
                let row = format!("features: '{feature}' {how} to {level}");
                table.ask(&row, api, 1..=2, checked(&[update(feature, level, kind)]));
            }
        }
    }
    for kind in [0, 4, -1] {
        table.ask(
            &format!("features: kind {kind} of change"),
            api,
            1..=2,
            checked(&[update("group.version", 1, kind)]),
        );
    }
    table.ask("features: nothing", api, All, json!({ "timeoutMs": 10_000, "FeatureUpdates": [] }));
    let twice = [update("metadata.version", 30, UPGRADE), update("metadata.version", 30, SAFE_DOWNGRADE)];
    table.ask("features: a feature twice", api, 1..=2, checked(&twice));
    let two = [update("metadata.version", 30, UPGRADE), update("unknown.version", 1, UPGRADE)];
    table.ask("features: two, one unknown", api, 1..=2, checked(&two));
}

/// A level that is changed shows, and the consumer protocol of groups is there from level 1 on.
pub(crate) fn changes(table: &mut Table) {
    let change = |level: i16, kind: i8| {
        let updates = [update("group.version", level, kind)];
        json!({ "timeoutMs": 10_000, "FeatureUpdates": updates, "ValidateOnly": false })
    };
    let heartbeat = json!({ "GroupId": "featured", "MemberId": "some", "MemberEpoch": 7, "RebalanceTimeoutMs": -1 });
    let described = json!({ "GroupIds": ["featured"] });
    let ask = |table: &mut Table, when: &str| {
        table.ask(&format!("features: heartbeat {when}"), "ConsumerGroupHeartbeat", All, heartbeat.clone());
        table.ask(&format!("features: groups {when}"), "ConsumerGroupDescribe", All, described.clone());
    };
    let client = json!({ "ClientSoftwareName": "judge", "ClientSoftwareVersion": "1" });
    let until = |table: &mut Table, level: i16| {
        table.until("ApiVersions", 4, &client, |it| {
            let features = it["FinalizedFeatures"].as_array().cloned().unwrap_or_default();
            let found = features.iter().find(|feature| feature["Name"] == "group.version");
            found.map_or(0, |feature| feature["MaxVersionLevel"].as_i64().unwrap_or(0)) == i64::from(level)
        });
    };
    ask(table, "at level 1");
    let epochs = [Kind::Reference, Kind::Millrace].map(|kind| {
        let told = table.tell(kind, "ApiVersions", 4, &client);
        (kind.name(), told.answer()["FinalizedFeaturesEpoch"].clone())
    });
    let epochs = BTreeMap::from(epochs);
    table.ask("features: group.version off by an upgrade", "UpdateFeatures", 2, change(0, UPGRADE));
    table.ask("features: group.version off", "UpdateFeatures", 2, change(0, SAFE_DOWNGRADE));
    until(table, 0);
    for kind in [Kind::Reference, Kind::Millrace] {
        let told = table.tell(kind, "ApiVersions", 4, &client).answer().clone();
        let finalized = told["FinalizedFeatures"].as_array().cloned().unwrap_or_default();
        assert!(finalized.iter().all(|feature| feature["Name"] != "group.version"), "{}: {told}", kind.name());
        let before = &epochs[kind.name()];
        assert!(told["FinalizedFeaturesEpoch"].as_i64() > before.as_i64(), "{}: {told}", kind.name());
    }
    ask(table, "at level 0");
    table.ask("features: group.version off again", "UpdateFeatures", 2, change(0, SAFE_DOWNGRADE));
    table.ask("features: group.version on by a downgrade", "UpdateFeatures", 2, change(1, SAFE_DOWNGRADE));
    table.ask("features: group.version on by force", "UpdateFeatures", 2, change(1, UNSAFE_DOWNGRADE));
    table.ask("features: group.version on", "UpdateFeatures", 2, change(1, UPGRADE));
    until(table, 1);
    ask(table, "at level 1 again");
    // The first version has no kinds, and whether it allows the way down makes no difference.
    for kind in [UPGRADE, SAFE_DOWNGRADE] {
        table.ask("features: group.version off as of old", "UpdateFeatures", 0, change(0, kind));
        table.ask("features: group.version on as of old", "UpdateFeatures", 0, change(1, kind));
    }
}

pub(crate) fn unregistration(table: &mut Table) {
    for id in [0, 7, -1, i32::MAX] {
        table.ask(&format!("unregister broker {id}"), "UnregisterBroker", All, json!({ "BrokerId": id }));
    }
}
