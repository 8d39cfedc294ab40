//! The log of every verb: what was done is in it, and no row's value, key or password, whatever goes wrong.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use failback::name::{Ident, Side};

use crate::support::{self, Output, Pair, failback};

/// In every value, key, label, default and password of the estate.
const CANARY: &str = "k4n4ry";

const CUTOVER: &str = "2026-01-14T10:00:00Z";

/// Tables whose every value holds the canary. OLD takes none that are bad, and changes rows that end its session.
const ESTATE: &str = "
    create type mood as enum ('k4n4ry calm', 'k4n4ry glad');
    create table owners (code text primary key, nick text not null unique, feels mood not null default 'k4n4ry glad',
        created_at timestamptz not null, updated_at timestamptz not null);
    create table items (code text primary key, owner text not null references owners,
        note text not null default 'k4n4ry default', created_at timestamptz not null, updated_at timestamptz not null);
    create table numbered (id bigserial primary key, note text not null,
        created_at timestamptz not null, updated_at timestamptz not null);
    insert into owners select 'k4n4ry ' || n, 'k4n4ry nick ' || n, 'k4n4ry calm', '2026-01-01Z', '2026-01-01Z'
        from generate_series(1, 5) n;
    insert into items select 'k4n4ry ' || n, 'k4n4ry ' || 1 + n % 5, 'k4n4ry note', '2026-01-01Z', '2026-01-01Z'
        from generate_series(1, 20) n;
    insert into numbered (note, created_at, updated_at) select 'k4n4ry', '2026-01-01Z', '2026-01-01Z'
        from generate_series(1, 3) n;";

const ON_OLD: &str = "
    alter table items add check (note <> 'k4n4ry bad');
    create function hang_up() returns trigger language plpgsql as
        $$ begin perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(5); return new; end $$;
    create trigger hang_up before insert on numbered for each row execute function hang_up();";

const WORK: &str = "
    insert into owners values ('k4n4ry 6', 'k4n4ry nick 6', default, '2026-01-14 11:00Z', '2026-01-14 11:00Z');
    insert into items select 'k4n4ry ' || n, 'k4n4ry 6', case when n = 104 then 'k4n4ry bad' else 'k4n4ry new' end,
        '2026-01-14 12:00Z', '2026-01-14 12:00Z' from generate_series(101, 106) n;
    update items set note = 'k4n4ry changed', updated_at = '2026-01-14 13:00Z' where code = 'k4n4ry 1';
    delete from items where code = 'k4n4ry 2';
    insert into numbered (note, created_at, updated_at) select 'k4n4ry', '2026-01-14 12:00Z', '2026-01-14 12:00Z'
        from generate_series(1, 4) n;";

/// A pair of databases, a role whose password holds the canary, and a folder for runs and the log.
struct Scene {
    pair: Pair,
    role: String,
    folder: tempfile::TempDir,
    confirm: String,
}

impl Scene {
    fn new(test: &str) -> Self {
        let pair = support::pair(test);
        let role = format!("{}_user", pair.database);
        for side in Side::BOTH {
            let create = format!("create role {} superuser login password '{CANARY} word'", Ident::new(&role).sql());
            support::sql(pair.url(side), &format!("{create}; {ESTATE}"));
        }
        support::sql(&pair.old, ON_OLD);
        support::sql(&pair.new, WORK);
        let address = support::address(&pair.old);
        let folder = tempfile::tempdir().expect("a folder");
        Self { pair, role, folder, confirm: address }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).expect("the log")
    }

    /// The URL of a side for the role, with a password.
    fn url(&self, side: Side, password: &str) -> String {
        let (_, server) = self.pair.url(side).split_once('@').expect("a user in the URL");
        format!("postgresql://{}:{password}@{server}", self.role)
    }

    /// Runs a verb that logs everything in both places, on the run, with a password for OLD.
    fn with_password(&self, code: i32, password: &str, arguments: &[&str]) -> Output {
        let (old, new) = (self.url(Side::Old, password), self.url(Side::New, "k4n4ry%20word"));
        let [run, log] = ["run", "log"].map(|name| self.path(name).display().to_string());
        let mut all = [arguments, &["-vv", "--log-file", &log]].concat();
        all.extend(support::taken(arguments[0], &[("--old", &old), ("--new", &new)]));
        if arguments[0] != "recover" {
            all.extend(support::taken(arguments[0], &[("--run", &run)]));
        }
        if ["discover", "export", "recover"].contains(&arguments[0]) {
            all.extend(["--databases", &self.pair.database, "--cutover", CUTOVER]);
        }
        let output = failback(&all);
        assert_eq!(output.code, code, "{arguments:?}\n{}{}", output.stdout, output.stderr);
        assert!(!output.stderr.contains(CANARY), "{arguments:?}\n{}", output.stderr);
        output
    }

    fn failback(&self, code: i32, arguments: &[&str]) -> Output {
        self.with_password(code, "k4n4ry%20word", arguments)
    }

    /// A merge of a plan that was just made.
    fn merge(&self, code: i32, arguments: &[&str]) -> Output {
        self.failback(0, &["diff"]);
        self.failback(0, &["plan"]);
        self.failback(code, &[&["merge", "--leave-held", "--confirm", &self.confirm], arguments].concat())
    }
}

