//! Several brokers, measured in turns: the ratios between them, with intervals.

use rand::SeedableRng;
use rand::rngs::SmallRng;
use rand_distr::{Distribution, Uniform};
use serde::Serialize;

use crate::report::RunReport;

/// How often rounds are drawn anew for an interval (the percentile bootstrap of Efron).
const RESAMPLES: usize = 10_000;
/// The intervals hold 95 %.
const TAIL: f64 = 0.025;

/// What was acknowledged.
pub(crate) const PRODUCED: &str = "produced MB/s";
/// What the broker had written for it.
pub(crate) const WRITTEN: &str = "written MB/s";
/// What was read.
pub(crate) const CONSUMED: &str = "consumed MB/s";
/// What a broker spent on it.
pub(crate) const CPU_PER_GB: &str = "broker CPU-s/GB";
/// How long half of the records waited for their acknowledgement, at most;
pub(crate) const P50: &str = "p50 ms";
/// 99 of 100;
pub(crate) const P99: &str = "p99 ms";
/// 999 of 1,000.
pub(crate) const P999: &str = "p99.9 ms";

/// A figure that is compared.
type Figure = (&'static str, fn(&RunReport) -> Option<f64>);

const FIGURES: [Figure; 11] = [
    (PRODUCED, |run| Some(run.figures.produced_mb_per_s)),
    (WRITTEN, |run| run.figures.broker_written_mb_per_s),
    (CONSUMED, |run| Some(run.figures.consumed_mb_per_s)),
    (CPU_PER_GB, |run| run.figures.broker_cpu_s_per_gb),
    ("broker CPU-s/M requests", |run| run.figures.broker_cpu_s_per_million_requests),
    ("broker CPUs", |run| run.figures.broker_cpus),
    ("broker MiB", |run| run.figures.broker_resident_mib),
    (P50, |run| Some(run.produce_ms?.p50)),
    (P99, |run| Some(run.produce_ms?.p99)),
    (P999, |run| Some(run.produce_ms?.p999)),
    ("end-to-end p99 ms", |run| Some(run.end_to_end_ms?.p99)),
];

/// How a broker's figure compares with the base's.
#[derive(Clone, Debug, Serialize)]
pub struct Ratio {
    /// The broker.
    pub broker: String,
    /// What it is compared with: the first one.
    pub base: String,
    /// The rate of the runs that are compared.
    pub rate: Option<u64>,
    /// Which figure.
    pub figure: &'static str,
    /// The median of the broker's rounds.
    pub value: f64,
    /// The median of the base's rounds.
    pub base_value: f64,
    /// The median of the rounds' ratios.
    pub median: f64,
    /// 95 % of the medians of rounds drawn anew lie from here
    pub low: f64,
    /// to here.
    pub high: f64,
    /// How many rounds.
    pub rounds: usize,
}

/// The ratios of every broker to the first one: each round's runs were neighbours in time, and are compared with each
/// other.
#[must_use]
pub fn ratios(runs: &[RunReport]) -> Vec<Ratio> {
    let Some(base) = runs.first().map(|run| run.broker.as_str()) else { return Vec::new() };
    ratios_to(base, runs, |broker| broker != base)
}

/// The same to another one, of those brokers that are chosen.
pub(crate) fn ratios_to(base: &str, runs: &[RunReport], is_chosen: impl Fn(&str) -> bool) -> Vec<Ratio> {
    let mut ratios = Vec::new();
    let mut others: Vec<(&str, Option<u64>)> = Vec::new();
    for run in runs.iter().filter(|run| is_chosen(&run.broker)) {
        if !others.contains(&(run.broker.as_str(), run.rate)) {
            others.push((run.broker.as_str(), run.rate));
        }
    }
    for (broker, rate) in others {
        for (figure, of) in FIGURES {
            let pairs: Vec<(f64, f64)> = runs
                .iter()
                .filter(|run| run.broker == broker && run.rate == rate)
                .filter_map(|run| {
                    let is_pair =
                        |other: &&RunReport| other.broker == base && other.rate == rate && other.round == run.round;
                    Some((of(run)?, of(runs.iter().find(is_pair)?)?))
                })
                .filter(|(_, base)| *base > 0.0)
                .collect();
            let each: Vec<f64> = pairs.iter().map(|(value, base)| value / base).collect();
            if each.is_empty() || each.iter().all(|ratio| *ratio == 0.0) {
                continue;
            }
            let (low, high) = interval(&each);
            ratios.push(Ratio {
                broker: broker.to_owned(),
                base: base.to_owned(),
                rate,
                figure,
                value: median(pairs.iter().map(|(value, _)| *value)),
                base_value: median(pairs.iter().map(|(_, base)| *base)),
                median: median(each.iter().copied()),
                low,
                high,
                rounds: each.len(),
            });
        }
    }
    ratios
}

pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { at(middle) } else { f64::midpoint(at(middle.wrapping_sub(1)), at(middle)) }
}

/// The bootstrap's 95 % interval of the median; the same one each time.
fn interval(values: &[f64]) -> (f64, f64) {
    let Ok(indices) = Uniform::new(0, values.len()) else { return (f64::NAN, f64::NAN) };
    let mut random = SmallRng::seed_from_u64(values.len() as u64);
    let mut drawn = || values.get(indices.sample(&mut random)).copied().unwrap_or(f64::NAN);
    let mut medians: Vec<f64> = (0..RESAMPLES).map(|_| median(values.iter().map(|_| drawn()))).collect();
    medians.sort_by(f64::total_cmp);
    let at = |share: f64| medians.get((share * (RESAMPLES - 1) as f64) as usize).copied().unwrap_or(f64::NAN);
    (at(TAIL), at(1.0 - TAIL))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_of_odd_and_even_counts() {
        assert_eq!(median([3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median([]).is_nan());
    }

    #[test]
    fn equal_rounds_leave_no_doubt_and_unequal_ones_their_range() {
        assert_eq!(interval(&[2.0; 5]), (2.0, 2.0));
        // The median of five draws is the least value with a likelihood of 0.058 for five different values, which is
        // more than the tail: the interval is the whole range.
        assert_eq!(interval(&[1.0, 2.0, 3.0, 4.0, 5.0]), (1.0, 5.0));
        let many: Vec<f64> = (0..101).map(f64::from).collect();
        let (low, high) = interval(&many);
        // The exact interval by order statistics (binomial, n = 101): the 41st to the 61st value, 40 to 60.
        assert!((38.0..=42.0).contains(&low) && (58.0..=62.0).contains(&high), "{low} to {high}");
    }
}
