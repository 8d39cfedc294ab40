//! The catalog, read from a real server with awkward schemas.

mod access;
mod columns;
mod keys;
mod relations;
mod server;
mod versions;

use failback::catalog::Catalog;
use failback::name::{Ident, QualifiedName};
use failback::schema::{Table, UniqueIndex};

const AWKWARD: &str = include_str!("../../../fixtures/schemas/awkward.sql");
const WEIRD: &str = "we\"ird.Schema\ntwo";

fn table<'a>(catalog: &'a Catalog, schema: &str, name: &str) -> &'a Table {
    let name = QualifiedName::new(schema, name);
    catalog.tables.iter().find(|table| table.name == name).unwrap_or_else(|| panic!("{name} is no table"))
}

fn index<'a>(table: &'a Table, name: &str) -> &'a UniqueIndex {
    table.unique_indexes.iter().find(|index| index.name.as_str() == name).unwrap_or_else(|| panic!("{name} is not listed"))
}

fn idents(names: &[&str]) -> Vec<Ident> {
    names.iter().copied().map(Ident::from).collect()
}
