//! How far a sequence can go: to its own end, or to that of a column that it numbers.

use super::draw::missing_draws;

/// The numbers that a sequence can hand out and its columns can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Room {
    least: i64,
    greatest: i64,
    step: i64,
}

/// Where a sequence is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Goal {
    /// The number of its own that it must have handed out.
    pub(super) number: i64,
    /// How many it can hand out from there on.
    pub(super) left: u64,
}

impl Room {
    /// Takes a sequence's bounds, narrowed by what its columns' types hold.
    pub(super) fn new(bounds: (i64, i64), step: i64, columns: impl IntoIterator<Item = (i64, i64)>) -> Self {
        let (least, greatest) =
            columns.into_iter().fold(bounds, |(least, greatest), (lowest, highest)| (least.max(lowest), greatest.min(highest)));
        Self { least, greatest, step }
    }

    /// Returns the values that the sequence can go on from: one that is set to its very end refuses every INSERT from then on.
    pub(super) const fn to_go_on(self) -> (i64, i64) {
        if self.step < 0 {
            (self.least.saturating_sub(self.step), self.greatest)
        } else {
            (self.least, self.greatest.saturating_sub(self.step))
        }
    }

    /// Returns the last number that it can hand out at all.
    pub(super) const fn end(self) -> i64 {
        if self.step < 0 { self.least } else { self.greatest }
    }

    /// Returns the further of two numbers.
    pub(super) fn further(self, left: i64, right: i64) -> i64 {
        if self.step < 0 { left.min(right) } else { left.max(right) }
    }

    /// Whether a number lies behind another one.
    pub(super) const fn is_past(self, number: i64, other: i64) -> bool {
        if self.step < 0 { number < other } else { number > other }
    }

    /// Returns so many numbers further on; `None` where that is beyond all numbers.
    pub(super) fn ahead(self, number: i64, numbers: u64) -> Option<i64> {
        let far = i128::from(self.step) * i128::from(numbers) + i128::from(number);
        i64::try_from(far).ok()
    }

    /// Returns the sequence's own number that has `to` behind it, by whole steps from where it stands; `None` where none is
    /// left from there on.
    pub(super) fn goal(self, stands: i64, to: i64) -> Option<Goal> {
        let steps = missing_draws(Some(stands), to, self.step);
        let number = i128::from(stands) + i128::from(self.step) * i128::from(steps);
        let left = (i128::from(self.end()) - number) / i128::from(self.step);
        let (number, left) = (i64::try_from(number).ok()?, u64::try_from(left).ok().filter(|left| *left > 0)?);
        Some(Goal { number, left })
    }

    /// Returns how many numbers there are in all.
    pub(super) fn size(self) -> u64 {
        let span = i128::from(self.greatest) - i128::from(self.least);
        u64::try_from(span / i128::from(self.step).abs() + 1).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_a_number_of_the_sequences_own_with_another_behind_it() {
        let tens = Room::new((1, 100), 10, []);
        assert_eq!(tens.goal(1, 55), Some(Goal { number: 61, left: 3 }), "1, 11, 21 …");
        assert_eq!(tens.goal(61, 55), Some(Goal { number: 61, left: 3 }), "it is there");
        assert_eq!(tens.goal(5, 88), None, "95 is its last");
        let down = Room::new((-100, -1), -3, []);
        assert_eq!(down.goal(-1, -50), Some(Goal { number: -52, left: 16 }));
        assert_eq!(Room::new((1, i64::MAX), 1, []).goal(i64::MAX - 1, i64::MAX - 1).map(|goal| goal.left), Some(1));
    }

    #[test]
    fn the_narrowest_of_all_columns_counts() {
        let room = Room::new((1, i64::MAX), 1, [(-2_147_483_648, 2_147_483_647), (-32_768, 32_767)]);
        assert_eq!((room.end(), room.to_go_on(), room.size()), (32_767, (1, 32_766), 32_767));
        assert_eq!(Room::new((-9, -1), -1, []).to_go_on(), (-8, -1));
    }
}
