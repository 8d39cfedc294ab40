//! Stamps that say what is not so, and what a promise that rests on stamps is worth.

use failback::delta::Class;
use failback::schema::Covered;

use super::*;

const BOTH: &str = "create table t (id int primary key, note text, created_at timestamptz, updated_at timestamptz not null)";

fn of(counts: &std::collections::BTreeMap<(String, Class), u64>, class: Class) -> u64 {
    counts.iter().filter(|((_, found), _)| *found == class).map(|(_, rows)| rows).sum()
}

#[test]
fn a_stamp_of_a_time_that_has_not_come_proves_nothing_and_is_said() {
    let both = format!("{BOTH}; insert into t values (1, 'a', '2020-01-01', '2020-01-01'), (2, 'b', null, now() + '1 year')");
    let new = "update t set note = 'new', updated_at = now() + '1 day' where id = 1;
               insert into t values (3, 'c', now() + '1 hour', now() + '1 hour'), (4, 'd', now(), now()), (5, 'e', now(),
                   'infinity')";
    // Somebody erased a row that bore such a stamp before the cutover already.
    let old = "delete from t where id = 2; insert into t values (6, 'old', null, now() + '1 hour')";
    let case = recovery(pair("ahead", &both, new, old), "");
    let exported = block_on(engine::export(&case.context)).expect("an export");
    assert_eq!(exported.notes.len(), 1, "{:?}", exported.notes);
    assert!(exported.notes[0].contains("public.t: 4 of NEW's rows are stamped later than NEW's clock shows"), "{exported:?}");
    let compared = block_on(engine::diff(&case.context)).expect("a diff");
    assert!(
        compared.notes.iter().any(|note| note.contains("4 of NEW's rows and 1 of OLD's are stamped later")),
        "{:?}",
        compared.notes
    );
    let counts = &compared.tables[0].counts;
    assert_eq!(counts.get(Class::Insert), 2, "4, and 5, which was created now: {counts:?}");
    assert_eq!(counts.get(Class::AmbiguousMissingOnOld), 2, "2, which OLD erased, and 3: {counts:?}");
    assert_eq!(counts.get(Class::Update), 1, "OLD's own stamp proves that it left row 1 alone: {counts:?}");
    assert_eq!(counts.get(Class::AmbiguousMissingOnNew), 1, "6: {counts:?}");
}

#[test]
fn stamps_up_to_now_are_as_good_as_before() {
    let case = recovery(pair("not_ahead", BOTH, "insert into t values (1, 'a', now(), clock_timestamp())", ""), "");
    let counts = case.up_to_plan();
    assert_eq!(of(&counts, Class::Insert), 1, "{counts:?}");
    let days = "create table d (id int primary key, updated_at date not null)";
    let case = recovery(pair("not_ahead", days, "insert into d values (1, current_date), (2, current_date + 2)", ""), "");
    let exported = block_on(engine::export(&case.context)).expect("an export");
    assert!(exported.notes.iter().any(|note| note.contains("public.d: 1 of NEW's rows")), "{:?}", exported.notes);
}

/// The promise as it is worded: with `timestamps`, OLD's row is as it was at the cutover as far as its stamp says so.
#[test]
fn a_write_on_old_that_left_its_stamp_alone_is_overwritten_where_news_moved() {
    let both = format!("{BOTH}; insert into t values (1, 'a', '2020-01-01', '2020-01-01')");
    let new = "update t set note = 'new', updated_at = now()";
    let unstamped = "update t set note = 'a job of OLD'";
    let case = recovery(pair("unstamped", &both, new, unstamped), "");
    let coverage = discovered(&case).expect("a discovery").databases.remove(0).tables.remove(0).coverage;
    assert!(matches!(coverage.update, Covered::Trusted { .. }), "{coverage:?}");
    assert_eq!(of(&case.up_to_plan(), Class::Update), 1);
    let sure = recovery(pair("unstamped", &both, new, unstamped), "[tables.\"public.t\"]\nmethod = \"compare\"");
    assert_eq!(of(&sure.up_to_plan(), Class::AmbiguousDiffers), 1, "a comparison that somebody asked for holds it");
}

