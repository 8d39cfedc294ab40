//! Partition trees.

use super::*;

const TREES: &str = "
    create table by_list (id int, region text, v text, primary key (id, region)) partition by list (region);
    create table by_list_eu partition of by_list for values in ('de', 'fr', null);
    create table by_list_rest partition of by_list default partition by range (id);
    create table by_list_low partition of by_list_rest for values from (minvalue) to (100);
    create table by_list_high partition of by_list_rest default partition by hash (id);
    create table by_list_high_0 partition of by_list_high for values with (modulus 2, remainder 0);
    create table by_list_high_1 (v text, extra int, region text not null, id int not null);
    alter table by_list_high_1 drop column extra; alter table by_list_high attach partition by_list_high_1 for values
        with (modulus 2, remainder 1);
    create table by_hash (id uuid primary key, up uuid references by_hash, n int) partition by hash (id);
    create table by_hash_0 partition of by_hash for values with (modulus 3, remainder 0);
    create table by_hash_1 partition of by_hash for values with (modulus 3, remainder 1);
    create table by_hash_2 partition of by_hash for values with (modulus 3, remainder 2);
    create table keyless (at date, v text) partition by range (at);
    create table keyless_1 partition of keyless for values from ('2026-01-01') to ('2026-02-01');
    create table keyless_2 partition of keyless for values from ('2026-02-01') to (maxvalue);
    create table refers (id int primary key, l int, r text, h uuid references by_hash, foreign key (l, r) references by_list);
    alter table by_list add up uuid references by_hash;";

#[test]
fn rows_of_partition_trees_come_home_and_move_between_them() {
    let case = planned(
        "trees",
        &format!(
            "{TREES} insert into by_list select i, (array['de','fr','us','jp'])[i % 4 + 1], 'v' || i
             from generate_series(1, 200) i;
             insert into by_hash select ('00000000-0000-0000-0000-' || lpad(i::text, 12, '0'))::uuid, null, i
             from generate_series(1, 30) i;
             insert into keyless select '2026-01-01'::date + i % 60, 'v' from generate_series(1, 100) i"
        ),
        "update by_list set v = v || '!' where id % 7 = 0; update by_list set region = 'us' where id = 4;
         update by_list set id = id + 1000 where id in (8, 150);
         delete from by_list where id in (10, 190);
         insert into by_hash values ('ffffffff-0000-0000-0000-000000000001', 'ffffffff-0000-0000-0000-000000000001', 1);
         insert into by_hash select gen_random_uuid(), 'ffffffff-0000-0000-0000-000000000001', i from generate_series(1, 20) i;
         update by_hash set up = 'ffffffff-0000-0000-0000-000000000001' where n % 3 = 0;
         update by_list set up = 'ffffffff-0000-0000-0000-000000000001' where id = 20;
         insert into by_list values (5000, 'xx', 'new'), (5001, 'de', null); insert into refers values (1, 5000, 'xx', null),
             (2, 1008, 'de', (select max(id::text)::uuid from by_hash));
         update keyless set at = at + 31 where at = '2026-01-05'; delete from keyless where at = '2026-02-03'",
        "",
        NEW_WINS,
    );
    case.becomes_new();
}

#[test]
fn what_one_partition_alone_demands_is_asked_of_its_rows_alone() {
    let case = planned(
        "one_leaf",
        "create table parent (id int primary key); create table log (id int, day int, code text, p int, primary key (id, day))
             partition by list (day);
         create table log_1 partition of log for values in (1); create table log_2 partition of log for values in (2);
         create unique index only_1 on log_1 (code); alter table log_2 add constraint only_2 foreign key (p) references parent;
         create table points (id int primary key, a int, b int); alter table points add constraint at_1 foreign key (a, b)
             references log_1 (id, day);
         insert into parent values (1); insert into log values (1, 1, 'a', 99), (2, 2, 'a', 1), (3, 1, 'b', null)",
        "insert into log values (10, 1, 'x', 98), (11, 2, 'x', 1), (12, 2, 'x', 1), (13, 1, 'y', 97);
         update log set day = 2, p = 1 where id = 3;
         insert into points values (1, 10, 1), (2, 13, 1)",
        "insert into log values (50, 1, 'x', null); alter table points drop constraint at_1; delete from parent where id = 77",
        NEW_WINS_AND_NOTHING_GOES,
    );
    assert_eq!(case.held("public.log", "another row of OLD has its code (only_1)"), 1, "{:#?}", case.plan);
    case.expect_held(1);
    case.comes_home_and_goes_back(|case| {
        let rows = case.old("select id, tableoid::regclass::text as leaf from log order by id, leaf");
        assert_eq!(rows, ["1|log_1", "2|log_2", "3|log_1", "3|log_2", "11|log_2", "12|log_2", "13|log_1", "50|log_1"]);
    });
    let case = planned(
        "to_leaf",
        "create table log (id int primary key, v text) partition by range (id);
         create table log_1 partition of log for values from (0) to (100);
         create table log_2 partition of log for values from (100) to (200);
         create table points (id int primary key, a int references log_1);
         insert into log values (1, 'a'), (2, 'b'), (101, 'c'); insert into points values (1, 1), (2, 2)",
        "insert into log values (3, 'd'); insert into points values (3, 3), (4, 1); delete from points where id = 2;
         delete from log where id = 2;
         alter table points drop constraint points_a_fkey; insert into points values (5, 101)",
        "",
        NEW_WINS,
    );
    assert_eq!(case.held("public.points", "fk_parent_missing"), 1, "a row of another partition is no parent: {:#?}", case.plan);
    case.expect_held(1);
    case.comes_home_and_goes_back(|case| assert_eq!(case.old("select id, a from points order by id"), ["1|1", "3|3", "4|1"]));
}
