//! Which file imports which, read off `use` lines and paths. What a room's door re-exports counts as an import of the file that
//! holds it, so that two files cannot hide a circle behind their `mod.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A file's module path, `lib.rs` being the empty one.
pub(super) type Module = Vec<String>;

/// Every file with the files that it imports; a door's own children are none of its imports.
pub(super) fn of(sources: &[(PathBuf, String)]) -> BTreeMap<Module, BTreeSet<Module>> {
    let texts: BTreeMap<Module, String> =
        sources.iter().filter(|(path, _)| is_production(path)).map(|(path, text)| (module(path), code(text))).collect();
    let files: BTreeSet<Module> = texts.keys().cloned().collect();
    let doors: BTreeMap<Module, BTreeMap<String, Module>> =
        texts.iter().map(|(module, text)| (module.clone(), exports(module, text, &files))).collect();
    let one = |(module, text): (&Module, &String)| {
        let targets = paths(text).into_iter().filter_map(|path| absolute(module, &path, &files));
        let found = targets.map(|path| resolve(&path, &files, &doors));
        let is_import = |other: &Module| other != module && !other.is_empty();
        let is_door = doors.get(module).is_some_and(|exports| !exports.is_empty());
        (module.clone(), found.filter(|other| is_import(other) && !(is_door && other.starts_with(module))).collect())
    };
    texts.iter().map(one).collect()
}

/// The files that import each other in a circle: each with what it imports and from where it can be reached again.
pub(super) fn circles(imports: &BTreeMap<Module, BTreeSet<Module>>) -> Vec<String> {
    let reachable = |from: &Module| {
        let (mut seen, mut waiting) = (BTreeSet::new(), vec![from]);
        while let Some(module) = waiting.pop() {
            for next in imports.get(module).into_iter().flatten() {
                if seen.insert(next) {
                    waiting.push(next);
                }
            }
        }
        seen
    };
    let reach: BTreeMap<&Module, BTreeSet<&Module>> = imports.keys().map(|module| (module, reachable(module))).collect();
    let mut found = Vec::new();
    for (module, direct) in imports {
        let back = direct.iter().filter(|other| reach.get(other).is_some_and(|seen| seen.contains(module)));
        found.extend(back.map(|other| format!("{} -> {}", module.join("::"), other.join("::"))));
    }
    found
}

/// Tests may import what they test; `main.rs` is a crate of its own.
fn is_production(path: &Path) -> bool {
    !path.ends_with("main.rs") && !path.components().any(|part| matches!(part.as_os_str().to_str(), Some("tests" | "tests.rs")))
}

fn module(path: &Path) -> Module {
    let parts = path.with_extension("");
    let mut parts: Module = parts.components().skip(1).map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    if parts.last().is_some_and(|last| last == "mod" || last == "lib") {
        parts.pop();
    }
    parts
}