/// An import, a backfill or a clock that lags writes rows whose stamps are older than they are.
#[test]
fn what_came_to_new_with_an_old_stamp_is_neither_dropped_nor_brought_unasked() {
    let both =
        format!("{BOTH}; insert into t values (1, 'a', '2020-01-01', '2020-01-01'), (2, 'b', '2020-01-01', '2020-01-01')");
    let new = "insert into t values (7, 'imported', '2019-01-01', '2019-01-01'); update t set note = 'unstamped' where id = 1";
    let stamped = recovery(pair("imported", &both, new, ""), "");
    let counts = stamped.up_to_plan();
    assert_eq!((of(&counts, Class::AmbiguousDeletedOnOld), of(&counts, Class::OldOnly)), (1, 0), "{counts:?}");
    let refused = block_on(engine::merge(&stamped.context, MergeOptions::default())).expect_err("it waits");
    assert!(refused.causes()[0].contains("1 rows wait"), "{refused:?}");
    let compared = recovery(pair("imported", &both, new, ""), "[tables.\"public.t\"]\nmethod = \"compare\"");
    let counts = compared.up_to_plan();
    assert_eq!((of(&counts, Class::AmbiguousMissingOnOld), of(&counts, Class::AmbiguousDiffers)), (1, 1), "{counts:?}");
    compared.decide("[defaults]\nambiguous = \"apply_new\"\n");
    assert_eq!(block_on(engine::plan(&compared.context)).expect("a plan").held, 0);
    block_on(engine::merge(&compared.context, MergeOptions::default())).expect("a merge");
    let notes = support::value(&compared.pair.old, "select string_agg(note, ' ' order by id) from t");
    assert_eq!(notes.as_deref(), Some("unstamped b imported"));
}

#[test]
fn an_export_in_which_new_wrote_nothing_and_old_did_says_so() {
    let both = format!("{BOTH}; insert into t values (1, 'a', '2020-01-01', '2020-01-01')");
    let works = "insert into t values (2, 'b', now(), now())";
    let notes = |new: &str, old: &str| {
        let case = recovery(pair("nothing_new", &both, new, old), "");
        block_on(engine::export(&case.context)).expect("an export").notes
    };
    let said = notes("", works);
    assert!(said.iter().any(|note| note.contains("OLD and NEW are swapped")), "{said:?}");
    assert!(notes(works, "").is_empty());
    assert!(notes(works, "insert into t values (3, 'c', now(), now())").is_empty());
    assert!(notes("", "").is_empty());
}

/// An update whose stamp is NULL was made at no time that anybody knows of, whenever its row was created.
#[test]
fn a_row_that_does_not_say_when_it_was_updated_neither_wins_nor_loses_by_time() {
    let by_time = |resolution: &str| {
        let classes = ["insert_exists", "update_origin_differs", "ambiguous_differs"];
        let one = |class: &str| format!("{class} = \"{resolution}\"\n");
        format!("[defaults]\n{}", classes.map(one).concat())
    };
    let stamped = |column: &str| {
        format!(
            "create table t (id int primary key, note text, {column});
                 insert into t select n, 'both', '2020-01-01' from generate_series(1, 4) n"
        )
    };
    let bare = "created_at timestamptz, updated_at timestamptz";
    let both = stamped(bare);
    // 1 and 2: one side does not say when; 3: both say, and NEW was first; 4: neither says.
    let new = "update t set note = 'new';
               update t set created_at = now(), updated_at = now() - interval '30 minutes' where id in (2, 3)";
    let old = "update t set note = 'old', updated_at = case when id in (1, 3) then now() end";
    for resolution in ["last_update_wins", "first_update_wins"] {
        let case = recovery(pair("no_stamp", &both, new, old), "");
        case.decide(&by_time(resolution));
        let plan = planned(&case);
        assert_eq!(plan.held, 3, "{resolution}: {plan:#?}");
        let held: Vec<_> = plan.tables.iter().flat_map(|table| &table.held_reasons).collect();
        assert!(
            matches!(held.as_slice(), [(why, 3)] if why.contains("do not both say when they were written")),
            "{resolution}: {held:?}"
        );
    }
    // In a table that knows creations alone, they are what there is to go by.
    let created = stamped("created_at timestamptz");
    let case = recovery(pair("no_stamp", &created, "update t set note = 'new', created_at = '2020-01-02'", ""), "");
    case.decide(&by_time("last_update_wins"));
    assert_eq!(planned(&case).held, 0);
}

