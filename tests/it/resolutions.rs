//! Rows that are composed of what both sides did to them: column by column, gaps filled, differences added, values computed.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::show::Scene;
use crate::support::{self, Pair};

const COLUMNS: [&str; 5] = ["a", "b", "c", "d", "e"];

const TABLE: &str = "
    create table t (id int primary key, a int, b text, c numeric(8,2), d jsonb, e timestamptz,
        created_at timestamptz default '2026-01-01', updated_at timestamptz default '2026-01-01');
    insert into t (id, a, b, c, d, e)
        select i, i, 'b' || i, i + 0.5, jsonb_build_object('k', i), '2025-01-01Z'::timestamptz + i * interval '1 hour'
        from generate_series(1, 243) i";

/// Each column of each row is changed or not as a digit of the row's number says, so that every combination of what both
/// sides did to the five columns is there; where both change one, they agree in every second row.
fn write(side: &str, at: &str) -> String {
    let digit = |column: usize| format!("(id / {} % 3)", 3_usize.pow(u32::try_from(column).expect("small")));
    let (wanted, word) = if side == "old" { ("(0, 2)", "'old'") } else { ("(1, 2)", "'new'") };
    let own = format!("case when id % 2 = 0 then 'both' else {word} end");
    let changed = |column: usize, name: &str, value: &str| {
        format!("{name} = case when {} in {wanted} and id % 7 <> {column} then {value} else {name} end", digit(column))
    };
    let all = [
        changed(0, "a", &format!("length({own}) * 1000 + id")),
        changed(1, "b", &own),
        changed(2, "c", &format!("length({own}) * 10")),
        changed(3, "d", "null"),
        changed(4, "e", &format!("'2026-03-01Z'::timestamptz + length({own}) * interval '1 day'")),
    ];
    format!("; update t set {}, updated_at = '{at}'", all.join(", "))
}

/// A planned run with a third server that shows the cutover's state, and that server.
fn scene(test: &str, table: &str, [old, new]: [&str; 2]) -> (Scene, String) {
    let pair: Pair = support::pair(test);
    let base = support::third_of(&pair);
    support::sql(&pair.old, &format!("{table}{old}"));
    support::sql(&pair.new, &format!("{table}{new}"));
    support::sql(&base, table);
    (Scene::of(pair, &format!("[base]\nurl = \"{base}\"\n")).planned(), base)
}

type Rows = BTreeMap<i64, Vec<Option<String>>>;

fn rows(url: &str, columns: &[&str]) -> Rows {
    let list: Vec<_> = columns.iter().map(|column| format!("{column}::text")).collect();
    let found = support::rows(url, &format!("set time zone 'UTC'; select id::text, {} from t order by id", list.join(", ")));
    found.into_iter().map(|row| (row[0].as_deref().expect("a key").parse().expect("a number"), row[1..].to_vec())).collect()
}

/// Merges, looks that OLD has what is expected, verifies, and takes it back.
fn expect_merged(scene: &Scene, columns: &[&str], expected: &Rows) {
    let before = rows(&scene.pair.old, columns);
    let confirm = support::address(&scene.pair.old);
    for (verb, codes) in [(&["plan"][..], [0, 0]), (&["merge", "--leave-held", "--confirm", &confirm], [0, 9])] {
        let output = scene.run(verb);
        assert!(codes.contains(&output.code), "{verb:?}: {}{}", output.stdout, output.stderr);
    }
    let found = rows(&scene.pair.old, columns);
    for (id, row) in expected {
        assert_eq!(&found[id], row, "row {id}: {:?}", whys(scene));
    }
    let verified = scene.run(&["verify"]);
    assert!([0, 9].contains(&verified.code), "{}{}", verified.stdout, verified.stderr);
    let undone = scene.run(&["undo", "--confirm", &confirm]);
    assert_eq!(undone.code, 0, "{}{}", undone.stdout, undone.stderr);
    assert_eq!(rows(&scene.pair.old, columns), before);
}

fn whys(scene: &Scene) -> BTreeMap<String, u64> {
    let shown = scene.document(0, &["show", "t", "--limit", "all"]);
    let mut whys = BTreeMap::new();
    for row in shown["rows"].as_array().expect("rows") {
        *whys.entry(row["why"].as_str().expect("a text").to_owned()).or_default() += 1;
    }
    whys
}

