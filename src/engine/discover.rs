//! Discover: every relation of every database on both sides, and what will be done about each.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::context::Context;
use super::demand::{Demand, demand};
use crate::catalog::{self, Catalog};
use crate::error::{Error, ErrorKind, Place, Result};
use crate::name::{QualifiedName, Side};
use crate::pg::same_database;
use crate::schema::{Drift, Relation, RelationKind, Table};
use crate::staging::layout::TableId;
use crate::staging::{DatabaseRecord, LeftOut, TableRecord};

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct Discovery {
    /// One record a database, by name; no files yet.
    pub databases: Vec<DatabaseRecord>,
    /// Things that a person should know before going on.
    pub notes: Vec<String>,
}

/// Looks at both servers. Reads catalogs only.
///
/// # Errors
/// `Refused` where OLD and NEW are one database, or no database is on both; whatever connecting can give.
pub async fn discover(context: &Context) -> Result<Discovery> {
    let mut found = Discovery { databases: Vec::new(), notes: Vec::new() };
    for name in databases(context, &mut found.notes).await? {
        let record = discover_database(context, &name, &mut found.notes).await.place(|| format!("database {name}"))?;
        found.databases.push(record);
    }
    Ok(found)
}

/// Lists the databases that are looked at: those asked for, else those that both sides have.
async fn databases(context: &Context, notes: &mut Vec<String>) -> Result<Vec<String>> {
    if !context.databases.is_empty() {
        return Ok(context.databases.clone());
    }
    let [on_old, on_new] = [Side::Old, Side::New].map(|side| async move {
        let database = match side {
            Side::Old => context.old.database(),
            Side::New => context.new.database(),
        };
        let session = context.connect(side, database).await?;
        Ok::<_, Error>(catalog::databases(session.client()).await?.into_iter().collect::<BTreeSet<_>>())
    });
    let (on_old, on_new) = (on_old.await?, on_new.await?);
    for lonely in on_old.symmetric_difference(&on_new) {
        let side = if on_old.contains(lonely) { Side::Old } else { Side::New };
        notes.push(format!("database {lonely} exists on {side} only: left out"));
    }
    let both: Vec<_> = on_old.intersection(&on_new).cloned().collect();
    if both.is_empty() {
        return Err(Error::new(ErrorKind::Refused, "list the databases")
            .because("no database exists on both OLD and NEW")
            .next("name them with --databases, or check --old and --new"));
    }
    Ok(both)
}

async fn discover_database(context: &Context, name: &str, notes: &mut Vec<String>) -> Result<DatabaseRecord> {
    let old = context.connect(Side::Old, name).await?;
    let new = context.connect(Side::New, name).await?;
    let (old_identity, new_identity) = (old.identity().await?, new.identity().await?);
    if same_database(&old_identity, &new_identity) {
        return Err(Error::new(ErrorKind::Refused, "tell OLD from NEW")
            .because("both connections lead to the same database of the same server")
            .next("check --old and --new, OLD_PG* and NEW_PG*, and failback.toml"));
    }
    let ours = catalog::read(old.client()).await.place(|| Side::Old)?;
    let theirs = catalog::read(new.client()).await.place(|| Side::New)?;
    let (tables, left_out) = pair(context, name, &ours, &theirs);
    notes.extend(tables.iter().flat_map(|table| table.drift.iter().map(move |drift| remark(name, table, drift))));
    Ok(DatabaseRecord {
        name: name.to_owned(),
        old: old_identity,
        new: new_identity,
        tables,
        left_out,
        new_sequences: theirs.sequences,
    })
}

fn remark(database: &str, table: &TableRecord, drift: &Drift) -> String {
    format!("{database}: {}: {}", table.name, drift.sentence())
}

/// NEW's name for every table of OLD that the configuration says NEW calls otherwise.
fn renamed(context: &Context, database: &str, old: &Catalog) -> BTreeMap<String, QualifiedName> {
    let new_name = |ours: &Table| Some((context.config.table(database, &ours.name.to_string()).new_name?, ours.name.clone()));
    old.tables.iter().filter_map(new_name).collect()
}

/// Pairs both sides' tables by name; whatever has no pair or is no table is left out with a reason.
fn pair(context: &Context, database: &str, old: &Catalog, new: &Catalog) -> (Vec<TableRecord>, Vec<LeftOut>) {
    let (mut tables, mut left_out) = (Vec::new(), Vec::new());
    let renamed = renamed(context, database, old);
    let olds_name = |theirs: &Table| renamed.get(&theirs.name.to_string()).unwrap_or(&theirs.name).clone();
    // A table whose name was given to another one answers to nothing.
    let moved = |ours: &QualifiedName| renamed.iter().any(|(new, old)| old == ours && *new != ours.to_string());
    for theirs in &new.tables {
        let ours = olds_name(theirs);
        let name = ours.to_string();
        let is_moved_away = ours == theirs.name && moved(&ours);
        let Some(ours) = old.tables.iter().find(|table| table.name == ours && !is_moved_away) else {
            left_out.push(LeftOut {
                side: Side::New,
                name: theirs.name.clone(),
                reason: "the table does not exist on OLD: its rows have no place".to_owned(),
                blocker: true,
            });
            continue;
        };
        if !context.wants(&name) {
            let reason = "not asked for (--tables)".to_owned();
            left_out.push(LeftOut { side: Side::New, name: theirs.name.clone(), reason, blocker: false });
            continue;
        }
        let id = TableId::nth(u32::try_from(tables.len()).unwrap_or(u32::MAX - 1));
        match demand(id, ours, theirs, &context.config.table(database, &name), context.config.zone().name()) {
            Demand::Carry(record) => tables.push(*record),
            Demand::Leave(reason) => left_out.push(reason),
        }
    }
    let has_pair = |ours: &Table| new.tables.iter().any(|theirs| olds_name(theirs) == ours.name);
    for ours in old.tables.iter().filter(|table| !has_pair(table)) {
        let reason = "the table does not exist on NEW: there is nothing to carry".to_owned();
        left_out.push(LeftOut { side: Side::Old, name: ours.name.clone(), reason, blocker: false });
    }
    left_out.extend(new.relations.iter().map(|relation| other_relation(Side::New, relation)));
    let unseen = |relation: &&Relation| !new.relations.iter().any(|theirs| theirs.name == relation.name);
    left_out.extend(old.relations.iter().filter(unseen).map(|relation| other_relation(Side::Old, relation)));
    (tables, left_out)
}

fn other_relation(side: Side, relation: &Relation) -> LeftOut {
    let loses_rows =
        matches!(relation.kind, RelationKind::UnloggedTable | RelationKind::LargeObjects | RelationKind::InheritanceChild);
    LeftOut {
        side,
        name: relation.name.clone(),
        reason: relation.kind.reason().to_owned(),
        blocker: side == Side::New && loses_rows && relation.size_bytes > 0,
    }
}
