//! What a verification comes to.

use serde::Serialize;

use crate::words::words;

/// What OLD was found to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Everything that was promised is there, nothing waits, and every relation in scope was looked at by a method that sees
    /// inserts, updates and deletes.
    Verified,
    /// Everything that was promised is there; some rows wait or were left aside.
    VerifiedWithHeld,
    /// What was looked at is as promised; something was not looked at, is only trusted, or was written since.
    VerifiedWithGaps,
    /// Something is not as promised.
    NotVerified,
}

words!(State {
    Verified => "verified",
    VerifiedWithHeld => "verified_with_held",
    VerifiedWithGaps => "verified_with_gaps",
    NotVerified => "not_verified",
});
