//! Databases that other people designed and filled, recovered end to end: what OLD must hold in the end is worked out here from
//! both servers' rows, table by table and key by key, by another program than failback.

mod ledgersmb;
mod zabbix;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use failback::engine::{self, MergeOptions};
use failback::name::{QualifiedName, Side};
use jiff::Timestamp;

use super::recovery::{Recovery, fingerprint};
use super::support::{self, Pair, block_on};

/// A database that is fetched, and what happened to it.
struct Estate {
    /// What `fixtures/real/fetch` knows it as.
    name: &'static str,
    /// Scripts in `fixtures/real/<name>/` that bring it to where it was at the cutover.
    base: &'static [&'static str],
    /// Tables of which OLD's rows are kept where both sides have a row and they differ.
    keep_old: &'static [&'static str],
    /// Tables in which NEW's row is the same as OLD's, changed, and whose children OLD has too.
    apply_new: &'static [&'static str],
    /// Tables of which rows that NEW lacks are deleted on OLD.
    delete: &'static [&'static str],
}

/// The psql script that makes a database. It cannot be had: the test fails, and says what is missing.
fn fetched(name: &str) -> PathBuf {
    let script = "fixtures/real/fetch";
    let output = Command::new(script).arg(name).output().unwrap_or_else(|error| panic!("{name}: {script}: {error}"));
    assert!(output.status.success(), "{name} could not be fetched: {}", String::from_utf8_lossy(&output.stderr));
    PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())
}

fn psql(url: &str) -> Command {
    let mut psql = Command::new(support::binaries(Side::Old).program("psql"));
    psql.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--dbname", url]).stdout(Stdio::null());
    psql
}

/// Runs one of our scripts in one transaction.
fn play(url: &str, estate: &Estate, script: &str) {
    let path = Path::new("fixtures/real").join(estate.name).join(script);
    ran(psql(url).arg("--single-transaction").arg("--file").arg(&path), &path);
}

fn ran(psql: &mut Command, script: &Path) {
    let output = psql.stderr(Stdio::piped()).output();
    let output = output.unwrap_or_else(|error| panic!("psql, which comes with PostgreSQL's client package: {error}"));
    assert!(output.status.success(), "{}: {}", script.display(), String::from_utf8_lossy(&output.stderr));
}

/// Makes the database on OLD, and NEW as a copy of it.
fn pair(estate: &Estate) -> Pair {
    let pair = support::pair(estate.name);
    let load = fetched(estate.name);
    ran(psql(&pair.old).arg("--file").arg(&load), &load);
    for script in estate.base {
        play(&pair.old, estate, script);
    }
    let mut dump = Command::new(support::binaries(Side::Old).program("pg_dump"))
        .args(["--no-owner", "--dbname", &pair.old])
        .stdout(Stdio::piped())
        .spawn()
        .expect("pg_dump, which comes with PostgreSQL's client package");
    let rows = dump.stdout.take().expect("the dump");
    ran(psql(&pair.new).arg("--single-transaction").stdin(rows), Path::new("the copy"));
    assert!(dump.wait().expect("pg_dump").success());
    // As on any server that has been up for an hour: without statistics the planner takes a table that was just filled for
    // empty.
    for url in [&pair.old, &pair.new] {
        support::sql(url, "analyze");
    }
    pair
}

/// The digests of a table's rows by key; by themselves and how often they occur where there is no primary key.
type Rows = BTreeMap<String, String>;

fn contents(url: &str, table: &QualifiedName) -> Rows {
    let key = format!(
        "select string_agg(format('t.%I', a.attname), ', ') from pg_index i
           join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
          where i.indrelid = '{}'::regclass and i.indisprimary",
        table.sql().replace('\'', "''")
    );
    let key = support::value(url, &key).unwrap_or_else(|| "t::text, row_number() over (partition by t::text)".to_owned());
    let rows = support::rows(url, &format!("select row({key})::text, md5(t::text) from only {} t", table.sql()));
    rows.into_iter().map(|mut row| (row[0].take().expect("a key"), row[1].take().expect("a row"))).collect()
}

/// Every table of a database, inherited ones each by itself.
fn tables(url: &str) -> Vec<QualifiedName> {
    let query = "select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema', 'failback') order by 1, 2";
    let name = |row: Vec<Option<String>>| {
        let [schema, table] = [0, 1].map(|index: usize| row[index].clone().expect("a name"));
        QualifiedName::new(schema, table)
    };
    support::rows(url, query).into_iter().map(name).collect()
}

