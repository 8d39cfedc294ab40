//! Which rows of a merge an undo takes back: all of them, or those of some tables, or single ones by their keys.

use super::named_rows::left_rows;
use super::report::LeftRows;
use crate::codec::{BatchEncoder, Shown};
use crate::engine::plan::{Direction, Draft, Sandbox, Strangers, grow_units, hold_closure, planned_actions};
use crate::engine::rows::{Image, key_positions, view};
use crate::engine::run::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::policy::{Action, Glob, write_key};
use crate::schema::ForeignKey;
use crate::staging::{DatabasePlan, DatabaseRecord, Manifest, Plan, SegmentReader, TablePlan, TableRecord};
use crate::store::Store;

/// How many rows of the diff are read at a time.
const BATCH_ROWS: usize = 4096;

/// So many rows that stand against a part are named.
const NAMED: usize = 10;

/// Why a row stays merged that nobody asked for.
pub(super) const NOT_ASKED: &str = "not asked for";

/// Which rows of a merge are to be taken back. Nothing named: all of them.
#[derive(Clone, Debug, Default)]
pub struct UndoOf {
    /// Only in these databases; in all where none is named.
    pub databases: Vec<String>,
    /// Only of the tables that one of these means, as `schema.name` with `*` for any text; of all where there is none.
    pub tables: Vec<String>,
    /// Only those with one of these keys, each a value for each column, as `failback show` prints it.
    pub rows: Vec<Vec<(String, String)>>,
    /// Take along what the same merge wrote around them: children of rows that go, parents of rows that come back.
    pub unit: bool,
}

impl UndoOf {
    /// Whether all rows are meant.
    #[must_use]
    pub const fn is_everything(&self) -> bool {
        self.databases.is_empty() && self.tables.is_empty() && self.rows.is_empty()
    }

    /// Whether rows of a database may be meant.
    pub(super) fn means_any(&self, part: &DatabasePlan) -> bool {
        self.is_everything() || part.tables.iter().any(|table| self.means_table(&part.name, &table.name.to_string()))
    }

    /// Whether rows of a table are meant.
    pub(super) fn means_table(&self, database: &str, table: &str) -> bool {
        let is_here = self.databases.is_empty() || self.databases.iter().any(|name| name == database);
        is_here && (self.tables.is_empty() || self.tables.iter().any(|glob| Glob::new(glob).matches(table)))
    }

    /// Takes those out of some rows that are left whose table is not meant: they stay as nobody asked for them. Returns how
    /// many.
    pub(super) fn keep_unmeant(&self, database: &str, left: &mut Vec<LeftRows>) -> u64 {
        let mut kept = 0;
        left.retain(|rows| {
            let is_meant = self.means_table(database, &rows.table);
            kept += if is_meant { 0 } else { rows.rows };
            is_meant
        });
        kept
    }

    /// Says of each row of a table's diff whether it is meant; `actions` are what the plan did with them.
    ///
    /// # Errors
    /// `Usage` where a key is none of the table's; `Damaged` where a file of the diff is not what was written.
    pub(super) fn meant(
        &self,
        store: &dyn Store,
        database: &str,
        (table, record): (&TablePlan, &TableRecord),
        actions: &[Action],
    ) -> Result<Vec<bool>> {
        if !self.means_table(database, &table.name.to_string()) {
            return Ok(vec![false; actions.len()]);
        }
        if self.rows.is_empty() {
            return Ok(vec![true; actions.len()]);
        }
        let mut meant = vec![false; actions.len()];
        for (_, row) in self.find(store, (table, record))? {
            if let Some(meant) = meant.get_mut(row) {
                *meant = true;
            }
        }
        Ok(meant)
    }

