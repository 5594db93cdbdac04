//! A broker's share of what the machine can do: bare loops take their turns beside it, and are reported as it is.

use crate::compare::{CONSUMED, CPU_PER_GB, P50, P99, P999, PRODUCED, Ratio, WRITTEN, ratios_to};
use crate::probe::Probed;
use crate::report::RunReport;
use crate::run::Measurement;
use crate::spec::Load;
use crate::tally::{Counts, Measured};
use crate::worker::Outcome;

/// Synced direct writes, without a broker.
pub const DISK: &str = "disk";
/// Requests that come over loopback and are answered when what they carry is on the disk, without a broker.
pub const STORE_LOOP: &str = "store-loop";
/// Records written to a broker.
pub const PRODUCE: &str = "produce";
/// Sends from memory that follow each other, without a broker.
pub const SEND_LOOP: &str = "send-loop";
/// The same, each when the one before was read and another one asked for.
pub const ANSWER_LOOP: &str = "answer-loop";
/// Records read from a broker's memory.
pub const FETCH: &str = "fetch";

/// What is compared with which bare loop, and by which figures.
const SHARES: [(&str, &str, &[&str]); 4] = [
    (PRODUCE, DISK, &[PRODUCED, WRITTEN, CPU_PER_GB]),
    (PRODUCE, STORE_LOOP, &[PRODUCED, CPU_PER_GB, P50, P99, P999]),
    (FETCH, SEND_LOOP, &[CONSUMED, CPU_PER_GB]),
    (FETCH, ANSWER_LOOP, &[CONSUMED, CPU_PER_GB]),
];

/// A turn of bare writes, as if a broker had been given what they wrote. `name`: [`DISK`] or [`STORE_LOOP`].
#[must_use]
pub fn written(name: &str, round: usize, load: &Load, probed: &Probed) -> RunReport {
    let (steps, bytes) = (probed.steps.len(), probed.bytes());
    let counts = Counts { produced_bytes: bytes, produce_requests: steps, ..Counts::default() };
    let measured = Measured { produce: probed.steps.clone(), ..Measured::default() };
    report(name, round, load, probed, Outcome { counts, measured, ..Outcome::default() })
}

/// A turn of bare sends, as if a broker had given what they sent. `name`: [`SEND_LOOP`] or [`ANSWER_LOOP`].
#[must_use]
pub fn sent(name: &str, round: usize, load: &Load, probed: &Probed) -> RunReport {
    let counts = Counts { consumed_bytes: probed.bytes(), fetch_requests: probed.steps.len(), ..Counts::default() };
    report(name, round, load, probed, Outcome { counts, ..Outcome::default() })
}

fn report(name: &str, round: usize, load: &Load, probed: &Probed, outcome: Outcome) -> RunReport {
    let length_ns = u64::try_from(probed.length.as_nanos()).unwrap_or(u64::MAX);
    let written_bytes = outcome.counts.produced_bytes;
    let measurement = Measurement {
        outcome: Outcome { length_ns, ..outcome },
        points: Vec::new(),
        broker_cpu_s: Some(probed.cpu_s),
        broker_written_bytes: Some(written_bytes),
        own_cpu_s: probed.peer_cpu_s,
        cpu_over_s: probed.length.as_secs_f64(),
    };
    let mut report = RunReport::new(name, round, load, 1, measurement);
    // They are as busy as they can be: that is what they are for.
    report.warnings.clear();
    report
}

