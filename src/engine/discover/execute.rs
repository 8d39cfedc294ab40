//! Discover: every relation of every database on both sides, and what will be done about each.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use tokio::try_join;

use super::new_only;
use super::table_selection::{TableSelection, select_table};
use crate::catalog::{self, Catalog};
use crate::engine::run::Context;
use crate::error::{Error, ErrorKind, Place, Result};
use crate::name::{Ident, QualifiedName, Side};
use crate::pg::{Session, encoding_remarks, same_database};
use crate::schema::{DatabaseTraits, Drift, Method, Privilege, PrivilegeObject, Relation, RelationKind, Sequence, Table};
use crate::staging::layout::TableId;
use crate::staging::{DatabaseRecord, LeftOut, NewOnlyTable, TableRecord};

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
    let (on_old, on_new) = try_join!(on_old, on_new)?;
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
    let (old, new) = try_join!(context.connect(Side::Old, name), context.connect(Side::New, name))?;
    let (old_identity, new_identity) = try_join!(old.identity(), new.identity())?;
    if same_database(&old_identity, &new_identity) {
        return Err(Error::new(ErrorKind::Refused, "tell OLD from NEW")
            .because("both connections lead to the same database of the same server")
            .next("check --old and --new, OLD_PG* and NEW_PG*, and failback.toml"));
    }
    let (ours, theirs) = try_join!(read_catalog(&old), read_catalog(&new))?;
    let Paired { tables, new_only, left_out } = pair(context, name, &ours, &theirs);
    notes.extend(tables.iter().flat_map(|table| table.drift.iter().map(move |drift| remark(name, table, drift))));
    notes.extend(encoding_remarks(&old_identity, &new_identity).into_iter().map(|remark| format!("{name}: {remark}")));
    let (around_old, around_new) = try_join!(database_traits(&old), database_traits(&new))?;
    let has_money = tables.iter().flat_map(|table| &table.old.columns).any(|column| column.data_type.base == "money");
    let remarks = DatabaseTraits::remarks(&around_old, &around_new, has_money);
    notes.extend(remarks.into_iter().map(|remark| format!("{name}: {remark}")));
    for lacking in catalog::privileges(new.client(), &[]).await.place(|| Side::New)? {
        if let (PrivilegeObject::Sequence(sequence), Privilege::Select) = (&lacking.object, lacking.privilege) {
            notes.push(format!("{name}: {sequence}: NEW's user lacks {lacking}: OLD's is raised by the rows alone"));
        }
    }
    for (side, table) in tables.iter().flat_map(|table| [(Side::Old, &table.old), (Side::New, &table.new)]) {
        notes.extend(table.remarks().into_iter().map(|remark| format!("{name}: {}: on {side} {remark}", table.name)));
    }
    Ok(DatabaseRecord {
        name: name.to_owned(),
        old: old_identity,
        new: new_identity,
        new_sequences: in_olds_words(&tables, &ours.sequences, theirs.sequences),
        tables,
        new_only,
        left_out,
    })
}

async fn read_catalog(session: &Session) -> Result<Catalog> {
    catalog::read(session.client()).await.place(|| session.side())
}

async fn database_traits(session: &Session) -> Result<DatabaseTraits> {
    catalog::database_traits(session.client()).await.place(|| session.side())
}

fn remark(database: &str, table: &TableRecord, drift: &Drift) -> String {
    format!("{database}: {}: {}", table.name, drift.sentence())
}

/// NEW's name for every table of OLD that the configuration says NEW calls otherwise.
fn renamed(context: &Context, database: &str, old: &Catalog) -> BTreeMap<String, QualifiedName> {
    let new_name = |ours: &Table| Some((context.config.table(database, &ours.name.to_string()).new_name?, ours.name.clone()));
    old.tables.iter().filter_map(new_name).collect()
}

/// Every table and relation of a database, each in exactly one list.
#[derive(Default)]
struct Paired {
    tables: Vec<TableRecord>,
    new_only: Vec<NewOnlyTable>,
    left_out: Vec<LeftOut>,
}

/// Gives NEW's sequences the name of the sequence that feeds the same column on OLD, where the migration renamed them.
fn in_olds_words(tables: &[TableRecord], on_old: &[Sequence], on_new: Vec<Sequence>) -> Vec<Sequence> {
    let fed_on_old = |owner: &(QualifiedName, Ident)| {
        let record = tables.iter().find(|table| table.new.name == owner.0)?;
        let column = record.layout.columns.iter().find(|column| column.new.column(&column.name) == &owner.1)?;
        let same =
            |ours: &&Sequence| ours.owner.as_ref().is_some_and(|(table, name)| *table == record.name && *name == column.name);
        on_old.iter().find(same).map(|ours| ours.name.clone())
    };
    let rename = |theirs: Sequence| {
        let name = theirs.owner.as_ref().and_then(fed_on_old).unwrap_or_else(|| theirs.name.clone());
        Sequence { name, ..theirs }
    };
    on_new.into_iter().map(rename).collect()
}

/// Pairs both sides' tables by name; a table that OLD lacks is new-only, and whatever is no table is left out with a reason.
fn pair(context: &Context, database: &str, old: &Catalog, new: &Catalog) -> Paired {
    let Paired { mut tables, mut new_only, mut left_out } = Paired::default();
    let renamed = renamed(context, database, old);
    let olds_name = |theirs: &Table| renamed.get(&theirs.name.to_string()).unwrap_or(&theirs.name).clone();
    // A table whose name was given to another one answers to nothing.
    let moved = |ours: &QualifiedName| renamed.iter().any(|(new, old)| old == ours && *new != ours.to_string());
    for theirs in &new.tables {
        let ours = olds_name(theirs);
        let name = ours.to_string();
        let leave =
            |reason: &str, blocker| LeftOut { side: Side::New, name: theirs.name.clone(), reason: reason.to_owned(), blocker };
        if !context.wants(&name) {
            left_out.push(leave("not asked for (--tables)", false));
            continue;
        }
        let id = TableId::nth(u32::try_from(tables.len() + new_only.len()).unwrap_or(u32::MAX - 1));
        let settings = context.config.table(database, &name);
        let is_moved_away = ours == theirs.name && moved(&ours);
        let Some(ours) = old.tables.iter().find(|table| table.name == ours && !is_moved_away) else {
            if settings.method == Some(Method::Skip) {
                left_out.push(leave("the configuration says method = \"skip\"", false));
            } else {
                let missing = "the table does not exist on OLD: its rows have no place there and stay in staging";
                match &theirs.obstacle {
                    Some(obstacle) => {
                        left_out.push(leave(&format!("the table does not exist on OLD, and on NEW {obstacle}"), true));
                    }
                    None => left_out.push(leave(missing, true)),
                }
                new_only.push(new_only::new_only(id, theirs));
            }
            continue;
        };
        match select_table(id, ours, theirs, &settings, context.config.zone().name()) {
            TableSelection::Carry(record) => tables.push(*record),
            TableSelection::Leave(reason) => left_out.push(reason),
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
    Paired { tables, new_only, left_out }
}

fn other_relation(side: Side, relation: &Relation) -> LeftOut {
    let loses_rows = relation.kind == RelationKind::LargeObjects;
    LeftOut {
        side,
        name: relation.name.clone(),
        reason: relation.kind.reason().to_owned(),
        blocker: side == Side::New && loses_rows && relation.size_bytes > 0,
    }
}
