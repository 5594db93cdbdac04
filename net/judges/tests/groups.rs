//! Consumer groups, as unmodified consumers and Kafka's own tools meet them.

use std::collections::BTreeSet;
use std::fs::File;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use millrace_judges::broker::{Broker, Kind, Setup};
use millrace_judges::java::Java;
use millrace_judges::librdkafka;
use millrace_judges::recipe::{self, Shape};
use millrace_judges::wire::{Connection, frame, header};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

const TOPIC: &str = "orders";
const PARTITIONS: i32 = 4;
const RECORDS: u64 = 4_000;
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);
const COMMAND: &str = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
const CONSOLE: &str = "org.apache.kafka.tools.consumer.ConsoleConsumer";

/// A broker whose groups do not wait for their first members, as the reference's do not.
fn broker(cores: u32, directory: &std::path::Path) -> Broker {
    let mut setup = Setup::of_environment(cores);
    if setup.kind == Kind::Millrace {
        setup.arguments = vec!["--set".to_owned(), "group.initial.rebalance.delay.ms=0".to_owned()];
    }
    Broker::start(setup, directory)
}

fn write(address: &str, records: u64) {
    let records: Vec<_> = (0..records).map(|index| recipe::record(1, index, Shape::Any)).collect();
    librdkafka::produce(address, (TOPIC, PARTITIONS), "none", &records).unwrap();
}

/// A member of a group, and what it has read.
struct Member {
    consumer: BaseConsumer,
    read: Vec<(i32, i64)>,
}

impl Member {
    fn join(address: &str, group: &str, strategy: &str) -> Self {
        let mut config: ClientConfig = librdkafka::client(address);
        config.set("group.id", group).set("partition.assignment.strategy", strategy);
        config.set("enable.auto.commit", "false").set("auto.offset.reset", "earliest");
        config.set("session.timeout.ms", "6000").set("heartbeat.interval.ms", "500");
        let consumer: BaseConsumer = config.create().unwrap();
        consumer.subscribe(&[TOPIC]).unwrap();
        Self { consumer, read: Vec::new() }
    }

    /// Reads what has come, and commits it.
    fn step(&mut self) {
        let mut has_read = false;
        while let Some(message) = self.consumer.poll(Duration::from_millis(20)) {
            let message = message.unwrap();
            self.read.push((message.partition(), message.offset()));
            has_read = true;
        }
        if has_read {
            // A rebalance may have come between: then the partitions' next owner reads those records again.
            drop(self.consumer.commit_consumer_state(CommitMode::Sync));
        }
    }

    fn owned(&self) -> BTreeSet<i32> {
        self.consumer.assignment().unwrap().elements().iter().map(|element| element.partition()).collect()
    }

    fn committed(&self) -> i64 {
        let mut all = TopicPartitionList::new();
        all.add_partition_range(TOPIC, 0, PARTITIONS - 1);
        let committed = self.consumer.committed_offsets(all, PATIENCE).unwrap();
        let offset = |offset| if let Offset::Offset(offset) = offset { offset } else { 0 };
        committed.elements().iter().map(|element| offset(element.offset())).sum()
    }
}

/// Lets the members read until `done` is true.
fn until(members: &mut [&mut Member], what: &str, mut done: impl FnMut(&[&mut Member]) -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done(members) {
        assert!(Instant::now() < deadline, "{what} has not come in {PATIENCE:?}");
        members.iter_mut().for_each(|member| member.step());
    }
}

fn sum_of_ends() -> i64 {
    i64::try_from(RECORDS).unwrap()
}

/// Two members share the partitions; one leaves, the other takes all; the group resumes after a restart and after a
/// kill where it was.
fn members_come_and_go(cores: u32, strategy: &str) {
    let directory = tempfile::tempdir().unwrap();
    let mut broker = broker(cores, directory.path());
    let address = broker.address();
    librdkafka::create_topics(&address, &[(TOPIC, PARTITIONS)]);
    write(&address, RECORDS);

    let mut first = Member::join(&address, "shared", strategy);
    until(&mut [&mut first], "the first assignment", |members| members[0].owned().len() == 4);
    let mut second = Member::join(&address, "shared", strategy);
    until(&mut [&mut first, &mut second], "a shared assignment", |members| {
        let (first, second) = (members[0].owned(), members[1].owned());
        first.len() == 2 && second.len() == 2 && first.is_disjoint(&second)
    });
    until(&mut [&mut first, &mut second], "the end", |members| members[0].committed() == sum_of_ends());
    let read: BTreeSet<(i32, i64)> = first.read.iter().chain(&second.read).copied().collect();
    assert_eq!(read.len(), usize::try_from(RECORDS).unwrap(), "every record was read");
    drop(second);
    until(&mut [&mut first], "the whole again", |members| members[0].owned().len() == 4);

    for killed in [false, true] {
        drop(first);
        if killed {
            broker.kill();
        } else {
            let status = broker.stop();
            assert!(status.success() || status.code() == Some(143), "a clean stop ended with {status}");
        }
        broker.restart();
        first = Member::join(&address, "shared", strategy);
        until(&mut [&mut first], "the assignment after a restart", |members| members[0].owned().len() == 4);
        assert_eq!(first.committed(), sum_of_ends());
        first.step();
        assert_eq!(first.read, [], "nothing is read twice");
    }
    write(&address, 40);
    until(&mut [&mut first], "new records", |members| members[0].committed() == sum_of_ends() + 40);
    assert_eq!(first.read.len(), 40);
}

