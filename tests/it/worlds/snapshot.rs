//! What the tables of a world hold at a moment, in memory.

use std::collections::BTreeMap;

use tokio_postgres::{Client, SimpleQueryMessage};

use super::schema::Table;
use super::value::Value;

/// What names a row: the values of its key; in a table without one all values that both sides have, and a number among equals.
pub(super) type RowKey = Vec<Option<String>>;

/// A row's values by column, `None` for NULL.
pub(super) type Row = BTreeMap<String, Option<String>>;

/// One table's rows.
pub(super) type Rows = BTreeMap<RowKey, Row>;

/// Who wrote each row of a table last, by the transaction's number.
pub(super) type Writers = BTreeMap<RowKey, String>;

/// Every table of a world, in the order of the world's tables.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Snapshot {
    pub(super) tables: Vec<Rows>,
}

/// Reads every table of one side; one client a database.
pub(super) async fn take(clients: &[Client], tables: &[Table], on_old: bool) -> Snapshot {
    let mut found = vec![Rows::new(); tables.len()];
    for (database, client) in clients.iter().enumerate() {
        let here: Vec<_> = (0..tables.len()).filter(|number| tables[*number].database == database).collect();
        let queries: Vec<_> = here.iter().map(|number| query(&tables[*number], on_old)).collect();
        let messages = client.simple_query(&queries.join(";")).await.expect("the tables of a world");
        let mut numbers = here.into_iter();
        let mut number = numbers.next();
        for message in messages {
            match (message, number) {
                (SimpleQueryMessage::Row(row), Some(number)) => {
                    let names = row.columns().iter().map(|column| column.name().to_owned());
                    let row: Row = names.enumerate().map(|(at, name)| (name, row.get(at).map(str::to_owned))).collect();
                    insert(&mut found[number], &tables[number], row);
                }
                (SimpleQueryMessage::CommandComplete(_), _) => number = numbers.next(),
                _ => {}
            }
        }
    }
    Snapshot { tables: found }
}

/// Who wrote each row last, by the transaction's number; tables without a key have none.
pub(super) async fn writers(clients: &[Client], tables: &[Table]) -> Vec<Writers> {
    let mut found = Vec::new();
    for table in tables {
        let keys: Vec<_> = table.key.columns().iter().map(|(name, _)| format!(", {name}::text as {name}")).collect();
        let query = format!("select xmin::text{} from {}", keys.concat(), table.name);
        let rows = if table.is_keyed() { clients[table.database].query(&query, &[]).await } else { Ok(Vec::new()) };
        let rows = rows.expect("the rows' writers");
        let key = |row: &tokio_postgres::Row| (1..=keys.len()).map(|at| row.get(at)).collect::<RowKey>();
        found.push(rows.iter().map(|row| (key(row), row.get(0))).collect());
    }
    found
}

fn query(table: &Table, on_old: bool) -> String {
    let mut columns = table.columns();
    if table.extra && on_old {
        columns.push("extra".to_owned());
    }
    let shown = |name: &str| table.value.filter(|_| name == "x").map_or(name.to_owned(), |value| value.shown().to_owned());
    let list: Vec<_> = columns.iter().map(|name| format!("({})::text as {name}", shown(name))).collect();
    format!("select {} from {} order by 1, 2", list.join(", "), table.name)
}

fn insert(rows: &mut Rows, table: &Table, row: Row) {
    let mut key = key_of(table, &row);
    if !table.is_keyed() {
        let alike = rows.keys().filter(|known| known[..key.len()] == key[..]).count();
        key.push(Some((alike + 1).to_string()));
    }
    rows.insert(key, row);
}

/// A row's key; of a table without one its values, without the number among equals.
pub(super) fn key_of(table: &Table, row: &Row) -> RowKey {
    let value = |name: &str| row.get(name).cloned().flatten();
    if table.is_keyed() {
        table.key.columns().iter().map(|(name, _)| value(name)).collect()
    } else {
        table.columns().iter().map(|name| value(name)).collect()
    }
}

/// Whether a row's values may be alike on both sides and spelt otherwise, which makes two of them.
pub(super) fn may_be_respelt(table: &Table, row: Option<&Row>) -> bool {
    table.value.is_some_and(Value::is_spelt_by_side) && row.is_some_and(|row| row.get("x").is_some_and(Option::is_some))
}

/// Whether both sides have a row and their stamps say that the two were not created as one.
pub(super) fn created_apart(old: Option<&Row>, new: Option<&Row>) -> bool {
    let created = |row: Option<&Row>| row.and_then(|row| row.get("created_at").cloned());
    old.is_some() && new.is_some() && created(old) != created(new)
}

/// Whether two rows have the same values in the columns that both sides have.
pub(super) fn agree(table: &Table, left: Option<&Row>, right: Option<&Row>) -> bool {
    match (left, right) {
        (None, None) => true,
        (Some(left), Some(right)) => table.columns().iter().all(|name| left.get(name) == right.get(name)),
        _ => false,
    }
}
