//! Digests of keys, by which OLD remembers the rows that merges brought to it: 16 bytes a key, whatever its type. OLD itself
//! computes them, from values of its own types, so that one key has one digest.

use super::read::given_keys;
use super::{LoadTable, RowSource};
use crate::name::Ident;

/// How many keys go into one row of the memory: a megabyte.
const KEYS_A_ROW: u32 = 1 << 16;

/// Remembers the keys of a load table's rows, whose parameter is the table's name: those that stand on OLD once the load is
/// carried out, and those that are gone. `ledger` is the ledger's schema.
#[must_use]
pub fn remember_keys(load: &LoadTable<'_>, ledger: &Ident) -> String {
    format!(
        "insert into {}.brought (relation, stands, keys) \
         select $1, k.stands, pg_catalog.string_agg(k.digest, ''::pg_catalog.bytea) from \
         (select s.op <> 'd' as stands, s.ord / {KEYS_A_ROW} as part, {} as digest from {} s) k \
         group by k.part, k.stands order by k.part",
        ledger.sql(),
        digest(&load.key_values()),
        load.qualified()
    )
}

/// Asks for the digests of keys, in their order. `keys` holds one list a key column, all equally long.
#[must_use]
pub fn key_digests(source: RowSource<'_>, keys: &[Vec<String>]) -> String {
    let (given, values) = given_keys(source, keys);
    format!("select {} from {given} order by k.ord", digest(&values))
}

/// A record's text quotes its fields, so that no two different keys print alike; sent, so that it has no encoding.
fn digest(values: &[String]) -> String {
    let text = format!("pg_catalog.textsend(row({})::text)", values.join(", "));
    format!("pg_catalog.substring(pg_catalog.sha256({text}), 1, 16)")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::{QualifiedName, Side};
    use crate::schema::{ComparisonKey, KeyColumn, KeyOrder};

    #[test]
    fn keys_are_digested_in_olds_own_types() {
        let table = QualifiedName::new("public", "t");
        let columns = vec![
            KeyColumn::plain(Ident::new("id"), KeyOrder::Integer, "bigint"),
            KeyColumn::plain(Ident::new("tags"), KeyOrder::Text, "text[]"),
        ];
        let key = ComparisonKey::Columns { columns };
        let source = RowSource { table: &table, partitioned: false, key: &key, side: Side::Old };
        assert_eq!(
            key_digests(source, &[vec!["7".to_owned()], vec!["{a}".to_owned()]]),
            "select pg_catalog.substring(pg_catalog.sha256(pg_catalog.textsend(row(k.k0, k.k1::text[])::text)), 1, 16) \
             from unnest('{\"7\"}'::bigint[], '{\"{a}\"}'::text[]) with ordinality as k(k0, k1, ord) order by k.ord"
        );
    }
}
