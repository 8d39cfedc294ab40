//! Children that came to OLD between two steps, and whose parent is another row on NEW, or may be.

use failback::error::{ErrorKind, OldState};
use failback::policy::Action;

use super::strangers::held;
use super::*;

#[test]
fn a_child_that_came_since_the_diff_does_not_find_another_row_in_its_parents_place() {
    let both = "create table p (id int primary key, who text);
                create table c (id int primary key, p int references p, created_at timestamptz default now());
                insert into p values (1, 'Ann')";
    let case = |test: &str, decisions: &str| {
        let case = recovery(pair(test, both, "update p set who = 'Bob'", "update p set who = 'Anna'"), "");
        block_on(engine::export(&case.context)).expect("an export");
        block_on(engine::diff(&case.context)).expect("a diff");
        case.decide(decisions);
        case
    };
    let comes = |case: &Recovery| support::sql(&case.pair.old, "insert into c values (9, 1)");
    let planned = |case: &Recovery| block_on(engine::plan(&case.context)).expect("a plan");
    let anybody = "[defaults]\nambiguous_differs = \"apply_new\"";
    let before = case("comes_before", anybody);
    comes(&before);
    assert_eq!(held(&planned(&before), "public.p", "OLD's own children of it in public.c"), 1);
    let after = case("comes_after", anybody);
    assert_eq!(planned(&after).actions.get(Action::Update), 1);
    comes(&after);
    let error = block_on(engine::merge(&after.context, MergeOptions::default())).expect_err("Bob may be another one than Anna");
    assert_eq!((error.kind(), error.old_state()), (ErrorKind::Refused, Some(&OldState::RolledBack)), "{error}");
    assert_eq!(held(&planned(&after), "public.p", "OLD's own children of it in public.c"), 1, "the way on");
    let by_name = [
        "[tables.\"public.p\"]\nambiguous_differs = \"apply_new\"",
        "[[row]]\ntable = \"public.p\"\nkey = { id = 1 }\nresolution = \"apply_new\"",
        "[[rule]]\ntable = \"public.p\"\nclass = \"ambiguous_differs\"\nresolution = \"apply_new\"",
    ];
    for (number, decisions) in by_name.into_iter().enumerate() {
        let decided = case(&format!("comes_decided_{number}"), decisions);
        planned(&decided);
        comes(&decided);
        let refused =
            block_on(engine::merge(&decided.context, MergeOptions::default())).expect_err("nobody has seen the child");
        assert_eq!(refused.kind(), ErrorKind::Refused, "{refused}");
        let plan = planned(&decided);
        assert!(plan.notes.iter().any(|note| note.contains("children in public.c")), "{:?}", plan.notes);
        block_on(engine::merge(&decided.context, MergeOptions::default())).expect("somebody says that they are one");
    }
    let of_all = case("comes_of_all", "[[rule]]\ntable = \"*\"\nclass = \"ambiguous_differs\"\nresolution = \"apply_new\"");
    comes(&of_all);
    assert_eq!(held(&planned(&of_all), "public.p", "OLD's own children of it in public.c"), 1, "it names no table");
}
