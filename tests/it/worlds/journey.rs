//! The way of one world: both sides are built, users write, and failback goes its steps while OLD's users go on writing.

use std::fmt::Write as _;

use failback::engine::{self, MergeOptions, State};
use failback::error::{Error, ErrorKind, OldState};
use failback::name::{Side, Sided};
use jiff::{SignedDuration, Timestamp};
use tokio_postgres::Client;

use super::ground::Ground;
use super::listed;
use super::oracle::Merge;
use super::schema::{self, Table};
use super::snapshot::{self, Snapshot};
use super::writes::Writer;
use crate::recovery::Recovery;
use crate::support::{Dice, block_on};

/// Whether `verify` has a word of its own for what was not looked at.
const VERIFY_TELLS_GAPS: bool = false;

/// Whether a run over several databases has a way on after one of them was refused.
const GOES_ON_AFTER_PART: bool = false;

/// A world on its way.
pub(super) struct Journey<'a> {
    ground: &'a Ground,
    dice: Dice,
    tables: Vec<Table>,
    cutover: Timestamp,
    clients: Sided<Vec<Client>>,
    /// How many statements were drawn.
    count: u64,
    /// What happened, for people.
    log: Vec<String>,
    decisions: String,
    fire: bool,
}

/// What is wrong with a world: sentences, and what led to it.
pub(super) struct Failure {
    pub(super) wrong: Vec<String>,
    pub(super) log: Vec<String>,
}

/// Plays one world.
pub(super) fn play(ground: &Ground, seed: u64) -> Result<Vec<String>, Failure> {
    let mut dice = Dice::seeded(seed);
    let tables = schema::draw(&mut dice);
    let cutover = Timestamp::now() - SignedDuration::from_hours(1);
    let clients = ground.fresh();
    let mut journey =
        Journey { ground, dice, tables, cutover, clients, count: 0, log: Vec::new(), decisions: String::new(), fire: false };
    match journey.go() {
        Ok(()) => Ok(journey.log),
        Err(wrong) if wrong.is_empty() => Ok(journey.log),
        Err(wrong) => Err(Failure { wrong, log: journey.log }),
    }
}

/// What is wrong; with nothing in it, the way ends early and nothing is wrong.
type Step = Result<(), Vec<String>>;

