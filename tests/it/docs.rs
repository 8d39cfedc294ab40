//! The documentation is held to what is there: links and anchors lead somewhere, files that are named exist, verbs and options
//! that are shown are those of the program, and exit codes are its own.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::support::failback;

/// Where documents are looked for.
const FOLDERS: [&str; 9] =
    [".", "docs", "docs/adr", "benches", "examples", "fixtures", "fuzz", "sql", "docs/benchmarks/2026-11-22-full"];

/// A document: its path, and its lines without fences.
struct Document {
    path: PathBuf,
    prose: Vec<String>,
    fences: Vec<String>,
}

fn documents() -> Vec<Document> {
    let mut found = Vec::new();
    for folder in FOLDERS {
        let Ok(entries) = fs::read_dir(folder) else { continue };
        for entry in entries {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|extension| extension == "md") {
                found.push(read(&path));
            }
        }
    }
    assert!(found.len() > 20, "the documents were not found");
    found
}

fn read(path: &Path) -> Document {
    let text = fs::read_to_string(path).expect("a document");
    let (mut prose, mut fences, mut inside) = (Vec::new(), Vec::new(), false);
    for line in text.lines() {
        if line.starts_with("```") {
            inside = !inside;
        } else if inside {
            fences.push(line.to_owned());
        } else {
            prose.push(line.to_owned());
        }
    }
    Document { path: path.strip_prefix(".").unwrap_or(path).to_owned(), prose, fences }
}

/// The parts of a line that are set as code (odd) and those that are not (even).
fn spans(line: &str) -> impl Iterator<Item = (bool, &str)> {
    line.split('`').enumerate().map(|(index, span)| (index % 2 == 1, span))
}

/// The targets of a document's links, code left out.
fn links(document: &Document) -> Vec<String> {
    let mut found = Vec::new();
    for line in &document.prose {
        let plain: String = spans(line).map(|(code, span)| if code { "" } else { span }).collect();
        for part in plain.split("](").skip(1) {
            found.extend(part.split_once(')').map(|(target, _)| target.to_owned()));
        }
    }
    found
}

/// The anchors of a document's headings, as forges make them.
fn anchors(document: &Document) -> BTreeSet<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let headings = document.prose.iter().filter(|line| line.starts_with('#'));
    let mut slug = |heading: &String| {
        let text = heading.trim_start_matches('#').trim().to_lowercase();
        let kept: String = text.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c)).collect();
        let slug = kept.replace(' ', "-");
        let count = seen.entry(slug.clone()).or_default();
        *count += 1;
        if *count == 1 { slug } else { format!("{slug}-{}", *count - 1) }
    };
    headings.map(&mut slug).collect()
}

