//! What a ring's ways to send, receive and write cost: `docs/decisions/006`.
//!
//! `cargo run --release -p millrace-bench --bin ring_ways -- --processor 0 --peer-processor 1`
//!
//! One step at a time on one connection, the other end in a process of its own. Turns of all ways of a task are taken
//! alternately, and the medians count. Processor time is that of this process, the kernel's workers for it included.

mod peer;
mod ring;
mod way;

use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};
use nix::sys::resource::{UsageWho, getrusage};
use serde::Serialize;

use crate::peer::{Peer, Role};
use crate::way::{Files, Task, Way, Worker};

/// Anything that ends the program.
type Failure = Box<dyn Error>;

const KIB: usize = 1024;
/// Steps of a turn that do not count.
const WARM_UP_STEPS: usize = 20;

/// Measures what a ring's ways to send, receive and write cost.
#[derive(Parser)]
struct Arguments {
    /// Directory on the disk to be measured; what is written there is removed at the end
    #[arg(long, default_value = "target")]
    dir: PathBuf,
    /// Length of one turn, in ms
    #[arg(long, default_value_t = 500)]
    turn_ms: u64,
    /// Turns of each way
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// What to measure (all of it unless given)
    #[arg(long, value_delimiter = ',', value_enum)]
    tasks: Vec<Task>,
    /// Bytes of a step
    #[arg(long, value_delimiter = ',', default_values_t = [KIB, 64 * KIB, 1024 * KIB])]
    bytes: Vec<usize>,
    /// Length of the file, in MiB
    #[arg(long, default_value_t = 256)]
    file_mib: u64,
    /// Processor to run on
    #[arg(long)]
    processor: Option<usize>,
    /// Processor for the other end
    #[arg(long)]
    peer_processor: Option<usize>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// A few ms of each: shows that the program works, measures nothing
    #[arg(long)]
    smoke: bool,
    #[arg(long, hide = true, requires = "peer_address")]
    peer: Option<Role>,
    #[arg(long, hide = true)]
    peer_address: Option<String>,
}

/// A way: medians over its turns.
#[derive(Clone, Debug, Serialize)]
struct Row {
    task: &'static str,
    bytes: usize,
    way: &'static str,
    mb_per_s: f64,
    cpu_s_per_gb: f64,
    cpu_us_per_step: f64,
    /// Processor time against the first way's.
    cpu_ratio: f64,
}

