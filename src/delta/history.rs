//! What happened to one side's row since the cutover, as far as it is known, and what time columns say of it.

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
    /// Reads a row's stamps; a missing column and a NULL stamp both say nothing. A row that was last written before it was
    /// created has a stamp that is wrong, and nothing says which.
    #[must_use]
    pub fn from_stamps(window: &CutoverWindow, created_us: Option<i64>, updated_us: Option<i64>) -> Self {
        let created_after = created_us.and_then(|stamp| window.is_after(stamp));
        let updated_after = updated_us.and_then(|stamp| window.is_after(stamp));
        let contradicts = updated_after == Some(false) && created_us.is_some() && created_after.is_none();
        if contradicts {
            return Self::default();
        }
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
        assert!(says(Some(950), Some(10)).is_silent(), "last written before it was created");
    }
}
