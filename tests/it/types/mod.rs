//! Every type that a column can have comes home byte for byte, and goes back byte for byte.

mod made;
mod proof;
mod random;
mod settings;
mod subject;
mod values;
mod wide;

use std::collections::{BTreeMap, BTreeSet};

use failback::delta::Class;
use failback::engine::{self, MergeOptions, State};
use failback::name::{Side, Sided};
use jiff::Timestamp;

use super::recovery::Recovery;
use super::support::{self, Pair, block_on};
use made::{MADE, MAKING};
use proof::{Image, Oids, differences, images};
use subject::Subject;
use values::{BUILTIN, CONTRIB, Case, UNWRITABLE};

/// Rows are found by comparison alone, and NEW's are taken.
const TAKE_NEW: &str = "[defaults]\nambiguous_missing_on_old = \"apply_new\"\nambiguous_differs = \"apply_new\"\n";

/// What a matrix did not try, and why: types and values that one of the two servers does not know.
pub(crate) type LeftOut = Vec<String>;

/// Carries every type through the whole engine between two empty databases, and compares every byte.
///
/// NEW has rows that OLD lacks, and rows that OLD has otherwise. What one of the servers does not know is left out and named.
pub(crate) fn matrix(pair: Pair) -> LeftOut {
    let mut left_out = Vec::new();
    let subjects = prepare(&pair, &mut left_out);
    expect_all_types(&pair);
    fill(&pair, &subjects);
    prove(pair, &subjects);
    left_out
}

fn fill(pair: &Pair, subjects: &[Subject]) {
    on_both_sides(|side| {
        let statements: Vec<_> = subjects.iter().flat_map(|subject| [subject.definition(), subject.rows(side)]).collect();
        run_all(pair.url(side), &statements);
    });
}

fn on_both_sides<T: Send>(work: impl Fn(Side) -> T + Sync) -> Sided<T> {
    std::thread::scope(|scope| {
        let old = scope.spawn(|| work(Side::Old));
        let new = work(Side::New);
        Sided { old: old.join().expect("OLD's part"), new }
    })
}

/// Runs many statements on one connection; a failing one fails the test with its beginning and the server's message.
fn run_all(url: &str, statements: &[String]) {
    block_on(async {
        let client = support::connect(url).await;
        for statement in statements {
            if let Err(error) = client.batch_execute(statement).await {
                panic!("{}: {error:?}", statement.chars().take(200).collect::<String>());
            }
        }
    });
}

/// Runs the engine there and back over subjects that are filled on both sides.
fn prove(pair: Pair, subjects: &[Subject]) {
    let oids = Oids::between(&pair.old, &pair.new);
    let Sided { old: before, new: wanted } = on_both_sides(|side| images(pair.url(side), subjects));
    let recovery = Recovery::of(pair, Timestamp::now(), "");
    recovery.decide(TAKE_NEW);
    let counts = recovery.up_to_plan();
    expect_counts(subjects, &counts, &before, &wanted, &oids);
    let rejects = block_on(engine::plan(&recovery.context)).expect("a plan").rejects;
    assert!(rejects.is_empty(), "OLD takes every value as it is: {rejects:#?}");
    let merged = block_on(engine::merge(&recovery.context, MergeOptions::default())).expect("a merge");
    assert_eq!(merged.rows(), counts.values().sum::<u64>());
    let after = images(&recovery.pair.old, subjects);
    expect_same("after the merge", subjects, &after, &wanted, Some(&oids));
    let verified = block_on(engine::verify(&recovery.context)).expect("a verification");
    assert_eq!(verified.state_of_rows(), State::Verified, "{verified:#?}");
    for table in &verified.tables {
        assert_eq!(table.by_place, table.checked, "every value has the digest here that OLD's server gives it: {table:?}");
    }
    block_on(engine::undo(&recovery.context, MergeOptions::default())).expect("an undo");
    expect_same("after the undo", subjects, &images(&recovery.pair.old, subjects), &before, None);
}

/// Every row that differs was found, and no other: read from the images, not from what the values are meant to be.
fn expect_counts(subjects: &[Subject], counts: &BTreeMap<(String, Class), u64>, old: &[Image], new: &[Image], oids: &Oids) {
    let mut wrong = Vec::new();
    for ((subject, old), new) in subjects.iter().zip(old).zip(new) {
        let table = failback::name::QualifiedName::new("typed", &*subject.table).to_string();
        let missing = new.keys().filter(|id| !old.contains_key(id)).count() as u64;
        let both: BTreeSet<i32> = new.keys().filter(|id| old.contains_key(id)).copied().collect();
        let only = |image: &Image| -> Image {
            image.iter().filter(|(id, _)| both.contains(id)).map(|(id, row)| (*id, row.clone())).collect()
        };
        let columns = subject.columns();
        let lines = differences(&subject.table, &columns, &only(old), &only(new), Some(oids));
        let differing: BTreeSet<_> = lines.iter().filter_map(|line| line.split(", column").next()).collect();
        let found = |class| counts.get(&(table.clone(), class)).copied().unwrap_or_default();
        let (inserts, updates) = (found(Class::AmbiguousMissingOnOld), found(Class::AmbiguousDiffers));
        if (inserts, updates) != (missing, differing.len() as u64) {
            wrong.push(format!("{table}: found {inserts} and {updates}, not {missing} and {}", differing.len()));
        }
    }
    assert!(wrong.is_empty(), "rows that only NEW has, and rows that differ: {wrong:#?}");
}

