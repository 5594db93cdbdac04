//! Seeds. `MILLRACE_SEED=N` names the first, `MILLRACE_SEEDS=N` how many.

use std::panic::catch_unwind;

use millrace_simulator::{Protocols, Scale, Summary, run};

/// Seeds that are run where nobody says how many.
const SEEDS: u64 = 1_000;
/// The same for groups of each kind, whose runs take longer.
const CROWD_SEEDS: u64 = 120;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().and_then(|text| text.parse().ok())
}

#[test]
fn without_faults_everything_is_there_once() {
    for seed in 0..5 {
        let summary = run(seed, Scale::Calm);
        assert!(summary.acknowledged_records > 0 && summary.fetched_records >= summary.acknowledged_records);
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in 0..5 {
        for scale in [Scale::Rough, Scale::Crowd(Protocols::Classic), Scale::Crowd(Protocols::Both)] {
            assert_eq!(run(seed, scale), run(seed, scale), "seed {seed}");
        }
    }
}

#[test]
fn what_was_acknowledged_is_there_once_and_in_order_whatever_happens() {
    let summaries = run_all(Scale::Rough, SEEDS);
    let acknowledged: u64 = summaries.iter().map(|summary| summary.acknowledged_records).sum();
    let crashes: usize = summaries.iter().map(|summary| summary.crashes).sum();
    println!("{} seeds: {acknowledged} records acknowledged, {crashes} crashes", summaries.len());
}

#[test]
fn groups_of_the_classic_protocol_keep_what_they_were_promised_whatever_happens_and_settle() {
    run_crowds(Protocols::Classic);
}

#[test]
fn groups_of_the_consumer_protocol_keep_what_they_were_promised_whatever_happens_and_settle() {
    run_crowds(Protocols::Consumer);
}

#[test]
fn groups_of_both_protocols_keep_what_they_were_promised_whatever_happens_and_settle() {
    run_crowds(Protocols::Both);
}

fn run_crowds(protocols: Protocols) {
    let summaries = run_all(Scale::Crowd(protocols), CROWD_SEEDS);
    let assignments: u64 = summaries.iter().map(|summary| summary.assignments).sum();
    let commits: u64 = summaries.iter().map(|summary| summary.commits).sum();
    let crashes: usize = summaries.iter().map(|summary| summary.crashes).sum();
    println!("{} seeds: {assignments} assignments, {commits} commits, {crashes} crashes", summaries.len());
}

/// Runs the seeds that are asked for, and fails if one of them does.
fn run_all(scale: Scale, seeds_by_default: u64) -> Vec<Summary> {
    let first = number("MILLRACE_SEED").unwrap_or(0);
    let seeds = number("MILLRACE_SEEDS").unwrap_or(seeds_by_default);
    let (mut failed, mut summaries) = (Vec::new(), Vec::new());
    for seed in first..first + seeds {
        match catch_unwind(|| run(seed, scale)) {
            Ok(summary) => summaries.push(summary),
            Err(_) => failed.push(seed),
        }
    }
    assert!(failed.is_empty(), "{} of {seeds} seeds failed: {failed:?}", failed.len());
    summaries
}
