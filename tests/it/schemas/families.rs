//! Rows that foreign keys tie together.

use super::*;

#[test]
fn cycles_and_trees_come_in_any_order() {
    let case = planned(
        "cycles",
        "create table tree (id int primary key, up int references tree, pair_a int, pair_b text);
         create table twos (a int, b text, boss int, primary key (a, b), foreign key (boss) references tree (id));
         alter table tree add constraint to_twos foreign key (pair_b, pair_a) references twos (b, a) match full;
         alter table twos add unique (b, a);
         insert into tree values (5, null, null, null); insert into twos values (1, 'x', 5);
         update tree set pair_a = 1, pair_b = 'x'",
        "insert into tree values (9, 9, null, null);
         insert into tree select i, i + 1, null, null from generate_series(8, 6, -1) i;
         insert into twos values (2, 'y', 6), (3, 'z', 9); update tree set pair_a = 2, pair_b = 'y' where id in (6, 7, 5);
         update twos set boss = 7",
        "",
        NEW_WINS,
    );
    case.becomes_new();
}

/// Servers where this user may not silence foreign keys.
#[test]
fn cycles_that_may_wait_come_without_the_replica_role() {
    let pair = support::pair("owner");
    let role = format!("{}_role", pair.database);
    let both = "create table a (id int primary key, b int, code text unique deferrable);
        create table b (id int primary key, a int references a on delete cascade deferrable);
        alter table a add foreign key (b) references b deferrable;
        create table tree (id int primary key, up int references tree);
        create function loud() returns trigger language plpgsql as $$ begin raise exception 'fired'; end $$;
        create trigger loud before insert or update or delete on tree for each statement execute function loud();
        create rule swallow as on insert to tree do instead nothing; create table log (id int);
        create rule also as on update to a do also insert into log values (1);
        alter table tree disable trigger loud; alter table tree disable rule swallow;
        insert into b values (1, null); insert into a values (1, 1, 'x'), (2, 1, 'y'); insert into tree values (1, 1)";
    let new = "begin; set constraints all deferred; insert into a values (10, 10, 'z'); insert into b values (10, 10);
        update a set code = 'y' where id = 1; update a set code = 'x' where id = 2; commit;
        insert into tree values (5, 5), (4, 5), (3, 4);
        delete from log";
    let pair = worked(
        pair,
        both,
        new,
        "alter table tree enable trigger loud; alter table tree enable rule swallow; insert into log values (7)",
    );
    let mut given = pair;
    for url in [&mut given.old, &mut given.new] {
        support::sql(url, &format!("create role {role} login password 'p'"));
        let tables = ["a", "b", "tree", "log"].map(|table| format!("alter table {table} owner to {role}")).join("; ");
        support::sql(url, &format!("{tables}; grant create on database \"{}\" to {role}", given.database));
    }
    let mighty = given.old.clone();
    for url in [&mut given.old, &mut given.new] {
        let (_, server) = url.split_once('@').expect("a user in the URL");
        *url = format!("postgresql://{role}:p@{server}");
    }
    let case = case(given, "", NEW_WINS_AND_NOTHING_GOES);
    case.expect_held(0);
    case.comes_home_and_goes_back(|case| {
        assert_eq!(case.old("select id, b, code from a order by id"), ["1|1|y", "2|1|x", "10|10|z"]);
        assert_eq!(case.old("select id, up from tree order by id"), ["1|1", "3|4", "4|5", "5|5"]);
        assert_eq!(case.old("select id from log"), ["7"], "no rule fired");
        let modes = "select tgenabled::text from pg_trigger where tgname = 'loud' union all
                     select ev_enabled::text from pg_rewrite where rulename = 'swallow'";
        assert_eq!(texts(&mighty, modes), ["O", "O"]);
    });
}

