//! Statements that read rows.

use serde::{Deserialize, Serialize};

use crate::name::{QualifiedName, Side, array_literal, literal};
use crate::schema::{ComparisonKey, KeyColumn, KeyOrder, Table, WHOLE_ROW_COLUMNS};

use super::key_range::{KeyRange, own};
use super::value::travelling_value;
use super::writer::is_written_by_none;

/// The rows of one table, under the alias `t`, with the columns of their comparison key.
#[derive(Clone, Copy, Debug)]
pub struct RowSource<'a> {
    /// The root of the partition tree, or the only heap.
    pub table: &'a QualifiedName,
    /// Whether its rows are in its partitions.
    pub partitioned: bool,
    /// Its comparison key.
    pub key: &'a ComparisonKey,
    /// The side that it is read on.
    pub side: Side,
}

/// Names a table where its rows are read, changed or locked. The children of old-style inheritance are tables of their own, so
/// a plain table is always taken alone; the rows of a partitioned one are its partitions'.
#[must_use]
pub fn own_rows(table: &QualifiedName, partitioned: bool) -> String {
    if partitioned { table.sql() } else { format!("only {}", table.sql()) }
}

impl<'a> RowSource<'a> {
    /// Returns the rows of a table on one side.
    #[must_use]
    pub const fn of(table: &'a Table, key: &'a ComparisonKey, side: Side) -> Self {
        Self { table: &table.name, partitioned: table.partitioned, key, side }
    }

    /// Returns the table as it is named where its rows are read, changed or locked; without an alias.
    #[must_use]
    pub fn relation(&self) -> String {
        own_rows(self.table, self.partitioned)
    }

    /// Returns the FROM item. A table without a key becomes a subquery that numbers equal rows; `ctid` and `tableoid` pass.
    #[must_use]
    pub fn from_item(&self) -> String {
        match self.key {
            ComparisonKey::Columns { .. } => format!("{} t", self.relation()),
            ComparisonKey::WholeRow { .. } => {
                let (digest, [name, copy]) = (self.row_digest("r"), WHOLE_ROW_COLUMNS);
                format!(
                    "(select r.*, r.ctid as fb_ctid, r.tableoid as fb_tableoid, {digest} as {name}, \
                     pg_catalog.row_number() over (partition by {digest}) as {copy} from {} r) t",
                    self.relation()
                )
            }
        }
    }

    /// Returns the digest by which rows of a table without a key are known, for a row that goes by an alias.
    #[must_use]
    pub fn row_digest(&self, row: &str) -> String {
        let columns = match self.key {
            ComparisonKey::WholeRow { columns } => columns.clone(),
            ComparisonKey::Columns { .. } => self.key.names(),
        };
        // A field is printed by its output function; a cast to text may be another one, which leaves something out.
        let fields: Vec<_> = columns.iter().map(|column| format!("{row}.{}", column.sql())).collect();
        // A record's text quotes its fields, so no two different rows print alike.
        // Sent, so that both sides digest the same bytes whatever their databases' encodings are.
        format!("pg_catalog.md5(pg_catalog.textsend(row({})::text))", fields.join(", "))
    }

    /// Returns the expressions for where a row lies: its relation, and its place in it. The first is not null exactly for rows
    /// that exist, on the nullable side of an outer join.
    pub(super) const fn place(&self) -> [&'static str; 2] {
        match self.key {
            ComparisonKey::Columns { .. } => ["t.tableoid", "t.ctid"],
            ComparisonKey::WholeRow { .. } => ["t.fb_tableoid", "t.fb_ctid"],
        }
    }
}

/// Where a row `t` of a table with a key lies: its relation, and its block. A ctid prints as the point that it would make.
pub const PLACE: &str = "t.tableoid, (t.ctid::pg_catalog.text::pg_catalog.point)[0]::pg_catalog.int8";

/// A range of heap blocks, half open; the last range of a table stays open, since a table's size is only an estimate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CtidRange {
    /// The first block.
    pub from_block: u64,
    /// The block behind the last one, if the range ends.
    pub to_block: Option<u64>,
}

impl CtidRange {
    /// The whole table.
    pub const ALL: Self = Self { from_block: 0, to_block: None };

    fn conditions(self) -> Vec<String> {
        let mut found = Vec::new();
        if self.from_block > 0 {
            found.push(format!("t.ctid >= '({},0)'::pg_catalog.tid", self.from_block));
        }
        if let Some(to) = self.to_block {
            found.push(format!("t.ctid < '({to},0)'::pg_catalog.tid"));
        }
        found
    }
}

/// Wraps a query into a binary COPY to the client.
#[must_use]
pub fn copy_binary(query: &str) -> String {
    format!("copy ({query}) to stdout (format binary)")
}

