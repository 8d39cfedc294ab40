//! The house rules that a reader can rely on, read off the source itself.

mod imports;
mod sql;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms from the ground up. A room imports only rooms that stand before it.
const ROOMS: [&str; 22] = [
    "name",
    "words",
    "text",
    "error",
    "defect",
    "schema",
    "wire",
    "codec",
    "delta",
    "policy",
    "config",
    "store",
    "pg",
    "http",
    "statement",
    "catalog",
    "staging",
    "engine",
    "report",
    "phases",
    "demo",
    "cli",
];

/// The most lines a source file may have, its tests included.
const FILE_LINES: usize = 400;

fn sources() -> Vec<(PathBuf, String)> {
    fn collect(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(folder).expect("a source folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a source file");
                found.push((path, text));
            }
        }
    }
    let mut found = Vec::new();
    collect(Path::new("src"), &mut found);
    found.sort();
    assert!(found.len() > 50, "the sources were not found");
    found
}

/// The room of a file, or none for `main.rs` and `lib.rs`.
fn room_of(path: &Path) -> Option<&'static str> {
    let first = path.components().nth(1)?.as_os_str().to_str()?.trim_end_matches(".rs").to_owned();
    ROOMS.into_iter().find(|room| *room == first)
}

fn production(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or(text)
}

fn offenders(mut check: impl FnMut(&Path, &str, &mut Vec<String>)) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in sources() {
        check(&path, &text, &mut found);
    }
    found
}

#[test]
fn rooms_import_only_rooms_below_them() {
    let place: BTreeMap<_, _> = ROOMS.into_iter().enumerate().map(|(place, room)| (room, place)).collect();
    let found = offenders(|path, text, found| {
        let Some(own) = room_of(path) else { return };
        for (number, line) in production(text).lines().enumerate() {
            for (at, _) in line.match_indices("crate::") {
                let rest = &line[at + "crate::".len()..];
                let named = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
                if let Some(other) = place.get(named)
                    && *other > place[own]
                {
                    found.push(format!("{}:{}: {own} imports {named}", path.display(), number + 1));
                }
            }
        }
    });
    assert!(found.is_empty(), "{found:#?}");
}

/// The rooms of the engine, one a step, from the ground up.
const ENGINE_ROOMS: [&str; 23] = [
    "run",
    "runs",
    "rows",
    "evidence",
    "mark",
    "grants",
    "discover",
    "sequences",
    "fence",
    "restore",
    "audit",
    "stake",
    "arm",
    "preflight",
    "export",
    "diff",
    "plan",
    "review",
    "approval",
    "merge",
    "verify",
    "explain",
    "report",
];

#[test]
fn rooms_of_the_engine_import_only_rooms_below_them() {
    let place = |module: &imports::Module| {
        let room = (module.first()? == "engine").then(|| module.get(1)).flatten()?;
        Some(ENGINE_ROOMS.iter().position(|known| known == room).unwrap_or_else(|| panic!("engine/{room} is in no list")))
    };
    let mut found = Vec::new();
    for (module, imported) in imports::of(&sources()) {
        let Some(own) = place(&module) else { continue };
        let above = imported.iter().filter(|other| place(other).is_some_and(|other| other > own));
        found.extend(above.map(|other| format!("{} imports {}", module.join("::"), other.join("::"))));
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let found = imports::circles(&imports::of(&sources()));
    assert!(found.is_empty(), "{found:#?}");
}

/// An index that is read past its digest would be believed with a flipped bit.
#[test]
fn indexes_are_read_only_where_their_digest_is_checked() {
    let checked = [
        "src/staging/index_file.rs",
        "src/staging/journal.rs",
        "src/staging/vote.rs",
        "src/phases/journal.rs",
        "src/phases/plan.rs",
    ]
    .map(Path::new);
    let mut seen = 0;
    let found = offenders(|path, text, found| {
        let is_store = path.starts_with("src/store");
        for (number, line) in production(text).lines().enumerate().filter(|(_, line)| line.contains("store.read(")) {
            seen += 1;
            // What people write has no digest.
            let is_peoples = path == Path::new("src/engine/plan/decisions_file.rs");
            if !is_store && !is_peoples && !checked.contains(&path) && !line.trim_start().starts_with("//") {
                found.push(format!("{}:{}", path.display(), number + 1));
            }
        }
    });
    assert!(seen > 3 && found.is_empty(), "{seen}: {found:#?}");
}

#[test]
fn every_room_is_known() {
    let found = offenders(|path, _, found| {
        let top = path.components().count() == 2;
        let entrance = path.ends_with("main.rs") || path.ends_with("lib.rs");
        if room_of(path).is_none() && !(top && entrance) {
            found.push(path.display().to_string());
        }
    });
    assert!(found.is_empty(), "not in the list of rooms: {found:#?}");
}

#[test]
fn files_stay_readable_and_say_what_they_are() {
    let found = offenders(|path, text, found| {
        if text.lines().count() > FILE_LINES {
            found.push(format!("{} has more than {FILE_LINES} lines", path.display()));
        }
        if !text.starts_with("//!") {
            found.push(format!("{} does not say what it is", path.display()));
        }
    });
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn only_the_store_opens_files_and_only_the_command_line_prints_or_reads_the_environment() {
    let rules: [(&str, &[&str]); 4] = [
        // The demo makes and removes throwaway servers' folders, which are no part of any run.
        ("std::fs", &["store", "demo"]),
        ("tokio::fs", &["store"]),
        ("std::env::var", &["cli"]),
        ("std::io::stdout", &["cli"]),
    ];
    let found = offenders(|path, text, found| {
        let Some(own) = room_of(path) else { return };
        for (pattern, rooms) in rules {
            // An example in the documentation is a caller's code.
            let mut code = production(text).lines().filter(|line| !line.trim_start().starts_with("//"));
            if code.any(|line| line.contains(pattern)) && !rooms.contains(&own) {
                found.push(format!("{}: {pattern} belongs to {rooms:?}", path.display()));
            }
        }
    });
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn sql_that_is_fixed_has_a_header_and_a_user() {
    let all: String = sources().into_iter().map(|(_, text)| text).collect();
    for folder in ["catalog", "ledger", "session"] {
        for entry in fs::read_dir(Path::new("sql").join(folder)).expect("a folder of statements") {
            let path = entry.expect("an entry").path();
            let text = fs::read_to_string(&path).expect("a statement");
            assert!(text.starts_with("--"), "{} has no header", path.display());
            let name = format!("sql/{folder}/{}", path.file_name().expect("a name").to_string_lossy());
            assert!(all.contains(&name), "{name} is used by nobody");
        }
    }
}
