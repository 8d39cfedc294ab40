//! What the conditions of rules mean: asked of OLD where a rule has one, and only there.

use super::settings::Settings;
use super::{Call, run};
use crate::engine::{self, Met};
use crate::error::Result;
use crate::name::Side;
use crate::policy::Decisions;

/// Asks OLD what the conditions of all rules of some decisions mean.
///
/// # Errors
/// `Connect` where OLD cannot be asked: nothing is guessed; otherwise as [`engine::ask_conditions`].
pub(super) async fn asked(call: &Call, settings: &Settings, decisions: &[&Decisions]) -> Result<Met> {
    if !decisions.iter().any(|decisions| decisions.has_conditions()) {
        return Ok(Met::default());
    }
    let context = settings.context(call, run::open(settings)?, &[Side::Old])?;
    let met = engine::ask_conditions(&context, decisions).await;
    met.map_err(|error| {
        error.next("which rows a rule with `when` means, OLD's server alone says: without it nothing is counted")
    })
}