/// The text without tests and comments.
fn code(text: &str) -> String {
    let production = text.split("#[cfg(test)]").next().unwrap_or(text);
    production.lines().map(|line| line.split("//").next().unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

/// What a door hands on: the item's name, and the file that holds it.
fn exports(module: &Module, text: &str, files: &BTreeSet<Module>) -> BTreeMap<String, Module> {
    let mut found = BTreeMap::new();
    for line in text.split(';').filter_map(|statement| statement.trim_start().strip_prefix("pub")) {
        let Some((_, path)) = line.split_once("use ") else { continue };
        for path in expand(path.trim()) {
            let parts: Vec<&str> = path.split("::").collect();
            let child: Module = module.iter().cloned().chain([parts[0].to_owned()]).collect();
            if let (true, Some((item, inner))) = (files.contains(&child), parts.split_last()) {
                let holder = module.iter().cloned().chain(inner.iter().map(|part| (*part).to_owned())).collect();
                found.insert((*item).to_owned(), holder);
            }
        }
    }
    found
}

/// Every path that a file names, from `use` and in the code.
fn paths(text: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for statement in text.split(';') {
        if let Some(at) = statement.rfind("use ")
            && statement[..at].chars().next_back().is_none_or(|before| before.is_whitespace() || before == ')')
        {
            found.extend(expand(statement[at + 4..].trim()));
        }
    }
    for start in ["crate::", "super::"] {
        for (at, _) in text.match_indices(start) {
            let is_inner = text[..at].ends_with("::");
            let end =
                text[at..].find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').map_or(text.len(), |end| at + end);
            if !is_inner {
                found.push(text[at..end].trim_end_matches(':').to_owned());
            }
        }
    }
    let split = |path: String| path.split("::").map(|part| part.trim().to_owned()).collect();
    found.into_iter().map(split).collect()
}

/// Takes `a::{b, c::{d, e}}` apart.
fn expand(path: &str) -> Vec<String> {
    let Some((head, rest)) = path.split_once('{') else {
        return vec![path.split(" as ").next().unwrap_or(path).trim().to_owned()];
    };
    let body = rest.rsplit_once('}').map_or(rest, |(body, _)| body);
    let (mut parts, mut depth, mut part) = (Vec::new(), 0, String::new());
    for character in body.chars() {
        match character {
            ',' if depth == 0 => parts.push(std::mem::take(&mut part)),
            other => {
                depth += i32::from(other == '{') - i32::from(other == '}');
                part.push(other);
            }
        }
    }
    parts.push(part);
    let inner = parts.iter().filter(|part| !part.trim().is_empty()).flat_map(|part| expand(part.trim()));
    inner.map(|part| format!("{}{part}", head.trim())).collect()
}

/// The path from the crate's root; `None` for paths into other crates.
fn absolute(module: &Module, path: &[String], files: &BTreeSet<Module>) -> Option<Module> {
    let mut rest: Vec<&String> = path.iter().filter(|part| *part != "self" && *part != "*").collect();
    let mut base = match path.first().map(String::as_str)? {
        "crate" => Module::new(),
        _ => module.clone(),
    };
    match path.first().map(String::as_str)? {
        "crate" => {
            rest.remove(0);
        }
        "super" => {
            while rest.first().is_some_and(|part| *part == "super") {
                base.pop();
                rest.remove(0);
            }
        }
        "self" => {}
        first => {
            let child: Module = module.iter().cloned().chain([first.to_owned()]).collect();
            files.contains(&child).then_some(())?;
        }
    }
    base.extend(rest.into_iter().cloned());
    Some(base)
}

/// The file that holds what a path names, through as many doors as it takes.
fn resolve(path: &Module, files: &BTreeSet<Module>, doors: &BTreeMap<Module, BTreeMap<String, Module>>) -> Module {
    let mut at = Module::new();
    for part in path {
        let child: Module = at.iter().cloned().chain([part.clone()]).collect();
        if files.contains(&child) {
            at = child;
        } else if let Some(holder) = doors.get(&at).and_then(|exports| exports.get(part)) {
            at = holder.clone();
        } else {
            break;
        }
    }
    at
}

#[test]
fn a_circle_is_found_wherever_it_hides() {
    let sources = |files: &[(&str, &str)]| -> Vec<(PathBuf, String)> {
        files.iter().map(|(path, text)| (PathBuf::from(path), (*text).to_owned())).collect()
    };
    let door = "mod a;\nmod b;\npub use a::A;\npub(crate) use b::{B, other};\n";
    let cases = [
        ("use super::b::B;", "use super::a::A;", true),
        ("use super::b::{B};", "fn f() { crate::room::A::new() }", true),
        ("use crate::room::{B};", "use crate::room::A;", true),
        ("use super::B;", "// use super::A;", false),
        ("use super::B;", "use std::fs;", false),
    ];
    for (a, b, is_circle) in cases {
        let found = circles(&of(&sources(&[("src/room/mod.rs", door), ("src/room/a.rs", a), ("src/room/b.rs", b)])));
        assert_eq!(!found.is_empty(), is_circle, "{a} {b}: {found:?}");
    }
}