#[test]
fn a_row_that_was_written_long_before_it_was_created_does_not_say_that_nobody_wrote_it_since() {
    // 1 says so by half a day, 2 by no end; 3 by no more than two clocks may differ.
    let both = format!(
        "{BOTH}; insert into t values (1, 'x', '2026-01-01', '2025-12-31 12:00'), (2, 'x', '2026-01-01', '-infinity'),
             (3, 'x', '2026-01-01 00:00:00.2', '2026-01-01')"
    );
    let new = "update t set note = 'new', updated_at = now()";
    let case = recovery(pair("backwards", &both, new, "update t set note = 'old' where id < 3"), "");
    let counts = case.up_to_plan();
    assert_eq!((of(&counts, Class::AmbiguousDiffers), of(&counts, Class::Update)), (2, 1), "{counts:?}");
}

/// NEW deleted both rows; OLD's users wrote them, and put a stamp of long ago.
#[test]
fn a_row_that_was_created_after_it_was_written_does_not_say_that_it_was_not_there() {
    let stamped = "insert into t select n, 'x', at, at from (values (1, now() - interval '62 minutes'), (2, now())) s (n, at)";
    let old = "update t set note = 'old', updated_at = '2020-01-01'";
    let case = recovery(pair("made_later", &format!("{BOTH}; {stamped}"), "delete from t", old), "");
    let counts = case.up_to_plan();
    assert_eq!((of(&counts, Class::AmbiguousMissingOnNew), of(&counts, Class::OldOnly)), (2, 0), "{counts:?}");
}

#[test]
fn stamps_that_do_not_tell_which_was_first_let_no_side_win() {
    // The hour that Berlin's clocks show twice, and whole seconds beside microseconds.
    let twice = ("timestamp", "timestamp", "zone = \"Europe/Berlin\"", ["2026-10-25 02:40", "2026-10-25 02:20"]);
    let rounded = ("timestamptz", "timestamptz(0)", "", ["2026-11-01 10:00:00.6Z", "2026-11-01 10:00:00.7Z"]);
    for (old, new, config, [by_new, by_old]) in [twice, rounded] {
        let pair = support::pair("no_order");
        for (url, data_type, at) in [(&pair.old, old, by_old), (&pair.new, new, by_new)] {
            support::sql(
                url,
                &format!(
                    "create table t (id int primary key, note text, updated_at {data_type});
                     insert into t values (1, 'both', '2020-01-01'), (2, 'both', '2020-01-01');
                     update t set note = '{at}', updated_at = '{at}';
                     update t set updated_at = updated_at + interval '2 hours' where id = 2 and note = '{by_new}'"
                ),
            );
        }
        let cutover = "2026-10-24T20:00:00Z".parse().expect("a timestamp");
        let case = Recovery::of(pair, cutover, config);
        case.decide("[defaults]\nupdate_origin_differs = \"last_update_wins\"\n");
        let plan = planned(&case);
        assert_eq!(plan.held, 1, "{plan:#?}");
        let whys: Vec<_> = plan.tables.iter().flat_map(|table| table.held_reasons.keys()).collect();
        assert!(whys.iter().all(|why| why.contains("which was first")), "{whys:?}");
    }
}

#[test]
fn a_row_that_one_side_changed_and_the_other_made_anew_is_a_conflict_whichever_did() {
    let anew = "delete from t where id = 9; insert into t values (9, 'anew', now(), now())";
    let changed = "update t set note = 'changed', updated_at = now() where id = 9";
    for (test, new, old) in [("anew_on_old", changed, anew), ("anew_on_new", anew, changed)] {
        let both = format!("{BOTH}; insert into t values (9, 'x', '2026-01-01', '2026-01-01')");
        let case = recovery(pair(test, &both, new, old), "");
        let counts = case.up_to_plan();
        assert_eq!(counts.values().sum::<u64>(), of(&counts, Class::UpdateOriginDiffers), "{counts:?}");
        assert_eq!(of(&counts, Class::UpdateOriginDiffers), 1, "{counts:?}");
    }
}
