//! What OLD's user lacks for a merge: another may merge than the one who looks, so it is said and refuses nothing.

use std::collections::BTreeMap;

use crate::catalog;
use crate::engine::run::Ledger;
use crate::error::Result;
use crate::name::QualifiedName;
use crate::pg::Session;
use crate::schema::{MissingPrivilege, Privilege, PrivilegeObject, Reach, Sequence, WantedPrivilege};
use crate::staging::DatabaseRecord;

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
    let mut lacks = lists(missing.into_iter().filter(|one| match &one.object {
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
    if lacks.is_empty() {
        return Ok(None);
    }
    let role = catalog::role(old.client()).await?;
    Ok(Some(format!("to merge into OLD, {role} lacks {}: `failback grants --side old` prints what to grant", lacks.join(", "))))
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
