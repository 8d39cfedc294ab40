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
    /// The columns whose numbers come from it: an owner, and those whose default is its next value. Those alone whose
    /// values are its numbers.
    #[serde(default)]
    pub feeds: Vec<(QualifiedName, Ident)>,
    /// The columns that take its numbers and hold something else: their values do not tell how far it is used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub worked_into: Vec<(QualifiedName, Ident)>,
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

    /// Says of a sequence of OLD's that NEW's has come farther than it can go, where no column's numbers tell how far it is
    /// used. One that begins again at its end promises no new number.
    #[must_use]
    pub fn left_behind(&self, on_new: &Self) -> Option<String> {
        let ((least, greatest), come_to) = (self.room(), on_new.last_value?);
        let (is_beyond, end) = if self.increment < 0 { (come_to < least, "least") } else { (come_to > greatest, "greatest") };
        (is_beyond && !self.cycle && self.feeds.is_empty()).then(|| {
            format!(
                "NEW's has come to {come_to}, beyond OLD's {end} value: OLD's is not raised by it, and may give numbers out \
                 that NEW has given out; ALTER SEQUENCE on OLD, and a merge raises it"
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
            worked_into: Vec::new(),
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
    fn one_that_cannot_follow_is_named() {
        let said = |old: &Sequence, last| old.left_behind(&sequence(Some(last), old.increment)).is_some();
        assert!(said(&sequence(None, 1), 50) && !said(&sequence(None, 1), 49) && !said(&sequence(None, 1), -70));
        assert!(said(&sequence(None, -1), -50) && !said(&sequence(None, -1), 70));
        assert!(!said(&Sequence { cycle: true, ..sequence(None, 1) }, 70));
        let fed = vec![(QualifiedName::new("public", "t"), Ident::new("id"))];
        assert!(!said(&Sequence { feeds: fed, ..sequence(None, 1) }, 70));
    }
}