#[test]
fn each_column_is_of_the_side_that_changed_it_and_what_both_changed_is_held() {
    let (scene, base) =
        scene("merged_columns", TABLE, [&write("old", "2026-01-14 13:00Z"), &write("new", "2026-01-14 12:00Z")]);
    scene.document(0, &["decide", "update_origin_differs=column_merge"]);
    let [old, new, base] = [&scene.pair.old, &scene.pair.new, &base].map(|url| rows(url, &COLUMNS));
    let (mut expected, mut clashing) = (Rows::new(), 0);
    for (id, olds) in &old {
        let (news, bases) = (&new[id], &base[id]);
        let merged: Option<Vec<_>> = (0..COLUMNS.len())
            .map(|at| match (olds[at] != bases[at], news[at] != bases[at]) {
                (_, false) => Some(olds[at].clone()),
                (false, true) => Some(news[at].clone()),
                (true, true) if olds[at] == news[at] => Some(olds[at].clone()),
                (true, true) => None,
            })
            .collect();
        clashing += usize::from(merged.is_none());
        expected.insert(*id, merged.unwrap_or_else(|| olds.clone()));
    }
    assert!(clashing > 20 && clashing < 200, "{clashing} clash");
    expect_merged(&scene, &COLUMNS, &expected);
    let held: u64 = whys(&scene).iter().filter(|(why, _)| why.contains("both sides changed")).map(|(_, rows)| rows).sum();
    assert_eq!(held, clashing as u64);
}

#[test]
fn gaps_of_old_are_filled_and_nothing_else_is_touched() {
    let [old, new] = [
        "; update t set a = null, b = 'old', c = null, updated_at = '2026-01-14 13:00Z' where id <= 4; \
         update t set d = null where id = 3",
        "; update t set a = 77, b = 'new', c = null, d = null, updated_at = '2026-01-14 12:00Z' where id <= 5",
    ];
    let (scene, _) = scene("coalesce", TABLE, [old, new]);
    scene.document(0, &["decide", "--table", "public.t", "update_origin_differs=coalesce"]);
    let [old, new] = [&scene.pair.old, &scene.pair.new].map(|url| rows(url, &COLUMNS));
    let filled = |id: &i64| old[id].iter().zip(&new[id]).map(|(old, new)| old.clone().or_else(|| new.clone())).collect();
    let mut expected: Rows = (1..=4).map(|id| (id, filled(&id))).collect();
    expected.insert(5, new[&5].clone());
    expect_merged(&scene, &COLUMNS, &expected);
}

const ACCOUNTS: &str = "
    create table t (id int primary key, balance numeric(10,2), points smallint, note varchar(12), tip numeric(12,4),
        created_at timestamptz default '2026-01-01', updated_at timestamptz default '2026-01-01');
    insert into t (id, balance, points, note, tip) select i, 100, 30000, 'n' || i, 1 from generate_series(1, 6) i";

/// What both sides do to the six accounts.
const WRITES: [&str; 2] = [
    "; update t set balance = balance - 30, points = points + 1000, updated_at = '2026-01-14 13:00Z'",
    "; update t set balance = balance + 7.25, points = points + 500, note = note || '!', tip = 2.5, \
     updated_at = '2026-01-14 12:00Z'; \
     update t set points = 32767 where id = 2; update t set balance = null where id = 3; \
     update t set tip = 1.2345 where id = 4",
];

fn rule(more: &str) -> String {
    format!("[[rule]]\ntable = \"public.t\"\nclass = \"update_origin_differs\"\nresolution = \"column_merge\"\n{more}\n")
}

#[test]
fn differences_are_added_and_what_has_none_is_held() {
    let (scene, _) = scene("delta", ACCOUNTS, WRITES);
    std::fs::write(
        scene.in_run("decisions.toml"),
        rule("columns = { balance = \"delta\", points = \"delta\", updated_at = \"old\" }"),
    )
    .expect("a file");
    let columns = ["balance", "points", "note", "tip"];
    let old = rows(&scene.pair.old, &columns);
    let text = |text: &str| Some(text.to_owned());
    let mut expected: Rows =
        (1..=6).map(|id| (id, vec![text("77.25"), text("31500"), Some(format!("n{id}!")), text("2.5000")])).collect();
    expected.insert(4, vec![text("77.25"), text("31500"), text("n4!"), text("1.2345")]);
    // 31000 + 32767 - 30000 is out of its range, and of NULL nothing is known.
    expected.insert(2, old[&2].clone());
    expected.insert(3, old[&3].clone());
    expect_merged(&scene, &columns, &expected);
    let whys = whys(&scene);
    let has = |part: &str| whys.keys().any(|why| why.contains(part));
    assert!(has("points cannot be computed: numeric_value_out_of_range (22003)"), "{whys:?}");
    assert!(has("balance has no difference: a side of it is NULL"), "{whys:?}");
}

