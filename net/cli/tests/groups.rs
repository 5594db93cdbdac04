//! `millrace group` against its own broker: what is set is what is shown.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test's helpers fail as tests do")]

mod harness;

use harness::Broker;
use serde_json::{Value, json};

/// What `describe` shows of each partition: committed offset, end and lag.
fn lags(broker: &Broker) -> Vec<(Value, Value, Value)> {
    let described = broker.run(["group", "describe", "g", "--json"]).json().remove(0);
    let partitions = described["partitions"].as_array().unwrap().iter();
    partitions.map(|of| (of["committed"].clone(), of["end_offset"].clone(), of["lag"].clone())).collect()
}

fn groups(cores: u32) {
    let directory = tempfile::tempdir().unwrap();
    let broker = Broker::start(&directory.path().join("data"), cores);
    assert_eq!(broker.run(["group", "list", "--json"]).json(), [json!([])]);
    broker.run(["topic", "create", "t", "-p", "2"]).ok();
    let lines: String = (0..10).map(|number| format!("value {number}\n")).collect();
    broker.run_with(["produce", "t", "--partition", "0"], lines.as_bytes());

    let missing = broker.run(["group", "describe", "g"]);
    assert_eq!(missing.code, 3);
    assert!(missing.stderr.contains("GROUP_ID_NOT_FOUND"), "{}", missing.stderr);
    let reset = ["group", "reset-offsets", "g", "--topic", "t"];
    let to = |place: &[&'static str]| [&reset[..], place].concat();
    let would = broker.run(to(&["--to", "latest", "--dry-run", "--json"])).json();
    let first = json!({"topic": "t", "partition": 0, "before": null, "after": 10});
    assert_eq!(would, [json!([first, {"topic": "t", "partition": 1, "before": null, "after": 0}])]);
    assert_eq!(broker.run(["group", "list", "--json"]).json(), [json!([])], "nothing has changed");

    for (place, committed) in [
        (["--to", "latest"], 10),
        (["--shift", "-3"], 7),
        (["--shift", "-30"], 0),
        (["--shift", "5"], 5),
        (["--to", "-2"], 8),
        (["--to", "earliest"], 0),
        (["--to", "1h"], 0),
    ] {
        broker.run(to(&place)).ok();
        let lag = 10 - committed;
        assert_eq!(lags(&broker), [(json!(committed), json!(10), json!(lag)), (json!(0), json!(0), json!(0))]);
    }
    let outside = broker.run(to(&["--to", "11"]));
    assert_eq!(outside.code, 3, "{}", outside.stderr);
    let listed = json!([{"name": "g", "state": "Empty", "protocol_type": "", "group_type": "classic"}]);
    assert_eq!(broker.run(["group", "list", "--json"]).json(), [listed]);
    let shown = broker.run(["group", "describe", "g"]).ok();
    assert!(shown.starts_with("group g (Empty)\nTOPIC  PARTITION  COMMITTED  END  LAG  MEMBER\nt      0"), "{shown}");
    broker.run(["topic", "delete", "t"]).ok();
    broker.run(["topic", "create", "t", "-p", "2"]).ok();
    assert_eq!(lags(&broker), [], "another topic of the name begins anew");
    assert_eq!(broker.run(["group", "delete", "g"]).ok(), "deleted group g\n");
    assert_eq!(broker.run(["group", "delete", "g"]).code, 3);
    assert!(broker.stop().success());
}

#[test]
fn groups_are_listed_described_reset_and_deleted_on_one_core() {
    groups(1);
}

#[test]
fn groups_are_listed_described_reset_and_deleted_on_two_cores() {
    groups(2);
}