#[test]
fn members_come_and_go_on_one_core() {
    members_come_and_go(1, "range,roundrobin");
}

#[test]
fn members_come_and_go_on_two_cores() {
    members_come_and_go(2, "range,roundrobin");
}

#[test]
fn cooperative_members_come_and_go() {
    members_come_and_go(2, "cooperative-sticky");
}

/// Lines of a tool's output, words of each.
fn table(printed: Vec<u8>) -> Vec<Vec<String>> {
    let text = String::from_utf8(printed).unwrap();
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    text.lines().map(words).filter(|words| !words.is_empty()).collect()
}

fn tools_manage_groups(cores: u32) {
    let directory = tempfile::tempdir().unwrap();
    let broker = broker(cores, directory.path());
    let address = broker.address();
    librdkafka::create_topics(&address, &[(TOPIC, PARTITIONS)]);
    write(&address, RECORDS);
    let mut java = Java::start(None);
    let records = RECORDS.to_string();
    let read = ["--bootstrap-server", &address, "--topic", TOPIC, "--group", "tools", "--from-beginning"];
    let read = [&read[..], &["--max-messages", &records]].concat();
    let printed = java.tool(CONSOLE, None, &read).unwrap();
    assert!(!printed.is_empty());

    let mut command = |arguments: &[&str]| {
        let all = [&["--bootstrap-server", &address][..], arguments].concat();
        java.tool(COMMAND, None, &all).map(table)
    };
    assert!(command(&["--list"]).unwrap().contains(&vec!["tools".to_owned()]));
    let lag = |rows: &[Vec<String>]| -> i64 {
        let rows = rows.iter().filter(|row| row[0] == "tools" && row[1] == TOPIC);
        rows.map(|row| row[5].parse::<i64>().unwrap()).sum()
    };
    let described = command(&["--describe", "--group", "tools"]).unwrap();
    assert_eq!((described.iter().filter(|row| row[0] == "tools").count(), lag(&described)), (4, 0), "{described:?}");
    let described = command(&["--describe", "--group", "tools", "--state"]).unwrap();
    assert!(described.iter().flatten().any(|word| word == "Empty"), "{described:?}");

    let reset = ["--group", "tools", "--topic", TOPIC, "--reset-offsets", "--execute"];
    for (mode, left) in [
        (&["--to-earliest"][..], RECORDS),
        (&["--to-latest"], 0),
        (&["--shift-by", "-10"], 40),
        (&["--to-offset", "999"], 4),
        (&["--to-datetime", "2000-01-01T00:00:00.000"], RECORDS),
    ] {
        command(&[&reset[..], mode].concat()).unwrap();
        let described = command(&["--describe", "--group", "tools"]).unwrap();
        assert_eq!(lag(&described), i64::try_from(left).unwrap(), "{mode:?}: {described:?}");
    }

    let mut member = Member::join(&address, "tools", "range");
    until(&mut [&mut member], "the assignment", |members| members[0].owned().len() == 4);
    let members = command(&["--describe", "--group", "tools", "--members", "--verbose"]).unwrap();
    let row = members.iter().find(|row| row[0] == "tools").unwrap_or_else(|| panic!("{members:?}"));
    assert_eq!((row[2].as_str(), row[3].as_str(), row[4].as_str()), ("/127.0.0.1", "rdkafka", "4"), "{members:?}");
    assert!(command(&[&reset[..], &["--to-earliest"]].concat()).is_ok(), "it says what is wrong, and changes nothing");
    assert!(command(&["--delete", "--group", "tools"]).is_ok());
    assert!(command(&["--list"]).unwrap().contains(&vec!["tools".to_owned()]), "it has a member, and stays");
    drop(member);
    command(&["--delete-offsets", "--group", "tools", "--topic", &format!("{TOPIC}:0")]).unwrap();
    let described = command(&["--describe", "--group", "tools"]).unwrap();
    assert_eq!(described.iter().filter(|row| row[0] == "tools").count(), 3, "{described:?}");
    command(&["--delete", "--group", "tools"]).unwrap();
    assert!(!command(&["--list"]).unwrap().contains(&vec!["tools".to_owned()]));

    let written = java.produce(&address, "__consumer_offsets", 1, 1, "none").unwrap_err();
    assert!(written.contains("InvalidTopicException"), "{written}");
    let offsets = ["--bootstrap-server", &address, "--topic", "__consumer_offsets", "--from-beginning"];
    let formatter = ["--timeout-ms", "6000", "--formatter", "org.apache.kafka.tools.consumer.OffsetsMessageFormatter"];
    let printed = java.tool(CONSOLE, None, &[&offsets[..], &formatter].concat()).unwrap();
    let printed = String::from_utf8(printed).unwrap();
    let of_partition = |partition: i32| format!(r#"{{"group":"tools","topic":"{TOPIC}","partition":{partition}}}"#);
    for partition in 0..PARTITIONS {
        let tombstone = format!(r#"{}}},"value":null}}"#, of_partition(partition));
        assert!(printed.contains(&tombstone), "{printed}");
    }
    assert!(printed.contains(r#""version":4,"data":{"offset":1000,"#), "{printed}");
}

#[test]
fn kafkas_tools_manage_groups_on_one_core() {
    tools_manage_groups(1);
}

#[test]
fn kafkas_tools_manage_groups_on_two_cores() {
    tools_manage_groups(2);
}

/// A member that waits for others is told to look elsewhere when the broker stops, and does not hold it up.
#[test]
fn a_member_that_waits_does_not_hold_up_a_stop() {
    let directory = tempfile::tempdir().unwrap();
    let mut setup = Setup::of_environment(2);
    if setup.kind == Kind::Reference {
        // Kafka closes the connection without a word.
        return;
    }
    setup.arguments = vec!["--set".to_owned(), "group.initial.rebalance.delay.ms=600000".to_owned()];
    let mut broker = Broker::start(setup, directory.path());
    let mut connection = Connection::open(&broker.address()).unwrap();
    let text = |text: &str| [&[0, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    connection.ask(10, 1, &[text("g"), vec![0]].concat()).unwrap();
    // JoinGroup v1: session and rebalance time-outs of 10 minutes, no id yet, one protocol without metadata.
    let timeouts = [600_000_i32.to_be_bytes(), 600_000_i32.to_be_bytes()].concat();
    let protocols = [&[0, 0, 0, 1][..], &text("range"), &[0; 4]].concat();
    let join = [text("g"), timeouts, text(""), text("consumer"), protocols].concat();
    connection.send(&frame(&[header(11, 1, 8), join].concat())).unwrap();
    // ListGroups v0: the group is there as soon as its first member waits.
    let mut other = Connection::open(&broker.address()).unwrap();
    while !other.ask(16, 0, &[]).unwrap().windows(3).any(|bytes| bytes == text("g")) {}
    let status = broker.stop();
    assert!(status.success(), "{status}");
    let answer = connection.receive().unwrap();
    assert_eq!(answer[4..6], 16_i16.to_be_bytes(), "NOT_COORDINATOR: {}", answer.escape_ascii());
}

/// `millrace consume --group` beside librdkafka: one group, one assignment, and each takes over what the other leaves.
#[test]
fn the_command_line_shares_a_group_with_librdkafka() {
    let directory = tempfile::tempdir().unwrap();
    let broker = broker(2, directory.path());
    let address = broker.address();
    librdkafka::create_topics(&address, &[(TOPIC, PARTITIONS)]);
    write(&address, RECORDS);
    let mut member = Member::join(&address, "both", "range,roundrobin");
    until(&mut [&mut member], "the first assignment", |members| members[0].owned().len() == 4);
    let mut follower = Command::new(millrace_judges::broker::binary());
    follower.args(["consume", TOPIC, "--server", &address, "--group", "both", "--follow", "--format", "%p %o\\n"]);
    follower.args(["--commit-interval", "100ms"]);
    let printed = directory.path().join("printed");
    let mut follower = follower.stdout(File::create(&printed).unwrap()).stderr(Stdio::null()).spawn().unwrap();
    until(&mut [&mut member], "a shared assignment", |members| members[0].owned().len() == 2);
    until(&mut [&mut member], "the end", |members| members[0].committed() == sum_of_ends());
    write(&address, RECORDS);
    until(&mut [&mut member], "the end", |members| members[0].committed() == 2 * sum_of_ends());
    kill(Pid::from_raw(follower.id().cast_signed()), Signal::SIGTERM).unwrap();
    assert!(follower.wait().unwrap().success());
    until(&mut [&mut member], "the whole again", |members| members[0].owned().len() == 4);
    let number = |text: &str| text.parse::<i64>().unwrap();
    let printed = std::fs::read_to_string(&printed).unwrap();
    let printed = printed.lines().map(|line| line.split_once(' ').unwrap());
    let printed = printed.map(|(partition, offset)| (partition.parse::<i32>().unwrap(), number(offset)));
    let read: BTreeSet<(i32, i64)> = printed.chain(member.read.iter().copied()).collect();
    assert_eq!(i64::try_from(read.len()).unwrap(), 2 * sum_of_ends(), "every record was read, by one or the other");
}
