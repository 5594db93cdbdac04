//! Kafka's own command-line tools print on Millrace what they print on Apache Kafka: the same commands in the same
//! order on both, in one virtual machine.

use std::path::Path;

use millrace_judges::broker::{Broker, Kind, Setup};
use millrace_judges::java::Java;

/// Steps that print something else on Millrace, each with what differs and why.
const DIFFERENT: &[(&str, &str)] = &[
    ("topics: describe", "Kafka sets min.insync.replicas for the cluster when it is formatted"),
    ("topics: with overrides", "the same"),
    ("configs: describe all of a topic", "the same"),
    ("features: describe", "Millrace has the features that it acts on, and one level of metadata.version"),
    ("features: downgrade too far", "the same"),
    ("features: of a release", "the same"),
];
/// Lines that one broker has and the other cannot: what they begin with, and why.
const LEFT_OUT: &[(&str, &str)] = &[("millrace.", "a setting of Millrace's own")];
/// Lines of which only the label is compared, since what follows is each broker's own.
const OWN: &[&str] = &[
    "ClusterId:",
    "LeaderEpoch:",
    "HighWatermark:",
    "MaxFollowerLag:",
    "MaxFollowerLagTimeMs:",
    "CurrentVoters:",
    "CurrentObservers:",
];
/// The id of the directory of a voter that tells none: what else its line says is its own.
const NO_DIRECTORY: &str = "AAAAAAAAAAAAAAAAAAAAAA";
/// Records that are produced before the tools look.
const RECORDS: u64 = 300;

/// A command: its name, the tool's class, and the arguments behind `--bootstrap-server`.
type Step = (&'static str, &'static str, Vec<String>);

const TOPICS: &str = "org.apache.kafka.tools.TopicCommand";
const CONFIGS: &str = "kafka.admin.ConfigCommand";
const GROUPS: &str = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
const OFFSETS: &str = "org.apache.kafka.tools.GetOffsetShell";
const LOG_DIRS: &str = "org.apache.kafka.tools.LogDirsCommand";
const DELETE_RECORDS: &str = "org.apache.kafka.tools.DeleteRecordsCommand";
const FEATURES: &str = "org.apache.kafka.tools.FeatureCommand";
const QUORUM: &str = "org.apache.kafka.tools.MetadataQuorumCommand";
const REASSIGN: &str = "org.apache.kafka.tools.reassign.ReassignPartitionsCommand";

fn step(name: &'static str, class: &'static str, arguments: &str) -> Step {
    (name, class, arguments.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect())
}

fn before_records() -> Vec<Step> {
    vec![
        step("topics: create", TOPICS, "--create --topic tools --partitions 3 --config retention.ms=86400000"),
        step("topics: create again", TOPICS, "--create --topic tools --partitions 3"),
        step("topics: create if it is not there", TOPICS, "--create --topic tools --partitions 3 --if-not-exists"),
        step("topics: bad name", TOPICS, "--create --topic bad/name --partitions 1"),
        step("topics: bad setting", TOPICS, "--create --topic bad --partitions 1 --config retention.ms=soon"),
        step("topics: too many replicas", TOPICS, "--create --topic bad --partitions 1 --replication-factor 3"),
        step("topics: list", TOPICS, "--list"),
        step("topics: describe", TOPICS, "--describe --topic tools"),
        step("topics: describe what is not there", TOPICS, "--describe --topic nothing"),
        step("topics: more partitions", TOPICS, "--alter --topic tools --partitions 4"),
        step("topics: fewer partitions", TOPICS, "--alter --topic tools --partitions 2"),
        step("topics: with overrides", TOPICS, "--describe --topics-with-overrides"),
        step("topics: unavailable", TOPICS, "--describe --unavailable-partitions"),
        step("topics: under replicated", TOPICS, "--describe --under-replicated-partitions"),
    ]
}