/// Reads the rows of one leaf: those of a block range that a predicate selects.
#[must_use]
pub fn rows(leaf: &QualifiedName, select_list: &str, range: CtidRange, predicate: Option<&str>) -> String {
    let mut conditions = range.conditions();
    conditions.extend(predicate.map(|text| format!("({text})")));
    let filter = if conditions.is_empty() { String::new() } else { format!(" where {}", conditions.join(" and ")) };
    format!("select {select_list} from only {} t{filter}", leaf.sql())
}

/// Reads the rows of one leaf in some ranges of blocks, all of which end, as far as a predicate selects them.
///
/// Each range is looked for by itself: `offset 0` keeps the planner from making one condition of them, for which it would read
/// the whole leaf.
#[must_use]
pub fn rows_within(leaf: &QualifiedName, select_list: &str, ranges: &[CtidRange], predicate: &str) -> String {
    let list = |block: fn(&CtidRange) -> u64| {
        let places: Vec<_> = ranges.iter().map(|range| format!("({},0)", block(range))).collect();
        array_literal(places.iter().map(String::as_str))
    };
    let (first, behind) = (list(|range| range.from_block), list(|range| range.to_block.unwrap_or(range.from_block)));
    format!(
        "select x.* from unnest({first}::pg_catalog.tid[], {behind}::pg_catalog.tid[]) as r(first, behind) cross join lateral \
         (select {select_list} from only {} t where t.ctid >= r.first and t.ctid < r.behind and ({predicate}) offset 0) x",
        leaf.sql()
    )
}

/// Sums up the hashes of a range's rows: how many there are, and two sums that do not depend on their order, neither of which
/// overflows. `hash` is an expression on the row `t`.
///
/// A row's hash is a sum of its columns' hashes, each times a power of 31. So where two rows exchange a value, or one column
/// changes from a to b in one row and from b to a in another, the sum of the hashes is the same in one case of two, and their
/// XOR may be. The second sum is of each hash hashed again under another seed, by its bytes, which is no sum of anything: that
/// two sets of different hashes have it in common has a probability of about 2^-64. One row that alone is another one shows in
/// the first sum wherever its hash does.
#[must_use]
pub fn range_sums(source: RowSource<'_>, range: KeyRange, hash: &str) -> String {
    format!(
        "select count(*), sum(h)::pg_catalog.text, \
         sum(pg_catalog.hash_record_extended(row(pg_catalog.int8send(h)), 1))::pg_catalog.text \
         from (select {hash} as h from {}{}) x",
        source.from_item(),
        range.condition(source.key, source.side)
    )
}

/// Reads rows of a range in the order of their key, which two servers agree on: first the key as it is ordered, then
/// `select_list`. `converts_text` says that the server's own bytes are not those that it sends.
#[must_use]
pub fn ordered_rows(source: RowSource<'_>, range: KeyRange, select_list: &str, converts_text: bool) -> String {
    let columns = source.key.columns();
    let ordered: Vec<_> = columns.iter().map(|column| ordered(column, source.side, converts_text)).collect();
    format!("{}{} order by {}", keyed_rows(source, select_list), range.condition(source.key, source.side), ordered.join(", "))
}

/// Reads rows in whatever order: first the key as [`ordered_rows`] sends it, then `select_list`.
#[must_use]
pub fn keyed_rows(source: RowSource<'_>, select_list: &str) -> String {
    let sent: Vec<_> = source.key.columns().iter().map(|column| sent(column, source.side)).collect();
    let list = if select_list.is_empty() { String::new() } else { format!(", {select_list}") };
    format!("select {}{list} from {}", sent.join(", "), source.from_item())
}

/// Reads the rows of a range that a predicate on the row `t` does not select, in any order.
#[must_use]
pub fn rows_between(source: RowSource<'_>, range: KeyRange, select_list: &str, but: &str) -> String {
    let within = range.condition(source.key, source.side);
    let joined = if within.is_empty() { " where" } else { " and" };
    format!("select {select_list} from {}{within}{joined} not ({but})", source.from_item())
}

/// The value that travels. A key column is on both sides, so there is one.
fn value(column: &KeyColumn, side: Side) -> String {
    travelling_value(&column.on(side).source, "t", &column.name).unwrap_or_else(|| own(column, side))
}

pub(super) fn sent(column: &KeyColumn, side: Side) -> String {
    match column.order {
        KeyOrder::Integer => format!("{}::pg_catalog.int8", own(column, side)),
        KeyOrder::Uuid => own(column, side),
        KeyOrder::Text => format!("{}::pg_catalog.text", value(column, side)),
    }
}

