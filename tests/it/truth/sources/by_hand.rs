//! An id that a person gives.

use failback::policy::Action;

use super::*;

fn given(old: u64, new: u64) -> Sided<Option<GivenXid>> {
    Sided { old, new }.map(|id| GivenXid::parse(&id.to_string()).ok())
}

/// A recovery after the usual work, and each side's next transaction at the cutover.
fn worked() -> (Recovery, Sided<u64>, MutexGuard<'static, u32>) {
    let (pair, turn) = estate(plain());
    let next = Sided::of(|side| next_xid(&pair, side));
    let cutover = cut_over();
    support::sql(&pair.new, NEW);
    support::sql(&pair.old, OLD);
    (case(pair, &cutover, ""), next, turn)
}

#[test]
fn it_tells_who_wrote_and_is_named_wherever_it_is_believed() {
    let (mut case, next, _turn) = worked();
    choose(&mut case, |selection| selection.with_xids(given(next.old, next.new)));
    expect_told(&case);
    for side in Side::BOTH {
        assert_eq!(horizon(&case, side), Ok((HorizonSource::ByHand, *next.get(side))));
    }
    let words = evidence(&case);
    assert!(words.old.contains(&"xid_by_hand".to_owned()) && words.new.contains(&"xid_by_hand".to_owned()), "{words:?}");
    assert!(!words.old.contains(&"xid".to_owned()) && !words.new.contains(&"xid".to_owned()), "{words:?}");
    let manifest = Manifest::read(&case.store).expect("a manifest");
    let coverage = &manifest.databases[0].tables[0].coverage;
    assert_eq!([&coverage.insert, &coverage.update, &coverage.delete].map(Covered::word), ["trusted", "trusted", "yes"]);
    assert_eq!(manifest.databases[0].horizons().expect("both").new.source.grade(), Evidence::XidByHand);
}

#[test]
fn an_earlier_one_holds_more_and_loses_nothing() {
    let (mut case, next, _turn) = worked();
    // As if all rows had been written since.
    let writer = |side| support::value(case.pair.url(side), "select xmin::text from t where v = 'both' limit 1");
    let first = Sided::of(|side| writer(side).and_then(|xid| xid.parse::<u64>().ok()).expect("who wrote them"));
    assert!(first.old < next.old && first.new < next.new);
    choose(&mut case, |selection| selection.with_xids(given(first.old, first.new)));
    let found = counts(&case);
    assert!(found.iter().all(|(class, _)| ![Class::Update, Class::Delete, Class::OldOnly].contains(class)), "{found:?}");
    let rows = |class| found.iter().find(|(one, _)| *one == class).map_or(0, |(_, rows)| *rows);
    assert_eq!(rows(Class::UpdateOriginDiffers), 3, "1, 2 and 4: {found:?}");
    assert_eq!(rows(Class::AmbiguousMissingOnOld) + rows(Class::AmbiguousMissingOnNew), 3, "6, 30 and 3: {found:?}");
}

#[test]
fn one_side_alone_proves_nothing() {
    let (mut case, next, _turn) = worked();
    both(&case.pair, "checkpoint");
    choose(&mut case, |selection| selection.with_xids(Sided { new: None, ..given(next.old, next.new) }));
    assert_eq!(method(&case), Method::Compare);
    assert_eq!(horizon(&case, Side::Old), Ok((HorizonSource::ByHand, next.old)));
    let lacks = horizon(&case, Side::New).expect_err("nothing says it");
    assert!(lacks.iter().any(|(source, why)| *source == HorizonSource::ByHand && why.contains("--new-xid")), "{lacks:?}");
}

#[test]
fn what_is_going_on_still_was_not_over() {
    let (pair, _turn) = estate(plain());
    let open = block_on(support::connect(&pair.old));
    let first = next_xid(&pair, Side::Old);
    block_on(open.batch_execute("begin; savepoint s; update t set v = 'old' where id = 7; release s")).expect("work");
    let next = Sided::of(|side| next_xid(&pair, side));
    let cutover = cut_over();
    support::sql(&pair.new, "update t set v = 'new' where id = 7");
    let mut case = case(pair, &cutover, "");
    choose(&mut case, |selection| selection.with_xids(given(next.old, next.new)));
    assert_eq!(horizon(&case, Side::Old), Ok((HorizonSource::ByHand, first)));
    block_on(engine::export(&case.context)).expect("an export");
    block_on(open.batch_execute("commit")).expect("a commit");
    let diff = block_on(engine::diff(&case.context)).expect("a diff");
    assert_eq!(diff.counts.iter().collect::<Vec<_>>(), [(Class::UpdateOriginDiffers, 1)]);
}

