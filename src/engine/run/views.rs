//! `views.sql` of a run: its files as DuckDB's views, by the indexes that say which files there are.

use crate::codec::{EXACT_COLUMN, RowLayout, StagedColumn};
use crate::error::Result;
use crate::name::Ident;
use crate::staging::layout::VIEWS;
use crate::staging::{DatabasePlan, DiffIndex, Manifest, Plan, TableRecord, row_keys};
use crate::statement::{FieldOf, ViewedTable, duckdb_views};
use crate::store::Store;

/// Writes it for a diff, and for a plan of it where there is one.
pub(crate) fn write_views(store: &dyn Store, manifest: &Manifest, diff: &DiffIndex, plan: Option<&Plan>) -> Result<()> {
    let mut tables = Vec::new();
    for database in &manifest.databases {
        let (found, planned) = (diff.database(&database.name), plan.and_then(|plan| part(plan, &database.name)));
        for record in &database.tables {
            let mut viewed = viewed(&database.name, record);
            if let Some(found) = found.and_then(|found| found.tables.iter().find(|table| table.id == record.id)) {
                for segment in &found.segments {
                    viewed.diff.push((segment.file.path.clone(), viewed.rows));
                    viewed.rows += segment.rows;
                }
            }
            let planned = planned.and_then(|planned| planned.tables.iter().find(|table| table.id == record.id));
            viewed.plan = planned.and_then(|table| Some(table.changes.as_ref()?.file.path.clone()));
            viewed.composed = planned.and_then(|table| Some(table.composed.as_ref()?.file.path.clone()));
            tables.push(viewed);
        }
    }
    store.write(VIEWS, duckdb_views(&tables).as_bytes())?;
    Ok(())
}

fn part<'p>(plan: &'p Plan, database: &str) -> Option<&'p DatabasePlan> {
    plan.databases.iter().find(|part| part.name == database)
}

/// What the manifest says of a table.
fn viewed(database: &str, record: &TableRecord) -> ViewedTable {
    ViewedTable {
        database: database.to_owned(),
        table: record.name.to_string(),
        id: record.id.to_string(),
        key: row_keys(record).into_iter().map(|key| (key.name, key.column + 1)).collect(),
        staged: record.candidates.iter().map(|segment| segment.file.path.clone()).collect(),
        fields: fields(&record.layout),
        ..ViewedTable::default()
    }
}

/// Whose the fields of an image are; nothing where both sides have all of them.
fn fields(layout: &RowLayout) -> Vec<(Ident, FieldOf)> {
    if layout.columns.iter().all(StagedColumn::is_carried) {
        return Vec::new();
    }
    let of = |column: &StagedColumn| {
        let form_of = |name: &Ident| layout.columns.iter().position(|other| other.name == *name);
        let of = match column.own_form_of.as_ref().and_then(form_of) {
            Some(field) => FieldOf::FormOf(field + 1),
            None if !column.old.is_present() => FieldOf::NewAlone,
            None if !column.new.is_present() => FieldOf::OldAlone,
            None => FieldOf::Both,
        };
        (column.name.clone(), of)
    };
    // Behind a row's own columns stand the values for which these have no place.
    layout.columns.iter().map(of).chain([(Ident::new(EXACT_COLUMN), FieldOf::Both)]).collect()
}
