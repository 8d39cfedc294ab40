//! What a verification cannot answer for: tables that were not looked at, sorts of changes that were not, or not for certain,
//! found, and rows that others have written since.

use serde::Serialize;

use super::verified_table::VerifiedTable;
use crate::engine::run::Undone;
use crate::name::QualifiedName;
use crate::schema::{Covered, Sequence};
use crate::staging::{DatabaseRecord, Manifest, TablePlan, TableRecord, Written};
use crate::words::words;

/// Something that a verification cannot answer for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// The database's name, the same on both sides.
    pub database: String,
    /// The relation by OLD's name, as `schema.name`; NEW's, where OLD has none.
    pub table: String,
    /// What is not answered for.
    pub of: GapKind,
    /// Why.
    pub why: String,
    /// Keys of rows that it is about, where this run knows them and no other list has them; of very many the first thousand.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
}

/// What is not answered for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GapKind {
    /// All of its rows: it is not carried.
    Rows,
    /// Rows that NEW inserted.
    Inserts,
    /// Rows that NEW updated.
    Updates,
    /// Rows that NEW deleted.
    Deletes,
    /// Values of a column that OLD lacks.
    Values,
    /// How far a sequence of NEW's has come.
    Numbers,
    /// Rows that differed before the cutover, and stay as OLD has them.
    Drift,
    /// Rows that the merge wrote, of a table that has been defined otherwise since.
    MergedRows,
    /// Rows that the merge wrote and others have written since.
    WrittenSince,
    /// Rows that this run found on OLD, and that the undo of another run took away since.
    TakenBack,
}

words!(GapKind {
    Rows => "rows",
    Inserts => "inserts",
    Updates => "updates",
    Deletes => "deletes",
    Values => "values",
    Numbers => "numbers",
    Drift => "drift",
    MergedRows => "merged rows",
    WrittenSince => "written since",
    TakenBack => "taken back",
});

/// Lists every gap that the export left, whole tables first.
pub(crate) fn of_export(manifest: &Manifest) -> Vec<Gap> {
    let aside = manifest.databases_aside.iter().map(|aside| Gap {
        database: aside.name.clone(),
        table: "*".to_owned(),
        of: GapKind::Rows,
        why: format!("the database was not looked at: {}", aside.reason),
        keys: Vec::new(),
    });
    let mut gaps: Vec<_> = aside.chain(manifest.databases.iter().flat_map(of_database)).collect();
    gaps.sort_by_key(|gap| gap.of);
    gaps
}

fn of_database(database: &DatabaseRecord) -> impl Iterator<Item = Gap> {
    let whole = database.left_out.iter().filter(|left_out| left_out.blocker).map(|left_out| Gap {
        database: database.name.clone(),
        table: left_out.name.to_string(),
        of: GapKind::Rows,
        why: left_out.reason.clone(),
        keys: Vec::new(),
    });
    let of_tables = database.tables.iter().flat_map(|table| of_table(&database.name, table));
    whole.chain(of_tables).chain(of_sequences(database))
}

/// Lists the sequences in scope of which NEW's user could not know how far they have come.
fn of_sequences(database: &DatabaseRecord) -> impl Iterator<Item = Gap> {
    let is_carried = |name: &QualifiedName| database.tables.iter().any(|table| table.new.name == *name);
    let in_scope = move |sequence: &&Sequence| {
        let mut tables = sequence.feeds.iter().chain(&sequence.owner).map(|(table, _)| table).peekable();
        tables.peek().is_none() || tables.any(is_carried)
    };
    let why = "NEW's user may not read the sequence: OLD's is raised by the rows alone";
    let unreadable = database.new_sequences.iter().filter(|sequence| sequence.unreadable).filter(in_scope);
    unreadable.map(|sequence| of_sequence(&database.name, sequence.name.to_string(), why.to_owned()))
}

/// All of OLD, where what was looked at is another server.
pub(crate) fn of_server(database: &str) -> Gap {
    let why = "this is another server than the one that was merged into: that one was not looked at";
    Gap { database: database.to_owned(), table: "*".to_owned(), of: GapKind::Rows, why: why.to_owned(), keys: Vec::new() }
}

/// A sequence that may give out numbers which NEW's has given out.
pub(crate) fn of_sequence(database: &str, name: String, why: String) -> Gap {
    Gap { database: database.to_owned(), table: name, of: GapKind::Numbers, why, keys: Vec::new() }
}

fn of_table(database: &str, table: &TableRecord) -> Vec<Gap> {
    let gap = |of, why| Gap { database: database.to_owned(), table: table.name.to_string(), of, why, keys: Vec::new() };
    let unplaced = table.unplaced.iter().filter(|(_, values)| **values > 0);
    let mut gaps: Vec<_> = unplaced
        .map(|(column, values)| {
            gap(GapKind::Values, format!("{values} values of column {column} have no place on OLD and stay in staging"))
        })
        .collect();
    let coverage = &table.coverage;
    let sorts =
        [(GapKind::Inserts, &coverage.insert), (GapKind::Updates, &coverage.update), (GapKind::Deletes, &coverage.delete)];
    for (of, covered) in sorts {
        match covered {
            Covered::Yes { .. } => {}
            Covered::Trusted { by } => gaps.push(gap(of, format!("only trusted: {by}"))),
            Covered::No { why } => gaps.push(gap(of, why.clone())),
        }
    }
    gaps
}

/// Says of a table how many rows differ from NEW's since before the cutover.
pub(crate) fn of_drift(database: &str, table: &TablePlan, rows: u64) -> Gap {
    let why = format!("{rows} rows differ from NEW's since before the cutover, and stay as OLD has them");
    Gap { database: database.to_owned(), table: table.name.to_string(), of: GapKind::Drift, why, keys: Vec::new() }
}

/// Lists the tables of which another run's merge was taken back since.
pub(crate) fn of_undone(database: &DatabaseRecord, undone: &[Undone]) -> Vec<Gap> {
    let carried = |name: &str| database.tables.iter().any(|table| table.name.to_string() == name);
    let of = |one: &Undone| {
        let tables = one.tables.iter().filter(|(name, written)| written.rows() > 0 && carried(name));
        let gap = |(name, written): &(String, Written)| Gap {
            database: database.name.clone(),
            table: name.clone(),
            of: GapKind::TakenBack,
            why: format!(
                "{} rows that run {} had brought, at {}: what this run found there for its sake is not there any more",
                written.rows(),
                one.run_id,
                one.recorded_at
            ),
            keys: one.keys.get(name).cloned().unwrap_or_default(),
        };
        tables.map(gap).collect::<Vec<_>>()
    };
    undone.iter().flat_map(of).collect()
}

/// Says of a table that it can no longer be read as the merge wrote it.
pub(crate) fn of_redefined(database: &str, table: &TablePlan, why: &str) -> Gap {
    let rows = table.written_rows();
    let why = format!("{rows} rows cannot be read back: {why}");
    let (database, table) = (database.to_owned(), table.name.to_string());
    Gap { database, table, of: GapKind::MergedRows, why, keys: Vec::new() }
}

/// Lists the tables of which others have written rows since the merge.
pub(crate) fn of_rows(tables: &[VerifiedTable]) -> impl Iterator<Item = Gap> {
    tables.iter().filter(|table| table.written_since > 0).map(|table| Gap {
        database: table.database.clone(),
        table: table.table.clone(),
        of: GapKind::WrittenSince,
        why: format!("{} rows that the merge wrote: what it wrote there can no longer be seen", table.written_since),
        keys: Vec::new(),
    })
}