    /// Finds the rows of a table's diff that have one of the keys, each with the key's number.
    fn find(&self, store: &dyn Store, (table, record): (&TablePlan, &TableRecord)) -> Result<Vec<(usize, usize)>> {
        let keys = self.rows.iter().map(|row| expect_key(record, row)).collect::<Result<Vec<_>>>()?;
        let positions = key_positions(&record.layout, &record.key.names())?;
        let encoder = BatchEncoder::new(&record.layout);
        let unreadable = |error| Error::new(ErrorKind::Damaged, "read the diff").because(error);
        let (mut found, mut first) = (Vec::new(), 0);
        for segment in &table.diff {
            for batch in SegmentReader::open_projected(store, segment, BATCH_ROWS, &["old", "new"])? {
                let batch = batch?;
                let (old, new) = (Image::read(&batch, "old")?, Image::read(&batch, "new")?);
                let sides = [(&old, view(&encoder, &old.rows)?), (&new, view(&encoder, &new.rows)?)];
                for row in 0..batch.num_rows() {
                    let Some((_, side)) = sides.iter().find(|(image, _)| image.present.value(row)) else { continue };
                    let mut texts = Vec::new();
                    for position in &positions {
                        match side.shown(row, *position).map_err(unreadable)? {
                            Shown::Text(text) => texts.push(text),
                            Shown::Null | Shown::Wire(_) => {}
                        }
                    }
                    found.extend(keys.iter().position(|key| *key == texts).map(|key| (key, first + row)));
                }
                first += batch.num_rows();
            }
        }
        Ok(found)
    }

    /// Expects that the plan has written something of what is meant, before any server is asked.
    ///
    /// # Errors
    /// `Usage` where it has not.
    pub(super) fn expect_meant(&self, store: &dyn Store, plan: &Plan, manifest: &Manifest) -> Result<()> {
        if self.is_everything() {
            return Ok(());
        }
        let usage = |cause: String| Error::new(ErrorKind::Usage, "choose what to take back").because(cause);
        let (mut tables, mut written) = (0, vec![false; self.rows.len()]);
        for part in &plan.databases {
            let Some(record) = manifest.database(&part.name) else { continue };
            for table in part.tables.iter().filter(|table| self.means_table(&part.name, &table.name.to_string())) {
                tables += 1;
                if self.rows.is_empty() || table.diff.is_empty() {
                    continue;
                }
                let actions = planned_actions(store, table)?;
                for (key, row) in self.find(store, (table, record.table(table.id)?))? {
                    written[key] |= actions.get(row).is_some_and(|action| action.writes());
                }
            }
        }
        if tables == 0 {
            return Err(usage("the plan has no table that is meant".to_owned()).next("`failback show` lists the tables"));
        }
        match written.iter().position(|written| !written) {
            None => Ok(()),
            Some(at) => {
                let key = self.rows[at].iter().map(|(name, value)| (name.as_str(), value.as_str()));
                Err(usage(format!("the plan writes no row {}", write_key(key)))
                    .next("`failback explain TABLE KEY` says what is known of a row"))
            }
        }
    }
}

/// The values of a key in the order of the table's.
fn expect_key(record: &TableRecord, row: &[(String, String)]) -> Result<Vec<String>> {
    let names = record.key.names();
    let value = |name: &str| row.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let values: Option<Vec<_>> = names.iter().map(|name| value(name.as_str())).collect();
    values.filter(|values| values.len() == row.len()).ok_or_else(|| {
        let names: Vec<_> = names.iter().map(ToString::to_string).collect();
        Error::new(ErrorKind::Usage, "choose what to take back")
            .at(&record.name)
            .because(format!("its key is {}, and the row is named by other columns", names.join(", ")))
            .next("write the key as `column=value`, with commas between its columns, and its table with --tables")
    })
}