fn after_records(directory: &Path) -> Vec<Step> {
    let file = |name: &str| directory.join(name).display().to_string();
    let reset =
        |name, how: &str| step(name, GROUPS, &format!("--reset-offsets --group tools-group --topic tools {how}"));
    let mut steps = vec![
        step("offsets: latest", OFFSETS, "--topic tools"),
        step("offsets: earliest", OFFSETS, "--topic tools --time -2"),
        step("offsets: of the greatest time", OFFSETS, "--topic tools --time -3"),
        step("offsets: of a time", OFFSETS, "--topic tools --time 1000"),
        step("offsets: of partitions", OFFSETS, "--topic-partitions tools:1-3"),
        step("offsets: without internal topics", OFFSETS, "--exclude-internal-topics"),
        step("offsets: of nothing", OFFSETS, "--topic nothing"),
        reset("groups: to earliest, dry", "--to-earliest --dry-run"),
        step("groups: nothing was done", GROUPS, "--list"),
        reset("groups: to earliest", "--to-earliest --execute"),
        reset("groups: to current", "--to-current --execute"),
        reset("groups: to latest", "--to-latest --execute"),
        reset("groups: to an offset", "--to-offset 20 --execute"),
        reset("groups: to an offset beyond the end", "--to-offset 100000 --execute"),
        reset("groups: shift by", "--shift-by 7 --execute"),
        reset("groups: shift back", "--shift-by -5 --execute"),
        reset("groups: by duration", "--by-duration P1D --execute"),
        reset("groups: to an early time", "--to-datetime 2020-01-01T00:00:00.000 --execute"),
        reset("groups: to a late time", "--to-datetime 2099-01-01T00:00:00.000 --execute"),
        reset("groups: export", "--to-offset 9 --export --dry-run"),
        step(
            "groups: from a file",
            GROUPS,
            &format!("--reset-offsets --group tools-group --from-file {} --execute", file("offsets.csv")),
        ),
        step(
            "groups: of one partition",
            GROUPS,
            "--reset-offsets --group tools-group --topic tools:1 --to-offset 3 --execute",
        ),
        step(
            "groups: of all topics",
            GROUPS,
            "--reset-offsets --group tools-group --all-topics --to-earliest --dry-run",
        ),
        step("groups: of all groups", GROUPS, "--reset-offsets --all-groups --all-topics --to-latest --dry-run"),
        step("groups: list", GROUPS, "--list"),
        step("groups: list with states", GROUPS, "--list --state"),
        step("groups: list of a state", GROUPS, "--list --state Stable"),
        step("groups: describe", GROUPS, "--describe --group tools-group"),
        step("groups: describe members", GROUPS, "--describe --group tools-group --members --verbose"),
        step("groups: describe the state", GROUPS, "--describe --group tools-group --state"),
        step("groups: describe what is not there", GROUPS, "--describe --group nobody"),
        step("groups: delete offsets", GROUPS, "--delete-offsets --group tools-group --topic tools:0"),
        step("groups: after that", GROUPS, "--describe --group tools-group"),
        step("groups: delete", GROUPS, "--delete --group tools-group"),
        step("groups: delete again", GROUPS, "--delete --group tools-group"),
        step("delete records", DELETE_RECORDS, &format!("--offset-json-file {}", file("delete.json"))),
        step("delete records: after that", OFFSETS, "--topic tools --time -2"),
        step("log dirs", LOG_DIRS, "--describe --topic-list tools"),
        step("quorum: status", QUORUM, "describe --status"),
        step("quorum: replication", QUORUM, "describe --replication"),
        step("reassign: list", REASSIGN, "--list"),
        step("features: describe", FEATURES, "describe"),
        step("features: an unknown one", FEATURES, "upgrade --feature unknown.version=1"),
        step("features: an unknown one, only checked", FEATURES, "upgrade --feature unknown.version=1 --dry-run"),
        step("features: disable an unknown one", FEATURES, "disable --feature unknown.version"),
        step("features: downgrade too far", FEATURES, "downgrade --feature metadata.version=1"),
        step("features: of a release", FEATURES, "upgrade --release-version 4.3 --dry-run"),
    ];
    steps.extend(settings());
    steps.push(step("topics: delete", TOPICS, "--delete --topic tools"));
    steps.push(step("topics: delete what is not there", TOPICS, "--delete --topic nothing"));
    steps
}

