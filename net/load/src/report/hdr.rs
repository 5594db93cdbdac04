//! Latencies as HdrHistogram logs, which the tools of that project read. Values are nanoseconds.

use std::io::{self, Write};
use std::time::{Duration, UNIX_EPOCH};

use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::IntervalLogWriterBuilder;

use super::RunReport;
use crate::tally::{Latencies, Measured};

/// A log's name, and where its latencies are.
pub type Kind = (&'static str, fn(&Measured) -> &Latencies);

/// What there are logs of.
pub const KINDS: [Kind; 2] =
    [("produce", |measured| &measured.produce), ("end-to-end", |measured| &measured.end_to_end)];

/// Writes one run's log of a kind: a histogram per second, without tags (the tools pass over what has one). The last
/// one also holds what ended after its second.
///
/// # Errors
/// What `out` says.
pub fn write(run: &RunReport, (kind, of): Kind, out: &mut impl Write) -> io::Result<()> {
    let began = UNIX_EPOCH + Duration::from_secs_f64(run.began_unix_s.max(0.0));
    let comment = format!("[Latencies in nanoseconds: {kind}, broker {}, round {}]", run.broker, run.round);
    let mut serializer = V2DeflateSerializer::new();
    let mut log = IntervalLogWriterBuilder::new()
        .add_comment("[Histogram log format version 1.3]")
        .add_comment(&comment)
        .with_start_time(began)
        .with_base_time(began)
        .begin_log_with(out, &mut serializer)?;
    let mut late = of(&run.measured).clone();
    let mut from_s = 0.0;
    for (number, (second, measured)) in (1..).zip(run.seconds.iter().zip(&run.measured_by_second)) {
        let start = Duration::from_secs_f64(from_s);
        let length = Duration::from_secs_f64((second.at_s - from_s).max(0.0));
        let failed = |error: &dyn std::fmt::Debug| io::Error::other(format!("an HdrHistogram log: {error:?}"));
        late.subtract(of(measured)).map_err(|error| failed(&error))?;
        let mut latencies = of(measured).clone();
        if number == run.seconds.len() {
            latencies.add(&late).map_err(|error| failed(&error))?;
        }
        log.write_histogram(&latencies, start, length, None).map_err(|error| failed(&error))?;
        from_s = second.at_s;
    }
    Ok(())
}