fn expect_same(when: &str, subjects: &[Subject], old: &[Image], new: &[Image], oids: Option<&Oids>) {
    let lines: Vec<_> = subjects
        .iter()
        .zip(old.iter().zip(new))
        .flat_map(|(subject, (old, new))| differences(&subject.table, &subject.columns(), old, new, oids))
        .collect();
    assert!(lines.is_empty(), "{} values are not as they were {when}: {:#?}", lines.len(), &lines[..lines.len().min(20)]);
}

/// Creates extensions and types on both sides, and says which types can be tried.
fn prepare(pair: &Pair, left_out: &mut LeftOut) -> Vec<Subject> {
    let major = |side| -> u32 {
        let number = support::value(pair.url(side), "show server_version_num").expect("a version");
        number.parse::<u32>().expect("a number") / 10000
    };
    let oldest = major(Side::Old).min(major(Side::New));
    for side in Side::BOTH {
        support::sql(pair.url(side), MAKING);
    }
    let mut cases: Vec<&Case> = BUILTIN.iter().chain(MADE).collect();
    for (extension, own) in CONTRIB {
        let query = format!("select count(*) from pg_available_extensions where name = '{extension}'");
        let has = |side: Side| support::value(pair.url(side), &query).as_deref() == Some("1");
        if has(Side::Old) && has(Side::New) {
            for side in Side::BOTH {
                support::sql(pair.url(side), &format!("create extension {extension} cascade"));
            }
            cases.extend(*own);
        } else {
            left_out.push(format!("extension {extension}"));
        }
    }
    let mut subjects: Vec<_> = cases.iter().filter_map(|case| subject(pair, case, oldest, left_out)).collect();
    let unwritable = UNWRITABLE.iter().map(|(name, _)| Case { name, declared: name, values: &[] });
    subjects.extend(unwritable.filter_map(|case| subject(pair, &case, oldest, left_out)));
    subjects
}

fn subject(pair: &Pair, case: &Case, oldest: u32, left_out: &mut LeftOut) -> Option<Subject> {
    let schema = "(select n.nspname from pg_type t join pg_namespace n on n.oid = t.typnamespace where t.typname = $name$ \
                  and n.nspname in ('pg_catalog', 'information_schema', 'public', 'made'))";
    let named = |text: &str| text.replace("$name$", &format!("'{}'", case.name));
    let facts = named(&format!(
        "select t.typarray <> 0, t.typsend <> 0 from pg_type t join pg_namespace n on n.oid = t.typnamespace \
         where t.typname = $name$ and n.nspname = {schema}"
    ));
    let Sided { old: Some(old), new: Some(new) } = Sided::of(|side| support::rows(pair.url(side), &facts).pop()) else {
        left_out.push(format!("type {}", case.name));
        return None;
    };
    let plain = case.declared == case.name;
    let sql = match support::value(&pair.new, &named(&format!("select {schema}"))).as_deref() {
        Some("information_schema") => format!("information_schema.{}", case.name),
        Some("public") => format!("public.{}", case.name),
        // Without their schema some names mean something else: "char", and what SQL's grammar knows.
        Some("pg_catalog") if plain && !matches!(case.name, "xml" | "json") => format!("pg_catalog.{}", case.name),
        _ => case.declared.to_owned(),
    };
    let mut values = Vec::new();
    for value in case.values {
        match value.split_once('|').and_then(|(since, value)| Some((since.parse::<u32>().ok()?, value))) {
            Some((since, value)) if since > oldest => left_out.push(format!("{} {value}", case.name)),
            Some((_, value)) => values.push(value.to_owned()),
            None => values.push((*value).to_owned()),
        }
    }
    let says = |row: &[Option<String>], index: usize| row[index].as_deref() == Some("t");
    Some(Subject {
        name: case.name.to_owned(),
        table: case.declared.to_owned(),
        sql,
        values,
        has_array: says(&old, 0) && says(&new, 0),
        // What a reg… type sends is an OID, which is another database's affair: its text says what is meant.
        is_binary: says(&old, 1) && says(&new, 1) && !case.name.starts_with("reg"),
    })
}

/// The types of a database that a column can have: no pseudo-types, no arrays (every type is tried in arrays), no row types of
/// relations (of which `made.row_of_a_table` stands for all).
const TYPES: &str = "select t.typname from pg_type t left join pg_class c on c.oid = t.typrelid \
     where t.typtype <> 'p' and not exists (select from pg_type e where e.typarray = t.oid) \
     and (t.typtype <> 'c' or c.relkind = 'c') and t.typisdefined order by 1";

/// Every type of the database has edge values, or a reason to have none. A type that nobody thought of is named here.
fn expect_all_types(pair: &Pair) {
    let contrib = CONTRIB.iter().flat_map(|(_, cases)| *cases);
    let names = BUILTIN.iter().chain(MADE).chain(contrib).map(|case| case.name);
    let known: BTreeSet<&str> = names.chain(UNWRITABLE.iter().map(|(name, _)| *name)).collect();
    for side in Side::BOTH {
        let types = support::rows(pair.url(side), TYPES).into_iter().filter_map(|mut row| row.remove(0));
        let unknown: Vec<_> = types.filter(|name| !known.contains(name.as_str())).collect();
        assert!(unknown.is_empty(), "types without edge values in values.rs, and without a reason to have none: {unknown:?}");
    }
}

#[test]
fn every_type_comes_home_byte_for_byte() {
    let left_out = matrix(support::pair("types"));
    assert!(left_out.iter().all(|what| what.starts_with("interval ")), "{left_out:?}");
}
