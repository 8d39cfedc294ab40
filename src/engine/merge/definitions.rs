//! OLD's definitions of the tables that a transaction writes, read once they are locked: from then on nobody changes them; and
//! before that, so that a change is told as one, and not by the first statement that stumbles over it.

use crate::catalog;
use crate::engine::plan::{Direction, definition_digest};
use crate::error::{Error, ErrorKind, Result};
use crate::pg::{Session, server_fault};
use crate::schema::{Column, Table};
use crate::staging::{DatabasePlan, DatabaseRecord};

/// What to do where a table is no longer what it was.
pub(crate) const ANOTHER_RUN: &str = "make a new run with `failback export`, or take the table out with --tables";

/// # Errors
/// `Refused` where a table that the plan writes has been dropped or altered since it was exported.
pub(crate) async fn expect_same(old: &Session, part: &DatabasePlan, record: &DatabaseRecord) -> Result<()> {
    let catalog = catalog::read(old.client()).await?;
    for table in part.tables.iter().filter(|table| table.written_rows() > 0) {
        let moved = |cause: &str| {
            Error::new(ErrorKind::Refused, "check the tables' definitions").at(&table.name).because(cause).next(ANOTHER_RUN)
        };
        let now = catalog
            .tables
            .iter()
            .find(|now| now.name == table.name)
            .ok_or_else(|| moved("the table no longer exists on OLD"))?;
        if definition_digest(now)? != table.definition {
            let changed = changes(&record.table(table.id)?.old, now);
            return Err(moved(&format!("the table on OLD has changed since the export: {}", changed.join("; "))));
        }
    }
    Ok(())
}

/// Says what of a definition is no longer as it was; at least one thing.
fn changes(then: &Table, now: &Table) -> Vec<String> {
    let mut found = Vec::new();
    for column in &then.columns {
        let is_it = |other: &&Column| other.number == column.number && column.number != 0;
        match now.columns.iter().find(|other| other.name == column.name) {
            Some(other) if Column { number: 0, ..other.clone() } == Column { number: 0, ..column.clone() } => {}
            Some(_) => found.push(format!("column {} is another one", column.name)),
            None => found.push(match now.columns.iter().find(is_it) {
                Some(other) => format!("column {} is called {}", column.name, other.name),
                None => format!("column {} is gone", column.name),
            }),
        }
    }
    let is_new = |column: &&Column| {
        then.columns.iter().all(|known| known.name != column.name && (known.number == 0 || known.number != column.number))
    };
    found.extend(now.columns.iter().filter(is_new).map(|column| format!("column {} has come", column.name)));
    let differs = [
        (
            then.unique_indexes != now.unique_indexes || then.exclusives != now.exclusives,
            "its unique and exclusion constraints",
        ),
        (then.foreign_keys != now.foreign_keys, "its foreign keys"),
        (then.triggers != now.triggers, "its triggers"),
    ];
    found.extend(differs.into_iter().filter(|(differs, _)| *differs).map(|(_, what)| what.to_owned()));
    if found.is_empty() {
        found.push("its columns, keys or triggers".to_owned());
    }
    found
}

/// A row that OLD no longer takes, by a constraint or for want of a partition: the plan tried its rows, so this came since.
pub(crate) fn untaken(error: Error, direction: Direction) -> Error {
    if server_fault(&error).is_none_or(|fault| fault.sqlstate != "23514") {
        return error;
    }
    let refused = Error::new(ErrorKind::Refused, "write rows that OLD takes");
    match direction {
        Direction::Forward => refused
            .because(
                Error::new(
                    ErrorKind::Refused,
                    "a constraint, or where its partitions end, keeps a planned row out, and did not before",
                )
                .because(error),
            )
            .next("run `failback plan` again: it tries the rows, and holds those that OLD does not take")
            .next("or change the table back, where it was changed by mistake"),
        Direction::Back => refused
            .because(
                Error::new(
                    ErrorKind::Refused,
                    "a constraint, or where its partitions end, keeps a row out that was there before the merge",
                )
                .because(error),
            )
            .next("change the table back, or loosen the constraint, and run the same command again"),
    }
}