#[test]
fn a_parent_with_children_on_old_stays_whatever_its_deletion_would_do() {
    for action in ["cascade", "set null", "set default", "restrict", "no action"] {
        let case = super::case(
            pair(
                "bereaved",
                &format!(
                    "create table parent (id int primary key, code text unique, created_at timestamptz default '2020-01-01');
                     create table child (id int primary key, p int default 0 references parent on delete {action},
                         c text references parent (code) on delete {action} on update cascade);
                     insert into parent select i, 'c' || i from generate_series(0, 6) i;
                     insert into child values (1, 1, null), (2, 2, 'c2'), (3, 3, null)"
                ),
                "delete from child where id <> 1; delete from parent where id in (0, 2, 3, 4); \
                 update parent set code = code || '!' where id in (5, 6)",
                "insert into child values (50, 4, null), (51, null, 'c5'), (52, null, 'c3');
                 create unlogged table only_here (p int references parent); insert into only_here values (0)",
            ),
            "",
            &format!("{NEW_WINS}\n[tables.\"public.child\"]\nambiguous_missing_on_new = \"keep_old\"\n"),
        );
        assert_eq!(case.held("public.parent", "OLD still has children of it in public.child"), 4, "{:#?}", case.plan);
        assert_eq!(case.held("public.parent", "OLD still has children of it in public.only_here"), 1, "{:#?}", case.plan);
        case.expect_held(5);
        case.comes_home_and_goes_back(|case| {
            let rows = case.old("select id, code from parent order by id");
            assert_eq!(rows, ["0|c0", "1|c1", "2|c2", "3|c3", "4|c4", "5|c5", "6|c6!"]);
            assert_eq!(
                case.old("select id, p, c from child order by id"),
                ["1|1|", "2|2|c2", "3|3|", "50|4|", "51||c5", "52||c3"]
            );
        });
    }
}

#[test]
fn children_of_nobody_are_held() {
    let case = planned(
        "orphans",
        "create table parent (id int primary key, code text unique);
         create table child (id int primary key, p int, c text, a int, b int);
         create table twos (a int, b int, primary key (a, b)); insert into parent values (1, 'a'), (2, 'b');
         insert into twos values (1, 1)",
        "insert into child values (1, 1, 'a', null, null), (2, 99, null, null, null), (3, null, 'zzz', null, null),
             (4, 1, 'new', null, null),
             (5, 1, null, 1, null), (6, 1, null, 1, 1), (7, 2, null, null, null);
         insert into parent values (3, 'new')",
        "alter table child add foreign key (p) references parent, add foreign key (c) references parent (code),
             add constraint fully foreign key (a, b) references twos match full;
         delete from parent where id = 2",
        NEW_WINS_AND_NOTHING_GOES,
    );
    // NEW's row 2 of the parents comes back: nothing says that OLD deleted it.
    assert_eq!(case.held("public.child", "fk_parent_missing, OLD has no such row of public.parent (child_p_fkey)"), 1);
    assert_eq!(case.held("public.child", "(child_c_fkey)"), 1);
    assert_eq!(case.held("public.child", "(fully)"), 1, "half a reference under MATCH FULL");
    case.expect_held(3);
    case.comes_home_and_goes_back(|case| assert_eq!(case.old("select id from child order by id"), ["1", "4", "6", "7"]));
}

#[test]
fn a_held_row_that_was_to_bring_a_value_holds_the_children_of_that_value() {
    let case = planned(
        "chain",
        "create table parent (id int primary key, code text unique, handle text unique);
         create table child (id int primary key, c text references parent (code));
         create table grandchild (id int primary key, child int references child);
         insert into parent values (1, 'a', 'x'), (2, 'b', 'y'); insert into child values (1, 'a')",
        "update parent set code = 'new', handle = 'taken' where id = 2; insert into child values (10, 'new'), (11, 'a');
         insert into grandchild values (1, 10), (2, 11), (3, 1)",
        "insert into parent values (50, 'o', 'taken')",
        NEW_WINS_AND_NOTHING_GOES,
    );
    assert_eq!(case.held("public.parent", "parent_handle_key"), 1);
    assert_eq!(case.held("public.child", "child_c_fkey"), 1);
    assert_eq!(case.held("public.grandchild", "grandchild_child_fkey"), 1);
    case.expect_held(3);
    case.comes_home_and_goes_back(|case| assert_eq!(case.old("select id from grandchild order by id"), ["2", "3"]));
}