/// Takes `.` and `..` out of a path.
fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                tidy.pop();
            }
            Component::CurDir => {}
            other => tidy.push(other),
        }
    }
    tidy
}

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let documents = documents();
    let headings: BTreeMap<_, _> = documents.iter().map(|one| (one.path.clone(), anchors(one))).collect();
    let mut broken = Vec::new();
    for document in &documents {
        for link in links(document).into_iter().filter(|link| !link.contains("://") && !link.starts_with("mailto:")) {
            let (file, anchor) = link.split_once('#').map_or((link.as_str(), None), |(file, anchor)| (file, Some(anchor)));
            let folder = document.path.parent().unwrap_or(Path::new(""));
            let target = if file.is_empty() { document.path.clone() } else { tidy(&folder.join(file)) };
            let leads = target.exists()
                && anchor.is_none_or(|anchor| headings.get(&target).is_some_and(|known| known.contains(anchor)));
            if !leads {
                broken.push(format!("{}: {link}", document.path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_file_that_is_named_exists() {
    let tops = ["src/", "tests/", "sql/", "fixtures/", "benches/", "docs/", "examples/", ".ci/"];
    let mut missing = Vec::new();
    for document in documents().iter().filter(|document| !document.path.starts_with("docs/benchmarks")) {
        for line in &document.prose {
            for (_, span) in spans(line).filter(|(code, _)| *code) {
                let is_path = !span.contains(|c: char| c.is_whitespace() || "<>*(){}=".contains(c));
                let is_source = span.contains('/') && Path::new(span).extension().is_some_and(|kind| kind == "rs");
                let is_ours = is_source || tops.iter().any(|top| span.starts_with(top));
                let exists = || Path::new(span).exists() || Path::new("src").join(span).exists();
                if is_path && is_ours && !exists() {
                    missing.push(format!("{}: {span}", document.path.display()));
                }
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Command lines of failback that a document shows, without the program's name: those in fences, and those set as code.
fn commands(document: &Document) -> Vec<String> {
    let shown = document.fences.iter().map(|line| line.trim_start_matches("$ ").to_owned());
    let named = document.prose.iter().flat_map(|line| spans(line).filter(|(code, _)| *code).map(|(_, span)| span.to_owned()));
    let mut found = Vec::new();
    for line in shown.chain(named) {
        let line = line.split(" #").next().unwrap_or_default();
        for command in line.split(['|', ';']).map(|part| part.trim().trim_start_matches("cargo run --release ")) {
            let rest = command.strip_prefix("failback ").or_else(|| command.split_once("-- ").map(|(_, rest)| rest));
            let is_ours = command.starts_with("failback ") || line.contains("cargo run");
            found.extend(rest.filter(|_| is_ours).map(str::to_owned));
        }
    }
    found
}

#[test]
fn every_verb_and_option_that_is_shown_is_one_of_the_programs() {
    let overview = failback(&["--help"]).stdout;
    let verbs: Vec<&str> = overview.lines().filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next()).collect();
    let mut help: BTreeMap<String, String> = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for document in documents() {
        for command in commands(&document) {
            let mut words = command.split_whitespace().peekable();
            let verb = words.next_if(|word| !word.starts_with('-')).unwrap_or_default();
            // A sentence about a verb that is to be filled in.
            if verb.chars().any(char::is_uppercase) {
                continue;
            }
            seen += 1;
            let place = format!("{}: failback {command}", document.path.display());
            if !verb.is_empty() && !verbs.contains(&verb) {
                wrong.push(place);
                continue;
            }
            let text = help
                .entry(verb.to_owned())
                .or_insert_with(|| if verb.is_empty() { overview.clone() } else { failback(&[verb, "--help"]).stdout });
            let options = words.filter(|word| word.starts_with("--") && word.len() > 2);
            for option in options.map(|word| word.split(['=', '\'', '"']).next().unwrap_or_default()) {
                if !text.split(|c: char| c.is_whitespace() || c == ',').any(|known| known == option) {
                    wrong.push(format!("{place}: {option}"));
                }
            }
        }
    }
    assert!(seen > 15, "the commands were not found");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_readme_lists_the_programs_exit_codes() {
    let overview = failback(&["--help"]).stdout;
    let (_, table) = overview.split_once("Exit codes:\n").expect("the codes in the overview");
    let programs: Vec<_> = table.lines().filter_map(|line| line.trim().split_once("  ")).collect();
    let readme = read(Path::new("README.md"));
    let rows = readme.prose.iter().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "));
    let shown: Vec<_> =
        rows.filter(|(code, _)| code.parse::<u8>().is_ok()).map(|(code, means)| (code, means.replace('`', ""))).collect();
    let shown: Vec<_> = shown.iter().map(|(code, means)| (*code, means.as_str())).collect();
    assert_eq!(shown, programs);
}

/// Files whose words are SQL's own, or stand in no report and no file that people read.
const UNTOLD: [&str; 4] = ["statement/operation.rs", "statement/table_lock.rs", "schema/privilege.rs", "schema/used.rs"];

/// Words that are made otherwise than by `words!`.
const OTHERS: [&str; 12] = [
    "apply_new",
    "keep_old",
    "hold",
    "skip",
    "last_update_wins",
    "first_update_wins",
    "yes",
    "trusted",
    "no",
    "fk_parent_missing",
    "fk_child_exists",
    "source_column_missing",
];

#[test]
fn every_word_that_the_program_prints_is_explained() {
    let mut words: BTreeSet<String> = OTHERS.iter().map(|word| (*word).to_owned()).collect();
    let mut waiting = vec![PathBuf::from("src")];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(fs::read_dir(&path).expect("a folder").map(|entry| entry.expect("an entry").path()));
        } else if !UNTOLD.iter().any(|untold| path.ends_with(untold)) {
            let text = fs::read_to_string(&path).expect("a source");
            for block in text.split("\nwords!(").skip(1) {
                let block = block.split_once("});").expect("an end").0;
                words.extend(block.split("=> \"").skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
            }
        }
    }
    assert!(words.len() > 100, "the words were not found: {words:?}");
    let is_unknown = |word: &&String| failback(&["explain", word.as_str()]).code != 0;
    let unknown: Vec<_> = words.iter().filter(is_unknown).collect();
    assert!(unknown.is_empty(), "`failback explain` has no line about {unknown:?}");
}

/// The tests that a document names, as `room::file::test`.
fn tests_named(document: &Document) -> BTreeSet<String> {
    let codes = document.prose.iter().flat_map(|line| spans(line)).filter(|(code, _)| *code).map(|(_, span)| span);
    codes.filter(|span| span.contains("::") && !span.starts_with("config::")).map(str::to_owned).collect()
}

#[test]
fn each_step_of_the_procedure_names_tests_that_are_there() {
    let named = tests_named(&read(Path::new("docs/seed-steps.md")));
    assert!(named.len() > 30, "{named:?}");
    for test in named {
        let (room, name) = test.rsplit_once("::").expect("a room and a test");
        let file = format!("tests/it/{}", room.replace("::", "/"));
        let text = fs::read_to_string(format!("{file}.rs")).or_else(|_| fs::read_to_string(format!("{file}/mod.rs")));
        assert!(text.is_ok_and(|text| text.contains(&format!("fn {name}()"))), "{test} is not there");
    }
}
