//! `millrace bench` against a broker of its own: fails on errors, never on times.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod harness;

use harness::{Broker, millrace, run};
use serde_json::Value;

/// A short run's options.
const SHORT: [&str; 8] = ["--time", "1s", "--warm-up", "100ms", "--fill", "4M", "--json", "--server"];

fn bench(broker: &Broker, workload: &str, options: &[&str]) -> Value {
    let arguments = [&["bench", workload][..], options, &SHORT, &[broker.server.as_str()]].concat();
    let mut reports = run(arguments).json();
    let report = reports.pop().unwrap();
    assert!(report["brokers"][0]["durability"].as_str().unwrap().contains("stable storage"), "{report}");
    assert!(report["brokers"][0]["version"].as_str().unwrap().starts_with("Millrace 0."), "{report}");
    report
}

fn number(report: &Value, pointer: &str) -> f64 {
    report.pointer(pointer).and_then(Value::as_f64).unwrap_or_else(|| panic!("{pointer} of {report}"))
}

#[test]
fn a_rate_is_kept_and_its_latency_is_measured_whatever_the_options() {
    let directory = tempfile::tempdir().unwrap();
    let broker = Broker::start(&directory.path().join("data"), 1);
    let variants: [&[&str]; 5] = [
        &["--partitions", "16", "--rate", "500,1000"],
        &["--rate", "1000", "--keys", "zipf:1000", "--partitions", "4", "--compression", "lz4", "--linger", "5ms"],
        &["--rate", "1000", "--idempotence", "--producers", "3", "--threads", "2"],
        &["--rate", "1000", "--acks", "0"],
        &["--rate", "1000", "--acks", "1", "--compression", "zstd", "--keys", "uniform:50"],
    ];
    for options in variants {
        let report = bench(&broker, "produce", options);
        for run in report["runs"].as_array().unwrap() {
            let rate = run["rate"].as_u64().unwrap();
            assert_eq!(run["produce_ms"]["count"].as_u64(), Some(rate), "{options:?}: {run}");
            assert_eq!(run["figures"]["unfinished_records"], 0, "{options:?}");
            assert!(number(run, "/produce_ms/p50") <= number(run, "/produce_ms/p999"));
        }
        // The process behind the port is the broker, and its costs are known.
        assert!(report["brokers"][0]["process"]["command"].as_str().unwrap().contains(" serve "), "{report}");
        assert!(number(&report, "/runs/0/figures/broker_resident_mib") > 1.0);
    }
    // The topics were made for it, and are gone.
    let left = run(["topic", "list", "--json", "--server", &broker.server]).json();
    assert!(left.iter().all(|topics| topics.as_array().is_none_or(Vec::is_empty)), "{left:?}");
}

#[test]
fn what_is_written_is_read_once_by_each_consumer() {
    let directory = tempfile::tempdir().unwrap();
    let broker = Broker::start(&directory.path().join("data"), 2);
    for options in [&["--compression", "none"][..], &["--compression", "zstd"], &["--keys", "uniform:10"]] {
        let options = [&["--rate", "1000", "--partitions", "5", "--consumers", "3"], options].concat();
        let report = bench(&broker, "mixed", &options);
        assert_eq!(report["runs"][0]["end_to_end_ms"]["count"], 3_000, "{options:?}: {report}");
        assert_eq!(report["runs"][0]["produce_ms"]["count"], 1_000, "{options:?}");
    }
    let report = bench(&broker, "mixed", &["--rate", "1000", "--from-start"]);
    assert_eq!(report["runs"][0]["end_to_end_ms"]["count"], 1_000, "what was there before does not count");
    let report = bench(&broker, "consume", &["--partitions", "3", "--consumers", "2"]);
    assert!(number(&report, "/runs/0/figures/consumed_mb_per_s") > 1.0);
    let report = bench(&broker, "idle", &[]);
    assert_eq!(number(&report, "/runs/0/figures/produced_records_per_s"), 0.0);
}

