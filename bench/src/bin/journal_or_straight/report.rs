//! The figures, for people and for programs.

use serde::Serialize;

use crate::Failure;
use crate::cell::Cell;
use crate::way::Way;

/// What one turn gave.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    pub(crate) appends_per_s: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) cpu_s_per_gb: f64,
    pub(crate) disk_bytes_per_byte: f64,
}

/// A way in a cell: medians over its turns.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    partitions: usize,
    batch_bytes: usize,
    in_flight: usize,
    way: String,
    appends_per_s: f64,
    mb_per_s: f64,
    p50_us: f64,
    p99_us: f64,
    cpu_s_per_gb: f64,
    disk_bytes_per_byte: f64,
}

impl Row {
    pub(crate) fn new(cell: &Cell, batch_bytes: usize, way: Way, turns: &[Turn]) -> Row {
        let median = |of: fn(&Turn) -> f64| {
            let mut values: Vec<f64> = turns.iter().map(of).collect();
            values.sort_by(f64::total_cmp);
            values.get(values.len() / 2).copied().unwrap_or_default()
        };
        let appends_per_s = median(|turn| turn.appends_per_s);
        Row {
            partitions: cell.partitions,
            batch_bytes,
            in_flight: cell.in_flight,
            way: way.name(),
            appends_per_s,
            mb_per_s: appends_per_s * batch_bytes as f64 / 1e6,
            p50_us: median(|turn| turn.p50_us),
            p99_us: median(|turn| turn.p99_us),
            cpu_s_per_gb: median(|turn| turn.cpu_s_per_gb),
            disk_bytes_per_byte: median(|turn| turn.disk_bytes_per_byte),
        }
    }
}

/// Prints rows as they come, or all of them as JSON at the end.
pub(crate) struct Report {
    json: bool,
    rows: Vec<Row>,
}

impl Report {
    pub(crate) fn new(json: bool) -> Report {
        if !json {
            println!(
                "| partitions | in flight | batch, bytes | way | appends/s | MB/s | p50, us | p99, us | CPU s/GB \
                 | disk bytes/byte |"
            );
            println!("|---:|---:|---:|---|---:|---:|---:|---:|---:|---:|");
        }
        Report { json, rows: Vec::new() }
    }

    pub(crate) fn add(&mut self, rows: Vec<Row>) {
        if !self.json {
            for row in &rows {
                let Row { partitions, in_flight, batch_bytes, way, .. } = row;
                print!("| {partitions} | {in_flight} | {batch_bytes} | {way} | {:.0} ", row.appends_per_s);
                print!("| {:.1} | {:.0} | {:.0} ", row.mb_per_s, row.p50_us, row.p99_us);
                println!("| {:.2} | {:.2} |", row.cpu_s_per_gb, row.disk_bytes_per_byte);
            }
        }
        self.rows.extend(rows);
    }

    pub(crate) fn finish(&self) -> Result<(), Failure> {
        if self.json {
            println!("{}", serde_json::to_string_pretty(&self.rows)?);
        }
        Ok(())
    }
}
