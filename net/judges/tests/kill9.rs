//! What was acknowledged survives kill -9, once, in order. Longer runs: `cargo run -p millrace-judges --bin kill9 --
//! --help`.

use std::time::Duration;

use millrace_judges::broker::{Kind, Setup};
use millrace_judges::kill9::{Plan, run};

/// How often the broker is killed, over all tests; `MILLRACE_KILLS` overrides it.
const KILLS: u32 = 80;

fn survives(cores: u32, host: &str, topic_settings: &[(&'static str, &'static str)]) {
    let cycles = std::env::var("MILLRACE_KILLS").map_or(KILLS, |kills| kills.parse().unwrap()) / 4;
    let directory = tempfile::tempdir().unwrap();
    let mut setup = Setup::of_environment(cores);
    if setup.kind == Kind::Millrace {
        setup.arguments = vec!["--host".to_owned(), host.to_owned()];
    }
    let plan = Plan {
        setup,
        cycles,
        partitions: 16,
        topic_settings: topic_settings.to_vec(),
        value_bytes: 100,
        rate: 10_000,
        life_max: Duration::from_millis(800),
        seed: u64::from(cores),
    };
    let report = run(&plan, directory.path(), |_| {});
    println!("{}", report.text());
    assert!(report.violations.is_empty(), "{}", report.text());
    assert!(report.acknowledged > u64::from(cycles) * 100, "hardly anything was written: {}", report.text());
}

#[test]
fn nothing_acknowledged_is_lost_on_one_core() {
    survives(1, "uring", &[]);
}

#[test]
fn nothing_acknowledged_is_lost_on_two_cores() {
    survives(2, "uring", &[]);
}

#[test]
fn nothing_acknowledged_is_lost_in_glommios_executor() {
    survives(2, "glommio", &[]);
}

#[test]
fn nothing_acknowledged_is_lost_that_is_stored_as_columns() {
    if Kind::from_environment() == Kind::Millrace {
        survives(2, "uring", &[("millrace.record.format", "columns")]);
    }
}
