//! Durable appends through the journal, straight to the segments, and without any log: `docs/decisions/001`.
//!
//! `cargo run --release -p millrace-bench --bin journal_or_straight`

mod bare;
mod cell;
mod meter;
mod report;
mod way;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use millrace_runtime::probe::{self, Severity};
use millrace_runtime::uring::{self, HostOptions};

use crate::cell::Cell;
use crate::report::Report;
use crate::way::Way;

/// Anything that ends the program.
type Failure = Box<dyn Error>;

const KIB: usize = 1024;
/// Memory that the tails of all ways of a cell may take together, in bytes; only what is touched counts.
const BUFFERS_BYTES: usize = 12 << 30;

/// Measures durable appends by how they reach the disk.
#[derive(Parser)]
struct Arguments {
    /// Directory on the disk to be measured; what is written there is removed at the end
    #[arg(long, default_value = "target")]
    dir: PathBuf,
    /// Length of one turn, in ms
    #[arg(long, default_value_t = 1000)]
    turn_ms: u64,
    /// Turns of each way in each cell, taken alternately; the median counts
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Appends in flight at most; never more than one per partition
    #[arg(long, default_value_t = 64)]
    in_flight: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Few partitions and a few ms: shows that the program works, measures nothing
    #[arg(long)]
    smoke: bool,
    /// Active partitions
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 256, 2000])]
    partitions: Vec<usize>,
    /// Bytes of a batch
    #[arg(long, value_delimiter = ',', default_values_t = [128, 4 * KIB, 64 * KIB, 1024 * KIB])]
    batch_bytes: Vec<usize>,
}

impl Arguments {
    /// Every cell: first the ways, then the threshold from which on a run goes straight.
    fn cells(&self) -> Vec<Cell> {
        let cell = |partitions: usize, batch_bytes: usize, ways: &[Way]| Cell {
            partitions,
            batch_bytes,
            in_flight: self.in_flight.clamp(1, partitions.max(1)),
            turn: Duration::from_millis(self.turn_ms),
            rounds: self.rounds.max(1),
            ways: ways.to_vec(),
        };
        if self.smoke {
            let smoke =
                |batch_bytes, ways| Cell { turn: Duration::from_millis(5), rounds: 1, ..cell(3, batch_bytes, ways) };
            return vec![smoke(128, &Way::COMPARED), smoke(64 * KIB, &Way::THRESHOLDS)];
        }
        let mut cells = Vec::new();
        for &partitions in &self.partitions {
            cells.extend(self.batch_bytes.iter().map(|bytes| cell(partitions, *bytes, &Way::COMPARED)));
        }
        for &partitions in self.partitions.iter().filter(|partitions| (2..=256).contains(*partitions)) {
            cells.extend([64 * KIB, 256 * KIB].map(|bytes| cell(partitions, bytes, &Way::THRESHOLDS)));
        }
        cells
    }
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    std::fs::create_dir_all(&arguments.dir)?;
    for finding in probe::check(&arguments.dir).findings() {
        if finding.severity != Severity::Good {
            eprintln!("{}: {}; {}", finding.subject, finding.found, finding.advice);
        }
    }
    let options = HostOptions { buffers_bytes_per_core: BUFFERS_BYTES, ..HostOptions::default() };
    let mut report = Report::new(arguments.json);
    for cell in arguments.cells() {
        // A host and a directory for each cell: nothing of one is left when the next begins.
        let directory = tempfile::Builder::new().prefix("journal-or-straight-").tempdir_in(&arguments.dir)?;
        let rows = uring::block_on_with(&options, async |core| cell.measure(&core, directory.path()).await)??;
        directory.close()?;
        report.add(rows);
    }
    report.finish()
}
