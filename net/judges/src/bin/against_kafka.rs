//! First figures: Millrace beside a real Kafka, in one run, on one machine: the broker on one processor, its clients on
//! another.

use std::process::Command;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use millrace_judges::broker::{Broker, Kind, Setup};
use millrace_judges::java::{Java, log_settings};
use millrace_judges::librdkafka::{create_topics, wait_for_partitions};
use millrace_judges::process::{kafka_jars, process_time};
use serde_json::{Value, json};

const BROKER_PROCESSOR: usize = 0;
const CLIENT_PROCESSOR: usize = 1;
const TOPIC: &str = "figures";
const WARM_TOPIC: &str = "warm";
const RECORD_BYTES: u64 = 1024;
const DELIVERY_TIMEOUT: &str = "delivery.timeout.ms=1200000";
/// Before anything is measured, brokers and clients get this share of the records.
const WARM_SHARE: u64 = 5;

/// Throughput, latency and processor time beside a real Kafka
#[derive(Parser)]
struct Arguments {
    /// Which brokers
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Name::Millrace, Name::Kafka, Name::KafkaFlush])]
    brokers: Vec<Name>,
    /// How many partitions, one run for each
    #[arg(long, value_delimiter = ',', default_values_t = [1, 256])]
    partitions: Vec<i32>,
    /// Records of 1 KiB in the runs without a rate
    #[arg(long, default_value_t = 1_000_000)]
    records: u64,
    /// Records a second in the latency runs
    #[arg(long, default_value_t = 20_000)]
    rate: u64,
    /// How long a latency run takes
    #[arg(long, default_value_t = 15)]
    seconds: u64,
    /// Added to the producer's settings: KEY=VALUE
    #[arg(long)]
    producer: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum, PartialEq, Eq)]
enum Name {
    /// Durable on every acknowledgement
    Millrace,
    /// Kafka's default: acknowledged from memory
    Kafka,
    /// Kafka with log.flush.interval.messages=1
    KafkaFlush,
}

impl Name {
    fn setup(self) -> Setup {
        let (kind, arguments) = match self {
            Self::Millrace => (Kind::Millrace, Vec::new()),
            Self::Kafka => (Kind::Reference, Vec::new()),
            Self::KafkaFlush => (Kind::Reference, vec!["--flush-every-message".to_owned()]),
        };
        Setup { kind, cores: 1, processor: Some(BROKER_PROCESSOR), arguments }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Millrace => "millrace",
            Self::Kafka => "kafka",
            Self::KafkaFlush => "kafka-flush",
        }
    }
}

/// What ProducerPerformance says at its end.
struct Produced {
    megabytes_per_second: f64,
    milliseconds: [f64; 3],
    /// The broker's processor time.
    used: Duration,
}

fn main() {
    let arguments = Arguments::parse();
    let mut rows = Vec::new();
    if !arguments.json {
        print_head(&arguments);
    }
    for &partitions in &arguments.partitions {
        for &name in &arguments.brokers {
            eprintln!("{}, {partitions} partitions", name.text());
            rows.push(measure(&arguments, name, partitions));
            if !arguments.json {
                print_row(&rows[rows.len() - 1]);
            }
        }
    }
    if arguments.json {
        println!("{:#}", Value::Array(rows));
    }
}

fn measure(arguments: &Arguments, name: Name, partitions: i32) -> Value {
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    let broker = Broker::start(name.setup(), directory.path());
    let address = broker.address();
    let topics = [(WARM_TOPIC, partitions), (TOPIC, partitions)];
    create_topics(&address, &topics);
    wait_for_partitions(&address, &topics);
    let warm_records = arguments.records / WARM_SHARE;
    produce(arguments, &broker, WARM_TOPIC, warm_records, None);

    let fast = produce(arguments, &broker, TOPIC, arguments.records, None);
    let mut java = Java::start(Some(CLIENT_PROCESSOR));
    drain(&mut java, &broker, WARM_TOPIC, warm_records);
    let (consumed, consume_used) = drain(&mut java, &broker, TOPIC, arguments.records);
    drop(java);
    let steady = produce(arguments, &broker, WARM_TOPIC, arguments.rate * arguments.seconds, Some(arguments.rate));

    let gigabytes = (arguments.records * RECORD_BYTES) as f64 / 1e9;
    let steady_gigabytes = (arguments.rate * arguments.seconds * RECORD_BYTES) as f64 / 1e9;
    let grouped = consumer_performance(&broker, arguments.records);
    json!({
        "broker": name.text(), "partitions": partitions, "records": arguments.records, "record_bytes": RECORD_BYTES,
        "produce_mb_per_second": fast.megabytes_per_second,
        "produce_cpu_seconds_per_gb": fast.used.as_secs_f64() / gigabytes,
        "consume_mb_per_second": consumed,
        "consume_cpu_seconds_per_gb": consume_used.as_secs_f64() / gigabytes,
        "consumer_performance_mb_per_second": grouped,
        "rate": arguments.rate, "rate_mb_per_second": steady.megabytes_per_second,
        "p50_ms": steady.milliseconds[0], "p99_ms": steady.milliseconds[1], "p999_ms": steady.milliseconds[2],
        "rate_cpu_seconds_per_gb": steady.used.as_secs_f64() / steady_gigabytes,
    })
}

