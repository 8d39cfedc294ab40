//! What the tests stand on: OLD and NEW servers for the whole test process, fresh databases on both for each test, SQL, and
//! the failback program in a sealed environment.
//!
//! A test gets servers of the version that is installed, unless it asks for others. `FAILBACK_PG_BIN` chooses the installed
//! one, `FAILBACK_PG_BIN_OLD` and `FAILBACK_PG_BIN_NEW` one for each side.

mod altered;
mod chromium;
mod dice;
mod lossy;
mod mailbox;
mod passed_on;
pub(crate) mod pty;
mod seals;
mod servers;
mod taken;
mod twins;
mod web;

use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use failback::engine::ArmOptions;
use failback::name::{Ident, Side};
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

pub(crate) use altered::Altered;
pub(crate) use chromium::Chromium;
pub(crate) use dice::Dice;
pub(crate) use lossy::lossy;
pub(crate) use mailbox::Mailbox;
pub(crate) use passed_on::pass_on;
pub(crate) use seals::{edit_index, sealed, unsealed};
pub(crate) use servers::{Majors, binaries, binaries_of, server, server_of, slotted, third};
pub(crate) use taken::taken;
pub(crate) use twins::Twins;
pub(crate) use web::{Asked, Reply, Web};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a tokio runtime"));

/// Drives a future to its end on the runtime that all tests share.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    RUNTIME.block_on(future)
}

/// One fresh, empty database on each side.
pub(crate) struct Pair {
    /// The databases' name, the same on both sides.
    pub(crate) database: String,
    /// URL of OLD's.
    pub(crate) old: String,
    /// URL of NEW's.
    pub(crate) new: String,
}

impl Pair {
    /// Returns the URL of a side's database.
    pub(crate) fn url(&self, side: Side) -> &str {
        match side {
            Side::Old => &self.old,
            Side::New => &self.new,
        }
    }
}

/// Creates a pair of databases whose name begins with the test's, on servers of the version that is installed.
pub(crate) fn pair(test: &str) -> Pair {
    pair_on(test, Majors::installed())
}

/// Creates a pair of databases on servers of these versions.
pub(crate) fn pair_on(test: &str, majors: Majors) -> Pair {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let database = format!("{test}_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let create = |side: Side| {
        let server = server_of(side, majors.of(side));
        // template0: nobody is ever connected to it, so parallel creations do not refuse each other.
        let statement = format!("create database {} template template0", Ident::new(&database).sql());
        sql(&server.url("postgres"), &statement);
        server.url(&database)
    };
    let (old, new) = std::thread::scope(|scope| {
        let old = scope.spawn(|| create(Side::Old));
        let new = create(Side::New);
        (old.join().expect("OLD's database"), new)
    });
    Pair { database, old, new }
}

/// Creates a pair of databases, NEW's on a server where slots are made.
pub(crate) fn slotted_pair(test: &str, major: u32) -> Pair {
    let pair = pair(test);
    let server = slotted(major);
    sql(&server.url("postgres"), &format!("create database {} template template0", Ident::new(&pair.database).sql()));
    Pair { new: server.url(&pair.database), ..pair }
}

/// Arms without a slot, and hardly waits: a transaction of another test's database that ends just now may be taken for one of
/// this one.
pub(crate) fn digests_alone() -> ArmOptions {
    ArmOptions { patience: Duration::from_millis(250), slot: false, digests: true }
}

/// Creates a database of a pair's name on a third server, and returns its URL.
pub(crate) fn third_of(pair: &Pair) -> String {
    let statement = format!("create database {} template template0", Ident::new(&pair.database).sql());
    sql(&third().url("postgres"), &statement);
    third().url(&pair.database)
}

/// Where a server is, as a confirmation names it.
pub(crate) fn address(url: &str) -> String {
    value(url, "select host(inet_server_addr()) || ':' || inet_server_port()").expect("an address")
}

/// Opens a connection that closes when the client is dropped.
pub(crate) async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
    tokio::spawn(connection);
    client
}

/// Runs statements; a failing one fails the test with the server's message.
pub(crate) fn sql(url: &str, statements: &str) {
    let result = block_on(async { connect(url).await.batch_execute(statements).await });
    if let Err(error) = result {
        panic!("{}: {error:?}", &statements[..statements.len().min(200)]);
    }
}

/// Makes a ledger on OLD that takes no entry, and says so at the very end: COMMIT fails. Ends with
/// `drop trigger object on failback.ledger`.
pub(crate) fn object_to_ledger(url: &str) {
    sql(url, include_str!("../../../sql/ledger/create_schema.sql"));
    sql(url, include_str!("../../../sql/ledger/create.sql"));
    sql(
        url,
        "create function failback.object() returns trigger language plpgsql as $$ begin raise 'no'; end $$;
         create constraint trigger object after insert on failback.ledger initially deferred for each row
             execute function failback.object();
         alter table failback.ledger enable always trigger object",
    );
}

/// As [`sql`], from within the runtime.
pub(crate) async fn sql_now(url: &str, statements: &str) {
    connect(url).await.batch_execute(statements).await.expect(statements);
}

/// Runs a query and returns its rows in the server's own text.
pub(crate) fn rows(url: &str, query: &str) -> Vec<Vec<Option<String>>> {
    let messages = match block_on(async { connect(url).await.simple_query(query).await }) {
        Ok(messages) => messages,
        Err(error) => panic!("{query}: {error:?}"),
    };
    let mut rows = Vec::new();
    for message in messages {
        if let SimpleQueryMessage::Row(row) = message {
            rows.push((0..row.len()).map(|column| row.get(column).map(str::to_owned)).collect());
        }
    }
    rows
}

/// Runs a query that gives one value.
pub(crate) fn value(url: &str, query: &str) -> Option<String> {
    rows(url, query).remove(0).remove(0)
}

/// What the failback program said.
#[derive(Debug)]
pub(crate) struct Output {
    /// Exit code; -1 if a signal ended it.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
}

/// Runs the failback program in an environment that holds nothing of the developer's: an empty home, no `PG*`, no terminal.
pub(crate) fn failback(arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().expect("a home folder");
    let output = Command::new(env!("CARGO_BIN_EXE_failback"))
        .args(arguments)
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .env("HOME", home.path())
        .current_dir(home.path())
        .output()
        .expect("the failback program");
    Output {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[test]
fn a_pair_is_one_name_on_two_servers() {
    let pair = pair("support_pair");
    assert!(pair.old != pair.new);
    for side in Side::BOTH {
        assert_eq!(value(pair.url(side), "select current_database()"), Some(pair.database.clone()));
    }
}

#[test]
fn the_program_runs_in_a_sealed_environment() {
    let output = failback(&["--version"]);
    assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
}
