//! Rows that OLD had before a check that is NOT VALID: once such a row is overwritten or deleted, OLD does not take it back
//! while the check stands. An undo lifts the check for the length of its transaction, where its user may; where not, the plan
//! holds the row.

use std::collections::BTreeMap;

use super::direction::Direction;
use super::draft::Draft;
use super::sandbox::Sandbox;
use super::trial_load::try_rows;
use crate::catalog;
use crate::engine::run::{Reporter, Servers};
use crate::error::{Place, Result};
use crate::name::QualifiedName;
use crate::policy::Action;
use crate::schema::UnprovenCheck;
use crate::store::Store;

/// Checks that are lifted while rows come back, by table.
pub(crate) type Lifted = BTreeMap<QualifiedName, Vec<UnprovenCheck>>;

/// Finds the checks that rows break which are to come back, as far as this user may lift them.
pub(crate) async fn needed_lifts(
    (servers, store, reporter): (&Servers, &dyn Store, &Reporter),
    database: &str,
    drafts: &[Draft<'_>],
) -> Result<Lifted> {
    let sandbox = Sandbox::open(servers, database).await?;
    let mut found = Lifted::new();
    for draft in drafts.iter().filter(|draft| draft.actions.iter().any(|action| has_before_image(*action))) {
        let name = &draft.record.name;
        let checks = catalog::unproven_checks(sandbox.session().client(), name).await.place(|| name)?;
        let mut open: Vec<_> = checks.into_iter().filter(|check| check.lift.is_some()).collect();
        let mut lifted = Vec::new();
        // The server names one check of those that a row breaks: until it names none that could be lifted.
        while !open.is_empty() {
            let broken = broken_by(store, reporter, &sandbox, draft, &lifted).await.place(|| name)?;
            let (named, rest): (Vec<_>, Vec<_>) =
                open.into_iter().partition(|check| broken.values().any(|broken| *broken == check.name.as_str()));
            open = if named.is_empty() { Vec::new() } else { rest };
            lifted.extend(named);
        }
        if !lifted.is_empty() {
            found.insert(name.clone(), lifted);
        }
    }
    sandbox.leave().await?;
    Ok(found)
}

/// Holds rows that would be overwritten or deleted and that no undo of this user's could put back. What somebody has decided
/// for a row, or for a table by its name, is decided.
pub(crate) async fn hold_unrestorable(
    (servers, store, reporter): (&Servers, &dyn Store, &Reporter),
    database: &str,
    drafts: &mut [Draft<'_>],
) -> Result<()> {
    let sandbox = Sandbox::open(servers, database).await?;
    for draft in drafts.iter_mut().filter(|draft| draft.actions.iter().any(|action| has_before_image(*action))) {
        let name = &draft.record.name;
        let checks = catalog::unproven_checks(sandbox.session().client(), name).await.place(|| name)?;
        let (lifted, fixed): (Vec<_>, Vec<_>) = checks.into_iter().partition(|check| check.lift.is_some());
        if fixed.is_empty() {
            continue;
        }
        let mut broken = broken_by(store, reporter, &sandbox, draft, &lifted).await.place(|| name)?;
        broken.retain(|_, check| fixed.iter().any(|fixed| fixed.name.as_str() == check));
        broken.retain(|row, _| !draft.is_by_name(*row));
        for (row, check) in &broken {
            let inherited = fixed.iter().any(|fixed| fixed.name.as_str() == check && fixed.inherited);
            let is = if inherited { "NOT VALID and inherited" } else { "NOT VALID" };
            let why = format!("held: OLD's row breaks {check}, which is {is}: an undo could not put it back");
            draft.hold_written([*row], &why);
        }
    }
    sandbox.leave().await
}

/// Whether a row of OLD's is overwritten or deleted.
const fn has_before_image(action: Action) -> bool {
    matches!(action, Action::Update | Action::Replace | Action::Delete)
}

/// Finds the rows of OLD's that would not come back because of a check, with its name.
async fn broken_by(
    store: &dyn Store,
    reporter: &Reporter,
    sandbox: &Sandbox,
    draft: &Draft<'_>,
    lifted: &[UnprovenCheck],
) -> Result<BTreeMap<usize, String>> {
    let untried = sandbox.savepoint("fb_unproven").await?;
    let mut broken = BTreeMap::new();
    try_rows(store, reporter, (sandbox, Direction::Back), draft, lifted, |_, (first, row), why| {
        broken.extend(why.check().map(|check| (first + row, check.to_owned())));
        Ok(())
    })
    .await?;
    untried.rollback_to().await?;
    Ok(broken)
}
