//! What a merge and an undo must leave alone.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use failback::error::{Error, ErrorKind};

use super::*;

/// Triggers fire, and with them the actions of foreign keys.
const FIRING: MergeOptions = MergeOptions { leave_held: true, fire_triggers: true, dry_run: false, again: false };

const DELETES: &str = "[defaults]\ndelete = \"apply_new\"\n";

fn merge(case: &Recovery, options: MergeOptions) -> Result<(), Error> {
    block_on(engine::merge(&case.context, options)).map(|_| ())
}

/// A key that was configured and that OLD does not keep unique is one only as long as nobody else writes.
#[test]
fn a_table_whose_key_old_does_not_keep_unique_is_locked_against_writers() {
    let both = "create table t (k int, v text, created_at timestamptz not null, updated_at timestamptz not null);
         create table u (k int primary key, v text, created_at timestamptz not null, updated_at timestamptz not null);
         create table seen (name text, mode text)";
    let work = "insert into t select n, 'new', now(), now() from generate_series(1, 3) n; insert into u table t";
    let watch = "create function watch() returns trigger language plpgsql as $$ begin insert into seen
             select tg_relname, mode from pg_locks where relation = tg_relid and pid = pg_backend_pid(); return new; end $$;
         create trigger watch after insert on t for each statement execute function watch();
         create trigger watch after insert on u for each statement execute function watch()";
    let case = recovery(pair("unguarded", both, work, watch), "[tables.\"public.t\"]\nkey = [\"k\"]\n");
    planned(&case);
    merge(&case, FIRING).expect("a merge");
    assert_eq!(count(&case, "select count(*) from t"), "3");
    let locked = |table: &str| {
        count(&case, &format!("select count(*) from seen where mode = 'ShareRowExclusiveLock' and name = '{table}'"))
    };
    assert_eq!((locked("t"), locked("u")), ("1".to_owned(), "0".to_owned()));
}

fn count(case: &Recovery, query: &str) -> String {
    support::value(&case.pair.old, query).expect("a number")
}

#[test]
fn a_child_that_came_since_the_plan_is_not_swept_away_with_its_parent() {
    for action in ["cascade", "set null", "set default"] {
        let both = format!(
            "create table parent (id int primary key, note text, updated_at timestamptz default '2020-01-01');
             create table child (id int primary key, parent int default 1 references parent on delete {action});
             insert into parent values (1, 'a'), (2, 'b')"
        );
        let case = recovery(pair("cascade", &both, "delete from parent where id = 2", ""), "");
        case.decide(DELETES);
        planned(&case);
        support::sql(&case.pair.old, "insert into child values (10, 2)");
        let refused = merge(&case, FIRING).expect_err("a child came");
        assert_eq!(refused.kind(), ErrorKind::Refused, "{refused:?}");
        assert!(refused.causes().iter().any(|cause| cause.contains("fk_child_exists")), "{action}: {refused:?}");
        assert_eq!(count(&case, "select count(*) from child where parent = 2"), "1", "{action}");
        assert_eq!(count(&case, "select count(*) from parent"), "2", "{action}");
    }
}

/// The replica role keeps the server's own check silent, and no key of the parent's changes but one that children refer to.
#[test]
fn a_child_that_came_since_the_plan_is_not_left_behind_by_its_parents_new_value() {
    const SILENT: MergeOptions = MergeOptions { leave_held: true, fire_triggers: false, dry_run: false, again: false };
    for rules in ["", "on update cascade", "on update set null", "on delete cascade deferrable initially deferred"] {
        let both = format!(
            "create table parent (id int primary key, code text unique, updated_at timestamptz default '2020-01-01');
             create table child (id int primary key, code text references parent (code) {rules},
                                 updated_at timestamptz default '2020-01-01');
             insert into parent values (1, 'a'), (2, 'b'), (3, 'x')"
        );
        let new = "update parent set code = 'c', updated_at = now() where id = 2";
        let case = recovery(pair("left_behind", &both, new, ""), "");
        planned(&case);
        support::sql(&case.pair.old, "insert into child values (10, 'b', now())");
        let refused = merge(&case, SILENT).expect_err("a child came");
        assert_eq!(refused.kind(), ErrorKind::Refused, "{refused:?}");
        assert!(refused.causes().iter().any(|cause| cause.contains("fk_child_exists")), "{rules}: {refused:?}");
        let orphans = "select count(*) from child c where not exists (select from parent p where p.code = c.code)";
        assert_eq!(
            (count(&case, orphans).as_str(), count(&case, "select count(*) from child").as_str()),
            ("0", "1"),
            "{rules}"
        );
        support::sql(&case.pair.old, "delete from child");
        merge(&case, SILENT).expect("a merge");
        assert_eq!(count(&case, "select count(*) from parent where code = 'c'"), "1");
        // And on the way back.
        support::sql(&case.pair.old, "insert into child values (11, 'c', now())");
        let undone = block_on(engine::undo(&case.context, SILENT)).expect("an undo of the rest");
        assert_eq!((undone.left_rows(), count(&case, orphans).as_str()), (1, "0"), "{rules}");
    }
}

