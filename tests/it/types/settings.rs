//! Settings of a database or a role change how values are printed and read. They change nothing here.

use failback::name::{Ident, Side};

use super::super::support;
use super::{fill, prepare, prove, run_all};

/// Settings that print or read values in another way, or rows at all, one side against the other.
const OLD: &[(&str, &str)] = &[
    ("lc_monetary", "ja_JP.UTF-8"),
    ("xmloption", "document"),
    ("IntervalStyle", "sql_standard"),
    ("DateStyle", "SQL, DMY"),
    ("bytea_output", "escape"),
    ("extra_float_digits", "-15"),
    ("array_nulls", "off"),
    ("quote_all_identifiers", "on"),
    ("transform_null_equals", "on"),
    ("standard_conforming_strings", "off"),
    ("backslash_quote", "on"),
    ("default_transaction_isolation", "serializable"),
    ("default_transaction_deferrable", "on"),
    ("session_replication_role", "replica"),
    ("row_security", "off"),
    ("client_encoding", "LATIN1"),
    ("TimeZone", "Asia/Kathmandu"),
    ("search_path", "made, typed, public"),
    ("default_text_search_config", "pg_catalog.german"),
    ("xmlbinary", "hex"),
    ("statement_timeout", "600000"),
    ("lock_timeout", "1"),
    ("idle_in_transaction_session_timeout", "1"),
    ("default_tablespace", "pg_global"),
    ("constraint_exclusion", "on"),
    ("enable_seqscan", "off"),
    ("escape_string_warning", "off"),
];

const NEW: &[(&str, &str)] = &[
    ("lc_monetary", "C"),
    ("IntervalStyle", "iso_8601"),
    ("DateStyle", "German, MDY"),
    ("bytea_output", "hex"),
    ("extra_float_digits", "0"),
    ("default_transaction_read_only", "on"),
    ("default_transaction_isolation", "serializable"),
    ("client_encoding", "EUC_JP"),
    ("TimeZone", "America/St_Johns"),
    ("gin_fuzzy_search_limit", "1"),
    ("synchronize_seqscans", "off"),
    ("quote_all_identifiers", "on"),
    ("transform_null_equals", "on"),
    ("array_nulls", "off"),
    ("standard_conforming_strings", "off"),
    ("session_replication_role", "replica"),
    ("search_path", "typed, made, pg_catalog"),
    ("xmloption", "document"),
    ("xmlbinary", "hex"),
    ("lock_timeout", "1"),
    ("idle_in_transaction_session_timeout", "1"),
    ("enable_indexscan", "off"),
];

/// The types whose text a setting changes, and some that hold them.
const TOUCHED: &[&str] = &[
    "money",
    "xml",
    "bytea",
    "float4",
    "float8",
    "numeric",
    "interval",
    "date",
    "time",
    "timetz",
    "timestamp",
    "timestamptz",
    "text",
    "char",
    "regclass",
    "regtype",
    "regprocedure",
    "tstzrange",
    "tsrange",
    "daterange",
    "point",
    "polygon",
    "tsvector",
    "tsquery",
    "jsonb",
    "hstore",
    "cube",
    "seg",
    "pair",
    "a Label",
    "mystery",
    "words",
];

#[test]
fn settings_of_a_database_and_a_role_change_no_value() {
    let pair = support::pair("settings");
    let mut left_out = Vec::new();
    let subjects: Vec<_> =
        prepare(&pair, &mut left_out).into_iter().filter(|subject| TOUCHED.contains(&subject.name.as_str())).collect();
    assert!(subjects.len() >= TOUCHED.len(), "{left_out:?}");
    fill(&pair, &subjects);
    for (side, settings) in [(Side::Old, OLD), (Side::New, NEW)] {
        let database = Ident::new(&pair.database).sql();
        let list = |name: &str, value: &str| if name == "search_path" { value.to_owned() } else { format!("'{value}'") };
        // On one connection: a database that is read-only by default lets nobody set the next. A locale that the machine lacks
        // is refused by name.
        // Every other one is the role's, which goes over the database's.
        let of = |number: usize| {
            if number.is_multiple_of(2) {
                format!("alter database {database}")
            } else {
                format!("alter role current_user in database {database}")
            }
        };
        let statements: Vec<_> = settings
            .iter()
            .enumerate()
            .map(|(number, (name, value))| format!("{} set {name} = {}", of(number), list(name, value)))
            .collect();
        run_all(pair.url(side), &statements);
    }
    let printed = support::value(&pair.old, "select 1234::money::text");
    assert!(printed.is_some_and(|text| !text.contains('.')), "money has no fraction under OLD's lc_monetary");
    prove(pair, &subjects);
}
