//! What a server or the network said, as an error of ours.
//!
//! Comes in: the driver's error. Goes out: kind, and a cause that names SQLSTATE, message, constraint, table, column and hint.
//! Never: passes on DETAIL or CONTEXT, which quote rows. Messages of class 22 (data exceptions) quote the value that did not
//! fit, so what stands between their double quotes is left out. A message raised by the estate's own triggers is passed on as
//! it is: only its author knows what it quotes.

use std::error::Error as StdError;
use std::fmt;

use tokio_postgres::error::{DbError, Severity};

use super::sqlstate as conditions;
use crate::error::{Error, ErrorKind};
use crate::name::Side;

/// A server's error without the parts that quote rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerFault {
    /// The five characters of the SQLSTATE.
    pub sqlstate: String,
    /// The primary message.
    pub message: String,
    /// The server's hint.
    pub hint: Option<String>,
    /// The schema of the relation at fault.
    pub schema: Option<String>,
    /// The relation at fault.
    pub table: Option<String>,
    /// The column at fault.
    pub column: Option<String>,
    /// The constraint at fault.
    pub constraint: Option<String>,
    /// Whether the server ended the session with it, so that nothing it was still to say can be heard.
    pub ends_session: bool,
    /// Whether another session changed a definition while the server was about to use it.
    pub redefined: bool,
}

impl ServerFault {
    pub(super) fn from_db(error: &DbError) -> Self {
        let sqlstate = error.code().code().to_owned();
        let own = |text: Option<&str>| text.map(str::to_owned);
        Self {
            message: without_values(&sqlstate, error.message()),
            redefined: is_redefined(&sqlstate, error.message(), error.routine()),
            sqlstate,
            hint: own(error.hint()),
            schema: own(error.schema()),
            table: own(error.table()),
            column: own(error.column()),
            constraint: own(error.constraint()),
            ends_session: !matches!(error.parsed_severity(), Some(Severity::Error)),
        }
    }

    /// Returns the name of the SQLSTATE, for those that a recovery is likely to meet.
    #[must_use]
    pub fn condition(&self) -> Option<&'static str> {
        conditions::name(&self.sqlstate)
    }

    /// Returns the kind that this SQLSTATE means for a statement.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self.sqlstate.as_str() {
            _ if self.redefined => ErrorKind::Contention,
            "55P03" | "57014" => ErrorKind::Timeout,
            code if code.starts_with("40") => ErrorKind::Contention,
            code if code.starts_with("53") => ErrorKind::ServerFull,
            "42501" => ErrorKind::Permission,
            code if code.starts_with("28") => ErrorKind::Permission,
            code if code.starts_with("08") || code.starts_with("57P0") => ErrorKind::Connect,
            _ => ErrorKind::Server,
        }
    }
}

impl fmt::Display for ServerFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgreSQL {}", self.sqlstate)?;
        if let Some(name) = conditions::name(&self.sqlstate) {
            write!(f, " {name}")?;
        }
        write!(f, ": {}", self.message)?;
        if let Some(constraint) = &self.constraint {
            write!(f, ", constraint {constraint}")?;
        }
        match (&self.schema, &self.table) {
            (Some(schema), Some(table)) => write!(f, ", table {schema}.{table}")?,
            (None, Some(table)) => write!(f, ", table {table}")?,
            _ => {}
        }
        if let Some(column) = &self.column {
            write!(f, ", column {column}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "; {hint}")?;
        }
        Ok(())
    }
}

impl StdError for ServerFault {}

/// Turns a driver's error into one of ours. `what` is verb and object, as "copy rows out".
#[must_use]
pub fn fault(side: Side, what: &str, error: tokio_postgres::Error) -> Error {
    describe(what, error).at(side)
}

/// Returns what the server said, from an error made by [`fault`], also from below other causes.
#[must_use]
pub fn server_fault(error: &Error) -> Option<&ServerFault> {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(fault) = inner.downcast_ref::<ServerFault>() {
            return Some(fault);
        }
        cause = inner.source();
    }
    None
}

/// Returns the SQLSTATE of what the server said.
#[must_use]
pub fn sqlstate(error: &Error) -> Option<&str> {
    server_fault(error).map(|fault| fault.sqlstate.as_str())
}

/// As [`fault`], without a place.
#[must_use]
pub fn describe(what: &str, error: tokio_postgres::Error) -> Error {
    if let Some(db) = error.as_db_error() {
        let fault = ServerFault::from_db(db);
        return Error::new(fault.kind(), what).because(fault);
    }
    let gone = error.is_closed() || io_of(&error).is_some();
    Error::new(if gone { ErrorKind::Connect } else { ErrorKind::Malformed }, what).because(error)
}

