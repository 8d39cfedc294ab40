//! Parents that somebody lets NEW's rows overwrite, knowing which: the children that there were are said, others are asked
//! about.

use failback::engine::{self, MergeOptions};
use failback::error::{ErrorKind, OldState};

use super::*;

const BOTH: &str = "create table payer (id int primary key, name text, created_at timestamptz, updated_at timestamptz);
    create table line (id int primary key, payer int references payer, created_at timestamptz, updated_at timestamptz);
    insert into payer select i, 'both', '2001-01-01', '2001-01-01' from generate_series(1, 3) i;";

/// NEW and OLD both make payer 8 and write payer 2; NEW makes payer 3 anew.
const NEW: &str =
    "insert into payer values (8, 'Ann', now(), now()); update payer set name = 'new', updated_at = now() where id = 2;
    delete from payer where id = 3; insert into payer values (3, 'Eve', now(), now())";
const OLD: &str = "insert into payer values (8, 'Bob', now(), now());
    update payer set name = 'old', updated_at = now() where id = 2";

const DECISIONS: [&str; 2] = [
    "[tables.\"public.payer\"]\ninsert_exists = \"apply_new\"\nambiguous_differs = \"apply_new\"\n\
     update_origin_differs = \"apply_new\"\n",
    "[[row]]\ntable = \"public.payer\"\nkey = { id = 8 }\nresolution = \"apply_new\"\n\
     [[row]]\ntable = \"public.payer\"\nkey = { id = 2 }\nresolution = \"apply_new\"\n\
     [[row]]\ntable = \"public.payer\"\nkey = { id = 3 }\nresolution = \"apply_new\"\n",
];

fn adopted(plan: &PlanReport) -> Vec<&String> {
    plan.notes.iter().filter(|note| note.contains("they would be children of NEW's rows")).collect()
}

#[test]
fn a_child_that_came_after_the_plan_does_not_get_another_parent_unasked() {
    for (number, decisions) in DECISIONS.into_iter().enumerate() {
        for parent in [8, 3] {
            let case = recovery(pair(&format!("by_name_{number}_{parent}"), BOTH, NEW, OLD), "");
            case.decide(decisions);
            let plan = planned(&case);
            assert!(adopted(&plan).is_empty() && plan.held == 0, "{plan:#?}");
            let first = plan.digest.clone();
            support::sql(&case.pair.old, &format!("insert into line values (1, {parent}, now(), now())"));
            let refused = block_on(engine::merge(&case.context, MergeOptions::default())).expect_err("a child came");
            assert_eq!((refused.kind(), refused.old_state()), (ErrorKind::Refused, Some(&OldState::RolledBack)), "{refused:?}");
            let said = "rows of public.line that were written on OLD since the plan was made refer to 1 rows of public.payer";
            assert!(refused.causes().iter().any(|cause| cause.contains(said)), "{refused:?}");
            // Said, and decided all the same: it is another plan, which wants approvals of its own.
            let plan = block_on(engine::plan(&case.context)).expect("a plan");
            assert_eq!(adopted(&plan).len(), 1, "{plan:#?}");
            assert_ne!(plan.digest, first);
            let again = block_on(engine::plan(&case.context)).expect("a plan");
            assert_eq!(again.digest, plan.digest, "the same again is the same plan");
            block_on(engine::merge(&case.context, MergeOptions::default())).expect("a merge");
        }
    }
}

#[test]
fn children_that_there_were_are_said_with_the_plan() {
    let case = recovery(pair("by_name_before", BOTH, NEW, &format!("{OLD}; insert into line values (1, 8, now(), now())")), "");
    case.decide(DECISIONS[1]);
    let plan = planned(&case);
    let [note] = adopted(&plan)[..] else { panic!("{plan:#?}") };
    assert!(
        note.contains("public.payer: 1 row of OLD's") && note.contains("children in public.line (line_payer_fkey)"),
        "{note}"
    );
}
