//! What PostgreSQL 18 brought: keys WITHOUT OVERLAPS, foreign keys with PERIOD, constraints that are NOT ENFORCED, virtual
//! columns.

use super::*;
use failback::error::ErrorKind;
use support::Majors;

fn eighteen(test: &str) -> Pair {
    support::pair_on(test, Majors { old: 18, new: 18 })
}

#[test]
fn periods_are_kept_apart_and_covered() {
    let pair = worked(
        eighteen("periods"),
        "create extension btree_gist; create table rates (id int, valid daterange, price int,
             primary key (id, valid without overlaps));
         create table uses (n int primary key, id int, valid daterange, foreign key (id, period valid)
             references rates (id, period valid));
         insert into rates values (1, '[2026-01-01,2026-02-01)', 5), (1, '[2026-02-01,2026-03-01)', 6),
             (2, '[2026-01-01,2027-01-01)', 7), (3, '[2026-01-01,2026-02-01)', 8);
         insert into uses values (1, 1, '[2026-01-15,2026-02-15)'), (2, 3, '[2026-01-02,2026-01-03)')",
        "insert into rates values (1, '[2026-03-01,2026-04-01)', 9), (4, '[2026-01-01,2026-06-01)', 1),
             (4, '[2026-07-01,2026-08-01)', 2);
         insert into uses values (3, 1, '[2026-01-10,2026-03-20)'), (4, 4, '[2026-02-01,2026-03-01)'),
             (5, 2, '[2026-05-05,2026-05-06)'), (6, 4, '[2026-07-10,2026-07-11)');
         delete from uses where n = 2; delete from rates where id = 3; update rates set price = 77 where id = 2",
        "insert into rates values (4, '[2026-05-01,2026-06-15)', 3); \
         insert into uses values (50, 3, '[2026-01-20,2026-01-21)')",
    );
    let decisions = format!(
        "{NEW_WINS}\n[tables.\"public.uses\"]\nambiguous_missing_on_new = \"keep_old\"\n[tables.\"public.rates\"]\n\
         ambiguous_missing_on_new = \"hold\"\n"
    );
    let config = "[tables.\"public.rates\"]\nkey = [\"id\", \"valid\"]\n";
    let case = case(pair, config, &decisions);
    assert_eq!(
        case.held("public.rates", "exclusion_violation, another row stands where it would (rates_pkey)"),
        1,
        "{:#?}",
        case.plan
    );
    assert_eq!(case.held("public.uses", "uses_id_valid_fkey"), 1, "4 has lost what covers it: {:#?}", case.plan);
    // And the two rates that NEW lacks wait for a decision.
    case.expect_held(4);
    case.comes_home_and_goes_back(|case| {
        assert_eq!(case.old("select n from uses order by n"), ["1", "2", "3", "5", "6", "50"]);
        assert_eq!(case.old("select price from rates order by price"), ["2", "3", "5", "6", "8", "9", "77"]);
    });
}

/// The replica role keeps the server's own check silent.
#[test]
fn a_child_that_came_since_the_plan_is_not_left_without_a_part_of_its_period() {
    let pair = worked(
        eighteen("shrunken"),
        "create extension btree_gist; create table rates (n int primary key, id int, valid daterange, price int,
             unique (id, valid without overlaps));
         create table uses (n int primary key, id int, valid daterange, foreign key (id, period valid)
             references rates (id, period valid));
         insert into rates values (1, 1, '[2026-01-01,2026-03-01)', 5), (2, 2, '[2026-01-01,2026-03-01)', 5),
             (3, 3, '[2026-01-01,2026-03-01)', 5)",
        "update rates set valid = '[2026-01-01,2026-02-01)' where n = 1; delete from rates where n = 2;
         update rates set price = 6 where n = 3",
        "",
    );
    // That rates are the same ones on both sides is decided for them by name: a child that the plan has counted is no matter.
    let one_by_one = format!("{NEW_WINS}\n[tables.\"public.rates\"]\nambiguous_differs = \"apply_new\"\n");
    let case = case(pair, "", &one_by_one);
    case.expect_held(0);
    let options = MergeOptions { leave_held: true, ..MergeOptions::default() };
    for (id, kept) in [(1, "[2026-01-05,2026-01-06)"), (3, "[2026-02-05,2026-02-06)")] {
        support::sql(&case.recovery.pair.old, &format!("insert into uses values ({id}0, {id}, '{kept}')"));
    }
    block_on(engine::plan(&case.recovery.context)).expect("a plan");
    let uncounted = "since the plan was made refer to 1 rows of public.rates";
    for (id, cause) in [(1, uncounted), (2, "fk_parent_missing: 1 rows of public.uses")] {
        support::sql(&case.recovery.pair.old, &format!("insert into uses values ({id}, {id}, '[2026-01-20,2026-02-10)')"));
        let refused = block_on(engine::merge(&case.recovery.context, options)).expect_err("a child came");
        assert_eq!(refused.kind(), ErrorKind::Refused, "{refused:?}");
        assert!(refused.causes().iter().any(|said| said.contains(cause)), "{refused:?}");
        support::sql(&case.recovery.pair.old, &format!("delete from uses where n = {id}"));
    }
    block_on(engine::merge(&case.recovery.context, options)).expect("a merge");
    assert_eq!(case.old("select valid::text from rates order by n"), ["[2026-01-01,2026-02-01)", "[2026-01-01,2026-03-01)"]);
}

#[test]
fn what_is_not_enforced_does_not_bind_and_virtual_columns_are_computed() {
    let pair = worked(
        eighteen("modern"),
        "create table parent (id int primary key); insert into parent values (1);
         create table t (id int primary key, p int, a int not null, twice int generated always as (a * 2) virtual,
             constraint loose foreign key (p) references parent not enforced,
                 constraint loose_check check (a < 10) not enforced,
             constraint later check (a > -5)); insert into t values (1, 77, 50), (2, 1, 1)",
        "insert into t values (10, 99, 99), (11, 1, 5); update t set a = 60 where id = 1; delete from parent",
        "",
    );
    case(pair, "", NEW_WINS).becomes_new();
}
