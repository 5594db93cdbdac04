//! `millrace consume --group` against its own broker: members share what there is, and go on where they have committed.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test's helpers fail as tests do")]
#![allow(clippy::disallowed_methods, reason = "tests run outside the runtime")]

mod harness;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr, ChildStdout, Stdio};

use harness::{Broker, millrace};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

const PARTITIONS: usize = 2;

fn write(broker: &Broker, values: std::ops::Range<u32>) {
    for partition in ["0", "1"] {
        let lines: String = values.clone().map(|number| format!("{partition}/{number}\n")).collect();
        broker.run_with(["produce", "t", "--partition", partition], lines.as_bytes()).ok();
    }
}

/// What a member prints that ends by itself.
fn read(broker: &Broker, arguments: &[&str]) -> Vec<String> {
    let done = broker.run(["consume", "t", "--group", "g"].into_iter().chain(arguments.iter().copied()));
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(done.stderr.contains("joined group g, generation "), "{}", done.stderr);
    let mut lines: Vec<String> = done.text().lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

fn lags(broker: &Broker) -> Vec<i64> {
    let described = broker.run(["group", "describe", "g", "--json"]).json().remove(0);
    assert_eq!(described["state"], json!("Empty"));
    described["partitions"].as_array().unwrap().iter().map(|of| of["lag"].as_i64().unwrap()).collect()
}

/// A member that follows.
struct Follower {
    child: Child,
    stdout: BufReader<ChildStdout>,
    stderr: BufReader<ChildStderr>,
}

impl Follower {
    fn start(broker: &Broker, protocol: &str) -> Self {
        let mut command = millrace();
        command.env("MILLRACE_SERVER", &broker.server);
        command.args(["consume", "t", "--group", "g", "--follow", "--group-protocol", protocol]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        Self { child, stdout: BufReader::new(stdout), stderr: BufReader::new(stderr) }
    }

    /// Waits until it tells this.
    fn tells(&mut self, what: &str) {
        let mut told = String::new();
        while !told.contains(what) {
            assert!(self.stderr.read_line(&mut told).unwrap() > 0, "it ended, and told {told:?}, not {what:?}");
        }
    }

    fn lines(&mut self, count: usize) -> Vec<String> {
        let line = |stdout: &mut BufReader<ChildStdout>| {
            let mut line = String::new();
            stdout.read_line(&mut line).unwrap();
            line.trim_end().to_owned()
        };
        (0..count).map(|_| line(&mut self.stdout)).collect()
    }

    fn interrupt(mut self) {
        kill(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGINT).unwrap();
        self.tells("left group g");
        assert!(self.child.wait().unwrap().success());
    }
}

#[test]
fn a_member_goes_on_where_the_group_has_committed() {
    let directory = tempfile::tempdir().unwrap();
    let broker = Broker::start(&directory.path().join("data"), 1);
    broker.run(["topic", "create", "t", "-p", "2"]).ok();
    write(&broker, 0..10);
    assert_eq!(read(&broker, &[]).len(), 20);
    assert_eq!(lags(&broker), [0, 0]);
    assert_eq!(read(&broker, &[]), Vec::<String>::new());
    write(&broker, 10..13);
    let first = read(&broker, &["-n", "2"]);
    assert_eq!(lags(&broker).iter().sum::<i64>(), 4, "what was printed is committed, and no more");
    let second = read(&broker, &[]);
    let all: BTreeSet<String> = first.into_iter().chain(second).collect();
    let expected = ["0/10", "0/11", "0/12", "1/10", "1/11", "1/12"].map(str::to_owned);
    assert_eq!(all, BTreeSet::from(expected));
    assert_eq!(lags(&broker), [0, 0]);
    write(&broker, 13..15);
    assert_eq!(read(&broker, &["--group-protocol", "consumer"]), ["0/13", "0/14", "1/13", "1/14"]);
    assert_eq!(lags(&broker), [0, 0]);
    assert!(broker.stop().success());
}

#[test]
fn members_share_the_partitions_and_take_over_what_another_leaves() {
    share_and_take_over(["classic", "classic"]);
}

#[test]
fn members_of_the_consumer_protocol_share_the_partitions_and_take_over_what_another_leaves() {
    share_and_take_over(["consumer", "consumer"]);
}

#[test]
fn members_of_both_protocols_share_the_partitions_and_take_over_what_another_leaves() {
    share_and_take_over(["consumer", "classic"]);
}

fn share_and_take_over(protocols: [&str; 2]) {
    let directory = tempfile::tempdir().unwrap();
    let broker = Broker::start(&directory.path().join("data"), 2);
    broker.run(["topic", "create", "t", "-p", "2"]).ok();
    let mut first = Follower::start(&broker, protocols[0]);
    first.tells("reads partitions 0, 1");
    let mut second = Follower::start(&broker, protocols[1]);
    first.tells("group g is rebalancing");
    first.tells("reads partition ");
    second.tells("reads partition ");
    write(&broker, 0..5);
    let (ours, theirs) = (first.lines(5), second.lines(5));
    let partitions: BTreeSet<&str> = ours.iter().chain(&theirs).map(|line| &line[..1]).collect();
    assert_eq!(partitions.len(), PARTITIONS, "each reads one partition: {ours:?}, {theirs:?}");
    second.interrupt();
    first.tells("reads partitions 0, 1");
    write(&broker, 5..6);
    let mut rest = first.lines(2);
    rest.sort();
    assert_eq!(rest, ["0/5", "1/5"], "nothing is read twice that was committed");
    first.interrupt();
    assert_eq!(lags(&broker), [0, 0]);
    assert!(broker.stop().success());
}
