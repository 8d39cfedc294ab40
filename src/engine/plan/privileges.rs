//! Preflight: what the user of a merge or an undo may not do on OLD, all of it, before anything is written.

use super::direction::Direction;
use super::new_keys::keys_of_new_alone;
use crate::catalog;
use crate::engine::rows::load_columns;
use crate::engine::run::{Context, Ledger};
use crate::error::{Error, ErrorKind, Result};
use crate::name::{QualifiedName, Side};
use crate::pg::Session;
use crate::policy::Action;
use crate::schema::{MissingPrivilege, Privilege, PrivilegeObject, Reach, Sequence, WantedPrivilege};
use crate::staging::{DatabasePlan, DatabaseRecord, TablePlan, TableRecord};

/// # Errors
/// `Permission` where the user lacks anything that carrying out the plan takes.
pub(crate) async fn expect_privileges(
    ledger: &Ledger,
    old: &Session,
    part: &DatabasePlan,
    record: &DatabaseRecord,
    direction: Direction,
) -> Result<()> {
    let missing = missing(ledger, old, part, record, direction).await?;
    if missing.is_empty() {
        return Ok(());
    }
    let role = catalog::role(old.client()).await?;
    let lacks: Vec<_> = missing.iter().map(ToString::to_string).collect();
    let mut error = Error::new(ErrorKind::Permission, "check the privileges on OLD")
        .because(format!("this user lacks {}", lacks.join(", ")))
        .next(missing.iter().map(|one| one.grant(&role)).collect::<Vec<_>>().join(" "));
    if missing.iter().any(|one| matches!(one.object, PrivilegeObject::Database(_)) && one.privilege == Privilege::Create) {
        error = error.next(ledger.made_beforehand());
    }
    Err(error.next("or merge as another user, or hold the rows of these tables with `failback decide` and plan again"))
}

/// Says what the user of the plan lacks to carry it out: it may be another who merges.
pub(crate) async fn notes(context: &Context, part: &DatabasePlan, record: &DatabaseRecord) -> Result<Vec<String>> {
    if part.tables.iter().all(|table| table.written_rows() == 0) {
        return Ok(Vec::new());
    }
    let old = context.servers().connect(Side::Old, &part.name).await?;
    let missing = missing(&Ledger::of(context), &old, part, record, Direction::Forward).await?;
    let loud = loud_table(&old, part).await?;
    if missing.is_empty() && loud.is_none() {
        return Ok(Vec::new());
    }
    let role = catalog::role(old.client()).await?;
    let note = |one: &MissingPrivilege| format!("{}: to merge, {role} lacks {one}: {}", part.name, one.grant(&role));
    let quiet = |table: &QualifiedName| {
        format!(
            "{}: to merge, {role} lacks a way to keep the triggers of {table} quiet: from PostgreSQL 15 on GRANT SET ON \
             PARAMETER session_replication_role TO {}; or merge as the owner of all tables, or with --fire-triggers",
            part.name,
            role.sql()
        )
    };
    Ok(missing.iter().map(note).chain(loud.map(quiet)).collect())
}

/// Returns a table of the plan whose triggers this user has no way to keep quiet, if there is one.
async fn loud_table<'a>(old: &Session, part: &'a DatabasePlan) -> Result<Option<&'a QualifiedName>> {
    if catalog::replica_role_allowed(old.client()).await? {
        return Ok(None);
    }
    for table in part.tables.iter().filter(|table| table.changes.is_some()) {
        if !catalog::is_owner(old.client(), &table.name).await? {
            return Ok(Some(&table.name));
        }
    }
    Ok(None)
}

