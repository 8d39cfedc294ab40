//! One case's count beside the recorded one.

use super::rows::ROWS;

/// What was found, and what may be.
pub(crate) struct Verdict {
    pub(crate) case: String,
    /// Instructions of one run over all rows.
    pub(crate) found: u32,
    /// The same as it is on record, if it is.
    pub(crate) recorded: Option<u32>,
    /// In per cent; none where the two cannot be compared.
    pub(crate) tolerance: Option<u32>,
}

impl Verdict {
    /// Returns the table's line.
    pub(crate) fn line(&self) -> String {
        let recorded = self.recorded.map_or("none".to_owned(), a_row);
        let change = self.change().map_or(String::new(), |percent| format!("{percent:+.2} %"));
        format!("| {} | {} | {recorded} | {change} |", self.case, a_row(self.found))
    }

    /// Whether the case is dearer than it may be, or nobody knows how dear it may be.
    pub(crate) fn is_red(&self) -> bool {
        match (self.change(), self.tolerance) {
            (None, _) => true,
            (Some(change), Some(tolerance)) => change > f64::from(tolerance),
            (Some(_), None) => false,
        }
    }

    /// Returns what there is to say, if there is anything.
    pub(crate) fn said(&self) -> Option<String> {
        let Self { case, found, .. } = self;
        let (Some(recorded), Some(change)) = (self.recorded, self.change()) else {
            return Some(format!("{case} is not on record: found {found} instructions; record anew with --write"));
        };
        let tolerance = self.tolerance.filter(|tolerance| change.abs() > f64::from(*tolerance))?;
        let counts = format!("recorded {recorded} instructions, found {found}, {change:+.2} %");
        Some(if change > 0.0 {
            format!("{case} is dearer than it may be: {counts}, where {tolerance} % are allowed")
        } else {
            format!("{case} has become cheaper: {counts}; record anew with --write, so that it stays so")
        })
    }

    /// Returns by how much the count has grown, in per cent.
    fn change(&self) -> Option<f64> {
        self.recorded.map(|recorded| (f64::from(self.found) / f64::from(recorded) - 1.0) * 100.0)
    }
}

fn a_row(instructions: u32) -> String {
    format!("{:.1}", f64::from(instructions) / f64::from(ROWS))
}