#[test]
fn a_child_is_not_pointed_elsewhere_when_its_parents_value_changes() {
    let both = "create table parent (id int primary key, code text unique, updated_at timestamptz default '2020-01-01');
                create table child (id int primary key, code text references parent (code) on update cascade);
                insert into parent values (1, 'a'), (2, 'b')";
    let case = recovery(pair("update", both, "update parent set code = 'c', updated_at = now() where id = 2", ""), "");
    planned(&case);
    support::sql(&case.pair.old, "insert into child values (10, 'b')");
    let refused = merge(&case, FIRING).expect_err("a child came");
    assert!(refused.causes().iter().any(|cause| cause.contains("fk_child_exists")), "{refused:?}");
    assert_eq!(count(&case, "select count(*) from child where code = 'b'"), "1");
}

#[test]
fn undo_does_not_sweep_away_what_came_since_the_merge() {
    let both = "create table parent (id int primary key, note text, created_at timestamptz, updated_at timestamptz);
                create table child (id int primary key, parent int references parent on delete cascade)";
    let case = recovery(pair("undo", both, "insert into parent values (5, 'new', now(), now())", ""), "");
    planned(&case);
    merge(&case, FIRING).expect("a merge");
    support::sql(&case.pair.old, "insert into child values (10, 5)");
    let left = block_on(engine::undo(&case.context, FIRING)).expect("an undo of nothing");
    assert_eq!((left.rows(), left.left_rows()), (0, 1), "a child came");
    assert_eq!(count(&case, "select count(*) from child"), "1");
    support::sql(&case.pair.old, "delete from child");
    block_on(engine::undo(&case.context, FIRING)).expect("nothing depends on the row any more");
    assert_eq!(count(&case, "select count(*) from parent"), "0");
}

#[test]
fn numbers_that_old_gives_out_during_a_merge_are_given_out_once() {
    let both =
        "create table t (id bigserial primary key, created_at timestamptz default now(), updated_at timestamptz default now());
                create table other (id bigserial primary key)";
    let case = recovery(pair("numbers", both, "select setval('t_id_seq', 5000); insert into t default values", ""), "");
    let mut case = case;
    case.choose("public.t");
    support::sql(&case.pair.new, "select setval('other_id_seq', 900)");
    planned(&case);
    let stop = Arc::new(AtomicBool::new(false));
    let draw = |url: String, stop: Arc<AtomicBool>| {
        std::thread::spawn(move || {
            let mut drawn = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let rows = support::rows(&url, "select nextval('t_id_seq') from generate_series(1, 50)");
                drawn.extend(rows.into_iter().flatten().flatten().map(|text| text.parse::<i64>().expect("a number")));
            }
            drawn
        })
    };
    let drawers: Vec<_> = (0..3).map(|_| draw(case.pair.old.clone(), Arc::clone(&stop))).collect();
    std::thread::sleep(std::time::Duration::from_millis(100));
    merge(&case, MergeOptions::default()).expect("a merge");
    std::thread::sleep(std::time::Duration::from_millis(100));
    stop.store(true, Ordering::Relaxed);
    let drawn: Vec<i64> = drawers.into_iter().flat_map(|one| one.join().expect("numbers")).collect();
    let different: BTreeSet<_> = drawn.iter().collect();
    assert_eq!(different.len(), drawn.len(), "a number was given out twice");
    assert!(count(&case, "select last_value from t_id_seq").parse::<i64>().expect("a number") >= 5001);
    assert_eq!(
        count(&case, "select is_called::text from other_id_seq"),
        "false",
        "a table that was not asked for keeps its numbers"
    );
}