type Database = BTreeMap<QualifiedName, Rows>;

fn whole(url: &str) -> Database {
    tables(url).into_iter().map(|table| (table.clone(), contents(url, &table))).collect()
}

/// What OLD must hold after the merge.
fn expected(estate: &Estate, old: &Database, new: &Database) -> Database {
    let merged = |table: &QualifiedName, old: &Rows| {
        let (new, name) = (&new[table], table.to_string());
        let is = |list: &[&str]| list.contains(&name.as_str());
        let mut rows = old.clone();
        rows.retain(|key, _| new.contains_key(key) || !is(estate.delete));
        for (key, row) in new {
            if !(old.contains_key(key) && is(estate.keep_old)) {
                rows.insert(key.clone(), row.clone());
            }
        }
        rows
    };
    old.iter().map(|(table, rows)| (table.clone(), merged(table, rows))).collect()
}

/// The tables that differ, and how many rows, so that a failure can be read.
fn difference(left: &Database, right: &Database) -> Vec<String> {
    let lines = left.iter().filter_map(|(table, rows)| {
        let other = &right[table];
        let keys: BTreeSet<_> = rows.keys().chain(other.keys()).collect();
        let differing: Vec<_> = keys.into_iter().filter(|key| rows.get(*key) != other.get(*key)).collect();
        let first = differing.first()?;
        let has = |side: &Rows| if side.contains_key(*first) { "a row" } else { "none" };
        Some(format!("{table}: {} rows, first {first}: {} / {}", differing.len(), has(rows), has(other)))
    });
    lines.collect()
}

fn decisions(estate: &Estate) -> String {
    let section = |table: &&str| {
        let mut text = format!("[tables.\"{table}\"]\nwhy = \"the two sides' tables were looked at\"\n");
        if estate.keep_old.contains(table) {
            text += "ambiguous_differs = \"keep_old\"\n";
        }
        if estate.apply_new.contains(table) {
            text += "ambiguous_differs = \"apply_new\"\n";
        }
        if estate.delete.contains(table) {
            text += "ambiguous_missing_on_new = \"apply_new\"\n";
        }
        text
    };
    let named: BTreeSet<_> = estate.keep_old.iter().chain(estate.apply_new).chain(estate.delete).collect();
    let tables: Vec<_> = named.into_iter().map(section).collect();
    format!(
        "[defaults]\nambiguous_differs = \"apply_new\"\nambiguous_missing_on_old = \"apply_new\"\n\
         ambiguous_missing_on_new = \"keep_old\"\nwhy = \"no table of this application says when a row was written\"\n\n{}",
        tables.join("\n")
    )
}

/// Recovers a pair that both sides have written to, holds OLD against what it must be, and takes it back.
fn comes_home_and_goes_back(estate: &Estate, pair: Pair) {
    let before = fingerprint(&pair.old);
    let (old, new) = (whole(&pair.old), whole(&pair.new));
    let expected = expected(estate, &old, &new);
    let changed = difference(&old, &expected);
    assert!(changed.len() >= 10, "the scripts changed little: {changed:#?}");

    let recovery = Recovery::of(pair, Timestamp::now(), "");
    let found = block_on(engine::discover(&recovery.context)).expect("a discovery");
    let blockers: Vec<_> = found.databases[0].left_out.iter().filter(|left| left.blocker).collect();
    assert!(blockers.is_empty(), "every table is carried: {blockers:?}");
    let carried = found.databases[0].tables.len();
    assert!(carried >= 100, "{carried} tables are carried");

    recovery.decide(&decisions(estate));
    recovery.up_to_plan();
    let plan = block_on(engine::plan(&recovery.context)).expect("a plan");
    let held: Vec<_> = plan
        .tables
        .iter()
        .flat_map(|table| table.held_reasons.iter().map(move |(reason, rows)| (&table.table, reason, rows)))
        .collect();
    assert!(held.is_empty(), "nothing speaks against a row: {held:#?}");
    block_on(engine::merge(&recovery.context, MergeOptions::default())).expect("a merge");
    let after = difference(&whole(&recovery.pair.old), &expected);
    assert!(after.is_empty(), "OLD / what it must be: {after:#?}");
    let verified = block_on(engine::verify(&recovery.context)).expect("a verification");
    assert_eq!(verified.state_of_rows(), engine::State::Verified, "{verified:#?}");
    block_on(engine::undo(&recovery.context, MergeOptions::default())).expect("an undo");
    assert_eq!(fingerprint(&recovery.pair.old), before, "undo after merge is identity");
}
