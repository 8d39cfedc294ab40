//! Sequences.

use serde::{Deserialize, Serialize};

use crate::name::{Ident, QualifiedName};

/// A sequence and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sequence {
    /// As the catalog spells it.
    pub name: QualifiedName,
    /// The last value handed out, if any was (`pg_sequences.last_value`) and this user may know it.
    pub last_value: Option<i64>,
    /// Whether this user may not ask for it.
    #[serde(default)]
    pub unreadable: bool,
    /// The step; negative for sequences that count down.
    pub increment: i64,
    /// The least and the greatest value that it hands out.
    #[serde(default)]
    pub bounds: Option<(i64, i64)>,
    /// Whether it begins again at its end.
    #[serde(default)]
    pub cycle: bool,
    /// The columns whose numbers come from it: an owner, and those whose default is its next value. Whole numbers only.
    #[serde(default)]
    pub feeds: Vec<(QualifiedName, Ident)>,
    /// The column that owns it, if there is one (serial, identity).
    pub owner: Option<(QualifiedName, Ident)>,
}

impl Sequence {
    /// Returns the values from which the sequence can go on. A number outside them, written by hand or by a wider sequence of
    /// NEW's, is none that it could hand out again; and a sequence that is set to its very end would refuse every INSERT from
    /// then on.
    #[must_use]
    pub fn room(&self) -> (i64, i64) {
        let (least, greatest) = self.bounds.unwrap_or((i64::MIN, i64::MAX));
        match self.increment {
            _ if self.cycle => (least, greatest),
            step if step < 0 => (least.saturating_sub(step), greatest),
            step => (least, greatest.saturating_sub(step)),
        }
    }

    /// Says why OLD's sequence will give out numbers that NEW's has given out already; `None` where it can be raised, where its
    /// rows say how far that has to be, and where it has no numbers left.
    #[must_use]
    pub fn falls_short_of(&self, on_new: &Self) -> Option<String> {
        let reached = on_new.last_value.filter(|_| self.feeds.is_empty() && !self.cycle)?;
        let (room, counts_down) = (self.room(), self.increment < 0);
        let (end, bound) = if counts_down { (self.bounds?.0, "MINVALUE") } else { (self.bounds?.1, "MAXVALUE") };
        let is_beyond = if counts_down { reached < room.0 } else { reached > room.1 };
        (is_beyond && self.last_value != Some(end)).then(|| {
            format!(
                "NEW's has come to {reached}, and OLD's ends at {end}: it stays as it is, and gives out numbers that NEW has \
                 given out (make room with ALTER SEQUENCE … {bound}, and it is raised)"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequence(last_value: Option<i64>, increment: i64) -> Sequence {
        Sequence {
            name: QualifiedName::new("public", "s"),
            last_value,
            unreadable: false,
            increment,
            bounds: Some((-50, 50)),
            cycle: false,
            feeds: Vec::new(),
            owner: None,
        }
    }

    #[test]
    fn a_sequence_is_never_set_to_its_end() {
        assert_eq!(sequence(None, 1).room(), (-50, 49));
        assert_eq!(sequence(None, -5).room(), (-45, 50));
        assert_eq!(Sequence { cycle: true, ..sequence(None, 1) }.room(), (-50, 50));
        assert_eq!(Sequence { bounds: None, ..sequence(None, 1) }.room(), (i64::MIN, i64::MAX - 1));
    }

    #[test]
    fn a_sequence_that_ends_before_news_falls_short() {
        let falls = |old: &Sequence, last| old.falls_short_of(&sequence(Some(last), old.increment)).is_some();
        for (last, step, short) in
            [(49, 1, false), (50, 1, true), (150, 1, true), (-45, -5, false), (-46, -5, true), (-1, -1, false)]
        {
            assert_eq!(falls(&sequence(Some(2), step), last), short, "{last} by {step}");
        }
        assert!(!falls(&sequence(Some(50), 1), 150), "it has no number left");
        assert!(!falls(&Sequence { cycle: true, ..sequence(Some(2), 1) }, 150), "it promises no new number");
        let fed = vec![(QualifiedName::new("public", "t"), Ident::new("id"))];
        assert!(!falls(&Sequence { feeds: fed, ..sequence(Some(2), 1) }, 150), "its rows are looked at");
    }
}
