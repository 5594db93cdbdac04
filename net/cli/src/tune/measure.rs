//! Measures what bounds a broker on this host: synced direct writes, direct reads, and the loopback.

use std::path::Path;
use std::time::Duration;

use millrace_load::LoadError;
use millrace_load::probe::disk::{Access, DiskFile, DiskLoop, FILE_BYTES};
use millrace_load::probe::loopback::SendLoop;
use millrace_load::probe::{Probed, Span};
use millrace_load::stop::Stopper;
use millrace_log::journal::COMMITS_IN_FLIGHT;
use serde::Serialize;

use crate::output::{self, CliError};

/// When each row is measured.
const ROW: Span = Span { warm_up: Duration::ZERO, length: Duration::from_millis(1500) };
const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
/// A small request's answer.
const MESSAGE_BYTES: usize = 128;
/// Pieces of a stream.
const STREAM_BYTES: usize = 256 * KIB;

/// One row: operations of one size.
#[derive(Debug, Serialize)]
struct Row {
    what: &'static str,
    bytes: usize,
    per_second: f64,
    mb_per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    p999_ms: f64,
}

/// What the rows mean for a broker.
#[derive(Debug, Serialize)]
struct Prediction {
    /// The least time from a record's sending to its acknowledgement, on this host.
    acknowledgement_p50_ms: f64,
    acknowledgement_p99_ms: f64,
    /// Durable commits a second of one core; each holds the appends of all its partitions.
    commits_per_second: f64,
    produce_mb_per_second: f64,
    consume_cold_mb_per_second: f64,
    consume_hot_mb_per_second: f64,
}

#[derive(Serialize)]
struct Measured {
    rows: Vec<Row>,
    prediction: Prediction,
}

pub(super) fn run(data_dir: &Path, json: bool) -> Result<(), CliError> {
    let absolute = std::path::absolute(data_dir).map_err(CliError::file(data_dir.display().to_string()))?;
    let existing = absolute.ancestors().find(|path| path.is_dir()).unwrap_or(Path::new("/"));
    let measured = measure(&existing.join(".millrace-tune-measure"))?;
    if json { output::print_json(&measured) } else { print(&measured, existing) }
}

fn measure(path: &Path) -> Result<Measured, LoadError> {
    let file = DiskFile::create(path, FILE_BYTES)?;
    let write = |bytes: usize| disk_row("synced write", &file, bytes, Access::SyncedWrite);
    let (small, middle, large, run) = (write(4 * KIB)?, write(32 * KIB)?, write(256 * KIB)?, write(MIB)?);
    let read = disk_row("read", &file, MIB, Access::Read)?;
    let round = loopback_row("loopback round trip", MESSAGE_BYTES, true)?;
    let stream = loopback_row("loopback stream", STREAM_BYTES, false)?;
    let prediction = Prediction {
        acknowledgement_p50_ms: small.p50_ms + round.p50_ms,
        acknowledgement_p99_ms: small.p99_ms + round.p99_ms,
        commits_per_second: small.per_second,
        produce_mb_per_second: large.mb_per_second.max(run.mb_per_second).min(stream.mb_per_second),
        consume_cold_mb_per_second: read.mb_per_second.min(stream.mb_per_second),
        consume_hot_mb_per_second: stream.mb_per_second,
    };
    Ok(Measured { rows: vec![small, middle, large, run, read, round, stream], prediction })
}

fn print(measured: &Measured, directory: &Path) -> Result<(), CliError> {
    let row = |row: &Row| {
        let size = if row.bytes >= MIB { format!("{} MiB", row.bytes / MIB) } else { in_kib(row.bytes) };
        let number = |number: f64| format!("{number:.2}");
        let rate = format!("{:.0}", row.per_second);
        let (p50, p99, p999) = (number(row.p50_ms), number(row.p99_ms), number(row.p999_ms));
        [row.what.to_owned(), size, rate, format!("{:.0}", row.mb_per_second), p50, p99, p999]
    };
    let rows: Vec<[String; 7]> = measured.rows.iter().map(row).collect();
    output::print_table(["WHAT", "SIZE", "PER S", "MB/S", "P50 MS", "P99 MS", "P99.9 MS"], &rows)?;
    let prediction = &measured.prediction;
    output::print_line(&format!(
        "\nMeasured in {}, {COMMITS_IN_FLIGHT} writes under way as in a core of the broker. At best, one core of a \
         broker here\n\
         - acknowledges a durable record after {:.2} ms (p50), {:.2} ms (p99), and the client's network;\n\
         - commits {:.0} times a second, each time what all its partitions got;\n\
         - takes {:.0} MB/s, and gives {:.0} MB/s from the disk, {:.0} MB/s from memory.",
        directory.display(),
        prediction.acknowledgement_p50_ms,
        prediction.acknowledgement_p99_ms,
        prediction.commits_per_second,
        prediction.produce_mb_per_second,
        prediction.consume_cold_mb_per_second,
        prediction.consume_hot_mb_per_second,
    ))
}

fn in_kib(bytes: usize) -> String {
    if bytes < KIB { format!("{bytes} B") } else { format!("{} KiB", bytes / KIB) }
}

/// Reads or writes pieces one after the other, as many at a time as a core's journal has commits under way.
fn disk_row(what: &'static str, file: &DiskFile, piece_bytes: usize, access: Access) -> Result<Row, LoadError> {
    let task = DiskLoop { access, piece_bytes, in_flight: COMMITS_IN_FLIGHT, span: ROW, processor: None };
    Ok(row(what, &file.run(&task, &Stopper::default())?))
}

/// Pieces one way, each of them asked for or not.
fn loopback_row(what: &'static str, piece_bytes: usize, is_asked: bool) -> Result<Row, LoadError> {
    let (processor, peer_processor) = (None, None);
    let task = SendLoop { piece_bytes, memory_bytes: piece_bytes, is_asked, span: ROW, processor, peer_processor };
    Ok(row(what, &task.run(&Stopper::default())?))
}

fn row(what: &'static str, probed: &Probed) -> Row {
    let ms = |quantile: f64| probed.steps.value_at_quantile(quantile) as f64 / 1e6;
    let seconds = probed.length.as_secs_f64();
    Row {
        what,
        bytes: probed.step_bytes,
        per_second: probed.steps.len() as f64 / seconds,
        mb_per_second: probed.bytes() as f64 / seconds / 1e6,
        p50_ms: ms(0.5),
        p99_ms: ms(0.99),
        p999_ms: ms(0.999),
    }
}
