//! Seeds. `MILLRACE_SEED=N` names the first, `MILLRACE_SEEDS=N` how many.

use std::panic::catch_unwind;

use millrace_simulator::{Scale, run};

/// Seeds that are run where nobody says how many.
const SEEDS: u64 = 1_000;

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
        assert_eq!(run(seed, Scale::Rough), run(seed, Scale::Rough), "seed {seed}");
    }
}

#[test]
fn what_was_acknowledged_is_there_once_and_in_order_whatever_happens() {
    let (first, seeds) = (number("MILLRACE_SEED").unwrap_or(0), number("MILLRACE_SEEDS").unwrap_or(SEEDS));
    let (mut failed, mut crashes, mut acknowledged) = (Vec::new(), 0, 0);
    for seed in first..first + seeds {
        match catch_unwind(|| run(seed, Scale::Rough)) {
            Ok(summary) => {
                crashes += summary.crashes;
                acknowledged += summary.acknowledged_records;
            }
            Err(_) => failed.push(seed),
        }
    }
    println!("{seeds} seeds: {acknowledged} records acknowledged, {crashes} crashes");
    assert!(failed.is_empty(), "{} of {seeds} seeds failed: {failed:?}", failed.len());
}