#[test]
fn a_report_is_saved_as_text_json_a_page_and_histogram_logs() {
    let directory = tempfile::tempdir().unwrap();
    let broker = Broker::start(&directory.path().join("data"), 1);
    let saved = directory.path().join("saved");
    let report = bench(&broker, "produce", &["--partitions", "2", "--save", saved.to_str().unwrap()]);
    assert!(number(&report, "/runs/0/figures/produced_mb_per_s") > 0.1);
    let read = |name: &str| std::fs::read_to_string(saved.join(name)).unwrap();
    let json: Value = serde_json::from_str(&read("report.json")).unwrap();
    assert_eq!(json["runs"][0]["produce_ms"], report["runs"][0]["produce_ms"]);
    assert!(read("report.txt").contains("CPU-s/GB"));
    let page = read("report.html");
    assert!(page.contains("<svg") && page.contains("Produce latency by percentile"));
    // Nothing is fetched to show it.
    assert!(!page.contains("src=") && !page.contains("href="), "{page}");
    let log = format!("{}-1.produce.hlog", broker.server.replace(':', "_"));
    assert!(read(&log).starts_with("#[Histogram log format version 1.3]"));
}

#[test]
fn brokers_are_compared_in_turns() {
    let directory = tempfile::tempdir().unwrap();
    let command = |name: &str| {
        let binary = env!("CARGO_BIN_EXE_millrace");
        format!("{name}=exec {binary} serve --listen 127.0.0.1:{{port}} --data-dir {{dir}} --cores 1")
    };
    let done = run([
        "bench",
        "compare",
        "--start",
        &command("one"),
        "--start",
        &command("other"),
        "--rounds",
        "2",
        "--rate",
        "500",
        "--time",
        "1s",
        "--warm-up",
        "0s",
        "--json",
        "--start-dir",
        directory.path().to_str().unwrap(),
    ]);
    let report = done.json().pop().unwrap();
    let turns: Vec<&str> =
        report["runs"].as_array().unwrap().iter().map(|run| run["broker"].as_str().unwrap()).collect();
    assert_eq!(turns, ["one", "other", "one", "other"]);
    let p99 = report["ratios"].as_array().unwrap().iter().find(|ratio| ratio["figure"] == "p99 ms").unwrap();
    assert_eq!((&p99["broker"], &p99["base"], &p99["rounds"]), (&"other".into(), &"one".into(), &2.into()));
    let (low, median, high) = (number(p99, "/low"), number(p99, "/median"), number(p99, "/high"));
    assert!(low <= median && median <= high && low > 0.0);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "what the brokers left is removed");
}

#[test]
fn the_price_of_another_core_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let arguments =
        ["bench", "cores", "--rate", "max,5000", "--rounds", "2", "--time", "1s", "--warm-up", "100ms", "--json"];
    let place = ["--start-dir", directory.path().to_str().unwrap()];
    let report = run(arguments.iter().chain(&place)).json().pop().unwrap();
    let runs = report["runs"].as_array().unwrap();
    for name in ["one-core", "two-cores-own", "two-cores-other"] {
        let of_name: Vec<_> = runs.iter().filter(|run| run["broker"] == name).collect();
        assert_eq!(of_name.len(), 4, "two rates, two rounds: {report}");
        assert!(of_name.iter().all(|run| number(run, "/figures/produced_records_per_s") > 0.0), "{report}");
    }
    let ratios = report["ratios"].as_array().unwrap();
    let is_price = |it: &&Value| it["broker"] == "two-cores-other" && it["figure"] == "broker CPU-s/GB";
    assert_eq!(ratios.iter().filter(is_price).count(), 2, "{report}");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "what the brokers left is removed");
}

