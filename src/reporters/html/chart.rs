//! Measurements as drawings: a bar for each value with its interval and its budget, a curve for each series.

use maud::{Markup, html};

use crate::{
    finding::Measurement,
    report::{BudgetRow, BudgetVerdict, Report},
    reporters::{visible, words},
};

/// How many bars one metric has, and how many curves the page has.
const MOST: usize = 60;
/// Size of a curve's drawing and of its plot.
const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 150.0;
const LEFT: f64 = 40.0;
const RIGHT: f64 = 18.0;
const TOP: f64 = 20.0;
const BOTTOM: f64 = 22.0;
/// The highest quantile that is drawn apart: 0.9999.
const NINES: f64 = 4.0;

/// All measurements, metric by metric, then the curves; nothing if nothing was measured.
pub(super) fn section(report: &Report) -> Markup {
    let mut metrics: Vec<&str> = Vec::new();
    for measurement in &report.measurements {
        if !metrics.contains(&measurement.metric.as_str()) {
            metrics.push(&measurement.metric);
        }
    }
    let curves = report.measurements.iter().filter(|measurement| measurement.series.len() > 1);
    html! {
        @if !metrics.is_empty() {
            h2 #measurements { "Measurements" }
            @for metric in metrics { (bars(metric, report)) }
            div.charts { @for measurement in curves.take(MOST) { (curve(measurement, report)) } }
        }
    }
}

fn budget_of<'a>(measurement: &Measurement, report: &'a Report) -> Option<&'a BudgetRow> {
    report
        .budgets
        .iter()
        .find(|budget| budget.metric == measurement.metric && budget.subject == measurement.subject)
}

fn bars(metric: &str, report: &Report) -> Markup {
    let all: Vec<&Measurement> =
        report.measurements.iter().filter(|measurement| measurement.metric == metric).collect();
    let limit = |one: &&Measurement| budget_of(one, report).map(|budget| budget.limit.value);
    let ends = |one: &&Measurement| {
        let high = one.interval.map(|(_, high)| high);
        [one.value, high, limit(one)]
    };
    let most = all.iter().flat_map(ends).flatten().filter(|value| value.is_finite());
    let scale = most.fold(f64::MIN_POSITIVE, f64::max) * 1.05;
    html! {
        section.card {
            h3 { code { (visible::line(metric)) } }
            @for measurement in all.iter().take(MOST) {
                (bar(measurement, budget_of(measurement, report), scale))
            }
            @if all.len() > MOST { p.soft.small { "and " (all.len() - MOST) " more" } }
        }
    }
}

fn bar(measurement: &Measurement, budget: Option<&BudgetRow>, scale: f64) -> Markup {
    let at = |value: f64| coordinate(value / scale * 100.0);
    let class = budget.map_or("", |budget| class(budget.verdict));
    html! {
        div.bar {
            span { (visible::line(measurement.subject.as_str())) }
            span { strong { (words::measured(measurement)) } }
            svg viewBox="0 0 100 12" preserveAspectRatio="none" role="img"
                aria-label=(words::measured(measurement)) {
                rect.track x="0" y="2" width="100" height="8" {}
                @if let Some(value) = measurement.value {
                    rect class={ "value " (class) } x="0" y="2" width=(at(value)) height="8" {}
                    @if let Some((low, high)) = measurement.interval {
                        line.whisker x1=(at(low)) x2=(at(high)) y1="6" y2="6" {}
                    }
                }
                @if let Some(budget) = budget {
                    @let limit = at(budget.limit.value);
                    line.mark x1=(limit) x2=(limit) y1="0" y2="12" {}
                }
            }
            span.soft.small {
                (words::things(measurement.samples, "sample", "samples"))
                @if let Some(budget) = budget { ", budget " (budget.limit.to_string().trim_end()) }
            }
            @if let Some(budget) = budget {
                span class={ "small " (class) } { (budget.verdict.name()) }
            }
        }
    }
}

const fn class(verdict: BudgetVerdict) -> &'static str {
    match verdict {
        BudgetVerdict::Pass => "pass",
        BudgetVerdict::Fail => "fail",
        BudgetVerdict::Inconclusive => "inconclusive",
        BudgetVerdict::NotAssessed => "not-assessed",
    }
}

/// How a series is laid out.
struct Plot {
    /// Whether the first numbers of the series are quantiles; seconds otherwise.
    quantiles: bool,
    first: f64,
    last: f64,
    top: f64,
}

