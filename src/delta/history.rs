//! What a row's own time columns say about it, and what two such statements say about the row at the cutover.

use crate::words::words;

/// The cutover and the doubt around it, in microseconds since 1970-01-01 UTC.
///
/// A transaction that began before the cutover and committed after it stamps its rows before it. So a stamp within the
/// overlap before the cutover proves nothing, in either direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CutoverWindow {
    /// The instant from which on a stamp proves a write after the cutover.
    pub cutover_us: i64,
    /// How long before the cutover a stamp is still in doubt.
    pub overlap_us: i64,
}

impl CutoverWindow {
    /// Says whether a stamp lies after the cutover; `None` where it is in doubt. Infinities compare as PostgreSQL orders them.
    #[must_use]
    pub const fn is_after(&self, stamp_us: i64) -> Option<bool> {
        if stamp_us >= self.cutover_us {
            Some(true)
        } else if stamp_us < self.cutover_us.saturating_sub(self.overlap_us) {
            Some(false)
        } else {
            None
        }
    }
}

/// What one side's row says about itself. `None` means that it does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct History {
    /// Whether a row with this key existed at the cutover.
    pub existed: Option<bool>,
    /// Whether this side has written the row since the cutover.
    pub changed: Option<bool>,
}

impl History {
    /// Reads a row's stamps; a missing column and a NULL stamp both say nothing.
    #[must_use]
    pub fn from_stamps(window: &CutoverWindow, created_us: Option<i64>, updated_us: Option<i64>) -> Self {
        let created_after = created_us.and_then(|stamp| window.is_after(stamp));
        let updated_after = updated_us.and_then(|stamp| window.is_after(stamp));
        let existed = if updated_after == Some(false) { Some(true) } else { created_after.map(|after| !after) };
        let changed = if created_after == Some(true) || updated_after == Some(true) {
            Some(true)
        } else {
            updated_after // Some(false) or None: a creation before the cutover says nothing about later updates.
        };
        Self { existed, changed }
    }

    /// Whether the row says anything at all.
    #[must_use]
    pub const fn is_silent(&self) -> bool {
        self.existed.is_none() && self.changed.is_none()
    }
}

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

/// Infers the row at the cutover from both sides' rows (`None`: the side has no such row) and whether they are equal.
#[must_use]
pub fn infer_base(old: Option<History>, new: Option<History>, equal: bool) -> Base {
    match (old, new) {
        (None, None) => Base::Other,
        (Some(old), Some(new)) if equal => infer_from_equal(old, new),
        (Some(old), Some(new)) => infer_from_different(old, new),
        (Some(only), None) => infer_from_one(only, Base::IsOld),
        (None, Some(only)) => infer_from_one(only, Base::IsNew),
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
        // Two different rows that both claim to be the row of the cutover: on one of them the stamp was not maintained.
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
        (Some(false), _) => Base::Absent,
        (Some(true), Some(false)) => itself,
        (Some(true), Some(true)) => Base::Other,
        _ => Base::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: CutoverWindow = CutoverWindow { cutover_us: 1_000, overlap_us: 100 };

    #[test]
    fn stamps_in_the_overlap_prove_nothing() {
        assert_eq!(WINDOW.is_after(1_000), Some(true));
        assert_eq!(WINDOW.is_after(950), None);
        assert_eq!(WINDOW.is_after(899), Some(false));
        assert_eq!(WINDOW.is_after(i64::MAX), Some(true));
        assert_eq!(WINDOW.is_after(i64::MIN), Some(false));
    }

    #[test]
    fn either_column_alone_says_what_it_can() {
        let says = |created, updated| History::from_stamps(&WINDOW, created, updated);
        assert_eq!(says(Some(2_000), None), History { existed: Some(false), changed: Some(true) });
        assert_eq!(says(Some(10), None), History { existed: Some(true), changed: None });
        assert_eq!(says(None, Some(2_000)), History { existed: None, changed: Some(true) });
        assert_eq!(says(None, Some(10)), History { existed: Some(true), changed: Some(false) });
        assert_eq!(says(Some(10), Some(2_000)), History { existed: Some(true), changed: Some(true) });
        assert!(says(Some(950), None).is_silent());
        assert!(says(None, None).is_silent());
    }
}