#[test]
fn values_are_computed_by_old_and_held_where_the_column_would_change_them() {
    let (scene, _) = scene("compute", ACCOUNTS, WRITES);
    let said = ["decide", "--table", "public.t", "update_origin_differs=keep_old"];
    let computed = ["--compute", "balance=old.balance + new.tip -- so it is", "--compute", "note=old.note || '/' || new.note"];
    scene.document(0, &[&said[..], &computed[..]].concat());
    let columns = ["balance", "points", "note"];
    let old = rows(&scene.pair.old, &columns);
    let text = |text: &str| Some(text.to_owned());
    let of = |id: i64| vec![text("72.50"), old[&id][1].clone(), Some(format!("n{id}/n{id}!"))];
    let mut expected: Rows = (1..=6).map(|id| (id, of(id))).collect();
    // 70 + 1.2345 would be rounded.
    expected.insert(4, old[&4].clone());
    expect_merged(&scene, &columns, &expected);
    let whys = whys(&scene);
    assert!(whys.keys().any(|why| why.contains("balance would be cut or rounded to numeric(10,2)")), "{whys:?}");
}

#[test]
fn what_is_no_value_of_one_row_is_refused_with_its_line() {
    let (scene, _) = scene("compute_wrong", ACCOUNTS, WRITES);
    for (sql, cause) in [
        ("old.balanse", "column old.balanse does not exist"),
        ("sum(old.balance)", "it is about more than one row"),
        ("(select max(balance) from t)", "it is about more than one row"),
        ("random() * old.balance", "VOLATILE"),
        ("array[old.balance]", "cannot cast"),
        ("old.balance) from t; delete from t; select (1", "syntax error"),
    ] {
        std::fs::write(scene.in_run("decisions.toml"), rule(&format!("compute = {{ balance = \"{sql}\" }}"))).expect("a file");
        let refused: Value = scene.document(2, &["plan"]);
        let error = refused["error"].to_string();
        assert!(error.contains(cause) && error.contains("decisions.toml:5:"), "{sql}: {error}");
    }
    assert_eq!(support::value(&scene.pair.old, "select count(*)::text from t").as_deref(), Some("6"));
}

#[test]
fn of_a_cutover_that_nobody_knows_nothing_is_made() {
    let scene = Scene::made("compute_unknown", [&format!("{ACCOUNTS}{}", WRITES[0]), &format!("{ACCOUNTS}{}", WRITES[1])], "");
    for said in [
        rule(""),
        rule("columns = { balance = \"delta\" }"),
        rule("compute = { balance = \"coalesce(base.balance, 0)\" }").replace("column_merge", "keep_old"),
    ] {
        std::fs::write(scene.in_run("decisions.toml"), said).expect("a file");
        scene.document(0, &["plan"]);
        let shown = scene.document(0, &["show", "t", "--limit", "all"]);
        let rows = shown["rows"].as_array().expect("rows");
        assert!(rows.len() == 6 && rows.iter().all(|row| row["action"] == "hold"), "{shown:#}");
        assert!(rows.iter().all(|row| row["why"].as_str().is_some_and(|why| why.contains("known"))), "{shown:#}");
    }
}

#[test]
fn columns_that_refer_together_are_of_one_side() {
    let table = "create table p (a int, b int, primary key (a, b));
        insert into p select a, b from generate_series(1, 3) a, generate_series(1, 3) b;
        create table t (id int primary key, a int, b int, v text, foreign key (a, b) references p,
            created_at timestamptz default '2026-01-01', updated_at timestamptz default '2026-01-01');
        insert into t (id, a, b, v) values (1, 1, 1, 'v'), (2, 1, 1, 'v'), (3, 1, 1, 'v'), (4, null, 1, 'v')";
    let [old, new] = [
        "; update t set a = case id when 1 then 2 when 4 then null else a end, v = 'old' || id, \
         updated_at = '2026-01-14 13:00Z'; update t set v = 'v' where id < 3",
        "; update t set b = 3, a = 1, updated_at = '2026-01-14 12:00Z'",
    ];
    let (scene, _) = scene("composite_reference", table, [old, new]);
    scene.document(0, &["decide", "update_origin_differs=column_merge"]);
    let columns = ["a", "b", "v"];
    let (before, text) = (rows(&scene.pair.old, &columns), |text: &str| Some(text.to_owned()));
    let of_new = |id: i64, v: &str| (id, vec![text("1"), text("3"), text(v)]);
    let expected = Rows::from([(1, before[&1].clone()), of_new(2, "v"), of_new(3, "old3"), of_new(4, "old4")]);
    expect_merged(&scene, &columns, &expected);
    assert!(whys(&scene).keys().any(|why| why.contains("both sides changed a, b, each otherwise")), "{:?}", whys(&scene));
    scene.document(0, &["decide", "update_origin_differs=coalesce"]);
    expect_merged(&scene, &columns, &before);
}

