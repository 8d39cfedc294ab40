//! What OLD may have seen of a transaction, at every moment of its life.

use std::time::{Duration, Instant};

use failback::error::{Error, ErrorKind, OldState};
use failback::name::Side;
use failback::pg::{Endpoint, Isolation, OldWrites, Session, Transaction, sqlstate};

use crate::support::{self, Pair, block_on};

const ROWS: &str = "select count(*) from t";

/// A table that wants no value twice, but looks at that only when a transaction commits.
const TABLE: &str = "create table t (id int, unique (id) deferrable initially deferred)";

fn pair(test: &str) -> Pair {
    let pair = support::pair(test);
    support::sql(&pair.old, TABLE);
    pair
}

async fn session(url: &str) -> Session {
    let endpoint = Endpoint::resolve(Side::Old, Some(url), &|_| None).expect("an endpoint");
    Session::connect(&endpoint).await.expect("a session")
}

async fn begin(url: &str, writes: &OldWrites) -> Transaction {
    let begun = Transaction::begin(session(url).await, Isolation::ReadCommitted, writes).await;
    let transaction = begun.expect("a transaction");
    transaction.execute_all("insert into public.t values (1)").await.expect("a row");
    transaction
}

async fn backend_of(session: &Session) -> i32 {
    session.query("select pg_catalog.pg_backend_pid()", &[]).await.expect("a number")[0].get(0)
}

fn rows(url: &str) -> String {
    support::value(url, ROWS).expect("a count")
}

