//! Names that match no table: a typing error must not pass for "nothing to do".

use crate::engine::run::Selection;
use crate::error::{Error, ErrorKind, Result};
use crate::policy::Scope;
use crate::policy::keys::nearest;
use crate::staging::DatabaseRecord;

/// Checks that every pattern of `--tables`, and every section of failback.toml about a table, means a table of some database.
/// Where only some of the configured databases are looked at, a section for every database is a note.
///
/// # Errors
/// `Usage` for a pattern, `Config` for a section, each with the nearest name.
pub(crate) fn expect_matches(selection: &Selection, databases: &[DatabaseRecord], notes: &mut Vec<String>) -> Result<()> {
    let known: Vec<(&str, String)> = databases.iter().flat_map(names).collect();
    if let Some(pattern) = selection.pattern_without_table(known.iter().map(|(_, name)| name.as_str())) {
        let error = Error::new(ErrorKind::Usage, "choose tables").because(format!("--tables {pattern} matches no table"));
        let bare = pattern.replace('*', "");
        return Err(match nearest(&bare, known.iter().map(|(_, name)| name.as_str())) {
            Some(name) => error.next(format!("did you mean {name}?")),
            None => error.next("write schema.table, with * for any text; `failback discover` lists the tables"),
        });
    }
    for (section, problem) in selection.unmatched(&known) {
        // A configuration is written for the whole estate: where only some of its databases are looked at, the rest may be the
        // others'.
        let certain = match &section {
            Scope::DatabaseTable { database, .. } => databases.iter().any(|one| one.name == *database),
            Scope::Table { .. } | Scope::Defaults => false,
        };
        if certain || selection.is_whole_configuration() {
            return Err(Error::new(ErrorKind::Config, "apply failback.toml")
                .because(problem)
                .next("correct the section's name, or take it out"));
        }
        if matches!(section, Scope::Table { .. }) {
            notes.push(format!("failback.toml: {problem} of the databases that are looked at"));
        }
    }
    Ok(())
}

fn names(database: &DatabaseRecord) -> impl Iterator<Item = (&str, String)> {
    let carried = database.tables.iter().flat_map(|table| [&table.name, &table.new.name]);
    let others = database.new_only.iter().map(|table| &table.name).chain(database.left_out.iter().map(|one| &one.name));
    carried.chain(others).map(|name| (database.name.as_str(), name.to_string()))
}