/// What one turn took.
#[derive(Clone, Copy)]
struct Turn {
    steps: f64,
    bytes: f64,
    cpu_s: f64,
    elapsed_s: f64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match (arguments.peer, &arguments.peer_address) {
        (Some(role), Some(address)) => {
            pin(arguments.peer_processor).and_then(|()| peer::run(role, address).map_err(Failure::from))
        }
        _ => measure(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ring_ways: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(arguments: &Arguments) -> Result<(), Failure> {
    pin(arguments.processor)?;
    let (turn, rounds, file_bytes) = match arguments.smoke {
        true => (Duration::from_millis(5), 1, 4 << 20),
        false => (Duration::from_millis(arguments.turn_ms), arguments.rounds.max(1), arguments.file_mib << 20),
    };
    let directory = tempfile::tempdir_in(&arguments.dir)?;
    let files = files(directory.path(), file_bytes)?;
    let mut rows = Vec::new();
    if !arguments.json {
        println!(
            "| task | bytes | way | MB/s | CPU-s/GB | CPU-us a step | CPU, ratio |\n|---|---:|---|---:|---:|---:|---:|"
        );
    }
    let tasks = if arguments.tasks.is_empty() { Task::value_variants() } else { &*arguments.tasks };
    for &task in tasks {
        for &bytes in &arguments.bytes {
            match task {
                Task::SendHot => way::warm(&files.cached)?,
                _ => way::cool(&files.cached)?,
            }
            for row in compare(arguments, (task, bytes), &files, turn, rounds)? {
                if !arguments.json {
                    let Row { task, bytes, way, mb_per_s, cpu_s_per_gb, cpu_us_per_step, cpu_ratio } = &row;
                    print!("| {task} | {bytes} | {way} | {mb_per_s:.0} | {cpu_s_per_gb:.3} ");
                    println!("| {cpu_us_per_step:.1} | {cpu_ratio:.2} |");
                }
                rows.push(row);
            }
        }
    }
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
    }
    Ok(())
}

/// All ways of a task, in turns.
fn compare(
    arguments: &Arguments,
    (task, bytes): (Task, usize),
    files: &Files,
    turn: Duration,
    rounds: usize,
) -> Result<Vec<Row>, Failure> {
    let mut turns: Vec<Vec<Turn>> = vec![Vec::new(); task.ways().len()];
    for _ in 0..rounds {
        for (way, turns) in task.ways().iter().zip(&mut turns) {
            turns.push(take_turn(arguments, (task, *way, bytes), files, turn)?);
        }
    }
    let mut rows: Vec<Row> = Vec::new();
    for (way, turns) in task.ways().iter().zip(&turns) {
        let cpu_s_per_gb = median(turns, |turn| turn.cpu_s / turn.bytes * 1e9);
        rows.push(Row {
            task: task.name(),
            bytes,
            way: way.name(),
            mb_per_s: median(turns, |turn| turn.bytes / turn.elapsed_s / 1e6),
            cpu_s_per_gb,
            cpu_us_per_step: median(turns, |turn| turn.cpu_s / turn.steps * 1e6),
            cpu_ratio: cpu_s_per_gb / rows.first().map_or(cpu_s_per_gb, |first| first.cpu_s_per_gb),
        });
    }
    Ok(rows)
}

#[allow(clippy::disallowed_methods, reason = "there is no runtime here: its parts are measured")]
fn take_turn(arguments: &Arguments, work: (Task, Way, usize), files: &Files, turn: Duration) -> Result<Turn, Failure> {
    let role = work.0.role(work.2);
    let peer = role.map(|role| Peer::start(role, arguments.peer_processor)).transpose()?;
    let mut worker = Worker::new(work, files, peer.as_ref().map(|peer| &peer.stream))?;
    for _ in 0..WARM_UP_STEPS {
        worker.step()?;
    }
    let (began, cpu_before) = (Instant::now(), cpu_s()?);
    let (mut steps, mut bytes) = (0.0, 0.0);
    loop {
        bytes += worker.step()? as f64;
        steps += 1.0;
        if began.elapsed() >= turn {
            break;
        }
    }
    Ok(Turn { steps, bytes, cpu_s: cpu_s()? - cpu_before, elapsed_s: began.elapsed().as_secs_f64() })
}

/// A file of `bytes`, written and on the disk, and its two descriptors.
fn files(directory: &Path, bytes: u64) -> Result<Files, Failure> {
    let path = directory.join("ring_ways");
    let mut cached = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path)?;
    let piece = vec![7; KIB * KIB];
    for _ in 0..bytes / piece.len() as u64 {
        cached.write_all(&piece)?;
    }
    cached.sync_all()?;
    cached.seek(SeekFrom::Start(0))?;
    let direct: File = OpenOptions::new().read(true).write(true).custom_flags(libc::O_DIRECT).open(&path)?;
    Ok(Files { cached, direct, bytes })
}

fn cpu_s() -> Result<f64, Failure> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let times = [usage.user_time(), usage.system_time()];
    Ok(times.iter().map(|time| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6).sum())
}

fn median(turns: &[Turn], of: impl Fn(&Turn) -> f64) -> f64 {
    let mut values: Vec<f64> = turns.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn pin(processor: Option<usize>) -> Result<(), Failure> {
    let Some(processor) = processor else { return Ok(()) };
    let mut set = nix::sched::CpuSet::new();
    set.set(processor)?;
    nix::sched::sched_setaffinity(nix::unistd::Pid::from_raw(0), &set)
        .map_err(|error| format!("processor {processor}: {error}").into())
}
