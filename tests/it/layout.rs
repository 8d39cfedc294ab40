//! The layout that the formatter does not look after: long comments, literals and statements, long files.

use std::fs;
use std::path::{Path, PathBuf};

/// The formatter's width, in characters.
const WIDTH: usize = 128;

/// The most lines a source file may have, its tests included.
const FILE_LINES: usize = 400;

/// Every file of ours below a folder with one of these extensions.
fn files(folder: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            found.extend(files(&path, extensions));
        } else if path.extension().is_some_and(|extension| extensions.iter().any(|one| extension == *one)) {
            found.push(path);
        }
    }
    found
}

#[test]
fn lines_stay_within_the_formatters_width() {
    let found = files(Path::new("."), &["rs", "sql", "toml"]);
    assert!(found.len() > 200, "the sources were not found");
    let mut long = Vec::new();
    for path in found {
        let text = fs::read_to_string(&path).expect("a text");
        let lines = text.lines().enumerate().filter(|(_, line)| line.chars().count() > WIDTH);
        long.extend(lines.map(|(number, _)| format!("{}:{}", path.display(), number + 1)));
    }
    assert!(long.is_empty(), "longer than {WIDTH} characters: {long:#?}");
}

#[test]
fn files_of_tests_and_benches_stay_readable_and_say_what_they_are() {
    let mut found = Vec::new();
    for path in ["tests", "benches", "examples"].iter().flat_map(|folder| files(Path::new(folder), &["rs"])) {
        let text = fs::read_to_string(&path).expect("a source file");
        if text.lines().count() > FILE_LINES {
            found.push(format!("{} has more than {FILE_LINES} lines", path.display()));
        }
        if !text.starts_with("//!") {
            found.push(format!("{} does not say what it is", path.display()));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}
