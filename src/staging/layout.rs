//! Every path inside a run, in one place. All are relative to the run's folder, with `/` between their parts.
//!
//! ```text
//! run.json  demands.json  manifest.json  diff.json  plan.json  decisions.toml  decisions.d/picks.csv  approvals.jsonl
//! journal.jsonl  answers.json  report.html  views.sql  lock
//! <database>/stage/<table id>/new-00001.parquet      NEW's candidate rows
//! <database>/stage/<table id>/absent-00001.parquet   keys that NEW does not have
//! <database>/diff/<table id>/00001.parquet
//! <database>/plan/<table id>.parquet
//! <database>/plan/<table id>-rows.parquet
//! <database>/landed.json                             where a merge's rows came to lie
//! <database>/landed/<table id>.parquet
//! ```

use std::fmt;
use std::fmt::Write as _;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::store::LOCK_FILE;

/// What the run is called.
pub const RUN: &str = "run.json";
/// The list of what was staged; what is not in it does not exist.
pub const MANIFEST: &str = "manifest.json";
/// The list of what differs.
pub const DIFF: &str = "diff.json";
/// What merge will do.
pub const PLAN: &str = "plan.json";
/// What people decided; they edit it.
pub const DECISIONS: &str = "decisions.toml";
/// What people decided about many rows at once; digested with the decisions.
pub const PICKS: &str = "decisions.d/picks.csv";
/// Its folder.
pub const PICKS_FOLDER: &str = "decisions.d";
/// What OLD's server said of the conditions of rules.
pub const ANSWERS: &str = "answers.json";
/// The page that shows what the run has come to; no step reads it.
pub const REPORT: &str = "report.html";
/// What makes views of its files in DuckDB.
pub const VIEWS: &str = "views.sql";
/// That the run's rows were removed.
pub const PRUNED: &str = "pruned.json";
/// What the configuration asked of it when it was made.
pub const DEMANDS: &str = "demands.json";
/// What people said of plans, append-only.
pub const APPROVALS: &str = "approvals.jsonl";
/// What was done, append-only.
pub const JOURNAL: &str = "journal.jsonl";
/// The lock of the run.
pub const LOCK: &str = LOCK_FILE;

/// A table's number in a run: `t0001`, `t0002` … Names of tables may be long, hostile or alike but for case; a number is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TableId(u32);

impl TableId {
    /// Returns the id of the table at `index`, counted from 0: the first is `t0001`.
    #[must_use]
    pub const fn nth(index: u32) -> Self {
        Self(index + 1)
    }
}

impl fmt::Display for TableId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "t{:04}", self.0)
    }
}

/// The text is no table id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseTableIdError;

impl fmt::Display for ParseTableIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a table id such as t0001")
    }
}

impl std::error::Error for ParseTableIdError {}

impl FromStr for TableId {
    type Err = ParseTableIdError;

    /// Accepts exactly what [`Display`](fmt::Display) writes, so that one table has one spelling.
    fn from_str(text: &str) -> Result<Self, ParseTableIdError> {
        let number = text.strip_prefix('t').and_then(|digits| digits.parse().ok()).ok_or(ParseTableIdError)?;
        let id = Self(number);
        if number > 0 && id.to_string() == text { Ok(id) } else { Err(ParseTableIdError) }
    }
}

impl TryFrom<String> for TableId {
    type Error = ParseTableIdError;

    fn try_from(text: String) -> Result<Self, ParseTableIdError> {
        text.parse()
    }
}

impl From<TableId> for String {
    fn from(id: TableId) -> Self {
        id.to_string()
    }
}

/// What a staged segment holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Staged {
    /// Rows that NEW has.
    New,
    /// Keys that OLD has and NEW does not.
    Absent,
}

impl Staged {
    const fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Absent => "absent",
        }
    }
}

/// The paths of one database's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseLayout {
    folder: String,
}

impl DatabaseLayout {
    /// Takes the database's name as the catalog spells it.
    #[must_use]
    pub fn new(database: &str) -> Self {
        Self { folder: database_folder(database) }
    }

    /// Returns the folder of everything that belongs to the database.
    #[must_use]
    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// Returns the folder of a table's staged segments, for removing them all.
    #[must_use]
    pub fn stage_folder(&self, table: TableId) -> String {
        format!("{}/stage/{table}", self.folder)
    }

    /// Returns the path of a staged segment; segments of one table and sort are counted from 1.
    #[must_use]
    pub fn staged(&self, table: TableId, sort: Staged, number: u32) -> String {
        format!("{}/{}-{number:05}.parquet", self.stage_folder(table), sort.word())
    }

    /// Returns the number of a staged segment by its path, what is written beside it under the same number included.
    #[must_use]
    pub fn staged_number(path: &str) -> Option<u32> {
        let (_, name) = path.rsplit_once('/')?;
        let digits = name.split_once('-')?.1;
        digits.get(..digits.find(|c: char| !c.is_ascii_digit())?)?.parse().ok()
    }

