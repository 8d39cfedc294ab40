//! Facts in the catalog's answers: taking them from a row by name, and what to say when they are not there.

use std::error::Error as _;

use tokio_postgres::types::{FromSql, WasNull};
use tokio_postgres::{Client, Row};

use super::ByTable;
use crate::error::{Error, ErrorKind, Result};
use crate::name::Ident;
use crate::pg::describe;

/// Runs a catalog query without parameters.
pub(super) async fn list(client: &Client, what: &str, sql: &str) -> Result<Vec<Row>> {
    client.query(sql, &[]).await.map_err(|error| describe(what, error))
}

/// Takes one column of an answer. The tables of the catalog are read under a snapshot, and the server prints a definition as of
/// now: where there is nothing to print any more, somebody has changed it in between.
pub(super) fn get<'a, T: FromSql<'a>>(row: &'a Row, column: &str) -> Result<T> {
    row.try_get(column).map_err(|error| {
        let is_gone = error.source().is_some_and(<dyn std::error::Error>::is::<WasNull>);
        let kind = if is_gone { ErrorKind::Contention } else { ErrorKind::Malformed };
        let error = Error::new(kind, "read the catalog").at(format!("answer column {column}")).because(error);
        if is_gone {
            error.next("a definition was changed while it was read; a retry is safe: run the same command again")
        } else {
            error
        }
    })
}

/// Takes a count or size, which the server sends as a signed number. Never negative in earnest.
pub(super) fn get_count(row: &Row, column: &str) -> Result<u64> {
    Ok(u64::try_from(get::<i64>(row, column)?).unwrap_or(0))
}

/// Takes a name.
pub(super) fn get_ident(row: &Row, column: &str) -> Result<Ident> {
    Ok(Ident::new(get::<String>(row, column)?))
}

/// Takes a list of names.
pub(super) fn get_idents(row: &Row, column: &str) -> Result<Vec<Ident>> {
    Ok(get::<Vec<String>>(row, column)?.into_iter().map(Ident::new).collect())
}

/// Takes a code of the type `"char"`, a single byte; `\0` stands for none.
pub(super) fn get_code(row: &Row, column: &str) -> Result<char> {
    Ok(char::from(get::<i8>(row, column)?.cast_unsigned()))
}

/// Returns the error for a code that no supported server is known to use.
pub(super) fn unknown(what: &str, code: impl std::fmt::Debug) -> Error {
    Error::new(ErrorKind::Malformed, "read the catalog").because(format!("{what} is {code:?}, which is not known here"))
}

/// Gathers facts under the table that they belong to, in the order of the answer.
pub(super) fn by_table<T>(rows: &[Row], fact: impl Fn(&Row) -> Result<T>) -> Result<ByTable<T>> {
    let mut gathered = ByTable::new();
    for row in rows {
        gathered.entry(get(row, "table_oid")?).or_default().push(fact(row)?);
    }
    Ok(gathered)
}
