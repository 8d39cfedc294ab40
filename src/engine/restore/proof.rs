//! What was restored, held against what the backup holds: every table counted, constraints and indexes looked at, sequences
//! against the rows that they number.

use std::collections::{BTreeMap, BTreeSet};

use super::check::CheckedBackup;
use crate::catalog::{self, CountableTable, TableObject};
use crate::error::Result;
use crate::name::QualifiedName;
use crate::pg::Session;
use crate::schema::Sequence;
use crate::staging::RestoredTable;
use crate::statement::{count_of_table, sequence_floor};
use crate::text::amount;

/// What was found in a database that was restored.
#[derive(Debug, Default)]
pub(super) struct Proof {
    pub(super) tables: Vec<RestoredTable>,
    pub(super) differences: Vec<String>,
    pub(super) remarks: Vec<String>,
}

/// Looks at the database that a session is in.
///
/// # Errors
/// What the server said.
pub(super) async fn prove(session: &Session, checked: &CheckedBackup) -> Result<Proof> {
    let (tables, differences) = count_against(session, checked, "were restored").await?;
    let mut proof = Proof { tables, differences, remarks: Vec::new() };
    for TableObject { kind, table, name } in catalog::unproven(session.client()).await? {
        proof.remarks.push(match kind.as_str() {
            "index" => format!("index {name} of {table} is not valid"),
            _ => format!("constraint {name} of {table} is not validated, as in the database that was dumped"),
        });
    }
    for sequence in catalog::sequences(session.client()).await? {
        proof.remarks.extend(behind(session, &sequence).await?);
    }
    if checked.uncounted > 0 {
        let tables = amount::plural(checked.uncounted, "table", "tables");
        proof
            .remarks
            .push(format!("the rows of {tables} are inserted one by one in the backup, and could not be counted there"));
    }
    Ok(proof)
}

/// Counts a table's rows; nothing where the server's answer is no number of rows.
///
/// # Errors
/// What the server said.
pub(super) async fn count(session: &Session, table: &QualifiedName, is_partitioned: bool) -> Result<Option<u64>> {
    let rows = session.query(&count_of_table(table, is_partitioned), &[]).await?;
    Ok(rows.first().and_then(|row| row.try_get::<_, i64>(0).ok()).and_then(|rows| u64::try_from(rows).ok()))
}

/// Counts the tables of the database that a session is in, and holds them against a backup; `so` says how they came to be
/// there. Returns each table, and where they differ.
///
/// # Errors
/// What the server said.
pub(super) async fn count_against(
    session: &Session,
    checked: &CheckedBackup,
    so: &str,
) -> Result<(Vec<RestoredTable>, Vec<String>)> {
    let (mut tables, mut differences) = (Vec::new(), Vec::new());
    let archived = checked.tables.iter().map(|table| (QualifiedName::new(&table.schema, &table.name), table.rows));
    let mut archived: BTreeMap<QualifiedName, u64> = archived.collect();
    let through_root: BTreeSet<QualifiedName> = archived.keys().cloned().collect();
    for CountableTable { name: table, is_partitioned, root } in catalog::countable_tables(session.client()).await? {
        let of_archive = archived.remove(&table);
        // Rows that are loaded through a partitioned table lie in its partitions, and are counted once; else each partition has
        // its own.
        let is_counted = is_partitioned || root.is_some_and(|root| through_root.contains(&root));
        if is_counted && of_archive.is_none() {
            continue;
        }
        let restored = count(session, &table, is_partitioned).await?;
        if of_archive.is_some() && of_archive != restored {
            let [there, here] = [of_archive, restored].map(|rows| amount::rows(rows.unwrap_or(0)));
            differences.push(format!("{table}: the backup holds {there}, and {here} {so}"));
        }
        tables.push(RestoredTable { table: table.to_string(), archived: of_archive, restored });
    }
    for (table, rows) in archived {
        differences.push(format!("{table}: the backup holds {}, and there is no such table", amount::rows(rows)));
        tables.push(RestoredTable { table: table.to_string(), archived: Some(rows), restored: None });
    }
    Ok((tables, differences))
}

/// Says which columns a sequence would give numbers out for a second time.
async fn behind(session: &Session, sequence: &Sequence) -> Result<Vec<String>> {
    let (mut found, is_descending) = (Vec::new(), sequence.increment < 0);
    let fed: Vec<_> = sequence.feeds.iter().filter(|_| !sequence.cycle).cloned().collect();
    for known in catalog::numbered_columns(session.client(), &fed).await? {
        let (Some((table, column)), Some(form)) = (fed.get(known.at), known.form) else { continue };
        let room = (sequence.room().0.max(known.range.0), sequence.room().1.min(known.range.1));
        let query = sequence_floor(table, column, form, is_descending, room);
        let rows = session.query(&query, &[]).await?;
        let Some(furthest) = rows.first().and_then(|row| row.try_get::<_, Option<i64>>(0).ok()).flatten() else { continue };
        let is_past = |last: i64| if is_descending { furthest < last } else { furthest > last };
        if sequence.last_value.is_none_or(is_past) {
            let stands = sequence.last_value.map_or_else(|| "its beginning".to_owned(), |last| last.to_string());
            found.push(format!(
                "sequence {} stands at {stands}, and {table}.{column} goes to {furthest}: numbers would be given out twice \
                 (`failback sequences` raises it)",
                sequence.name
            ));
        }
    }
    Ok(found)
}
