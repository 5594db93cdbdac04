//! A report as one page with charts, complete in itself.

use std::fmt::Display;

use plotters::prelude::*;

use super::text::text;
use super::{Report, RunReport, Second};
use crate::error::LoadError;
use crate::tally::{Latencies, Measured};

/// Width and height of a chart, in pixels.
const CHART: (u32, u32) = (900, 320);
/// The percentile axis shows shares of records that took longer, from all of them to one in a million.
const NINES_MAX: f64 = 6.0;
/// Lines that can be told from each other.
const COLORS: [RGBColor; 8] = [
    RGBColor(31, 119, 180),
    RGBColor(255, 127, 14),
    RGBColor(44, 160, 44),
    RGBColor(214, 39, 40),
    RGBColor(148, 103, 189),
    RGBColor(140, 86, 75),
    RGBColor(23, 190, 207),
    RGBColor(127, 127, 127),
];

/// A line of a chart.
struct Line {
    name: String,
    points: Vec<(f64, f64)>,
}

/// A chart: its axes' names, and lines.
struct Chart {
    title: &'static str,
    x: &'static str,
    y: &'static str,
    x_label: fn(&f64) -> String,
    is_logarithmic: bool,
    lines: Vec<Line>,
}

/// The page.
///
/// # Errors
/// [`LoadError::Spec`] when a chart cannot be drawn.
pub fn html(report: &Report) -> Result<String, LoadError> {
    let mut charts = String::new();
    for chart in charts_of(report).iter().filter(|chart| chart.lines.iter().any(|line| !line.points.is_empty())) {
        let drawn = chart.draw().map_err(|error| LoadError::Spec(format!("chart {:?}: {error}", chart.title)))?;
        charts.push_str(&format!("<h2>{}</h2>\n{drawn}\n", chart.title));
    }
    Ok(format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>millrace bench</title>\n\
         <style>body {{ font-family: sans-serif; margin: 2em; }} pre {{ overflow-x: auto; }} \
         svg {{ max-width: 100%; height: auto; }}</style>\n</head>\n<body>\n<h1>millrace bench</h1>\n\
         <pre>{}</pre>\n{charts}</body>\n</html>\n",
        escaped(&text(report))
    ))
}

fn charts_of(report: &Report) -> Vec<Chart> {
    let seconds = |second: &f64| format!("{second:.0}");
    let over_time = |title, y, of: fn(&Second) -> Option<f64>| Chart {
        title,
        x: "seconds",
        y,
        x_label: seconds,
        is_logarithmic: false,
        lines: lines(report, |run| run.seconds.iter().filter_map(|second| Some((second.at_s, of(second)?))).collect()),
    };
    let by_percentile = |title, of: fn(&Measured) -> &Latencies| Chart {
        title,
        x: "percentile",
        y: "ms",
        x_label: percentile_label,
        is_logarithmic: true,
        lines: lines(report, |run| percentile_points(of(&run.measured))),
    };
    vec![
        by_percentile("Produce latency by percentile", |measured| &measured.produce),
        by_percentile("End-to-end latency by percentile", |measured| &measured.end_to_end),
        over_time("Produced, MB/s", "MB/s", |second| Some(second.produced_mb_per_s).filter(|rate| *rate > 0.0)),
        over_time("Consumed, MB/s", "MB/s", |second| Some(second.consumed_mb_per_s).filter(|rate| *rate > 0.0)),
        over_time("Produce latency, 99th percentile of each second", "ms", |second| second.produce_p99_ms),
        over_time("Processors that the broker kept busy", "CPUs", |second| second.broker_cpus),
        over_time("Processors that the load kept busy", "CPUs", |second| Some(second.load_cpus)),
    ]
}

fn lines(report: &Report, points: impl Fn(&RunReport) -> Vec<(f64, f64)>) -> Vec<Line> {
    let name = |run: &RunReport| match run.rate {
        Some(rate) => format!("{}, {rate}/s, round {}", run.broker, run.round),
        None => format!("{}, round {}", run.broker, run.round),
    };
    report.runs.iter().map(|run| Line { name: name(run), points: points(run) }).collect()
}

/// Latency in ms by the number of nines of its percentile: 0 is the least, 2 the 99th, 3 the 99.9th.
fn percentile_points(latencies: &Latencies) -> Vec<(f64, f64)> {
    const STEPS: u32 = 20;
    if latencies.is_empty() {
        return Vec::new();
    }
    let most = (latencies.len() as f64).log10().min(NINES_MAX);
    let nines = (0..=STEPS * NINES_MAX as u32).map(|step| f64::from(step) / f64::from(STEPS));
    let at = |nines: f64| latencies.value_at_quantile(1.0 - 10_f64.powf(-nines)) as f64 / 1e6;
    nines.take_while(|nines| *nines <= most).map(|nines| (nines, at(nines))).collect()
}

fn percentile_label(nines: &f64) -> String {
    let percentile = 100.0 * (1.0 - 10_f64.powf(-nines));
    let digits = (nines.ceil() as usize).saturating_sub(2);
    format!("{percentile:.digits$}")
}

impl Chart {
    fn draw(&self) -> Result<String, Box<dyn std::error::Error>> {
        let points = || self.lines.iter().flat_map(|line| &line.points);
        let x_max = points().map(|(x, _)| *x).fold(1.0, f64::max);
        let y_max = points().map(|(_, y)| *y).fold(0.0, f64::max) * 1.05 + f64::MIN_POSITIVE;
        let y_min = points().map(|(_, y)| *y).fold(y_max, f64::min).max(1e-3);
        let mut drawn = String::new();
        if self.is_logarithmic {
            self.draw_in(&mut drawn, 0.0..x_max, (y_min..y_max.max(y_min * 10.0)).log_scale())?;
        } else {
            self.draw_in(&mut drawn, 0.0..x_max, 0.0..y_max)?;
        }
        Ok(drawn)
    }

    fn draw_in<Y>(
        &self,
        out: &mut String,
        x: std::ops::Range<f64>,
        y: impl plotters::coord::ranged1d::AsRangedCoord<CoordDescType = Y, Value = f64>,
    ) -> Result<(), Box<dyn std::error::Error>>
    where
        Y: plotters::coord::ranged1d::ValueFormatter<f64> + plotters::coord::ranged1d::Ranged<ValueType = f64>,
    {
        let area = SVGBackend::with_string(out, CHART).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart =
            ChartBuilder::on(&area).margin(10).x_label_area_size(35).y_label_area_size(60).build_cartesian_2d(x, y)?;
        chart.configure_mesh().x_desc(self.x).y_desc(self.y).x_label_formatter(&self.x_label).draw()?;
        for (line, color) in self.lines.iter().zip(COLORS.iter().cycle()) {
            let series = LineSeries::new(line.points.iter().copied(), color.stroke_width(2));
            let legend = move |(x, y)| PathElement::new(vec![(x, y), (x + 16, y)], color.stroke_width(2));
            chart.draw_series(series)?.label(line.name.as_str()).legend(legend);
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .background_style(WHITE.mix(0.8))
            .border_style(BLACK.mix(0.3))
            .draw()?;
        area.present()?;
        Ok(())
    }
}

fn escaped(text: &impl Display) -> String {
    text.to_string().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
