//! Rows that are not as the merge left them: told apart by whether another transaction than the merge's wrote them last.

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
    /// Those that are something else than the plan promised, and that nobody else is known to have written since.
    pub(crate) mismatched: Rows,
    /// Those that others have written or deleted since.
    pub(crate) written_since: Rows,
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
    /// Adds what was found of other rows.
    pub(crate) fn extend(&mut self, other: Self) {
        self.rows += other.rows;
        self.mismatched.extend(other.mismatched);
        self.written_since.extend(other.written_since);
    }

    /// Tells rows apart that are not as promised, given by the positions of their keys. The merge was committed with all its
    /// rows: one that is gone was deleted since. Without the merge's transaction, and of rows without a key, nothing is known.
    pub(crate) async fn tell_apart(
        &mut self,
        old: &Session,
        source: RowSource<'_>,
        merged_in: Option<i64>,
        (keys, broken): (&[Vec<String>], &[usize]),
    ) -> Result<()> {
        if broken.is_empty() {
            return Ok(());
        }
        let keys: Vec<Vec<String>> = keys.iter().map(|values| broken.iter().map(|at| values[*at].clone()).collect()).collect();
        let mut since = vec![false; broken.len()];
        if let Some(transaction) = merged_in.filter(|_| !source.key.is_whole_row()) {
            let query = statement::counterparts(source, &statement::is_written_by_another(transaction), &keys);
            for (known, row) in since.iter_mut().zip(old.query(&query, &[]).await?) {
                let (is_there, by_another) = (row.get::<_, bool>(0), row.get::<_, Option<bool>>(1));
                *known = !is_there || by_another == Some(true);
            }
        }
        for (row, since) in since.into_iter().enumerate() {
            let rows = if since { &mut self.written_since } else { &mut self.mismatched };
            rows.add(one_key(&keys, row));
        }
        Ok(())
    }
}
