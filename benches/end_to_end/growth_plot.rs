//! What a row costs, and what memory does, as the number of rows grows: two panels over a logarithmic axis of rows. Cost that
//! is linear in rows is a level line.

use std::fmt::Write as _;

use super::chart::{escaped, frame};
use super::sample::{MeasuredSet, Sample, float, mebibytes};

const WIDTH: f64 = 860.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 640.0;
const HEIGHT: f64 = 230.0;

const COLOURS: [&str; 8] = ["#d9662b", "#5b8db8", "#4f9d69", "#b65fa3", "#c2a02c", "#7f7fd5", "#3aa6a6", "#c0504d"];

const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#24292f}.h{font-weight:600}.g{stroke:#d0d7de}\
path{fill:none;stroke-width:2}path.g{stroke-width:1}@media(prefers-color-scheme:dark){text{fill:#e6edf3}.g{stroke:#3d444d}}";

/// One step's points: rows and figure.
struct Line {
    name: String,
    points: Vec<(f64, f64)>,
}

/// A logarithmic axis.
struct Axis {
    from: f64,
    to: f64,
    start: f64,
    end: f64,
}

impl Axis {
    fn at(&self, value: f64) -> f64 {
        let part = (value.ln() - self.from.ln()) / (self.to.ln() - self.from.ln());
        self.start + part * (self.end - self.start)
    }
}

/// Draws both panels, if more than one size was measured.
pub(crate) fn draw(sets: &[MeasuredSet]) -> Option<String> {
    let sets: Vec<_> = sets.iter().filter(|set| set.name.starts_with("growth.") && set.rows > 1).collect();
    let (first, last) = (sets.first()?, sets.last()?);
    if first.rows == last.rows {
        return None;
    }
    let rows: Vec<_> = sets.iter().map(|set| float(set.rows)).collect();
    let mut body = String::new();
    panel(&mut body, 0.0, "wall time, µs a row", &rows, &lines(&sets, |sample, rows| sample.wall_s / rows * 1e6));
    panel(&mut body, HEIGHT + 70.0, "peak memory, MiB", &rows, &lines(&sets, |sample, _| mebibytes(sample.peak_bytes)));
    Some(frame(WIDTH, 2.0 * (HEIGHT + 70.0), STYLE, &body))
}

fn lines(sets: &[&MeasuredSet], figure: impl Fn(&Sample, f64) -> f64) -> Vec<Line> {
    let Some(first) = sets.first() else { return Vec::new() };
    let line = |name: &String| {
        let point = |set: &&MeasuredSet| {
            let rows = float(set.rows);
            Some((rows, set.case(name)?.median(|sample| figure(sample, rows))?))
        };
        Line { name: name.clone(), points: sets.iter().filter_map(point).collect() }
    };
    first.cases.iter().map(|case| line(&case.name)).collect()
}

fn panel(body: &mut String, top: f64, title: &str, rows: &[f64], lines: &[Line]) {
    let figures = || lines.iter().flat_map(|line| line.points.iter().map(|(_, figure)| figure.max(1e-3)));
    let lowest = 10_f64.powf(figures().fold(f64::MAX, f64::min).log10().floor());
    let highest = 10_f64.powf(figures().fold(lowest, f64::max).log10().ceil()).max(lowest * 10.0);
    let (first, last) = (rows.first().copied().unwrap_or(1.0), rows.last().copied().unwrap_or(10.0));
    let across = Axis { from: first, to: last, start: LEFT, end: RIGHT };
    let up = Axis { from: lowest, to: highest, start: top + 30.0 + HEIGHT, end: top + 30.0 };
    let _ = writeln!(body, "<text class=\"h\" x=\"10\" y=\"{:.0}\">{}</text>", top + 18.0, escaped(title));
    grid(body, &across, &up, rows);
    for (index, (line, colour)) in lines.iter().zip(COLOURS).enumerate() {
        let mut path = String::new();
        for (rows, figure) in &line.points {
            let command = if path.is_empty() { 'M' } else { 'L' };
            let _ = write!(path, "{command}{:.1} {:.1}", across.at(*rows), up.at(figure.max(1e-3)));
        }
        let y = top + 44.0 + float(index as u64) * 24.0;
        let _ = writeln!(body, "<path stroke=\"{colour}\" d=\"{path}\"/>");
        let _ = writeln!(body, "<path stroke=\"{colour}\" d=\"M{:.0} {y:.0}h22\"/>", RIGHT + 24.0);
        let _ = writeln!(body, "<text x=\"{:.0}\" y=\"{:.0}\">{}</text>", RIGHT + 52.0, y + 4.0, escaped(&line.name));
    }
}

fn grid(body: &mut String, across: &Axis, up: &Axis, rows: &[f64]) {
    let mut figure = up.from;
    while figure <= up.to * 1.001 {
        let y = up.at(figure);
        let _ = writeln!(body, "<path class=\"g\" d=\"M{LEFT:.0} {y:.1}H{RIGHT:.0}\"/>");
        let _ = writeln!(body, "<text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{figure}</text>", LEFT - 8.0, y + 4.0);
        figure *= 10.0;
    }
    for count in rows {
        let x = across.at(*count);
        let name = if *count >= 1e6 { format!("{} M", count / 1e6) } else { format!("{} k", count / 1e3) };
        let _ = writeln!(body, "<path class=\"g\" d=\"M{x:.1} {:.1}V{:.1}\"/>", up.start, up.end);
        let _ = writeln!(body, "<text x=\"{x:.1}\" y=\"{:.0}\" text-anchor=\"middle\">{name}</text>", up.start + 18.0);
    }
}