/// What the broker reached of what the bare loops of the same round did.
#[must_use]
pub fn shares(runs: &[RunReport]) -> Vec<Ratio> {
    let share = |(broker, bare, figures): (&str, &str, &[&str])| {
        let all = ratios_to(bare, runs, |name| name == broker);
        all.into_iter().filter(|ratio| figures.contains(&ratio.figure)).collect::<Vec<_>>()
    };
    SHARES.into_iter().flat_map(share).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::spec::testing;
    use crate::spec::{Rate, Workload};
    use crate::tally::latencies;

    fn load(workload: Workload) -> Load {
        Load { rate: Rate::Max, ..testing::load(workload) }
    }

    /// Ten seconds with so many steps of 1 MB that took 2 ms each, and 5 s of processor time.
    fn probed(steps: u64) -> Probed {
        let mut taken = latencies();
        taken.saturating_record_n(2_000_000, steps);
        let length = Duration::from_secs(10);
        Probed { steps: taken, step_bytes: 1_000_000, length, cpu_s: 5.0, peer_cpu_s: 10.0 }
    }

    /// What a broker did in ten seconds, in MB, and what it had written for that.
    fn broker(name: &str, round: usize, (produced, written, consumed): (u64, u64, u64)) -> RunReport {
        let counts = Counts {
            produced_records: produced,
            produced_bytes: produced * 1_000_000,
            consumed_bytes: consumed * 1_000_000,
            ..Counts::default()
        };
        let measurement = Measurement {
            outcome: Outcome { counts, length_ns: 10_000_000_000, ..Outcome::default() },
            points: Vec::new(),
            broker_cpu_s: Some(6.0),
            broker_written_bytes: Some(written * 1_000_000),
            own_cpu_s: 1.0,
            cpu_over_s: 10.0,
        };
        RunReport::new(name, round, &load(Workload::Produce), 1, measurement)
    }

    #[test]
    fn bare_loops_are_reported_as_brokers_are() {
        let disk = written(DISK, 3, &load(Workload::Produce), &probed(6_000));
        assert_eq!((disk.broker.as_str(), disk.round), (DISK, 3));
        assert_eq!((disk.figures.produced_mb_per_s, disk.figures.broker_written_mb_per_s), (600.0, Some(600.0)));
        assert_eq!((disk.figures.produce_requests_per_s, disk.figures.consumed_mb_per_s), (600.0, 0.0));
        assert!((1.99..2.01).contains(&disk.produce_ms.unwrap().p99), "{:?}", disk.produce_ms);
        let sends = sent(SEND_LOOP, 1, &load(Workload::Consume), &probed(20_000));
        assert_eq!((sends.figures.consumed_mb_per_s, sends.figures.fetch_requests_per_s), (2_000.0, 2_000.0));
        assert_eq!((sends.figures.broker_cpus, sends.figures.broker_cpu_s_per_gb), (Some(0.5), Some(0.25)));
        assert_eq!(sends.figures.load_cpus, 1.0);
        assert!(sends.is_clean() && sends.warnings.is_empty(), "nothing is wrong with a busy loop");
    }

    #[test]
    fn shares_are_of_the_loop_of_the_same_round() {
        let mut runs = Vec::new();
        // The machine is twice as fast in the second round, and so is the broker.
        for (round, times) in [(1, 1), (2, 2), (3, 1)] {
            runs.push(written(DISK, round, &load(Workload::Produce), &probed(600 * times)));
            runs.push(broker(PRODUCE, round, (480 * times, 660 * times, 0)));
            runs.push(sent(SEND_LOOP, round, &load(Workload::Consume), &probed(4_000 * times)));
            runs.push(sent(ANSWER_LOOP, round, &load(Workload::Consume), &probed(2_000 * times)));
            runs.push(broker(FETCH, round, (0, 0, 1_000 * times)));
        }
        let shares = shares(&runs);
        let of = |bare: &str, figure: &str| {
            let found = shares.iter().find(|ratio| (ratio.base.as_str(), ratio.figure) == (bare, figure)).unwrap();
            let rounded = |value: f64| (value * 1e6).round() / 1e6;
            (rounded(found.median), rounded(found.low), rounded(found.high), found.rounds)
        };
        assert_eq!(of(DISK, PRODUCED), (0.8, 0.8, 0.8, 3));
        assert_eq!(of(DISK, WRITTEN), (1.1, 1.1, 1.1, 3), "it writes more than it was given");
        assert_eq!(of(SEND_LOOP, CONSUMED), (0.25, 0.25, 0.25, 3));
        assert_eq!(of(ANSWER_LOOP, CONSUMED), (0.5, 0.5, 0.5, 3));
        assert!(shares.iter().all(|ratio| ratio.broker == if ratio.base == DISK { PRODUCE } else { FETCH }));
        assert_eq!(shares.len(), 7, "{shares:?}");
    }

    #[test]
    fn a_round_that_was_cut_short_is_left_out() {
        let of = |round| written(DISK, round, &load(Workload::Produce), &probed(600));
        let shares = shares(&[of(1), broker(PRODUCE, 1, (300, 300, 0)), of(2)]);
        assert_eq!(shares.iter().map(|ratio| ratio.rounds).collect::<Vec<_>>(), [1, 1, 1]);
        assert_eq!(super::shares(&[of(1)]).len(), 0);
    }
}
