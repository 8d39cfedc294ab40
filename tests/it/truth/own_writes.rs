//! An earlier merge of failback's own is none of OLD's users: what it brought and nobody wrote there since is what NEW had
//! then.

use std::sync::Arc;
use std::time::Duration;

use failback::config::Cutover;
use failback::delta::Class;
use failback::policy::Action;
use failback::staging::Mark;

use super::*;

const BOTH: &str = "create table t (id int primary key, v text); insert into t select g, 'both' from generate_series(1, 9) g";

/// Marked servers, on which any number of runs go one after the other.
struct Scene {
    pair: Pair,
    mark: Arc<Mark>,
    cutover: Cutover,
}

impl Scene {
    fn new(test: &str, new: &str) -> Self {
        let pair = pair(test, BOTH, "", "");
        let case = recovery(again(&pair), "");
        let (mark, _) = block_on(engine::mark(&case.context, Duration::from_millis(250))).expect("a mark");
        std::thread::sleep(Duration::from_millis(20));
        let cutover = Cutover::parse(&Timestamp::now().to_string()).expect("a cutover");
        std::thread::sleep(Duration::from_millis(20));
        support::sql(&pair.new, new);
        Self { pair, mark: Arc::new(mark), cutover }
    }

    /// A run, up to its plan, and how many rows are of each class.
    fn run(&self, decisions: &str) -> (Recovery, Vec<(Class, u64)>) {
        let mut case = recovery(again(&self.pair), "");
        let selection = case.context.selection().clone().with_cutover(Some(self.cutover.clone()));
        case.context = case.context.clone().with_selection(selection.with_mark(Some(Arc::clone(&self.mark))));
        case.decide(decisions);
        let found = case.up_to_plan().into_iter().filter(|((_, class), _)| !class.is_settled());
        let classes = found.map(|((_, class), rows)| (class, rows)).collect();
        (case, classes)
    }

    fn merged(&self, fire_triggers: bool) -> Recovery {
        let (case, classes) = self.run("");
        assert_eq!(classes, [(Class::Update, 4)]);
        block_on(engine::merge(&case.context, MergeOptions { fire_triggers, ..MergeOptions::default() })).expect("a merge");
        case
    }
}

fn again(pair: &Pair) -> Pair {
    Pair { database: pair.database.clone(), old: pair.old.clone(), new: pair.new.clone() }
}

const FIRST: &str = "update t set v = 'first' where id in (1, 2, 3, 4)";
const SECOND: &str = "update t set v = 'second' where id in (1, 3); delete from t where id in (2, 4)";

#[test]
fn what_a_merge_wrote_is_no_write_of_olds_users_and_what_they_wrote_after_it_is() {
    let scene = Scene::new("own_writes", FIRST);
    scene.merged(false);
    support::sql(&scene.pair.new, SECOND);
    support::sql(&scene.pair.old, "update t set v = 'mine' where id = 3; update t set v = v where id = 4");
    let (case, classes) = scene.run("[defaults]\ndelete = \"apply_new\"\n[evidence]\n");
    let expected = [(Class::Update, 1), (Class::Delete, 1), (Class::AmbiguousMissingOnNew, 1), (Class::UpdateOriginDiffers, 1)];
    assert_eq!(classes, expected);
    let plan = block_on(engine::plan(&case.context)).expect("a plan");
    assert_eq!([Action::Update, Action::Delete, Action::Hold].map(|action| plan.actions.get(action)), [1, 1, 1]);
    block_on(engine::merge(&case.context, MergeOptions { leave_held: true, ..MergeOptions::default() })).expect("a merge");
    let rows = support::value(&scene.pair.old, "select string_agg(id || v, ' ' order by id) from t where id < 5");
    assert_eq!(rows.as_deref(), Some("1second 3mine 4first"));
    // A third run goes on from the second.
    support::sql(&scene.pair.new, "update t set v = 'third' where id = 1");
    let (_, classes) = scene.run("");
    assert!(classes.contains(&(Class::Update, 1)) && !classes.iter().any(|(class, _)| *class == Class::Delete), "{classes:?}");
}

/// A run that waited while another one was exported later and merged knows less of NEW than OLD has by now.
#[test]
fn what_a_later_run_brought_is_not_taken_back_by_an_earlier_one() {
    let scene = Scene::new("own_writes_waited", FIRST);
    let (waiting, _) = scene.run("[defaults]\ndelete = \"apply_new\"\n[evidence]\n");
    support::sql(&scene.pair.new, "update t set v = 'second' where id in (1, 2)");
    let (later, _) = scene.run("");
    block_on(engine::merge(&later.context, MergeOptions::default())).expect("a merge");
    let rows = || support::value(&scene.pair.old, "select string_agg(id || v, ' ' order by id) from t where id < 4");
    let brought = rows();
    assert_eq!(brought.as_deref(), Some("1second 2second 3first"));
    // As the merge that refuses says: compared and planned again.
    block_on(engine::diff(&waiting.context)).expect("a diff");
    let plan = block_on(engine::plan(&waiting.context)).expect("a plan");
    assert_eq!((plan.actions.sum_of(Action::writes), plan.held), (0, 2), "{plan:#?}");
    block_on(engine::merge(&waiting.context, MergeOptions { leave_held: true, ..MergeOptions::default() })).expect("a merge");
    assert_eq!(rows(), brought);
}

#[test]
fn a_merge_whose_triggers_fired_may_have_brought_other_values_than_news() {
    let scene = Scene::new("own_writes_fired", FIRST);
    scene.merged(true);
    support::sql(&scene.pair.new, SECOND);
    let (_, classes) = scene.run("");
    assert_eq!(classes, [(Class::AmbiguousMissingOnNew, 2), (Class::UpdateOriginDiffers, 2)]);
}

#[test]
fn what_an_undo_put_back_may_be_of_olds_users() {
    let scene = Scene::new("own_writes_undone", FIRST);
    let case = scene.merged(false);
    block_on(engine::undo(&case.context, MergeOptions::default())).expect("an undo");
    let (_, classes) = scene.run("");
    assert_eq!(classes, [(Class::UpdateOriginDiffers, 4)]);
}

#[test]
fn rows_that_were_written_anew_after_a_merge_by_whomever_count_as_written() {
    let scene = Scene::new("own_writes_rewritten", FIRST);
    scene.merged(false);
    support::sql(&scene.pair.new, SECOND);
    // The same values, in other transactions.
    support::sql(&scene.pair.old, "create table aside as select * from t; delete from t; insert into t select * from aside");
    let (_, classes) = scene.run("");
    assert_eq!(classes.iter().filter(|(class, _)| *class == Class::UpdateOriginDiffers).count(), 1, "{classes:?}");
    assert!(classes.iter().all(|(class, _)| !matches!(class, Class::Update | Class::Delete)), "{classes:?}");
}