#[test]
fn one_that_cannot_be_is_refused() {
    let (mut case, next, _turn) = worked();
    let refuses = |case: &Recovery, said: &str| {
        let error = discovered(case).expect_err("it cannot be");
        assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
        assert!(error.causes().iter().any(|cause| cause.contains(said)), "{said}: {:?}", error.causes());
    };
    choose(&mut case, |selection| selection.with_xids(given(next.old + 1_000, next.new)));
    refuses(&case, "the server has not come so far");
    // Given out after a checkpoint that was after the cutover.
    std::thread::sleep(Duration::from_secs(1));
    both(&case.pair, "create table more (id int); insert into more values (1)");
    both(&case.pair, "checkpoint");
    both(&case.pair, "create table most (id int); insert into most values (1)");
    let late = next_xid(&case.pair, Side::New);
    choose(&mut case, |selection| selection.with_xids(given(next.old, late)));
    refuses(&case, "at its last checkpoint");
    choose(&mut case, |selection| selection.with_xids(given(next.old, next.new)));
    case.choose("public.t");
    assert_eq!(method(&case), Method::Xid, "one from before the cutover is none of these");
}

#[test]
fn tables_that_are_not_what_they_were_are_compared() {
    let apart = "create table apart (id int primary key, v text); insert into apart values (1, 'apart')";
    for (what, said) in [
        ("truncate t; insert into t select g, 'both' from generate_series(1, 20) g", "rewritten on NEW"),
        ("vacuum full t", "rewritten on NEW"),
        ("alter table t alter v type varchar(20)", "rewritten on NEW"),
        ("alter table t add w text default 'w'", "changed on NEW"),
        ("drop table t; alter table apart rename to t", "attached or renamed on NEW"),
        ("create table of_nobody (id int); grant select on t to public; analyze t; vacuum t", ""),
    ] {
        let (pair, _turn) = estate(plain());
        both(&pair, apart);
        let next = Sided::of(|side| next_xid(&pair, side));
        let cutover = cut_over();
        for statement in what.split(';') {
            support::sql(&pair.new, statement);
        }
        let mut case = case(pair, &cutover, "");
        case.choose("public.t");
        choose(&mut case, |selection| selection.with_xids(given(next.old, next.new)));
        let table = record(&case).tables.remove(0);
        assert_eq!(table.method, if said.is_empty() { Method::Xid } else { Method::Compare }, "{what}: {:?}", table.unmarked);
        assert!(table.unmarked.unwrap_or_default().contains(said), "{what}");
    }
}

#[test]
fn a_table_that_was_rewritten_before_the_cutover_is_no_worse_for_it() {
    let (pair, _turn) = estate(plain());
    both(&pair, "vacuum full t");
    let next = Sided::of(|side| next_xid(&pair, side));
    let cutover = cut_over();
    support::sql(&pair.new, NEW);
    support::sql(&pair.old, OLD);
    let mut case = case(pair, &cutover, "");
    choose(&mut case, |selection| selection.with_xids(given(next.old, next.new)));
    expect_told(&case);
}

#[test]
fn it_is_given_in_the_configuration_or_on_the_command_line_and_told() {
    let (pair, _turn) = estate(plain());
    let next = Sided::of(|side| next_xid(&pair, side));
    let cutover = cut_over();
    support::sql(&pair.new, NEW);
    let config = format!("[old]\nxid = {}\n[new]\nxid = \"0:{}\"\n", next.old, next.new);
    let parsed = Config::parse(&config, "failback.toml").expect("a configuration");
    assert_eq!(parsed.server(Side::New).xid().map(|xid| xid.to_string()), Some(format!("0:{}", next.new)));
    assert_eq!(method(&case(again(&pair), &cutover, &config)), Method::Xid);
    let (old, new) = (next.old.to_string(), next.new.to_string());
    let told = support::failback(&[
        "discover",
        "--old",
        &pair.old,
        "--new",
        &pair.new,
        "--databases",
        &pair.database,
        "--cutover",
        cutover.text(),
        "--old-xid",
        &old,
        "--new-xid",
        &new,
    ]);
    assert_eq!(told.code, 0, "{told:?}");
    assert!(
        told.stdout.contains(&format!("OLD: those before {old}, by an id given by hand (evidence: xid_by_hand)")),
        "{told:?}"
    );
    assert!(told.stdout.contains(&format!("--old-xid {old} --new-xid {new}")), "the next command has it too: {told:?}");
    let marked = support::failback(&["discover", "--mark", "x.json", "--old-xid", "741"]);
    assert_eq!(marked.code, 2, "{marked:?}");
}

#[test]
fn a_delete_that_a_person_vouches_for_is_held_until_somebody_says_that_this_is_enough() {
    let (mut case, next, _turn) = worked();
    choose(&mut case, |selection| selection.with_xids(given(next.old, next.new)));
    case.decide("[defaults]\ndelete = \"apply_new\"\n[evidence]\n");
    let plan = planned(&case);
    assert_eq!((plan.actions.get(Action::Delete), plan.wanting.len()), (0, 1), "{plan:#?}");
    assert_eq!(plan.wanting[0].rests_on, Evidence::XidByHand);
    case.decide("[defaults]\ndelete = \"apply_new\"\n[evidence]\ndelete = \"xid_by_hand\"\n");
    assert_eq!(block_on(engine::plan(&case.context)).expect("a plan").actions.get(Action::Delete), 1);
}
