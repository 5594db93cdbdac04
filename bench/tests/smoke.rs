//! The programs still run.

use std::process::Command;

#[test]
fn journal_or_straight_measures_every_way_and_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_journal_or_straight"))
        .args(["--smoke", "--json", "--dir"])
        .arg(directory.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rows: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 8);
    for row in rows {
        assert!(row["appends_per_s"].as_f64().unwrap() > 0.0, "{row}");
        assert!(row["p99_us"].as_f64().unwrap() >= row["p50_us"].as_f64().unwrap(), "{row}");
    }
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn ring_ways_measures_every_way_and_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_ring_ways"))
        .args(["--smoke", "--json", "--bytes", "1024,131072", "--dir"])
        .arg(directory.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rows: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 2 * (2 + 4 + 4 + 3 + 3));
    for row in rows {
        assert!(row["mb_per_s"].as_f64().unwrap() > 0.0, "{row}");
    }
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
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
