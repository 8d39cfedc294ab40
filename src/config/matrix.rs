//! The decision matrix: which phase a rollback is in by the time since the cutover, and who has to approve it.

use std::fmt;

use super::{Overlap, Phase};
use crate::error::{Error, Result};
use crate::policy::keys::{Section, nearest};
use crate::words::Word as _;

/// One row of the matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatrixRow {
    /// The phase.
    pub phase: Phase,
    /// The time since the cutover that it holds from, that instant included. None before the cutover.
    pub from: Option<Overlap>,
    /// The time that it holds to, that instant left out. None: for ever.
    pub to: Option<Overlap>,
    /// What is done, in words.
    pub approach: String,
    /// What the procedure says of lost data.
    pub loss: String,
    /// The roles that have to approve.
    pub approvals: Vec<String>,
}

impl MatrixRow {
    fn new(phase: Phase, hours: Option<(u32, Option<u32>)>, [approach, loss]: [&str; 2], approvals: &[&str]) -> Self {
        let length = |hours: u32| Overlap::of_seconds(hours * 3600);
        Self {
            phase,
            from: hours.map(|(from, _)| length(from)),
            to: hours.and_then(|(_, to)| to).map(length),
            approach: approach.to_owned(),
            loss: loss.to_owned(),
            approvals: approvals.iter().map(|role| (*role).to_owned()).collect(),
        }
    }

    fn read(section: &Section<'_>) -> Result<Self> {
        section.check(&["phase", "from", "to", "approach", "loss", "approvals"])?;
        let entry = |key: &str| section.entry(key);
        let length = |key: &str| {
            let read = |text: &str| Overlap::read(text);
            entry(key).map(|entry| read(entry.text()?).map_err(|cause| entry.value_error(cause))).transpose()
        };
        let (from, to) = (length("from")?, length("to")?);
        let Some(named) = entry("phase") else { return Err(section.lacks("phase")) };
        let word = named.text()?;
        let phase = Phase::read(word).map_err(|_| {
            let words = || Phase::ALL.iter().map(|phase| phase.word());
            let known = || format!("known are {}", words().collect::<Vec<_>>().join(", "));
            let rest = nearest(word, words()).map_or_else(known, |meant| format!("did you mean `{meant}`?"));
            named.value_error(format!("no phase is called `{word}`; {rest}"))
        })?;
        match (phase.is_before_cutover(), from, to) {
            (true, None, None) => {}
            (true, ..) => {
                return Err(named.key_error(format!("{phase} comes before the cutover: it has no `from` and no `to`")));
            }
            (false, None, _) => {
                return Err(named.key_error(format!("{phase} wants a `from`, as 1h: the time since the cutover")));
            }
            (false, Some(from), Some(to)) if to <= from => {
                return Err(named.key_error(format!("{phase} ends at {to}, before it begins, at {from}")));
            }
            (false, ..) => {}
        }
        let built_in = Matrix::default().rows.into_iter().find(|row| row.phase == phase);
        let (approach, loss) = built_in.map(|row| (row.approach, row.loss)).unwrap_or_default();
        Ok(Self {
            phase,
            from,
            to,
            approach: section.text("approach")?.unwrap_or(approach),
            loss: section.text("loss")?.unwrap_or(loss),
            approvals: section.texts("approvals")?.unwrap_or_default(),
        })
    }

    /// Whether the row holds so many seconds after the cutover.
    #[must_use]
    pub fn holds(&self, seconds: u64) -> bool {
        let begun = self.from.is_some_and(|from| u64::from(from.seconds()) <= seconds);
        begun && self.to.is_none_or(|to| seconds < u64::from(to.seconds()))
    }
}

/// Its times, as `[1h, 24h)`.
impl fmt::Display for MatrixRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.from, self.to) {
            (None, _) => f.write_str("before the cutover"),
            (Some(from), Some(to)) => write!(f, "[{from}, {to})"),
            (Some(from), None) => write!(f, "[{from}, …)"),
        }
    }
}

/// The rows: of every instant since the cutover exactly one holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix {
    rows: Vec<MatrixRow>,
}

/// The roles that decide whether to go back more than an hour after the cutover.
const COMMITTEE: [&str; 4] = ["incident commander", "engineering lead", "product owner", "on-call engineer"];

/// The roles without which nobody goes back after a day.
const BOARD: [&str; 4] = ["cto", "product vp", "legal", "customer success"];