#[test]
fn a_fenced_old_and_a_second_merge_are_named() {
    let both = "create table t (id int primary key, created_at timestamptz, updated_at timestamptz)";
    let case = recovery(pair("fenced", both, "insert into t values (1, now(), now())", ""), "");
    planned(&case);
    let fence = |word: &str| {
        support::sql(
            &case.pair.old,
            &format!(
                "begin read write; alter database \"{}\" set default_transaction_read_only = {word}; commit",
                case.pair.database
            ),
        );
    };
    fence("on");
    let refused = merge(&case, MergeOptions::default()).expect_err("OLD is fenced");
    assert_eq!(refused.kind(), ErrorKind::Refused);
    fence("off");
    block_on(async {
        let holder = support::connect(&case.pair.old).await;
        holder.batch_execute("begin; select pg_advisory_xact_lock(7377293599041839979)").await.expect("the lock");
        let pid: i32 = holder.query_one("select pg_backend_pid()", &[]).await.expect("a number").get(0);
        let refused = engine::merge(&case.context, MergeOptions::default()).await.expect_err("another one is at work");
        assert!(refused.causes().iter().any(|cause| cause.contains(&format!("session {pid} of"))), "{refused:?}");
    });
    merge(&case, MergeOptions::default()).expect("a merge");
}

#[test]
fn a_merge_that_the_server_ends_for_others_says_that_a_retry_is_safe() {
    const PATIENT: &str = "[old]\nlock_timeout = \"10m\"\nlock_wait = \"0s\"";
    const WAITING: &str =
        "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
    let both = "create table t (id int primary key, body text, updated_at timestamptz default '2020-01-01');
                insert into t values (1, 'a'), (2, 'b')";
    let case = recovery(pair("deadlock", both, "update t set body = 'x', updated_at = now()", ""), PATIENT);
    planned(&case);
    let (merged, ()) = block_on(async {
        let (application, observer) = (support::connect(&case.pair.old).await, support::connect(&case.pair.old).await);
        // The application never looks for a deadlock: the merge does, and is the one that is ended.
        let first = "set deadlock_timeout = '10min'; begin; update t set updated_at = updated_at where id = 2";
        application.batch_execute(first).await.expect("a lock");
        let crossing = async {
            while observer.query_one(WAITING, &[]).await.expect("a number").get::<_, i64>(0) == 0 {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            application.batch_execute("update t set updated_at = updated_at where id = 1").await.expect("the other lock");
            application.batch_execute("rollback").await.expect("the end");
        };
        futures::join!(engine::merge(&case.context, MergeOptions::default()), crossing)
    });
    let ended = merged.expect_err("a deadlock");
    assert_eq!((ended.kind(), ended.kind().exit_code()), (ErrorKind::Contention, 6), "{ended:?}");
    assert_eq!(ended.old_state(), Some(&failback::error::OldState::RolledBack));
    assert!(ended.hints().iter().any(|hint| hint.contains("a retry is safe")), "{:?}", ended.hints());
    block_on(engine::merge(&case.context, MergeOptions::default())).expect("the retry");
}

/// Whatever type a column has its numbers in, what a merge brings there is not given out again; where it holds something else,
/// that is said.
#[test]
fn sequences_are_raised_past_numbers_of_every_type() {
    let times = "created_at timestamptz, updated_at timestamptz";
    let both = format!(
        "create sequence exact; create table exact_t (id numeric(12) default nextval('exact') primary key, {times});
         create sequence floats; create table floats_t (id float8 default nextval('floats') primary key, {times});
         create sequence texts; create table texts_t (id text default nextval('texts') primary key, {times});
         create sequence made; create table made_t (id text default 'M-' || nextval('made') primary key, {times})"
    );
    let new =
        "insert into exact_t values (500, now(), now()); insert into floats_t values (500, now(), now()), (1e18, now(), now());
               insert into texts_t values ('500', now(), now()), ('x', now(), now());
               insert into made_t values ('M-500', now(), now())";
    let case = recovery(pair("numbers_of_types", &both, new, ""), "");
    planned(&case);
    merge(&case, FIRING).expect("a merge");
    let next = ["exact", "floats", "texts", "made"].map(|name| count(&case, &format!("select nextval('{name}')")));
    assert_eq!(next, ["501", "501", "501", "1"]);
    let verified = block_on(engine::verify(&case.context)).expect("a verification");
    let named = verified.not_covered.iter().any(|gap| gap.table == "public.made" && gap.why.contains("public.made_t.id"));
    assert!(named, "{:#?}", verified.not_covered);
}
