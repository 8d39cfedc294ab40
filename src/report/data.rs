//! What the script works with, as JSON.

use std::collections::BTreeMap;

use serde::Serialize;

use super::html::Html;
use crate::delta::Class;
use crate::engine::{Account, TableAccount, TableColumn};
use crate::policy::Resolution;
use crate::text::tame_json;

/// What is so of all tables.
#[derive(Serialize)]
struct About<'a> {
    run: &'a str,
    diff_blake3: &'a str,
    values: bool,
    planned: bool,
    classes: BTreeMap<&'static str, ClassText>,
    tables: Vec<TableText<'a>>,
}

/// What a class is, and what may be decided about its rows.
#[derive(Serialize)]
struct ClassText {
    meaning: &'static str,
    allowed: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    applying: Option<&'static str>,
}

/// A table; its rows are in an element of their own.
#[derive(Serialize)]
struct TableText<'a> {
    database: &'a str,
    table: &'a str,
    columns: &'a [TableColumn],
    differing: u64,
    shown: u64,
}

/// Writes the data of all tables, each table's rows by themselves: they are read once somebody looks at them.
pub(super) fn write(html: &mut Html, account: &Account) {
    html.json("about", &about(account));
    for (number, table) in account.tables.iter().enumerate().filter(|(_, table)| table.rows.rows > 0) {
        html.json(&format!("rows-{number}"), &table.rows.json);
    }
}

fn about(account: &Account) -> String {
    let class = |class: &Class| {
        let allowed = class.allowed().iter().map(|resolution: &Resolution| resolution.word()).collect();
        (class.word(), ClassText { meaning: class.meaning(), allowed, applying: class.applying() })
    };
    let about = About {
        run: &account.id,
        diff_blake3: &account.diff_blake3,
        values: account.values,
        planned: account.actions.is_some(),
        classes: Class::DECIDABLE.iter().map(class).collect(),
        tables: account.tables.iter().map(text).collect(),
    };
    // It holds nothing that JSON cannot; should it ever, the page says everything but its rows.
    tame_json(&serde_json::to_string(&about).unwrap_or_default())
}

fn text(table: &TableAccount) -> TableText<'_> {
    TableText {
        database: &table.database,
        table: &table.table,
        columns: &table.columns,
        differing: table.differing(),
        shown: table.rows.rows,
    }
}
