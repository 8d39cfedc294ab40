//! How far time columns can be trusted, measured: against transaction ids where these tell, else against OLD's rows.

use std::sync::Arc;
use std::time::Duration;

use failback::config::Cutover;
use failback::engine::{AuditedTable, Measured};
use failback::name::Sided;

use super::*;

const BOTH: &str = "create table t (id int primary key, v text, updated_at timestamptz);
                    insert into t select g, 'both', '2020-01-01' from generate_series(1, 50) g;
                    create table bare (id int primary key, v text); create table keyless (v text)";

/// Two writes with a stamp and three without on NEW; one and two on OLD. Keys that OLD lacks are found without any stamp.
const NEW: &str = "update t set v = 'new', updated_at = now() where id in (1, 2); update t set v = 'new' where id in (3, 4, 5);
                   insert into t values (60, 'new', now())";
const OLD: &str = "update t set v = 'old', updated_at = now() where id = 10; update t set v = 'old' where id in (11, 12)";

fn audited(case: &Recovery, most: u32) -> Vec<AuditedTable> {
    let found = discovered(case).expect("a discovery");
    block_on(engine::audit(&case.context, &found.databases, most)).expect("an audit")
}

fn of<'a>(audited: &'a [AuditedTable], table: &str) -> &'a Measured {
    &audited.iter().find(|one| one.table == table).expect("the table").measured
}

#[test]
fn where_transaction_ids_tell_every_missed_write_is_counted() {
    let pair = pair("audit_xid", BOTH, "", "");
    let mut case = recovery(pair, "");
    let (mark, _) = block_on(engine::mark(&case.context, Duration::from_millis(250))).expect("a mark");
    std::thread::sleep(Duration::from_millis(20));
    let cutover = Cutover::parse(&Timestamp::now().to_string()).expect("a cutover");
    std::thread::sleep(Duration::from_millis(20));
    support::sql(&case.pair.new, NEW);
    support::sql(&case.pair.old, OLD);
    let selection = case.context.selection().clone().with_cutover(Some(cutover)).with_mark(Some(Arc::new(mark)));
    case.context = case.context.clone().with_selection(selection);
    let found = audited(&case, 10);
    let Measured::Xid { written, missed, .. } = of(&found, "public.t") else { panic!("{found:?}") };
    assert_eq!((*written, *missed), (Sided { old: 3, new: 6 }, Sided { old: 2, new: 3 }));
    for (table, why) in [("public.bare", "no column says"), ("public.keyless", "no key")] {
        assert!(matches!(of(&found, table), Measured::Nothing { why: said } if said.contains(why)), "{found:?}");
    }
}

#[test]
fn without_them_rows_that_stamps_call_unchanged_are_compared_with_olds() {
    let case = recovery(pair("audit_compare", BOTH, NEW, OLD), "");
    // 3, 4, 5, which NEW wrote, and 11, 12, which OLD did; 10 says itself that OLD wrote it.
    assert_eq!(*of(&audited(&case, 1000), "public.t"), Measured::Compare { rows: 48, differ: 5 });
    let Measured::Compare { rows, differ } = *of(&audited(&case, 7), "public.t") else { panic!("a comparison") };
    assert!(rows == 7 && differ <= 5, "{rows} {differ}");
}

#[test]
fn a_cutover_must_be_stated() {
    let mut case = recovery(pair("audit_cutover", BOTH, "", ""), "");
    let found = discovered(&case).expect("a discovery");
    let selection = case.context.selection().clone().with_cutover(None);
    case.context = case.context.clone().with_selection(selection);
    block_on(engine::audit(&case.context, &found.databases, 10)).expect_err("nothing to measure by");
}
