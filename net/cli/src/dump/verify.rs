//! `millrace dump --verify`: a line per segment, and what is wrong with it.
//!
//! What the last segment of a partition ends with may be there in part only, since the journal holds the rest until the
//! broker has written it: that is told, and is no damage.

use std::path::{Path, PathBuf};

use millrace_record::compression::Scratch;
use serde::Serialize;

use super::check::Checker;
use super::index::{IndexCheck, IndexState};
use super::segment::{Found, Segment};
use super::{entries_of, segments_in};
use crate::output::{self, CliError, counted};

/// The segments of a partition, in the order of their offsets.
struct Partition {
    name: String,
    segments: Vec<PathBuf>,
    /// The last of them is the partition's last.
    is_open_ended: bool,
}

/// What was found.
#[derive(Serialize)]
struct Report {
    segments: Vec<SegmentReport>,
    problem_count: usize,
}

#[derive(Serialize)]
struct SegmentReport {
    partition: String,
    path: String,
    batches: u64,
    records: u64,
    /// Of all sound batches.
    bytes: u64,
    /// Of the first and the last record; null when there is none.
    first_offset: Option<i64>,
    last_offset: Option<i64>,
    index: IndexState,
    /// At the end of a partition's last segment: the journal may hold the rest.
    unfinished_bytes: u64,
    problems: Vec<String>,
}

pub(super) fn run(given: &[PathBuf], json: bool) -> Result<(), CliError> {
    let mut scratch = Scratch::default();
    let mut segments = Vec::new();
    for partition in partitions(given)? {
        segments.append(&mut verify(&partition, &mut scratch)?);
    }
    let problem_count = segments.iter().map(|segment| segment.problems.len()).sum();
    let report = Report { segments, problem_count };
    if json {
        output::print_json(&report)?
    } else {
        print(&report)?
    }
    let with_problems = report.segments.iter().filter(|segment| !segment.problems.is_empty());
    let damaged: Vec<String> = with_problems
        .map(|segment| format!("{}: {}", segment.path, counted(segment.problems.len() as u64, "problem")))
        .collect();
    if damaged.is_empty() { Ok(()) } else { Err(CliError::Damaged(damaged.join("\n"))) }
}

/// A file stands for itself, a partition's directory for its segments, a data directory for its partitions.
fn partitions(given: &[PathBuf]) -> Result<Vec<Partition>, CliError> {
    let mut partitions = Vec::new();
    for path in given {
        if !path.is_dir() {
            partitions.push(Partition::of_file(path)?);
            continue;
        }
        let known = partitions.len();
        for directory in [path.clone()].into_iter().chain(directories_in(path)?) {
            let segments = segments_in(&directory)?;
            if !segments.is_empty() {
                partitions.push(Partition { name: name_of(Some(&directory)), segments, is_open_ended: true });
            }
        }
        if partitions.len() == known {
            return Err(CliError::Usage(format!(
                "{}: no segments (*.log) in this directory, nor in the directories in it; name a data directory, or a \
                 partition's, such as DATA/topic-0",
                path.display()
            )));
        }
    }
    Ok(partitions)
}

impl Partition {
    fn of_file(path: &Path) -> Result<Self, CliError> {
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let is_open_ended = segments_in(directory)?.last().is_none_or(|last| last.file_name() == path.file_name());
        Ok(Self { name: name_of(Some(directory)), segments: vec![path.to_owned()], is_open_ended })
    }
}

fn directories_in(path: &Path) -> Result<Vec<PathBuf>, CliError> {
    let mut entries = entries_of(path)?;
    entries.retain(|entry| entry.is_dir());
    Ok(entries)
}

fn name_of(directory: Option<&Path>) -> String {
    let name = directory.and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|| ".".to_owned())
}

fn verify(partition: &Partition, scratch: &mut Scratch) -> Result<Vec<SegmentReport>, CliError> {
    let mut checker: Option<Checker> = None;
    let mut reports = Vec::with_capacity(partition.segments.len());
    for path in &partition.segments {
        let misplaced = match &mut checker {
            Some(checker) => checker.go_on_with(path),
            None => None,
        };
        let checker = checker.get_or_insert_with(|| Checker::of(path));
        let mut report = verify_segment(&partition.name, path, checker, scratch)?;
        report.problems.splice(0..0, misplaced);
        reports.push(report);
    }
    let last = if partition.is_open_ended { reports.pop() } else { None };
    for report in &mut reports {
        report.unfinished_bytes = 0;
    }
    if let Some(mut last) = last {
        if last.unfinished_bytes > 0 {
            // Told last, and only of what nothing sound follows.
            last.problems.pop();
        }
        reports.push(last);
    }
    Ok(reports)
}

