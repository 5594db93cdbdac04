//! `millrace produce`: a line is a record.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use millrace_client::ClientError;
use millrace_client::producer::{NewRecord, Producer};
use millrace_record::compression::Codec;
use serde::Serialize;

use crate::connect::Server;
use crate::escape::unescape;
use crate::input::{Lines, Next};
use crate::output::{self, CliError, counted};
use crate::record_json::{JsonBytes, JsonRecord};

/// How long a record may wait for others to be sent with.
const LINGER: Duration = Duration::from_millis(5);

#[derive(Args)]
pub(crate) struct Arguments {
    /// The topic to write to; it must exist
    topic: String,
    /// Read lines from this file instead of standard input
    #[arg(long, short, value_name = "FILE")]
    file: Option<PathBuf>,
    /// What a line is: a record's value (with --key-separator also its key), or JSON as `consume --json` prints it
    #[arg(long, short, value_enum, default_value_t = Form::Text)]
    input: Form,
    /// Split each line into key and value at the first occurrence of this; \t is a tab
    #[arg(long, short, value_name = "SEPARATOR", value_parser = parse_separator)]
    key_separator: Option<Separator>,
    /// A key or value that reads like this is null: a null value is a tombstone
    #[arg(long, value_name = "TEXT")]
    null: Option<String>,
    /// A header that every record gets; may be repeated
    #[arg(long = "header", short = 'H', value_name = "NAME=VALUE", value_parser = parse_header)]
    headers: Vec<(String, String)>,
    /// Write to this partition, whatever the key
    #[arg(long, short)]
    partition: Option<i32>,
    /// How batches are compressed
    #[arg(long, short = 'z', value_enum, default_value_t = Compression::None)]
    compression: Compression,
    /// Whose acknowledgement to wait for
    #[arg(long, value_enum, default_value_t = Acks::All)]
    acks: Acks,
    /// Print what was written as JSON: records and offsets by partition
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    Text,
    Json,
}

#[derive(Clone, Copy, ValueEnum)]
enum Compression {
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

#[derive(Clone, Copy, ValueEnum)]
enum Acks {
    #[value(name = "0")]
    None,
    #[value(name = "1")]
    Leader,
    #[value(name = "all", alias = "-1")]
    All,
}

/// What stands between key and value: at least one byte.
#[derive(Clone)]
struct Separator(Vec<u8>);

fn parse_separator(text: &str) -> Result<Separator, String> {
    let bytes = unescape(text)?;
    if bytes.is_empty() { Err("it is empty".to_owned()) } else { Ok(Separator(bytes)) }
}

fn parse_header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

impl Arguments {
    fn codec(&self) -> Codec {
        match self.compression {
            Compression::None => Codec::None,
            Compression::Gzip => Codec::Gzip,
            Compression::Snappy => Codec::Snappy,
            Compression::Lz4 => Codec::Lz4,
            Compression::Zstd => Codec::Zstd,
        }
    }

