//! What a supervisor and Prometheus read of a broker at work: a parser that is not ours understands it, and it is true.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use millrace_judges::broker::{Broker, Setup, free_port};
use millrace_judges::librdkafka::{self, client};
use millrace_judges::process::repository;
use millrace_judges::recipe::{self, Shape};
use openmetrics_parser::openmetrics::parse_openmetrics;
use openmetrics_parser::{MetricsExposition, OpenMetricsType, OpenMetricsValue};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::{Offset, TopicPartitionList};

const TOPIC: &str = "measured";
const PARTITIONS: i32 = 2;
const RECORDS: u64 = 1_000;
const GROUP: &str = "readers";
const COMMITTED: i64 = 100;
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends bytes to the HTTP port, and gives the status and the body of what comes back.
fn ask(port: u16, request: &[u8]) -> (u16, String) {
    let mut connection = TcpStream::connect(("127.0.0.1", port)).expect("the HTTP port is open");
    connection.set_read_timeout(Some(PATIENCE)).expect("a time-out can be set");
    connection.write_all(request).expect("the request is taken");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("an answer, and then the end");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no HTTP answer: {answer}"));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.unwrap_or_else(|| panic!("no status: {head}")), body.to_owned())
}

fn get(port: u16, path: &str) -> (u16, String) {
    ask(port, format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes())
}

type Scraped = MetricsExposition<OpenMetricsType, OpenMetricsValue>;

fn scrape(port: u16) -> Scraped {
    let (status, text) = get(port, "/metrics");
    assert_eq!(status, 200);
    parse_openmetrics(&text).unwrap_or_else(|error| panic!("{error:?}\n{text}"))
}

/// The sum of a metric's samples that have these labels; a histogram's is how many it counted.
fn sum(scraped: &Scraped, metric: &str, labels: &[(&str, &str)]) -> f64 {
    let family = scraped.families.get(metric).unwrap_or_else(|| panic!("there is no {metric}"));
    let samples = family.iter_samples().filter(|sample| {
        let set = sample.get_labelset().expect("samples have labels");
        labels.iter().all(|(name, value)| set.get_label_value(name) == Some(value))
    });
    let value = |value: &OpenMetricsValue| match value {
        OpenMetricsValue::Counter(counter) => counter.value.as_f64(),
        OpenMetricsValue::Gauge(number) => number.as_f64(),
        OpenMetricsValue::Histogram(histogram) => histogram.count.expect("a histogram has a count") as f64,
        other => panic!("{metric} is {other:?}"),
    };
    samples.map(|sample| value(&sample.value)).sum()
}

/// Every name that the documents tell people to watch.
fn documented() -> BTreeSet<String> {
    let docs = repository().join("docs");
    let texts = ["operations.md", "grafana-millrace.json"]
        .map(|name| fs::read_to_string(docs.join(name)).unwrap_or_else(|error| panic!("{name}: {error}")));
    let words = texts.iter().flat_map(|text| text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'));
    let names = words
        .filter(|word| ["millrace_", "kafka_topic_", "kafka_consumergroup_"].iter().any(|it| word.starts_with(it)));
    let family = |name: &str| {
        ["_total", "_bucket", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name).to_owned()
    };
    names.map(family).collect()
}

fn watched(cores: u32) {
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    let port = free_port();
    let mut setup = Setup::of_environment(cores);
    setup.arguments = vec!["--http".to_owned(), format!("127.0.0.1:{port}")];
    let mut broker = Broker::start(setup, directory.path());
    assert_eq!(get(port, "/healthz").0, 200);
    assert_eq!(get(port, "/readyz"), (200, "ready\n".to_owned()));

    librdkafka::create_topics(&broker.address(), &[(TOPIC, PARTITIONS)]);
    let records: Vec<_> = (0..RECORDS).map(|index| recipe::record(1, index, Shape::Any)).collect();
    librdkafka::produce(&broker.address(), (TOPIC, PARTITIONS), "none", &records).expect("all is acknowledged");
    let consumer: BaseConsumer = client(&broker.address()).set("group.id", GROUP).create().expect("it can be made");
    let mut read = TopicPartitionList::new();
    read.add_partition_offset(TOPIC, 1, Offset::Offset(COMMITTED)).expect("an offset");
    consumer.commit(&read, CommitMode::Sync).expect("the commit is answered");

    let scraped = scrape(port);
    let is = |metric: &str, labels: &[(&str, &str)]| sum(&scraped, metric, labels);
    assert_eq!(is("kafka_topic_partition_current_offset", &[("topic", TOPIC)]), RECORDS as f64);
    assert_eq!(is("kafka_topic_partition_oldest_offset", &[("topic", TOPIC)]), 0.0);
    let of_group = [("consumergroup", GROUP), ("topic", TOPIC), ("partition", "1")];
    assert_eq!(is("kafka_consumergroup_current_offset", &of_group), COMMITTED as f64);
    assert_eq!(is("kafka_consumergroup_lag", &of_group), (RECORDS / 2) as f64 - COMMITTED as f64);
    assert_eq!(is("millrace_groups", &[("state", "Empty")]), 1.0);
    assert!(is("millrace_request_duration_seconds", &[("api", "OffsetCommit")]) >= 1.0);
    assert_eq!(is("millrace_request_duration_seconds", &[("api", "CreateTopics")]), 1.0);
    let record_bytes: usize = records.iter().filter_map(|record| record.value.as_ref()).map(Vec::len).sum();
    assert!(is("millrace_request_bytes", &[("api", "Produce")]) > record_bytes as f64);
    assert!(is("millrace_partition_bytes", &[("topic", TOPIC)]) > record_bytes as f64);
    assert!(is("millrace_journal_written_bytes", &[]) + is("millrace_tail_bytes", &[]) > record_bytes as f64);
    assert!(is("millrace_journal_commit_duration_seconds", &[]) > 1.0);
    assert_eq!(is("millrace_log_directory_offline", &[]), 0.0);
    assert!(is("millrace_connections", &[]) >= 1.0);
    let busy = is("millrace_core_busy_seconds", &[]);
    assert!(busy > 0.0 && sum(&scrape(port), "millrace_core_busy_seconds", &[]) > busy);

    let names = documented();
    assert!(names.len() > 10, "{names:?}");
    for name in &names {
        assert!(scraped.families.contains_key(name), "{name} is documented, and not there");
    }

    assert_eq!(get(port, "/").0, 404);
    assert_eq!(ask(port, b"POST /metrics HTTP/1.1\r\n\r\n").0, 405);
    assert_eq!(ask(port, b"\x00\x01\x02\r\n\r\n").0, 400);
    assert_eq!(ask(port, &[b'a'; 8192]).0, 400);
    assert!(broker.stop().success());
}

#[test]
fn a_scraped_broker_tells_the_truth_on_one_core() {
    watched(1);
}

#[test]
fn a_scraped_broker_tells_the_truth_on_two_cores() {
    watched(2);
}