/// Checks a segment. When nothing sound follows its last problem, that problem is the last one, and as many bytes are
/// unfinished.
fn verify_segment(
    partition: &str,
    path: &Path,
    checker: &mut Checker,
    scratch: &mut Scratch,
) -> Result<SegmentReport, CliError> {
    let mut segment = Segment::open(path)?;
    let mut index = IndexCheck::open(path)?;
    let mut report = SegmentReport {
        partition: partition.to_owned(),
        path: path.display().to_string(),
        batches: 0,
        records: 0,
        bytes: 0,
        first_offset: None,
        last_offset: None,
        index: IndexState::None,
        unfinished_bytes: 0,
        problems: Vec::new(),
    };
    let mut end = 0;
    loop {
        let position = segment.position();
        match segment.next()? {
            Found::Batch(batch) if batch.crc_is_valid() => {
                let problems = checker.check(&batch, scratch);
                let told = problems.iter().map(|problem| format!("batch at {position}: {problem}"));
                report.problems.extend(told);
                report.batches += 1;
                report.records += u64::from(batch.record_count().unsigned_abs());
                report.bytes += batch.batch_bytes() as u64;
                report.first_offset.get_or_insert(batch.base_offset());
                report.last_offset = Some(batch.last_offset());
                report.unfinished_bytes = 0;
                end = position + batch.batch_bytes() as u64;
                index.note(position, &batch);
            }
            Found::Batch(batch) => {
                let why = batch.check_crc().err().map(|error| error.to_string()).unwrap_or_default();
                report.problems.push(format!("batch at {position}: {why}"));
                report.unfinished_bytes = batch.batch_bytes() as u64;
                end = position + batch.batch_bytes() as u64;
            }
            Found::Unreadable { bytes, why } => {
                report.problems.push(format!("{bytes} bytes from position {position} on are no batch: {why}"));
                report.unfinished_bytes = bytes;
                end = position + bytes;
            }
            Found::Reserved(_) => {}
            Found::End => break,
        }
    }
    let (state, problems) = index.finish(end);
    report.index = state;
    // Before what may yet turn out to be unfinished.
    let at = report.problems.len() - usize::from(report.unfinished_bytes > 0);
    report.problems.splice(at..at, problems);
    Ok(report)
}

fn print(report: &Report) -> Result<(), CliError> {
    let rows: Vec<_> = report.segments.iter().map(row).collect();
    output::print_table(["PARTITION", "SEGMENT", "BATCHES", "RECORDS", "BYTES", "OFFSETS", "INDEX", "RESULT"], &rows)?;
    for segment in &report.segments {
        for problem in &segment.problems {
            output::print_line(&format!("{}: PROBLEM: {problem}", segment.path))?;
        }
        if segment.unfinished_bytes > 0 {
            let bytes = segment.unfinished_bytes;
            output::print_line(&format!(
                "{}: {bytes} bytes at its end are no whole batch: a journal may hold the rest; start the broker and \
                 stop it, and verify again",
                segment.path
            ))?;
        }
    }
    let verdict = match report.problem_count {
        0 => "all checks passed".to_owned(),
        problems => counted(problems as u64, "problem"),
    };
    output::print_line(&format!("{}: {verdict}", counted(report.segments.len() as u64, "segment")))
}

fn row(segment: &SegmentReport) -> [String; 8] {
    let file = Path::new(&segment.path).file_name().map(|name| name.to_string_lossy().into_owned());
    let offsets = match (segment.first_offset, segment.last_offset) {
        (Some(first), Some(last)) => format!("{first}..={last}"),
        _ => "-".to_owned(),
    };
    let result = match (segment.problems.len(), segment.unfinished_bytes) {
        (0, 0) => "ok".to_owned(),
        (0, _) => "ok, unfinished".to_owned(),
        (problems, _) => counted(problems as u64, "problem"),
    };
    [
        segment.partition.clone(),
        file.unwrap_or_default(),
        segment.batches.to_string(),
        segment.records.to_string(),
        segment.bytes.to_string(),
        offsets,
        segment.index.name().to_owned(),
        result,
    ]
}
