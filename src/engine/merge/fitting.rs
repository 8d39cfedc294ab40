//! Whether OLD's table of today still has a place for what a merge wrote.

use crate::catalog::Catalog;
use crate::schema::{PgType, Table};
use crate::staging::TableRecord;

/// Finds the table as it is today, if every column that the merge wrote, or compared, is still there and of the same type. A
/// column is known by its number as well, unless OLD came from a dump (`is_same_server`).
pub(crate) fn fitting<'t>(today: &'t Catalog, known: &TableRecord, is_same_server: bool) -> Result<&'t Table, String> {
    let Some(now) = today.tables.iter().find(|now| now.name == known.name) else {
        return Err("the table no longer exists on OLD".to_owned());
    };
    for column in known.layout.columns.iter().filter(|column| column.old.is_present()) {
        let Some(then) = known.old.column(&column.name) else { continue };
        let moved = now.columns.iter().filter(|_| is_same_server && then.number != 0);
        let moved = moved.into_iter().find(|found| found.number == then.number && found.name != column.name);
        match (now.column(&column.name), moved) {
            (None, Some(moved)) => return Err(format!("column {} is called {} on OLD now", column.name, moved.name)),
            (Some(_), Some(moved)) => {
                return Err(format!(
                    "column {} is called {} on OLD now, and another one has its name",
                    column.name, moved.name
                ));
            }
            (None, None) => return Err(format!("column {} no longer exists on OLD", column.name)),
            (Some(found), None) if !is_same_type(&found.data_type, &then.data_type) || found.generated != then.generated => {
                return Err(format!("column {} has changed its type on OLD", column.name));
            }
            (Some(_), None) => {}
        }
    }
    if known.key.is_whole_row() && now.columns.len() != known.old.columns.len() {
        return Err("the table has no key, and its columns have changed on OLD".to_owned());
    }
    Ok(now)
}

/// Whether a type is what it was, as far as it is known: an earlier failback did not ask what composite types are made of.
fn is_same_type(now: &PgType, then: &PgType) -> bool {
    let known = if then.attributes.is_empty() { &PgType { attributes: Vec::new(), ..now.clone() } } else { now };
    known == then
}
