//! What an export found, for people and programs.

use serde::Serialize;

use crate::delta::TriedSource;
use crate::engine::run::{CoveredTable, coverage};
use crate::name::{QualifiedName, Sided};
use crate::schema::Method;
use crate::staging::{DatabaseRecord, LeftOut, Manifest, Quiescence, Segment};

/// What was exported.
#[derive(Clone, Debug, Serialize)]
pub struct ExportReport {
    /// Where the run is, for people.
    pub run: String,
    /// What is covered, table by table, what is not covered first.
    pub coverage: Vec<CoveredTable>,
    /// One line a table.
    pub tables: Vec<ExportedTable>,
    /// Tables whose rows may be lost, with the reason.
    pub blockers: Vec<Blocker>,
    /// What OLD has no place for: staged, and carried nowhere.
    pub unplaced: Vec<Unplaced>,
    /// What says, in each database, which transactions were over at the cutover.
    pub horizon_sources: Vec<DatabaseSources>,
    /// Staged rows in all, those of tables that OLD lacks among them.
    pub rows: u64,
    /// Bytes of all staged files.
    pub bytes: u64,
    /// Whether NEW was written while it was read, and OLD since the mark.
    pub quiescence: Vec<DatabaseQuiescence>,
    /// What a person should know: stamps that prove nothing, signs that OLD and NEW are swapped.
    pub notes: Vec<String>,
}

/// What says which transactions were over at the cutover.
#[derive(Clone, Debug, Serialize)]
pub struct DatabaseSources {
    /// The database's name, the same on both sides.
    pub database: String,
    /// What was asked on each side, and what each source said.
    #[serde(flatten)]
    pub tried: Sided<Vec<TriedSource>>,
}

/// What was exported of one table.
#[derive(Clone, Debug, Serialize)]
pub struct ExportedTable {
    /// The database's name, the same on both sides.
    pub database: String,
    /// The table by OLD's name, as `schema.name`.
    pub table: String,
    /// How changes were looked for.
    pub method: Method,
    /// NEW's candidate rows.
    pub candidates: u64,
    /// Keys that OLD has and NEW has not.
    pub absent: u64,
    /// Bytes of the files.
    pub bytes: u64,
}

/// Whether one side of a database was written.
#[derive(Clone, Debug, Serialize)]
pub struct DatabaseQuiescence {
    /// The database's name, the same on both sides.
    pub database: String,
    /// What was found.
    #[serde(flatten)]
    pub quiescence: Quiescence,
}

/// Staged values that OLD has no place for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unplaced {
    /// The database's name, the same on both sides.
    pub database: String,
    /// The table by OLD's name, as `schema.name`.
    pub table: String,
    /// The column; `None` if OLD lacks the whole table.
    pub column: Option<String>,
    /// How many values that are not NULL, or how many rows.
    pub values: u64,
}

/// A relation whose rows may be lost.
#[derive(Clone, Debug, Serialize)]
pub struct Blocker {
    /// The database's name, the same on both sides.
    pub database: String,
    /// What, and why.
    #[serde(flatten)]
    pub left_out: LeftOut,
}

/// Lists everything that was staged and has no place on OLD.
pub(crate) fn unplaced(manifest: &Manifest) -> Vec<Unplaced> {
    let mut found = Vec::new();
    for database in &manifest.databases {
        let one = |table: &QualifiedName, column: Option<&String>, values| Unplaced {
            database: database.name.clone(),
            table: table.to_string(),
            column: column.cloned(),
            values,
        };
        found.extend(database.new_only.iter().map(|table| one(&table.name, None, table.row_count())));
        for table in &database.tables {
            found.extend(table.unplaced.iter().map(|(column, values)| one(&table.name, Some(column), *values)));
        }
    }
    found
}

/// Lists what is known of each side of each database.
fn quiescence(manifest: &Manifest) -> Vec<DatabaseQuiescence> {
    let of = |database: &DatabaseRecord| {
        let name = database.name.clone();
        let one = move |quiescence: &Quiescence| DatabaseQuiescence { database: name.clone(), quiescence: quiescence.clone() };
        database.quiescence.iter().map(one).collect::<Vec<_>>()
    };
    manifest.databases.iter().flat_map(of).collect()
}

/// How many bytes a segment's files have, BASE's rows for it included.
fn bytes(segment: &Segment) -> u64 {
    segment.file.bytes + segment.base.as_ref().map_or(0, |base| base.file.bytes)
}

/// Reads the report off the manifest.
pub(crate) fn report(run: String, manifest: &Manifest, notes: Vec<String>) -> ExportReport {
    let mut tables = Vec::new();
    let mut blockers = Vec::new();
    for database in &manifest.databases {
        let blocked = database.left_out.iter().filter(|left_out| left_out.blocker);
        blockers.extend(blocked.map(|left_out| Blocker { database: database.name.clone(), left_out: left_out.clone() }));
        tables.extend(database.tables.iter().map(|table| ExportedTable {
            database: database.name.clone(),
            table: table.name.to_string(),
            method: table.method,
            candidates: table.candidate_rows(),
            absent: table.absent_rows(),
            bytes: table.candidates.iter().chain(&table.absent).map(bytes).sum(),
        }));
    }
    let sources = |database: &DatabaseRecord| {
        let tried = database.horizon_sources.clone()?;
        Some(DatabaseSources { database: database.name.clone(), tried })
    };
    let new_only: Vec<_> = manifest.databases.iter().flat_map(|database| &database.new_only).collect();
    ExportReport {
        run,
        coverage: coverage(&manifest.databases),
        rows: tables
            .iter()
            .map(|table| table.candidates + table.absent)
            .chain(new_only.iter().map(|table| table.row_count()))
            .sum(),
        bytes: tables.iter().map(|table| table.bytes).chain(new_only.iter().map(|table| table.bytes())).sum(),
        tables,
        blockers,
        horizon_sources: manifest.databases.iter().filter_map(sources).collect(),
        unplaced: unplaced(manifest),
        quiescence: quiescence(manifest),
        notes,
    }
}
