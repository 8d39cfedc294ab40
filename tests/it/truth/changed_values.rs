//! Values that a row keeps are not written: what lies out of line stays there, triggers on columns fire for what changes, and
//! equal values that are not the same bytes are values that change.

use std::collections::BTreeSet;

use failback::engine::{self, MergeOptions};

use super::*;
use crate::support::{Dice, Majors};

const SILENT: MergeOptions = MergeOptions { leave_held: true, fire_triggers: false, dry_run: false, again: false };
const FIRING: MergeOptions = MergeOptions { fire_triggers: true, ..SILENT };

fn on(test: &str, majors: Majors, both: &str, new: &str) -> Pair {
    let pair = support::pair_on(test, majors);
    for (side, own) in [(Side::Old, ""), (Side::New, new)] {
        support::sql(pair.url(side), both);
        support::sql(pair.url(side), own);
    }
    pair
}

fn old(case: &Recovery, query: &str) -> String {
    support::value(&case.pair.old, query).unwrap_or_default()
}

#[test]
fn what_lies_out_of_line_stays_there() {
    for majors in [Majors::installed(), Majors { old: 13, new: 18 }, Majors { old: 18, new: 16 }] {
        let both = "create domain note as varchar(30000);
                    create table t (id int primary key, status text, body text, short varchar(30000), long note,
                                    updated_at timestamptz not null default '2020-01-01');
                    create function noise(g int, n int) returns text language sql as
                        $$ select string_agg(md5(concat(g, '.', i)), '') from generate_series(1, n) i $$;
                    insert into t select g, 'open', noise(g, 300), noise(g, 90), noise(g, 90) from generate_series(1, 400) g";
        let new = "update t set status = 'closed', updated_at = now() where id <= 200;
                   update t set body = body || '.', updated_at = now() where id in (201, 202);
                   update t set long = long || '.', updated_at = now() where id = 203";
        let case = recovery(on("out_of_line", majors, both, new), "");
        planned(&case);
        let lengths = "select pg_relation_size(reltoastrelid)::text from pg_class where relname = 't'";
        let (before, image) = (old(&case, lengths), old(&case, "select md5(string_agg(t::text, '' order by id)) from t"));
        block_on(engine::merge(&case.context, SILENT)).expect("a merge");
        let grown = old(&case, lengths).parse::<i64>().expect("bytes") - before.parse::<i64>().expect("bytes");
        // Two bodies and one more, of 9,600 and 2,880 bytes each, and what pages of chunks leave over.
        assert!((22_000..50_000).contains(&grown), "{majors:?}: {grown} bytes more out of line");
        let of_new = support::value(&case.pair.new, "select md5(string_agg(t::text, '' order by id)) from t");
        assert_eq!(Some(old(&case, "select md5(string_agg(t::text, '' order by id)) from t")), of_new, "{majors:?}");
        block_on(engine::undo(&case.context, SILENT)).expect("an undo");
        let grown = old(&case, lengths).parse::<i64>().expect("bytes") - before.parse::<i64>().expect("bytes");
        assert!(grown < 100_000, "{majors:?}: {grown} bytes more out of line");
        assert_eq!(old(&case, "select md5(string_agg(t::text, '' order by id)) from t"), image, "{majors:?}");
    }
}

/// Columns of all sorts, each with values that are equal and not alike, and with such as are long.
const SORTS: [(&str, &str); 20] = [
    ("numeric", "1.0,1.00,2"),
    ("numeric(9,3)", "1.5,7"),
    ("float8", "0,-0,NaN"),
    ("text", "a,b,LONG"),
    ("varchar(40000)", "a,b,LONG"),
    ("note", "a,b,LONG"),
    ("varchar(9)[]", "{a},{b},{LIST}"),
    ("bpchar(5)", "a,b"),
    ("json", "1,1 ,[1]"),
    ("jsonb", "1.0,1.00,[\"LONG\"]"),
    ("bytea", "\\\\x00,\\\\xff,LONG"),
    ("bit varying(90000)", "1,0,BITS"),
    ("interval", "1 day,24 hours"),
    ("timestamptz(3)", "2020-01-01,infinity"),
    ("timetz", "10:00+00,12:00+02"),
    ("mood", "good,bad"),
    ("pair", "(1\\\\,a),(1\\\\,b)"),
    ("int4range", "[1\\\\,2),[1\\\\,3)"),
    ("inet", "10.0.0.1,10.0.0.1/24"),
    ("\"char\"", "a,b"),
];

/// The values of a sort, as literals; NULL among them.
fn values(sort: &str) -> Vec<String> {
    let (mut found, mut escaped) = (vec![String::new()], false);
    for letter in sort.replace("\\\\", "\\").chars() {
        match letter {
            ',' if !escaped => found.push(String::new()),
            '\\' if sort.contains("\\\\,") => {}
            letter => found.last_mut().expect("a value").push(letter),
        }
        escaped = letter == '\\';
    }
    let literal = |value: String| match value.as_str() {
        "LONG" => "(select string_agg(md5(g::text), '') from generate_series(1, 900) g)".to_owned(),
        "[\"LONG\"]" => "(select jsonb_agg(md5(g::text)) from generate_series(1, 900) g)".to_owned(),
        "{LIST}" => "(select array_agg(left(md5(g::text), 9)) from generate_series(1, 900) g)".to_owned(),
        "BITS" => "(select string_agg((('x' || md5(g::text))::bit(128))::text, '') from generate_series(1, 400) g)".to_owned(),
        _ => format!("'{value}'"),
    };
    found.into_iter().map(literal).chain(["null".to_owned()]).collect()
}

