//! The run's plan, as whoever carries it out or approves it may read it.

use super::decisions_file::read_decisions;
use crate::error::{Error, ErrorKind, Result};
use crate::staging::{Plan, Sealed};
use crate::store::Store;

/// Reads the plan and checks that everything it rests on is as it was.
///
/// # Errors
/// `Refused` where the manifest, the diff or the decisions are other than those that were planned with.
pub(crate) fn checked_plan(store: &dyn Store) -> Result<Sealed<Plan>> {
    let plan = Plan::read(store)?;
    if read_decisions(store)?.digest() != plan.decisions_digest {
        return Err(Error::new(ErrorKind::Refused, "check the plan")
            .at(store.location())
            .because("decisions.toml, or its list of picks, changed since the plan was made")
            .next("run `failback plan` again and read what it says"));
    }
    Ok(plan)
}
