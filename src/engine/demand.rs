//! What is asked of one table: its key, its time columns, the method, and what stands in the way.
//!
//! Pure: from the two definitions and the settings to a record of the manifest, without its files.

use crate::codec::{Codec, Lane, RowLayout, StagedColumn};
use crate::config::{NamedTimeColumns, TableSettings};
use crate::name::{Ident, Side};
use crate::schema::{
    ComparisonKey, Coverage, KeyProblem, Method, Table, TimeColumn, TimeColumns, TimeKind, WHOLE_ROW_COLUMNS, comparison_key,
    drift,
};
use crate::staging::layout::TableId;
use crate::staging::{LeftOut, TableRecord};

/// Either a table that is carried, or the reason why it is not.
pub(super) enum Demand {
    /// Carried.
    Carry(Box<TableRecord>),
    /// Not carried.
    Leave(LeftOut),
}

/// Decides what is asked of a table that both sides have.
pub(super) fn demand(id: TableId, old: &Table, new: &Table, settings: &TableSettings) -> Demand {
    if settings.method == Some(Method::Skip) {
        return leave(new, "the configuration says method = \"skip\"", false);
    }
    let found = drift(old, new);
    if let Some(blocker) = found.iter().find(|drift| drift.blocks()) {
        return leave(new, &blocker.sentence(), true);
    }
    if old.row_security || new.row_security {
        return leave(new, "row-level security hides rows from this user: use one with BYPASSRLS", true);
    }
    let configured: Option<Vec<Ident>> = settings.key.as_ref().map(|names| names.iter().map(Ident::new).collect());
    let key = match comparison_key(old, new, configured.as_deref()) {
        Ok(columns) => ComparisonKey::Columns { columns },
        Err(KeyProblem::NoKey) => ComparisonKey::WholeRow { columns: whole_row(old, new) },
        Err(problem) => return leave(new, &problem.to_string(), true),
    };
    let times = time_columns(old, new, settings);
    let method = method_of(settings, &key, &times);
    Demand::Carry(Box::new(TableRecord {
        id,
        name: new.name.clone(),
        method,
        coverage: Coverage::of(method, &times),
        layout: layout(old, new, &key),
        key,
        times,
        drift: found,
        old: old.clone(),
        new: new.clone(),
        candidates: Vec::new(),
        absent: Vec::new(),
    }))
}

fn leave(table: &Table, reason: &str, blocker: bool) -> Demand {
    Demand::Leave(LeftOut { side: Side::New, name: table.name.clone(), reason: reason.to_owned(), blocker })
}

/// Timestamps where they say when a row was last written; everything else is compared. A table with only a creation stamp
/// would lose NEW's updates in silence, so it is compared too unless the configuration trusts it to be append-only.
fn method_of(settings: &TableSettings, key: &ComparisonKey, times: &TimeColumns) -> Method {
    match settings.method {
        Some(Method::Timestamps) if !times.is_empty() && !key.is_whole_row() => Method::Timestamps,
        None if times.updated.is_some() && !key.is_whole_row() => Method::Timestamps,
        _ => Method::Compare,
    }
}

fn time_columns(old: &Table, new: &Table, settings: &TableSettings) -> TimeColumns {
    let find = |named: &NamedTimeColumns| named.names.iter().find_map(|name| time_column(old, new, &Ident::new(name.as_str())));
    TimeColumns { created: find(&settings.created), updated: find(&settings.updated) }
}

fn time_column(old: &Table, new: &Table, name: &Ident) -> Option<TimeColumn> {
    let (ours, theirs) = (old.column(name)?, new.column(name)?);
    let kind = match (ours.data_type.base.as_str(), theirs.data_type.base.as_str()) {
        ("timestamptz", "timestamptz") => TimeKind::Instant,
        ("timestamp", "timestamp") => TimeKind::WallClock,
        ("date", "date") => TimeKind::Day,
        _ => return None,
    };
    (!ours.generated && !theirs.generated).then(|| TimeColumn { name: name.clone(), kind })
}

fn whole_row(old: &Table, new: &Table) -> Vec<Ident> {
    let mut names: Vec<_> = common(old, new).map(|column| column.name.clone()).collect();
    names.sort();
    names
}

/// The columns that both sides have and that somebody can write, in OLD's order.
fn common<'a>(old: &'a Table, new: &'a Table) -> impl Iterator<Item = &'a crate::schema::Column> {
    old.columns.iter().filter(|column| !column.generated && new.column(&column.name).is_some_and(|theirs| !theirs.generated))
}

fn layout(old: &Table, new: &Table, key: &ComparisonKey) -> RowLayout {
    let mut columns: Vec<_> = common(old, new).map(StagedColumn::of).collect();
    if key.is_whole_row() {
        columns.extend(stand_ins());
    }
    RowLayout { columns }
}

/// The columns that stand in for a missing key.
fn stand_ins() -> [StagedColumn; 2] {
    let column = |name: &str, pg_type: &str, codec| StagedColumn {
        name: Ident::new(name),
        pg_type: pg_type.to_owned(),
        typmod: -1,
        lane: Lane::Typed(codec),
    };
    [column(WHOLE_ROW_COLUMNS[0], "text", Codec::Text), column(WHOLE_ROW_COLUMNS[1], "bigint", Codec::Int8)]
}
