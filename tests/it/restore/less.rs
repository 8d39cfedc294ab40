//! A restore that has less than what stands in its place: dumps without rows or without tables, and what was lost beside.

use super::scene::{ROWS, Scene, seal};
use crate::support;

/// Restores a dump, and returns what the database beside is called.
fn beside(scene: &Scene, file: &str, record: &str) -> String {
    let made = scene.json(9, &["run", &format!("backups/{file}"), "--record", record]);
    made["databases"][0]["scratch"].as_str().expect("a name").to_owned()
}

#[test]
fn a_dump_without_rows_or_tables_does_not_take_a_place_without_a_word() {
    let scene = Scene::new();
    scene.make("less_of");
    let items = "\"Ship ping\".\"Order Items\"";
    let no_orders = "public.orders: the backup leaves its rows out";
    let no_items = "Ship ping.Order Items: the backup leaves its rows out";
    let cases: [(&str, &[&str], &[&str], &str); 3] = [
        ("schema.dump", &["--format=custom", "--schema-only"], &["public.orders", "Ship ping.Order Items"], no_orders),
        (
            "part.dump",
            &["--format=custom", "--exclude-table-data=\"Ship ping\".\"Order Items\""],
            &["Ship ping.Order Items"],
            no_items,
        ),
        ("one.dump", &["--format=custom", "--table=orders"], &[], "Order Items"),
    ];
    for (file, options, without, said) in cases {
        seal(&scene.dump("less_of", file, options));
        let source = format!("backups/{file}");
        let checked = scene.json(if without.is_empty() { 0 } else { 9 }, &["check", &source]);
        let names = checked["backups"][0]["without_data"].as_array().expect("a list").iter();
        let names: Vec<_> = names.map(|one| format!("{}.{}", one["schema"], one["name"]).replace('"', "")).collect();
        let mut expected: Vec<_> = without.iter().map(|name| (*name).to_owned()).collect();
        expected.sort();
        assert_eq!(names, expected, "{checked:#}");
        assert_eq!(checked["backups"][0]["grade"], if without.is_empty() { "ok" } else { "warning" });
        let made = scene.json(9, &["run", &source, "--record", file]);
        let remarks = made["databases"][0]["remarks"].to_string();
        let lead = if without.is_empty() { "less_of has 1 table now that the backup has not" } else { "without their rows" };
        assert!(remarks.contains(lead), "{remarks}");
        let refused = scene.run(&["swap", "--record", file]);
        assert_eq!(refused.code, 4, "{refused:?}");
        for said in [said, "--with-less", "tables would be missing or empty", "OLD was not touched"] {
            assert!(refused.stderr.contains(said), "{said}: {refused:?}");
        }
        assert!(!scene.path(file).join("former_0.dump").exists(), "nothing was dumped");
        assert_eq!(scene.rows("less_of"), ROWS, "it stands in its place");
        let swapped = scene.json(9, &["swap", "--record", file, "--with-less"]);
        assert!(swapped["databases"][0]["less"].to_string().contains(said), "{swapped:#}");
        assert_eq!(scene.run(&["swap", "--record", file, "--undo"]).code, 9);
    }
    assert_eq!(support::value(&scene.url("less_of"), &format!("select count(*) from {items}")).as_deref(), Some("3"));
}

#[test]
fn what_takes_the_place_is_counted_when_it_does() {
    let scene = Scene::new();
    scene.make("less_since");
    scene.dump("less_since", "whole.dump", &["--format=custom"]);
    let scratch = beside(&scene, "whole.dump", "record");
    support::sql(&scene.url(&scratch), "truncate \"Ship ping\".\"Order Items\"; delete from orders where id > 990");
    let refused = scene.run(&["swap", "--record", "record"]);
    assert!(refused.code == 4 && refused.stderr.contains("3 rows when it was restored, and none now"), "{refused:?}");
    let again = scene.run(&["swap", "--record", "record"]);
    assert_eq!(again.code, 4, "{again:?}");
    let swapped = scene.run(&["swap", "--record", "record", "--with-less"]);
    assert_eq!(swapped.code, 9, "{swapped:?}");
    for said in
        ["0 tables were found", "1,000 rows when it was restored, and 990 now", "1,000 rows in what stands in its place"]
    {
        assert!(swapped.stdout.contains(said), "{said}: {}", swapped.stdout);
    }
    assert_eq!(scene.rows("less_since"), 990);
}

