//! A dump for people: a line per batch, as it is read.

use millrace_record::record::Record;

use super::{BatchLine, SegmentLine};
use crate::output::{self, CliError, Output, counted};

/// How much of a key or value is shown, in bytes.
const SHOWN_BYTES: usize = 200;

pub(super) fn headings(output: &mut Output) -> Result<(), CliError> {
    output.line(format!(
        "{:>10} {:>9} {:>23} {:>7} {:>5} {:<6} {:<24} {:<22} FLAGS",
        "POSITION", "BYTES", "OFFSETS", "RECORDS", "EPOCH", "CODEC", "MAX TIMESTAMP", "PRODUCER"
    ))
}

pub(super) fn batch(output: &mut Output, batch: &BatchLine<'_>) -> Result<(), CliError> {
    let producer = if batch.producer_id < 0 {
        "-".to_owned()
    } else {
        format!("{}/{} from {}", batch.producer_id, batch.producer_epoch, batch.base_sequence)
    };
    let flags = [
        (batch.log_append_time, "log-append-time"),
        (batch.transactional, "transactional"),
        (batch.control, "control"),
        (batch.columns, "columns"),
    ];
    let flags: Vec<&str> = flags.into_iter().filter_map(|(is_set, name)| is_set.then_some(name)).collect();
    let line = format!(
        "{:>10} {:>9} {:>23} {:>7} {:>5} {:<6} {:<24} {:<22} {}",
        batch.position,
        batch.bytes,
        format!("{}..={}", batch.base_offset, batch.last_offset),
        batch.records,
        batch.leader_epoch,
        batch.codec,
        output::time(batch.max_timestamp),
        producer,
        flags.join(",")
    );
    output.line(line.trim_end())?;
    batch.problems.iter().try_for_each(|text| problem(output, text))
}

pub(super) fn problem(output: &mut Output, problem: &str) -> Result<(), CliError> {
    output.line(format!("           PROBLEM: {problem}"))
}

pub(super) fn record(output: &mut Output, record: &Record<'_>) -> Result<(), CliError> {
    let mut line = format!("           offset {} at {}", record.offset, output::time(record.timestamp));
    if let Some(key) = record.key {
        line += &format!(" key {}", shown(key));
    }
    line += &format!(" value {}", record.value.map_or_else(|| "null".to_owned(), shown));
    for (name, value) in record.headers.clone() {
        line += &format!(" header {}={}", shown(name), value.map_or_else(|| "null".to_owned(), shown));
    }
    output.line(line)
}

pub(super) fn summary(output: &mut Output, summary: &SegmentLine<'_>) -> Result<(), CliError> {
    let batches = if summary.batches == 1 { "1 batch".to_owned() } else { format!("{} batches", summary.batches) };
    let reserved = match summary.reserved_bytes {
        0 => String::new(),
        bytes => format!(", {bytes} bytes reserved behind them"),
    };
    let verdict = match summary.problem_count {
        0 => "all checks passed".to_owned(),
        problems => counted(problems, "problem"),
    };
    let bytes = summary.bytes;
    output.line(format!("{batches}, {}, {bytes} bytes{reserved}: {verdict}", counted(summary.records, "record")))
}

/// Bytes in quotes, with escapes for what is not printable text; the beginning of many.
fn shown(bytes: &[u8]) -> String {
    let (start, more) = match bytes.get(..SHOWN_BYTES) {
        Some(start) if start.len() < bytes.len() => (start, format!("... ({} bytes)", bytes.len())),
        _ => (bytes, String::new()),
    };
    match str::from_utf8(start) {
        Ok(text) => format!("{text:?}{more}"),
        Err(_) => format!("\"{}\"{more}", start.escape_ascii()),
    }
}
