//! Digests of keys, by which OLD remembers the rows that merges brought to it: 16 bytes a digest, whatever the key's type. OLD
//! itself computes them, from values of its own types. A key has one digest of how it is spelt, and, where OLD may call keys
//! equal that are spelt otherwise, one of what its server hashes them to, which is the same for all spellings.

use super::read::given_keys;
use super::value::convert;
use super::{LoadTable, RowSource};
use crate::name::{Ident, literal};
use crate::schema::{Common, RememberedKey};

/// How many keys go into one row of the memory: a megabyte, or two.
const KEYS_A_ROW: u32 = 1 << 16;

/// Remembers the keys of a load table's rows: those that stand on OLD once the load is carried out, and those that are gone.
/// Its parameters are the table's name and the key's. `ledger` is the ledger's schema.
#[must_use]
pub fn remember_keys(load: &LoadTable<'_>, key: &RememberedKey, ledger: &Ident) -> String {
    let (spelt, equal) = digests(load.source, key, &load.key_values());
    let digests = equal.map_or_else(|| spelt.clone(), |equal| format!("{spelt} || {equal}"));
    format!(
        "insert into {}.brought (relation, relation_id, key, stands, keys) \
         select $1, {}::pg_catalog.regclass::pg_catalog.oid, $2, k.stands, \
         pg_catalog.string_agg(k.digests, ''::pg_catalog.bytea) from \
         (select s.op <> 'd' as stands, s.ord / {KEYS_A_ROW} as part, {digests} as digests from {} s \
         where s.op not in ('k', 'n')) k \
         group by k.part, k.stands order by k.part",
        ledger.sql(),
        literal(&load.source.table.sql()),
        load.qualified()
    )
}

/// Asks for the digests of keys that travel, in their order: of the spelling, and of what all spellings have in common, NULL
/// where there is but one. `keys` holds one list a key column, all equally long.
#[must_use]
pub fn key_digests(source: RowSource<'_>, key: &RememberedKey, keys: &[Vec<String>]) -> String {
    let (given, values) = given_keys(source, keys);
    let own = values.into_iter().zip(&key.columns).map(|(value, column)| convert(&column.conversions, value));
    let (spelt, equal) = digests(source, key, &own.collect::<Vec<_>>());
    let equal = equal.unwrap_or_else(|| "null::pg_catalog.bytea".to_owned());
    format!("select {spelt}, {equal} from {given} order by k.ord")
}

/// Asks for the digests of the keys of a load table's rows that are written, in their order, each behind the row's position;
/// as those of [`key_digests`].
#[must_use]
pub fn loaded_digests(load: &LoadTable<'_>, key: &RememberedKey) -> String {
    digests_of_load(load, key, "s.op not in ('k', 'n')")
}

/// The same, of the rows that are inserted.
#[must_use]
pub fn inserted_digests(load: &LoadTable<'_>, key: &RememberedKey) -> String {
    digests_of_load(load, key, "s.op = 'i'")
}

fn digests_of_load(load: &LoadTable<'_>, key: &RememberedKey, condition: &str) -> String {
    let (spelt, equal) = digests(load.source, key, &load.key_values());
    let equal = equal.unwrap_or_else(|| "null::pg_catalog.bytea".to_owned());
    format!("select s.ord, {spelt}, {equal} from {} s where {condition} order by s.ord", load.qualified())
}

/// The digest of a key's spelling, and, where OLD may spell it otherwise, that of what all spellings have in common. `values`
/// are of OLD's own types.
fn digests(source: RowSource<'_>, key: &RememberedKey, values: &[String]) -> (String, Option<String>) {
    let columns = source.key.columns();
    let common = values.iter().zip(&columns).zip(&key.columns).flat_map(|((value, column), remembered)| {
        let own = column.on(source.side).source.column(&column.name);
        match remembered.common {
            Common::Spelling => vec![value.clone()],
            Common::Number => vec![format!("pg_catalog.trim_scale({value})")],
            Common::Hash => hashes(source, own, value),
        }
    });
    let equal = key.columns.iter().any(|column| column.common != Common::Spelling).then(|| digest(&common.collect::<Vec<_>>()));
    (digest(values), equal)
}

/// What OLD hashes a value of a column to, twice, as one number has no more than 64 bits. Taken together with a value of the
/// column, which there is none of, it is hashed under the column's own collation.
fn hashes(source: RowSource<'_>, own: &Ident, value: &str) -> Vec<String> {
    let of_column = format!("coalesce((select t.{} from {} t where false), {value})", own.sql(), source.relation());
    (0..2).map(|seed| format!("pg_catalog.hash_array_extended(array[{of_column}], {seed})")).collect()
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
    use crate::schema::{ComparisonKey, Conversion, KeyColumn, KeyOrder, RememberedColumn};

    fn remembered(conversions: Vec<Conversion>, common: Common) -> RememberedColumn {
        RememberedColumn { conversions, common }
    }

    #[test]
    fn keys_are_digested_in_olds_own_types() {
        let table = QualifiedName::new("public", "t");
        let columns = vec![
            KeyColumn::plain(Ident::new("id"), KeyOrder::Integer, "bigint"),
            KeyColumn::plain(Ident::new("tags"), KeyOrder::Text, "text[]"),
        ];
        let key = ComparisonKey::Columns { columns };
        let source = RowSource { table: &table, partitioned: false, key: &key, side: Side::Old };
        let back = vec![Conversion::Cast("int4".to_owned())];
        let remembered = RememberedKey {
            name: String::new(),
            columns: vec![remembered(back, Common::Spelling), remembered(Vec::new(), Common::Spelling)],
        };
        assert_eq!(
            key_digests(source, &remembered, &[vec!["7".to_owned()], vec!["{a}".to_owned()]]),
            "select pg_catalog.substring(pg_catalog.sha256(pg_catalog.textsend(row((k.k0)::int4, k.k1::text[])::text)), 1, \
             16), null::pg_catalog.bytea from unnest('{\"7\"}'::bigint[], '{\"{a}\"}'::text[]) \
             with ordinality as k(k0, k1, ord) \
             order by k.ord"
        );
    }

    #[test]
    fn all_spellings_of_a_key_have_one_digest_in_common() {
        let table = QualifiedName::new("public", "t");
        let key = ComparisonKey::Columns { columns: vec![KeyColumn::plain(Ident::new("k"), KeyOrder::Text, "citext")] };
        let source = RowSource { table: &table, partitioned: false, key: &key, side: Side::Old };
        let asked = |common| {
            let key = RememberedKey { name: String::new(), columns: vec![remembered(Vec::new(), common)] };
            key_digests(source, &key, &[vec!["1.0".to_owned()]])
        };
        let (hashed, number) = (asked(Common::Hash), asked(Common::Number));
        let hash = |seed| {
            format!(
                "pg_catalog.hash_array_extended(array[coalesce((select t.\"k\" from only \"public\".\"t\" t where false), \
                 k.k0)], {seed})"
            )
        };
        assert!(hashed.contains(&format!("row({}, {})::text", hash(0), hash(1))), "{hashed}");
        assert!(number.contains("row(pg_catalog.trim_scale(k.k0))::text"), "{number}");
    }
}
