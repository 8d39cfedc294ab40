//! Commit times that the servers keep.

use super::*;

/// Servers that keep them from their first start on.
fn keeping() -> &'static Servers {
    static SERVERS: LazyLock<Servers> =
        LazyLock::new(|| Servers::start(&[("track_commit_timestamp", "on"), ("max_prepared_transactions", "5")]));
    &SERVERS
}

fn source(case: &Recovery, side: Side) -> HorizonSource {
    horizon(case, side).unwrap_or_else(|lacks| panic!("{side}: {lacks:?}")).0
}

/// What commit timestamps lack on a side.
fn lack(case: &Recovery, side: Side) -> String {
    let lacks = horizon(case, side).expect_err("nothing says it");
    let of = |(source, why): (HorizonSource, String)| (source == HorizonSource::CommitTimestamps).then_some(why);
    lacks.into_iter().find_map(of).expect("they were asked")
}

#[test]
fn they_tell_who_wrote_and_nothing_had_to_be_prepared() {
    let (pair, _turn) = estate(keeping());
    let cutover = cut_over();
    support::sql(&pair.new, NEW);
    support::sql(&pair.old, OLD);
    let case = case(pair, &cutover, "");
    expect_told(&case);
    for side in Side::BOTH {
        assert_eq!(source(&case, side), HorizonSource::CommitTimestamps);
    }
    assert!(evidence(&case).old.contains(&"xid".to_owned()));
    let manifest = Manifest::read(&case.store).expect("a manifest");
    assert_eq!(manifest.databases[0].tables[0].coverage.update.word(), "yes");
}

#[test]
fn within_the_overlap_before_the_cutover_nothing_is_sure() {
    let (pair, _turn) = estate(keeping());
    let cutover = cut_over();
    support::sql(&pair.new, "update t set v = 'new' where id = 1");
    let mut wide = recovery(pair, "overlap = \"1h\"");
    choose(&mut wide, |selection| selection.with_cutover(Some(cutover)));
    // All that these servers know was written within an hour.
    assert!(lack(&wide, Side::Old).contains("it was switched on later"), "{}", lack(&wide, Side::Old));
}

#[test]
fn a_transaction_that_was_open_at_the_cutover_counts_as_later() {
    let (pair, _turn) = estate(keeping());
    let open = block_on(support::connect(&pair.new));
    let begin = "begin; savepoint s; update t set v = 'open' where id = 7; release s";
    block_on(open.batch_execute(begin)).expect("an open transaction");
    let prepare = "begin; savepoint s; update t set v = 'prepared' where id = 8; release s; prepare transaction 'horizon'";
    support::sql(&pair.new, prepare);
    // Others of higher ids commit before it: bisecting would find these.
    support::sql(&pair.new, "update t set v = 'both' where id = 9");
    let cutover = cut_over();
    support::sql(&pair.new, "commit prepared 'horizon'");
    block_on(open.batch_execute("commit")).expect("a commit");
    support::sql(&pair.new, "update t set v = 'new' where id = 10");
    let case = case(pair, &cutover, "");
    assert_eq!(source(&case, Side::New), HorizonSource::CommitTimestamps);
    assert_eq!(counts(&case), [(Class::Update, 3), (Class::Convergent, 1)], "7, 8 and 10; 9 is young too, and equal");
}

#[test]
fn a_transaction_that_is_open_still_lowers_it() {
    let (pair, _turn) = estate(keeping());
    let open = block_on(support::connect(&pair.old));
    let first = next_xid(&pair, Side::Old);
    block_on(open.batch_execute("begin; update t set v = 'old' where id = 7")).expect("work");
    let cutover = cut_over();
    support::sql(&pair.new, "update t set v = 'new' where id = 7");
    let case = case(pair, &cutover, "");
    assert_eq!(horizon(&case, Side::Old), Ok((HorizonSource::CommitTimestamps, first)));
    block_on(engine::export(&case.context)).expect("an export");
    block_on(open.batch_execute("commit")).expect("a commit");
    let diff = block_on(engine::diff(&case.context)).expect("a diff");
    assert_eq!(diff.counts.iter().collect::<Vec<_>>(), [(Class::UpdateOriginDiffers, 1)]);
}