impl Journey<'_> {
    fn go(&mut self) -> Step {
        self.build();
        let base = self.snapshot(Side::Old);
        if base != self.snapshot_as_old(Side::New) {
            return Err(vec!["both sides were not built alike".to_owned()]);
        }
        self.draw_decisions();
        for _ in 0..4 + self.dice.below(12) {
            let side = if self.dice.below(3) == 0 { Side::Old } else { Side::New };
            self.write(side, 1);
        }
        let recovery = self.recovery();
        self.run(&recovery, &base)
    }

    /// One run from export to undo.
    fn run(&mut self, recovery: &Recovery, base: &Snapshot) -> Step {
        let new = self.snapshot(Side::New);
        let mut earlier = Vec::new();
        for step in ["export", "diff", "plan"] {
            earlier.push(self.snapshot(Side::Old));
            let before = self.snapshot(Side::Old);
            let done = match step {
                "export" => block_on(engine::export(&recovery.context)).map(|_| ()),
                "diff" => block_on(engine::diff(&recovery.context)).map(|_| ()),
                _ => block_on(engine::plan(&recovery.context)).map(|_| ()),
            };
            self.log.push(format!("-- {step}: {}", told(&done)));
            done.map_err(|error| vec![format!("{step} failed: {error:?}")])?;
            if self.snapshot(Side::Old) != before {
                return Err(vec![format!("{step} wrote to OLD")]);
            }
            self.visit();
        }
        let options = MergeOptions { leave_held: true, fire_triggers: self.fire, ..MergeOptions::default() };
        let mut before = self.snapshot(Side::Old);
        let mut merged = self.merge(recovery, options, &before)?;
        if !merged {
            // OLD has moved: the remedy that is printed is to compare and plan again.
            for step in ["diff", "plan"] {
                let done = match step {
                    "diff" => block_on(engine::diff(&recovery.context)).map(|_| ()),
                    _ => block_on(engine::plan(&recovery.context)).map(|_| ()),
                };
                self.log.push(format!("-- {step}: {}", told(&done)));
                done.map_err(|error| vec![format!("{step} failed: {error:?}")])?;
            }
            earlier.push(before);
            before = self.snapshot(Side::Old);
            merged = self.merge(recovery, options, &before)?;
        }
        if !merged {
            self.log.push("-- stuck".to_owned());
            return Ok(());
        }
        let after = self.snapshot(Side::Old);
        let said = listed::read(&recovery.store, &self.tables, &self.ground.databases());
        for (table, said) in self.tables.iter().zip(&said) {
            for (key, entry) in said.iter().flat_map(|said| &said.entries) {
                let key = super::oracle::shown(key);
                self.log.push(format!("   {} {key}: {} -> {} ({})", table.name, entry.class, entry.action, entry.why));
            }
        }
        let cutover = stamp_text(self.cutover);
        let merge = Merge {
            tables: &self.tables,
            base,
            new: &new,
            earlier: &earlier,
            before: &before,
            after: &after,
            said: &said,
            cutover: &cutover,
            fired: self.fire,
        };
        let wrong = merge.complaints();
        if !wrong.is_empty() {
            return Err(wrong);
        }
        self.after_merge(recovery, options, &before, &after)
    }

    /// Merges; `false` where it was refused, which must leave OLD as it was.
    fn merge(&mut self, recovery: &Recovery, options: MergeOptions, before: &Snapshot) -> Result<bool, Vec<String>> {
        let done = block_on(engine::merge(&recovery.context, options));
        self.log.push(format!("-- merge: {}", told(&done.as_ref().map(|_| ()))));
        let Err(error) = done else { return Ok(true) };
        self.expect_true_state(&error, before)?;
        if error.kind() == ErrorKind::PartlyChanged && !GOES_ON_AFTER_PART {
            return Err(Vec::new());
        }
        if error.kind() != ErrorKind::Refused {
            return Err(vec![format!("merge failed where it should have been planned otherwise: {error:?}")]);
        }
        Ok(false)
    }

    /// Whether what an error says of OLD is so.
    fn expect_true_state(&self, error: &Error, before: &Snapshot) -> Step {
        let is_same = self.snapshot(Side::Old) == *before;
        match error.old_state() {
            Some(OldState::NotWritten | OldState::RolledBack) if is_same => Ok(()),
            Some(OldState::Committed(_)) if self.ground.databases().len() > 1 => Ok(()),
            state => Err(vec![format!(
                "OLD is {} and the error says {state:?}: {error:?}",
                if is_same { "as it was" } else { "changed" }
            )]),
        }
    }

    fn after_merge(&mut self, recovery: &Recovery, options: MergeOptions, before: &Snapshot, after: &Snapshot) -> Step {
        let again = block_on(engine::merge(&recovery.context, options));
        match again {
            Ok(report) if report.databases.iter().all(|database| database.outcome == engine::DatabaseOutcome::DoneBefore) => {}
            other => return Err(vec![format!("a plan was to be carried out once: {other:?}")]),
        }
        let verified =
            block_on(engine::verify(&recovery.context)).map_err(|error| vec![format!("verify failed: {error:?}")])?;
        self.log.push(format!("-- verify: {}", verified.state.word()));
        if verified.state == State::NotVerified && !self.fire {
            return Err(vec![format!("OLD is as planned, and verify says: {verified:?}")]);
        }
        if VERIFY_TELLS_GAPS && verified.state == State::Verified && !verified.not_covered.is_empty() {
            return Err(vec![format!("verified, although not everything was looked at: {:?}", verified.not_covered)]);
        }
        if self.snapshot(Side::Old) != *after {
            return Err(vec!["a second merge, or verify, wrote to OLD".to_owned()]);
        }
        let undone = block_on(engine::undo(&recovery.context, MergeOptions { fire_triggers: self.fire, ..options }));
        self.log.push(format!("-- undo: {}", told(&undone.as_ref().map(|_| ()))));
        undone.map_err(|error| vec![format!("undo failed: {error:?}")])?;
        let undone = self.snapshot(Side::Old);
        if undone != *before && !self.fire {
            return Err(vec![format!("undo is not identity: {}", difference(&self.tables, before, &undone))]);
        }
        Ok(())
    }

    fn recovery(&mut self) -> Recovery {
        let mut config = String::from("zone = \"UTC\"\n");
        for table in &self.tables {
            if let Some(method) = table.method {
                let _ = write!(config, "[tables.\"{}\"]\nmethod = \"{method}\"\n", table.full_name());
            }
        }
        let mut recovery = Recovery::of(self.ground.pair(), self.cutover, &config);
        recovery.look_at(self.ground.databases());
        recovery.decide(&self.decisions);
        self.log.push(format!("-- {}\n-- {}", config.replace('\n', "; "), self.decisions.replace('\n', "; ")));
        recovery
    }

    fn draw_decisions(&mut self) {
        const CLASSES: [&str; 11] = [
            "insert",
            "update",
            "delete",
            "ambiguous_missing_on_old",
            "ambiguous_deleted_on_old",
            "ambiguous_missing_on_new",
            "ambiguous_differs",
            "insert_exists",
            "update_origin_differs",
            "update_missing",
            "delete_origin_differs",
        ];
        let generous = self.dice.below(3);
        self.decisions = String::from("[defaults]\n");
        for class in CLASSES {
            let resolution = match self.dice.below(8) {
                _ if generous == 0 => continue,
                0 => "keep_old",
                1 => "hold",
                2 => "skip",
                _ if generous == 1 => continue,
                _ => "apply_new",
            };
            let _ = writeln!(self.decisions, "{class} = \"{resolution}\"");
        }
    }

    /// Creates the tables on both sides and fills them alike.
    fn build(&mut self) {
        for database in 0..self.ground.databases().len() {
            for side in Side::BOTH {
                let statements = schema::ddl(&self.tables, database, side == Side::Old);
                let client = &self.clients.get(side)[database];
                let done = block_on(client.batch_execute(&statements.join(";\n")));
                done.unwrap_or_else(|error| panic!("{}: {error:?}", statements.join(";\n")));
                if side == Side::Old {
                    self.log.extend(statements.into_iter().skip(1));
                }
            }
        }
        let mut writer = Writer { tables: &self.tables, letter: 'B', cutover: self.cutover, count: 0, before: true };
        let mut statements = Vec::new();
        for table in &self.tables {
            for _ in 0..3 + self.dice.below(5) {
                statements.push((table.database, writer.insert(&mut self.dice, table)));
            }
        }
        self.count = writer.count;
        for (database, statement) in statements {
            let done = Sided::of(|side| block_on(self.clients.get(side)[database].batch_execute(&statement)).is_ok());
            assert_eq!(done.old, done.new, "{statement}");
            if done.old {
                self.log.push(format!("BASE: {statement}"));
            }
        }
    }

    /// Lets OLD's users write between two steps.
    fn visit(&mut self) {
        if self.dice.below(2) == 0 {
            let times = 1 + self.dice.below(2);
            self.write(Side::Old, times);
        }
    }

    fn write(&mut self, side: Side, times: usize) {
        for _ in 0..times {
            let letter = if side == Side::Old { 'O' } else { 'N' };
            let mut writer = Writer { tables: &self.tables, letter, cutover: self.cutover, count: self.count, before: false };
            let (database, statement) = writer.draw(&mut self.dice);
            self.count = writer.count;
            if block_on(self.clients.get(side)[database].batch_execute(&statement)).is_ok() {
                self.log.push(format!("{}: {statement}", side.word().to_uppercase()));
            }
        }
    }

    fn snapshot(&self, side: Side) -> Snapshot {
        block_on(snapshot::take(self.clients.get(side), &self.tables, side == Side::Old))
    }

    /// As [`snapshot`](Self::snapshot), with what only OLD has as OLD's defaults fill it.
    fn snapshot_as_old(&self, side: Side) -> Snapshot {
        let mut found = self.snapshot(side);
        for (table, rows) in self.tables.iter().zip(&mut found.tables) {
            for row in rows.values_mut().filter(|_| table.extra) {
                row.insert("extra".to_owned(), Some("7".to_owned()));
            }
        }
        found
    }
}

/// An instant as the servers print it.
fn stamp_text(instant: Timestamp) -> String {
    instant.to_string().replace('T', " ").trim_end_matches('Z').to_owned()
}

fn told<T>(done: &Result<T, impl std::fmt::Debug>) -> String {
    done.as_ref().map_or_else(|error| format!("{error:?}"), |_| "done".to_owned())
}

fn difference(tables: &[Table], left: &Snapshot, right: &Snapshot) -> String {
    let mut found = String::new();
    for ((table, left), right) in tables.iter().zip(&left.tables).zip(&right.tables) {
        for key in left.keys().chain(right.keys()).collect::<std::collections::BTreeSet<_>>() {
            if left.get(key) != right.get(key) {
                let _ = writeln!(found, "{} {key:?}: {:?} / {:?}", table.name, left.get(key), right.get(key));
            }
        }
    }
    found
}