fn ordered(column: &KeyColumn, side: Side, converts_text: bool) -> String {
    match column.order {
        // Without the cast, so that an index on the column serves the order.
        KeyOrder::Integer | KeyOrder::Uuid => own(column, side),
        KeyOrder::Text if converts_text => format!("pg_catalog.textsend({}::pg_catalog.text)", value(column, side)),
        KeyOrder::Text => format!("{}::pg_catalog.text collate \"C\"", value(column, side)),
    }
}

/// Whether a list of such values cannot be sent as an array: an array of arrays is one array of more dimensions, the array of
/// boxes has another delimiter than all others, and `unnest` takes composites apart, which any type outside `pg_catalog` may
/// be.
fn is_cast_alone(cast: &str) -> bool {
    cast.ends_with("[]") || cast == "box" || cast.contains('.')
}

/// A key that was sent, in its type.
fn wanted(column: &KeyColumn, side: Side, name: &str) -> String {
    let cast = &column.on(side).cast;
    if is_cast_alone(cast) { format!("k.{name}::{cast}") } else { format!("k.{name}") }
}

/// The test that finds a row by its key. Integers of different widths compare without a cast, so that the index serves.
fn found_by(column: &KeyColumn, side: Side, wanted: &str) -> String {
    let found = if column.order == KeyOrder::Integer { own(column, side) } else { value(column, side) };
    format!("{found} {} {wanted}", column.on(side).equals)
}

/// Reads one row for every given key, in the order of the keys: first whether it exists, then `select_list` (all NULL where it
/// does not). `keys` holds one list a key column, all equally long.
#[must_use]
pub fn counterparts(source: RowSource<'_>, select_list: &str, keys: &[Vec<String>]) -> String {
    counterparts_but(source, select_list, keys, None)
}

/// The same, as if there were no rows that a predicate on the row `t` selects.
#[must_use]
pub fn counterparts_but(source: RowSource<'_>, select_list: &str, keys: &[Vec<String>], but: Option<&str>) -> String {
    let (given, values) = given_keys(source, keys);
    let columns = source.key.columns();
    let found = columns.iter().zip(&values).map(|(column, value)| found_by(column, source.side, value));
    let matches: Vec<_> = found.chain(but.map(|predicate| format!("not ({predicate})"))).collect();
    format!(
        "select {} is not null, {select_list} from {given} left join {} on {} order by k.ord",
        source.place()[0],
        source.from_item(),
        matches.join(" and "),
    )
}

/// Finds the positions of given keys under which there is more than one row.
#[must_use]
pub fn doubled_keys(source: RowSource<'_>, keys: &[Vec<String>]) -> String {
    let (given, found) = found_by_keys(source, keys);
    format!(
        "select k.ord - 1 from {given} join {} on {found} group by k.ord having count(*) > 1 order by 1",
        source.from_item()
    )
}

/// Returns a FROM item of given keys, as [`given_keys`], and the condition under which a row is found by one of them.
pub(super) fn found_by_keys(source: RowSource<'_>, keys: &[Vec<String>]) -> (String, String) {
    let (given, values) = given_keys(source, keys);
    let columns = source.key.columns();
    let matches: Vec<_> = columns.iter().zip(&values).map(|(column, value)| found_by(column, source.side, value)).collect();
    (given, matches.join(" and "))
}

/// Returns a FROM item of given keys, under the alias `k` and with their order as `ord`, and each column's value in its type.
pub(super) fn given_keys(source: RowSource<'_>, keys: &[Vec<String>]) -> (String, Vec<String>) {
    let columns = source.key.columns();
    let arrays: Vec<_> = columns
        .iter()
        .zip(keys)
        .map(|(column, values)| {
            let cast = &column.on(source.side).cast;
            let cast = if is_cast_alone(cast) { "text" } else { cast };
            format!("{}::{cast}[]", array_literal(values.iter().map(String::as_str)))
        })
        .collect();
    let names: Vec<_> = (0..columns.len()).map(|index| format!("k{index}")).collect();
    let values = columns.iter().zip(&names).map(|(column, name)| wanted(column, source.side, name)).collect();
    // `unnest` of several arrays is special syntax: it must not be schema-qualified.
    (format!("unnest({}) with ordinality as k({}, ord)", arrays.join(", "), names.join(", ")), values)
}

/// Counts a table's rows that some transactions wrote last.
#[must_use]
pub fn rows_written_by(source: RowSource<'_>, transactions: &[i64]) -> String {
    format!("select count(*) from {} t where not ({})", source.relation(), is_written_by_none(transactions))
}

/// Returns a predicate that is true for rows that NEW may have written after an instant: stamped at or after it, or not at all.
/// `stamps` pairs an expression with the literal that it is compared with, which depends on its type and zone.
#[must_use]
pub fn stamped_since(stamps: &[(String, String)]) -> String {
    let test = |(stamp, instant): &(String, String)| format!("{stamp} >= {} or {stamp} is null", literal(instant));
    stamps.iter().map(test).collect::<Vec<_>>().join(" or ")
}

