//! Columns that sequences number.

use tokio_postgres::{Client, Row};

use super::fact;
use crate::error::Result;
use crate::name::{Ident, QualifiedName};
use crate::schema::{NumberForm, NumberedColumn};

const SQL: &str = include_str!("../../sql/catalog/numbered_column.sql");

/// Looks up columns by table and name. One that is not there is missing in the answer.
///
/// # Errors
/// `Server` if the query fails, `Malformed` if an answer makes no sense.
pub async fn numbered_columns(client: &Client, wanted: &[(QualifiedName, Ident)]) -> Result<Vec<NumberedColumn>> {
    let schemas: Vec<_> = wanted.iter().map(|(table, _)| table.schema.as_str()).collect();
    let tables: Vec<_> = wanted.iter().map(|(table, _)| table.name.as_str()).collect();
    let columns: Vec<_> = wanted.iter().map(|(_, column)| column.as_str()).collect();
    let rows = client.query(SQL, &[&schemas, &tables, &columns]).await;
    let rows = rows.map_err(|error| crate::pg::describe("look up numbered columns", error))?;
    let read = |row| {
        Ok(NumberedColumn {
            at: usize::try_from(fact::get_count(row, "at")?).unwrap_or(usize::MAX).saturating_sub(1),
            form: form(row)?,
            range: (fact::get(row, "least")?, fact::get(row, "greatest")?),
            schema_open: fact::get(row, "schema_open")?,
            may_read: fact::get(row, "may_read")?,
            shielded: fact::get(row, "shielded")?,
            foreign_rows: fact::get(row, "foreign_rows")?,
        })
    };
    rows.iter().map(read).collect()
}

fn form(row: &Row) -> Result<Option<NumberForm>> {
    Ok(match fact::get::<Option<String>>(row, "form")?.as_deref() {
        Some("whole") => Some(NumberForm::Whole),
        Some("fractional") => Some(NumberForm::Fractional),
        Some("text") => Some(NumberForm::Text),
        _ => None,
    })
}
