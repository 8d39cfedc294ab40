//! Where a sequence stands.

use serde::Serialize;

/// Where a sequence stands, as the server keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Position {
    /// The last number that was handed out, or the next one where it was not.
    pub last_value: i64,
    /// Whether it was handed out.
    pub is_called: bool,
}

impl Position {
    /// Returns the number behind which everything is still to come, where there is one.
    pub(super) const fn covers(self, step: i64) -> Option<i64> {
        if self.is_called { Some(self.last_value) } else { self.last_value.checked_sub(step) }
    }

    /// Returns the last number that may have been handed out. A sequence that stands before its first number has handed out
    /// none; one that was set to stand before another may have.
    pub(super) const fn handed_out(self, step: i64, start: i64) -> Option<i64> {
        if !self.is_called && self.last_value == start { None } else { self.covers(step) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_before_a_number_has_not_handed_it_out() {
        let at = |last_value, is_called| Position { last_value, is_called };
        assert_eq!(at(7, true).handed_out(1, 1), Some(7));
        assert_eq!(at(7, false).handed_out(1, 1), Some(6));
        assert_eq!(at(1, false).handed_out(1, 1), None);
        assert_eq!((at(1, false).covers(1), at(-1, false).covers(-1)), (Some(0), Some(0)));
        assert_eq!(at(i64::MIN, false).covers(1), None);
    }
}