#[test]
fn a_composed_row_that_keeps_olds_own_reference_does_not_wait_for_news_parent() {
    let table = "create table p (id int primary key, who text, created_at timestamptz, updated_at timestamptz);
        create table t (id int primary key, p int references p, v text, created_at timestamptz default '2026-01-01',
            updated_at timestamptz default '2026-01-01');
        insert into p values (1, 'one', '2026-01-01', '2026-01-01'), (2, 'two', '2026-01-01', '2026-01-01');
        insert into t (id, p, v) values (1, 1, 'v'), (2, 1, 'v')";
    let [old, new] = [
        "; insert into p values (5, 'OLD''s', '2026-01-14 13:00Z', '2026-01-14 13:00Z');
         update t set p = 5, updated_at = '2026-01-14 13:00Z' where id = 1;
         update t set v = 'old', updated_at = '2026-01-14 13:00Z' where id = 2",
        "; insert into p values (5, 'NEW''s', '2026-01-14 12:00Z', '2026-01-14 12:00Z');
         update t set v = 'new', updated_at = '2026-01-14 12:00Z' where id = 1;
         update t set p = 5, updated_at = '2026-01-14 12:00Z' where id = 2",
    ];
    let (scene, _) = scene("own_reference", table, [old, new]);
    scene.document(0, &["decide", "update_origin_differs=column_merge"]);
    let text = |text: &str| Some(text.to_owned());
    let columns = ["p", "v"];
    let expected = Rows::from([(1, vec![text("5"), text("new")]), (2, vec![text("1"), text("old")])]);
    expect_merged(&scene, &columns, &expected);
    assert!(whys(&scene).keys().any(|why| why.contains("with its parent")), "NEW's own waits: {:?}", whys(&scene));
}

#[test]
fn rows_that_may_be_two_are_not_composed_and_no_spelling_of_olds_is_lost() {
    let table = |form: &str| {
        format!(
            "create table t (id int primary key, j {form}, v text, created_at timestamptz, updated_at timestamptz);
             insert into t select i, '{{\"a\": 1}}', null, '2025-01-01', '2026-01-01' from generate_series(1, 3) i"
        )
    };
    let pair: Pair = support::pair("two_rows");
    let base = support::third_of(&pair);
    support::sql(&base, &table("json"));
    // The same value in jsonb, and another spelling in json.
    let old = "update t set j = '{\"a\":1}', updated_at = '2026-01-14 13:00Z'";
    support::sql(&pair.old, &format!("{}; {old}", table("json")));
    let new = "update t set v = 'new', updated_at = '2026-01-14 12:00Z';
        update t set j = '{\"a\": 2}' where id = 2; update t set created_at = '2026-01-14 12:00Z' where id = 3";
    support::sql(&pair.new, &format!("{}; {new}", table("jsonb")));
    let scene = Scene::of(pair, &format!("[base]\nurl = \"{base}\"\n")).planned();
    let columns = ["j", "v"];
    let before = rows(&scene.pair.old, &columns);
    scene.document(0, &["decide", "--table", "public.t", "update_origin_differs=column_merge"]);
    let spelt = |id: i64| before[&id][0].clone();
    let expected = Rows::from([(1, vec![spelt(1), Some("new".to_owned())]), (2, before[&2].clone()), (3, before[&3].clone())]);
    expect_merged(&scene, &columns, &expected);
}

#[test]
fn a_pick_by_difference_is_of_the_cutover_that_was_looked_at() {
    let (scene, base) = scene("picked_base", ACCOUNTS, WRITES);
    let said = ["decide", "--table", "public.t", "--row", "id=1", "column_merge", "--column", "balance=delta"];
    scene.document(0, &said);
    let decided = std::fs::read_to_string(scene.in_run("decisions.toml")).expect("decisions");
    // A run of the same rows that knows another cutover.
    support::sql(&base, "update t set balance = 50 where id = 1");
    std::fs::remove_dir_all(scene.folder()).expect("a run");
    let scene = scene.planned();
    std::fs::write(scene.in_run("decisions.toml"), decided).expect("a file");
    scene.document(0, &["plan"]);
    let shown = scene.document(0, &["show", "t", "1"]);
    assert!(
        shown["rows"][0]["why"].as_str().is_some_and(|why| why.contains("it was picked when it was another row")),
        "{shown:#}"
    );
}
