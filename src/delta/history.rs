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
    /// Says where a stamp lies. Infinities compare as PostgreSQL orders them.
    #[must_use]
    pub const fn read(&self, stamp_us: i64) -> Stamp {
        if stamp_us >= self.cutover_us {
            Stamp::After
        } else if stamp_us < self.cutover_us.saturating_sub(self.overlap_us) {
            Stamp::Before
        } else {
            Stamp::InDoubt
        }
    }
}

/// Where the stamp in a time column lies, whatever the column's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Stamp {
    /// There is none: no such column, NULL, or a time that has not come.
    #[default]
    Silent,
    /// Before the cutover and its overlap.
    Before,
    /// Within the overlap.
    InDoubt,
    /// After the cutover.
    After,
}

/// What one side's row says about itself. `None` means that it does not say. A row that says of itself that it came since the
/// cutover and was not written since contradicts itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct History {
    /// Whether a row with this key existed at the cutover.
    pub existed: Option<bool>,
    /// Whether this side has written the row since the cutover.
    pub changed: Option<bool>,
}

impl History {
    /// What a row says that was last written before it was created, or of which two witnesses say the opposite: one of them is
    /// wrong, and nothing says which.
    pub const CONTRADICTION: Self = Self { existed: Some(false), changed: Some(false) };

    /// Reads a row's stamps.
    #[must_use]
    pub const fn from_stamps(created: Stamp, updated: Stamp) -> Self {
        let existed = match (created, updated) {
            (Stamp::InDoubt | Stamp::After, Stamp::Before) => return Self::CONTRADICTION,
            (_, Stamp::Before) | (Stamp::Before, _) => Some(true),
            (Stamp::After, _) => Some(false),
            (Stamp::Silent | Stamp::InDoubt, _) => None,
        };
        let changed = match (created, updated) {
            (Stamp::After, _) | (_, Stamp::After) => Some(true),
            (_, Stamp::Before) => Some(false),
            // A creation before the cutover says nothing about later updates.
            (_, Stamp::Silent | Stamp::InDoubt) => None,
        };
        Self { existed, changed }
    }

    /// Whether the row contradicts itself, so that nothing it says is believed.
    #[must_use]
    pub const fn contradicts_itself(&self) -> bool {
        matches!((self.existed, self.changed), (Some(false), Some(false)))
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
        assert_eq!(WINDOW.read(1_000), Stamp::After);
        assert_eq!(WINDOW.read(950), Stamp::InDoubt);
        assert_eq!(WINDOW.read(899), Stamp::Before);
        assert_eq!(WINDOW.read(i64::MAX), Stamp::After);
        assert_eq!(WINDOW.read(i64::MIN), Stamp::Before);
    }

    #[test]
    fn either_column_alone_says_what_it_can() {
        use Stamp::{After, Before, InDoubt, Silent};
        let says = History::from_stamps;
        assert_eq!(says(After, Silent), History { existed: Some(false), changed: Some(true) });
        assert_eq!(says(Before, Silent), History { existed: Some(true), changed: None });
        assert_eq!(says(Silent, After), History { existed: None, changed: Some(true) });
        assert_eq!(says(Silent, Before), History { existed: Some(true), changed: Some(false) });
        assert_eq!(says(Before, After), History { existed: Some(true), changed: Some(true) });
        assert!(says(After, Before).contradicts_itself(), "last written before it was created");
        assert_eq!(says(After, InDoubt), History { existed: Some(false), changed: Some(true) });
        assert!(says(InDoubt, Silent).is_silent());
        assert!(says(Silent, InDoubt).is_silent());
        assert!(says(Silent, Silent).is_silent());
        assert!(says(InDoubt, Before).contradicts_itself());
        assert!(!says(After, InDoubt).contradicts_itself() && !says(Before, Before).contradicts_itself());
    }
}
