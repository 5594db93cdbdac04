//! What people and programs are shown: lines, JSON, tables, errors.

use std::io::{self, BufWriter, ErrorKind, StdoutLock, Write};
use std::process::ExitCode;

use millrace_client::ClientError;
use millrace_load::LoadError;
use millrace_server::ServeError;
use serde::Serialize;
use thiserror::Error;

/// Why a subcommand failed. Each kind has its exit code.
#[derive(Debug, Error)]
pub(crate) enum CliError {
    /// What was asked makes no sense (2, as for unknown options).
    #[error("{0}")]
    Usage(String),
    /// A broker said no, or none answered (3).
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A broker said no, or none answered, in the middle of writing (3).
    #[error("{source}; records acknowledged before it: {acknowledged}")]
    Produce { acknowledged: u64, source: ClientError },
    /// A measurement could not be made (as for what it failed by).
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A measurement was made, and not all of it went well (3).
    #[error("{0}")]
    Unclean(String),
    /// A file cannot be read, or standard output not be written (4).
    #[error("{what}: {source}")]
    File { what: String, source: io::Error },
    /// Checks found something (5).
    #[error("{0}")]
    Damaged(String),
    /// Something on this host is not as it should be (6).
    #[error("{0}")]
    Untuned(String),
    /// The broker could not start or had to stop (its own code).
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// Nobody reads standard output any more, as with `| head`: the end, and no failure (0).
    #[error("nobody reads the output")]
    ReaderGone,
}

impl CliError {
    pub(crate) fn file(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::File { what, source }
    }

    pub(crate) fn stdout(source: io::Error) -> Self {
        match source.kind() {
            ErrorKind::BrokenPipe => Self::ReaderGone,
            _ => Self::File { what: "standard output".to_owned(), source },
        }
    }
}

/// Tells an error, and what the process ends with.
pub(crate) fn report(error: &CliError) -> ExitCode {
    let code = match error {
        CliError::ReaderGone => return ExitCode::SUCCESS,
        CliError::Usage(_) | CliError::Load(LoadError::Spec(_)) => 2,
        CliError::File { .. } | CliError::Load(LoadError::File { .. }) => 4,
        CliError::Client(_) | CliError::Produce { .. } | CliError::Load(_) | CliError::Unclean(_) => 3,
        CliError::Damaged(_) => 5,
        CliError::Untuned(_) => 6,
        CliError::Serve(error) => error.exit_code(),
    };
    // Without standard error the code alone must say it.
    writeln!(io::stderr(), "error: {error}").map_or(ExitCode::from(code), |()| ExitCode::from(code))
}

/// Standard output, buffered: what is written shows when it is flushed.
pub(crate) struct Output(BufWriter<StdoutLock<'static>>);

impl Output {
    pub(crate) fn new() -> Self {
        Self(BufWriter::new(io::stdout().lock()))
    }

    pub(crate) fn line(&mut self, line: impl AsRef<[u8]>) -> Result<(), CliError> {
        self.write(|out| {
            out.write_all(line.as_ref())?;
            out.write_all(b"\n")
        })
    }

    /// A value as one line of JSON.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> Result<(), CliError> {
        self.write(|out| {
            serde_json::to_writer(&mut *out, value)?;
            out.write_all(b"\n")
        })
    }

    pub(crate) fn write(&mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), CliError> {
        write(&mut self.0).map_err(CliError::stdout)
    }

    pub(crate) fn flush(&mut self) -> Result<(), CliError> {
        self.0.flush().map_err(CliError::stdout)
    }
}

/// Prints a line.
pub(crate) fn print_line(line: &str) -> Result<(), CliError> {
    let mut output = Output::new();
    output.line(line)?;
    output.flush()
}

/// Prints a value as one line of JSON.
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), CliError> {
    let mut output = Output::new();
    output.json(value)?;
    output.flush()
}

/// Prints rows under headings, each column as wide as its widest cell.
pub(crate) fn print_table<const COLUMNS: usize>(
    headings: [&str; COLUMNS],
    rows: &[[String; COLUMNS]],
) -> Result<(), CliError> {
    let mut widths = headings.map(str::len);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut output = Output::new();
    output.line(padded(&headings, &widths))?;
    for row in rows {
        output.line(padded(&row.each_ref().map(String::as_str), &widths))?;
    }
    output.flush()
}

/// Cells side by side, the last one without blanks behind it.
fn padded(cells: &[&str], widths: &[usize]) -> String {
    let cells: Vec<String> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
    cells.join("  ").trim_end().to_owned()
}

/// `1 record`, `2 records`.
pub(crate) fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("{count} {noun}") } else { format!("{count} {noun}s") }
}

/// A timestamp (Unix ms) for people: RFC 3339, or the number where it is no time.
pub(crate) fn time(timestamp_ms: i64) -> String {
    /// The last millisecond of the year 9999: RFC 3339 knows no later one.
    const LAST_MS: u64 = 253_402_300_799_999;
    match u64::try_from(timestamp_ms) {
        Ok(since) if since <= LAST_MS => {
            let time = std::time::UNIX_EPOCH + std::time::Duration::from_millis(since);
            humantime::format_rfc3339_millis(time).to_string()
        }
        _ => timestamp_ms.to_string(),
    }
}
