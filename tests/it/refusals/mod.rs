//! Bad inputs, through the program itself: the documented exit code, an error in five parts, a true word about OLD, no
//! password.

pub(crate) mod access;
mod broken;
mod commits;
mod grants;
mod input;
mod moved;
mod names;
mod orphaned;
mod rights;
mod stale;
mod standby;
mod stops;
mod words;

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use failback::name::Sided;

use crate::recovery::fingerprint;
use crate::support::{self, Output, Pair};

const CUTOVER: &str = "2026-01-14T10:00:00Z";

/// Five owners and twenty items, as they were before the cutover.
const ESTATE: &str = "
    create table owners (id int primary key, name text not null,
        created_at timestamptz not null, updated_at timestamptz not null);
    create table items (id int primary key, owner int not null references owners, note text,
        created_at timestamptz not null, updated_at timestamptz not null);
    insert into owners select n, 'owner ' || n, '2026-01-01Z', '2026-01-01Z' from generate_series(1, 5) n;
    insert into items select n, 1 + n % 5, 'item ' || n, '2026-01-01Z', '2026-01-01Z' from generate_series(1, 20) n;";

/// What happened on NEW after the cutover: six items and an owner more, and an item that changed.
const WORK: &str = "
    insert into owners values (6, 'owner 6', '2026-01-14 11:00Z', '2026-01-14 11:00Z');
    insert into items select n, 1 + n % 6, 'item ' || n, '2026-01-14 12:00Z', '2026-01-14 12:00Z'
        from generate_series(101, 106) n;
    update items set note = 'changed', updated_at = '2026-01-14 13:00Z' where id = 1;";

/// A pair of databases and a folder for a run.
struct Scene {
    pair: Pair,
    /// What is given as --old and --new.
    given: Sided<String>,
    folder: tempfile::TempDir,
    confirm: String,
    /// The run's folder within the folder.
    run: PathBuf,
}

impl Scene {
    /// The small estate on both sides, and NEW's work.
    fn new(test: &str) -> Self {
        Self::on(support::pair(test))
    }

    /// The small estate on this pair, and NEW's work.
    fn on(pair: Pair) -> Self {
        let scene = Self::bare_on(pair);
        support::sql(&scene.pair.old, ESTATE);
        support::sql(&scene.pair.new, ESTATE);
        support::sql(&scene.pair.new, WORK);
        scene
    }

    /// Two empty databases.
    fn bare(test: &str) -> Self {
        Self::bare_on(support::pair(test))
    }

    fn bare_on(pair: Pair) -> Self {
        let address = support::address(&pair.old);
        let given = Sided { old: pair.old.clone(), new: pair.new.clone() };
        Self { pair, given, folder: tempfile::tempdir().expect("a folder"), confirm: address, run: "run".into() }
    }

    /// The small estate, planned.
    fn planned(test: &str) -> Self {
        let scene = Self::new(test);
        for verb in ["export", "diff", "plan"] {
            scene.succeed(&[verb]);
        }
        scene
    }

    fn run(&self) -> PathBuf {
        self.folder.path().join(&self.run)
    }

    /// The whole command line for a verb on the run.
    fn arguments(&self, arguments: &[&str]) -> Vec<String> {
        let run = self.run().display().to_string();
        let given = [("--old", self.given.old.as_str()), ("--new", &self.given.new), ("--run", &run)];
        let all = arguments.iter().copied().chain(support::taken(arguments[0], &given));
        let mut all: Vec<_> = all.map(str::to_owned).collect();
        let mut add = |option: &str, value: &str| all.extend([option.to_owned(), value.to_owned()]);
        if ["discover", "export"].contains(&arguments[0]) {
            if !arguments.contains(&"--databases") {
                add("--databases", &self.pair.database);
            }
            if !arguments.contains(&"--cutover") {
                add("--cutover", CUTOVER);
            }
        }
        all
    }