/// Random sets of columns change in each row; columns behind the 64th are among them.
#[test]
fn whatever_columns_change_the_rows_become_new_s_and_come_back() {
    for (seed, majors) in [(1, Majors::installed()), (2, Majors { old: 13, new: 17 }), (3, Majors { old: 18, new: 18 })] {
        let mut dice = Dice::seeded(seed);
        let types = "create domain note as varchar(40000); create type mood as enum ('good', 'bad');
                     create type pair as (a int, b text)";
        let more = |column: usize| format!("m{column} int default {column}");
        let sorts = SORTS.iter().enumerate().map(|(number, (sort, _))| format!("c{number} {sort}"));
        let columns: Vec<_> = sorts.chain((0..70).map(more)).collect();
        let table = format!(
            "create table t (id int primary key, {}, twice numeric generated always as (c0 * 2) stored,
                             updated_at timestamptz not null default '2020-01-01')",
            columns.join(", ")
        );
        let (mut rows, mut changes) = (Vec::new(), Vec::new());
        for id in 1..=60 {
            let one = |dice: &mut Dice, number: usize| {
                let known = values(SORTS[number].1);
                format!("c{number} = ({})::{}", known[dice.below(known.len())], SORTS[number].0)
            };
            let first: Vec<_> = (0..SORTS.len()).map(|number| one(&mut dice, number)).collect();
            rows.push(format!("insert into t (id) values ({id}); update t set {} where id = {id}", first.join(", ")));
            let mut set: BTreeSet<_> = (0..dice.below(4)).map(|_| dice.below(SORTS.len())).collect();
            if id % 10 == 0 {
                set = (0..SORTS.len()).collect();
            }
            let mut sets: Vec<_> = set.into_iter().map(|number| one(&mut dice, number)).collect();
            sets.extend(
                (0..dice.below(3)).map(|_| dice.below(70)).collect::<BTreeSet<_>>().iter().map(|m| format!("m{m} = {id}")),
            );
            sets.push("updated_at = now()".to_owned());
            changes.push(format!("update t set {} where id = {id}", sets.join(", ")));
        }
        let case = recovery(on("masks", majors, &[types, &table, &rows.join(";")].join(";"), &changes.join(";")), "");
        planned(&case);
        let printed = |url: &str| support::rows(url, "select t::text from t order by id");
        let before = printed(&case.pair.old);
        let merged = block_on(engine::merge(&case.context, SILENT)).expect("a merge");
        assert_eq!(merged.rows(), 60, "{majors:?}");
        assert!(printed(&case.pair.old) == printed(&case.pair.new), "{majors:?}: OLD is not as NEW is");
        assert_eq!(
            old(&case, "select count(distinct xmin::text) from t"),
            "1",
            "{majors:?}: each row bears the merge's number"
        );
        let verified = block_on(engine::verify(&case.context)).expect("a verification");
        assert!(verified.tables.iter().all(|table| table.mismatched == 0), "{majors:?}: {:?}", verified.tables);
        block_on(engine::undo(&case.context, SILENT)).expect("an undo");
        assert!(printed(&case.pair.old) == before, "{majors:?}: OLD is not as it was");
    }
}

#[test]
fn triggers_on_a_column_fire_for_rows_that_change_it() {
    let both =
        "create table t (id int primary key, a int, b int, c text, updated_at timestamptz not null default '2020-01-01');
                create table fired (id int, name text);
                insert into t select g, 0, 0, 'c' from generate_series(1, 6) g;
                create function fired() returns trigger language plpgsql as
                    $$ begin insert into fired values (new.id, tg_name); return new; end $$;
                create trigger on_a after update of a on t for each row execute function fired();
                create trigger on_b after update of b on t for each row execute function fired();
                create trigger on_c after update of c on t for each row execute function fired()";
    let new = "alter table t disable trigger user;
               update t set a = 1, updated_at = now() where id in (1, 2);
               update t set b = 1, updated_at = now() where id in (2, 3);
               update t set updated_at = now() where id = 4";
    let mut case = recovery(pair("fired", both, new, ""), "");
    case.choose("public.t");
    planned(&case);
    block_on(engine::merge(&case.context, FIRING)).expect("a merge");
    let fired = "select string_agg(id || name, ' ' order by id, name) from fired";
    assert_eq!(old(&case, fired), "1on_a 2on_a 2on_b 3on_b");
    let rows = "select string_agg(concat(id, a, b, c), ' ' order by id) from t";
    assert_eq!(old(&case, rows), "110c 211c 301c 400c 500c 600c");
}
