//! Draws numbers until a sequence has got far enough: as any INSERT does, so that a number that others have drawn in the
//! meantime is never given out again, which setting a value that was read before could not promise.

use crate::error::Result;
use crate::name::QualifiedName;
use crate::pg::Session;
use crate::statement::{draw, last_drawn, skip_ahead};

/// Draws numbers until the sequence, which had handed out `last`, has handed out `to` or a later one.
///
/// # Errors
/// What the server said. Numbers that were drawn before stay drawn; the gap harms nothing.
pub(crate) async fn draw_up_to(
    old: &Session,
    name: &QualifiedName,
    (mut last, to): (Option<i64>, i64),
    step: i64,
) -> Result<()> {
    loop {
        let missing = missing_draws(last, to, step);
        if missing == 0 {
            return Ok(());
        }
        match last {
            // Far behind: set to well before the goal, and only where it is far behind even now. Others cannot draw so many
            // meanwhile. By whole steps, as another server may hand out the numbers between.
            Some(from) if missing > 2 * MOST_DRAWN => {
                let ahead = |draws: i64| from.saturating_add(step.saturating_mul(missing - draws));
                old.query(&skip_ahead(name, ahead(MOST_DRAWN), ahead(2 * MOST_DRAWN), step < 0), &[]).await?;
            }
            _ => drop(old.query(&draw(name, missing.min(DRAWN_AT_ONCE)), &[]).await?),
        }
        last = old.query(&last_drawn(name), &[]).await?.first().and_then(|row| row.get(0));
    }
}

/// How many numbers one statement draws at most.
const DRAWN_AT_ONCE: i64 = 100_000;

/// How many numbers are drawn one by one at most; a million take a third of a second.
pub(super) const MOST_DRAWN: i64 = 1_000_000;

/// How many numbers must be drawn until the sequence has handed out `to`; one at least where it has handed out none.
pub(super) fn missing_draws(last: Option<i64>, to: i64, step: i64) -> i64 {
    let Some(last) = last else { return 1 };
    let distance = i128::from(to) - i128::from(last);
    let step = i128::from(step);
    if distance == 0 || (distance < 0) != (step < 0) {
        return 0;
    }
    i64::try_from((distance.abs() + step.abs() - 1) / step.abs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_missing_numbers_are_drawn() {
        assert_eq!(missing_draws(Some(10), 20, 1), 10);
        assert_eq!(missing_draws(Some(10), 20, 3), 4);
        assert_eq!(missing_draws(Some(20), 20, 1), 0);
        assert_eq!(missing_draws(Some(25), 20, 1), 0, "never lowered");
        assert_eq!(missing_draws(Some(-10), -20, -5), 2);
        assert_eq!(missing_draws(Some(i64::MIN), i64::MAX, 1), i64::MAX);
        assert_eq!(missing_draws(None, 20, 1), 1);
    }
}
