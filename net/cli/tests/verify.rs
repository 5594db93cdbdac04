//! `millrace dump --verify` of what a broker has left, sound and damaged.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test's helpers fail as tests do")]

mod harness;

use std::fmt::Write as _;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use harness::{Broker, Done, run};
use serde_json::Value;

/// A data directory with a topic of two partitions and several segments each, after a clean stop.
fn data(directory: &Path) -> PathBuf {
    let data = directory.join("data");
    let broker = Broker::start(&data, 1);
    broker.run(["topic", "create", "orders", "-p", "2", "-c", "segment.bytes=1048576"]).ok();
    let mut lines = String::new();
    for number in 0..6_000 {
        writeln!(lines, "{number}:{}", format!("value {number} ").repeat(60)).unwrap();
    }
    broker.run_with(["produce", "orders", "--key-separator", ":"], lines.as_bytes()).ok();
    assert!(broker.stop().success());
    data
}

fn verify(path: &Path, more: &[&str]) -> Done {
    let arguments = ["dump".as_ref(), "--verify".as_ref(), path.as_os_str()];
    run(arguments.into_iter().chain(more.iter().map(|argument| argument.as_ref())))
}

fn segments_of<'a>(report: &'a Value, partition: &str) -> Vec<&'a Value> {
    report["segments"].as_array().unwrap().iter().filter(|segment| segment["partition"] == partition).collect()
}

#[test]
fn what_a_stopped_broker_leaves_passes_and_damage_is_found_where_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let data = data(directory.path());
    let done = verify(&data, &["--json"]);
    assert_eq!((done.code, done.stderr.as_str()), (0, ""));
    let report: Value = serde_json::from_str(done.text()).unwrap();
    assert_eq!(report["problem_count"], 0, "{report}");
    let records: u64 = ["orders-0", "orders-1"]
        .iter()
        .flat_map(|partition| segments_of(&report, partition))
        .map(|segment| segment["records"].as_u64().unwrap())
        .sum();
    assert_eq!(records, 6_000);
    let first = segments_of(&report, "orders-0");
    assert!(first.len() > 1, "{report}");
    assert!(first.iter().all(|segment| segment["unfinished_bytes"] == 0 && segment["index"] != "wrong"), "{report}");
    assert_eq!(segments_of(&report, "orders-0").last().unwrap()["index"], "ok", "a clean stop stores the last index");

    let text = verify(&data, &[]).ok();
    assert!(text.starts_with("PARTITION"), "{text}");
    assert!(text.ends_with("segments: all checks passed\n"), "{text}");

    // One byte of the first segment's middle.
    let damaged = PathBuf::from(first[0]["path"].as_str().unwrap());
    let file = std::fs::File::options().read(true).write(true).open(&damaged).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, 100_000).unwrap();
    file.write_all_at(&[byte[0] ^ 1], 100_000).unwrap();
    for path in [&data, &data.join("orders-0"), &damaged] {
        let done = verify(path, &["--json"]);
        assert_eq!(done.code, 5, "{done:?}");
        let report: Value = serde_json::from_str(done.text()).unwrap();
        let problems = segments_of(&report, "orders-0")[0]["problems"].as_array().unwrap().clone();
        assert!(problems.iter().any(|problem| problem.as_str().unwrap().contains("CRC")), "{problems:?}");
        assert!(done.stderr.starts_with(&format!("error: {}: ", damaged.display())), "{}", done.stderr);
    }
    assert_eq!(verify(&data.join("orders-1"), &[]).code, 0);
}

#[test]
fn an_index_that_says_something_else_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let data = data(directory.path());
    // The last segments' indexes, each under the other's name: whole files that are not their segments'.
    let index = |partition: usize| {
        let entries = std::fs::read_dir(data.join(format!("orders-{partition}"))).unwrap();
        let indexes = entries.map(|entry| entry.unwrap().path());
        indexes.filter(|path| path.extension().is_some_and(|it| it == "sparse")).max().unwrap()
    };
    let (one, other) = (index(0), index(1));
    std::fs::copy(&other, &one).unwrap();
    let report = verify(&data, &["--json"]).json().remove(0);
    let last = segments_of(&report, "orders-0").last().copied().cloned().unwrap();
    assert_eq!(last["index"], "stale", "it is of a segment of another length: {last}");
    std::fs::write(&one, b"no index at all").unwrap();
    assert_eq!(verify(&data, &[]).code, 0, "an index can be made anew");
}

#[test]
fn a_segment_that_overlaps_the_one_before_it_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let data = data(directory.path());
    let partition = data.join("orders-0");
    std::fs::copy(partition.join("00000000000000000000.log"), partition.join("00000000000000000003.log")).unwrap();
    let done = verify(&partition, &[]);
    assert_eq!(done.code, 5);
    assert!(done.text().contains("it begins at offset 3, and the one before it ends at "), "{}", done.text());
}

#[test]
fn what_a_killed_broker_leaves_is_no_damage() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let broker = Broker::start(&data, 1);
    broker.run(["topic", "create", "orders"]).ok();
    let lines: String = (0..3_000).map(|number| format!("value {number}\n").repeat(3)).collect();
    broker.run_with(["produce", "orders"], lines.as_bytes()).ok();
    drop(broker);
    let done = verify(&data, &[]);
    assert_eq!(done.code, 0, "{done:?}");
}

#[test]
fn where_there_is_nothing_to_verify_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let done = verify(directory.path(), &[]);
    assert_eq!(done.code, 2);
    assert!(done.stderr.contains("name a data directory"), "{}", done.stderr);
    assert_eq!(verify(&directory.path().join("missing.log"), &[]).code, 4);
    assert_eq!(verify(directory.path(), &["--records"]).code, 2);
}
