//! Whether a result is right.

use std::fs::{self, File};
use std::path::Path;

use parquet::file::reader::{FileReader as _, SerializedFileReader};
use serde_json::Value;

use super::bench::{Bench, Place};
use super::{Outcome, folder};

/// A look that says what is wrong, if anything is.
pub(crate) type Look = Box<dyn Fn(&Bench, &Place) -> Outcome<Option<String>>>;

/// One way to look at a result.
pub(crate) enum Check {
    /// So many rows stand in the Parquet files of the case's folder.
    Parquet(u64),
    /// A shell's command line prints this.
    Prints { command: String, expected: String },
    /// Numbers at these places of the JSON document that the case printed.
    Json(Vec<(String, u64)>),
    /// A function of its own.
    Own(Look),
}

impl Check {
    /// A command line whose answer is a number.
    pub(crate) fn prints(command: impl Into<String>, expected: impl std::fmt::Display) -> Self {
        Self::Prints { command: command.into(), expected: expected.to_string() }
    }

    /// Numbers in what failback printed; a key holds no `/`.
    pub(crate) fn json<const N: usize>(places: [(&str, u64); N]) -> Self {
        Self::Json(places.iter().map(|(place, number)| ((*place).to_owned(), *number)).collect())
    }

    /// Returns what is wrong, or nothing.
    pub(crate) fn wrong(&self, bench: &Bench, place: &Place) -> Outcome<Option<String>> {
        Ok(match self {
            Self::Parquet(expected) => differs("rows", &rows(&place.folder)?.to_string(), &expected.to_string()),
            Self::Prints { command, expected } => differs("the answer", &bench.shell(place, command)?, expected),
            Self::Json(places) => {
                let document: Value = serde_json::from_str(&fs::read_to_string(place.output.join("stdout"))?)?;
                let found = |path: &str| document.pointer(path).and_then(Value::as_u64).unwrap_or(0).to_string();
                places.iter().find_map(|(path, expected)| differs(path, &found(path), &expected.to_string()))
            }
            Self::Own(check) => check(bench, place)?,
        })
    }
}

fn differs(what: &str, found: &str, expected: &str) -> Option<String> {
    (found != expected).then(|| format!("{what}: {found} instead of {expected}"))
}

/// Returns the rows of all Parquet files below a folder.
fn rows(below: &Path) -> Outcome<i64> {
    let mut rows = 0;
    folder::walk(below, &mut |path| {
        if path.extension().is_some_and(|extension| extension == "parquet") {
            rows += SerializedFileReader::new(File::open(path)?)?.metadata().file_metadata().num_rows();
        }
        Ok(())
    })?;
    Ok(rows)
}
