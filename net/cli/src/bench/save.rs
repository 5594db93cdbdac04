//! A report as files.

use std::fs;
use std::path::Path;

use millrace_load::report::{Report, hdr, html, text};
use serde::Serialize;

use crate::output::CliError;

/// Writes a report of its own kind as `report.txt` and `report.json`.
pub(super) fn save_plain(text: &str, report: &impl Serialize, directory: &Path) -> Result<(), CliError> {
    fs::create_dir_all(directory).map_err(CliError::file(directory.display().to_string()))?;
    let write = |name: &str, bytes: &[u8]| {
        let path = directory.join(name);
        fs::write(&path, bytes).map_err(CliError::file(path.display().to_string()))
    };
    write("report.txt", format!("{text}\n").as_bytes())?;
    let mut json = Vec::new();
    serde_json::to_writer_pretty(&mut json, report).map_err(|error| CliError::file("report.json")(error.into()))?;
    json.push(b'\n');
    write("report.json", &json)
}

/// Writes `report.txt`, `report.json`, `report.html`, and `BROKER-ROUND[-RATE].KIND.hlog` for each run and kind of
/// latency.
pub(super) fn save(report: &Report, directory: &Path) -> Result<(), CliError> {
    save_plain(&text::text(report), report, directory)?;
    let write = |name: &str, bytes: &[u8]| {
        let path = directory.join(name);
        fs::write(&path, bytes).map_err(CliError::file(path.display().to_string()))
    };
    write("report.html", html::html(report)?.as_bytes())?;
    for run in &report.runs {
        let rate = run.rate.map_or_else(String::new, |rate| format!("-{rate}"));
        let broker = run.broker.replace(['/', ':'], "_");
        for kind in hdr::KINDS {
            let (name, of) = kind;
            if !of(&run.measured).is_empty() {
                let mut log = Vec::new();
                hdr::write(run, kind, &mut log).map_err(CliError::file("an HdrHistogram log"))?;
                write(&format!("{broker}-{}{rate}.{name}.hlog", run.round), &log)?;
            }
        }
    }
    Ok(())
}