fn settings() -> Vec<Step> {
    vec![
        step(
            "configs: alter a topic",
            CONFIGS,
            "--entity-type topics --entity-name tools --alter --add-config max.message.bytes=2000000",
        ),
        step("configs: describe a topic", CONFIGS, "--entity-type topics --entity-name tools --describe"),
        step("configs: describe all of a topic", CONFIGS, "--entity-type topics --entity-name tools --describe --all"),
        step(
            "configs: delete of a topic",
            CONFIGS,
            "--entity-type topics --entity-name tools --alter --delete-config max.message.bytes",
        ),
        step(
            "configs: a bad value",
            CONFIGS,
            "--entity-type topics --entity-name tools --alter --add-config retention.ms=soon",
        ),
        step(
            "configs: alter all brokers",
            CONFIGS,
            "--entity-type brokers --entity-default --alter --add-config message.max.bytes=3000000",
        ),
        step(
            "configs: alter a broker",
            CONFIGS,
            "--entity-type brokers --entity-name 1 --alter --add-config message.max.bytes=4000000",
        ),
        step("configs: describe a broker", CONFIGS, "--entity-type brokers --entity-name 1 --describe"),
        step(
            "configs: what cannot be changed",
            CONFIGS,
            "--entity-type brokers --entity-name 1 --alter --add-config num.partitions=5",
        ),
        step(
            "configs: delete of a broker",
            CONFIGS,
            "--entity-type brokers --entity-name 1 --alter --delete-config message.max.bytes",
        ),
        step(
            "configs: delete of all brokers",
            CONFIGS,
            "--entity-type brokers --entity-default --alter --delete-config message.max.bytes",
        ),
        step(
            "quotas: a user",
            CONFIGS,
            "--entity-type users --entity-name alice --alter --add-config \
            producer_byte_rate=1048576,consumer_byte_rate=2097152,request_percentage=200",
        ),
        step(
            "quotas: every user",
            CONFIGS,
            "--entity-type users --entity-default --alter --add-config producer_byte_rate=99999999",
        ),
        step(
            "quotas: a user's client",
            CONFIGS,
            "--entity-type users --entity-name alice --entity-type clients \
            --entity-name app --alter --add-config producer_byte_rate=1024",
        ),
        step(
            "quotas: a client",
            CONFIGS,
            "--entity-type clients --entity-name app --alter --add-config consumer_byte_rate=1024",
        ),
        step(
            "quotas: an address",
            CONFIGS,
            "--entity-type ips --entity-name 10.9.8.7 --alter --add-config connection_creation_rate=100",
        ),
        step(
            "quotas: a bad value",
            CONFIGS,
            "--entity-type clients --entity-name app --alter --add-config consumer_byte_rate=-1",
        ),
        step(
            "quotas: a bad key",
            CONFIGS,
            "--entity-type ips --entity-name 10.9.8.7 --alter --add-config producer_byte_rate=100",
        ),
        step("quotas: describe a user", CONFIGS, "--entity-type users --entity-name alice --describe"),
        step("quotas: describe users", CONFIGS, "--entity-type users --describe"),
        step("quotas: describe users' clients", CONFIGS, "--entity-type users --entity-type clients --describe"),
        step("quotas: describe clients", CONFIGS, "--entity-type clients --describe"),
        step("quotas: describe addresses", CONFIGS, "--entity-type ips --describe"),
        step(
            "quotas: delete",
            CONFIGS,
            "--entity-type users --entity-name alice --alter --delete-config producer_byte_rate",
        ),
        step("quotas: describe what is left", CONFIGS, "--entity-type users --entity-name alice --describe"),
    ]
}

/// What a step prints, as it is compared: without what is each broker's own, and in one order.
fn run(java: &mut Java, address: &str, (_, class, arguments): &Step) -> Vec<String> {
    let words = [&["--bootstrap-server", address][..], &arguments.iter().map(String::as_str).collect::<Vec<_>>()];
    let (printed, result) = java.try_tool(class, None, &words.concat());
    let text = String::from_utf8_lossy(&printed).replace(address, "ADDRESS");
    let is_compared = |line: &String| !line.is_empty() && !LEFT_OUT.iter().any(|(start, _)| line.starts_with(start));
    let mut lines: Vec<String> = text.lines().map(masked).filter(is_compared).collect();
    lines.sort();
    lines.push(format!("ended {}", if result.is_ok() { "well" } else { "with an error" }));
    lines
}

