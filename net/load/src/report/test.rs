//! Reports of a measurement whose figures are known.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};

use super::*;
use crate::environment::Machine;
use crate::error::LoadError;
use crate::run::{Crew, Point};
use crate::spec::testing::load;
use crate::tally::{Counts, Refusals};
use crate::worker::Outcome;

const GB: u64 = 1_000_000_000;

/// Latencies of 1, 2, ... `count` ms.
fn measured(count: u64) -> Measured {
    let mut measured = Measured::default();
    (1..=count).for_each(|ms| measured.produce.saturating_record(ms * 1_000_000));
    measured
}

fn counts(gigabytes: u64) -> Counts {
    let bytes = gigabytes * GB;
    Counts { produced_records: bytes / 1_000, produced_bytes: bytes, produce_requests: 500, ..Counts::default() }
}

/// Ten seconds: 2 GB written in 1,000 requests, with 3 s of the broker's processor time; 1,000 latencies of 1 to 1,000
/// ms, of which one came after the end.
fn measurement() -> Measurement {
    let point = |at_s: f64, latencies: u64| Point {
        at_s,
        length_s: 5.0,
        counts: counts(1),
        measured: measured(latencies),
        broker_cpus: Some(0.3),
        broker_bytes: Some(100 << 20),
        own_cpus: 0.95,
    };
    let mut all = measured(600);
    all.add(&measured(399));
    all.produce.saturating_record(1_000_000_000);
    let mut total = counts(1);
    total += counts(1);
    Measurement {
        outcome: Outcome {
            counts: total,
            measured: all,
            refusals: Refusals::from([(7, (12, "Time has run out".to_owned()))]),
            unfinished: 4,
            length_ns: 10 * GB,
            failure: Some(LoadError::Spec("it broke".to_owned())),
        },
        points: vec![point(5.0, 600), point(10.0, 399)],
        broker_cpu_s: Some(3.0),
        broker_written_bytes: Some(4 * GB),
        own_cpu_s: 9.5,
        cpu_over_s: 10.0,
    }
}

fn report() -> Report {
    let mut load = load(Workload::Produce);
    load.rate = Rate::PerSecond(250_000);
    load.length = Duration::from_secs(10);
    let crew = Crew { threads: 1, pins: vec![1] };
    Report {
        machine: Machine::this(&crew),
        load: settings(&load, 16),
        brokers: vec![BrokerFacts {
            name: "<ours>".to_owned(),
            address: "localhost:9092".to_owned(),
            leaders: 1,
            version: "Millrace 0.1.0".to_owned(),
            durability: "acknowledged when on stable storage".to_owned(),
            settings: BTreeMap::new(),
            produce_version: 12,
            fetch_version: 12,
            process: None,
        }],
        runs: vec![RunReport::new("<ours>", 1, &load, crew.threads, measurement())],
        ratios: Vec::new(),
    }
}

#[test]
fn figures_follow_from_what_was_counted() {
    let report = report();
    let run = &report.runs[0];
    let Figures { produced_mb_per_s, produced_records_per_s, produce_requests_per_s, .. } = run.figures;
    assert_eq!((produced_mb_per_s, produced_records_per_s, produce_requests_per_s), (200.0, 200_000.0, 100.0));
    assert_eq!(run.figures.broker_cpus, Some(0.3));
    assert_eq!(run.figures.broker_written_mb_per_s, Some(400.0));
    assert_eq!(run.figures.broker_cpu_s_per_gb, Some(1.5));
    assert_eq!(run.figures.broker_cpu_s_per_million_requests, Some(3_000.0));
    assert_eq!(run.figures.broker_resident_mib, Some(100.0));
    assert_eq!(run.figures.load_cpus, 0.95);
    assert_eq!(run.seconds[0].produced_mb_per_s, 200.0);
    assert!(!run.is_clean());
}

#[test]
fn text_says_what_ran_what_came_out_and_what_to_doubt() {
    let text = text::text(&report());
    for words in [
        "partitions 16",
        "pinned to [1]",
        "<ours> at localhost:9092, Millrace 0.1.0: acknowledged when on stable storage",
        "250000",
        "200000",
        "the load itself was busy for 95 %",
        "of 250000 records/s only 200000",
        "4 records had no answer",
        "refused (<ours>, round 1): 12 records: Time has run out (7)",
        "failed (<ours>, round 1): it broke",
    ] {
        assert!(text.contains(words), "{words:?} in:\n{text}");
    }
}

#[test]
fn json_has_units_in_its_names_and_no_histograms() {
    let json = serde_json::to_value(report()).unwrap();
    let run = &json["runs"][0];
    assert_eq!(run["figures"]["broker_cpu_s_per_gb"], 1.5);
    assert_eq!(run["produce_ms"]["count"], 1_000);
    assert!((run["produce_ms"]["max"].as_f64().unwrap() / 1_000.0 - 1.0).abs() < 0.001);
    assert_eq!(run["refusals"][0]["code"], 7);
    assert_eq!(run["seconds"].as_array().unwrap().len(), 2);
    assert!(run.get("measured").is_none());
    assert_eq!(json["brokers"][0]["durability"], "acknowledged when on stable storage");
}

#[test]
fn the_page_is_complete_in_itself() {
    let page = html::html(&report()).unwrap();
    // Latency by percentile, MB/s, p99, and the processors of both sides.
    assert_eq!(page.matches("<svg").count(), 5);
    assert!(page.contains("&lt;ours&gt;") && !page.contains("<ours>"), "names are text, not markup");
    for fetched in ["src=", "href=", "@import", "<script"] {
        assert!(!page.contains(fetched), "{fetched}");
    }
}

#[test]
fn a_histogram_log_gives_back_every_latency() {
    let report = report();
    let mut log = Vec::new();
    hdr::write(&report.runs[0], hdr::KINDS[0], &mut log).unwrap();
    let mut all = crate::tally::latencies();
    let mut starts = Vec::new();
    for entry in IntervalLogIterator::new(&log) {
        let Ok(LogEntry::Interval(interval)) = entry else { continue };
        assert_eq!(interval.tag(), None);
        starts.push(interval.start_timestamp().as_secs());
        let bytes = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, interval.encoded_histogram()).unwrap();
        let read: Latencies = Deserializer::new().deserialize(&mut bytes.as_slice()).unwrap();
        all.add(&read).unwrap();
    }
    assert_eq!(starts, [0, 5]);
    assert_eq!(all, report.runs[0].measured.produce);
}
