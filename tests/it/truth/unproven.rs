//! Rows that break a check which is NOT VALID: a merge that overwrites them can be taken back, or does not touch them.

use failback::pg::Endpoint;

use super::*;
use crate::recovery::fingerprint;

/// Rows from before the checks: the first breaks two of the table's and the domain's, the second one of them.
const BOTH: &str = "create domain email as text;
     create table t (id int primary key, price int, mail email, updated_at timestamptz default '2020-01-01');
     create table u (id int primary key, mail email, updated_at timestamptz default '2020-01-01');
     create domain emails as email[]; create type card as (mail email); create domain carded as card;
     create table v (id int primary key, many email[], more emails, one card, own carded,
                     updated_at timestamptz default '2020-01-01');
     insert into t values (1, -5, 'none'), (2, -5, 'a@b'), (3, 7, 'a@b'); insert into u values (1, 'none');
     insert into v values (1, '{none}', null, null, null), (2, null, '{none}', null, null), (3, null, null, '(none)', null),
            (4, null, null, null, '(none)');
     alter table t add constraint positive check (price > 0) not valid;
     comment on constraint positive on t is 'it''s so';
     alter table t add constraint not_five check (price <> -5) not valid;
     alter domain email add constraint at check (value like '%@%') not valid;
     comment on constraint at on domain email is 'an at'";

const WORK: &str = "update t set price = 3, mail = 'x@y', updated_at = now(); delete from t where id = 2;
     update u set mail = 'x@y', updated_at = now();
     update v set many = '{x@y}', more = null, one = null, own = null, updated_at = now()";

const CHECKS: &str = "select string_agg(format('%s %s %s %s', conname, pg_get_constraintdef(oid), convalidated,
     obj_description(oid, 'pg_constraint')), '; ' order by conname)
     from pg_constraint where contype = 'c' and not convalidated";

#[test]
fn they_come_back_and_the_checks_stay_as_they_were() {
    let case = recovery(pair("unproven", BOTH, WORK, ""), "");
    case.decide("[defaults]\ndelete = \"apply_new\"\n");
    assert_eq!(planned(&case).held, 0);
    let (before, checks) = (fingerprint(&case.pair.old), support::value(&case.pair.old, CHECKS));
    assert_eq!(block_on(engine::merge(&case.context, MergeOptions::default())).expect("a merge").rows(), 8);
    let undone = block_on(engine::undo(&case.context, MergeOptions::default())).expect("an undo");
    assert_eq!((undone.rows(), undone.left_rows()), (8, 0), "{undone:?}");
    assert_eq!(fingerprint(&case.pair.old), before);
    assert_eq!(support::value(&case.pair.old, CHECKS), checks);
}

#[test]
fn a_check_that_was_validated_since_is_not_lifted() {
    let case = recovery(pair("unproven_since", BOTH, WORK, ""), "");
    planned(&case);
    block_on(engine::merge(&case.context, MergeOptions { leave_held: true, ..MergeOptions::default() })).expect("a merge");
    support::sql(&case.pair.old, "delete from t where id = 2; alter table t validate constraint positive");
    let undone = block_on(engine::undo(&case.context, MergeOptions::default())).expect("an undo of the rest");
    let left: Vec<_> = undone.databases[0].left.iter().map(|left| (left.why.as_str(), left.keys.join(" "))).collect();
    assert_eq!(left, [("check_violation: positive", "id = 1".to_owned())]);
}

/// Goes on as somebody who may merge, and owns nothing.
fn as_nobody(case: &mut Recovery) {
    let (database, url) = (&case.pair.database, &case.pair.old);
    let role = format!("{database}_role");
    support::sql(
        url,
        &format!(
            "create role {role} login password 'open'; grant create, temporary on database {database} to {role};
             grant select, insert, update, delete on all tables in schema public to {role};
             grant set on parameter session_replication_role to {role}"
        ),
    );
    let (_, server) = url.split_once('@').expect("a user");
    let endpoint = Endpoint::resolve(Side::Old, Some(&format!("postgresql://{role}:open@{server}")), &|_| None);
    let servers = case.context.servers().clone().with_endpoint(Side::Old, endpoint.expect("an endpoint"));
    case.context = case.context.clone().with_servers(servers);
}

