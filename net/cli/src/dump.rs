//! `millrace dump`: segment files' batches and records, with every check there is.

mod check;
mod index;
mod print;
mod search;
mod segment;
mod verify;

use std::path::{Path, PathBuf};

use clap::Args;
use millrace_record::batch::Batch;
use millrace_record::compression::Scratch;
use serde::Serialize;

use crate::output::{CliError, Output, counted};
use crate::record_json::JsonRecord;
use check::Checker;
use segment::{Found, Segment};

#[derive(Args)]
pub(crate) struct Arguments {
    /// Segment files, for example DATA/topic-0/00000000000000000000.log; a directory stands for the segments in it
    #[arg(required = true)]
    segments: Vec<PathBuf>,
    /// Show the records of each batch as well
    #[arg(long, short)]
    records: bool,
    /// Only check, and show a line per segment: checksums, records, offsets from segment to segment, and whether the
    /// indexes agree; also of a whole data directory
    #[arg(long, conflicts_with = "records")]
    verify: bool,
    /// Print a line of JSON per batch, and one per file; with --verify, one in all
    #[arg(long)]
    json: bool,
}

/// A line of JSON.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line<'a> {
    Batch(BatchLine<'a>),
    Segment(SegmentLine<'a>),
}

#[derive(Serialize)]
struct BatchLine<'a> {
    /// In bytes from the file's beginning.
    position: u64,
    bytes: usize,
    base_offset: i64,
    /// Inclusive.
    last_offset: i64,
    records: i32,
    leader_epoch: i32,
    /// The number where it is no known codec.
    codec: String,
    producer_id: i64,
    producer_epoch: i16,
    base_sequence: i32,
    /// Unix ms.
    max_timestamp: i64,
    log_append_time: bool,
    transactional: bool,
    control: bool,
    columns: bool,
    crc: u32,
    problems: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    contents: Option<Vec<JsonRecord<'a>>>,
}

/// What a file came to.
#[derive(Default, Serialize)]
struct SegmentLine<'a> {
    path: String,
    batches: u64,
    records: u64,
    /// Of all batches.
    bytes: u64,
    /// Zeros at the end: space that a broker has reserved.
    reserved_bytes: u64,
    /// In which no batch was found.
    unreadable_bytes: u64,
    /// How many were found, in batches too.
    problem_count: u64,
    problems: &'a [String],
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), CliError> {
    if arguments.verify {
        return verify::run(&arguments.segments, arguments.json);
    }
    let mut output = Output::new();
    let mut scratch = Scratch::default();
    let mut damaged = Vec::new();
    let paths = files(&arguments.segments)?;
    for path in &paths {
        if !arguments.json && paths.len() > 1 {
            output.line(format!("{}:", path.display()))?;
        }
        let problems = dump(arguments, path, &mut output, &mut scratch)?;
        if problems > 0 {
            damaged.push(format!("{}: {}", path.display(), counted(problems, "problem")));
        }
    }
    output.flush()?;
    if damaged.is_empty() { Ok(()) } else { Err(CliError::Damaged(damaged.join("\n"))) }
}

/// The files themselves, and those in directories in the order of their names, which is that of their offsets.
fn files(given: &[PathBuf]) -> Result<Vec<PathBuf>, CliError> {
    let mut files = Vec::new();
    for path in given {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let mut segments = segments_in(path)?;
        if segments.is_empty() {
            return Err(CliError::Usage(format!(
                "{}: no segments (*.log) in this directory; name a partition's directory, such as DATA/topic-0",
                path.display()
            )));
        }
        files.append(&mut segments);
    }
    Ok(files)
}

/// The segments in a directory, in the order of their offsets.
fn segments_in(directory: &Path) -> Result<Vec<PathBuf>, CliError> {
    let mut entries = entries_of(directory)?;
    entries.retain(|entry| entry.extension().is_some_and(|extension| extension == "log"));
    Ok(entries)
}

/// What lies in a directory, in the order of the names.
fn entries_of(directory: &Path) -> Result<Vec<PathBuf>, CliError> {
    let failed = || CliError::file(directory.display().to_string());
    let entries = directory.read_dir().map_err(failed())?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>().map_err(failed())?;
    paths.sort();
    Ok(paths)
}

/// Dumps one file; the number of problems.
fn dump(arguments: &Arguments, path: &Path, output: &mut Output, scratch: &mut Scratch) -> Result<u64, CliError> {
    let mut segment = Segment::open(path)?;
    let mut checker = Checker::of(path);
    let mut summary = SegmentLine { path: path.display().to_string(), ..SegmentLine::default() };
    let mut problems = Vec::new();
    if !arguments.json {
        print::headings(output)?;
    }
    loop {
        let position = segment.position();
        match segment.next()? {
            Found::Batch(batch) => {
                let checked = checker.check(&batch, scratch);
                summary.batches += 1;
                summary.records += u64::from(batch.record_count().unsigned_abs());
                summary.bytes += batch.batch_bytes() as u64;
                summary.problem_count += checked.len() as u64;
                show(arguments, output, position, &batch, &checked, scratch)?;
            }
            Found::Reserved(bytes) => summary.reserved_bytes = bytes,
            Found::Unreadable { bytes, why } => {
                let problem = format!("{bytes} bytes from position {position} on are no batch: {why}");
                summary.unreadable_bytes += bytes;
                if !arguments.json {
                    print::problem(&mut *output, &problem)?;
                }
                problems.push(problem);
            }
            Found::End => break,
        }
    }
    summary.problem_count += problems.len() as u64;
    summary.problems = &problems;
    let problem_count = summary.problem_count;
    if arguments.json {
        output.json(&Line::Segment(summary))?;
    } else {
        print::summary(output, &summary)?;
    }
    Ok(problem_count)
}

fn show(
    arguments: &Arguments,
    output: &mut Output,
    position: u64,
    batch: &Batch<'_>,
    problems: &[String],
    scratch: &mut Scratch,
) -> Result<(), CliError> {
    let line = BatchLine {
        position,
        bytes: batch.batch_bytes(),
        base_offset: batch.base_offset(),
        last_offset: batch.last_offset(),
        records: batch.record_count(),
        leader_epoch: batch.leader_epoch(),
        codec: batch.codec().map_or_else(|_| (batch.attributes() & 7).to_string(), |codec| codec.name().to_owned()),
        producer_id: batch.producer_id(),
        producer_epoch: batch.producer_epoch(),
        base_sequence: batch.base_sequence(),
        max_timestamp: batch.max_timestamp(),
        log_append_time: batch.timestamp_type() == millrace_record::header::TimestampType::LogAppendTime,
        transactional: batch.is_transactional(),
        control: batch.is_control(),
        columns: batch.is_columns(),
        crc: batch.header().crc.to_native(),
        problems,
        contents: None,
    };
    if !arguments.json {
        print::batch(output, &line)?;
    }
    // What cannot be read is among the problems already.
    let is_readable = arguments.records && batch.crc_is_valid();
    let records = if is_readable { batch.records(scratch).ok() } else { None };
    let records = records.into_iter().flatten().map_while(Result::ok);
    if !arguments.json {
        return records.into_iter().try_for_each(|record| print::record(output, &record));
    }
    let contents = arguments.records.then(|| records.map(|record| JsonRecord::of(&record)).collect());
    output.json(&Line::Batch(BatchLine { contents, ..line }))
}
