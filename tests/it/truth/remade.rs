//! Rows that NEW's users deleted and made anew: another row under the key, which is no change of OLD's, whatever the cutover's
//! row is known by. Children that OLD keeps stay with their parent.

use std::collections::BTreeMap;
use std::time::Duration;

use failback::delta::{Base, Class};
use failback::engine::ArmOptions;
use failback::policy::Action;
use failback::staging::{DiffIndex, SegmentReader};

use super::logged::{Logged, armed_on};
use super::undoing::texts;
use super::*;
use crate::support::Majors;

const PERSONS: &str = "create table p (id int primary key, name text, created_at timestamptz default clock_timestamp());
     create table c (id int primary key, pid int references p);
     insert into p select g, 'person ' || g, '2026-01-01' from generate_series(1, 3) g; insert into c values (1, 1)";

/// NEW's person 1 goes, with the child, and another one comes.
const ANOTHER: &str = "delete from c; delete from p where id = 1; insert into p values (1, 'a stranger')";

/// OLD's users give theirs another child.
const CHILD: &str = "insert into c values (201, 1)";

/// How the row of the cutover is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Mark,
    Baseline,
    Log,
    BaselineAndLog,
    Base,
}

const EVERY: [Known; 5] = [Known::Mark, Known::Baseline, Known::Log, Known::BaselineAndLog, Known::Base];

fn case(known: Known, both: &str, [new, old]: [&str; 2]) -> Logged {
    if known == Known::Base {
        let pair = pair("remade", both, new, old);
        let base = support::third_of(&pair);
        support::sql(&base, both);
        let mut case = recovery(pair, "");
        case.ask_base(&base);
        return Logged { case, slot: None };
    }
    let (slot, digests) =
        (matches!(known, Known::Log | Known::BaselineAndLog), matches!(known, Known::Baseline | Known::BaselineAndLog));
    let options = ArmOptions { patience: Duration::from_secs(30), slot, digests };
    armed_on(Majors::installed().new, "remade", options, (both, ["", "", ""]), [new, old])
}

/// The rows of a table in the diff that have a counterpart: by `id`, their class and what was found at the cutover.
fn found(case: &Recovery, table: &str) -> BTreeMap<i32, (Class, Base)> {
    use arrow_array::cast::AsArray as _;
    use failback::words::Word as _;
    let index = DiffIndex::read(&case.store).expect("a diff");
    let of = index.databases.iter().flat_map(|database| &database.tables).filter(|one| one.name.to_string() == table);
    let mut found = BTreeMap::new();
    for segment in of.flat_map(|table| &table.segments) {
        for batch in SegmentReader::open(&case.store, segment, 64).expect("a segment") {
            let batch = batch.expect("rows");
            let column = |name: &str| batch.column_by_name(name).expect("a column");
            let (class, base, old) =
                (column("fb_class").as_string::<i32>(), column("fb_base").as_string::<i32>(), column("old"));
            let ids = old.as_struct().column(0).as_primitive::<arrow_array::types::Int32Type>();
            let one = |row| {
                let verdict = (Class::read(class.value(row)).expect("a class"), Base::read(base.value(row)).expect("a base"));
                (ids.value(row), verdict)
            };
            found.extend((0..batch.num_rows()).map(one));
        }
    }
    found
}

/// Plans with decisions, and merges what is not held; says how the row of person 1 was classified.
fn merged(case: &Recovery, decisions: &str) -> (Class, Base) {
    if !decisions.is_empty() {
        case.decide(decisions);
    }
    planned(case);
    let options = MergeOptions { leave_held: true, ..MergeOptions::default() };
    block_on(engine::merge(&case.context, options)).expect("a merge");
    found(case, "public.p")[&1]
}

#[test]
fn another_row_under_a_parents_key_does_not_become_its_childrens_parent() {
    for known in EVERY {
        // With a rule for all tables alike too: nobody has looked at this one.
        for decisions in ["", "[defaults]\nambiguous_differs = \"apply_new\"\n"] {
            let logged = case(known, PERSONS, [ANOTHER, CHILD]);
            let verdict = merged(&logged.case, decisions);
            assert_eq!(verdict, (Class::AmbiguousDiffers, Base::Unknown), "{known:?}");
            let children = "select c.id || ' of ' || p.name from c join p on p.id = c.pid order by 1";
            let of: Vec<_> = support::rows(&logged.case.pair.old, children).into_iter().flatten().flatten().collect();
            assert_eq!(of, ["1 of person 1", "201 of person 1"], "{known:?} {decisions}");
        }
    }
}