fn masked(line: &str) -> String {
    if let Some(label) = OWN.iter().find(|label| line.trim_start().starts_with(**label)) {
        return (*label).to_owned();
    }
    if line.trim_start().starts_with("at ") || line.starts_with('[') {
        // Where in Java an error was thrown, and what a tool logs with the time.
        return String::new();
    }
    if line.starts_with("{\"brokers\"") {
        return masked_log_dirs(line);
    }
    if line.contains(NO_DIRECTORY) {
        return "A VOTER".to_owned();
    }
    if let Some((whose, values)) = line.split_once(" are ") {
        // In the order of a hash table.
        let mut values: Vec<&str> = values.split(", ").collect();
        values.sort_unstable();
        return format!("{whose} are {}", values.join(", "));
    }
    let mut words = Vec::new();
    let mut is_id = false;
    for word in line.split_whitespace() {
        words.push(if is_id { "ID" } else { word });
        is_id = word == "TopicId:";
    }
    words.join(" ")
}

/// The JSON of `kafka-log-dirs` without sizes and the directory's name.
fn masked_log_dirs(line: &str) -> String {
    let mut value: serde_json::Value = serde_json::from_str(line).unwrap();
    for directory in value["brokers"]
        .as_array_mut()
        .unwrap()
        .iter_mut()
        .flat_map(|broker| broker["logDirs"].as_array_mut())
        .flatten()
    {
        directory["logDir"] = "DIRECTORY".into();
        let partitions = directory["partitions"].as_array_mut().unwrap();
        partitions.iter_mut().for_each(|partition| partition["size"] = "SIZE".into());
        partitions.sort_by_key(|partition| partition["partition"].to_string());
    }
    value.to_string()
}

#[test]
fn the_tools_print_what_they_print_on_kafka() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("offsets.csv"), "\"tools\",0,11\n\"tools\",2,13\n").unwrap();
    let deleted = serde_json::json!({ "version": 1, "partitions": [
        { "topic": "tools", "partition": 1, "offset": 5 },
        { "topic": "tools", "partition": 2, "offset": -1 },
    ] });
    std::fs::write(directory.path().join("delete.json"), deleted.to_string()).unwrap();
    let mut java = Java::start(None);
    let brokers = [Kind::Reference, Kind::Millrace].map(|kind| {
        let setup = Setup { kind, cores: 2, processor: None, arguments: Vec::new() };
        Broker::start(setup, &directory.path().join(kind.name()))
    });
    let mut printed: Vec<Vec<(Step, Vec<String>)>> = Vec::new();
    for broker in &brokers {
        let address = broker.address();
        let mut of_broker = Vec::new();
        let ask = |java: &mut Java, steps: Vec<Step>, all: &mut Vec<(Step, Vec<String>)>| {
            for step in steps {
                let lines = run(java, &address, &step);
                all.push((step, lines));
            }
        };
        ask(&mut java, before_records(), &mut of_broker);
        java.produce(&address, "tools", 4, RECORDS, "none").unwrap();
        ask(&mut java, after_records(directory.path()), &mut of_broker);
        printed.push(of_broker);
    }
    let [reference, millrace] = &printed[..] else { unreachable!("there are two brokers") };
    let mut complaints = Vec::new();
    for ((step, wanted), (_, found)) in reference.iter().zip(millrace) {
        let is_listed = DIFFERENT.iter().any(|(name, _)| *name == step.0);
        match (wanted == found, is_listed) {
            (true, true) => complaints.push(format!("{}: is listed, and does not differ any more", step.0)),
            (false, false) => complaints.push(format!("{} {:?}\n  {}", step.0, step.2, told(wanted, found))),
            _ => {}
        }
    }
    assert!(complaints.is_empty(), "{} of {} steps:\n{}", complaints.len(), reference.len(), complaints.join("\n"));
}

/// The lines that only one of them has.
fn told(wanted: &[String], found: &[String]) -> String {
    let only = |these: &[String], those: &[String], who: &str| -> Vec<String> {
        these.iter().filter(|line| !those.contains(line)).map(|line| format!("only {who}: {line}")).collect()
    };
    [only(wanted, found, "reference"), only(found, wanted, "millrace")].concat().join("\n  ")
}
