//! DescribeClientQuotas and AlterClientQuotas.

use millrace_judges::table::Span::All;
use millrace_judges::table::Table;
use serde_json::{Value, json};

const ALTER: &str = "AlterClientQuotas";
const DESCRIBE: &str = "DescribeClientQuotas";
/// How a component of a filter matches: this name, the default, any name.
const EXACT: i8 = 0;
const DEFAULT: i8 = 1;
const ANY: i8 = 2;

/// Entities by type and name; a null names the default.
fn entity(parts: &[(&str, Value)]) -> Value {
    parts.iter().map(|(kind, name)| json!({ "EntityType": kind, "EntityName": name })).collect()
}

fn set(key: &str, value: f64) -> Value {
    json!({ "Key": key, "Value": value, "Remove": false })
}

fn remove(key: &str) -> Value {
    json!({ "Key": key, "Value": 0.0, "Remove": true })
}

fn alter(entity: &Value, ops: &[Value]) -> Value {
    json!({ "Entries": [{ "Entity": entity, "Ops": ops }], "ValidateOnly": false })
}

fn filter(components: &[(&str, i8, Value)], strict: bool) -> Value {
    let component =
        |(kind, how, name): &(&str, i8, Value)| json!({ "EntityType": kind, "MatchType": how, "Match": name });
    json!({ "Components": components.iter().map(component).collect::<Vec<_>>(), "Strict": strict })
}

/// Waits until as many entities have quotas.
fn until_entities(table: &mut Table, count: usize) {
    let all = filter(&[], false);
    table.until(DESCRIBE, 1, &all, |it| it["Entries"].as_array().is_some_and(|entries| entries.len() == count));
}

/// What may be asked of quotas, and what is refused.
pub(crate) fn alterations(table: &mut Table) {
    table.ask("quotas: of nobody", DESCRIBE, All, filter(&[], false));
    let user = entity(&[("user", json!("quota-user"))]);
    for (what, key, value) in [
        ("a byte rate", "producer_byte_rate", 1e9),
        ("a byte rate of 0", "producer_byte_rate", 0.0),
        ("a negative byte rate", "consumer_byte_rate", -5.0),
        ("a broken byte rate", "consumer_byte_rate", 10.5),
        ("a byte rate that is whole but for rounding", "consumer_byte_rate", 1_000.000_000_1),
        ("a huge byte rate", "consumer_byte_rate", 1e300),
        ("a percentage", "request_percentage", 150.5),
        ("a negative percentage", "request_percentage", -1.0),
        ("connections of a user", "connection_creation_rate", 5.0),
        ("an unknown key", "nonsense", 5.0),
        ("an empty key", "", 5.0),
        ("mutations", "controller_mutation_rate", 5.0),
    ] {
        let mut checked = alter(&user, &[set(key, value)]);
        checked["ValidateOnly"] = json!(true);
        table.ask(&format!("quotas: check {what}"), ALTER, All, checked);
    }
    let of_ip = entity(&[("ip", json!("10.1.2.3"))]);
    for (what, key, value) in [
        ("connections", "connection_creation_rate", 100.0),
        ("half a connection", "connection_creation_rate", 0.5),
        ("no connections", "connection_creation_rate", 0.0),
        ("fewer connections than none", "connection_creation_rate", -1.0),
        ("too many connections", "connection_creation_rate", 1e10),
        ("a byte rate", "producer_byte_rate", 5.0),
    ] {
        let mut checked = alter(&of_ip, &[set(key, value)]);
        checked["ValidateOnly"] = json!(true);
        table.ask(&format!("quotas: check {what} of an address"), ALTER, All, checked);
    }
    let rate = [set("producer_byte_rate", 1e9)];
    let connections = [set("connection_creation_rate", 1000.0)];
    for (what, parts, ops) in [
        ("no entity", vec![], &rate),
        ("an unknown type", vec![("nonsense", json!("a"))], &rate),
        ("an empty type", vec![("", json!("a"))], &rate),
        ("an empty name", vec![("user", json!(""))], &rate),
        ("an empty client id", vec![("client-id", json!(""))], &rate),
        ("an empty address", vec![("ip", json!(""))], &connections),
        ("a type twice", vec![("user", json!("a")), ("user", json!("b"))], &rate),
        ("an address and a user", vec![("ip", json!("10.0.0.1")), ("user", json!("b"))], &connections),
        ("an address and a client id", vec![("ip", json!("10.0.0.1")), ("client-id", json!("b"))], &connections),
        ("no address", vec![("ip", json!("999.1.2.3"))], &connections),
        ("an address of version 6", vec![("ip", json!("fe80::1"))], &connections),
        ("a host", vec![("ip", json!("localhost"))], &connections),
        ("every address", vec![("ip", json!(null))], &connections),
    ] {
        let mut checked = alter(&entity(&parts), ops);
        checked["ValidateOnly"] = json!(true);
        table.ask(&format!("quotas: check {what}"), ALTER, All, checked);
    }
    until_entities(table, 0);
    let twice = [set("producer_byte_rate", 5.0), set("producer_byte_rate", 6.0)];
    table.ask("quotas: a key twice", ALTER, All, alter(&user, &twice));
    let good = json!({ "Entity": entity(&[("user", json!("quota-good"))]), "Ops": rate });
    let bad = json!({ "Entity": entity(&[("user", json!(""))]), "Ops": rate });
    let both = json!({ "Entries": [good, bad], "ValidateOnly": false });
    table.ask("quotas: one good, one bad", ALTER, All, both);
    let half = [set("producer_byte_rate", 1e9), set("nonsense", 6.0)];
    table.ask("quotas: one good key, one bad", ALTER, All, alter(&entity(&[("user", json!("quota-half"))]), &half));
    table.ask("quotas: no keys", ALTER, All, alter(&user, &[]));
    table.ask("quotas: no entries", ALTER, All, json!({ "Entries": [], "ValidateOnly": false }));
    table.ask("quotas: remove what is not there", ALTER, All, alter(&user, &[remove("request_percentage")]));
    table.ask("quotas: remove an unknown key", ALTER, All, alter(&user, &[remove("nonsense")]));
    table.ask("quotas: what the refused left", DESCRIBE, All, filter(&[("user", ANY, json!(null))], false));
}