/// Lists what the user lacks to carry out the plan.
pub(crate) async fn missing(
    ledger: &Ledger,
    old: &Session,
    part: &DatabasePlan,
    record: &DatabaseRecord,
    direction: Direction,
) -> Result<Vec<MissingPrivilege>> {
    let mut wanted = Vec::new();
    for table in part.tables.iter().filter(|table| table.written_rows() > 0) {
        if let Some(known) = record.tables.iter().find(|known| known.id == table.id) {
            wanted.extend(wanted_by(table, known, direction));
        }
    }
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    wanted.extend(wanted_by_families(part, record));
    let sequences = if direction == Direction::Forward { catalog::sequences(old.client()).await? } else { Vec::new() };
    let is_read = |sequence: &&Sequence| is_asked_of(sequence, Privilege::Select, part);
    let reading = |sequence: &Sequence| WantedPrivilege {
        table: sequence.name.clone(),
        reach: Reach::Whole,
        privilege: Privilege::Select,
    };
    // For their schemas, which must be open too; what is missing on themselves is listed as such.
    wanted.extend(sequences.iter().filter(is_read).map(reading));
    let mut found = catalog::privileges(old.client(), &wanted, ledger.schema()).await?;
    found.retain(|one| match &one.object {
        PrivilegeObject::Sequence(name) => {
            sequences.iter().any(|known| known.name == *name && is_asked_of(known, one.privilege, part))
        }
        PrivilegeObject::Table(name) | PrivilegeObject::Column(name, _) => sequences.iter().all(|known| known.name != *name),
        _ => true,
    });
    // Columns that may not be read are told of while reading; a merge reads the whole table.
    found.retain(|one| !(matches!(one.object, PrivilegeObject::Column(..)) && one.privilege == Privilege::Select));
    Ok(found)
}

fn wanted_by(plan: &TablePlan, record: &TableRecord, direction: Direction) -> Vec<WantedPrivilege> {
    let want = |reach, privilege| WantedPrivilege { table: record.name.clone(), reach, privilege };
    // Rows are locked before they are compared, which takes UPDATE on some column.
    let mut found = vec![want(Reach::Whole, Privilege::Select), want(Reach::Any, Privilege::Update)];
    let rows = |action| plan.actions.get(action);
    let (comes, goes) = match direction {
        Direction::Forward => (rows(Action::Insert), rows(Action::Delete)),
        Direction::Back => (rows(Action::Delete), rows(Action::Insert)),
    };
    let columns = load_columns(record);
    if comes + rows(Action::Replace) > 0 {
        let news = direction == Direction::Forward && rows(Action::Replace) == 0;
        let inserted = columns.iter().filter(|column| if news { column.inserted } else { column.restored });
        found.extend(inserted.map(|column| want(Reach::Column(column.name.clone()), Privilege::Insert)));
        if record.old.columns.is_empty() {
            found.push(want(Reach::Whole, Privilege::Insert));
        }
    }
    if rows(Action::Update) > 0 {
        let set = columns.iter().filter(|column| column.updated);
        found.extend(set.map(|column| want(Reach::Column(column.name.clone()), Privilege::Update)));
    }
    if goes + rows(Action::Replace) > 0 {
        found.push(want(Reach::Whole, Privilege::Delete));
    }
    found
}

/// Parents of what is written are locked, and children of what goes are looked for.
fn wanted_by_families(part: &DatabasePlan, record: &DatabaseRecord) -> Vec<WantedPrivilege> {
    let written = |name: &QualifiedName| part.tables.iter().any(|table| table.name == *name && table.written_rows() > 0);
    let want = |table: &QualifiedName, reach, privilege| WantedPrivilege { table: table.clone(), reach, privilege };
    let mut found = Vec::new();
    let keys = record.tables.iter().flat_map(|table| &table.old.foreign_keys);
    for key in keys.chain(&keys_of_new_alone(record)) {
        if written(&key.child) {
            found.push(want(&key.parent, Reach::Whole, Privilege::Select));
            found.push(want(&key.parent, Reach::Any, Privilege::Update));
        }
        if written(&key.parent) && key.validated {
            found.push(want(&key.child, Reach::Whole, Privilege::Select));
        }
    }
    found
}

/// Whether a merge reads a sequence, or raises it: those that NEW has too, and those that feed tables which get rows.
fn is_asked_of(on_old: &Sequence, privilege: Privilege, part: &DatabasePlan) -> bool {
    let on_new = part.new_sequences.iter().find(|sequence| sequence.name == on_old.name);
    let gets_rows =
        |name: &QualifiedName| part.tables.iter().any(|table| table.name == *name && table.actions.get(Action::Insert) > 0);
    let feeds = on_old.feeds.iter().chain(&on_old.owner).any(|(table, _)| gets_rows(table));
    let lags = on_new.and_then(|sequence| sequence.last_value).is_some_and(|last| Some(last) != on_old.last_value);
    feeds || lags || (privilege == Privilege::Select && on_new.is_some())
}
