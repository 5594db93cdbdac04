//! Java's clients and Kafka's own tools, many cases in one virtual machine: see `java/Judge.java`.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::manifest::{Collector, Manifest, Record, Summary};
use crate::process::{kafka_jars, repository};

/// What stands for null where a tool prints or reads text.
const NULL: &str = "\u{1}null";
/// What separates the words of a command.
const WORD_END: &str = "\u{1f}";

/// A virtual machine that waits for commands.
pub struct Java {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Java {
    /// Starts it, on one processor if so wished.
    #[must_use]
    pub fn start(processor: Option<usize>) -> Self {
        let jars = kafka_jars();
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]);
        if let Some(processor) = processor {
            command.args(["taskset", "-c", &processor.to_string(), "java"]);
        } else {
            // Many short cases: what starts quickly is quicker than what runs quickly.
            command.args(["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]);
        }
        command.args(["-Xmx512m", &log_settings(), "-cp"]).arg(jars.join("*"));
        command.arg(repository().join("net/judges/java/Judge.java")).arg(&jars);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().expect("java can be started");
        let commands = child.stdin.take().expect("it was piped");
        let answers = BufReader::new(child.stdout.take().expect("it was piped"));
        Self { child, commands, answers }
    }

    /// Gives it a command, and returns the answer's lines.
    ///
    /// # Errors
    /// What went wrong in Java, in its words.
    pub fn run(&mut self, words: &[&str]) -> Result<Vec<String>, String> {
        writeln!(self.commands, "{}", words.join(WORD_END)).expect("the virtual machine reads");
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            let bytes = self.answers.read_line(&mut line).expect("the virtual machine answers");
            assert!(bytes > 0, "the virtual machine ended during {words:?}");
            match line.trim_end() {
                "ok" => return Ok(lines),
                text => match text.strip_prefix("error ") {
                    Some(why) => return Err(format!("{words:?}: {why}")),
                    None => lines.push(text.to_owned()),
                },
            }
        }
    }

    /// Java's producer with its defaults: records of every shape, dealt to the partitions in turn.
    ///
    /// # Errors
    /// As [`Java::run`].
    pub fn produce(
        &mut self,
        address: &str,
        topic: &str,
        partitions: i32,
        records: u64,
        codec: &str,
    ) -> Result<Manifest, String> {
        let (partitions, records) = (partitions.to_string(), records.to_string());
        Ok(parse(&self.run(&["produce", address, topic, &partitions, &records, codec, "1"])?))
    }

    /// Java's consumer without a group: everything in these topics.
    ///
    /// # Errors
    /// As [`Java::run`].
    pub fn consume(&mut self, address: &str, topics: &[String]) -> Result<Manifest, String> {
        Ok(parse(&self.run(&["consume", address, &topics.join(",")])?))
    }

    /// What `ProducerPerformance` sends to a topic of one partition.
    ///
    /// # Errors
    /// As [`Java::run`].
    pub fn performance_payloads(&mut self, topic: &str, records: u64, bytes: u32) -> Result<Manifest, String> {
        let mut manifest =
            parse(&self.run(&["performance-payloads", topic, &records.to_string(), &bytes.to_string()])?);
        manifest.values_mut().for_each(|summary| summary.timestamps.clear());
        Ok(manifest)
    }

    /// One of Kafka's tools by its class, in a fresh class loader; returns what it printed.
    ///
    /// # Errors
    /// As [`Java::run`]; an exit status other than 0 is an error too.
    pub fn tool(&mut self, class: &str, input: Option<&[u8]>, arguments: &[&str]) -> Result<Vec<u8>, String> {
        let (printed, result) = self.try_tool(class, input, arguments);
        result.map(|()| printed)
    }

    /// The same, with what it printed even if its exit status is not 0.
    pub fn try_tool(&mut self, class: &str, input: Option<&[u8]>, arguments: &[&str]) -> (Vec<u8>, Result<(), String>) {
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let (read, written) = (directory.path().join("in"), directory.path().join("out"));
        fs::write(&read, input.unwrap_or_default()).expect("the temporary directory is writable");
        let read = if input.is_some() { text(&read) } else { "-" };
        let words = [&["tool", class, read, text(&written)], arguments].concat();
        let result = self.run(&words).map(drop);
        (fs::read(&written).expect("the tool's output was opened"), result)
    }

