//! How much must be known of a row before OLD is written for it: what falls short is held, and says what it has and what it
//! would need.

use failback::delta::{Class, Evidence};
use failback::policy::{Action, Origin};

use super::*;

const BOTH: &str = "create table t (id int primary key, v text, updated_at timestamptz default '2020-01-01');
                    insert into t (id, v) select g, 'both' from generate_series(1, 9) g";
const NEW: &str = "update t set v = 'new', updated_at = now() where id = 1; delete from t where id = 2";

/// Says nothing of evidence: what is built in goes.
const DELETES: &str = "[defaults]\ndelete = \"apply_new\"\n[evidence]\n";

fn plan(case: &Recovery) -> PlanReport {
    block_on(engine::plan(&case.context)).expect("a plan")
}

#[test]
fn a_delete_that_only_stamps_prove_is_held_until_somebody_says_that_they_are_enough() {
    let case = recovery(pair("graded_stamps", BOTH, NEW, ""), "");
    case.decide(DELETES);
    let report = planned(&case);
    assert_eq!((report.actions.get(Action::Delete), report.actions.get(Action::Update), report.held), (0, 1, 1));
    let [wanting] = &report.wanting[..] else { panic!("{:?}", report.wanting) };
    assert_eq!((wanting.class, wanting.rests_on, wanting.rows), (Class::Delete, Evidence::Column, 1));
    assert_eq!((wanting.needs.evidence, wanting.needs.origin), (Evidence::Xid, Origin::Builtin));
    let said = "held: delete rests on column, and needs xid or better (builtin)";
    assert_eq!(report.tables[0].held_reasons.get(said), Some(&1), "{report:#?}");
    for enough in ["[evidence]\ndelete = \"column\"", "[tables.\"public.t\".evidence]\ndelete = \"two_way\""] {
        case.decide(&format!("[defaults]\ndelete = \"apply_new\"\n{enough}\n"));
        let report = plan(&case);
        assert_eq!((report.actions.get(Action::Delete), report.wanting.len()), (1, 0), "{enough}");
    }
    block_on(engine::merge(&case.context, MergeOptions::default())).expect("a merge");
    assert_eq!(support::value(&case.pair.old, "select count(*)::text from t where id = 2").as_deref(), Some("0"));
}

#[test]
fn more_can_be_asked_of_a_class_than_is_built_in() {
    let case = recovery(pair("graded_more", BOTH, NEW, ""), "");
    case.decide("[evidence]\nupdate = { evidence = \"xid\", why = \"jobs bypass stamps\", by = \"ada\" }\n");
    let report = planned(&case);
    assert_eq!((report.actions.get(Action::Update), report.wanting.len()), (0, 1));
    let needs = &report.wanting[0].needs;
    assert_eq!((needs.origin, needs.signature.by.as_deref()), (Origin::Default, Some("ada")));
    // A decision for the rows themselves does not weaken what was asked for.
    case.decide("[defaults]\nupdate = \"apply_new\"\n[tables.\"public.t\".evidence]\nupdate = \"log\"\n");
    assert_eq!(plan(&case).actions.get(Action::Update), 0);
    case.decide("[evidence]\nudpate = \"xid\"\n");
    let error = block_on(engine::plan(&case.context)).expect_err("a misspelt class");
    assert!(error.causes()[0].contains("did you mean `update`?"), "{error}");
}

#[test]
fn what_is_asked_for_is_part_of_the_plan() {
    let case = recovery(pair("graded_stale", BOTH, NEW, ""), "");
    planned(&case);
    case.decide("[evidence]\nupdate = \"column\"\n");
    block_on(engine::merge(&case.context, MergeOptions { leave_held: true, dry_run: true, ..MergeOptions::default() }))
        .expect("that is built in, and asks for nothing else");
    case.decide("[evidence]\nupdate = \"xid\"\n");
    let options = MergeOptions { leave_held: true, ..MergeOptions::default() };
    let refused = block_on(engine::merge(&case.context, options)).expect_err("decided since the plan was made");
    assert_eq!(refused.kind(), failback::error::ErrorKind::Refused, "{refused}");
}