#[test]
fn keys_that_are_not_valid_bind_new_rows_and_leave_old_orphans_alone() {
    let case = planned(
        "not_valid",
        "create table parent (id int primary key); create table child (id int primary key, p int, v text);
         insert into parent values (1), (2), (3); insert into child values (1, 77, 'orphan'), (2, 1, 'x'),
             (3, 78, 'orphan too'), (4, 3, 'stays');
         alter table child add foreign key (p) references parent not valid;
         alter table child add constraint small check (length(v) < 20) not valid",
        "update child set v = 'changed' where id in (1, 2); alter table child drop constraint child_p_fkey,
             drop constraint small;
         insert into child values (10, 99, 'x'), (11, 2, 'x'), (12, 1, 'far too long for the check');
         update child set p = 98 where id = 2;
         delete from child where id = 3; delete from parent where id = 3; delete from child where id = 4",
        "insert into child values (50, 3, 'OLD refers to it')",
        &format!("{NEW_WINS}\n[tables.\"public.child\"]\nambiguous_missing_on_new = \"keep_old\"\n"),
    );
    assert_eq!(case.held("public.child", "fk_parent_missing"), 2, "{:#?}", case.plan);
    assert_eq!(case.held("public.child", "check_violation: small"), 1);
    assert_eq!(case.held("public.parent", "OLD still has children"), 1);
    case.expect_held(4);
    case.comes_home_and_goes_back(|case| {
        let rows = case.old("select * from child order by id");
        assert_eq!(rows, ["1|77|changed", "2|1|x", "3|78|orphan too", "4|3|stays", "11|2|x", "50|3|OLD refers to it"]);
    });
}

#[test]
fn keys_of_extension_types_compare_with_their_own_operator() {
    let case = planned(
        "extension_keys",
        "create schema \"E xt\"; create extension citext schema \"E xt\"; create extension ltree schema \"E xt\";
         create table parent (k \"E xt\".citext primary key, path \"E xt\".ltree not null unique, nick \"E xt\".citext unique);
         create table child (id int primary key, k \"E xt\".citext references parent,
             path \"E xt\".ltree references parent (path));
         insert into parent values ('Ann', 'a.b', 'A'), ('Bob', 'a.c', 'B'), ('Cy', 'a.d', null)",
        "set search_path = public, \"E xt\"; insert into parent values ('Dan', 'd', 'D'), ('Eve', 'e', 'MIA');
         insert into child values (1, 'ANN', 'a.b'), (2, 'dan', 'd'), (3, 'Eve', 'e');
         delete from parent where k in ('bob', 'cy'); update parent set nick = 'a' where k = 'ann'",
        "insert into parent values ('Mia', 'm', 'mia'); insert into child values (50, 'CY', 'm')",
        &format!("{NEW_WINS}\n[tables.\"public.child\"]\nambiguous_missing_on_new = \"keep_old\"\n"),
    );
    // Mia looks like a delete too, for want of time columns; OLD's child keeps her, and so Eve does not get her nick.
    assert_eq!(case.held("public.parent", "OLD still has children"), 2, "Cy and Mia: {:#?}", case.plan);
    assert_eq!(case.held("public.parent", "another row of OLD has its nick (parent_nick_key)"), 1, "Eve: {:#?}", case.plan);
    assert_eq!(case.held("public.child", "held with its parent: public.parent (child_"), 1, "Eve's: {:#?}", case.plan);
    case.expect_held(4);
    case.comes_home_and_goes_back(|case| {
        assert_eq!(case.old("select k, nick from parent order by k"), ["Ann|a", "Cy|", "Dan|D", "Mia|mia"]);
        assert_eq!(case.old("select id, k from child order by id"), ["1|ANN", "2|dan", "50|CY"]);
    });
}