#[test]
fn what_a_broker_takes_before_anybody_uses_it_is_measured() {
    let directory = tempfile::tempdir().unwrap();
    let (data, saved) = (directory.path().join("data"), directory.path().join("saved"));
    std::fs::create_dir(&data).unwrap();
    let small = ["--connections", "40", "--partitions", "1010", "--rounds", "2", "--settle", "50ms", "--json"];
    let places = ["--start-dir", data.to_str().unwrap(), "--save", saved.to_str().unwrap()];
    let report = run(["bench", "limits"].iter().chain(&small).chain(&places)).json().pop().unwrap();
    assert!(report["brokers"][0]["command"].as_str().unwrap().contains(" serve "), "{report}");
    let rows = report["rows"].as_array().unwrap();
    let row = |figure: &str| rows.iter().find(|row| row["figure"] == figure).unwrap();
    for figure in ["start, empty", "start, with these partitions", "idle", "a partition"] {
        let (low, median, high) =
            (number(row(figure), "/low"), number(row(figure), "/median"), number(row(figure), "/high"));
        assert!(0.0 < low && low <= median && median <= high, "{figure}: {report}");
    }
    assert!(std::fs::read_to_string(saved.join("report.txt")).unwrap().contains("an idle connection"));
    assert_eq!(std::fs::read_dir(&data).unwrap().count(), 0, "what the brokers left is removed");
}

#[test]
fn a_rate_is_compared_with_requests_that_are_only_written() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().to_str().unwrap();
    let small = ["--rate", "2000", "--rounds", "1", "--time", "1s", "--warm-up", "100ms", "--json"];
    let report = run(["bench", "share", "--start-dir", data].iter().chain(&small)).json().pop().unwrap();
    let runs = report["runs"].as_array().unwrap();
    let turns: Vec<&str> = runs.iter().map(|run| run["broker"].as_str().unwrap()).collect();
    assert_eq!(turns, ["store-loop", "produce"]);
    for run in runs {
        assert!(number(run, "/figures/produced_mb_per_s") > 0.0 && number(run, "/produce_ms/p99") > 0.0, "{run}");
    }
    let ratios = report["ratios"].as_array().unwrap();
    let figures: Vec<&str> = ratios.iter().map(|ratio| ratio["figure"].as_str().unwrap()).collect();
    assert_eq!(figures, ["produced MB/s", "broker CPU-s/GB", "p50 ms", "p99 ms", "p99.9 ms"], "{report}");
    assert!(ratios.iter().all(|ratio| ratio["broker"] == "produce" && ratio["base"] == "store-loop"), "{report}");
}

#[test]
fn a_share_of_what_the_machine_does_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let (data, saved) = (directory.path().join("data"), directory.path().join("saved"));
    std::fs::create_dir(&data).unwrap();
    let small = ["--rounds", "2", "--time", "1s", "--warm-up", "100ms", "--fill", "4M", "--partitions", "2", "--json"];
    let places = ["--start-dir", data.to_str().unwrap(), "--save", saved.to_str().unwrap()];
    let report = run(["bench", "share"].iter().chain(&small).chain(&places)).json().pop().unwrap();
    let runs = report["runs"].as_array().unwrap();
    let turns: Vec<&str> = runs.iter().map(|run| run["broker"].as_str().unwrap()).collect();
    let round = ["disk", "produce", "send-loop", "answer-loop", "fetch"];
    assert_eq!(turns, [round, round].concat());
    for run in runs {
        let does_write = run["broker"] == "disk" || run["broker"] == "produce";
        let moved = if does_write { "/figures/produced_mb_per_s" } else { "/figures/consumed_mb_per_s" };
        assert!(number(run, moved) > 0.0, "{run}");
    }
    // Two partitions give a mebibyte each.
    let setting = |name: &str| &report["load"].as_array().unwrap().iter().find(|it| it[0] == name).unwrap()[1];
    assert_eq!((setting("fetch answer bytes"), setting("fetched from bytes")), (&"2097152".into(), &"4194304".into()));
    let ratios = report["ratios"].as_array().unwrap();
    for (broker, base, figure) in [
        ("produce", "disk", "produced MB/s"),
        ("produce", "disk", "written MB/s"),
        ("fetch", "send-loop", "consumed MB/s"),
        ("fetch", "answer-loop", "consumed MB/s"),
    ] {
        let is_it = |it: &&Value| it["broker"] == broker && it["base"] == base && it["figure"] == figure;
        let found = ratios.iter().find(is_it).unwrap_or_else(|| panic!("{broker} / {base}: {report}"));
        assert_eq!(found["rounds"], 2, "{report}");
        assert!(number(found, "/low") <= number(found, "/median") && number(found, "/low") > 0.0, "{found}");
    }
    // What is acknowledged was written, to the disk that the broker has its data on.
    let written = number(&report, "/runs/1/figures/broker_written_mb_per_s");
    assert!(written >= 0.9 * number(&report, "/runs/1/figures/produced_mb_per_s"), "{report}");
    assert!(std::fs::read_to_string(saved.join("report.txt")).unwrap().contains("answer-loop"));
    assert_eq!(std::fs::read_dir(&data).unwrap().count(), 0, "what the brokers left is removed");
}

