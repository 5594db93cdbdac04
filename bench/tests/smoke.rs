//! The programs still run.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::process::Command;

/// The rows that a program prints of a run that only shows that it works. It leaves nothing in its directory.
fn rows(program: &str, options: &[&str]) -> Vec<serde_json::Value> {
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new(program);
    let output = command.args(["--smoke", "--json", "--dir"]).arg(directory.path()).args(options).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn journal_or_straight_measures_every_way_and_leaves_nothing() {
    let rows = rows(env!("CARGO_BIN_EXE_journal_or_straight"), &[]);
    assert_eq!(rows.len(), 8);
    for row in rows {
        assert!(row["appends_per_s"].as_f64().unwrap() > 0.0, "{row}");
        assert!(row["p99_us"].as_f64().unwrap() >= row["p50_us"].as_f64().unwrap(), "{row}");
    }
}

#[test]
fn ring_ways_measures_every_way_and_leaves_nothing() {
    let rows = rows(env!("CARGO_BIN_EXE_ring_ways"), &["--bytes", "1024,131072"]);
    assert_eq!(rows.len(), 2 * (2 + 4 + 4 + 3 + 3));
    for row in rows {
        assert!(row["mb_per_s"].as_f64().unwrap() > 0.0, "{row}");
    }
}

#[test]
fn flame_graph_says_what_is_missing() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("graph.svg");
    let mut flame_graph = Command::new(env!("CARGO_BIN_EXE_flame_graph"));
    flame_graph.env("PATH", directory.path()).args(["--pid", &std::process::id().to_string(), "--out"]).arg(&out);
    let output = flame_graph.args(["--", "true"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("linux-perf"), "{said}");
    assert!(!out.exists());
}
