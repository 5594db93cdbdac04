//! Groups of the consumer protocol (KIP-848), as Java's consumers meet them: beside members of the classic protocol,
//! and while the broker is killed.

use std::process::Command;

use millrace_judges::broker::{Broker, Kind, Setup, binary};
use millrace_judges::java::Java;
use millrace_judges::librdkafka;
use serde_json::{Value, json};

const TOPIC: &str = "orders";
const PARTITIONS: i32 = 6;
const COMMAND: &str = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";

/// Members are to be heard of often, so that nobody waits long.
const SETTINGS: [&str; 4] = [
    "group.initial.rebalance.delay.ms=0",
    "group.consumer.min.heartbeat.interval.ms=100",
    "group.consumer.heartbeat.interval.ms=200",
    "group.consumer.assignment.interval.ms=0",
];

fn broker(cores: u32, directory: &std::path::Path) -> Broker {
    let mut setup = Setup::of_environment(cores);
    let arguments = SETTINGS.iter().map(|setting| (*setting).to_owned());
    setup.arguments = match setup.kind {
        Kind::Millrace => arguments.flat_map(|setting| ["--set".to_owned(), setting]).collect(),
        Kind::Reference => arguments.collect(),
    };
    Broker::start(setup, directory)
}

fn members_share_partitions(cores: u32, group: &str, protocols: [&str; 3]) {
    let directory = tempfile::tempdir().unwrap();
    let mut broker = broker(cores, directory.path());
    let address = broker.address();
    librdkafka::create_topics(&address, &[(TOPIC, PARTITIONS)]);
    let mut java = Java::start(None);
    let mut written = 0;
    let partitions = PARTITIONS.to_string();
    let mut write = |java: &mut Java| {
        java.produce(&address, TOPIC, PARTITIONS, 600, "none").unwrap();
        written += 600;
        written.to_string()
    };
    for (name, protocol) in ["a", "b", "c"].into_iter().zip(protocols) {
        java.run(&["member", &address, name, group, TOPIC, protocol]).unwrap();
        let records = write(&mut java);
        java.run(&["settle", &partitions, &records]).unwrap();
    }
    broker.kill();
    broker.restart();
    let records = write(&mut java);
    java.run(&["settle", &partitions, &records]).unwrap();
    for name in ["a", "c"] {
        java.run(&["member", "leave", name]).unwrap();
        let records = write(&mut java);
        java.run(&["settle", &partitions, &records]).unwrap();
    }
    let described =
        java.tool(COMMAND, None, &["--bootstrap-server", &address, "--describe", "--group", group]).unwrap();
    let described = String::from_utf8(described).unwrap();
    let lags = described.lines().filter(|line| line.starts_with(group)).map(|line| line.split_whitespace().nth(5));
    assert_eq!(lags.collect::<Vec<_>>(), vec![Some("0"); 6], "{described}");
    our_command_shows(&address, group, if protocols[1] == "consumer" { "consumer" } else { "classic" });
}

/// `millrace group` shows one member with all partitions and no lag, whichever protocol the group is of.
fn our_command_shows(address: &str, group: &str, group_type: &str) {
    let ask = |arguments: &[&str]| {
        let output = Command::new(binary()).args(arguments).args(["--json", "--server", address]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let listed = ask(&["group", "list"]);
    assert_eq!(
        listed,
        json!([{ "name": group, "state": "Stable", "protocol_type": "consumer", "group_type": group_type }])
    );
    let described = ask(&["group", "describe", group]);
    assert_eq!(described["members"].as_array().map(Vec::len), Some(1), "{described}");
    let partitions = described["partitions"].as_array().unwrap();
    assert_eq!(partitions.len(), 6, "{described}");
    let is_read = |of: &Value| of["lag"] == 0 && of["member"] == described["members"][0]["id"];
    assert!(partitions.iter().all(is_read), "{described}");
}

#[test]
fn members_of_the_consumer_protocol_share_partitions_on_one_core() {
    members_share_partitions(1, "new", ["consumer"; 3]);
}

#[test]
fn members_of_the_consumer_protocol_share_partitions_on_two_cores() {
    members_share_partitions(2, "new", ["consumer"; 3]);
}

#[test]
fn a_group_takes_members_of_the_consumer_protocol_and_loses_them_again() {
    members_share_partitions(1, "mixed", ["consumer", "classic", "consumer"]);
    members_share_partitions(1, "upgraded", ["classic", "classic", "consumer"]);
}
