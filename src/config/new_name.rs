//! What NEW calls a table, and that no two tables are to be one there.

use std::collections::BTreeMap;

use crate::error::{Error, ErrorKind, Result};
use crate::policy::Scope;

/// NEW's name of a table, and where it stands in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NewName {
    pub(super) name: String,
    pub(super) place: String,
}

/// NEW's names by OLD's.
type Names<'a> = BTreeMap<String, &'a NewName>;

/// # Errors
/// [`ErrorKind::Config`] where two tables of one database are to be the same table of NEW's: one of them would find no rows.
pub(super) fn expect_distinct<'a>(names: impl Iterator<Item = (Scope, &'a NewName)>) -> Result<()> {
    let (mut everywhere, mut databases) = (Names::new(), BTreeMap::<String, Names<'_>>::new());
    for (scope, name) in names {
        match scope {
            Scope::Defaults => {}
            Scope::Table { table } => drop(everywhere.insert(table, name)),
            Scope::DatabaseTable { database, table } => drop(databases.entry(database).or_default().insert(table, name)),
        }
    }
    expect_distinct_names(&everywhere)?;
    for own in databases.into_values() {
        let mut names = everywhere.clone();
        names.extend(own);
        expect_distinct_names(&names)?;
    }
    Ok(())
}

fn expect_distinct_names(names: &Names<'_>) -> Result<()> {
    let mut known: BTreeMap<&str, (&str, &NewName)> = BTreeMap::new();
    for (table, new) in names {
        if let Some((other, before)) = known.insert(&new.name, (table, new)) {
            let cause = format!(
                "`{other}` and `{table}` are both to be NEW's `{}`, at {} and at {}: a table of NEW's answers to one of OLD's",
                new.name, before.place, new.place
            );
            return Err(Error::new(ErrorKind::Config, "read the configuration").at(&new.place).because(cause));
        }
    }
    Ok(())
}
