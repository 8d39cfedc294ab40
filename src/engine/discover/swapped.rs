//! Signs that OLD and NEW have been taken for each other.

use crate::catalog::Catalog;
use crate::name::{QualifiedName, Sided};
use crate::schema::RelationKind;

/// Says that NEW holds failback's ledger, which is only ever written to the OLD of a recovery.
pub(super) fn ledger_note(catalogs: Sided<&Catalog>) -> Option<String> {
    let Sided { old, new } = catalogs.map(ledger);
    let new = new?;
    Some(match old {
        None => format!(
            "! NEW holds failback's ledger ({new}), and OLD has none: NEW was OLD in an earlier recovery. If OLD and NEW are \
             swapped, stop here, and check --old and --new"
        ),
        Some(_) => format!(
            "! NEW holds failback's ledger ({new}), as OLD does: it was made from OLD after a merge, or was OLD in an earlier \
             recovery. Make sure that OLD and NEW are not swapped"
        ),
    })
}

fn ledger(catalog: &Catalog) -> Option<&QualifiedName> {
    let is_ledger = |name: &QualifiedName| name.name.as_str() == "ledger";
    let mut found = catalog.relations.iter().filter(|one| one.kind == RelationKind::Ledger).map(|one| &one.name);
    found.find(|name| is_ledger(name))
}
