//! The sample estate is the same on both servers, and the incident leaves exactly what `fixtures/incident/expected.tsv` says.

use std::collections::{BTreeMap, BTreeSet};

use failback::delta::Class;
use failback::demo::{databases, load, load_database, play_incident, play_incident_on};
use failback::name::{QualifiedName, Side};
use jiff::{SignedDuration, Timestamp};

use crate::support;

/// A cutover near the middle of a month, so that the incident's hour stays within one partition.
fn cutover() -> Timestamp {
    "2026-01-14T10:00:00Z".parse().unwrap()
}

/// The ordinary and partitioned tables with their key columns, by name.
fn tables(url: &str) -> BTreeMap<QualifiedName, String> {
    let query = "select n.nspname, c.relname, string_agg(format('t.%I', a.attname), ', ' order by a.attnum)
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        join pg_index i on i.indrelid = c.oid and i.indisprimary
        join pg_attribute a on a.attrelid = c.oid and a.attnum = any (i.indkey)
        where n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema'
          and c.relkind in ('r', 'p') and not c.relispartition and c.relpersistence = 'p'
        group by 1, 2";
    let cell = |row: &[Option<String>], index: usize| row[index].clone().unwrap();
    support::rows(url, query).iter().map(|row| (QualifiedName::new(cell(row, 0), cell(row, 1)), cell(row, 2))).collect()
}

type Rows = BTreeMap<String, String>;

/// Every row of a table as the server's text, by key.
fn contents(url: &str, table: &QualifiedName, key: &str) -> Rows {
    let rows = support::rows(url, &format!("select row({key})::text, t::text from {} t", table.sql()));
    rows.into_iter().map(|mut row| (row[0].take().unwrap(), row[1].take().unwrap())).collect()
}

/// The class of one key, by the design's truth table with BASE at hand; None where nothing happened.
fn class(base: Option<&String>, old: Option<&String>, new: Option<&String>) -> Option<Class> {
    match (base, old, new) {
        _ if old == base && new == base => None,
        _ if old == new => Some(Class::Convergent),
        _ if new == base => Some(Class::OldOnly),
        (None, None, _) => Some(Class::Insert),
        (None, ..) => Some(Class::InsertExists),
        (Some(_), None, _) => Some(Class::UpdateDeleted),
        (Some(_), Some(_), None) => Some(if old == base { Class::Delete } else { Class::DeleteOriginDiffers }),
        (Some(_), Some(_), Some(_)) => Some(if old == base { Class::Update } else { Class::UpdateOriginDiffers }),
    }
}

#[test]
fn the_estate_is_the_same_on_both_servers() {
    let (old, new) = (support::server(Side::Old).url("postgres"), support::server(Side::New).url("postgres"));
    support::block_on(load(&old, &new, cutover())).unwrap();
    let mut row_count = 0;
    for database in databases() {
        let (old, new) = (support::server(Side::Old).url(database), support::server(Side::New).url(database));
        let tables = tables(&old);
        assert!(tables.len() >= 9, "{database} has {} tables", tables.len());
        for (table, key) in tables {
            let query = format!("select count(*), md5(string_agg(t::text, chr(10) order by {key})) from {} t", table.sql());
            let digest = support::rows(&old, &query);
            assert_eq!(digest, support::rows(&new, &query), "{database} {table}");
            let count: u64 = digest[0][0].as_ref().unwrap().parse().unwrap();
            assert!(count > 0, "{database} {table} is empty");
            row_count += count;
        }
    }
    assert!((30_000..80_000).contains(&row_count), "{row_count} rows");
    support::block_on(play_incident(&old, &new, cutover())).unwrap();
    let users = |side: Side| support::value(&support::server(side).url("chain_db"), "select count(*) from public.users");
    assert_eq!((users(Side::Old).as_deref(), users(Side::New).as_deref()), (Some("1502"), Some("1503")));
}

#[test]
fn the_incident_leaves_what_its_list_says() {
    let mut found = BTreeMap::new();
    for database in databases() {
        let pair = support::pair(&format!("incident_{database}"));
        let base = support::pair(&format!("base_{database}"));
        support::block_on(async {
            load_database(&base.old, database, cutover()).await?;
            for side in Side::BOTH {
                load_database(pair.url(side), database, cutover()).await?;
                play_incident_on(side, pair.url(side), database, cutover()).await?;
            }
            Ok::<_, failback::error::Error>(())
        })
        .unwrap();
        for (table, key) in tables(&base.old) {
            let of = |url: &str| contents(url, &table, &key);
            let (base, old, new) = (of(&base.old), of(&pair.old), of(&pair.new));
            let keys: BTreeSet<&String> = base.keys().chain(old.keys()).chain(new.keys()).collect();
            for class in keys.into_iter().filter_map(|key| class(base.get(key), old.get(key), new.get(key))) {
                *found.entry((database.to_owned(), table.to_string(), class.word().to_owned())).or_insert(0) += 1;
            }
        }
    }
    let lines =
        |((database, table, class), count): (&(String, String, String), &i32)| format!("{database}\t{table}\t{class}\t{count}");
    let found: Vec<String> = found.iter().map(lines).collect();
    let expected: Vec<&str> = include_str!("../../fixtures/incident/expected.tsv").lines().skip(1).collect();
    assert_eq!(found, expected, "found:\n{}", found.join("\n"));
}

#[test]
fn every_database_has_every_class() {
    let expected = include_str!("../../fixtures/incident/expected.tsv");
    let classes = [
        Class::Insert,
        Class::Update,
        Class::Delete,
        Class::InsertExists,
        Class::UpdateOriginDiffers,
        Class::UpdateDeleted,
        Class::DeleteOriginDiffers,
        Class::OldOnly,
        Class::Convergent,
    ];
    for database in databases() {
        for class in classes {
            let has = |line: &str| line.starts_with(&format!("{database}\t")) && line.contains(&format!("\t{class}\t"));
            assert!(expected.lines().any(has), "{database} has no {class}");
        }
    }
}

#[test]
fn the_incident_keeps_to_its_hour() {
    let pair = support::pair("incident_hour");
    let database = "publisher_db";
    let cutover = Timestamp::now() - SignedDuration::from_hours(2);
    support::block_on(load_database(&pair.new, database, cutover)).unwrap();
    let count = format!("select count(*) from public.publications where greatest(created_at, updated_at) > '{cutover}'");
    assert_eq!(support::value(&pair.new, &count).as_deref(), Some("0"), "base rows are older than the cutover");
    support::block_on(play_incident_on(Side::New, &pair.new, database, cutover)).unwrap();
    let window = format!(
        "select min(changed_at) > '{cutover}' and max(changed_at) <= '{cutover}'::timestamptz + interval '45 minutes'
         from audit.changes where changed_at > '{cutover}'"
    );
    assert_eq!(support::value(&pair.new, &window).as_deref(), Some("t"));
    let untouched = format!("select count(*) from public.publications where score = 1.5 and updated_at < '{cutover}'");
    assert_eq!(support::value(&pair.new, &untouched).as_deref(), Some("2"), "changed without updated_at");
}