#[test]
fn no_value_key_or_password_is_in_the_log_of_any_verb() {
    let scene = Scene::new("log_canary");
    scene.with_password(6, "k4n4ry%20wrong", &["discover"]);
    scene.failback(0, &["discover"]);
    scene.failback(0, &["export"]);
    scene.failback(0, &["diff"]);
    scene.failback(0, &["decide", "delete=apply_new", "--evidence", "delete=column", "--why", "agreed", "--by", "ada"]);
    // The server hangs up in the middle of the merge.
    scene.merge(6, &["--fire-triggers"]);
    // A row that came since stands in the way of a planned one.
    scene.failback(0, &["plan"]);
    let clash = "insert into owners values ('k4n4ry 9', 'k4n4ry nick 6', default, now(), now())";
    support::sql(&scene.pair.old, clash);
    scene.failback(4, &["merge", "--leave-held", "--confirm", &scene.confirm]);
    support::sql(&scene.pair.old, "delete from owners where code = 'k4n4ry 9'");
    scene.merge(9, &[]);
    scene.failback(9, &["verify"]);
    scene.failback(0, &["status"]);
    scene.failback(0, &["undo", "--dry-run"]);
    scene.failback(0, &["undo", "--confirm", &scene.confirm]);
    scene.failback(3, &["recover"]);

    let log = scene.log();
    assert!(!log.contains(CANARY), "{}", log.lines().find(|line| line.contains(CANARY)).unwrap_or_default());
    let journal = std::fs::read_to_string(scene.path("run/journal.jsonl")).expect("the journal");
    assert!(journal.contains("ada") && !journal.contains(CANARY), "{journal}");
    expect_told(&log, &scene);
    let mode = std::fs::metadata(scene.path("log")).expect("the log").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// What must be in the log, so that it says what was done, and the absence of values means something.
fn expect_told(log: &str, scene: &Scene) {
    for verb in ["discover", "export", "diff", "plan", "merge", "verify", "status", "undo"] {
        assert!(log.contains(&format!("step{{verb={verb} run=")), "{verb}");
    }
    let database = &scene.pair.database;
    for said in [
        "INFO  started verb=decide version=",
        "ERROR failed kind=permission sqlstate=28P01 exit=6",
        &format!("database{{name={database}}}:connect{{side=old host=127.0.0.1 port="),
        &format!("database={database}}}: ended ms="),
        "task=walk_keys table=public.items number=1}: ended ms=",
        "task=compare table=public.numbered number=1}: ended ms=",
        "task=read_back table=public.items number=1}: ended ms=",
        "sqlstate=23514",
        "sqlstate=23505",
        "to=write}: rolled back kind=connect sqlstate=57P01",
        "loaded table=public.items rows=7",
        "inserted table=public.owners rows=1",
        "deleted table=public.items rows=1",
        "lock{of=rows}: ended ms=",
        "raised sequence=public.numbered_id_seq from=3 to=7",
        "to=write}: committed what=\"the merge of ",
        "to=write}: committed what=\"the undo of ",
        "statement{how=query says=\"What happened last to a plan's part on this database",
        "savepoint name=fb_trial",
        "INFO  done exit=9",
    ] {
        assert!(log.contains(said), "not told: {said}");
    }
    let compared = |line: &str| line.contains("task=compare table=public.items number=1") && line.ends_with(" rows=7");
    assert!(log.lines().any(compared), "how many rows a chunk led to");
    for line in log.lines() {
        let (time, rest) = line.split_once(' ').expect("a time");
        assert!(time.ends_with('Z') && time.parse::<jiff::Timestamp>().is_ok(), "{line}");
        assert!(["ERROR", "WARN ", "INFO ", "DEBUG"].iter().any(|level| rest.starts_with(level)), "{line}");
    }
}

#[test]
fn a_log_that_cannot_be_written_is_said_before_anything_is_done_or_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("no/such/folder/log").display().to_string();
    let output = failback(&["status", "--log-file", &file]);
    assert_eq!(output.code, 2, "{}", output.stderr);
    for part in ["error: open the log file\n", &format!("  where: {file}\n"), "OLD was not touched", "--log-file FILE"] {
        assert!(output.stderr.contains(part), "{part}: {}", output.stderr);
    }
    // The device takes nothing: what is done goes on, to the error of a verb without a run.
    let output = failback(&["status", "-vv", "--log-file", "/dev/full"]);
    assert_eq!(output.stderr.matches("note: write the log (/dev/full): ").count(), 1, "{}", output.stderr);
    assert!(output.stderr.contains("there is no run yet"), "{}", output.stderr);
}

#[test]
fn details_go_to_stderr_as_they_are_asked_for() {
    let lines = |options: &[&str]| {
        let output = failback(&[&["status", "--json"], options].concat());
        let document: serde_json::Value = serde_json::from_str(&output.stdout).expect("one JSON document");
        assert_eq!(document["error"]["exit_code"], 2);
        output.stderr.lines().filter(|line| line.starts_with("20")).count()
    };
    assert_eq!((lines(&[]), lines(&["-v"]), lines(&["-q"])), (0, 2, 0), "started and failed");
    assert_eq!(failback(&["status", "-q", "-v"]).code, 2);
}