#[test]
fn a_stamp_that_proves_nothing_still_tells_another_row() {
    let pair = pair("remade_compared", PERSONS, ANOTHER, CHILD);
    let base = support::third_of(&pair);
    support::sql(&base, PERSONS);
    let mut case = recovery(pair, "[tables.\"public.p\"]\nmethod = \"compare\"\n");
    case.ask_base(&base);
    assert_eq!(merged(&case, ""), (Class::AmbiguousDiffers, Base::Unknown));
    assert!(texts(&case.pair.old, "p")[0].contains("person 1"));
}

#[test]
fn it_is_not_taken_for_olds_where_olds_users_wrote_theirs_too() {
    let old = format!("{CHILD}; update p set name = 'person one' where id = 1");
    for known in EVERY {
        let logged = case(known, PERSONS, [ANOTHER, &old]);
        let verdict = merged(&logged.case, "[defaults]\nconflict = \"apply_new\"\n");
        assert_eq!(verdict, (Class::UpdateOriginDiffers, Base::Unknown), "{known:?}");
        assert!(texts(&logged.case.pair.old, "p")[0].contains("person one"), "{known:?}");
    }
}

#[test]
fn a_log_knows_it_without_a_stamp() {
    let both = "create table p (id int primary key, name text); create table c (id int primary key, pid int references p);
                insert into p select g, 'person ' || g from generate_series(1, 3) g; insert into c values (1, 1)";
    for known in [Known::Log, Known::BaselineAndLog] {
        let logged = case(known, both, [ANOTHER, CHILD]);
        assert_eq!(merged(&logged.case, ""), (Class::AmbiguousDiffers, Base::Unknown), "{known:?}");
        assert_eq!(texts(&logged.case.pair.old, "p")[0], "(1,\"person 1\")", "{known:?}");
    }
}

#[test]
fn a_log_knows_the_same_row_whatever_its_stamp_says() {
    let new = "update p set name = 'the same', created_at = clock_timestamp() where id = 1";
    for known in [Known::Log, Known::BaselineAndLog] {
        let logged = case(known, PERSONS, [new, CHILD]);
        assert_eq!(merged(&logged.case, ""), (Class::Update, Base::IsOld), "{known:?}");
    }
    // Deleted and made again, as some programs write a change: it bears its stamp.
    let new = "delete from p where id = 2; insert into p values (2, 'the same', '2026-01-01')";
    for known in EVERY {
        let logged = case(known, PERSONS, [new, CHILD]);
        assert_eq!(planned(&logged.case).actions.get(Action::Update), 1, "{known:?}");
        assert_eq!(found(&logged.case, "public.p")[&2].0, Class::Update, "{known:?}");
    }
}

#[test]
fn another_row_in_the_place_of_one_that_a_merge_brought_is_not_taken_for_it() {
    let logged = case(Known::Mark, PERSONS, ["insert into p values (9, 'brought')", ""]);
    let case = &logged.case;
    planned(case);
    block_on(engine::merge(&case.context, MergeOptions::default())).expect("a merge");
    support::sql(&case.pair.old, "insert into c values (209, 9)");
    let new = "delete from p where id = 9; insert into p values (9, 'a stranger')";
    for (new, class) in [("update p set name = 'changed' where id = 9", Class::Update), (new, Class::InsertExists)] {
        support::sql(&case.pair.new, new);
        let mut again = Recovery::of(
            Pair { database: case.pair.database.clone(), old: case.pair.old.clone(), new: case.pair.new.clone() },
            Timestamp::now(),
            "",
        );
        again.context = again.context.clone().with_selection(case.context.selection().clone());
        planned(&again);
        assert_eq!(found(&again, "public.p").get(&9).map(|(class, _)| *class), Some(class));
    }
}