fn tool(class: &str) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", &CLIENT_PROCESSOR.to_string(), "java", "-Xmx512m", &log_settings(), "-cp"]);
    command.arg(kafka_jars().join("*")).arg(format!("org.apache.kafka.tools.{class}"));
    command
}

fn produce(arguments: &Arguments, broker: &Broker, topic: &str, records: u64, rate: Option<u64>) -> Produced {
    let mut command = tool("ProducerPerformance");
    command.args(["--bootstrap-server", &broker.address(), "--topic", topic]);
    command.args(["--num-records", &records.to_string(), "--record-size", &RECORD_BYTES.to_string()]);
    command.args(["--throughput", &rate.map_or("-1".to_owned(), |rate| rate.to_string())]);
    // A broker that is slow is measured, not given up.
    command.args(["--command-property", DELIVERY_TIMEOUT]).args(&arguments.producer);
    let before = process_time(broker.pid());
    let printed = run(&mut command);
    let used = process_time(broker.pid()) - before;
    // 1000 records sent, 99.9 records/sec (0.98 MB/sec), 1.23 ms avg latency, 4.00 ms max latency, 1 ms 50th, ...
    let last = printed.lines().rfind(|line| line.contains("99.9th")).unwrap_or_else(|| panic!("no summary: {printed}"));
    let before_word = |word: &str| {
        let (before, _) = last.split_once(word).unwrap_or_else(|| panic!("no `{word}` in {last}"));
        let number = before.trim_end().rsplit([' ', '(']).next().and_then(|number| number.parse::<f64>().ok());
        number.unwrap_or_else(|| panic!("no number before `{word}` in {last}"))
    };
    // The tool's MB are MiB.
    let megabytes_per_second = before_word("MB/sec") * f64::from(1 << 20) / 1e6;
    Produced { megabytes_per_second, milliseconds: ["ms 50th", "ms 99th", "ms 99.9th"].map(before_word), used }
}

/// Java's consumer without a group: MB/s, and the broker's processor time.
fn drain(java: &mut Java, broker: &Broker, topic: &str, records: u64) -> (f64, Duration) {
    let before = process_time(broker.pid());
    let answer = java.run(&["drain", &broker.address(), topic, &records.to_string()]);
    let used = process_time(broker.pid()) - before;
    let lines = answer.unwrap_or_else(|error| panic!("{error}"));
    let (bytes, nanoseconds) = lines.first().and_then(|line| line.split_once('\t')).expect("bytes and nanoseconds");
    let [bytes, nanoseconds] = [bytes, nanoseconds].map(|word| word.parse::<f64>().expect("a number"));
    (bytes / nanoseconds * 1e3, used)
}

fn consumer_performance(broker: &Broker, records: u64) -> f64 {
    let mut command = tool("ConsumerPerformance");
    command.args(["--bootstrap-server", &broker.address(), "--topic", TOPIC, "--hide-header"]);
    let printed = run(command.args(["--num-records", &records.to_string()]));
    // start, end, data consumed in MB, MB/s, ...
    let rate =
        printed.lines().last().and_then(|line| line.split(", ").nth(3)).and_then(|word| word.parse::<f64>().ok());
    rate.unwrap_or_else(|| panic!("no summary: {printed}")) * f64::from(1 << 20) / 1e6
}

fn run(command: &mut Command) -> String {
    let output = command.output().expect("taskset and java are installed");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{command:?}\n{printed}\n{}", String::from_utf8_lossy(&output.stderr));
    printed
}

fn print_head(arguments: &Arguments) {
    println!("1 KiB records, broker on one processor, Java clients on another; CPU is the broker's, in seconds per GB");
    println!("{} records unthrottled; then {}/s for {} s", arguments.records, arguments.rate, arguments.seconds);
    println!(
        "{:<12} {:>10} {:>12} {:>7} {:>12} {:>7} {:>12} {:>10} {:>7} {:>7} {:>8} {:>7}",
        "broker",
        "partitions",
        "produce MB/s",
        "CPU",
        "consume MB/s",
        "CPU",
        "group MB/s",
        "rate MB/s",
        "p50 ms",
        "p99 ms",
        "p99.9 ms",
        "CPU"
    );
}

fn print_row(row: &Value) {
    let number = |key: &str| row[key].as_f64().unwrap_or(f64::NAN);
    println!(
        "{:<12} {:>10} {:>12.1} {:>7.2} {:>12.1} {:>7.2} {:>12.1} {:>10.1} {:>7.0} {:>7.0} {:>8.0} {:>7.2}",
        row["broker"].as_str().unwrap_or_default(),
        row["partitions"],
        number("produce_mb_per_second"),
        number("produce_cpu_seconds_per_gb"),
        number("consume_mb_per_second"),
        number("consume_cpu_seconds_per_gb"),
        number("consumer_performance_mb_per_second"),
        number("rate_mb_per_second"),
        number("p50_ms"),
        number("p99_ms"),
        number("p999_ms"),
        number("rate_cpu_seconds_per_gb"),
    );
}