impl Plot {
    fn of(measurement: &Measurement, limit: Option<f64>) -> Self {
        let series = &measurement.series;
        let quantiles = series.iter().all(|(x, _)| (0.0..=1.0).contains(x));
        let highest = series.iter().map(|(_, y)| *y).chain(limit).filter(|y| y.is_finite());
        let along = |x: f64| if quantiles { nines(x) } else { x };
        let xs = series.iter().map(|(x, _)| along(*x)).filter(|x| x.is_finite());
        Self {
            quantiles,
            first: xs.clone().fold(f64::INFINITY, f64::min),
            last: xs.fold(f64::NEG_INFINITY, f64::max),
            top: highest.fold(f64::MIN_POSITIVE, f64::max) * 1.1,
        }
    }

    fn x(&self, x: f64) -> f64 {
        let x = if self.quantiles { nines(x) } else { x };
        let wide = (self.last - self.first).max(f64::MIN_POSITIVE);
        LEFT + (x - self.first) / wide * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, y: f64) -> f64 {
        HEIGHT - BOTTOM - y / self.top * (HEIGHT - TOP - BOTTOM)
    }

    fn ticks(&self) -> Vec<(f64, String)> {
        if self.quantiles {
            let named = [(0.0, "0"), (0.5, "p50"), (0.9, "p90"), (0.99, "p99"), (0.999, "p99.9")];
            let within = |x: f64| (self.first..=self.last + 0.01).contains(&nines(x));
            let ticks = named.into_iter().filter(|(x, _)| within(*x));
            ticks.map(|(x, name)| (x, name.to_owned())).collect()
        } else {
            let tick = |x: f64| (x, format!("{} s", words::number(x)));
            vec![tick(self.first), tick(f64::midpoint(self.first, self.last)), tick(self.last)]
        }
    }
}

/// Quantiles by their number of nines, so that the tail is seen: 0.9 at 1, 0.99 at 2.
fn nines(quantile: f64) -> f64 {
    -(1.0 - quantile).max(10_f64.powf(-NINES)).log10()
}

fn curve(measurement: &Measurement, report: &Report) -> Markup {
    let limit = budget_of(measurement, report).map(|budget| budget.limit.value);
    let plot = Plot::of(measurement, limit);
    let points: Vec<String> = measurement
        .series
        .iter()
        .map(|(x, y)| format!("{},{}", coordinate(plot.x(*x)), coordinate(plot.y(*y))))
        .collect();
    let what = if plot.quantiles { "by quantile" } else { "over time" };
    html! {
        section.card {
            h3.small { (visible::line(measurement.subject.as_str())) }
            p.soft.small { (visible::line(&measurement.metric)) ", " (what) }
            svg.curve-chart viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img"
                aria-label=(visible::line(measurement.subject.as_str())) {
                (axes(&plot, measurement))
                @if let Some(limit) = limit {
                    @let y = coordinate(plot.y(limit));
                    line.limit x1=(LEFT) x2=(WIDTH - RIGHT) y1=(y) y2=(y) {}
                }
                polyline.curve points=(points.join(" ")) {}
            }
        }
    }
}

fn axes(plot: &Plot, measurement: &Measurement) -> Markup {
    let ground = HEIGHT - BOTTOM;
    html! {
        @for share in [0.0, 0.5, 1.0] {
            @let y = coordinate(plot.y(plot.top * share));
            line.axis x1=(LEFT) x2=(WIDTH - RIGHT) y1=(y) y2=(y) {}
            text x=(LEFT - 4.0) y=(y) dy="3" text-anchor="end" {
                (words::number(plot.top * share))
            }
        }
        text x=(LEFT - 4.0) y="8" text-anchor="end" { (measurement.unit.symbol()) }
        @for (x, name) in plot.ticks() {
            @let at = coordinate(plot.x(x));
            line.axis x1=(at) x2=(at) y1=(TOP) y2=(ground) {}
            text x=(at) y=(HEIGHT - 8.0) text-anchor="middle" { (name) }
        }
    }
}

/// A number for a drawing: finite, within sight, one decimal.
fn coordinate(value: f64) -> String {
    let value = if value.is_finite() { value.clamp(-1e4, 1e4) } else { 0.0 };
    format!("{value:.1}")
}
