//! What a server's tables hold, as digests of their rows. Read without failback's own code, so that the check is independent of
//! it.
//!
//! Comes in: a server. Goes out: for every table of the estate each row's key and an MD5 of the row's text, both made by the
//! server. Comparing two pictures tells what is the same without failback's engine having any part in it.
//! Never: looks at failback's ledger, which is not part of the estate.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::Client;

use super::cluster::Cluster;
use super::estate::{connect, databases, fault, parse};
use crate::error::{Error, ErrorKind, Place, Result};
use crate::name::{Ident, QualifiedName};

/// A table of a database.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TableAt {
    /// The database's name, the same on both sides.
    pub(super) database: String,
    /// The table by OLD's name, as `schema.name`.
    pub(super) table: QualifiedName,
}

/// Rows by key; the values are digests.
pub(super) type Rows = BTreeMap<String, u128>;

/// The rows of every table.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Picture {
    tables: BTreeMap<TableAt, Rows>,
}

/// The tables that have a primary key, with an expression of alias `t` for it. Partitions are part of their table.
const TABLES: &str = "
    select n.nspname, c.relname, 'row(' || string_agg(format('t.%I', a.attname), ', ' order by a.attnum) || ')::text'
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    join pg_index i on i.indrelid = c.oid and i.indisprimary
    join pg_attribute a on a.attrelid = c.oid and a.attnum = any (i.indkey)
    where n.nspname not like 'pg\\_%' and n.nspname not in ('information_schema', 'failback')
      and c.relkind in ('r', 'p') and not c.relispartition and c.relpersistence = 'p'
    group by 1, 2 order by 1, 2";

impl Picture {
    /// Takes a picture of the estate's databases on a server; `suffix` is what their names end in there.
    pub(super) async fn take(server: &Cluster, suffix: &str) -> Result<Self> {
        Self::take_of(server, suffix, &databases()).await
    }

    /// Takes a picture of some of them.
    pub(super) async fn take_of(server: &Cluster, suffix: &str, databases: &[&str]) -> Result<Self> {
        let mut picture = Self::default();
        for &database in databases {
            let client = connect(&parse(&server.url(&format!("{database}{suffix}")))?).await?;
            for (table, key) in tables(&client).await.place(|| database)? {
                let rows = read(&client, &table, &key).await.place(|| &table)?;
                picture.tables.insert(TableAt { database: database.to_owned(), table }, rows);
            }
        }
        Ok(picture)
    }

    /// Lists the tables.
    pub(super) fn tables(&self) -> impl Iterator<Item = &TableAt> {
        self.tables.keys()
    }

    /// Returns a table's row.
    pub(super) fn row(&self, table: &TableAt, key: &str) -> Option<u128> {
        self.tables.get(table)?.get(key).copied()
    }

    /// Lists a table's keys.
    pub(super) fn keys(&self, table: &TableAt) -> impl Iterator<Item = &String> {
        self.tables.get(table).into_iter().flat_map(BTreeMap::keys)
    }

    /// Counts the rows whose keys another picture lacks.
    pub(super) fn missing_in(&self, other: &Self) -> u64 {
        let missing = |(table, rows): (&TableAt, &Rows)| rows.keys().filter(|key| other.row(table, key).is_none()).count();
        self.tables.iter().map(missing).sum::<usize>() as u64
    }

    /// Names the tables that are not, row by row, what they are in another picture; those that only one of them has, too.
    pub(super) fn different_from(&self, other: &Self) -> Vec<String> {
        let all: BTreeSet<_> = self.tables.keys().chain(other.tables.keys()).collect();
        let differs = |table: &&TableAt| self.tables.get(*table) != other.tables.get(*table);
        all.into_iter().filter(differs).map(|table| format!("{}: {}", table.database, table.table)).collect()
    }

    /// Counts the rows of all tables.
    pub(super) fn row_count(&self) -> usize {
        self.tables.values().map(BTreeMap::len).sum()
    }
}

/// Lists the tables of a database with the expressions for their keys.
pub(super) async fn tables(client: &Client) -> Result<Vec<(QualifiedName, String)>> {
    let rows = client.query(TABLES, &[]).await.map_err(|cause| fault("list the tables", cause))?;
    Ok(rows.iter().map(|row| (QualifiedName::new(row.get::<_, String>(0), row.get::<_, String>(1)), row.get(2))).collect())
}

