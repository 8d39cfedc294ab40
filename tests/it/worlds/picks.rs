//! Rows that somebody picks by their keys once the diff stands, and what becomes of the picks where OLD's users write on.

use failback::config::Mask;
use failback::delta::Class;
use failback::engine::{Cell, Filter, Review, ShownRow, Window};
use failback::policy::{Addition, Choices, PickedRow, Resolution, append_rows};

use super::journey::Journey;
use super::schema::Table;
use super::snapshot::{Row, RowKey};
use crate::recovery::Recovery;

/// Classes of which NEW's rows are asked for.
const CLASSES: [Class; 9] = [
    Class::Insert,
    Class::Update,
    Class::Delete,
    Class::AmbiguousMissingOnOld,
    Class::AmbiguousMissingOnNew,
    Class::AmbiguousDiffers,
    Class::InsertExists,
    Class::UpdateOriginDiffers,
    Class::DeleteOriginDiffers,
];

/// A row that was picked.
#[derive(Clone, Debug)]
pub(super) struct Pick {
    pub(super) table: usize,
    pub(super) key: RowKey,
    pub(super) resolution: Resolution,
    /// OLD's row as it was seen then.
    pub(super) old: Option<Row>,
}

impl Journey<'_> {
    /// Now and then picks a few rows of the diff as they are.
    pub(super) fn pick(&mut self, recovery: &Recovery) {
        if self.dice.below(3) > 0 {
            return;
        }
        let mask = Mask::default();
        let review = Review::open(&recovery.store, &mask).expect("a diff");
        let (mut rows, all) = (Vec::new(), Window { offset: 0, limit: None });
        let keep = &mut |row: ShownRow| {
            rows.extend(CLASSES.contains(&row.class).then_some(row));
            Ok(())
        };
        review.rows(&Filter::default(), all, keep).expect("rows");
        let mut added = Vec::new();
        for _ in 0..self.dice.below(4).min(rows.len()) {
            let row = rows.swap_remove(self.dice.below(rows.len()));
            let Some((pick, name)) = self.picked(&row) else { continue };
            self.log.push(format!("-- picked: {} {:?} as {}", row.table, pick.key, pick.resolution));
            added.push((name, said(pick.resolution, &row)));
            self.picks.push(pick);
        }
        let text = append_rows(&self.decisions, &added).expect("decisions");
        recovery.decide(&text);
    }

    fn picked(&mut self, row: &ShownRow) -> Option<(Pick, PickedRow)> {
        let databases = self.ground.databases();
        let is_it = |table: &Table| databases[table.database] == row.database && table.full_name() == row.table;
        let table = self.tables.iter().position(is_it)?;
        let text = |(name, cell): &(String, Cell)| match cell {
            Cell::Text(text) => Some((name.clone(), text.clone())),
            _ => None,
        };
        let name: Vec<_> = row.key.iter().map(text).collect::<Option<_>>()?;
        let value = |(column, _): &(&str, &str)| name.iter().find(|(name, _)| name == column).map(|(_, value)| value.clone());
        let key: RowKey = self.tables[table].key.columns().iter().map(value).collect();
        if !self.tables[table].is_keyed() {
            return None;
        }
        let resolution = match self.dice.below(6) {
            0 => Resolution::KeepOld,
            1 | 2 if row.class == Class::UpdateOriginDiffers => Resolution::ColumnMerge,
            _ => Resolution::ApplyNew,
        };
        let old = self.at_diff.as_ref().expect("a diff").old.0.tables[table].get(&key).cloned();
        Some((Pick { table, key, resolution, old }, (Some(row.database.clone()), row.table.clone(), name)))
    }
}

fn said(resolution: Resolution, row: &ShownRow) -> Addition {
    let fingerprint = Some(row.picked_by.fingerprint.clone());
    let (by, at) = ("ada".to_owned(), "2026-11-22T08:15:30Z".to_owned());
    Addition { resolution, choices: Choices::default(), fingerprint, why: None, by, at }
}
