//! Clients of other languages, a process for each case: see `clients/README.md`.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::thread;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::manifest::{Collector, Manifest, Record};
use crate::process::{cache, repository};

/// A client library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// franz-go.
    FranzGo,
    /// kafka-python.
    KafkaPython,
    /// kafkajs.
    KafkaJs,
}

impl Client {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::FranzGo, Self::KafkaPython, Self::KafkaJs];

    /// The library's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::FranzGo => "franz-go",
            Self::KafkaPython => "kafka-python",
            Self::KafkaJs => "kafkajs",
        }
    }

    /// The program in `clients/`, as `scripts/install` has built it.
    fn program(self) -> Command {
        let (installed, source) = (cache().join("clients"), repository().join("net/judges/clients"));
        // The time limit also ends a client that waits for ever.
        let mut command = Command::new("timeout");
        command.arg("150");
        match self {
            Self::FranzGo => command.arg(installed.join("go/judge")),
            Self::KafkaPython => command.arg(installed.join("python/bin/python")).arg(source.join("python/judge.py")),
            Self::KafkaJs => {
                command.env("NODE_PATH", installed.join("node/node_modules"));
                command.arg("node").arg(source.join("node/judge.js"))
            }
        };
        command
    }

    /// What this client can write of a record: not all know headers without values, and records without anything.
    fn writable(self, mut record: Record) -> Record {
        if self != Self::FranzGo {
            record.headers.iter_mut().for_each(|(_, value)| *value = Some(value.take().unwrap_or_default()));
        }
        if self == Self::KafkaPython && record.key.is_none() {
            record.value.get_or_insert_default();
        }
        record
    }

    /// Writes records, dealt to the partitions in turn, with the client's defaults.
    ///
    /// # Errors
    /// What the client said when it failed.
    pub fn produce(
        self,
        address: &str,
        (topic, partitions): (&str, i32),
        codec: &str,
        records: &[Record],
    ) -> Result<Manifest, String> {
        let mut sent = Collector::default();
        let mut lines = String::new();
        for (partition, record) in (0..partitions).cycle().zip(records) {
            let record = self.writable(record.clone());
            sent.add(topic, partition, &record);
            lines.push_str(&line_of(partition, &record).to_string());
            lines.push('\n');
        }
        self.run(&["produce", address, topic, codec], lines, |_| Ok(()))?;
        Ok(sent.finish())
    }

    /// Reads everything in these topics.
    ///
    /// # Errors
    /// What the client said when it failed, or an offset that is not the next one.
    pub fn consume(self, address: &str, topics: &[String]) -> Result<Manifest, String> {
        let mut read = Collector::default();
        self.run(&["consume", address, &topics.join(",")], String::new(), |line| {
            let (topic, partition, offset, record) = parse(line).ok_or_else(|| format!("it printed {line}"))?;
            let next = read.next_offset(&topic, partition);
            if offset != next {
                return Err(format!("{topic}-{partition}: offset {offset} where {next} was next"));
            }
            read.add(&topic, partition, &record);
            Ok(())
        })?;
        Ok(read.finish())
    }

    /// Runs the program; `each` takes its lines.
    fn run(
        self,
        arguments: &[&str],
        input: String,
        mut each: impl FnMut(&str) -> Result<(), String>,
    ) -> Result<(), String> {
        let mut command = self.program();
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("timeout is installed");
        let mut pipe = child.stdin.take().expect("it was piped");
        let feeder = thread::spawn(move || pipe.write_all(input.as_bytes()));
        let (mut lines, mut taken) = (0_u64, Ok(()));
        for line in BufReader::new(child.stdout.take().expect("it was piped")).lines() {
            lines += 1;
            taken = taken.and_then(|()| each(&line.map_err(|error| error.to_string())?));
        }
        let output = child.wait_with_output().expect("the client is our child");
        let fed = feeder.join().expect("the feeder does not panic");
        taken?;
        if output.status.success() && fed.is_ok() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("{} after {lines} lines: {}, {said}", output.status, arguments.join(" ")))
    }
}

fn line_of(partition: i32, record: &Record) -> Value {
    let field = |bytes: &Option<Vec<u8>>| bytes.as_ref().map(|bytes| BASE64.encode(bytes));
    let headers: Vec<Value> =
        record.headers.iter().map(|(name, value)| json!({ "name": name, "value": field(value) })).collect();
    json!({
        "partition": partition,
        "timestamp": record.timestamp_ms,
        "key": field(&record.key),
        "value": field(&record.value),
        "headers": headers,
    })
}

/// Topic, partition, offset and the record.
fn parse(line: &str) -> Option<(String, i32, u64, Record)> {
    let value: Value = serde_json::from_str(line).ok()?;
    let headers = value["headers"]
        .as_array()?
        .iter()
        .map(|header| Some((header["name"].as_str()?.to_owned(), field(&header["value"])?)));
    let record = Record {
        timestamp_ms: Some(value["timestamp"].as_i64()?),
        key: field(&value["key"])?,
        value: field(&value["value"])?,
        headers: headers.collect::<Option<_>>()?,
    };
    let partition = i32::try_from(value["partition"].as_i64()?).ok()?;
    Some((value["topic"].as_str()?.to_owned(), partition, value["offset"].as_u64()?, record))
}

/// A field in base64, or null; `None` is neither.
fn field(value: &Value) -> Option<Option<Vec<u8>>> {
    match value {
        Value::Null => Some(None),
        Value::String(text) => BASE64.decode(text).ok().map(Some),
        _ => None,
    }
}
