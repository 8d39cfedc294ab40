//! Chunks of work: what one worker does in one go. A chunk says everything in names and numbers that hold on any machine that
//! has the run's files and reaches the servers, so that it can be written down and done elsewhere.

use serde::{Deserialize, Serialize};

use super::layout::TableId;
use crate::error::{Error, ErrorKind};
use crate::name::QualifiedName;
use crate::schema::ForeignKey;
use crate::statement::{CtidRange, KeyRange};

/// A chunk of work on one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// The database, by its name.
    pub database: String,
    /// The table, by its number in the run.
    pub table: TableId,
    /// The chunk's number within the table and the step, from 1; names the files that it makes.
    pub number: u32,
    /// How much there is to do, by estimate; comparable between chunks of one step only.
    pub weight: u64,
    /// What is done.
    #[serde(flatten)]
    pub task: Task,
}

/// What a chunk does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "snake_case")]
pub enum Task {
    /// Export: copies rows of NEW into a segment.
    CopyRows {
        /// The leaf of the table.
        leaf: QualifiedName,
        /// Its blocks.
        range: CtidRange,
        /// Which of its rows, as SQL; all without one.
        predicate: Option<String>,
    },
    /// Export: copies rows of NEW from some ranges of blocks into a segment.
    CopyBlocks {
        /// The leaf of the table.
        leaf: QualifiedName,
        /// Its blocks; every range ends.
        ranges: Vec<CtidRange>,
        /// Which of its rows, as SQL.
        predicate: String,
    },
    /// Export: walks through both sides in key order.
    WalkKeys {
        /// Which rows, by their keys.
        range: KeyRange,
        /// How much of a row is looked at.
        depth: Depth,
    },
    /// Diff: compares a staged segment with OLD.
    Compare {
        /// The segment's path in the run; the manifest lists it among the table's candidates or absent keys.
        segment: String,
    },
    /// Verify: reads back the rows that some files of the diff led to.
    ReadBack {
        /// The files' paths in the run, as the plan lists them, one behind the other.
        segments: Vec<String>,
    },
    /// Verify: looks for children without a parent.
    CheckForeignKey {
        /// The key. The chunk's table is its child or its parent.
        key: Box<ForeignKey>,
    },
}

impl Task {
    /// Returns the word used in files.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::CopyRows { .. } => "copy_rows",
            Self::CopyBlocks { .. } => "copy_blocks",
            Self::WalkKeys { .. } => "walk_keys",
            Self::Compare { .. } => "compare",
            Self::ReadBack { .. } => "read_back",
            Self::CheckForeignKey { .. } => "check_foreign_key",
        }
    }

    /// Returns the error of a step that was handed a chunk of another one.
    #[must_use]
    pub fn unexpected(&self, step: &str) -> Error {
        Error::new(ErrorKind::Damaged, "do a chunk of work").because(format!("{} is no work of {step}", self.word()))
    }
}

/// What is looked at of every row in a walk through both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Depth {
    /// The whole row: candidates are the rows that differ, and those that OLD lacks.
    Rows,
    /// The key and a hash of the row that its server computes: candidates are as for whole rows, and are fetched by their keys.
    Hashes,
    /// The key alone: candidates are the rows that OLD lacks and that the table's own stamps have not already selected.
    Keys,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::Ident;
    use crate::schema::{FkAction, KeyOrder};
    use crate::statement::KeyCut;
    use crate::store::{LocalStore, Store as _};

    fn every_task() -> Vec<Task> {
        let leaf = QualifiedName::new("public", "a \"b\" é");
        let walks = [(KeyOrder::Integer, ["-9223372036854775808", "7"]), (KeyOrder::Uuid, ["0", &"f".repeat(32)])];
        let cuts = walks.map(|(order, texts)| texts.iter().map(|text| KeyCut::read(order, text).unwrap()).collect());
        let ranges = cuts.into_iter().flat_map(|cuts: Vec<_>| KeyRange::cut(cuts, 3)).chain([KeyRange::ALL]);
        let depths = [Depth::Rows, Depth::Hashes, Depth::Keys].into_iter().cycle();
        let mut tasks: Vec<_> = ranges.zip(depths).map(|(range, depth)| Task::WalkKeys { range, depth }).collect();
        let key = ForeignKey {
            name: Ident::new("fk"),
            child: leaf.clone(),
            child_columns: vec![Ident::new("parent")],
            parent: QualifiedName::new("public", "p"),
            parent_columns: vec![Ident::new("id")],
            operators: vec!["operator(pg_catalog.=)".to_owned()],
            deferrable: true,
            match_full: false,
            validated: true,
            child_partitioned: true,
            parent_partitioned: false,
            period: false,
            child_part: Some(leaf.clone()),
            child_bound: Some("\"parent\" > 0".to_owned()),
            parent_bound: None,
            parent_part: None,
            on_delete: FkAction::NoAction,
            on_update: FkAction::NoAction,
        };
        tasks.extend([
            Task::CopyRows { leaf: leaf.clone(), range: CtidRange::ALL, predicate: None },
            Task::CopyBlocks {
                leaf: leaf.clone(),
                ranges: vec![CtidRange { from_block: 7, to_block: Some(9) }],
                predicate: "true".to_owned(),
            },
            Task::CopyRows {
                leaf,
                range: CtidRange { from_block: 7, to_block: Some(u64::MAX) },
                predicate: Some("t.\"x\" >= '2026-01-01'".to_owned()),
            },
            Task::Compare { segment: "shop/stage/t0001/new-00001.parquet".to_owned() },
            Task::ReadBack { segments: vec!["shop/diff/t0001/00001.parquet".to_owned()] },
            Task::CheckForeignKey { key: Box::new(key) },
        ]);
        tasks
    }

    #[test]
    fn a_chunk_that_is_written_down_is_the_same_chunk() {
        let root = tempfile::tempdir().unwrap();
        let store = LocalStore::create(&root.path().join("r1")).unwrap();
        for (number, task) in (1..).zip(every_task()) {
            let table = TableId::nth(number);
            let chunk = Chunk { database: "a/b".to_owned(), table, number, weight: u64::MAX - u64::from(number), task };
            store.write("chunk.json", &serde_json::to_vec(&chunk).unwrap()).unwrap();
            let text = store.read("chunk.json").unwrap();
            let read: Chunk = serde_json::from_slice(&text).unwrap();
            assert_eq!(read, chunk, "{}", String::from_utf8_lossy(&text));
            let written: serde_json::Value = serde_json::from_slice(&text).unwrap();
            assert_eq!(written["task"], chunk.task.word());
        }
    }
}