/// Returns an expression that is true for rows that a predicate selects, or of which it does not know; without one, for none.
#[must_use]
pub fn is_selected(predicate: Option<&str>) -> String {
    predicate.map_or_else(|| "false".to_owned(), |text| format!("coalesce(({text}), true)"))
}

/// Asks the planner how it would carry out a query, a line of text each row.
#[must_use]
pub fn explain(query: &str) -> String {
    format!("explain (costs off) {query}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::Ident;
    use crate::schema::{Conversion, Source};

    fn key() -> ComparisonKey {
        ComparisonKey::Columns {
            columns: vec![
                KeyColumn::plain(Ident::new("id"), KeyOrder::Integer, "bigint"),
                KeyColumn::plain(Ident::new("Co\"de"), KeyOrder::Text, "character varying"),
            ],
        }
    }

    #[test]
    fn ordered_rows_never_rely_on_a_collation() {
        let (table, key) = (QualifiedName::new("public", "t"), key());
        assert_eq!(
            ordered_rows(
                RowSource { table: &table, partitioned: false, key: &key, side: Side::Old },
                KeyRange::ALL,
                "t.\"x\"",
                false
            ),
            "select t.\"id\"::pg_catalog.int8, t.\"Co\"\"de\"::pg_catalog.text, t.\"x\" from only \"public\".\"t\" t \
             order by t.\"id\", t.\"Co\"\"de\"::pg_catalog.text collate \"C\""
        );
    }

    #[test]
    fn counterparts_come_in_the_order_of_the_keys() {
        let (table, key) = (QualifiedName::new("public", "t"), key());
        let keys = [vec!["7".to_owned(), "8".to_owned()], vec!["a'b".to_owned(), "NULL".to_owned()]];
        assert_eq!(
            counterparts(RowSource { table: &table, partitioned: false, key: &key, side: Side::Old }, "t.\"x\"", &keys),
            "select t.tableoid is not null, t.\"x\" from unnest('{\"7\",\"8\"}'::bigint[], \
             '{\"a''b\",\"NULL\"}'::character varying[]) with ordinality as k(k0, k1, ord) \
             left join only \"public\".\"t\" t on t.\"id\" = k.k0 and t.\"Co\"\"de\" = k.k1 order by k.ord"
        );
    }

    #[test]
    fn ranges_of_blocks_are_read_one_by_one() {
        let ranges = [(5, 7), (9, 10)].map(|(from_block, to)| CtidRange { from_block, to_block: Some(to) });
        assert_eq!(
            rows_within(&QualifiedName::new("public", "t"), "t.\"x\"", &ranges, "a or b"),
            "select x.* from unnest('{\"(5,0)\",\"(9,0)\"}'::pg_catalog.tid[], '{\"(7,0)\",\"(10,0)\"}'::pg_catalog.tid[]) \
             as r(first, behind) cross join lateral (select t.\"x\" from only \"public\".\"t\" t where t.ctid >= r.first \
             and t.ctid < r.behind and (a or b) offset 0) x"
        );
    }

    #[test]
    fn each_side_is_asked_in_its_own_words() {
        let table = QualifiedName::new("app", "t");
        let mut column = KeyColumn::plain(Ident::new("code"), KeyOrder::Text, "text");
        column.new.source = Source::Mapped { column: Ident::new("sku"), conversions: vec![Conversion::Cast("text".into())] };
        column.old.equals = "operator(\"public\".=)".into();
        let key = ComparisonKey::Columns { columns: vec![column] };
        let asked = |side| {
            counterparts(RowSource { table: &table, partitioned: true, key: &key, side }, "t.\"x\"", &[vec!["7".to_owned()]])
        };
        assert!(asked(Side::Old).contains("on t.\"code\" operator(\"public\".=) k.k0"), "{}", asked(Side::Old));
        assert!(asked(Side::New).contains("on (t.\"sku\")::text = k.k0"), "{}", asked(Side::New));
    }

    #[test]
    fn ranges_are_half_open_and_the_last_one_has_no_end() {
        let leaf = QualifiedName::new("public", "t");
        let range = CtidRange { from_block: 8, to_block: None };
        assert_eq!(
            rows(&leaf, "t.*", range, None),
            "select t.* from only \"public\".\"t\" t where t.ctid >= '(8,0)'::pg_catalog.tid"
        );
        assert_eq!(
            rows(&leaf, "t.*", CtidRange::ALL, Some("a or b")),
            "select t.* from only \"public\".\"t\" t where (a or b)"
        );
    }
}
