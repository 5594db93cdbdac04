//! Figures of a broker at rest: start to first answered Metadata on an empty directory, idle memory, idle processor
//! time.

use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use millrace_judges::broker::{Broker, Setup};
use millrace_judges::process::{process_time, resident_bytes};
use millrace_judges::wire::Connection;
use serde_json::json;

/// How fast the broker starts, and what it costs while nobody asks for anything
#[derive(Parser)]
struct Arguments {
    /// The broker's cores
    #[arg(long, default_value_t = 1)]
    cores: u32,
    /// How many starts are measured
    #[arg(long, default_value_t = 10)]
    starts: usize,
    /// Over how many seconds the idle broker is watched
    #[arg(long, default_value_t = 10)]
    idle_seconds: u64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn main() {
    /// What the first seconds still do is not idleness.
    const SETTLE: Duration = Duration::from_secs(2);
    let arguments = Arguments::parse();
    let setup = Setup::of_environment(arguments.cores);
    let mut starts: Vec<Duration> = (0..arguments.starts.max(1)).map(|_| start(&setup)).collect();
    starts.sort();
    let (median, worst) = (starts[starts.len() / 2], starts[starts.len() - 1]);

    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    let broker = Broker::start(setup.clone(), directory.path());
    thread::sleep(SETTLE);
    let (began, used) = (Instant::now(), process_time(broker.pid()));
    thread::sleep(Duration::from_secs(arguments.idle_seconds.max(1)));
    let idle = (process_time(broker.pid()) - used).as_secs_f64() / began.elapsed().as_secs_f64() * 100.0;
    let resident = resident_bytes(broker.pid()) as f64 / f64::from(1 << 20);

    let (median, worst) = (median.as_secs_f64() * 1e3, worst.as_secs_f64() * 1e3);
    if arguments.json {
        let figures = json!({
            "broker": setup.kind.name(), "cores": arguments.cores,
            "start_to_metadata_ms_median": median, "start_to_metadata_ms_worst": worst, "starts": starts.len(),
            "idle_resident_mib": resident, "idle_cpu_percent": idle, "idle_seconds": arguments.idle_seconds,
        });
        println!("{figures:#}");
    } else {
        let name = format!("{}, {} cores", setup.kind.name(), arguments.cores);
        println!("{name}");
        println!("  start to first answered Metadata   {median:>8.1} ms  (worst of {}: {worst:.1} ms)", starts.len());
        println!("  idle resident memory               {resident:>8.1} MiB");
        println!(
            "  idle processor time                {idle:>8.3} %   (of one core, over {} s)",
            arguments.idle_seconds
        );
    }
}

/// One start on an empty directory, until Metadata is answered.
fn start(setup: &Setup) -> Duration {
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    let began = Instant::now();
    let broker = Broker::start(setup.clone(), directory.path());
    let answer = Connection::open(&broker.address()).and_then(|mut connection| connection.metadata());
    let took = began.elapsed();
    answer.expect("Metadata is answered");
    took
}
