//! What OLD's user lacks for a merge, and NEW's to find rows by their keys: another may go on than the one who looks, so it is
//! said and refuses nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog;
use crate::engine::run::Ledger;
use crate::error::Result;
use crate::name::{QualifiedName, Side};
use crate::pg::Session;
use crate::schema::{MissingPrivilege, Privilege, PrivilegeObject, Reach, Sequence, UsedSort, WantedPrivilege};
use crate::staging::{DatabaseRecord, TableRecord};

/// How many objects are named before the rest is only counted.
const NAMED: usize = 3;

/// Says what a merge into OLD needs beside what its user has. Asked outside any transaction.
pub(super) async fn merge_rights_note(old: &Session, ledger: &Ledger, record: &DatabaseRecord) -> Result<Option<String>> {
    let is_carried = |name: &QualifiedName| record.tables.iter().any(|table| table.name == *name);
    let numbers = |sequence: &Sequence| {
        let mut tables = sequence.feeds.iter().chain(&sequence.owner).map(|(table, _)| table).peekable();
        let is_on_new = || record.new_sequences.iter().any(|known| known.name == sequence.name);
        if tables.peek().is_none() { is_on_new() } else { tables.any(is_carried) }
    };
    let sequences: Vec<_> =
        catalog::sequences(old.client()).await?.into_iter().filter(numbers).map(|sequence| sequence.name).collect();
    let missing = catalog::privileges(old.client(), &wanted(record, &sequences), ledger.schema()).await?;
    let calls = uncallable(old, record).await?;
    let mut lacks = lists(missing.into_iter().chain(calls).filter(|one| match &one.object {
        PrivilegeObject::Sequence(name) => sequences.contains(name),
        // Listed as what they are already.
        PrivilegeObject::Table(name) => !sequences.contains(name),
        PrivilegeObject::Column(..) => false,
        _ => true,
    }));
    if !keeps_triggers_quiet(old, record).await? {
        lacks.push(
            "a way to keep triggers quiet (SET on parameter session_replication_role, or the tables' ownership)".to_owned(),
        );
    }
    note(old, "to merge into OLD", &lacks).await
}

/// Says what finding rows on NEW by their keys needs beside what its user has.
pub(super) async fn call_rights_note(new: &Session, record: &DatabaseRecord) -> Result<Option<String>> {
    let lacks = lists(uncallable(new, record).await?.into_iter());
    note(new, "to find rows on NEW by their keys", &lacks).await
}

async fn note(session: &Session, goal: &str, lacks: &[String]) -> Result<Option<String>> {
    if lacks.is_empty() {
        return Ok(None);
    }
    let (role, side) = (catalog::role(session.client()).await?, session.side().word());
    Ok(Some(format!("{goal}, {role} lacks {}: `failback grants --side {side}` prints what to grant", lacks.join(", "))))
}

/// Lists the functions that this user may not call and that writing the carried tables' rows on OLD calls, or finding them by
/// their keys on either side.
async fn uncallable(session: &Session, record: &DatabaseRecord) -> Result<Vec<MissingPrivilege>> {
    let used = catalog::used(session.client()).await?;
    let side = session.side();
    let is_called = |sort: UsedSort| match sort {
        UsedSort::Equality => true,
        UsedSort::Function => side == Side::Old,
        UsedSort::Type => false,
    };
    let name = |table: &TableRecord| if side == Side::Old { table.old.name.clone() } else { table.new.name.clone() };
    let of_tables = record.tables.iter().filter_map(|table| used.get(&name(table))).flatten();
    let lacking: BTreeSet<_> = of_tables
        .filter(|one| is_called(one.sort) && !one.granted)
        .map(|one| PrivilegeObject::Function(one.name.clone(), one.arguments.clone()))
        .collect();
    Ok(lacking.into_iter().map(|object| MissingPrivilege { object, privilege: Privilege::Execute }).collect())
}

/// What a merge may need on any table that is carried, and to read its sequences.
fn wanted(record: &DatabaseRecord, sequences: &[QualifiedName]) -> Vec<WantedPrivilege> {
    let want = |table: &QualifiedName, privilege| WantedPrivilege { table: table.clone(), reach: Reach::Whole, privilege };
    let write = [Privilege::Insert, Privilege::Update, Privilege::Delete];
    let tables = record.tables.iter().flat_map(|table| write.map(|privilege| want(&table.name, privilege)));
    // For their schemas, which must be open too.
    tables.chain(sequences.iter().map(|name| want(name, Privilege::Select))).collect()
}

/// Says of each sort of privilege on how many objects it is missing, and on which.
fn lists(missing: impl Iterator<Item = MissingPrivilege>) -> Vec<String> {
    let mut by_sort: BTreeMap<(&str, Privilege), Vec<String>> = BTreeMap::new();
    for one in missing {
        let (sort, name) = match &one.object {
            PrivilegeObject::Database(name) => ("database", name.to_string()),
            PrivilegeObject::Schema(name) | PrivilegeObject::LedgerSchema(name) => ("schema", name.to_string()),
            PrivilegeObject::Table(name) | PrivilegeObject::LedgerTable(name) | PrivilegeObject::Column(name, _) => {
                ("table", name.to_string())
            }
            PrivilegeObject::Sequence(name) => ("sequence", name.to_string()),
            PrivilegeObject::Type(name) => ("type", name.to_string()),
            PrivilegeObject::Function(name, types) => ("function", format!("{name}({types})")),
        };
        by_sort.entry((sort, one.privilege)).or_default().push(name);
    }
    let sentence = |((sort, privilege), names): ((&str, Privilege), Vec<String>)| {
        let named = names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        let rest = names.len().saturating_sub(NAMED);
        let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        format!("{} on {sort} {named}{more}", privilege.word())
    };
    by_sort.into_iter().map(sentence).collect()
}

async fn keeps_triggers_quiet(old: &Session, record: &DatabaseRecord) -> Result<bool> {
    if catalog::replica_role_allowed(old.client()).await? {
        return Ok(true);
    }
    for table in &record.tables {
        if !catalog::is_owner(old.client(), &table.name).await? {
            return Ok(false);
        }
    }
    Ok(true)
}