/// Chooses the rows that are to be taken back, one flag a row of each draft; nothing where all of them are.
pub(super) fn choose(
    store: &dyn Store,
    (part, record): (&DatabasePlan, &DatabaseRecord),
    drafts: &[Draft<'_>],
    (of, keys): (&UndoOf, &[ForeignKey]),
) -> Result<Option<Vec<Vec<bool>>>> {
    if of.is_everything() {
        return Ok(None);
    }
    let mut chosen = Vec::new();
    for (table, draft) in part.tables.iter().zip(drafts) {
        chosen.push(of.meant(store, &record.name, (table, record.table(table.id)?), &draft.actions)?);
    }
    if of.unit {
        grow_units(store, drafts, keys, &mut chosen)?;
    }
    Ok(Some(chosen))
}

/// Counts the rows that are chosen and that an undo has before it.
pub(super) fn meant_rows(drafts: &[Draft<'_>], chosen: &[Vec<bool>]) -> u64 {
    let meant = |(draft, chosen): (&Draft<'_>, &Vec<bool>)| {
        draft.actions.iter().zip(chosen).filter(|(action, chosen)| action.writes() && **chosen).count() as u64
    };
    drafts.iter().zip(chosen).map(meant).sum()
}

/// Leaves what foreign keys, unique values and strangers do not allow. Of a part, first as if everything were taken back: what
/// is left beyond that is left as others were not asked for.
pub(super) async fn close(
    context: &Context,
    database: &str,
    (drafts, planned): (&mut [Draft<'_>], &[Vec<Action>]),
    strangers: &Strangers,
    (of, chosen): (&UndoOf, Option<&[Vec<bool>]>),
) -> Result<()> {
    let (servers, store, reporter) = (context.servers(), context.store(), context.reporter());
    let before: Vec<_> = drafts.iter().map(|draft| (draft.actions.clone(), draft.whys.clone())).collect();
    let sandbox = Sandbox::open(servers, database).await?;
    hold_closure(sandbox, store, reporter, drafts, Direction::Back, strangers).await?;
    let Some(chosen) = chosen else { return Ok(()) };
    let whole: Vec<_> = drafts.iter().map(|draft| draft.actions.clone()).collect();
    for (at, (actions, whys)) in before.into_iter().enumerate() {
        (drafts[at].actions, drafts[at].whys) = (actions, whys);
        for row in (0..planned[at].len()).filter(|row| planned[at][*row].writes() && !chosen[at][*row]) {
            drafts[at].hold(row, NOT_ASKED);
        }
    }
    let sandbox = Sandbox::open(servers, database).await?;
    hold_closure(sandbox, store, reporter, drafts, Direction::Back, strangers).await?;
    let mut tied = Vec::new();
    for ((draft, whole), chosen) in drafts.iter().zip(&whole).zip(chosen) {
        let is_tied = |row: usize| chosen[row] && whole[row].writes() && draft.actions[row] == Action::Hold;
        let of_tied: Vec<_> = (0..whole.len()).map(|row| if is_tied(row) { Action::Delete } else { Action::KeepOld }).collect();
        tied.extend(left_rows(store, draft, &of_tied)?);
    }
    expect_whole(&tied, of.unit)
}

/// Refuses to tear apart what a merge wrote as one. `tied` are the rows that were asked for and cannot be taken back alone.
///
/// # Errors
/// `Refused` where there are such rows.
pub(super) fn expect_whole(tied: &[LeftRows], unit: bool) -> Result<()> {
    let rows: u64 = tied.iter().map(|rows| rows.rows).sum();
    if rows == 0 {
        return Ok(());
    }
    let (one, many) = ("1 row hangs".to_owned(), format!("{rows} rows hang"));
    let mut said =
        format!("{} on rows that the same merge wrote and that were not asked for", if rows == 1 { one } else { many });
    for one in tied.iter().take(NAMED) {
        let keys: Vec<_> = one.keys.iter().take(NAMED).map(String::as_str).collect();
        let more = if one.rows > keys.len() as u64 { ", …" } else { "" };
        said.extend(["; ", &one.table, ": ", &keys.join("; "), more, ": ", &one.why]);
    }
    let error = Error::new(ErrorKind::Refused, "take a part of the merge back").because(said);
    Err(if unit {
        error.next("name the tables or rows that are named there, too")
    } else {
        error
            .next("take what the merge wrote around them along: the same command with --unit")
            .next("or name the tables or rows that are named there, too")
    })
}
