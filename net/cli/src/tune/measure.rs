//! Measures what bounds a broker on this host: synced direct writes, direct reads, and the loopback.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::task::Waker;
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use millrace_runtime::{Buffer, BufferPool};
use serde::Serialize;

use crate::output::{self, CliError};

/// How long each row is measured.
const ROW: Duration = Duration::from_millis(1500);
/// The file that is written and read, in bytes: more than a disk's own fast memory takes in a row of small writes.
const FILE_BYTES: u64 = 256 << 20;
const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
/// Journal writes under way at the same time: as many as a core of the broker has.
const DEPTH: u64 = 2;
/// What takes longer counts as this, in ns.
const SLOWEST_NS: u64 = 60_000_000_000;
/// A small request and its answer.
const MESSAGE_BYTES: usize = 128;

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

/// The file, which is removed when the measurement ends.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::warn!(%error, path = %self.0.display(), "the file of the measurement could not be removed");
        }
    }
}

pub(super) fn run(data_dir: &Path, json: bool) -> Result<(), CliError> {
    let absolute = std::path::absolute(data_dir).map_err(CliError::file(data_dir.display().to_string()))?;
    let existing = absolute.ancestors().find(|path| path.is_dir()).unwrap_or(Path::new("/"));
    let path = existing.join(".millrace-tune-measure");
    let failed = || CliError::file(format!("measure in {}", existing.display()));
    let measured = measure(&path).map_err(failed())?;
    if json { output::print_json(&measured) } else { print(&measured, existing) }
}

fn measure(path: &Path) -> io::Result<Measured> {
    let scratch = Scratch(path.to_owned());
    let file = prepare(&scratch.0)?;
    let small = disk_row("synced write", &file, 4 * KIB, Access::Write)?;
    let middle = disk_row("synced write", &file, 32 * KIB, Access::Write)?;
    let large = disk_row("synced write", &file, 256 * KIB, Access::Write)?;
    let run = disk_row("synced write", &file, MIB, Access::Write)?;
    let read = disk_row("read", &file, MIB, Access::Read)?;
    let round = loopback_round_trips()?;
    let stream = loopback_stream()?;
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
        "\nMeasured in {}, {DEPTH} writes under way as in a core of the broker. At best, one core of a broker here\n\
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

#[derive(Clone, Copy, PartialEq)]
enum Access {
    Read,
    Write,
}

fn aligned(bytes: usize) -> io::Result<Buffer> {
    let pool = BufferPool::new(bytes, Waker::noop().clone());
    let mut buffer = pool.alloc(bytes).map_err(io::Error::other)?;
    buffer.set_len(bytes);
    Ok(buffer)
}

/// A file whose blocks have all been written, as those of the journal have.
fn prepare(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(true);
    let file = match options.clone().custom_flags(nix::libc::O_DIRECT | nix::libc::O_DSYNC).open(path) {
        // A file system without direct I/O: the broker goes through the page cache there as well.
        Err(error) if error.raw_os_error() == Some(nix::libc::EINVAL) => {
            options.custom_flags(nix::libc::O_DSYNC).open(path)?
        }
        opened => opened?,
    };
    let block = aligned(4 * MIB)?;
    for at in (0..FILE_BYTES).step_by(4 * MIB) {
        file.write_all_at(&block, at)?;
    }
    Ok(file)
}

/// Reads or writes pieces one after the other, [`DEPTH`] at a time.
fn disk_row(what: &'static str, file: &File, bytes: usize, access: Access) -> io::Result<Row> {
    let began = Instant::now();
    let lane = |lane: u64| {
        let mut times = Times::new()?;
        let mut buffer = aligned(bytes)?;
        let pieces = FILE_BYTES / bytes as u64;
        let mut piece = lane;
        while began.elapsed() < ROW {
            let at = piece % pieces * bytes as u64;
            times.time(|| match access {
                Access::Write => file.write_all_at(&buffer, at),
                Access::Read => file.read_exact_at(&mut buffer, at),
            })?;
            piece += DEPTH;
        }
        Ok(times)
    };
    let lanes: Vec<io::Result<Times>> = thread::scope(|scope| {
        let running: Vec<_> = (0..DEPTH).map(|number| scope.spawn(move || lane(number))).collect();
        running.into_iter().map(|lane| lane.join().unwrap_or_else(|_| Err(io::Error::other("a thread died")))).collect()
    });
    let mut times = Times::new()?;
    for lane in lanes {
        times.0.add(lane?.0).map_err(io::Error::other)?;
    }
    Ok(times.row(what, bytes, began.elapsed()))
}

/// A small message there and back, over and over.
fn loopback_round_trips() -> io::Result<Row> {
    let (mut near, mut far) = loopback()?;
    let echo = thread::spawn(move || {
        let mut message = [0; MESSAGE_BYTES];
        while far.read_exact(&mut message).is_ok() && far.write_all(&message).is_ok() {}
    });
    let mut times = Times::new()?;
    let mut message = [0; MESSAGE_BYTES];
    let began = Instant::now();
    while began.elapsed() < ROW {
        times.time(|| near.write_all(&message).and_then(|()| near.read_exact(&mut message)))?;
    }
    let row = times.row("loopback round trip", MESSAGE_BYTES, began.elapsed());
    drop(near);
    echo.join().map_err(|_| io::Error::other("the echo died"))?;
    Ok(row)
}

/// Large pieces one way.
fn loopback_stream() -> io::Result<Row> {
    let bytes = 256 * KIB;
    let (mut near, mut far) = loopback()?;
    let sink = thread::spawn(move || {
        let mut taken = vec![0; bytes];
        while far.read(&mut taken).is_ok_and(|count| count > 0) {}
    });
    let piece = vec![0; bytes];
    let mut times = Times::new()?;
    let began = Instant::now();
    while began.elapsed() < ROW {
        times.time(|| near.write_all(&piece))?;
    }
    let row = times.row("loopback stream", bytes, began.elapsed());
    drop(near);
    sink.join().map_err(|_| io::Error::other("the sink died"))?;
    Ok(row)
}

fn loopback() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let near = TcpStream::connect(listener.local_addr()?)?;
    let (far, _) = listener.accept()?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    Ok((near, far))
}

/// How long operations took, in ns.
struct Times(Histogram<u64>);

impl Times {
    fn new() -> io::Result<Self> {
        Histogram::new_with_bounds(1, SLOWEST_NS, 3).map(Self).map_err(io::Error::other)
    }

    fn time(&mut self, operation: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let began = Instant::now();
        operation()?;
        self.0.saturating_record(u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX));
        Ok(())
    }

    fn row(&self, what: &'static str, bytes: usize, took: Duration) -> Row {
        let ms = |quantile: f64| self.0.value_at_quantile(quantile) as f64 / 1e6;
        let per_second = self.0.len() as f64 / took.as_secs_f64();
        let mb_per_second = per_second * bytes as f64 / 1e6;
        Row { what, bytes, per_second, mb_per_second, p50_ms: ms(0.5), p99_ms: ms(0.99), p999_ms: ms(0.999) }
    }
}