#[test]
fn what_replication_brought_to_old_has_no_time_of_its_own() {
    // Applied after the cutover, with a time from long before it.
    let apply = |id: u32| {
        format!(
            "select pg_replication_origin_session_setup('horizon'); begin;
             select pg_replication_origin_xact_setup('0/1', '2020-01-01'); update t set v = 'applied' where id = {id}; commit"
        )
    };
    let origin = "select pg_replication_origin_create('horizon')";
    let (pair, _turn) = estate(keeping());
    both(&pair, origin);
    let cutover = cut_over();
    support::sql(&pair.old, &apply(7));
    support::sql(&pair.new, &apply(8));
    support::sql(&pair.new, "update t set v = 'new' where id = 7");
    let case = case(pair, &cutover, "");
    // OLD's row 7 was written since, whatever its time says; NEW's row 8 is what OLD had written before.
    assert_eq!(counts(&case), [(Class::UpdateOriginDiffers, 1)]);
    both(&case.pair, "select pg_replication_origin_drop('horizon')");
}

#[test]
fn where_they_are_off_or_came_late_that_is_said() {
    let (pair, _turn) = estate(plain());
    let off = case(again(&pair), &cut_over(), "");
    both(&pair, "checkpoint");
    assert_eq!(method(&off), Method::Compare);
    assert_eq!(lack(&off, Side::Old), "track_commit_timestamp is off");
    let (pair, _turn) = estate(keeping());
    let late = case(pair, &Cutover::parse("2020-01-01T00:00:00Z").expect("a cutover"), "");
    assert!(lack(&late, Side::New).contains("it was switched on later"), "{}", lack(&late, Side::New));
    assert_eq!(method(&late), Method::Compare);
}

#[test]
fn times_that_vacuum_removed_are_missed_until_a_start_ends_all_doubt() {
    let servers = Servers::start(&[("track_commit_timestamp", "on")]);
    let (pair, _turn) = servers.pair();
    both(&pair, TABLE);
    both(&pair, ROWS);
    both(&pair, "update pg_database set datallowconn = true");
    let databases = support::rows(&pair.old, "select datname from pg_database order by datname");
    for database in databases.into_iter().filter_map(|mut row| row.remove(0)) {
        for cluster in servers.clusters.as_ref() {
            support::sql(&cluster.url(&database), "vacuum (freeze)");
        }
    }
    both(&pair, "update t set v = 'then' where id = 1");
    let early = cut_over();
    both(&pair, "checkpoint");
    let removed = case(again(&pair), &early, "");
    for side in Side::BOTH {
        let why = lack(&removed, side);
        assert!(why.contains("VACUUM has removed the times of transactions before"), "{side}: {why}");
    }
    for cluster in servers.clusters.as_ref() {
        cluster.kill().expect("a stop");
        cluster.revive().expect("a start");
    }
    let later = cut_over();
    support::sql(&pair.new, "update t set v = 'new' where id = 2");
    let case = case(again(&pair), &later, "");
    assert_eq!(source(&case, Side::Old), HorizonSource::CommitTimestamps);
    assert_eq!(counts(&case), [(Class::Update, 1)]);
}

#[test]
fn an_id_given_by_hand_that_they_contradict_is_refused() {
    let (pair, _turn) = estate(keeping());
    let next = Sided::of(|side| next_xid(&pair, side));
    let cutover = cut_over();
    support::sql(&pair.new, NEW);
    let late = next_xid(&pair, Side::New);
    let mut case = case(pair, &cutover, "");
    let give = |new: u64| Sided { old: next.old, new }.map(|id| GivenXid::parse(&id.to_string()).ok());
    choose(&mut case, |selection| selection.with_xids(give(late)));
    let error = discovered(&case).expect_err("they say otherwise");
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(error.causes().iter().any(|cause| cause.contains("committed after the cutover")), "{:?}", error.causes());
    choose(&mut case, |selection| selection.with_xids(give(next.new)));
    assert_eq!(source(&case, Side::New), HorizonSource::ByHand);
}
