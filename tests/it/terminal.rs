//! What is said on a terminal of eighty columns: no line is wider, and no word is broken that fits into one.

use std::collections::HashSet;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::support::pty::Pty;
use crate::support::{self, Pair};

const COLUMNS: u16 = 80;

/// Runs a program on a terminal; returns its exit code and everything that it wrote, paint included.
fn on_terminal(command: Command) -> (Option<i32>, String) {
    let mut pty = Pty::open(COLUMNS, 24);
    let mut child = pty.start(command);
    let mut said = Vec::new();
    let mut buffer = [0; 1 << 12];
    // The system says that the other end is closed by an error.
    while let Ok(length @ 1..) = pty.ours().read(&mut buffer) {
        said.extend_from_slice(&buffer[..length]);
    }
    (child.wait().expect("its end").code(), String::from_utf8(said).expect("UTF-8"))
}

/// The program in an environment that holds nothing of the developer's, but a terminal's name.
fn failback(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_failback"));
    command.args(arguments).env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command.env("HOME", home).env("TERM", "xterm").current_dir(home);
    command
}

/// Takes out what paints, moves and erases.
fn plain(text: &str) -> String {
    let (mut plain, mut characters) = (String::new(), text.chars());
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            characters.by_ref().find(char::is_ascii_alphabetic);
        } else {
            plain.push(character);
        }
    }
    plain
}

/// Words, and the parts of lists, which may be broken behind their commas.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty())
}

/// Runs a verb that changes something on a terminal.
fn expect_room_once(home: &Path, code: i32, arguments: &[&str]) -> String {
    let (ended, said) = on_terminal(failback(home, arguments));
    let said = plain(&said);
    assert_eq!(ended, Some(code), "{arguments:?}\n{said}");
    for line in said.split(['\n', '\r']) {
        assert!(line.chars().count() <= COLUMNS.into(), "{arguments:?}: too wide: {line}\n{said}");
    }
    said
}

/// Runs a verb on a terminal and holds what it says there against what it says through a pipe.
fn expect_room(home: &Path, code: i32, arguments: &[&str]) -> String {
    let said = expect_room_once(home, code, arguments);
    let piped = failback(home, arguments).output().expect("the program");
    let piped = format!("{}{}", String::from_utf8_lossy(&piped.stdout), String::from_utf8_lossy(&piped.stderr));
    let known: HashSet<_> = words(&piped).collect();
    // What a bar says comes and goes.
    let lines: Vec<_> = said.split(['\n', '\r']).filter(|line| !line.contains(['█', '░'])).collect();
    for word in words(&lines.join("\n")).filter(|word| *word != "\\") {
        assert!(known.contains(word), "{arguments:?}: `{word}` is no word\n{said}\npiped:\n{piped}");
    }
    said
}

const ESTATE: &str = "
    create schema warehousing;
    create table warehousing.consignment_positions_of_suppliers (
        consignment int, position_within_consignment int, supplier_reference text unique, quantity int,
        created_at timestamptz not null, last_updated_at timestamptz not null,
        primary key (consignment, position_within_consignment));
    create table warehousing.remarks (remark text);
    create unlogged table warehousing.imports_of_last_night_that_nobody_has_looked_at (id int primary key, body text);
    insert into warehousing.consignment_positions_of_suppliers
        select n, n, 'reference ' || n, n, '2026-01-01Z', '2026-01-01Z' from generate_series(1, 30) n";

const WORK: &str = "
    update warehousing.consignment_positions_of_suppliers set quantity = 0, last_updated_at = '2026-01-14 12:00Z'
        where consignment < 9;
    insert into warehousing.consignment_positions_of_suppliers
        select n, n, 'new reference ' || n, n, '2026-01-14 12:00Z', '2026-01-14 12:00Z' from generate_series(31, 40) n;
    delete from warehousing.consignment_positions_of_suppliers where consignment = 20;
    insert into warehousing.remarks values ('one'), ('two')";