async fn read(client: &Client, table: &QualifiedName, key: &str) -> Result<Rows> {
    let query = format!("select {key}, md5(t::text) from {} t", table.sql());
    let rows = client.query(&query, &[]).await.map_err(|cause| fault("read a table", cause))?;
    rows.iter().map(|row| Ok((row.get(0), digest(row.get(1))?))).collect()
}

fn digest(text: &str) -> Result<u128> {
    u128::from_str_radix(text, 16).map_err(|cause| Error::new(ErrorKind::Malformed, "read an MD5").because(cause))
}

/// One MD5 a table, over all its rows in the order of their keys: equal only if the table is the same byte for byte.
pub(super) async fn fingerprints(server: &Cluster) -> Result<BTreeMap<TableAt, String>> {
    let mut found = BTreeMap::new();
    for database in databases() {
        let client = connect(&parse(&server.url(database))?).await?;
        for (table, key) in tables(&client).await.place(|| database)? {
            let query = format!("select coalesce(md5(string_agg(t::text, chr(10) order by {key})), '') from {} t", table.sql());
            let row = client.query_one(&query, &[]).await.map_err(|cause| fault("read a table", cause)).place(|| &table)?;
            found.insert(TableAt { database: database.to_owned(), table }, row.get(0));
        }
    }
    Ok(found)
}

/// One reference from a child to a parent, on one server.
pub(super) struct Reference {
    /// The child's table.
    pub(super) child: TableAt,
    /// The child's key.
    pub(super) child_key: String,
    /// The parent's table.
    pub(super) parent: TableAt,
}

/// The foreign keys, each as two tables and a condition of the aliases `c` and `p`.
const FOREIGN_KEYS: &str = "
    select cn.nspname, c.relname, pn.nspname, p.relname,
           (select string_agg(format('c.%I = p.%I', ca.attname, pa.attname), ' and ')
            from unnest(k.conkey, k.confkey) u(child, parent)
            join pg_attribute ca on ca.attrelid = k.conrelid and ca.attnum = u.child
            join pg_attribute pa on pa.attrelid = k.confrelid and pa.attnum = u.parent)
    from pg_constraint k
    join pg_class c on c.oid = k.conrelid join pg_namespace cn on cn.oid = c.relnamespace
    join pg_class p on p.oid = k.confrelid join pg_namespace pn on pn.oid = p.relnamespace
    where k.contype = 'f' and k.conparentid = 0 and not c.relispartition";

/// Lists every reference of a child to a parent on a server whose parent is one of `wanted`.
pub(super) async fn references_to(server: &Cluster, wanted: &BTreeMap<TableAt, Vec<String>>) -> Result<Vec<Reference>> {
    let mut found = Vec::new();
    for database in databases() {
        let client = connect(&parse(&server.url(database))?).await?;
        let keys: BTreeMap<QualifiedName, String> = tables(&client).await?.into_iter().collect();
        let foreign = client.query(FOREIGN_KEYS, &[]).await.map_err(|cause| fault("list the foreign keys", cause))?;
        for row in foreign {
            let name =
                |schema: usize, name: usize| QualifiedName::new(row.get::<_, String>(schema), row.get::<_, String>(name));
            let at = |table| TableAt { database: database.to_owned(), table };
            let (child, parent, condition) = (at(name(0, 1)), at(name(2, 3)), row.get::<_, String>(4));
            let (Some(child_key), Some(parent_key)) = (keys.get(&child.table), keys.get(&parent.table)) else { continue };
            let Some(wanted) = wanted.get(&parent) else { continue };
            let (child_key, parent_key) = (child_key.replace("t.", "c."), parent_key.replace("t.", "p."));
            let (from, to) = (child.table.sql(), parent.table.sql());
            let query = format!(
                "select {child_key}, {parent_key} from {from} c join {to} p on {condition} where {parent_key} = any ($1)"
            );
            let rows = client.query(&query, &[wanted]).await.map_err(|cause| fault("follow a foreign key", cause))?;
            found.extend(rows.iter().map(|row| Reference {
                child: child.clone(),
                child_key: row.get(0),
                parent: parent.clone(),
            }));
        }
    }
    Ok(found)
}

/// Returns the name of a database on the server, quoted.
pub(super) fn quoted(database: &str) -> String {
    Ident::new(database).sql()
}
