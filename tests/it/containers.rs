//! Servers in containers, of two majors, with TLS and a password: a whole recovery against them, a container that is killed in
//! the middle of a merge, and a network that is cut in the middle of an undo.
//!
//! Needs a Docker engine, and images: those that `FAILBACK_OLD_IMAGE` and `FAILBACK_NEW_IMAGE` name, else some that are built
//! of packages. Without an engine the test says that it is skipped.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const CUTOVER: &str = "2026-01-14T10:00:00Z";

/// How many rows NEW has taken: so many that a merge can be caught in the middle.
const TAKEN: u64 = 400_000;

const SHOP: &str = "
create table items (id int primary key, name text, created_at timestamptz not null, updated_at timestamptz not null);
insert into items select i, 'item ' || i, '2026-01-01', '2026-01-01' from generate_series(1, 20000) i";

/// Whether a transaction of failback's has been writing for a while.
const WRITES: &str = "select count(*) from pg_stat_activity where application_name like 'failback%'
                      and backend_xid is not null and now() - xact_start > interval '500 ms'";

/// What became of OLD, as one value.
const DIGEST: &str = "select count(*) || ' ' || coalesce(md5(string_agg(i::text, '' order by id)), '') from items i";

/// Two servers in containers.
struct Containers {
    project: String,
    /// OLD's container.
    old: String,
    urls: [String; 2],
    environment: Vec<(String, String)>,
}

impl Drop for Containers {
    fn drop(&mut self) {
        let _ = Command::new("fixtures/containers/down").arg(&self.project).stderr(Stdio::null()).status();
    }
}

impl Containers {
    /// Starts both; nothing where no engine answers, which is said.
    fn start() -> Option<Self> {
        if !Command::new("docker").arg("version").output().is_ok_and(|done| done.status.success()) {
            let _ = writeln!(std::io::stderr(), "skipped: no Docker engine answers (containers)");
            return None;
        }
        let mut environment = Vec::new();
        if std::env::var_os("FAILBACK_OLD_IMAGE").is_none() {
            environment.extend(assignments(&run(&mut Command::new("fixtures/containers/build"))));
        }
        let free = || std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port").local_addr().expect("an address").port();
        environment.extend(["OLD", "NEW"].map(|side| (format!("FAILBACK_{side}_PORT"), free().to_string())));
        let project = format!("failback-test-{}", std::process::id());
        let mut containers = Self { project, old: String::new(), urls: Default::default(), environment };
        let said = assignments(&run(containers.command("fixtures/containers/up").arg(&containers.project)));
        let value = |name: &str| said.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()).expect(name);
        containers.old = value("FAILBACK_CONTAINER_OLD");
        containers.urls = ["OLD", "NEW"].map(|side| value(&format!("FAILBACK_CONTAINER_{side}_URL")));
        Some(containers)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.envs(self.environment.iter().cloned());
        command
    }

    /// What a query on one server says; `None` where the server does not answer.
    fn ask(&self, side: usize, database: &str, query: &str) -> Option<String> {
        let url = self.urls[side].replace("/postgres?", &format!("/{database}?"));
        let asked = Command::new("psql").args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", query, &url]).output();
        let asked = asked.expect("psql is missing (apt-get install postgresql-client)");
        asked.status.success().then(|| String::from_utf8_lossy(&asked.stdout).trim().to_owned())
    }

    fn sql(&self, side: usize, database: &str, statements: &str) {
        assert!(self.ask(side, database, statements).is_some(), "{statements}");
    }

    fn docker(&self, arguments: &[&str]) {
        run(Command::new("docker").args(arguments).arg(&self.old));
    }

    /// Waits until OLD answers again.
    fn wait(&self) {
        until("OLD answers", || self.ask(0, "postgres", "select 1").is_some());
    }
}

/// The words `export NAME='value' …` as a shell would take them.
fn assignments(text: &str) -> Vec<(String, String)> {
    let pairs = text.split_whitespace().filter_map(|word| word.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.trim_matches('\'').to_owned())).collect()
}

fn run(command: &mut Command) -> String {
    let done = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("UTF-8")
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_mins(2), "never: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn failback(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_failback"));
    command.args(arguments).current_dir(home).env_clear().env("HOME", home).env("USER", "ada");
    command
}

fn ended(child: Child) -> (Option<i32>, String) {
    let done = child.wait_with_output().expect("its end");
    (done.status.code(), format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr)))
}

/// Starts a step that writes, and does something to OLD once its transaction is writing.
fn disturbed(containers: &Containers, mut command: Command, disturb: impl FnOnce()) -> (Option<i32>, String) {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("failback");
    until("it writes", || containers.ask(0, "shop", WRITES).is_some_and(|count| count != "0"));
    disturb();
    ended(child)
}

#[test]
fn a_killed_container_and_a_cut_network_lose_nothing() {
    let Some(containers) = Containers::start() else { return };
    for side in 0..2 {
        containers.sql(side, "postgres", "create database shop");
        containers.sql(side, "shop", SHOP);
    }
    let taken = format!(
        "insert into items select 20000 + i, 'taken ' || i, '2026-01-14 10:30Z', '2026-01-14 10:30Z'
             from generate_series(1, {TAKEN}) i;
         update items set name = 'changed', updated_at = '2026-01-14 10:40Z' where id <= 100"
    );
    containers.sql(1, "shop", &taken);
    let home = tempfile::tempdir().expect("a home folder");
    let mut config = format!("databases = [\"shop\"]\ncutover = \"{CUTOVER}\"\nzone = \"UTC\"\n");
    for (side, url) in ["old", "new"].iter().zip(&containers.urls) {
        let _ = write!(config, "[{side}]\nurl = \"{url}\"\n");
    }
    std::fs::write(home.path().join("failback.toml"), config).expect("a configuration");
    let step = |code: i32, arguments: &[&str]| {
        let done = failback(home.path(), arguments).output().expect("failback");
        let said = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(code), "{arguments:?}: {said}");
    };
    for verb in ["export", "diff", "plan"] {
        step(0, &[verb]);
    }
    let before = containers.ask(0, "shop", DIGEST);
    let port = containers.environment.iter().find(|(name, _)| name == "FAILBACK_OLD_PORT").expect("a port");
    let confirm = format!("127.0.0.1:{}", port.1);

    let merge = ["merge", "--confirm", &confirm];
    let (code, said) = disturbed(&containers, failback(home.path(), &merge), || containers.docker(&["kill"]));
    assert_eq!(code, Some(6), "{said}");
    containers.docker(&["start"]);
    containers.wait();
    assert_eq!(containers.ask(0, "shop", DIGEST), before, "a merge that was cut off is rolled back: {said}");
    step(0, &merge);
    assert_eq!(containers.ask(0, "shop", DIGEST), containers.ask(1, "shop", DIGEST));
    step(9, &["verify"]);

    let network = format!("{}_default", containers.project);
    let undo = ["undo", "--confirm", &confirm];
    let cut = || containers.docker(&["network", "disconnect", &network]);
    let (code, said) = disturbed(&containers, failback(home.path(), &undo), cut);
    assert_eq!(code, Some(6), "{said}");
    containers.docker(&["network", "connect", &network]);
    containers.wait();
    // The session that lost its client may hold its locks for a moment.
    until("the undo is done", || failback(home.path(), &undo).output().expect("failback").status.code() == Some(0));
    assert_eq!(containers.ask(0, "shop", DIGEST), before, "{said}");
}