    fn acks(&self) -> i16 {
        match self.acks {
            Acks::None => 0,
            Acks::Leader => 1,
            Acks::All => -1,
        }
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), CliError> {
    if arguments.input == Form::Json && (arguments.key_separator.is_some() || arguments.null.is_some()) {
        return Err(CliError::Usage(
            "--key-separator and --null are for --input text: JSON has keys and null".to_owned(),
        ));
    }
    let mut lines = Lines::open(arguments.file.as_deref())?;
    let mut cluster = arguments.server.connect()?;
    let mut producer = Producer::new(&mut cluster, &arguments.topic, arguments.codec(), arguments.acks())?;
    let progress = progress(lines.length(), arguments.file.is_some());
    let result = write_all(arguments, &mut lines, &mut producer, &progress);
    progress.finish_and_clear();
    result.map_err(|error| match error {
        CliError::Client(source) => CliError::Produce { acknowledged: acknowledged(&producer), source },
        error => error,
    })?;
    summarize(arguments, &producer)
}

fn write_all(
    arguments: &Arguments,
    lines: &mut Lines,
    producer: &mut Producer<'_>,
    progress: &ProgressBar,
) -> Result<(), CliError> {
    let mut gathering_since: Option<Instant> = None;
    loop {
        let wait = gathering_since.map(|since| LINGER.saturating_sub(since.elapsed()));
        let line = match lines.next(wait)? {
            Next::Line(line) => line,
            Next::Nothing => {
                producer.flush()?;
                gathering_since = None;
                continue;
            }
            Next::End => break,
        };
        progress.inc(line.len() as u64 + 1);
        match arguments.input {
            Form::Text => push_text(arguments, producer, line)?,
            Form::Json => match JsonRecord::parse(line) {
                Ok(record) => push_json(arguments, producer, &record)?,
                Err(error) => {
                    producer.flush()?;
                    let (place, before) = (lines.place(), acknowledged(producer));
                    return Err(CliError::Usage(format!("{place}: {error}; records written before it: {before}")));
                }
            },
        }
        gathering_since.get_or_insert_with(Instant::now);
    }
    Ok(producer.flush()?)
}

fn acknowledged(producer: &Producer<'_>) -> u64 {
    producer.written().map(|(_, written)| written.records).sum()
}

fn push_text(arguments: &Arguments, producer: &mut Producer<'_>, line: &[u8]) -> Result<(), ClientError> {
    let (key, value) = split(line, arguments.key_separator.as_ref());
    let null = arguments.null.as_ref().map(String::as_bytes);
    let given = |bytes: &&[u8]| Some(*bytes) != null;
    let headers: Vec<_> =
        arguments.headers.iter().map(|(name, value)| (name.as_bytes(), Some(value.as_bytes()))).collect();
    producer.push(&NewRecord {
        timestamp_ms: now_ms(),
        key: key.filter(given),
        value: Some(value).filter(given),
        headers: &headers,
        partition: arguments.partition,
    })
}

fn push_json(arguments: &Arguments, producer: &mut Producer<'_>, record: &JsonRecord<'_>) -> Result<(), ClientError> {
    fn bytes<'a>(bytes: &'a Option<JsonBytes<'_>>) -> Option<&'a [u8]> {
        bytes.as_ref().map(|bytes| &*bytes.0)
    }
    let own = record.headers.iter().map(|header| (&*header.name.0, bytes(&header.value)));
    let given = arguments.headers.iter().map(|(name, value)| (name.as_bytes(), Some(value.as_bytes())));
    let headers: Vec<_> = own.chain(given).collect();
    producer.push(&NewRecord {
        timestamp_ms: record.timestamp.unwrap_or_else(now_ms),
        key: bytes(&record.key),
        value: bytes(&record.value),
        headers: &headers,
        partition: arguments.partition.or(record.partition),
    })
}

/// A bar by bytes where the length is known, a count where it is not; nothing when nobody looks, or a person types.
fn progress(length: Option<u64>, is_file: bool) -> ProgressBar {
    let is_watched = io::stderr().is_terminal() && (is_file || !io::stdin().is_terminal());
    let (bar, template) = match length {
        _ if !is_watched => return ProgressBar::hidden(),
        Some(length) => (ProgressBar::new(length), "{bar:40} {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left"),
        None => (ProgressBar::no_length(), "{spinner} {bytes}  {bytes_per_sec}"),
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn split<'a>(line: &'a [u8], separator: Option<&Separator>) -> (Option<&'a [u8]>, &'a [u8]) {
    let Some(Separator(separator)) = separator else { return (None, line) };
    let at = line.windows(separator.len()).position(|window| window == separator);
    match at.and_then(|at| Some((line.get(..at)?, line.get(at + separator.len()..)?))) {
        Some((key, value)) => (Some(key), value),
        None => (None, line),
    }
}

#[derive(Serialize)]
struct Summary<'a> {
    topic: &'a str,
    records: u64,
    partitions: Vec<PartitionSummary>,
}

#[derive(Serialize)]
struct PartitionSummary {
    partition: i32,
    records: u64,
    first_offset: Option<i64>,
    last_offset: Option<i64>,
}

fn summarize(arguments: &Arguments, producer: &Producer<'_>) -> Result<(), CliError> {
    let partitions: Vec<_> = producer
        .written()
        .filter(|(_, written)| written.records > 0)
        .map(|(partition, written)| PartitionSummary {
            partition,
            records: written.records,
            first_offset: written.first_offset,
            last_offset: written.last_offset,
        })
        .collect();
    let records = partitions.iter().map(|partition| partition.records).sum();
    if arguments.json {
        return output::print_json(&Summary { topic: &arguments.topic, records, partitions });
    }
    let is_acknowledged = if arguments.acks() == 0 { "sent" } else { "written" };
    output::print_line(&format!("{} {is_acknowledged} to {}", counted(records, "record"), arguments.topic))
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
