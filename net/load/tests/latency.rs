//! The latency arithmetic, in virtual time: a broker that answers by a known schedule of delays, and what the load
//! makes of them beside what arithmetic makes of them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

mod stub;

use std::time::Duration;

use millrace_load::report::Percentiles;
use millrace_load::spec::{Acks, Rate};

use stub::{Delays, load, run};

const MS: u64 = 1_000_000;

/// The value that a share of the sorted ones does not exceed.
fn quantile(sorted: &[u64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil().max(1.0) as usize;
    sorted[rank - 1] as f64 / 1e6
}

fn assert_within_a_percent(what: &str, found: f64, expected: f64) {
    assert!((found / expected - 1.0).abs() < 0.01, "{what}: {found} ms where {expected} ms is right");
}

fn assert_percentiles(found: &Percentiles, mut expected: Vec<u64>) {
    expected.sort_unstable();
    assert_eq!(found.count, expected.len() as u64);
    for (what, found, share) in [
        ("p50", found.p50, 0.5),
        ("p90", found.p90, 0.9),
        ("p99", found.p99, 0.99),
        ("p99.9", found.p999, 0.999),
        ("max", found.max, 1.0),
    ] {
        assert_within_a_percent(what, found, quantile(&expected, share));
    }
    let mean = expected.iter().sum::<u64>() as f64 / expected.len() as f64 / 1e6;
    assert_within_a_percent("mean", found.mean, mean);
}

#[test]
fn percentiles_are_those_of_the_brokers_delays() {
    // A record every 20 ms, answered after 1 to 15 ms in a scattered order, a few of them after 19 ms: no answer waits
    // for the one before.
    let delay_of = |request: u64| if request % 500 == 7 { 19 * MS } else { MS + request * 7_919 % 14_001 * 1_000 };
    let mut load = load();
    load.rate = Rate::PerSecond(50);
    load.length = Duration::from_secs(200);
    let outcome = run(&load, Delays::Each(Box::new(delay_of)));
    let expected: Vec<u64> = (0..10_000).map(delay_of).collect();
    assert_percentiles(&Percentiles::of(&outcome.measured.produce).unwrap(), expected);
    assert_eq!(outcome.unfinished, 0);
}

#[test]
fn a_pause_shows_as_the_latency_of_all_that_was_to_be_sent_in_it() {
    // 1,000 records/s for ten seconds; for a second from 3.0005 s on nothing is answered.
    let pause = 3_000_500_000..4_000_500_000;
    let mut load = load();
    load.rate = Rate::PerSecond(1_000);
    load.length = Duration::from_secs(10);
    let outcome = run(&load, Delays::Paused { usual: 2 * MS, pause: pause.clone() });
    let expected: Vec<u64> = (0..10_000)
        .map(|record| {
            let intended = record * MS;
            match record {
                // The first that would be answered in the pause, and as many more as may be in flight.
                2_999..3_004 => pause.end - intended,
                // They wait in the load, and go all together when the first answers come.
                3_004..4_001 => pause.end + 2 * MS - intended,
                _ => 2 * MS,
            }
        })
        .collect();
    // Were latency counted from the sending, the pause would show five times, and not a thousand times.
    assert_eq!(expected.iter().filter(|latency| **latency > 2 * MS).count(), 1_002);
    assert_percentiles(&Percentiles::of(&outcome.measured.produce).unwrap(), expected);
    // The last two are answered when it is over: what is counted is what came in time.
    assert_eq!((outcome.counts.produced_records, outcome.unfinished), (9_998, 0));
}

#[test]
fn a_broker_that_stops_answering_counts_with_the_time_until_patience_ends() {
    let mut load = load();
    load.rate = Rate::PerSecond(100);
    load.length = Duration::from_secs(2);
    let outcome = run(&load, Delays::Paused { usual: MS, pause: 1_000 * MS..u64::MAX });
    // 100 records of the last second never had an answer; patience ends ten seconds after the end.
    assert_eq!(outcome.unfinished, 100);
    let found = Percentiles::of(&outcome.measured.produce).unwrap();
    assert_eq!(found.count, 200);
    assert_within_a_percent("the first record without an answer", found.max, 11_000.0);
    assert_within_a_percent("p50", found.p50, 1.0);
}

#[test]
fn linger_counts_as_latency() {
    let mut load = load();
    load.rate = Rate::PerSecond(1_000);
    load.linger = Duration::from_micros(10_500);
    load.length = Duration::from_secs(5);
    let outcome = run(&load, Delays::Each(Box::new(|_| 3 * MS)));
    // Eleven records share a batch: the first of them waits for 10.5 ms, the last one for half a millisecond.
    let expected: Vec<u64> = (0..5_000).map(|record| 13_500_000 - record % 11 * MS).collect();
    assert_percentiles(&Percentiles::of(&outcome.measured.produce).unwrap(), expected);
}

#[test]
fn what_warms_up_does_not_count() {
    let mut load = load();
    load.rate = Rate::PerSecond(100);
    load.warm_up = Duration::from_secs(1);
    load.length = Duration::from_secs(3);
    // The first second is slow.
    let outcome = run(&load, Delays::Each(Box::new(|request| if request < 100 { 9 * MS } else { 4 * MS })));
    assert_percentiles(&Percentiles::of(&outcome.measured.produce).unwrap(), vec![4 * MS; 300]);
    assert_eq!(outcome.counts.produced_records, 300);
}

#[test]
fn without_acknowledgements_nothing_is_waited_for() {
    let mut load = load();
    load.acks = Acks::None;
    load.rate = Rate::PerSecond(100);
    let outcome = run(&load, Delays::Paused { usual: 0, pause: 0..u64::MAX });
    assert_eq!((outcome.counts.produced_records, outcome.unfinished), (100, 0));
    assert!(Percentiles::of(&outcome.measured.produce).unwrap().max < 0.1);
}

#[test]
fn the_maximal_rate_is_as_many_requests_as_may_be_in_flight_per_delay() {
    let mut load = load();
    load.rate = Rate::Max;
    load.in_flight = 4;
    load.length = Duration::from_secs(5);
    let outcome = run(&load, Delays::Each(Box::new(|_| 10 * MS)));
    // Each answer comes 10 ms after the one before: the broker takes one at a time.
    let found = Percentiles::of(&outcome.measured.produce).unwrap();
    assert_within_a_percent("four in a line", found.p50, 40.0);
    let records = u64::from(load.batch_records());
    assert!((498 * records..=501 * records).contains(&outcome.counts.produced_records));
}
