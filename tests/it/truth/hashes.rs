//! Values that PostgreSQL's own hashes of their types do not tell apart.

use super::*;

/// Values of a type, no two of them one, which its own hash takes for each other or for NULL.
const ALIKE: [(&str, &[&str]); 14] = [
    ("int8", &["1", "4294967296", "-4294967297", "0"]),
    ("int8", &["-1718295127", "2576672169"]),
    ("int4", &["0", "-1"]),
    ("time", &["00:00:00.000001", "01:11:34.967296"]),
    ("timestamp", &["2000-01-01 00:00:00.000001", "2000-01-01 01:11:34.967296", "1999-12-31 22:48:25.032703"]),
    ("timestamptz", &["2000-01-01 00:00:00.000001+00", "2000-01-01 01:11:34.967296+00"]),
    ("interval", &["1 mon", "30 days", "720:00:00"]),
    ("numeric", &["1.5", "-1.5", "NaN", "Infinity", "-Infinity", "0"]),
    ("float8", &["0", "NaN", "Infinity"]),
    ("float4", &["0", "1.5", "-1.5"]),
    ("jsonb", &["[[1],2]", "[[1,2]]", "1", "[1]", "[]", "[[[]]]"]),
    ("jsonb", &["{\"a\":{\"b\":1},\"c\":2}", "{\"a\":{\"b\":1,\"c\":2}}"]),
    ("int8[]", &["{1}", "{4294967296}", "{}", "{NULL}"]),
    ("int8range", &["[1,2)", "[4294967296,4294967297)", "empty"]),
];

/// One table for each type: each value with the next one, and with NULL on either side. Returns how many rows differ.
fn fill(pair: &Pair) -> u64 {
    let mut rows = 0;
    for (number, (data_type, values)) in ALIKE.iter().enumerate() {
        let literals = values.iter().map(|value| format!("'{value}'"));
        let around: Vec<_> = std::iter::once("null".to_owned()).chain(literals).collect();
        for (side, url) in [(0, &pair.old), (1, &pair.new)] {
            support::sql(url, &format!("create table t{number} (id int primary key, x {data_type})"));
            for id in 0..around.len() {
                let value = &around[(id + side) % around.len()];
                support::sql(url, &format!("insert into t{number} values ({id}, {value})"));
            }
        }
        rows += around.len() as u64;
    }
    rows
}

#[test]
fn a_full_comparison_sees_what_the_hash_of_a_type_does_not() {
    for way in ["hashes", "values", "rows"] {
        let pair = support::pair(&format!("hashes_{way}"));
        let expected = fill(&pair);
        let compared = |number| format!("[tables.\"public.t{number}\"]\nmethod = \"compare\"\ncompare_by = \"{way}\"\n");
        let config: Vec<_> = (0..ALIKE.len()).map(compared).collect();
        let case = recovery(pair, &config.concat());
        let exported = block_on(engine::export(&case.context)).expect("an export");
        let found: Vec<_> = exported.tables.iter().map(|table| (table.table.clone(), table.candidates)).collect();
        assert_eq!(found.iter().map(|table| table.1).sum::<u64>(), expected, "{way}: {found:?}");
    }
}

/// Two rows, on OLD and on NEW: they have exchanged a value, and neither the sum of their hashes nor its XOR tells.
const EXCHANGED: [&str; 2] = ["(98, 317), (289, 2511)", "(98, 2511), (289, 317)"];

#[test]
fn sums_of_hashes_tell_rows_that_exchanged_a_value() {
    let pair = support::pair("exchanged_value");
    let sums = [Side::Old, Side::New].map(|side| {
        let rows = EXCHANGED[usize::from(side == Side::New)];
        support::sql(pair.url(side), &format!("create table t (id int primary key, x int); insert into t values {rows}"));
        let hash = "hash_record_extended(row(id, x), 0)";
        support::rows(pair.url(side), &format!("select count(*), sum({hash}), bit_xor({hash}) from t"))
    });
    assert_eq!(sums[0], sums[1]);
    let case = recovery(pair, "sums_first = true\n[tables.\"public.t\"]\nmethod = \"compare\"\n");
    let exported = block_on(engine::export(&case.context)).expect("an export");
    assert_eq!(exported.tables.iter().map(|table| table.candidates).collect::<Vec<_>>(), [2]);
}
