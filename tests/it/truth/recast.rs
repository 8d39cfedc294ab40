//! Values of NEW's that OLD's type would cut, or that have two meanings there: they are held, and no other row waits for them.

use super::held::{comes_home_with, texts};
use super::*;

#[test]
fn json_that_jsonb_would_cut_or_not_take_is_held() {
    let table =
        |own: &str| format!("create table p (id int primary key, c {own}, n text); insert into p values (1, '{{\"a\": 1}}')");
    // Row 9 is on both sides in a form that NEW's users wrote, and of which OLD's type knows no more than what it says.
    let new = r#"insert into p values (2, '{"price": 1, "price": 2}'), (3, '{"a": "\u0000"}'), (4, '{"n": 1e200000}'),
                     (5, '{"b":[1,{"a":1}],"a":{"a":"1e999 \" \\u0000:"}}'),
                     (6, '[{"a":1},{"a":1}]'), (7, '{"x": "\ud83d\ude00é"}'),
                     (8, '{"x": "\ud83d"}'), (10, '"a\":\"b"'), (11, null);
                 update p set n = 'changed' where id in (1, 9)"#;
    let pair = support::pair("recast_json");
    for (side, own) in [(Side::Old, "jsonb"), (Side::New, "json")] {
        support::sql(pair.url(side), &table(own));
        support::sql(pair.url(side), r#"insert into p values (9, '{"b":1,   "a":[1,  2]}')"#);
    }
    support::sql(&pair.new, new);
    let case = recovery(pair, "");
    let notes = discovered(&case).expect("a discovery").notes.join("\n");
    assert!(notes.contains("column c is jsonb on OLD and json on NEW: compared as OLD's type prints it"), "{notes}");
    comes_home_with(&case, 4, |old| {
        assert_eq!(texts(old, "select id from p where n = 'changed' order by 1"), ["1", "9"]);
        assert_eq!(
            texts(old, "select id, c from p where id > 1 order by 1"),
            [
                r#"5|{"a": {"a": "1e999 \" \\u0000:"}, "b": [1, {"a": 1}]}"#,
                r#"6|[{"a": 1}, {"a": 1}]"#,
                r#"7|{"x": "😀é"}"#,
                r#"9|{"a": [1, 2], "b": 1}"#,
                r#"10|"a\":\"b""#,
                "11|",
            ]
        );
    });
}

#[test]
fn a_wall_clock_that_no_clock_showed_or_that_it_showed_twice_is_held() {
    let rows = "insert into p values (1, TWICE, 'x'), (2, TWICE, 'x'), (3, NEVER, 'x')";
    let on = |own: &str, twice: &str, never: &str| {
        let table = format!("create table p (id int primary key, at {own} not null, note text)");
        format!("{table}; {}", rows.replace("TWICE", twice).replace("NEVER", never))
    };
    let new = "update p set note = 'changed' where id in (1, 3); update p set at = '2026-10-25 02:45' where id = 2;
               insert into p values (10, '2026-07-01 10:00', 'n'), (11, '2026-03-29 02:30', 'n'), (12, '2026-10-25 02:30', 'n'),
                   (13, 'infinity', 'n'), (14, '2026-10-25 03:00', 'n'), (15, '2026-10-25 01:59:59', 'n')";
    let pair = support::pair("recast_clocks");
    support::sql(&pair.old, &on("timestamptz", "'2026-10-25 00:30Z'", "'2026-03-29 01:30Z'"));
    support::sql(&pair.new, &on("timestamp", "'2026-10-25 02:30'", "'2026-03-29 03:30'"));
    support::sql(&pair.new, new);
    let case = recovery(pair, "zone = \"Europe/Berlin\"\n");
    comes_home_with(&case, 3, |old| {
        let found = texts(old, "select id, at at time zone 'UTC', note from p order by id");
        assert_eq!(
            found,
            [
                "1|2026-10-25 00:30:00|changed",
                "2|2026-10-25 00:30:00|x",
                "3|2026-03-29 01:30:00|changed",
                "10|2026-07-01 08:00:00|n",
                "13|infinity|n",
                "14|2026-10-25 02:00:00|n",
                "15|2026-10-24 23:59:59|n",
            ]
        );
    });
}

#[test]
fn the_column_whose_domain_takes_no_null_is_named() {
    let both = "create domain phone as text; create domain mail as text;
                create table p (id int primary key, note text, mail mail, phone phone)";
    let pair = pair("recast_domain", both, "insert into p values (7, 'x', 'y', null), (8, 'x', null, '1')", "");
    support::sql(&pair.old, "alter domain phone set not null");
    let case = recovery(pair, "");
    case.decide("[defaults]\nambiguous = \"apply_new\"\n");
    let plan = planned(&case);
    let found: Vec<_> = plan.rejects.iter().map(|one| (one.column.as_deref(), one.rows)).collect();
    assert_eq!(found, [(Some("phone"), 1)], "{plan:#?}");
}

#[test]
fn a_sequence_that_cannot_follow_news_is_named() {
    let both = "create table o (id int primary key, no text)";
    let pair = pair("recast_sequence", both, "create sequence order_no", "create sequence order_no maxvalue 100");
    support::sql(&pair.new, "insert into o select i, 'ORD-' || nextval('order_no') from generate_series(2, 150) i");
    let case = recovery(pair, "");
    case.decide("[defaults]\nambiguous = \"apply_new\"\n");
    let notes = discovered(&case).expect("a discovery").notes.join("\n");
    assert!(notes.contains("public.order_no: NEW's has come to 149, beyond OLD's greatest value"), "{notes}");
    planned(&case);
    block_on(engine::merge(&case.context, MergeOptions::default())).expect("a merge");
    let verified = block_on(engine::verify(&case.context)).expect("a verification");
    let is_named = |gap: &&engine::Gap| gap.table == "public.order_no" && gap.of == engine::GapKind::Numbers;
    assert_eq!(verified.not_covered.iter().filter(is_named).count(), 1, "{verified:#?}");
    // Once OLD's can follow, it does, and nothing is missing.
    block_on(engine::undo(&case.context, MergeOptions::default())).expect("an undo");
    support::sql(&case.pair.old, "alter sequence order_no maxvalue 1000");
    block_on(engine::merge(&case.context, MergeOptions::default())).expect("a merge");
    assert_eq!(texts(&case.pair.old, "select last_value from order_no"), ["149"]);
    let verified = block_on(engine::verify(&case.context)).expect("a verification");
    assert_eq!(verified.not_covered.iter().filter(is_named).count(), 0, "{verified:#?}");
}

#[test]
fn two_tables_of_old_that_lead_to_one_of_new_are_not_carried() {
    let table = |name: &str| format!("create table {name} (id int primary key, x text); insert into {name} values (1, 'both')");
    let slip = "[tables.\"public.q\"]\nnew_name = \"public.p\"\n";
    let meant = "[tables.\"public.q\"]\nnew_name = \"public.p\"\n[tables.\"public.p\"]\nmethod = \"skip\"\n";
    for (test, config, on_new, lost) in
        [("led_once", slip, "p", vec!["public.p", "public.q"]), ("led_meant", meant, "p", vec![])]
    {
        let pair = support::pair(test);
        support::sql(&pair.old, &format!("{}; {}", table("p"), table("q")));
        support::sql(&pair.new, &format!("{}; insert into {on_new} values (2, 'new')", table(on_new)));
        let case = recovery(pair, config);
        let found = discovered(&case).expect("a discovery");
        let database = &found.databases[0];
        let mut blocked: Vec<_> = database.left_out.iter().filter(|one| one.blocker).map(|one| one.name.to_string()).collect();
        blocked.sort();
        assert_eq!(blocked, lost, "{test}: {:#?}", database.left_out);
        let carried: Vec<_> = database.tables.iter().map(|table| table.name.to_string()).collect();
        assert_eq!(carried, if lost.is_empty() { vec!["public.q"] } else { vec![] }, "{test}");
    }
}

#[test]
fn a_key_that_nothing_keeps_unique_is_looked_at_whatever_is_asked_for() {
    let both = "create table p (id int, v text, updated_at timestamptz default '2020-01-01');
                insert into p values (1, 'a'), (2, 'b')";
    let old = "alter table p add primary key (id)";
    let pair = pair("recast_key", both, "insert into p values (2, 'another', now())", old);
    let case = recovery(pair, "[tables.\"public.p\"]\nkey = [\"id\"]\nmethod = \"timestamps_only\"\n");
    let notes = discovered(&case).expect("a discovery").notes.join("\n");
    assert!(notes.contains("as no index keeps its key unique on both sides: timestamps is used"), "{notes}");
    let refused = block_on(engine::export(&case.context)).expect_err("two rows under one key");
    assert!(format!("{refused:?}").contains("does not strictly ascend"), "{refused:?}");
}

#[test]
fn a_second_row_under_a_configured_key_is_named() {
    let both =
        "create table p (id int, v text, updated_at timestamptz default '2020-01-01'); create table o (id int primary key);
                insert into p values (1, 'a'), (2, 'b')";
    let pair = pair("recast_doubled", both, "update p set v = 'n', updated_at = now(); insert into o values (1)", "");
    let case = recovery(pair, "[tables.\"public.p\"]\nkey = [\"id\"]\n");
    case.decide("[defaults]\nambiguous = \"apply_new\"\n");
    let (add, take) = ("insert into p values (2, 'users of OLD', now())", "delete from p where v like 'users%'");
    block_on(engine::export(&case.context)).expect("an export");
    support::sql(&case.pair.old, add);
    let refused = block_on(engine::diff(&case.context)).expect_err("two rows under one key");
    assert_eq!(refused.kind(), failback::error::ErrorKind::Refused, "{refused:?}");
    assert!(format!("{refused:?}").contains("not unique"), "{refused:?}");
    support::sql(&case.pair.old, take);
    block_on(engine::diff(&case.context)).expect("a diff");
    block_on(engine::plan(&case.context)).expect("a plan");
    block_on(engine::merge(&case.context, MergeOptions::default())).expect("a merge");
    support::sql(&case.pair.old, add);
    let verified = block_on(engine::verify(&case.context)).expect("a verification");
    let found = verified.tables.iter().find(|table| table.table == "public.p").expect("the table");
    assert_eq!((found.checked, found.mismatched, found.written_since), (2, 0, 1), "{verified:#?}");
    assert_eq!(found.written_since_keys, ["2"]);
    // Where it is every row of a table, too.
    support::sql(&case.pair.old, "insert into p values (1, 'users too', now())");
    let verified = block_on(engine::verify(&case.context)).expect("a verification");
    assert_eq!(verified.tables.iter().map(|table| table.written_since).sum::<u64>(), 2, "{verified:#?}");
}