    /// The console producer: one partition, keys, a header and nulls as text.
    ///
    /// # Errors
    /// As [`Java::run`].
    pub fn console_produce(
        &mut self,
        address: &str,
        topic: &str,
        codec: &str,
        records: &[Record],
    ) -> Result<Manifest, String> {
        let mut sent = Collector::default();
        let mut lines = Vec::new();
        let field = |bytes: &Option<Vec<u8>>| bytes.clone().unwrap_or_else(|| NULL.into());
        for record in records {
            sent.add(topic, 0, record);
            let headers: Vec<Vec<u8>> =
                record.headers.iter().map(|(name, value)| [name.as_bytes(), b":", &field(value)].concat()).collect();
            lines.extend([headers.join(&b','), field(&record.key), field(&record.value)].join(&b'\t'));
            lines.push(b'\n');
        }
        let null = format!("null.marker={NULL}");
        let mut arguments = vec!["--bootstrap-server", address, "--topic", topic, "--compression-codec", codec];
        for property in ["parse.key=true", "parse.headers=true", &null] {
            arguments.extend(["--reader-property", property]);
        }
        self.tool("org.apache.kafka.tools.ConsoleProducer", Some(&lines), &arguments)?;
        Ok(sent.finish())
    }

    /// The console consumer without a group: as many records from the start of one partition.
    ///
    /// # Errors
    /// As [`Java::run`], and when an offset is not the next one.
    pub fn console_consume(
        &mut self,
        address: &str,
        (topic, partition): (&str, i32),
        records: u64,
        read: &mut Collector,
    ) -> Result<(), String> {
        let (number, limit, null) = (partition.to_string(), records.to_string(), format!("null.literal={NULL}"));
        let mut arguments = vec!["--bootstrap-server", address, "--topic", topic, "--partition", &number];
        arguments.extend(["--offset", "earliest", "--max-messages", &limit, "--timeout-ms", "20000"]);
        for property in
            ["print.key=true", "print.headers=true", "print.timestamp=true", "print.offset=true", null.as_str()]
        {
            arguments.extend(["--formatter-property", property]);
        }
        let printed = self.tool("org.apache.kafka.tools.consumer.ConsoleConsumer", None, &arguments)?;
        for line in printed.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let (offset, record) = parse_line(line).ok_or_else(|| format!("{:?}", String::from_utf8_lossy(line)))?;
            let next = read.next_offset(topic, partition);
            if offset != next {
                return Err(format!("{topic}-{partition}: offset {offset} where {next} was next"));
            }
            read.add(topic, partition, &record);
        }
        Ok(())
    }
}

impl Drop for Java {
    fn drop(&mut self) {
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait().map(drop)) {
            eprintln!("could not end the virtual machine: {error}");
        }
    }
}

/// The log settings of the reference, for tools.
#[must_use]
pub fn log_settings() -> String {
    format!("-Dlog4j2.configurationFile={}", text(&repository().join("scripts/kafka/log4j2.properties")))
}

fn text(path: &Path) -> &str {
    path.to_str().expect("the repository and temporary files have names in UTF-8")
}

/// Manifest lines, as Judge.java prints them: topic, partition, records, content, timestamps.
fn parse(lines: &[String]) -> Manifest {
    let mut manifest = Manifest::new();
    for line in lines {
        let words: Vec<&str> = line.split('\t').collect();
        let [topic, partition, records, content, timestamps] = words[..] else { panic!("no manifest line: {line}") };
        let summary = Summary {
            records: records.parse().expect("a count"),
            content: content.to_owned(),
            timestamps: timestamps.to_owned(),
        };
        manifest.insert((topic.to_owned(), partition.parse().expect("a number")), summary);
    }
    manifest
}

/// `CreateTime:T  Offset:N  NAME:VALUE,...  KEY  VALUE`, separated by tabs.
fn parse_line(line: &[u8]) -> Option<(u64, Record)> {
    let fields: Vec<&[u8]> = line.splitn(5, |byte| *byte == b'\t').collect();
    let [timestamp, offset, headers, key, value] = fields[..] else { return None };
    let nullable = |bytes: &[u8]| (bytes != NULL.as_bytes()).then(|| bytes.to_vec());
    let mut record = Record { key: nullable(key), value: nullable(value), ..Record::default() };
    let timestamp = std::str::from_utf8(timestamp).ok()?.strip_prefix("CreateTime:")?;
    record.timestamp_ms = Some(timestamp.parse().ok()?);
    if headers != b"NO_HEADERS" {
        for header in headers.split(|byte| *byte == b',') {
            let colon = header.iter().position(|byte| *byte == b':')?;
            let name = String::from_utf8(header[..colon].to_vec()).ok()?;
            record.headers.push((name, nullable(&header[colon + 1..])));
        }
    }
    Some((std::str::from_utf8(offset).ok()?.strip_prefix("Offset:")?.parse().ok()?, record))
}
