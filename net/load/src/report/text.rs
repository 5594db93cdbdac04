//! A report as text.

use std::fmt::Write;

use super::{Percentiles, Report, RunReport};
use crate::environment::{BrokerFacts, Machine};
use crate::limits::LimitsReport;

const HEADINGS: [&str; 15] = [
    "broker",
    "round",
    "rate",
    "records/s",
    "MB/s",
    "read MB/s",
    "p50 ms",
    "p99 ms",
    "p99.9 ms",
    "max ms",
    "CPUs",
    "CPU-s/GB",
    "CPU-s/M req",
    "MiB",
    "load CPUs",
];

/// The report for people: what ran, a line per run, what puts it in doubt.
#[must_use]
pub fn text(report: &Report) -> String {
    let settings: Vec<String> = report.load.iter().map(|(name, value)| format!("{name} {value}")).collect();
    let mut lines = vec![format!("load     {}", settings.join(", "))];
    lines.extend(report.brokers.iter().map(broker));
    lines.push(machine(&report.machine));
    lines.push(String::new());
    let rows: Vec<_> = report.runs.iter().map(row).collect();
    lines.extend(table(&HEADINGS, &rows));
    let end_to_end = report.runs.iter().filter_map(|run| Some((run, run.end_to_end_ms?)));
    let rows: Vec<_> = end_to_end.map(|(run, latency)| end_to_end_row(run, &latency)).collect();
    if !rows.is_empty() {
        lines.push(String::new());
        lines.push("from the intended send time to the arrival at a consumer:".to_owned());
        lines.extend(table(&["broker", "round", "p50 ms", "p99 ms", "p99.9 ms", "max ms"], &rows));
    }
    if !report.ratios.is_empty() {
        lines.push(String::new());
        lines.extend(ratios(report));
    }
    for run in &report.runs {
        let of = format!("{}, round {}", run.broker, run.round);
        lines.extend(run.failure.iter().map(|failure| format!("failed ({of}): {failure}")));
        lines.extend(run.refusals.iter().map(|refusal| {
            let (records, message, code) = (refusal.records, &refusal.message, refusal.code);
            format!("refused ({of}): {records} records: {message} ({code})")
        }));
        lines.extend(run.warnings.iter().map(|warning| format!("warning ({of}): {warning}")));
    }
    lines.join("\n")
}

/// What brokers take before anybody uses them.
#[must_use]
pub fn limits(report: &LimitsReport) -> String {
    let extent = &report.extent;
    let mut lines = vec![format!(
        "limits   {} idle connections, {} partitions, {} round(s), {} s left alone before each look",
        extent.connections, extent.partitions, report.rounds, extent.settle_s
    )];
    lines.extend(report.brokers.iter().map(|it| format!("broker   {}, {}: {}", it.name, it.version, it.command)));
    lines.push(machine(&report.machine));
    lines.push(String::new());
    let rows: Vec<_> = report
        .rows
        .iter()
        .map(|row| {
            let target = row.target.map_or_else(|| "-".to_owned(), |target| format!("<= {target} {}", row.unit));
            let range = format!("{} to {}", decimal(row.low), decimal(row.high));
            let median = format!("{} {}", decimal(row.median), row.unit);
            [row.broker.clone(), row.figure.to_owned(), median, range, target]
        })
        .collect();
    lines.extend(table(&["broker", "figure", "median", "range", "Millrace's target"], &rows));
    lines.join("\n")
}

fn machine(machine: &Machine) -> String {
    let pins = match machine.load_processors.as_slice() {
        [] => "not pinned".to_owned(),
        pins => format!("pinned to {pins:?}"),
    };
    format!(
        "machine  {}, {} x {}, load in {} thread(s), {pins}, millrace {}",
        machine.kernel, machine.processors, machine.processor, machine.load_threads, machine.client_version
    )
}

fn broker(facts: &BrokerFacts) -> String {
    let mut line = format!("broker   {} at {}, {}: {}", facts.name, facts.address, facts.version, facts.durability);
    if let Some(process) = &facts.process {
        /// Of a command line this much is shown.
        const COMMAND_CHARS_MAX: usize = 60;
        let command: String = process.command.chars().take(COMMAND_CHARS_MAX).collect();
        // A line that cannot be written to a String does not exist.
        let _ = write!(line, "; process {} on processors {}: {command}", process.pid, process.processors);
    }
    line
}

fn row(run: &RunReport) -> [String; 15] {
    let figures = &run.figures;
    let is_written = figures.produced_records_per_s > 0.0;
    let records = if is_written { figures.produced_records_per_s } else { figures.consumed_records_per_s };
    let optional = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), decimal);
    let latency = |of: fn(&Percentiles) -> f64| optional(run.produce_ms.as_ref().map(of));
    [
        run.broker.clone(),
        run.round.to_string(),
        run.rate.map_or_else(|| "-".to_owned(), |rate| rate.to_string()),
        format!("{records:.0}"),
        decimal(figures.produced_mb_per_s),
        decimal(figures.consumed_mb_per_s),
        latency(|latency| latency.p50),
        latency(|latency| latency.p99),
        latency(|latency| latency.p999),
        latency(|latency| latency.max),
        optional(figures.broker_cpus),
        optional(figures.broker_cpu_s_per_gb),
        optional(figures.broker_cpu_s_per_million_requests),
        optional(figures.broker_resident_mib),
        decimal(figures.load_cpus),
    ]
}

fn end_to_end_row(run: &RunReport, latency: &Percentiles) -> [String; 6] {
    let Percentiles { p50, p99, p999, max, .. } = *latency;
    let [p50, p99, p999, max] = [p50, p99, p999, max].map(decimal);
    [run.broker.clone(), run.round.to_string(), p50, p99, p999, max]
}

fn ratios(report: &Report) -> Vec<String> {
    let rows: Vec<_> = report
        .ratios
        .iter()
        .map(|ratio| {
            let [ours, theirs, median, low, high] =
                [ratio.value, ratio.base_value, ratio.median, ratio.low, ratio.high].map(decimal);
            let pair = format!("{} / {}", ratio.broker, ratio.base);
            let rate = ratio.rate.map_or_else(|| "-".to_owned(), |rate| rate.to_string());
            [pair, rate, ratio.figure.to_owned(), ours, theirs, median, format!("{low} to {high}")]
        })
        .collect();
    table(&["ratio", "rate", "figure", "median", "base", "ratio", "95 % interval"], &rows)
}

/// A number to three digits, and no more than people compare.
fn decimal(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 || size == 0.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// Rows under headings: words to the left, numbers to the right.
fn table<const COLUMNS: usize>(headings: &[&str; COLUMNS], rows: &[[String; COLUMNS]]) -> Vec<String> {
    let mut widths = headings.map(|heading| heading.chars().count());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let line = |cells: &[&str]| {
        let cells = cells.iter().zip(&widths).enumerate();
        let padded = cells.map(|(at, (cell, width))| match at {
            0 => format!("{cell:width$}"),
            _ => format!("{cell:>width$}"),
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut lines = vec![line(headings)];
    lines.extend(rows.iter().map(|row| line(&row.each_ref().map(String::as_str))));
    lines
}
