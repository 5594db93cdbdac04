//! Kills the broker at random moments under load, as often as one likes, and says whether it kept its promises.

use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Parser;
use millrace_judges::broker::Setup;
use millrace_judges::kill9::{Plan, run};

/// kill -9 under load, restart, verify
#[derive(Parser)]
struct Arguments {
    /// How often to kill
    #[arg(long, default_value_t = 50)]
    cycles: u32,
    /// The broker's cores
    #[arg(long, default_value_t = 1)]
    cores: u32,
    /// Over how many partitions
    #[arg(long, default_value_t = 16)]
    partitions: u16,
    /// Records a second; 0: as many as the broker takes
    #[arg(long, default_value_t = 20_000)]
    rate: u64,
    /// A record's value, in bytes
    #[arg(long, default_value_t = 100)]
    value_bytes: usize,
    /// The broker lives up to so many milliseconds
    #[arg(long, default_value_t = 800)]
    life_max_ms: u64,
    /// Repeats the moments of another run
    #[arg(long)]
    seed: Option<u64>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// Keep the broker's directory even if all is well
    #[arg(long)]
    keep: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| u64::from(now.subsec_nanos()));
    let plan = Plan {
        setup: Setup::of_environment(arguments.cores),
        cycles: arguments.cycles,
        partitions: arguments.partitions,
        topic_settings: Vec::new(),
        value_bytes: arguments.value_bytes,
        rate: arguments.rate,
        life_max: Duration::from_millis(arguments.life_max_ms),
        seed: arguments.seed.unwrap_or(clock),
    };
    eprintln!("{} with {} cores, seed {}", plan.setup.kind.name(), arguments.cores, plan.seed);
    let mut directory = tempfile::tempdir().expect("a temporary directory can be made");
    let report = run(&plan, directory.path(), |progress| eprintln!("{progress}"));
    if arguments.json {
        println!("{:#}", report.json())
    } else {
        println!("{}", report.text())
    }
    if arguments.keep || !report.violations.is_empty() {
        directory.disable_cleanup(true);
        eprintln!("the broker's directory: {}", directory.path().display());
    }
    if report.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