/// A backup of an earlier moment has fewer rows, and not the partitions that were made since.
#[test]
fn what_came_since_the_backup_is_said_and_stops_nothing() {
    let scene = Scene::new();
    scene.make("less_new");
    let parts =
        "create table days (at int) partition by range (at); create table d1 partition of days for values from (0) to (9);
                 insert into days values (1), (2)";
    support::sql(&scene.url("less_new"), parts);
    scene.dump("less_new", "whole.dump", &["--format=custom"]);
    let since = "create table d2 partition of days for values from (9) to (99); insert into days values (10);
                 create table empty_yet (id int); delete from orders where id between 900 and 990";
    support::sql(&scene.url("less_new"), since);
    let swapped = |words: &[&str]| scene.json(9, words)["databases"][0]["less"].as_array().expect("a list").clone();
    beside(&scene, "whole.dump", "record");
    let less = swapped(&["swap", "--record", "record"]);
    assert_eq!(less.len(), 2, "{less:?}");
    assert!(less[0].as_str().is_some_and(|line| line.contains("days: 3 rows") && line.contains("and 2 now")), "{less:?}");
    assert!(less[1].as_str().is_some_and(|line| line.contains("empty_yet") && line.contains("no such table")), "{less:?}");
}

/// A dump of definitions and rows alone, without what `pg_dump` writes behind them.
#[test]
fn what_keeps_rows_as_they_should_be_is_held_against_what_is_there() {
    let scene = Scene::new();
    scene.make("less_kept");
    support::sql(&scene.url("less_kept"), "create index by_what on orders (what)");
    scene.dump("less_kept", "bare.dump", &["--format=custom", "--section=pre-data", "--section=data"]);
    let made = scene.json(9, &["run", "backups/bare.dump", "--record", "record"]);
    let said = made["databases"][0]["remarks"].to_string();
    let swapped = scene.json(9, &["swap", "--record", "record"]);
    let less = swapped["databases"][0]["less"].to_string();
    for what in ["constraint orders_pkey of public.orders", "constraint kept", "index by_what", "Order Items_of_order_fkey"] {
        assert!(said.contains(what) && less.contains(what), "{what}: {said} {less}");
    }
}

/// Dumps by INSERT, whose values may look like a part of a dump; and by way of a partitioned table.
#[test]
fn rows_are_counted_once_and_texts_are_no_rows() {
    let scene = Scene::new();
    scene.make("less_texts");
    let more = "create table days (at int) partition by range (at);
                 create table d1 partition of days for values from (0) to (9);
                 insert into days values (1), (2);
                 update orders set what =
                 E'load:\\nCOPY \"Ship ping\".\"Order Items\" (id) FROM stdin;\\n7\\n\\\\.\\n;' where id = 1";
    support::sql(&scene.url("less_texts"), more);
    for (file, options) in [
        ("inserts.dump", ["--format=custom", "--inserts"].as_slice()),
        ("inserts.sql", &["--format=plain", "--column-inserts", "--rows-per-insert=7"]),
        ("roots.dump", &["--format=custom", "--load-via-partition-root"]),
    ] {
        scene.dump("less_texts", file, options);
        let made = scene.json(9, &["run", &format!("backups/{file}"), "--databases", "less_texts", "--record", file]);
        let tables = made["databases"][0]["tables"].as_array().expect("a list");
        let rows: u64 = tables.iter().filter_map(|table| table["restored"].as_u64()).sum();
        assert_eq!((tables.len(), rows), (3, ROWS + 2), "{file} {made:#}");
        assert_eq!(tables.iter().filter(|table| table["archived"].is_u64()).count(), if file == "roots.dump" { 3 } else { 0 });
        assert_eq!(scene.run(&["swap", "--record", file, "--without-dump"]).code, 9, "{file}");
        assert_eq!(scene.run(&["swap", "--record", file, "--undo"]).code, 9, "{file}");
    }
}