/// Returns the input/output error at the root of a driver's error.
pub(super) fn io_of(error: &tokio_postgres::Error) -> Option<&std::io::Error> {
    let is_answer = error.to_string() == "error parsing response from server";
    error.source().filter(|_| !is_answer).and_then(|source| source.downcast_ref::<std::io::Error>())
}

/// Whether a definition was changed under the server's hands. It has no SQLSTATE for that: internal errors, whose messages are
/// the same in every language, and a statement whose answer has other columns than when it was prepared.
fn is_redefined(sqlstate: &str, message: &str, routine: Option<&str>) -> bool {
    const BEGINS: [&str; 4] = [
        "cache lookup failed for ",
        "could not open relation with OID ",
        "tuple concurrently updated",
        "tuple concurrently deleted",
    ];
    match sqlstate {
        "XX000" => BEGINS.iter().any(|begins| message.starts_with(begins)),
        "0A000" => routine == Some("RevalidateCachedQuery"),
        _ => false,
    }
}

fn without_values(sqlstate: &str, message: &str) -> String {
    match (message.find('"'), message.rfind('"')) {
        // From the first quote to the last: the value may hold quotes of its own.
        (Some(first), Some(last)) if sqlstate.starts_with("22") && first < last => {
            format!("{}\"…\"{}", &message[..first], &message[last + 1..])
        }
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(sqlstate: &str) -> ServerFault {
        ServerFault {
            sqlstate: sqlstate.to_owned(),
            message: "it failed".to_owned(),
            hint: Some("try again".to_owned()),
            schema: Some("public".to_owned()),
            table: Some("orders".to_owned()),
            column: None,
            constraint: Some("orders_fk".to_owned()),
            ends_session: false,
            redefined: false,
        }
    }

    #[test]
    fn the_cause_is_one_sentence() {
        assert_eq!(
            with("23503").to_string(),
            "PostgreSQL 23503 foreign_key_violation: it failed, constraint orders_fk, table public.orders; try again"
        );
    }

    #[test]
    fn sqlstates_decide_the_kind() {
        for (code, kind) in [
            ("08006", ErrorKind::Connect),
            ("57P01", ErrorKind::Connect),
            ("57014", ErrorKind::Timeout),
            ("55P03", ErrorKind::Timeout),
            ("28P01", ErrorKind::Permission),
            ("42501", ErrorKind::Permission),
            ("40P01", ErrorKind::Contention),
            ("40001", ErrorKind::Contention),
            ("53100", ErrorKind::ServerFull),
            ("53300", ErrorKind::ServerFull),
            ("23505", ErrorKind::Server),
        ] {
            assert_eq!(with(code).kind(), kind, "{code}");
        }
    }

    #[test]
    fn a_definition_that_changes_under_the_servers_hands_is_of_the_moment() {
        for (code, message, routine) in [
            ("XX000", "cache lookup failed for type 16393", "getBaseTypeAndTypmod"),
            ("XX000", "could not open relation with OID 16395", "relation_open"),
            ("XX000", "tuple concurrently updated", "simple_heap_update"),
            ("0A000", "das zwischengespeicherte Plan darf den Ergebnistyp nicht \u{e4}ndern", "RevalidateCachedQuery"),
        ] {
            assert!(is_redefined(code, message, Some(routine)), "{code} {message}");
            let fault = ServerFault { redefined: true, ..with(code) };
            assert_eq!(fault.kind(), ErrorKind::Contention, "{code}");
        }
        assert!(!is_redefined("XX000", "invalid memory alloc request size 1073741824", Some("palloc")));
        assert!(!is_redefined("0A000", "cannot copy from view \"v\"", Some("BeginCopyTo")));
    }

    #[test]
    fn the_sqlstate_can_be_read_from_below() {
        let inner = Error::new(ErrorKind::Server, "insert rows").because(with("40001"));
        assert_eq!(sqlstate(&Error::new(ErrorKind::Server, "merge").because(inner)), Some("40001"));
    }

    #[test]
    fn values_are_left_out_of_data_exceptions() {
        let message = r#"invalid input syntax for type integer: "sec"ret""#;
        assert_eq!(without_values("22P02", message), r#"invalid input syntax for type integer: "…""#);
        assert_eq!(without_values("42P01", r#"relation "x" does not exist"#), r#"relation "x" does not exist"#);
    }
}