/// What is set is described, by every kind of filter.
pub(crate) fn descriptions(table: &mut Table) {
    clear(table);
    let (user, client) = (|name: Value| ("user", name), |name: Value| ("client-id", name));
    let entities = [
        vec![user(json!("quota-a"))],
        vec![user(json!(null))],
        vec![client(json!("quota-c"))],
        vec![client(json!(null))],
        vec![user(json!("quota-a")), client(json!("quota-c"))],
        vec![user(json!("quota-a")), client(json!(null))],
        vec![user(json!(null)), client(json!("quota-c"))],
        vec![user(json!(null)), client(json!(null))],
    ];
    for (number, parts) in entities.iter().enumerate() {
        let name = format!("quotas: set on entity {number}");
        let ops = [set("producer_byte_rate", 1e12), set("consumer_byte_rate", 1e13), set("request_percentage", 1e5)];
        table.ask(&name, ALTER, All, alter(&entity(parts), &ops));
    }
    let ip = |name: Value| entity(&[("ip", name)]);
    table.ask(
        "quotas: set on an address",
        ALTER,
        All,
        alter(&ip(json!("10.9.9.9")), &[set("connection_creation_rate", 7.0)]),
    );
    until_entities(table, 9);
    for strict in [false, true] {
        let how = if strict { "strictly" } else { "loosely" };
        for (what, components) in [
            ("everybody", vec![]),
            ("a user", vec![("user", EXACT, json!("quota-a"))]),
            ("an unknown user", vec![("user", EXACT, json!("quota-z"))]),
            ("the default user", vec![("user", DEFAULT, json!(null))]),
            ("any user", vec![("user", ANY, json!(null))]),
            ("a client", vec![("client-id", EXACT, json!("quota-c"))]),
            ("the default client", vec![("client-id", DEFAULT, json!(null))]),
            ("any client", vec![("client-id", ANY, json!(null))]),
            ("a user and a client", vec![("user", EXACT, json!("quota-a")), ("client-id", EXACT, json!("quota-c"))]),
            ("a user and any client", vec![("user", EXACT, json!("quota-a")), ("client-id", ANY, json!(null))]),
            ("any user and any client", vec![("user", ANY, json!(null)), ("client-id", ANY, json!(null))]),
            ("both defaults", vec![("user", DEFAULT, json!(null)), ("client-id", DEFAULT, json!(null))]),
            ("an address", vec![("ip", EXACT, json!("10.9.9.9"))]),
            ("any address", vec![("ip", ANY, json!(null))]),
            ("the default address", vec![("ip", DEFAULT, json!(null))]),
        ] {
            table.ask(&format!("quotas: describe {what}, {how}"), DESCRIBE, All, filter(&components, strict));
        }
    }
    for (what, components) in [
        ("an unknown type", vec![("nonsense", EXACT, json!("a"))]),
        ("an empty type", vec![("", EXACT, json!("a"))]),
        ("a type twice", vec![("user", EXACT, json!("a")), ("user", DEFAULT, json!(null))]),
        ("no name for an exact match", vec![("user", EXACT, json!(null))]),
        ("a name for the default", vec![("user", DEFAULT, json!("a"))]),
        ("a name for any", vec![("user", ANY, json!("a"))]),
        ("an unknown way to match", vec![("user", 3, json!("a"))]),
        ("a negative way to match", vec![("user", -1, json!("a"))]),
        ("an address and a user", vec![("ip", ANY, json!(null)), ("user", ANY, json!(null))]),
        ("an address and a client", vec![("ip", ANY, json!(null)), ("client-id", ANY, json!(null))]),
    ] {
        table.ask(&format!("quotas: describe {what}"), DESCRIBE, All, filter(&components, false));
    }
    table.ask("quotas: change one", ALTER, All, alter(&entity(&entities[0]), &[set("producer_byte_rate", 2e12)]));
    table.ask("quotas: remove one", ALTER, All, alter(&entity(&entities[0]), &[remove("consumer_byte_rate")]));
    table.until(DESCRIBE, 1, &filter(&[("user", EXACT, json!("quota-a"))], true), |it| {
        it["Entries"][0]["Values"].as_array().is_some_and(|values| values.len() == 2)
    });
    table.ask("quotas: after both", DESCRIBE, All, filter(&[("user", EXACT, json!("quota-a"))], true));
    clear(table);
    table.ask("quotas: after all are removed", DESCRIBE, All, filter(&[], false));
}

/// Removes every quota from both brokers.
fn clear(table: &mut Table) {
    use millrace_judges::broker::Kind;
    for kind in [Kind::Reference, Kind::Millrace] {
        let all = table.tell(kind, DESCRIBE, 1, &filter(&[], false));
        let entries = all.answer()["Entries"].as_array().cloned().unwrap_or_default();
        for entry in entries {
            let keys = entry["Values"].as_array().cloned().unwrap_or_default();
            let ops: Vec<Value> = keys.iter().map(|value| remove(value["Key"].as_str().unwrap_or_default())).collect();
            table.tell(kind, ALTER, 1, &alter(&entry["Entity"], &ops));
        }
    }
    until_entities(table, 0);
}
