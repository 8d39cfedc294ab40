//! Tables of OLD's that a publication of its own keeps from being updated and deleted from: one of a migration that replicated
//! OLD to NEW may still be there.

use super::direction::Direction;
use crate::catalog;
use crate::engine::run::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::name::{QualifiedName, Side};
use crate::pg::Session;
use crate::policy::Action;
use crate::staging::{DatabasePlan, DatabaseRecord, TablePlan};

/// # Errors
/// `Refused` where a row would be updated or deleted in a table of which OLD publishes that and cannot: the server refuses it.
pub(crate) async fn expect_publishable(
    old: &Session,
    part: &DatabasePlan,
    record: &DatabaseRecord,
    direction: Direction,
) -> Result<()> {
    let kept = kept_from(old, part, record, direction).await?;
    if kept.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = kept.iter().map(ToString::to_string).collect();
    Err(Error::new(ErrorKind::Refused, "look at OLD's publications")
        .because(format!(
            "OLD publishes updates or deletes of {}, and nothing tells their rows apart for that (no replica identity): it \
             refuses them",
            names.join(", ")
        ))
        .next(remedy(&kept))
        .next("or take the tables out of the publication, or drop it if it was only the migration's"))
}

/// Says which tables a merge of the plan cannot write, and of which it could not be taken back.
pub(crate) async fn notes(context: &Context, part: &DatabasePlan, record: &DatabaseRecord) -> Result<Vec<String>> {
    if part.tables.iter().all(|table| table.written_rows() == 0) {
        return Ok(Vec::new());
    }
    let old = context.servers().connect(Side::Old, &part.name).await?;
    let forward = kept_from(&old, part, record, Direction::Forward).await?;
    let mut back = kept_from(&old, part, record, Direction::Back).await?;
    back.retain(|name| !forward.contains(name));
    let note = |kept: Vec<QualifiedName>, what: &str| {
        let names: Vec<_> = kept.iter().map(ToString::to_string).collect();
        let told = || {
            let (name, remedy) = (&part.name, remedy(&kept));
            format!("{name}: {}: published by OLD, without a replica identity: {what}; {remedy}", names.join(", "))
        };
        (!kept.is_empty()).then(told)
    };
    let notes = [note(forward, "OLD refuses what is to be merged"), note(back, "OLD would refuse an undo")];
    Ok(notes.into_iter().flatten().collect())
}

/// Lists the tables and partitions in which something would be updated or deleted, and may not.
async fn kept_from(
    old: &Session,
    part: &DatabasePlan,
    record: &DatabaseRecord,
    direction: Direction,
) -> Result<Vec<QualifiedName>> {
    let unidentified = catalog::unidentified(old.client()).await?;
    let mut found = Vec::new();
    for table in part.tables.iter().filter(|table| changes_rows(table, direction)) {
        let on_old = &record.table(table.id)?.old;
        let names = on_old.leaves.iter().map(|leaf| &leaf.name);
        found.extend(names.filter(|name| unidentified.contains(name)).cloned());
    }
    Ok(found)
}

/// Whether rows that are there would be updated or deleted.
fn changes_rows(table: &TablePlan, direction: Direction) -> bool {
    let rows = |action| table.actions.get(action);
    let taken = match direction {
        Direction::Forward => Action::Delete,
        Direction::Back => Action::Insert,
    };
    rows(Action::Update) + rows(taken) > 0
}

fn remedy(kept: &[QualifiedName]) -> String {
    let statement = |name: &QualifiedName| format!("ALTER TABLE {} REPLICA IDENTITY FULL;", name.sql());
    kept.iter().map(statement).collect::<Vec<_>>().join(" ")
}
