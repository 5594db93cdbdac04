//! Several ways to read the same topic, in turns: what differs is the way, and not the hour.

use std::fmt::Write as _;

use serde::Serialize;

use crate::error::PerfError;
use crate::measured::Measured;

/// One way to read, and how each of its rounds went.
#[derive(Clone, Debug, Serialize)]
pub struct Way {
    /// Its name.
    pub name: String,
    /// Its rounds.
    pub rounds: Vec<Measured>,
}

/// Reads in each way once a round, so many rounds.
///
/// # Errors
/// The first way's that fails.
pub fn in_turns(
    names: &[String],
    rounds: usize,
    mut read: impl FnMut(usize) -> Result<Measured, PerfError>,
) -> Result<Vec<Way>, PerfError> {
    let mut ways: Vec<Way> = names.iter().map(|name| Way { name: name.clone(), rounds: Vec::new() }).collect();
    for _ in 0..rounds {
        for (index, way) in ways.iter_mut().enumerate() {
            way.rounds.push(read(index)?);
        }
    }
    Ok(ways)
}

/// The median of a figure over a way's rounds, and its least and greatest.
#[must_use]
pub fn median(way: &Way, figure: impl Fn(&Measured) -> f64) -> (f64, f64, f64) {
    spread(way.rounds.iter().map(figure).collect())
}

/// The median of the ratios of a figure, round by round, and the least and the greatest.
#[must_use]
pub fn ratio(way: &Way, base: &Way, figure: impl Fn(&Measured) -> f64) -> (f64, f64, f64) {
    spread(way.rounds.iter().zip(&base.rounds).map(|(way, base)| figure(way) / figure(base)).collect())
}

fn spread(mut figures: Vec<f64>) -> (f64, f64, f64) {
    figures.sort_by(f64::total_cmp);
    let at = |index: usize| figures.get(index).copied().unwrap_or(f64::NAN);
    (at(figures.len() / 2), at(0), at(figures.len().saturating_sub(1)))
}

/// A table for people; each way beside the first.
#[must_use]
pub fn table(ways: &[Way]) -> String {
    let mut text = format!(
        "{:<28} {:>12} {:>10} {:>14} {:>24} {:>24}\n",
        "", "records/s", "ns/record", "per core", "records/s, ratio", "per core, ratio"
    );
    let Some(base) = ways.first() else { return text };
    for way in ways {
        let (speed, ..) = median(way, Measured::records_per_second);
        let (cost, ..) = median(way, Measured::ns_per_record);
        let (per_core, ..) = median(way, Measured::records_per_core);
        let of = |(median, least, most): (f64, f64, f64)| format!("{median:.2} ({least:.2} to {most:.2})");
        let faster = of(ratio(way, base, Measured::records_per_second));
        let cheaper = of(ratio(way, base, Measured::records_per_core));
        // Writing to a string cannot fail.
        let _ =
            writeln!(text, "{:<28} {speed:>12.0} {cost:>10.1} {per_core:>14.0} {faster:>24} {cheaper:>24}", way.name);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(seconds: f64, cpu_seconds: f64) -> Measured {
        Measured { records: 1_000, bytes: 0, seconds, cpu_seconds }
    }

    #[test]
    fn ways_take_turns_and_ratios_are_those_of_their_rounds() {
        let mut order = Vec::new();
        let ways = in_turns(&["a".to_owned(), "b".to_owned()], 3, |way| {
            order.push(way);
            let slow = 1.0 + order.len() as f64;
            Ok(if way == 0 { measured(slow, 2.0) } else { measured(slow / 4.0, 1.0) })
        })
        .unwrap();
        assert_eq!(order, [0, 1, 0, 1, 0, 1]);
        assert_eq!(median(&ways[0], |round| round.seconds), (4.0, 2.0, 6.0));
        let (middle, least, most) = ratio(&ways[1], &ways[0], Measured::records_per_second);
        assert!((least..=most).contains(&middle) && least > 2.0 && most < 4.0, "{middle} {least} {most}");
        assert_eq!(ratio(&ways[1], &ways[0], Measured::records_per_core), (2.0, 2.0, 2.0));
        assert!(table(&ways).contains("2.00 (2.00 to 2.00)"));
    }
}
