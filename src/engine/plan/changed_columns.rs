//! Some columns of a table, and whether the two sides' rows differ in one of them.

use std::collections::BTreeSet;

use arrow_array::cast::AsArray as _;
use arrow_array::{Array as _, RecordBatch};

use crate::name::Ident;
use crate::schema::{Conversion, Identity, Source, may_lose};
use crate::staging::TableRecord;

/// Columns of a table.
pub(super) struct ChangedColumns {
    names: Vec<String>,
}

impl ChangedColumns {
    /// Those that an UPDATE in place cannot always set: on which a row's place in a unique index or exclusion constraint
    /// depends, whose values may swap between rows within one statement; the key, whose spelling alone may change; and
    /// GENERATED ALWAYS identity columns.
    pub(super) fn replacing(record: &TableRecord) -> Self {
        let old = &record.old;
        let unique = old.exclusives.iter().flat_map(|exclusive| exclusive.uses.clone());
        let identity = old.columns.iter().filter(|column| column.identity == Some(Identity::Always));
        Self::of(unique.chain(record.key.names()).chain(identity.map(|column| column.name.clone())))
    }

    /// Those of which NEW's type may have lost something of OLD's values, and that are not compared as NEW's type has them:
    /// where they differ, NEW may have written them, or the migration. Not the time columns that say when a row was written:
    /// who writes a row writes them.
    pub(super) fn doubtful(record: &TableRecord) -> Self {
        let is_time = |name: &Ident| record.times.iter().any(|column| column.name == *name);
        let is_doubtful = |name: &Ident, old: &Source| {
            let compared_as_new = matches!(old, Source::Mapped { conversions, .. } | Source::OwnForm { conversions, .. }
                if conversions.iter().any(|step| matches!(step, Conversion::Rounded { .. })));
            let types = record.old.column(name).zip(record.new.column(name));
            !compared_as_new && types.is_some_and(|(old, new)| may_lose(&new.data_type, &old.data_type))
        };
        let carried = record.layout.columns.iter().filter(|column| column.is_carried() && !is_time(&column.name));
        Self::of(carried.filter(|one| is_doubtful(&one.name, &one.old)).map(|one| one.name.clone()))
    }

    fn of(names: impl Iterator<Item = Ident>) -> Self {
        Self { names: names.map(|name| name.as_str().to_owned()).collect() }
    }

    /// Whether the sides' rows differ in one of them; where the diff does not tell, they may.
    pub(super) fn touched_by(&self, batch: &RecordBatch, row: usize) -> bool {
        let Some(lists) = batch.column_by_name("fb_changed").and_then(|column| column.as_list_opt::<i32>()) else {
            return true;
        };
        if self.names.is_empty() || lists.is_null(row) {
            return false;
        }
        let changed = lists.value(row);
        let names = changed.as_string::<i32>();
        names.iter().flatten().any(|name| self.names.iter().any(|column| column == name))
    }

    /// Whether one of them is among some columns.
    pub(super) fn are_among(&self, names: &BTreeSet<String>) -> bool {
        self.names.iter().any(|name| names.contains(name))
    }

    /// Names them, for people.
    pub(super) fn list(&self) -> String {
        self.names.join(", ")
    }
}
