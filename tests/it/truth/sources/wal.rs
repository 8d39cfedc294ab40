//! COMMIT records in write-ahead log that is still on the servers.

use super::*;

/// Servers whose log is read: the extension came with PostgreSQL 15.
fn logged(settings: &'static Servers) -> (Pair, MutexGuard<'static, u32>) {
    let (pair, turn) = estate(settings);
    both(&pair, "create schema \"Look in\"; create extension pg_walinspect schema \"Look in\"");
    (pair, turn)
}

/// A list of running transactions in the log.
fn list(pair: &Pair) {
    both(pair, "checkpoint");
}

/// A cutover with more than the second around it that the order of the log may differ.
fn cut_over_slowly() -> Cutover {
    std::thread::sleep(Duration::from_millis(1_100));
    cut_over()
}

#[test]
fn they_tell_who_wrote_and_nothing_had_to_be_prepared() {
    let (pair, _turn) = logged(plain());
    list(&pair);
    let cutover = cut_over_slowly();
    support::sql(&pair.new, NEW);
    support::sql(&pair.old, OLD);
    both(&pair, "checkpoint");
    let case = case(pair, &cutover, "");
    for side in Side::BOTH {
        assert_eq!(horizon(&case, side).map(|known| known.0), Ok(HorizonSource::Wal), "{side}");
    }
    expect_told(&case);
    assert!(evidence(&case).old.contains(&"xid".to_owned()));
}

#[test]
fn the_extension_may_be_in_any_database_that_is_looked_at() {
    let (pair, turn) = estate(plain());
    let other = format!("{}_other", pair.database);
    let urls = Sided::of(|side| {
        let url = pair.url(side);
        support::sql(url, &format!("create database {other} template template0"));
        url.replace(&pair.database, &other)
    });
    for url in urls.as_ref() {
        support::sql(url, "create extension pg_walinspect");
    }
    list(&pair);
    let cutover = cut_over_slowly();
    support::sql(&pair.new, NEW);
    support::sql(&pair.old, OLD);
    both(&pair, "checkpoint");
    let mut alone = case(again(&pair), &cutover, "");
    assert_eq!(method(&alone), Method::Compare);
    alone.look_at(vec![pair.database.clone(), other]);
    assert_eq!(horizon(&alone, Side::New).map(|known| known.0), Ok(HorizonSource::Wal));
    expect_told(&alone);
    drop(turn);
}

#[test]
fn a_transaction_that_was_open_at_the_cutover_counts_as_later() {
    let (pair, _turn) = logged(plain());
    let open = block_on(support::connect(&pair.new));
    let begin = "begin; savepoint s; update t set v = 'open' where id = 7; release s";
    block_on(open.batch_execute(begin)).expect("an open transaction");
    let prepare = "begin; savepoint s; update t set v = 'prepared' where id = 8; release s; prepare transaction 'logged'";
    support::sql(&pair.new, prepare);
    support::sql(&pair.new, "update t set v = 'both' where id = 9");
    list(&pair);
    let cutover = cut_over_slowly();
    support::sql(&pair.new, "commit prepared 'logged'");
    block_on(open.batch_execute("commit")).expect("a commit");
    support::sql(&pair.new, "update t set v = 'new' where id = 10");
    let case = case(pair, &cutover, "");
    assert_eq!(horizon(&case, Side::New).map(|known| known.0), Ok(HorizonSource::Wal));
    assert_eq!(counts(&case), [(Class::Update, 3), (Class::Convergent, 1)], "7, 8 and 10; 9 is young too, and equal");
}

#[test]
fn without_a_list_before_the_cutover_or_without_the_right_nothing_is_said() {
    let (pair, _turn) = logged(plain());
    let lack = |case: &Recovery| {
        let lacks = horizon(case, Side::Old).expect_err("nothing says it");
        lacks.into_iter().find_map(|(source, why)| (source == HorizonSource::Wal).then_some(why)).expect("it was asked")
    };
    let long_ago = Cutover::parse("2020-01-01T00:00:00Z").expect("a cutover");
    let early = case(again(&pair), &long_ago, "");
    assert!(lack(&early).contains("begins after the cutover"), "{}", lack(&early));
    let bare = pair.database.clone();
    both(&pair, "drop extension pg_walinspect");
    let gone = case(again(&pair), &cut_over(), "");
    both(&pair, "checkpoint");
    assert_eq!(lack(&gone), format!("the extension pg_walinspect is not in database {bare}"));
}
