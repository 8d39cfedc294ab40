//! The row at the cutover: at hand, or inferred from what both sides' rows say.

use super::{Evidence, History, Witness};
use crate::name::Sided;
use crate::words::words;

/// The row at the cutover, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Base {
    /// There was none under this key.
    Absent,
    /// OLD's row is still that row.
    IsOld,
    /// NEW's row is still that row.
    IsNew,
    /// There was one, and it is neither side's row of today.
    Other,
    /// Nobody knows.
    Unknown,
}

words!(Base {
    Absent => "absent",
    IsOld => "old",
    IsNew => "new",
    Other => "other",
    Unknown => "unknown",
});

/// BASE's row, where BASE is at hand: as a third server, as what was kept at the cutover, or as what the log tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownBase {
    /// Whether each side's row of today equals BASE's, byte for byte; `None` where BASE has no row under this key. Means
    /// nothing for a side that has no row.
    pub equal: Option<Sided<bool>>,
    /// How BASE is known.
    pub evidence: Evidence,
}

impl KnownBase {
    /// Says where BASE's row is to be found, given which sides have a row.
    pub(super) const fn locate(self, present: Sided<bool>) -> Base {
        match self.equal {
            None => Base::Absent,
            Some(equal) if present.old && equal.old => Base::IsOld,
            Some(equal) if present.new && equal.new => Base::IsNew,
            Some(_) => Base::Other,
        }
    }
}

/// Infers the row at the cutover from what is known of both sides' rows (`None`: the side has no such row) and whether they are
/// equal.
#[inline]
pub(super) fn infer_base(sides: Sided<Option<Witness>>, equal: bool) -> Base {
    match (sides.old, sides.new) {
        (None, None) => Base::Other,
        (Some(old), Some(new)) if equal => infer_from_equal(old.history(), new.history()),
        (Some(old), Some(new)) => infer_from_different(old.history(), new.history()),
        (Some(only), None) => infer_from_one(only.history(), Base::IsOld),
        (None, Some(only)) => infer_from_one(only.history(), Base::IsNew),
    }
}

fn infer_from_equal(old: History, new: History) -> Base {
    if old.changed != Some(true) && new.changed != Some(true) {
        Base::IsOld
    } else if old.existed == Some(false) && new.existed == Some(false) {
        Base::Absent
    } else {
        Base::Other
    }
}

fn infer_from_different(old: History, new: History) -> Base {
    match (old.changed, new.changed) {
        _ if old.contradicts_itself() || new.contradicts_itself() => Base::Unknown,
        // One says that it was there at the cutover, the other that it came later: two rows under one key, or a row that was
        // deleted and made again, or a stamp that was carried over from elsewhere.
        _ if old.existed.is_some() && new.existed.is_some() && old.existed != new.existed => Base::Unknown,
        // Two different rows that both claim to be the row of the cutover: somebody did not maintain the stamp.
        (Some(false), Some(false)) => Base::Unknown,
        (Some(false), _) => Base::IsOld,
        (_, Some(false)) => Base::IsNew,
        (Some(true), Some(true)) if old.existed == Some(false) && new.existed == Some(false) => Base::Absent,
        // Both were written after the cutover. Without a stamp from before it they may be two rows that got the same key.
        (Some(true), Some(true)) if old.existed != Some(true) && new.existed != Some(true) => Base::Unknown,
        (Some(true), Some(true)) => Base::Other,
        _ => Base::Unknown,
    }
}

fn infer_from_one(only: History, itself: Base) -> Base {
    match (only.existed, only.changed) {
        _ if only.contradicts_itself() => Base::Unknown,
        (Some(false), _) => Base::Absent,
        (Some(true), Some(false)) => itself,
        (Some(true), Some(true)) => Base::Other,
        _ => Base::Unknown,
    }
}