#[test]
fn eighty_columns_are_enough() {
    let Pair { database, old, new } = support::pair("terminal");
    for url in [&old, &new] {
        support::sql(url, ESTATE);
    }
    support::sql(&new, WORK);
    support::sql(&old, "update warehousing.consignment_positions_of_suppliers set quantity = 7 where consignment = 3");
    let home = tempfile::tempdir().expect("a home folder");
    let config = format!(
        "databases = [\"{database}\"]\ncutover = \"2026-01-14T10:00:00Z\"\n[old]\nurl = \"{old}\"\n[new]\nurl = \"{new}\"\n\
         [tables.\"warehousing.consignment_positions_of_suppliers\"]\nupdated = \"last_updated_at\"\n"
    );
    std::fs::write(home.path().join("failback.toml"), config).expect("a configuration");
    let address = support::address(&old);
    let room = |code, arguments: &[&str]| expect_room(home.path(), code, arguments);
    for verb in ["discover", "export", "diff", "decide", "plan", "merge", "verify", "undo", "recover", "status", "demo"] {
        room(0, &[verb, "--help"]);
    }
    room(0, &["--help"]);
    room(2, &["decide", "--table", "warehousing.consignment_positions_of_suppliers", "--tabel", "warehousing.remarks"]);
    let found = room(0, &["discover"]);
    assert!(found.lines().any(|line| line.trim_end() == "  warehousing.consignment_positions_of_suppliers"), "{found}");
    let once = |code, arguments: &[&str]| expect_room_once(home.path(), code, arguments);
    once(0, &["export"]);
    room(2, &["export", "--cutover", "2026-01-14 10:00:00"]);
    room(0, &["diff"]);
    let why = "somebody who knows the warehouse has looked at each of them and says that NEW is right about all of them";
    once(0, &["decide", "ambiguous_missing_on_old=apply_new", "insert=hold", "--why", why, "--by", "ada"]);
    let decided = room(0, &["decide"]);
    assert_eq!(decided.matches("[1] ada, 20").count(), 1, "a reason is told once: {decided}");
    assert!(decided.lines().filter(|line| line.contains("default [1]")).count() > 1, "{decided}");
    room(0, &["plan"]);
    room(4, &["merge", "--confirm", &address]);
    let rehearsed = room(0, &["merge", "--dry-run", "--leave-held"]);
    let next = format!("failback merge --leave-held --confirm {address}");
    assert!(rehearsed.contains(&next), "{rehearsed}");
    once(9, &["merge", "--leave-held", "--confirm", &address]);
    room(9, &["verify"]);
    room(0, &["status"]);
    room(0, &["undo", "--dry-run"]);
    let told = once(0, &["discover", "-vv"]);
    assert!(told.contains(" INFO "), "{told}");
}

/// The whole story, with the bars and pages of the verbs that it runs.
#[test]
fn the_demo_fits_into_eighty_columns() {
    let home = tempfile::tempdir().expect("a folder");
    // The servers' account makes its way through it.
    std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o711)).expect("its mode");
    let mut command = failback(home.path(), &["demo"]);
    command.env("TMPDIR", home.path()).env("FAILBACK_PG_BIN", support::binaries(failback::name::Side::Old).folder());
    let (ended, said) = on_terminal(command);
    let said = plain(&said);
    assert_eq!(ended, Some(0), "{said}");
    let lines: Vec<_> = said.split(['\n', '\r']).collect();
    assert!(lines.len() > 100, "{said}");
    let wide: Vec<_> = lines.iter().filter(|line| line.chars().count() > COLUMNS.into()).collect();
    assert!(wide.is_empty(), "{wide:#?}");
}

#[test]
fn names_and_paths_wider_than_a_line_are_broken_where_their_parts_end() {
    let Pair { database, old, new } = support::pair("terminal_wide");
    let schema = "consignments_of_suppliers_that_somebody_will_have_to_look_at";
    let table = "positions_within_the_consignments_of_the_suppliers_as_of_today";
    let estate = format!("create schema {schema}; create table {schema}.{table} (id int primary key, body text)");
    support::sql(&old, &estate);
    support::sql(&new, &format!("{estate}; insert into {schema}.{table} values (1, 'a')"));
    let home = tempfile::tempdir().expect("a home folder");
    let config = format!(
        "databases = [\"{database}\"]\ncutover = \"2026-01-14T10:00:00Z\"\n[old]\nurl = \"{old}\"\n[new]\nurl = \"{new}\"\n"
    );
    std::fs::write(home.path().join("failback.toml"), config).expect("a configuration");
    let folder = format!("a/{}/{}", "run_of_the_night".repeat(3), "after_the_incident".repeat(3));
    let name = format!("{schema}.{table}");
    for (verb, code) in [("discover", 0), ("export", 0), ("diff", 0), ("plan", 0), ("merge", 4)] {
        let mut arguments = vec![verb, "-v"];
        if verb != "discover" {
            arguments.extend(["--run", &folder]);
        }
        let said = expect_room_of_words(home.path(), code, &arguments);
        let whole: String = said.split_whitespace().collect();
        assert!(verb == "merge" || whole.contains(&name), "{said}");
        assert!(verb == "discover" || said.contains(&folder) || whole.contains(&folder), "{said}");
    }
}

/// Runs a verb on a terminal, where only a word of a command may be wider than that.
fn expect_room_of_words(home: &Path, code: i32, arguments: &[&str]) -> String {
    let (ended, said) = on_terminal(failback(home, arguments));
    let said = plain(&said);
    assert_eq!(ended, Some(code), "{arguments:?}\n{said}");
    let wide = |line: &&str| line.chars().count() > COLUMNS.into();
    for line in said.split(['\n', '\r']).filter(wide) {
        assert!(
            line.trim_start().split(' ').filter(|word| *word != "\\").count() == 1,
            "{arguments:?}: too wide: {line}\n{said}"
        );
    }
    said
}

#[test]
fn lines_are_broken_where_it_is_asked_for_and_not_without_a_terminal() {
    let help = support::failback(&["export", "--run", "/nowhere/at/all", "--width", "40"]);
    assert!(help.stderr.lines().all(|line| line.chars().count() <= 40), "{}", help.stderr);
    let whole = support::failback(&["export", "--run", "/nowhere/at/all"]);
    assert!(whole.stderr.lines().any(|line| line.chars().count() > 80), "{}", whole.stderr);
}
