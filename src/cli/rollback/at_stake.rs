//! How many rows a plan is about: what NEW has taken since the cutover, counted while the plan is shown.

use std::time::Duration;

use super::super::page::Page;
use super::super::paint::tame;
use super::super::settings::Settings;
use super::super::{Call, assessed, run};
use super::surroundings;
use crate::error::{ErrorKind, Result};
use crate::name::{Side, Sided};
use crate::phases::plan::Plan;
use crate::phases::{RowsAtStake, rows_at_stake};

/// Somebody waits for the plan: what cannot be counted by then is said to be not counted.
const WITHIN: Duration = Duration::from_secs(30);

/// Counts, where a step of the plan takes rows of NEW. Nothing is written, on neither side.
///
/// # Errors
/// `Interrupted` alone: a plan is shown also where nothing can be counted, with the reason.
pub(super) async fn count(call: &Call, settings: &Settings, plan: &Plan) -> Result<Option<RowsAtStake>> {
    if !plan.runbook.steps.iter().any(|step| step.kind.moves_rows()) {
        return Ok(None);
    }
    let named = Sided::of(|side: Side| settings.endpoint(side, &call.environment, true).is_ok());
    let counted = async {
        let context = settings.context(call, run::none()?, &[])?;
        rows_at_stake(&context, named, WITHIN).await
    };
    let mut rows = match counted.await {
        Err(error) if error.kind() == ErrorKind::Interrupted => return Err(error),
        Err(error) => RowsAtStake::uncounted(&format!("{error}: {}", error.causes().join("; "))),
        Ok(rows) => rows,
    };
    let secrets = surroundings::secrets(call, settings)?;
    let whys = rows.tables.iter_mut().filter_map(|table| table.why.as_mut()).chain(rows.why.as_mut());
    whys.for_each(|why| *why = secrets.hide(why));
    Ok(Some(rows))
}

/// Says below a step how many rows it is about.
pub(super) fn tell(page: &mut Page, rows: &RowsAtStake) {
    for (at, line) in assessed::rows(rows).iter().enumerate() {
        let before = if at == 0 { "    rows at stake: " } else { "      " };
        page.hanging(&format!("{before}{}", tame(line)), 8);
    }
}