    /// Returns the folder of a table's differences.
    #[must_use]
    pub fn diff_folder(&self, table: TableId) -> String {
        format!("{}/diff/{table}", self.folder)
    }

    /// Returns the path of one segment of a table's differences; counted from 1.
    #[must_use]
    pub fn diff(&self, table: TableId, number: u32) -> String {
        format!("{}/{number:05}.parquet", self.diff_folder(table))
    }

    /// Returns the path of what an export reads of NEW's log, while it looks keys up in it.
    #[must_use]
    pub fn log(&self) -> String {
        format!("{}/stage/log.parquet", self.folder)
    }

    /// Returns the path of a table's file in the folder of a baseline.
    #[must_use]
    pub fn baseline(&self, table: TableId) -> String {
        format!("{}/{table}.parquet", self.folder)
    }

    /// Returns the path of a table's rows whose columns were chosen one by one.
    #[must_use]
    pub fn composed(&self, table: TableId) -> String {
        format!("{}/plan/{table}-rows.parquet", self.folder)
    }

    /// Returns the path of the list of where rows came to lie.
    #[must_use]
    pub fn landed_index(&self) -> String {
        format!("{}/landed.json", self.folder)
    }

    /// Returns the path of where a table's rows came to lie.
    #[must_use]
    pub fn landed(&self, table: TableId) -> String {
        format!("{}/landed/{table}.parquet", self.folder)
    }

    /// Returns the path of a table's planned rows.
    #[must_use]
    pub fn plan(&self, table: TableId) -> String {
        format!("{}/plan/{table}.parquet", self.folder)
    }
}

/// Returns a database's name as the name of a folder: every byte but `A-Z a-z 0-9 _ -` becomes `%XX`. Different databases get
/// different folders (on a file system that minds case), and none is empty, hidden, `.` or the name of one of the run's files.
#[must_use]
pub fn database_folder(database: &str) -> String {
    if database.is_empty() {
        // PostgreSQL has no such database; a lone `%` comes from no other name.
        return "%".to_owned();
    }
    let mut folder = String::with_capacity(database.len());
    for (index, byte) in database.bytes().enumerate() {
        let is_plain = byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        // Of the run's own files only the lock has a plain name; a database may be called that too.
        if is_plain && !(index == 0 && database == LOCK) {
            folder.push(char::from(byte));
        } else {
            // Writing into a String cannot fail.
            let _ = write!(folder, "%{byte:02X}");
        }
    }
    folder
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn paths_are_as_documented() {
        let shop = DatabaseLayout::new("shop");
        let table = TableId::nth(0);
        assert_eq!(shop.staged(table, Staged::New, 1), "shop/stage/t0001/new-00001.parquet");
        assert_eq!(shop.staged(table, Staged::Absent, 12), "shop/stage/t0001/absent-00012.parquet");
        for path in ["shop/stage/t0001/absent-00012.parquet", "shop/stage/t0001/new-00012-rows.parquet"] {
            assert_eq!(DatabaseLayout::staged_number(path), Some(12));
        }
        assert_eq!(shop.diff(TableId::nth(41), 100_000), "shop/diff/t0042/100000.parquet");
        assert_eq!(shop.plan(TableId::nth(9_999)), "shop/plan/t10000.parquet");
    }

    #[test]
    fn folders_are_safe_and_differ() {
        let hostile = [
            "",
            ".",
            "..",
            "/",
            "a/b",
            "a%2Fb",
            "%",
            "lock",
            "%6Cock",
            "run.json",
            "manifest.json",
            "é",
            "a b",
            "a\nb",
            "-",
            "A_1",
            "%25",
        ];
        let folders: BTreeSet<_> = hostile.iter().map(|name| database_folder(name)).collect();
        assert_eq!(folders.len(), hostile.len(), "{folders:?}");
        let own = [RUN, MANIFEST, DIFF, PLAN, DECISIONS, ANSWERS, VIEWS, JOURNAL, LOCK];
        for folder in &folders {
            assert!(folder.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-%".contains(&byte)), "{folder}");
            assert!(!folder.is_empty() && !own.contains(&folder.as_str()), "{folder}");
        }
        assert_eq!(database_folder("A_1-b"), "A_1-b");
        assert_eq!(database_folder(".."), "%2E%2E");
        // The longest name that a stock server allows still is a file name.
        assert!(database_folder(&"€".repeat(21)).len() <= 255);
    }

    #[test]
    fn table_ids_have_one_spelling() {
        for id in [TableId::nth(0), TableId::nth(9_998), TableId::nth(123_455)] {
            assert_eq!(id.to_string().parse(), Ok(id));
            let json = serde_json::to_string(&id).unwrap();
            assert_eq!(serde_json::from_str::<TableId>(&json).unwrap(), id);
        }
        for wrong in ["", "t", "t0", "t0000", "t1", "t00001", "T0001", "t-001", "t+001", "../t0001", "t99999999999"] {
            assert!(wrong.parse::<TableId>().is_err(), "{wrong}");
        }
    }
}