    /// The program with its arguments, not yet started, in an environment that holds nothing of the developer's.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_failback"));
        command.args(self.arguments(arguments));
        seal(&mut command, &self.folder);
        command
    }

    fn failback(&self, arguments: &[&str]) -> Output {
        said(&self.command(arguments).output().expect("the failback program"))
    }

    fn merge(&self) -> Output {
        self.failback(&["merge", "--confirm", &self.confirm])
    }

    fn succeed(&self, arguments: &[&str]) -> Output {
        let output = self.failback(arguments);
        assert_eq!(output.code, 0, "{arguments:?}\n{}{}", output.stdout, output.stderr);
        output
    }

    /// Runs a verb that must fail, and holds everything that is promised of a failure against what was said and done.
    fn refuse(&self, code: i32, arguments: &[&str]) -> Output {
        let before = fingerprint(&self.pair.old);
        let output = self.failback(arguments);
        self.expect_refusal(code, &output);
        expect_untouched(&output);
        assert_eq!(fingerprint(&self.pair.old), before, "{arguments:?}: OLD is as it was");
        output
    }

    /// A merge that must fail.
    fn refuse_merge(&self, code: i32) -> Output {
        self.refuse(code, &["merge", "--confirm", &self.confirm])
    }

    fn expect_refusal(&self, code: i32, output: &Output) {
        assert_eq!(output.code, code, "{}{}", output.stdout, output.stderr);
        expect_five_parts(&output.stderr);
        for url in self.given.as_ref().into_iter().chain([&self.pair.old, &self.pair.new]) {
            expect_no_secret(output, password_in(url));
        }
    }

    /// The run's plan is carried out after all, once, and holds.
    fn expect_merge(&self) {
        let merged = self.merge();
        assert_eq!(merged.code, 0, "{}{}", merged.stdout, merged.stderr);
        self.expect_verified();
        let ledger = support::value(&self.pair.old, "select count(*) from failback.ledger");
        assert_eq!(ledger.as_deref(), Some("1"), "carried out once");
    }

    /// OLD has what the plan promised. Stamps are only trusted, which the exit code says.
    fn expect_verified(&self) {
        let verified = self.failback(&["verify"]);
        assert_eq!(verified.code, 9, "{}{}", verified.stdout, verified.stderr);
        assert!(verified.stdout.contains("verified, with gaps"), "{}", verified.stdout);
    }

    /// Files of the run whose path holds a text and ends in another.
    fn files(&self, part: &str, end: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.run()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten() {
                let path = entry.expect("an entry").path();
                let text = path.display().to_string();
                if path.is_dir() {
                    folders.push(path);
                } else if text.contains(part) && text.ends_with(end) {
                    found.push(path);
                }
            }
        }
        found.sort();
        found
    }
}

fn seal(command: &mut Command, home: &tempfile::TempDir) {
    command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command.env("HOME", home.path()).current_dir(home.path()).stdin(std::process::Stdio::null());
}

fn said(output: &std::process::Output) -> Output {
    Output {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Checks that an error has its five parts, in order.
fn expect_five_parts(stderr: &str) {
    let mut from = 0;
    for part in ["error: ", "  where: ", "  cause: ", "  state: ", "  next:  "] {
        let found = stderr[from..].find(part).filter(|at| *at == 0 || stderr.as_bytes()[from + at - 1] == b'\n');
        from += found.unwrap_or_else(|| panic!("no `{part}` in its place:\n{stderr}")) + part.len();
    }
}

/// Checks that an error says that OLD is as it was.
fn expect_untouched(output: &Output) {
    let true_words = ["state: OLD was not touched", "state: OLD is as it was"];
    assert!(true_words.iter().any(|words| output.stderr.contains(words)), "{}", output.stderr);
}

fn expect_no_secret(output: &Output, secret: &str) {
    assert!(!output.stdout.contains(secret) && !output.stderr.contains(secret), "a password is shown: {output:?}");
}

/// The password in a throwaway server's URL.
fn password_in(url: &str) -> &str {
    let user = url.split_once("://").and_then(|(_, rest)| rest.split_once('@')).map(|(user, _)| user);
    user.and_then(|user| user.split_once(':')).map(|(_, password)| password).expect("a password in the URL")
}

/// Returns a URL with another user and password.
pub(crate) fn with_login(url: &str, user: &str, password: &str) -> String {
    let (_, server) = url.split_once('@').expect("a user in the URL");
    format!("postgresql://{user}:{password}@{server}")
}

/// Asks until the answer is something, for twenty seconds.
pub(crate) fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "waited too long: {what}");
        std::thread::sleep(Duration::from_millis(3));
    }
}
