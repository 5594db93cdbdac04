//! kcat, as users have it.

use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::thread;

use crate::manifest::{Collector, Manifest, Record};
use crate::recipe::LINE_HEADER;

/// Writes records of the shape `Lines` to one partition.
///
/// # Errors
/// What kcat said when it failed.
pub fn produce(
    address: &str,
    (topic, partition): (&str, i32),
    codec: &str,
    records: &[Record],
) -> Result<Manifest, String> {
    let mut sent = Collector::default();
    let mut lines = Vec::new();
    for record in records {
        sent.add(topic, partition, record);
        lines.extend(
            [record.key.as_deref().unwrap_or_default(), b"\t", record.value.as_deref().unwrap_or_default()].concat(),
        );
        lines.push(b'\n');
    }
    let (name, value) = LINE_HEADER;
    let (number, header) = (partition.to_string(), format!("{name}={value}"));
    // -Z: what is empty is null
    run(&["-P", "-b", address, "-t", topic, "-p", &number, "-z", codec, "-K", "\t", "-Z", "-H", &header], lines)?;
    Ok(sent.finish())
}

/// Reads a topic, all partitions, from the beginning to the end.
///
/// # Errors
/// What kcat said when it failed, or an offset that is not the next one.
pub fn consume(address: &str, topic: &str, read: &mut Collector) -> Result<(), String> {
    const FORMAT: &str = "%p %o %T %K %S %h\n%k%s\n";
    const QUICK: &str = "fetch.wait.max.ms=20";
    let arguments = ["-C", "-b", address, "-t", topic, "-o", "beginning", "-e", "-q", "-X", QUICK, "-f", FORMAT];
    let output = run(&arguments, Vec::new())?;
    let mut rest = &output.stdout[..];
    while !rest.is_empty() {
        let parsed = parse(rest);
        let (partition, offset, record, after) = parsed
            .ok_or_else(|| format!("kcat printed {:?}", String::from_utf8_lossy(&rest[..rest.len().min(200)])))?;
        let next = read.next_offset(topic, partition);
        if offset != next {
            return Err(format!("{topic}-{partition}: offset {offset} where {next} was next"));
        }
        read.add(topic, partition, &record);
        rest = after;
    }
    Ok(())
}

fn parse(text: &[u8]) -> Option<(i32, u64, Record, &[u8])> {
    let end = text.iter().position(|byte| *byte == b'\n')?;
    let (line, rest) = (std::str::from_utf8(&text[..end]).ok()?, &text[end + 1..]);
    let words: Vec<&str> = line.splitn(6, ' ').collect();
    let [partition, offset, timestamp, key, value, headers] = words[..] else { return None };
    let (key, rest) = field(rest, key)?;
    let (value, rest) = field(rest, value)?;
    let headers = headers.split(',').filter(|header| !header.is_empty()).map(|header| {
        let (name, value) = header.split_once('=')?;
        Some((name.to_owned(), (value != "NULL").then(|| value.as_bytes().to_vec())))
    });
    let headers = headers.collect::<Option<Vec<_>>>()?;
    let record = Record { timestamp_ms: Some(timestamp.parse().ok()?), key, value, headers };
    Some((partition.parse().ok()?, offset.parse().ok()?, record, rest.strip_prefix(b"\n")?))
}

/// A field of so many bytes; -1 stands for null.
fn field<'a>(text: &'a [u8], bytes: &str) -> Option<(Option<Vec<u8>>, &'a [u8])> {
    match bytes.parse::<i64>().ok()? {
        -1 => Some((None, text)),
        bytes => {
            let (field, rest) = text.split_at_checked(usize::try_from(bytes).ok()?)?;
            Some((Some(field.to_vec()), rest))
        }
    }
}

/// Runs kcat.
///
/// # Errors
/// What it said when it failed.
pub fn run(arguments: &[&str], input: Vec<u8>) -> Result<Output, String> {
    let mut command = Command::new("timeout");
    command.args(["120", "kcat"]).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("kcat is installed");
    let mut pipe = child.stdin.take().expect("it was piped");
    let feeder = thread::spawn(move || pipe.write_all(&input));
    let output = child.wait_with_output().expect("kcat is our child");
    let fed = feeder.join().expect("the feeder does not panic");
    if output.status.success() && fed.is_ok() {
        return Ok(output);
    }
    Err(format!("kcat {arguments:?}: {}, {}", output.status, String::from_utf8_lossy(&output.stderr)))
}
