//! What is seen while a run goes on: a bar with the last second's figures, for people at a terminal.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressStyle};
use millrace_load::report::Percentiles;
use millrace_load::run::Point;
use millrace_load::spec::{Load, Rate};

pub(super) struct Live {
    bar: ProgressBar,
    name: String,
}

impl Live {
    pub(super) fn new(load: &Load, broker: &str, round: usize) -> Live {
        let rate = match load.rate {
            Rate::PerSecond(rate) if load.workload.has_producers() => format!(" {rate}/s"),
            _ => String::new(),
        };
        let name = format!("{broker}{rate} round {round}");
        let live = Live { bar: bar(load), name };
        live.warm_up();
        live
    }

    /// Others are waited for before it begins.
    pub(super) fn wait(&self) {
        self.bar.set_message(format!("{}, waiting until all brokers are at rest", self.name));
        self.bar.tick();
    }

    /// It begins.
    pub(super) fn warm_up(&self) {
        self.bar.set_message(format!("{}, warming up", self.name));
        self.bar.tick();
    }

    /// A second is over.
    pub(super) fn show(&self, point: &Point) {
        let mb = |bytes: u64| bytes as f64 / 1e6 / point.length_s;
        let mut parts = vec![self.name.clone()];
        if point.counts.produced_records > 0 {
            parts.push(format!("{:.1} MB/s written", mb(point.counts.produced_bytes)));
        }
        if point.counts.consumed_records > 0 {
            parts.push(format!("{:.1} MB/s read", mb(point.counts.consumed_bytes)));
        }
        if let Some(latency) = Percentiles::of(&point.measured.produce) {
            parts.push(format!("p50 {:.2} ms, p99 {:.2} ms", latency.p50, latency.p99));
        }
        if let Some(cpus) = point.broker_cpus {
            parts.push(format!("broker {:.0} %", cpus * 100.0));
        }
        parts.push(format!("load {:.0} %", point.own_cpus * 100.0));
        self.bar.set_position(point.at_s.round() as u64);
        self.bar.set_message(parts.join(", "));
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Nothing when nobody looks.
fn bar(load: &Load) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(load.length.as_secs().max(1));
    match ProgressStyle::with_template("{bar:20} {pos}/{len} s  {msg}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