#[test]
fn what_cannot_be_measured_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let broker = Broker::start(&directory.path().join("data"), 1);
    let server = broker.server.as_str();
    for (arguments, code, words) in [
        (&["produce", "--rate", "0"][..], 2, "records a second"),
        (&["produce", "--idempotence", "--acks", "1", "--server", server], 2, "--idempotence needs --acks all"),
        (&["mixed", "--record-bytes", "4", "--server", server], 2, "--record-bytes 8 or more"),
        (&["consume", "--fill", "0", "--server", server], 2, "nothing to read"),
        (&["produce", "--pin", "9999", "--server", server], 2, "processor 9999 cannot be used"),
        (&["produce", "--server", "127.0.0.1:1"], 3, "cannot connect"),
        (&["compare", server], 2, "two brokers"),
        (&["cores", "--keys", "uniform:5"], 2, "neither --keys nor --producers"),
        (&["limits", "--start", "a=exit 7"], 3, "ended (exit status: 7)"),
        (&["limits", "--connections", "0"], 2, "0 is not in 1..="),
        (&["share", "--rate", "1000,2000"], 2, "at one --rate"),
        (&["share", "--rate", "999"], 2, "a record each --burst"),
        (&["share", "--rate", "1000", "--producers", "2"], 2, "use no --producers"),
        (&["share", "--write-bytes", "0"], 2, "--write-bytes must be a multiple of 4096"),
        (&["share", "--write-bytes", "5000"], 2, "--write-bytes must be a multiple of 4096"),
        (&["share", "--write-bytes", "1G"], 2, "134217728 at most"),
        (&["share", "--compression", "lz4"], 2, "neither --compression nor --acks"),
        (&["share", "--acks", "1"], 2, "neither --compression nor --acks"),
        (&["share", "--consumers", "2"], 2, "use no --consumers"),
        (&["share", "--fill", "1K"], 2, "--fill 1024 is less than an answer"),
        (&["share", "--fetch-bytes", "0"], 2, "--fetch-bytes"),
        (&["share", "--start-pin", "9999"], 2, "cannot be used"),
        (&["share", "--rounds", "0"], 2, "0 is not in 1..="),
        (&["share", "--start-dir", "/dev/null"], 4, "/dev/null"),
        (&["compare", "--start", "a=exit 7", server], 3, "ended (exit status: 7)"),
    ] {
        let done = run(["bench"].iter().chain(arguments).copied());
        assert_eq!(done.code, code, "{arguments:?}: {}", done.stderr);
        assert!(done.stderr.contains(words), "{arguments:?}: {}", done.stderr);
    }
}

#[test]
fn an_interrupted_run_is_reported() {
    let directory = tempfile::tempdir().unwrap();
    let broker = Broker::start(&directory.path().join("data"), 1);
    // The signal comes when the topic is there: by then it is waited for.
    let mut child = millrace()
        .args([
            "bench",
            "produce",
            "--rate",
            "100",
            "--time",
            "1h",
            "--warm-up",
            "0s",
            "--json",
            "--topic",
            "t",
            "--keep",
        ])
        .args(["--server", &broker.server])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let has_records = || {
        let done = run(["consume", "t", "-n", "1", "--server", &broker.server]);
        done.code == 0 && !done.stdout.is_empty()
    };
    while !has_records() {
        assert!(child.try_wait().unwrap().is_none());
    }
    let pid = nix::unistd::Pid::from_raw(child.id().cast_signed());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(number(&report, "/runs/0/figures/seconds") < 600.0);
}
