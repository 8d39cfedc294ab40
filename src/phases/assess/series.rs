//! What an answer of Prometheus says of a question.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::super::asking::{Form, Series, Told};
use super::super::reading::Answer;
use super::super::spelling::number;
use crate::config::Bound;

/// The instants that are asked for: `steps` + 1 of them, `step` seconds apart, the last at `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// The last instant, in seconds since 1970.
    pub(super) end: i64,
    /// Seconds between two.
    pub(super) step: u32,
    /// How many steps there are.
    pub(super) steps: u32,
}

/// So many values are asked for of a length of time, one more or less.
const VALUES: u32 = 20;

impl Window {
    /// Covers a length of time up to an instant; nothing of it: that instant alone.
    pub(super) fn new(end: i64, lasting: u32) -> Self {
        let step = lasting.div_ceil(VALUES).max(1);
        Self { end, step, steps: lasting / step }
    }

    /// Returns the first instant.
    pub(super) fn start(self) -> i64 {
        self.end - i64::from(self.step) * i64::from(self.steps)
    }
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Found {
    pub(super) answer: Answer,
    /// The lowest value and the highest, of all series.
    pub(super) value: Option<String>,
    pub(super) evidence: String,
}

/// Reads the answer of a range query: `yes` where every value of a series is beyond the bound, `no` where that is so of none of
/// them, all are without a gap, and the answer has no warning.
pub(super) fn judge(told: Result<Told, String>, bound: Bound, window: Window) -> Found {
    let unknown = |evidence: &str| Found { answer: Answer::Unknown, value: None, evidence: evidence.to_owned() };
    let told = match told {
        Ok(told) if told.form == Form::Range => told,
        Ok(_) => return unknown("what was answered is none of Prometheus' range queries"),
        Err(cause) => return unknown(&cause),
    };
    let warnings = told.warnings;
    if told.series.is_empty() {
        return unknown("the query has no result: nothing is known by that name, or nothing is measured");
    }
    let wanted = window.steps as usize + 1;
    let read: Vec<Vec<f64>> = told.series.iter().map(|series| values(series, window)).collect();
    let mut answer = Answer::any(read.iter().map(|values| of_series(values, bound, wanted)));
    let all = || read.iter().flatten().copied().filter(|value| !value.is_nan());
    let (low, high) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
    let value = (low <= high).then(|| if low < high { format!("{} to {}", number(low), number(high)) } else { number(low) });
    let series = if read.len() == 1 { "one series".to_owned() } else { format!("{} series", read.len()) };
    let nans = read.iter().flatten().filter(|value| value.is_nan()).count();
    let missing: usize = read.iter().map(|values| wanted.saturating_sub(values.len())).sum();
    let mut evidence = format!("{series}, {wanted} values each");
    // Writing into a String cannot fail.
    if nans > 0 {
        let _ = write!(evidence, "; {nans} are NaN, as without requests");
    }
    if missing > 0 {
        let _ = write!(evidence, "; {missing} are missing, or of other times than were asked for");
    }
    if !warnings.is_empty() {
        // What was left out may be beyond the bound.
        answer = if answer == Answer::No { Answer::Unknown } else { answer };
        let _ = write!(evidence, "; Prometheus warns: {}", warnings.join("; "));
    }
    Found { answer, value, evidence }
}

/// Returns the values of the instants that were asked for, one each.
fn values(series: &Series, window: Window) -> Vec<f64> {
    let read = |text: &String| match text.as_str() {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        text => text.parse().unwrap_or(f64::NAN),
    };
    let mut seen = BTreeSet::new();
    let mut is_asked = |at: f64| {
        let Ok(second) = format!("{at:.0}").parse::<i64>() else { return false };
        let is_whole = (at - at.round()).abs() < 0.01;
        let is_within = (window.start()..=window.end).contains(&second);
        is_whole && is_within && (second - window.start()) % i64::from(window.step) == 0 && seen.insert(second)
    };
    series.iter().filter(|(at, _)| is_asked(*at)).map(|(_, text)| read(text)).collect()
}

fn of_series(values: &[f64], bound: Bound, wanted: usize) -> Answer {
    let is_beyond = |value: &f64| match bound {
        Bound::Above(above) => *value > above,
        Bound::Below(below) => *value < below,
    };
    if values.len() < wanted || values.iter().any(|value| value.is_nan()) {
        Answer::Unknown
    } else if values.iter().all(is_beyond) {
        Answer::Yes
    } else {
        Answer::No
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::asking::read;
    use super::*;

    const ABOVE: Bound = Bound::Above(0.1);

    fn document(series: &[&[&str]]) -> String {
        let of = |values: &&[&str]| {
            let values: Vec<_> = values.iter().zip(7..).map(|(value, at)| format!("[{at},\"{value}\"]")).collect();
            format!("{{\"metric\":{{\"job\":\"a\"}},\"values\":[{}]}}", values.join(","))
        };
        let series: Vec<_> = series.iter().map(of).collect();
        format!("{{\"status\":\"success\",\"data\":{{\"resultType\":\"matrix\",\"result\":[{}]}}}}", series.join(","))
    }

    fn answer(series: &[&[&str]], bound: Bound) -> Answer {
        judge(read(document(series).as_bytes()), bound, Window { end: 9, step: 1, steps: 2 }).answer
    }

    #[test]
    fn only_whole_series_say_no() {
        use Answer::{No, Unknown, Yes};
        let cases: [(&[&[&str]], Answer); 13] = [
            (&[&["0.2", "0.2", "0.11"]], Yes),
            (&[&["0.2", "0.1", "0.2"]], No),
            (&[&["0.2", "+Inf", "0.2"]], Yes),
            (&[&["0", "0", "-Inf"]], No),
            (&[&["0.2", "NaN", "0.2"]], Unknown),
            (&[&["0", "NaN", "0"]], Unknown),
            (&[&["0", "0"]], Unknown),
            (&[&[]], Unknown),
            (&[], Unknown),
            (&[&["0", "0", "0"], &["0.2", "0.2", "0.2"]], Yes),
            (&[&["0", "0", "0"], &["NaN", "0", "0"]], Unknown),
            (&[&["0.2", "0.2", "0.2"], &["NaN", "0", "0"]], Yes),
            (&[&["nonsense", "0", "0"]], Unknown),
        ];
        for (series, expected) in cases {
            assert_eq!(answer(series, ABOVE), expected, "{series:?}");
        }
        assert_eq!(answer(&[&["0.2", "0.2", "0.2"]], Bound::Below(0.25)), Yes);
        assert_eq!(answer(&[&["0.25", "0.2", "0.2"]], Bound::Below(0.25)), No);
    }

    #[test]
    fn what_is_no_answer_is_not_known() {
        let window = Window::new(9, 0);
        for text in ["", "<html>", "{}", "{\"status\":\"success\"}", "[]"] {
            assert_eq!(judge(read(text.as_bytes()), ABOVE, window).answer, Answer::Unknown, "{text}");
        }
        let scalar = "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[]}}";
        assert!(judge(read(scalar.as_bytes()), ABOVE, window).evidence.contains("range queries"));
        let error = "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"parse error\"}";
        assert_eq!(judge(read(error.as_bytes()), ABOVE, window).evidence, "Prometheus says: parse error");
        assert!(judge(read(document(&[]).as_bytes()), ABOVE, window).evidence.contains("no result"));
    }

    #[test]
    fn a_window_holds_the_whole_time_and_its_end() {
        let (five, once, odd) = (Window::new(1000, 300), Window::new(1000, 0), Window::new(1000, 7));
        assert_eq!((five.step, five.steps, five.start()), (15, 20, 700));
        assert_eq!((once.steps, once.start()), (0, 1000));
        assert_eq!((odd.step, odd.steps, odd.start()), (1, 7, 993));
    }

    #[test]
    fn the_values_are_told() {
        let found = judge(read(document(&[&["0.15", "0.2", "NaN"]]).as_bytes()), ABOVE, Window { end: 10, step: 1, steps: 3 });
        assert_eq!(found.value.as_deref(), Some("0.15 to 0.2"));
        assert_eq!(
            found.evidence,
            "one series, 4 values each; 1 are NaN, as without requests; 1 are missing, or of other times than were asked for"
        );
    }

    #[test]
    fn an_answer_with_a_warning_or_of_other_times_never_says_no() {
        let window = Window { end: 9, step: 1, steps: 2 };
        let whole = |value| document(&[&[value, value, value]]);
        let warned = |value| whole(value).replacen('{', "{\"warnings\":[\"store unavailable\"],", 1);
        let found = judge(read(warned("0").as_bytes()), ABOVE, window);
        assert_eq!((found.answer, found.evidence.contains("store unavailable")), (Answer::Unknown, true), "{found:?}");
        assert_eq!(judge(read(warned("0.2").as_bytes()), ABOVE, window).answer, Answer::Yes);
        for (from, to) in [("[8,", "[7,"), ("[9,", "[1,"), ("[9,", "[10,"), ("[8,", "[8.5,")] {
            let moved = whole("0").replace(from, to);
            assert_eq!(judge(read(moved.as_bytes()), ABOVE, window).answer, Answer::Unknown, "{moved}");
        }
        assert_eq!(judge(read(whole("0").replace("[8,", "[8.0001,").as_bytes()), ABOVE, window).answer, Answer::No);
    }
}