#[test]
fn where_nobody_could_put_them_back_they_are_held_until_it_is_decided() {
    let mut case = recovery(pair("unproven_held", BOTH, WORK, ""), "");
    as_nobody(&mut case);
    let before = fingerprint(&case.pair.old);
    let report = planned(&case);
    let held: Vec<_> = report.tables.iter().flat_map(|table| &table.held_reasons).collect();
    let unrestorable = held.iter().filter(|(why, _)| why.contains("NOT VALID: an undo could not put it back"));
    assert_eq!(unrestorable.map(|(_, rows)| **rows).sum::<u64>(), 6, "{held:?}");
    block_on(engine::merge(&case.context, MergeOptions { leave_held: true, ..MergeOptions::default() })).expect("a merge");
    block_on(engine::undo(&case.context, MergeOptions::default())).expect("an undo");
    assert_eq!(fingerprint(&case.pair.old), before);
    case.decide("[tables.\"public.t\"]\nupdate = \"apply_new\"\n");
    let reasons = |report: &PlanReport| {
        let table = report.tables.iter().find(|table| table.table == "public.t");
        table.map(|table| table.held_reasons.clone()).unwrap_or_default()
    };
    let by_section = block_on(engine::plan(&case.context)).expect("a plan");
    assert_eq!(reasons(&by_section).len(), 1);
    case.decide("[[row]]\ntable = \"public.t\"\nkey = { id = 1 }\nresolution = \"apply_new\"\n");
    let by_row = block_on(engine::plan(&case.context)).expect("a plan");
    assert_eq!(reasons(&by_row), reasons(&by_section), "who picks the row names it");
    block_on(engine::merge(&case.context, MergeOptions { leave_held: true, ..MergeOptions::default() })).expect("a merge");
    let undone = block_on(engine::undo(&case.context, MergeOptions::default())).expect("an undo of the rest");
    assert_eq!((undone.rows(), undone.left_rows()), (1, 1), "{undone:?}");
}

#[test]
fn a_check_that_is_inherited_is_called_so() {
    let both = "create table base (id int, price int, updated_at timestamptz default '2020-01-01');
         create table heir (primary key (id)) inherits (base); insert into heir values (1, -5);
         alter table base add constraint positive check (price > 0) not valid";
    let case = recovery(pair("unproven_heir", both, "update heir set price = 3, updated_at = now()", ""), "");
    let report = planned(&case);
    let held: Vec<_> = report.tables.iter().flat_map(|table| &table.held_reasons).map(|(why, _)| why.as_str()).collect();
    assert_eq!(held, ["held: OLD's row breaks positive, which is NOT VALID and inherited: an undo could not put it back"]);
}

/// Rows that referred to nothing when the key came, and a parent for one that does.
const ORPHANS: &str = "create table parent (id int primary key);
     create table child (id int primary key, parent int, tag text unique, updated_at timestamptz default '2020-01-01');
     insert into parent values (1), (2);
     insert into child values (1, 77, 'a'), (2, 77, 'b'), (3, 77, 'c'), (4, 77, 'd'), (5, 1, 'e');
     alter table child add foreign key (parent) references parent not valid;
     comment on constraint child_parent_fkey on child is 'it''s so'";

const FAMILIES: &str = "delete from child where id = 1; update child set parent = 2, updated_at = now() where id in (2, 5);
     update child set updated_at = now() where id = 3";

const KEYS: &str = "select string_agg(format('%s %s %s %s', conname, pg_get_constraintdef(oid), convalidated,
     obj_description(oid, 'pg_constraint')), '; ' order by conname) from pg_constraint where contype = 'f'";

/// Goes on as somebody who may write, and not keep foreign keys quiet; as the tables' owner where `owns`.
fn without_the_replica_role(case: &mut Recovery, owns: bool) {
    as_nobody(case);
    let role = format!("{}_role", case.pair.database);
    let owned = format!("alter table parent owner to {role}; alter table child owner to {role}");
    let revoke = format!("revoke set on parameter session_replication_role from {role}");
    support::sql(&case.pair.old, &if owns { format!("{revoke}; {owned}") } else { revoke });
}

#[test]
fn rows_that_refer_to_nothing_come_back_and_the_key_stays_as_it_was() {
    for (test, replica) in [("orphans_replica", true), ("orphans_owner", false)] {
        let mut case = recovery(pair(test, ORPHANS, FAMILIES, ""), "");
        if !replica {
            without_the_replica_role(&mut case, true);
        }
        case.decide("[defaults]\ndelete = \"apply_new\"\n");
        assert_eq!(planned(&case).held, 0, "{test}");
        let (before, keys) = (fingerprint(&case.pair.old), support::value(&case.pair.old, KEYS));
        assert_eq!(block_on(engine::merge(&case.context, MergeOptions::default())).expect("a merge").rows(), 4);
        // One row is written since, so that the rest is looked at one by one.
        support::sql(&case.pair.old, "update child set tag = 'x' where id = 3");
        let undone = block_on(engine::undo(&case.context, MergeOptions::default())).expect("an undo");
        assert_eq!((undone.rows(), undone.left_rows()), (3, 1), "{test}: {undone:?}");
        support::sql(&case.pair.old, "update child set tag = 'c', updated_at = '2020-01-01' where id = 3");
        assert_eq!(fingerprint(&case.pair.old), before, "{test}");
        assert_eq!(support::value(&case.pair.old, KEYS), keys, "{test}");
    }
}

#[test]
fn rows_that_refer_to_nothing_are_held_where_nobody_could_put_them_back() {
    let mut case = recovery(pair("orphans_held", ORPHANS, FAMILIES, ""), "");
    without_the_replica_role(&mut case, false);
    case.decide("[defaults]\ndelete = \"apply_new\"\n");
    let report = planned(&case);
    let held: Vec<_> =
        report.tables.iter().flat_map(|table| &table.held_reasons).map(|(why, rows)| (why.as_str(), *rows)).collect();
    assert_eq!(held, [("held: OLD's row breaks child_parent_fkey, which is NOT VALID: an undo could not put it back", 2)]);
}
