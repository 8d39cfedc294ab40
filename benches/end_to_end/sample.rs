//! What was measured, and what it comes to: medians, and ratios within rounds.

use serde::Serialize;

use super::case::Kind;

/// One measurement of one case.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Sample {
    pub(crate) round: u32,
    pub(crate) wall_s: f64,
    pub(crate) client_cpu_s: f64,
    /// Unknown where the servers are not ours.
    pub(crate) server_cpu_s: Option<f64>,
    pub(crate) peak_bytes: u64,
    pub(crate) written_bytes: u64,
    /// Seconds of each part, where the command line notes when its parts end.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) steps: Vec<(String, f64)>,
    /// What was wrong with the result; nothing if it was right, or if nobody looked.
    pub(crate) wrong: Option<String>,
}

/// The file of such notes, beside the case's folder.
pub(crate) const STEPS: &str = "steps";

/// Returns a command that notes that a part has ended, or that the first begins.
pub(crate) fn note(part: &str) -> String {
    format!("echo {part} $(date +%s.%N) >> ../{STEPS}")
}

/// Reads such notes.
pub(crate) fn steps(text: &str) -> Vec<(String, f64)> {
    let notes: Vec<_> = text.lines().filter_map(|line| line.split_once(' ')).collect();
    let seconds = |at: &str| at.parse().unwrap_or(0.0_f64);
    notes.windows(2).map(|pair| (pair[1].0.to_owned(), seconds(pair[1].1) - seconds(pair[0].1))).collect()
}

/// All measurements of one case.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Measurements {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) command: String,
    /// Whether its result was looked at.
    pub(crate) checked: bool,
    pub(crate) samples: Vec<Sample>,
    /// Why there are none, or no more.
    pub(crate) missing: Option<String>,
}

/// All cases of one set.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct MeasuredSet {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) rows: u64,
    pub(crate) reference: String,
    pub(crate) cases: Vec<Measurements>,
}

impl MeasuredSet {
    pub(crate) fn case(&self, name: &str) -> Option<&Measurements> {
        self.cases.iter().find(|case| case.name == name)
    }
}

impl Measurements {
    /// Returns lowest, median and highest of something.
    pub(crate) fn spread(&self, of: impl Fn(&Sample) -> f64) -> Option<[f64; 3]> {
        let mut values: Vec<_> = self.samples.iter().map(of).collect();
        let median = median(&mut values)?;
        Some([*values.first()?, median, *values.last()?])
    }

    /// Returns the median of something.
    pub(crate) fn median(&self, of: impl Fn(&Sample) -> f64) -> Option<f64> {
        self.spread(of).map(|[_, median, _]| median)
    }

    /// Returns the median of what this is to another within each round: what drifts, drifts for both.
    pub(crate) fn ratio(&self, other: &Self, of: impl Fn(&Sample) -> f64) -> Option<f64> {
        let mut ratios: Vec<_> = self
            .samples
            .iter()
            .filter_map(|sample| {
                let base = of(other.samples.iter().find(|base| base.round == sample.round)?);
                (base > 0.0).then(|| of(sample) / base)
            })
            .collect();
        median(&mut ratios)
    }

    /// Says whether the result was right every time; nothing if nobody looked.
    pub(crate) fn right(&self) -> Option<bool> {
        (self.checked && !self.samples.is_empty()).then(|| self.samples.iter().all(|sample| sample.wrong.is_none()))
    }
}

/// Sorts and returns the middle, or the mean of the two in the middle.
fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    Some(if values.len() % 2 == 1 { upper } else { f64::midpoint(values[middle - 1], upper) })
}

/// Bytes as decimal megabytes.
pub(crate) fn megabytes(bytes: u64) -> f64 {
    float(bytes) / 1e6
}

/// Bytes as mebibytes, as memory is counted.
pub(crate) fn mebibytes(bytes: u64) -> f64 {
    float(bytes) / f64::from(1 << 20)
}

/// A count for arithmetic that need not be exact.
#[expect(clippy::cast_precision_loss, reason = "counts of rows and bytes stay far below 2^53")]
pub(crate) const fn float(count: u64) -> f64 {
    count as f64
}