fn wait_for(what: &str, mut ask: impl FnMut() -> bool) {
    let began = Instant::now();
    while !ask() {
        assert!(began.elapsed() < Duration::from_secs(20), "waited too long: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn some_failure() -> Error {
    Error::new(ErrorKind::Refused, "check a row")
}

fn in_doubt() -> OldState {
    OldState::Unknown { what: "one row".to_owned(), committed: None }
}

#[test]
fn before_begin_nothing_was_written() {
    let (pair, writes) = (pair("t_begin"), OldWrites::default());
    let begun = block_on(async {
        let session = session(&pair.old).await;
        support::sql_now(&pair.old, &format!("select pg_terminate_backend({}, 5000)", backend_of(&session).await)).await;
        Transaction::begin(session, Isolation::ReadCommitted, &writes).await
    });
    assert_eq!(begun.err().expect("a failure").kind(), ErrorKind::Connect);
    assert_eq!(writes.state(), OldState::NotWritten);
}

#[test]
fn an_open_transaction_is_rolled_back_by_any_error() {
    let (pair, writes) = (pair("t_open"), OldWrites::default());
    block_on(async {
        let transaction = begin(&pair.old, &writes).await;
        assert_eq!(writes.state(), OldState::RolledBack);
        let error = transaction.abort(some_failure()).await;
        assert_eq!((error.kind(), error.old_state()), (ErrorKind::Refused, Some(&OldState::RolledBack)));
        let session = begin(&pair.old, &writes).await.rollback().await.expect("the session");
        session.execute_all("select 1").await.expect("a session that goes on");
    });
    assert_eq!((rows(&pair.old).as_str(), writes.state()), ("0", OldState::RolledBack));
}

#[test]
fn a_connection_that_breaks_before_commit_is_rolled_back() {
    let (pair, writes) = (pair("t_broken"), OldWrites::default());
    let error = block_on(async {
        let transaction = begin(&pair.old, &writes).await;
        support::sql_now(&pair.old, &format!("select pg_terminate_backend({}, 5000)", backend_of(&transaction).await)).await;
        let failed = transaction.execute_all("insert into public.t values (2)").await.expect_err("a failure");
        transaction.abort(failed).await
    });
    assert_eq!((error.kind(), error.old_state()), (ErrorKind::Connect, Some(&OldState::RolledBack)));
    assert_eq!(rows(&pair.old), "0");
}

#[test]
fn a_transaction_that_is_dropped_is_rolled_back() {
    let (pair, writes) = (pair("t_dropped"), OldWrites::default());
    let backend = block_on(async {
        let transaction = begin(&pair.old, &writes).await;
        backend_of(&transaction).await
    });
    let there = format!("select count(*) from pg_stat_activity where pid = {backend}");
    wait_for("the backend ends", || support::value(&pair.old, &there).as_deref() == Some("0"));
    assert_eq!((rows(&pair.old).as_str(), writes.state()), ("0", OldState::RolledBack));
}

#[test]
fn what_was_committed_stays_committed_whatever_fails_later() {
    let (pair, writes) = (pair("t_committed"), OldWrites::default());
    block_on(async {
        let session = begin(&pair.old, &writes).await.commit("one row").await.expect("a commit");
        session.execute_all("select 1").await.expect("a session that goes on");
        assert_eq!(writes.state(), OldState::Committed("one row".to_owned()));
        let later = begin(&pair.old, &writes).await;
        let error = later.abort(some_failure()).await;
        assert_eq!(error.old_state(), Some(&OldState::RolledBack), "of its own transaction");
    });
    assert_eq!(writes.state(), OldState::Committed("one row".to_owned()), "of the command");
    assert_eq!(rows(&pair.old), "1");
}

#[test]
fn a_commit_that_the_server_refuses_is_rolled_back() {
    let (pair, writes) = (pair("t_refused"), OldWrites::default());
    let error = block_on(async {
        let transaction = begin(&pair.old, &writes).await;
        transaction.execute_all("insert into public.t values (1)").await.expect("not looked at yet");
        transaction.commit("two rows").await.err().expect("a refusal")
    });
    assert_eq!((sqlstate(&error), error.old_state()), (Some("23505"), Some(&OldState::RolledBack)));
    assert_eq!((rows(&pair.old).as_str(), writes.state()), ("0", OldState::RolledBack));
}

/// The server answers such a COMMIT with ROLLBACK, and no error.
#[test]
fn a_transaction_in_which_a_statement_failed_does_not_pass_for_committed() {
    let (pair, writes) = (pair("t_failed"), OldWrites::default());
    let error = block_on(async {
        let transaction = begin(&pair.old, &writes).await;
        transaction.execute_all("select 1 / 0").await.expect_err("an error that nobody heeds");
        transaction.commit("one row").await.err().expect("a refusal")
    });
    assert_eq!((sqlstate(&error), error.old_state()), (Some("25P02"), Some(&OldState::RolledBack)));
    assert_eq!((rows(&pair.old).as_str(), writes.state()), ("0", OldState::RolledBack));
}

#[test]
fn a_backend_that_dies_in_commit_leaves_it_unknown() {
    let (pair, writes) = (pair("t_died"), OldWrites::default());
    support::sql(
        &pair.old,
        "create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(60); return null; end $$;
         create constraint trigger slow after insert on t deferrable initially deferred for each row execute function slow()",
    );
    let error = block_on(async {
        let transaction = begin(&pair.old, &writes).await;
        let backend = backend_of(&transaction).await;
        let (committed, ()) = tokio::join!(transaction.commit("one row"), async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            assert_eq!(writes.state(), in_doubt(), "until the answer comes");
            support::sql_now(&pair.old, &format!("select pg_terminate_backend({backend}, 5000)")).await;
        });
        committed.err().expect("a failure")
    });
    assert_eq!((error.kind(), error.old_state()), (ErrorKind::Connect, Some(&in_doubt())));
    assert_eq!((rows(&pair.old).as_str(), writes.state()), ("0", in_doubt()));
}

#[test]
fn an_answer_to_commit_that_is_lost_leaves_it_unknown_although_it_is_committed() {
    let (pair, writes) = (pair("t_lost"), OldWrites::default());
    let error = block_on(async {
        let transaction = begin(&support::lossy(&pair.old), &writes).await;
        transaction.commit("one row").await.err().expect("a failure")
    });
    assert_eq!((error.kind(), error.old_state()), (ErrorKind::Connect, Some(&in_doubt())));
    assert_eq!(writes.state(), in_doubt());
    wait_for("the server commits", || rows(&pair.old) == "1");
}

#[test]
fn a_commit_that_is_given_up_leaves_it_unknown() {
    let (pair, writes) = (pair("t_given_up"), OldWrites::default());
    support::sql(
        &pair.old,
        "create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(1); return null; end $$;
         create constraint trigger slow after insert on t deferrable initially deferred for each row execute function slow()",
    );
    block_on(async {
        let transaction = begin(&pair.old, &writes).await;
        let commit = transaction.commit("one row");
        assert!(tokio::time::timeout(Duration::from_millis(200), commit).await.is_err(), "it takes a second");
    });
    assert_eq!(writes.state(), in_doubt());
}

#[test]
fn attempts_and_readers_commit_nothing_and_are_not_recorded() {
    let pair = pair("t_attempt");
    block_on(async {
        let attempt = Transaction::attempt(session(&pair.old).await).await.expect("a transaction");
        attempt.execute_all("insert into public.t values (1)").await.expect("a row");
        let refused = attempt.commit("one row").await.err().expect("a refusal");
        assert_eq!((refused.kind(), refused.old_state()), (ErrorKind::Refused, None));
        let reader = Transaction::read(session(&pair.old).await).await.expect("a transaction");
        let refused = reader.execute_all("insert into public.t values (1)").await.expect_err("a refusal");
        assert_eq!(sqlstate(&refused), Some("25006"));
        assert_eq!(reader.abort(refused).await.old_state(), None);
    });
    assert_eq!(rows(&pair.old), "0");
}

#[test]
fn savepoints_take_back_what_came_after_them_and_no_more() {
    let (pair, writes) = (pair("t_savepoint"), OldWrites::default());
    block_on(async {
        let transaction = begin(&pair.old, &writes).await;
        let before = transaction.savepoint("a \"name\"").await.expect("a savepoint");
        transaction.execute_all("insert into public.t values (2)").await.expect("a row");
        transaction.execute_all("select 1 / 0").await.expect_err("an error");
        before.rollback_to().await.expect("to be back");
        let before = transaction.savepoint("kept").await.expect("a savepoint");
        transaction.execute_all("insert into public.t values (3)").await.expect("a row");
        before.release().await.expect("to go on");
        transaction.commit("two rows").await.expect("a commit");
    });
    assert_eq!(support::value(&pair.old, "select string_agg(id::text, ' ' order by id) from t").as_deref(), Some("1 3"));
}
