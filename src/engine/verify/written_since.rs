//! Rows that are not as the merge left them: told apart by whether another transaction than the merge's wrote them last.

use super::around::Broken;
use super::verified_table::VerifiedTable;
use crate::engine::rows::one_key;
use crate::error::Result;
use crate::pg::Session;
use crate::statement::{self, RowSource};

/// Rows that were read back.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    /// How many.
    pub(crate) rows: u64,
    /// How many of them were found where the merge had put them.
    pub(crate) by_place: u64,
    /// Those that are something else than the plan promised, and that nobody else is known to have written since.
    pub(crate) mismatched: Rows,
    /// Those that others have written or deleted since.
    pub(crate) written_since: Rows,
    /// Those of a table without a key that are gone, until it is [settled](Self::settle) which of the two they are.
    gone: Rows,
    /// The foreign keys of which a child without a parent is among them, or around them.
    pub(super) broken_keys: Broken,
    /// How many copies are there that the merge wrote and that were promised, of a table without a key.
    own: u64,
    /// The row whose copies came last, by its digest, and how many of them were promised so far.
    run: (String, i64),
}

/// Some rows, with as many of their keys as a report lists.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) count: u64,
    pub(crate) keys: Vec<String>,
}

impl Rows {
    fn add(&mut self, key: String) {
        self.count += 1;
        if self.keys.len() < VerifiedTable::MOST_KEYS {
            self.keys.push(key);
        }
    }

    /// Adds others.
    pub(crate) fn extend(&mut self, other: Self) {
        self.count += other.count;
        let room = VerifiedTable::MOST_KEYS - self.keys.len().min(VerifiedTable::MOST_KEYS);
        self.keys.extend(other.keys.into_iter().take(room));
    }
}

impl Checked {
    /// Takes in rows whose key, which nothing keeps unique, is there more than once by now: the merge left none so.
    pub(crate) fn add_doubled(&mut self, keys: &[Vec<String>], doubled: &[usize]) {
        for row in doubled {
            self.written_since.add(one_key(keys, *row));
        }
    }

    /// Adds what was found of other rows.
    pub(crate) fn extend(&mut self, other: Self) {
        self.rows += other.rows;
        self.by_place += other.by_place;
        self.mismatched.extend(other.mismatched);
        self.written_since.extend(other.written_since);
        self.gone.extend(other.gone);
        self.own += other.own;
        self.broken_keys.extend(other.broken_keys);
    }

    /// Counts copies of a table without a key that the merge wrote and that were promised, given by their keys, in the keys'
    /// order.
    pub(crate) async fn count_own(
        &mut self,
        old: &Session,
        source: RowSource<'_>,
        merged_in: &[i64],
        keys: &[Vec<String>],
    ) -> Result<()> {
        let Some(digests) = keys.first().filter(|_| !merged_in.is_empty()) else { return Ok(()) };
        let found = old.query(&statement::own_copies(source, merged_in, keys), &[]).await?;
        for (digest, row) in digests.iter().zip(found) {
            if self.run.0 != *digest {
                self.run = (digest.clone(), 0);
            }
            self.run.1 += 1;
            self.own += u64::from(self.run.1 <= row.get::<_, i64>(0));
        }
        Ok(())
    }

    /// Tells rows apart that are not as promised, given by the positions of their keys; `deletes` says that they were to be
    /// gone. The merge was committed with all its rows: one that is gone was deleted since, and a copy that has come again is
    /// others', unless the merge wrote it itself. Without the merge's transactions nothing is known.
    pub(crate) async fn tell_apart(
        &mut self,
        old: &Session,
        source: RowSource<'_>,
        (merged_in, deletes): (&[i64], bool),
        (keys, broken): (&[Vec<String>], &[usize]),
    ) -> Result<()> {
        if broken.is_empty() {
            return Ok(());
        }
        let keys: Vec<Vec<String>> = keys.iter().map(|values| broken.iter().map(|at| values[*at].clone()).collect()).collect();
        let mut since = vec![false; broken.len()];
        match (merged_in.is_empty(), source.key.is_whole_row()) {
            (true, _) => {}
            (false, true) if !deletes => {
                (0..broken.len()).for_each(|row| self.gone.add(one_key(&keys, row)));
                return Ok(());
            }
            (false, true) => {
                let found = old.query(&statement::own_copies(source, merged_in, &keys), &[]).await?;
                since = found.iter().map(|row| row.get::<_, i64>(0) == 0).collect();
            }
            (false, false) => {
                let query = statement::counterparts(source, &statement::is_written_by_none(merged_in), &keys);
                for (known, row) in since.iter_mut().zip(old.query(&query, &[]).await?) {
                    let (is_there, by_another) = (row.get::<_, bool>(0), row.get::<_, Option<bool>>(1));
                    *known = !is_there || by_another == Some(true);
                }
            }
        }
        for (row, since) in since.into_iter().enumerate() {
            let rows = if since { &mut self.written_since } else { &mut self.mismatched };
            rows.add(one_key(&keys, row));
        }
        Ok(())
    }

    /// Settles what is gone of a table without a key. As long as every row of the merge's that is there is one that was
    /// promised, somebody deleted or changed copies since; else the merge wrote others.
    pub(crate) async fn settle(&mut self, old: &Session, source: RowSource<'_>, merged_in: &[i64]) -> Result<()> {
        let gone = std::mem::take(&mut self.gone);
        if merged_in.is_empty() || gone.count == 0 {
            return Ok(());
        }
        let found = old.query(&statement::rows_written_by(source, merged_in), &[]).await?;
        let all = found.first().map_or(0, |row| u64::try_from(row.get::<_, i64>(0)).unwrap_or(0));
        let rows = if all > self.own { &mut self.mismatched } else { &mut self.written_since };
        rows.extend(gone);
        Ok(())
    }
}
