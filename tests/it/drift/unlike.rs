//! Types that write different values alike: OLD would take NEW's text for another value, and nobody would see it.

use failback::engine::{self, MergeOptions};
use failback::policy::Action;

use super::{sides, texts};
use crate::recovery::Recovery;
use crate::support::block_on;
use jiff::{SignedDuration, Timestamp};

const STAMPS: &str = "created_at timestamptz default '2026-01-01', updated_at timestamptz default '2026-01-01'";

#[test]
fn a_text_that_is_another_value_on_old_is_neither_called_equal_nor_written() {
    let table = |flags: &str, code: &str, body: &str, tags: &str| {
        format!("create table t (id int primary key, flags {flags}, code {code}, body {body}, tags {tags}, {STAMPS})")
    };
    let old = format!(
        "{}; insert into t (id, flags) select n, B'101' from generate_series(1, 3) n;
         insert into t (id, code) values (4, '5'); insert into t (id, body) values (5, 'A');
         insert into t (id, tags) values (6, '{{}}')",
        table("bit(3)", "\"char\"", "bytea", "text[]")
    );
    let new = format!(
        "{}; insert into t (id, flags) select n, 5 from generate_series(1, 3) n;
         insert into t (id, code) values (4, 53); insert into t (id, body) values (5, 'A');
         insert into t (id, tags) values (6, '[]');
         update t set flags = 101, updated_at = now() where id = 1; update t set flags = null, updated_at = now() where id = 2;
         delete from t where id = 3; update t set code = 5, updated_at = now() where id = 4;
         update t set body = '\\x41', updated_at = now() where id = 5;
         update t set tags = '{{}}', updated_at = now() where id = 6;
         insert into t values (9, 110, null, null, null, now(), now()), (10, null, null, null, null, now(), now())",
        table("int", "int", "text", "jsonb")
    );
    let case = Recovery::of(sides("unlike", &old, &new), Timestamp::now() - SignedDuration::from_hours(1), "");
    case.decide("[defaults]\ndelete = \"apply_new\"\n");
    let said = block_on(engine::discover(&case.context)).expect("a discovery").notes.join("\n");
    assert_eq!(said.matches("one text is another value there").count(), 4, "{said}");
    case.up_to_plan();
    let plan = block_on(engine::plan(&case.context)).expect("a plan");
    assert_eq!((plan.held, plan.actions.get(Action::Update), plan.actions.get(Action::Delete)), (5, 1, 1), "{plan:#?}");
    let held: Vec<_> = plan.rejects.iter().map(|one| (one.column.as_deref(), one.rows)).collect();
    assert_eq!(held, [(Some("body"), 1), (Some("code"), 1), (Some("flags"), 2), (Some("tags"), 1)], "{plan:#?}");
    let before = crate::recovery::fingerprint(&case.pair.old);
    let options = MergeOptions { leave_held: true, ..MergeOptions::default() };
    block_on(engine::merge(&case.context, options)).expect("a merge");
    let verified = block_on(engine::verify(&case.context)).expect("a verification");
    assert_eq!(verified.state_of_rows(), engine::State::VerifiedWithHeld, "{verified:#?}");
    assert_eq!(
        texts(&case.pair.old, "select id, flags, code, body, tags from t order by id"),
        ["1|101|||", "2||||", "4||5||", "5|||\\x41|", "6||||{}", "10||||"]
    );
    block_on(engine::undo(&case.context, options)).expect("an undo");
    assert_eq!(crate::recovery::fingerprint(&case.pair.old), before);
}

#[test]
fn a_key_of_such_types_is_none() {
    let other = "create table s (id int primary key)";
    let table = |id: &str| format!("{other}; create table t (id {id} primary key)");
    let pair = sides("unlike_key", &table("bit(3)"), &table("int"));
    let case = Recovery::of(pair, Timestamp::now() - SignedDuration::from_hours(1), "");
    let found = serde_json::to_string(&block_on(engine::discover(&case.context)).expect("a discovery")).expect("JSON");
    assert!(found.contains("or writes other values alike"), "{found}");
}