/// The matrix of the procedure that failback was made for, its times half-open.
impl Default for Matrix {
    fn default() -> Self {
        let row = MatrixRow::new;
        Self {
            rows: vec![
                row(Phase::AbortDeployment, None, ["abort deployment", "None"], &[]),
                row(Phase::DestroyNew, None, ["destroy new infrastructure", "None"], &[]),
                row(Phase::Quick, Some((0, Some(1))), ["quick rollback", "None"], &COMMITTEE[..1]),
                row(Phase::Evaluated, Some((1, Some(24))), ["evaluated rollback", "Low"], &COMMITTEE),
                row(Phase::LongTerm, Some((24, Some(48))), ["fix forward", "Medium"], &BOARD),
                row(Phase::Emergency, Some((48, None)), ["emergency recovery", "High"], &BOARD),
            ],
        }
    }
}

impl Matrix {
    /// Reads the rows, each under `[[matrix]]`. A phase before the cutover that has none keeps the one that is built in.
    pub(super) fn read(sections: &[Section<'_>]) -> Result<Self> {
        let mut read = Vec::with_capacity(sections.len());
        for section in sections {
            let row = MatrixRow::read(section)?;
            if row.phase.is_before_cutover() && read.iter().any(|(known, _): &(MatrixRow, _)| known.phase == row.phase) {
                return Err(at(section, format!("{} stands in the matrix twice", row.phase)));
            }
            read.push((row, section));
        }
        read.sort_by_key(|(row, _)| row.from);
        expect_whole(&read)?;
        let mut rows: Vec<_> = read.into_iter().map(|(row, _)| row).collect();
        for row in Self::default().rows.into_iter().filter(|row| row.phase.is_before_cutover()).rev() {
            if !rows.iter().any(|known| known.phase == row.phase) {
                rows.insert(0, row);
            }
        }
        Ok(Self { rows })
    }

    /// Returns the rows, earliest first.
    #[must_use]
    pub fn rows(&self) -> &[MatrixRow] {
        &self.rows
    }

    /// Returns the row that holds so many seconds after the cutover.
    #[must_use]
    pub fn at(&self, seconds: u64) -> Option<&MatrixRow> {
        self.rows.iter().find(|row| row.holds(seconds))
    }

    /// Returns the first row of a phase.
    #[must_use]
    pub fn of(&self, phase: Phase) -> Option<&MatrixRow> {
        self.rows.iter().find(|row| row.phase == phase)
    }
}

fn at(section: &Section<'_>, cause: String) -> Error {
    section.entry("phase").map_or_else(|| section.lacks("phase"), |entry| entry.key_error(cause))
}

/// Expects that the times since the cutover, in their order, leave no instant out and give none to two rows.
fn expect_whole(read: &[(MatrixRow, &Section<'_>)]) -> Result<()> {
    let timed: Vec<_> = read.iter().filter(|(row, _)| row.from.is_some()).collect();
    let Some((first, section)) = timed.first() else {
        return read
            .first()
            .map_or(Ok(()), |(_, section)| Err(at(section, "no row says what to do after the cutover".to_owned())));
    };
    if first.from.is_some_and(|from| from.seconds() > 0) {
        return Err(at(section, format!("no row says what to do from the cutover on, before {}", first.phase)));
    }
    for pair in timed.windows(2) {
        let [(before, _), (after, section)] = pair else { continue };
        let Some(begins) = after.from else { continue };
        match before.to {
            Some(end) if end < begins => {
                return Err(at(section, format!("no row says what to do from {end} to {begins} after the cutover")));
            }
            Some(end) if end == begins => {}
            _ => {
                let until = before.to.map_or_else(|| "on".to_owned(), |end| format!("to {end}"));
                let cause = format!(
                    "{} and {} both hold from {begins} {until}: end the earlier at {begins}",
                    before.phase, after.phase
                );
                return Err(at(section, cause));
            }
        }
    }
    match timed.last() {
        Some((MatrixRow { to: Some(to), .. }, section)) => {
            Err(at(section, format!("no row says what to do later than {to} after the cutover: leave the last `to` out")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::Config;

    fn read(text: &str) -> Result<Matrix, String> {
        Config::parse(text, "failback.toml").map(|config| config.matrix().clone()).map_err(|error| format!("{error:?}"))
    }

    fn phase_at(matrix: &Matrix, seconds: u64) -> Option<Phase> {
        matrix.at(seconds).map(|row| row.phase)
    }

    #[test]
    fn an_instant_on_a_border_belongs_to_the_later_row_alone() {
        let (matrix, hour) = (Matrix::default(), 3600);
        let cases = [
            (0, Phase::Quick),
            (hour - 1, Phase::Quick),
            (hour, Phase::Evaluated),
            (24 * hour - 1, Phase::Evaluated),
            (24 * hour, Phase::LongTerm),
            (48 * hour - 1, Phase::LongTerm),
            (48 * hour, Phase::Emergency),
            (u64::MAX, Phase::Emergency),
        ];
        for (seconds, phase) in cases {
            assert_eq!(phase_at(&matrix, seconds), Some(phase), "{seconds}");
        }
        let shown: Vec<_> = matrix.rows().iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["before the cutover", "before the cutover", "[0s, 1h)", "[1h, 24h)", "[24h, 48h)", "[48h, …)"]);
    }

    #[test]
    fn what_is_built_in_can_be_written_down_and_changed() {
        let written = "[[matrix]]\nphase = \"long-term\"\nfrom = \"30m\"\napprovals = [\"legal\"]\n[[matrix]]\n\
                       phase = \"quick\"\nfrom = \"0h\"\nto = \"30m\"\nloss = \"half an hour\"\n";
        let matrix = read(written).unwrap();
        assert_eq!((phase_at(&matrix, 1799), phase_at(&matrix, 1800)), (Some(Phase::Quick), Some(Phase::LongTerm)));
        let quick = matrix.of(Phase::Quick).unwrap();
        assert_eq!(
            (quick.loss.as_str(), quick.approach.as_str(), quick.approvals.len()),
            ("half an hour", "quick rollback", 0)
        );
        assert!(matrix.of(Phase::AbortDeployment).is_some() && matrix.of(Phase::Emergency).is_none());
        assert_eq!(read("").unwrap(), Matrix::default());
        let laid_over = format!("[environments.prod]\n{}", written.replace("[[", "[[environments.prod."));
        let config = Config::parse(&laid_over, "failback.toml").unwrap();
        assert_eq!(config.matrix(), &Matrix::default());
        assert_eq!(config.for_environment("prod").unwrap().matrix(), &matrix);
    }

    #[test]
    fn gaps_overlaps_and_slips_are_told_with_their_line() {
        let rows = |rows: &[(&str, &str)]| {
            let row = |(phase, times): &(&str, &str)| format!("[[matrix]]\nphase = \"{phase}\"\n{times}\n");
            read(&rows.iter().map(row).collect::<String>()).unwrap_err()
        };
        let (first, rest) = (("quick", "from = \"0h\"\nto = \"1h\""), ("long-term", "from = \"24h\""));
        let cases = [
            (rows(&[first, ("evaluated", "from = \"2h\"\nto = \"24h\""), rest]), "6", "no row says what to do from 1h to 2h"),
            (rows(&[first, ("evaluated", "from = \"30m\"\nto = \"24h\""), rest]), "6", "both hold from 30m to 1h"),
            (rows(&[("quick", "from = \"0h\""), rest]), "5", "both hold from 24h on"),
            (rows(&[first]), "2", "later than 1h"),
            (rows(&[("quick", "from = \"1h\"")]), "2", "from the cutover on"),
            (rows(&[("quick", "to = \"1h\"")]), "2", "wants a `from`"),
            (rows(&[("quick", "from = \"2h\"\nto = \"1h\"")]), "2", "before it begins"),
            (rows(&[("destroy-new", "from = \"0h\"")]), "2", "no `from`"),
            (rows(&[("destroy-new", "")]), "2", "after the cutover"),
            (rows(&[("quik", "from = \"0h\"")]), "2", "did you mean `quick`?"),
            (rows(&[("quick", "form = \"0h\"")]), "3", "did you mean `from`?"),
        ];
        for (told, line, cause) in cases {
            assert!(told.contains(&format!("failback.toml:{line}:")) && told.contains(cause), "{line} {cause}: {told}");
        }
        assert!(read("[[matrix]]\nfrom = \"0h\"").unwrap_err().contains("phase"));
    }

    proptest! {
        #[test]
        fn exactly_one_row_holds_at_every_instant(
            cuts in proptest::collection::btree_set(1_u32..100_000, 0..6),
            instants in proptest::collection::vec(0_u64..200_000, 1..40),
        ) {
            let mut starts = vec![0];
            starts.extend(&cuts);
            let row = |(at, from): (usize, &u32)| {
                let to = starts.get(at + 1).map_or_else(String::new, |to| format!("to = \"{to}s\"\n"));
                format!("[[matrix]]\nphase = \"{}\"\nfrom = \"{from}s\"\n{to}", Phase::ALL[2 + at % 4])
            };
            let matrix = read(&starts.iter().enumerate().map(row).collect::<String>()).unwrap();
            let borders = starts.iter().flat_map(|start| [u64::from(*start), u64::from(*start).saturating_sub(1)]);
            for matrix in [matrix, Matrix::default()] {
                for seconds in instants.iter().copied().chain(borders.clone()).chain([u64::MAX]) {
                    prop_assert_eq!(matrix.rows().iter().filter(|row| row.holds(seconds)).count(), 1, "{}", seconds);
                }
            }
        }
    }
}
