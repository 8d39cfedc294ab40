//! How far a step has come, in numbers and in words.

use std::time::Duration;

use super::amount;

/// So long nothing is said of how quick a step is, or how long it will take: it is not known yet.
const UNKNOWN: Duration = Duration::from_secs(1);

/// The rows of a step. Each counts once: when it was looked at, and where the step writes, once more when it was written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    /// By estimate; 0 where unknown.
    wanted: u64,
    to_write: u64,
    seen: u64,
    written: u64,
}

impl Tally {
    /// Begins with what there is to do.
    pub(super) fn new(wanted: u64, to_write: u64) -> Self {
        Self { wanted, to_write, ..Self::default() }
    }

    /// Rows were looked at.
    pub(super) fn saw(&mut self, rows: u64) {
        self.seen += rows;
    }

    /// Rows that were looked at will be looked at again, and others written again.
    pub(super) fn forget(&mut self, rows: u64, written: u64) {
        self.seen = self.seen.saturating_sub(rows);
        self.written = self.written.saturating_sub(written);
    }

    /// Rows were written.
    pub(super) fn wrote(&mut self, rows: u64) {
        self.written += rows;
    }

    /// Returns how much is done, of how much; `None` where that is unknown. An estimate may fall short.
    pub(super) fn progress(&self) -> (u64, Option<u64>) {
        let all = self.wanted.max(self.seen) + self.to_write.max(self.written);
        (self.seen + self.written, (self.wanted > 0).then_some(all))
    }

    /// Says how many rows went by.
    pub(super) fn rows(&self) -> String {
        let seen = amount::count(self.seen);
        let of = if self.wanted > 0 { format!("/{}", amount::count(self.wanted.max(self.seen))) } else { String::new() };
        let written = if self.written > 0 { format!(", {} written", amount::count(self.written)) } else { String::new() };
        format!("{seen}{of} rows{written}")
    }

    /// Says how quick it is, if that is known. Rows that are written have been looked at before, at another pace.
    pub(super) fn rate(&self, elapsed: Duration) -> Option<String> {
        let rate = self.seen.checked_div(elapsed.as_secs())?;
        (self.written == 0 && elapsed >= UNKNOWN && rate > 0).then(|| format!("{} rows/s", amount::count(rate)))
    }

    /// Says how long it will take, if anything tells.
    pub(super) fn left(&self, elapsed: Duration) -> Option<String> {
        let (done, all) = self.progress();
        let left = all?.saturating_sub(done);
        if elapsed < UNKNOWN || done == 0 || left == 0 {
            return None;
        }
        let seconds = elapsed.as_millis().saturating_mul(left.into()) / u128::from(done) / 1000 + 1;
        Some(match seconds {
            0..=120 => format!("ETA {seconds} s"),
            121..=7_200 => format!("ETA {} min", seconds.div_ceil(60)),
            _ => format!("ETA {} h", seconds.div_ceil(3600)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn nothing_is_said_of_the_pace_until_it_is_known() {
        let mut tally = Tally::new(1_000, 0);
        assert_eq!((tally.rate(SECOND * 9), tally.left(SECOND * 9)), (None, None), "no row yet");
        tally.saw(500);
        assert_eq!((tally.rate(SECOND / 2), tally.left(SECOND / 2)), (None, None), "too early");
        assert_eq!(tally.rate(SECOND * 2).as_deref(), Some("250 rows/s"));
        assert_eq!(tally.left(SECOND * 2).as_deref(), Some("ETA 3 s"));
        assert_eq!(tally.rate(SECOND * 600), None, "less than a row a second");
        assert_eq!(tally.left(SECOND * 600).as_deref(), Some("ETA 11 min"));
        assert_eq!(tally.left(SECOND * 86_400).as_deref(), Some("ETA 25 h"));
        tally.saw(500);
        assert_eq!(tally.left(SECOND * 3), None, "all rows went by");
        let unknown = Tally { seen: 10, ..Tally::default() };
        assert_eq!((unknown.rows().as_str(), unknown.left(SECOND), unknown.progress()), ("10 rows", None, (10, None)));
    }

    #[test]
    fn rows_count_once() {
        let mut tally = Tally::new(2_000, 2_000);
        tally.saw(1_500);
        tally.wrote(300);
        tally.forget(500, 300);
        assert_eq!((tally.rows().as_str(), tally.progress()), ("1,000/2,000 rows", (1_000, Some(4_000))));
        tally.saw(1_000);
        tally.wrote(700);
        assert_eq!((tally.rows().as_str(), tally.progress()), ("2,000/2,000 rows, 700 written", (2_700, Some(4_000))));
        assert_eq!(tally.rate(SECOND), None, "rows are written at another pace");
        tally.saw(1);
        assert_eq!((tally.rows().as_str(), tally.progress()), ("2,001/2,001 rows, 700 written", (2_701, Some(4_001))));
    }
}
