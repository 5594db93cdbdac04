//! `millrace topic alter` and `millrace config` against the binary's own broker.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test's helpers fail as tests do")]

mod harness;

use harness::{Broker, Done};
use serde_json::{Value, json};

fn started(test: impl FnOnce(&Broker)) {
    let directory = tempfile::tempdir().unwrap();
    let broker = Broker::start(&directory.path().join("data"), 1);
    broker.run(["topic", "create", "orders", "--partitions", "2"]).ok();
    test(&broker);
    assert!(broker.stop().success());
}

fn refused(done: &Done, code: i32, told: &str) {
    assert_eq!(done.code, code, "{done:?}");
    assert!(done.stderr.contains(told), "{}", done.stderr);
    assert_eq!(done.stdout, b"");
}

#[test]
fn a_topic_gets_partitions_and_settings() {
    started(|broker| {
        let altered = broker.run(["topic", "alter", "orders", "-p", "4", "-c", "retention.ms=1000"]).ok();
        assert_eq!(altered, "topic orders altered: retention.ms=1000, 4 partitions\n");
        let described = broker.run(["topic", "describe", "orders", "--json"]).json().remove(0);
        assert_eq!(described["partitions"].as_array().unwrap().len(), 4);
        let find = |described: &Value| {
            let settings = described["settings"].as_array().unwrap();
            settings.iter().find(|setting| setting["name"] == "retention.ms").cloned().unwrap()
        };
        assert_eq!(find(&described), json!({"name": "retention.ms", "value": "1000", "source": "topic"}));

        let altered = broker.run(["topic", "alter", "orders", "--unset", "retention.ms", "--json"]).json().remove(0);
        let expected = json!({"name": "orders", "partitions": null, "set": {}, "unset": ["retention.ms"],
            "dry_run": false});
        assert_eq!(altered, expected);
        let described = broker.run(["topic", "describe", "orders", "--json"]).json().remove(0);
        assert_eq!(find(&described), json!({"name": "retention.ms", "value": "604800000", "source": "default"}));
    });
}

#[test]
fn what_is_only_tried_changes_nothing_and_what_is_wrong_is_told() {
    started(|broker| {
        let arguments = ["topic", "alter", "orders", "-p", "9", "-c", "segment.ms=5", "--dry-run"];
        let tried = broker.run(arguments).ok();
        assert_eq!(tried, "topic orders could be altered: segment.ms=5, 9 partitions\n");
        refused(&broker.run(["topic", "alter", "orders", "-p", "2"]), 3, "INVALID_PARTITIONS");
        refused(&broker.run(["topic", "alter", "orders", "-c", "segment.ms=x"]), 3, "INVALID_CONFIG");
        refused(&broker.run(["topic", "alter", "orders"]), 2, "required");
        refused(&broker.run(["topic", "alter", "nothing", "-p", "2"]), 3, "millrace topic create nothing");
        refused(&broker.run(["topic", "alter", "nothing", "-c", "segment.ms=5"]), 3, "does not exist");
        let described = broker.run(["topic", "describe", "orders", "--json"]).json().remove(0);
        assert_eq!(described["partitions"].as_array().unwrap().len(), 2);
        assert_eq!(
            broker.run(["config", "list", "--topic", "orders"]).ok(),
            "every setting has its default; `--all` shows them\n"
        );
    });
}

#[test]
fn settings_are_listed_shown_set_and_unset() {
    started(|broker| {
        let set = ["config", "set", "compression.type=zstd", "segment.ms=60000", "--topic", "orders"];
        assert_eq!(broker.run(set).ok(), "set: compression.type=zstd\nset: segment.ms=60000\n");
        let table = [
            "NAME              VALUE  SOURCE\n",
            "compression.type  zstd   topic\n",
            "segment.ms        60000  topic\n",
        ];
        assert_eq!(broker.run(["config", "list", "--topic", "orders"]).ok(), table.concat());
        assert_eq!(broker.run(["config", "get", "segment.ms", "--topic", "orders"]).ok(), "60000\n");
        let arguments = ["config", "get", "segment.ms", "retention.ms", "--topic", "orders", "--json"];
        let shown = |name: &str, value: &str, source: &str| {
            let (read_only, secret) = (false, false);
            json!({"name": name, "value": value, "source": source, "read_only": read_only, "secret": secret})
        };
        assert_eq!(
            broker.run(arguments).json(),
            [json!([shown("segment.ms", "60000", "topic"), shown("retention.ms", "604800000", "default")])]
        );
        let unset = ["config", "unset", "segment.ms", "-t", "orders", "--json"];
        assert_eq!(broker.run(unset).json(), [json!([shown("segment.ms", "604800000", "default")])]);
        let all = broker.run(["config", "list", "-t", "orders", "--all", "--json"]).json().remove(0);
        assert_eq!(all.as_array().unwrap().len(), 35);

        refused(&broker.run(["config", "get", "segment.mss", "-t", "orders"]), 2, "did you mean segment.ms?");
        refused(&broker.run(["config", "get", "xyz", "-t", "orders"]), 2, "`millrace config list --all`");
        refused(&broker.run(["config", "get", "segment.ms", "-t", "nothing"]), 3, "does not exist");
        refused(&broker.run(["config", "set", "segment.ms=0", "-t", "orders"]), 3, "Value must be at least 1");
        refused(&broker.run(["config", "set", "segment.ms", "-t", "orders"]), 2, "expected NAME=VALUE");
        refused(&broker.run(["config", "list"]), 2, "required");
    });
}

#[test]
fn a_brokers_settings_are_shown_changed_and_refused() {
    started(|broker| {
        assert_eq!(broker.run(["config", "get", "num.partitions", "--broker", "1"]).ok(), "1\n");
        let listed = broker.run(["config", "list", "--broker", "1"]).ok();
        assert!(listed.lines().any(|line| line.starts_with("listeners") && line.ends_with("static")), "{listed}");
        refused(&broker.run(["config", "list", "--broker", "7"]), 3, "there is no broker 7: the cluster has [1]");
        let set = ["config", "set", "num.partitions=3", "--broker", "1"];
        refused(&broker.run(set), 3, "Cannot update these configs dynamically: [num.partitions]");

        let retention = || broker.run(["config", "get", "retention.ms", "--topic", "orders"]).ok();
        assert_eq!(retention(), "604800000\n");
        broker.run(["config", "set", "log.retention.ms=5000", "--all-brokers"]).ok();
        assert_eq!(retention(), "5000\n", "topics inherit it at once");
        broker.run(["config", "set", "log.retention.ms=6000", "--broker", "1"]).ok();
        assert_eq!(retention(), "6000\n", "a broker's own goes before that of all");
        broker.run(["config", "unset", "log.retention.ms", "--broker", "1"]).ok();
        assert_eq!(retention(), "5000\n");
    });
}
