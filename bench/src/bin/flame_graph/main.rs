//! Where a process spends its time while a command runs, as a flame graph. `scripts/flame-graph` runs it around a
//! broker and a load.
//!
//! It is `perf` that looks, by a timer: hardware counters are not needed, so it works on virtual machines too. Whole
//! stacks need frame pointers in what is looked at.

use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::io::{self, BufReader, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use clap::Parser;
use inferno::collapse::Collapse;
use inferno::collapse::perf::Folder;
use inferno::flamegraph::{self, Options};

/// Anything that ends the program.
type Failure = Box<dyn Error>;

/// Draws where a process spends its time while a command runs
#[derive(Parser)]
struct Arguments {
    /// The process
    #[arg(long)]
    pid: u32,
    /// How often it is looked, each second of its processor time
    #[arg(long, default_value_t = 1999)]
    frequency: u32,
    /// What stands above the graph
    #[arg(long, default_value = "processor time")]
    title: String,
    /// Where the graph goes
    #[arg(long, value_name = "FILE.svg")]
    out: PathBuf,
    /// The command
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let directory = tempfile::tempdir()?;
    let samples = directory.path().join("perf.data");
    record(arguments, &samples)?;
    let stacks = fold(&samples)?;
    if stacks.is_empty() {
        return Err(format!("process {} was never seen at work while the command ran", arguments.pid).into());
    }
    draw(&arguments.title, &stacks, &arguments.out)
}

/// Looks at the process until the command ends.
fn record(arguments: &Arguments, samples: &Path) -> Result<(), Failure> {
    let mut perf = Command::new("perf");
    // What perf itself has to say goes to standard error, with what the command says there.
    perf.args(["record", "--quiet", "--event", "cpu-clock", "--call-graph", "fp"]);
    perf.args(["--freq", &arguments.frequency.to_string(), "--pid", &arguments.pid.to_string(), "--output"]);
    perf.arg(samples).arg("--").args(&arguments.command);
    let status = perf.status().map_err(without_perf)?;
    if status.success() {
        return Ok(());
    }
    Err(format!("perf or the command has failed ({status}); perf needs root, or kernel.perf_event_paranoid=1").into())
}

fn without_perf(error: io::Error) -> Failure {
    match error.kind() {
        ErrorKind::NotFound => "there is no perf here to look with: on Debian it is in the package linux-perf".into(),
        _ => format!("perf cannot be run: {error}").into(),
    }
}

/// The stacks that were seen, a line each, with how often.
fn fold(samples: &Path) -> Result<Vec<u8>, Failure> {
    let mut script = Command::new("perf");
    script.args(["script", "--input"]).arg(samples).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = script.spawn().map_err(without_perf)?;
    let printed = child.stdout.take().ok_or("perf script has no standard output")?;
    let mut stacks = Vec::new();
    let folded = Folder::default().collapse(BufReader::new(printed), &mut stacks);
    let status = child.wait()?;
    folded?;
    if status.success() {
        Ok(stacks)
    } else {
        Err(format!("perf script cannot read what was recorded ({status})").into())
    }
}

fn draw(title: &str, stacks: &[u8], out: &Path) -> Result<(), Failure> {
    let mut options = Options::default();
    options.title = title.to_owned();
    // What perf counts of a timer's event.
    options.count_name = "ns".to_owned();
    let mut drawn = Vec::new();
    flamegraph::from_reader(&mut options, stacks, &mut drawn)?;
    fs::write(out, without_comments(&String::from_utf8(drawn)?))
        .map_err(|error| format!("{}: {error}", out.display()))?;
    Ok(())
}

/// The graph without the lines of its script that are only comments: they speak to who keeps that script.
fn without_comments(graph: &str) -> String {
    graph.split_inclusive('\n').filter(|line| !line.trim_start().starts_with("//")).collect()
}
