//! Which columns may be chosen one by one: those of OLD's table that a merge writes, and by which no row is known.

use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::policy::keys::nearest;
use crate::policy::{By, Choices, Chosen, Decisions};
use crate::schema::Column;
use crate::staging::{Manifest, TableRecord};

/// Checks every column that decisions choose, of the tables that the run carries.
///
/// # Errors
/// `Config` at the first that the table does not have, that is of its key, or that nobody writes.
pub fn expect_columns(manifest: &Manifest, decisions: &Decisions) -> Result<()> {
    for database in &manifest.databases {
        for record in &database.tables {
            for (_, choices) in choosing(decisions, &database.name, &record.name.to_string()) {
                expect_choices(record, choices)?;
            }
        }
    }
    Ok(())
}

/// Checks every column that is chosen of one table.
pub(crate) fn expect_choices(record: &TableRecord, choices: &Choices) -> Result<()> {
    choices.0.iter().try_for_each(|(name, one)| {
        let found = chosen_column(record, name).map(drop);
        found.map_err(|cause| fault(one).because(cause)).place(|| &record.name)
    })
}

/// Lists what chooses columns of a table.
pub(super) fn choosing<'d>(decisions: &'d Decisions, database: &str, table: &str) -> impl Iterator<Item = (By, &'d Choices)> {
    let rules = decisions.rules().iter().enumerate().filter(move |(_, rule)| rule.selector.means_table(database, table));
    let picks = decisions.picks().iter().enumerate();
    let picks =
        picks.filter(move |(_, pick)| pick.table == table && pick.database.as_deref().is_none_or(|name| name == database));
    let rules = rules.map(|(number, rule)| (By::Rule(number), &rule.choices));
    let all = rules.chain(picks.map(|(number, pick)| (By::Row(number), &pick.choices)));
    all.filter(|(_, choices)| !choices.is_empty())
}

/// An error in what is said of a column.
pub(super) fn fault(chosen: &Chosen) -> Error {
    let error = Error::new(ErrorKind::Config, "read the decisions");
    if chosen.place.is_empty() { error } else { error.at(&chosen.place) }
}

/// Finds a column that may be chosen, with its position in the layout; the error is a sentence.
pub(super) fn chosen_column<'r>(record: &'r TableRecord, name: &str) -> std::result::Result<(usize, &'r Column), String> {
    let old = &record.old;
    let Some(column) = old.columns.iter().find(|column| column.name.as_str() == name) else {
        let near = nearest(name, old.columns.iter().map(|column| column.name.as_str()));
        let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        return Err(format!("OLD's table has no column `{name}`{near}"));
    };
    if column.generated {
        return Err(format!("OLD computes `{name}` itself: nobody writes it"));
    }
    if record.key.is_whole_row() {
        return Err("the table has no key: a row is known by all its values, and none of them can be chosen".to_owned());
    }
    if record.key.names().contains(&column.name) {
        return Err(format!("`{name}` is of the key, by which the row is known"));
    }
    let layout = &record.layout;
    let found = layout.columns.iter().position(|staged| staged.name == column.name && staged.own_form_of.is_none());
    match found.filter(|index| layout.columns[*index].is_carried()) {
        Some(index) => Ok((index, column)),
        None => Err(format!("NEW has no column `{name}`: no merge writes it")),
    }
}
