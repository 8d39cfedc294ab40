//! Whether a database was written between its dump and the swap: by the server's counters, table by table, read before the dump
//! begins, and once more when nobody but us is connected.
//!
//! The database is kept whole whatever they say; they say what is in it and not in its dump. Sessions report what they wrote
//! within a moment of it, and when they end, so that what was written just before the dump may be counted as written since;
//! what was written since is never passed over, but where the counters were set back, which is said.

use crate::catalog::{self, WrittenCount};
use crate::error::Result;
use crate::pg::Session;
use crate::text::amount;

/// The counters of a database before its dump.
pub(super) struct Before(Vec<WrittenCount>);

impl Before {
    /// Reads them.
    ///
    /// # Errors
    /// What the server said.
    pub(super) async fn read(session: &Session) -> Result<Self> {
        Ok(Self(catalog::written_counts(session.client()).await?))
    }

    /// Reads them again, and says what was written since, a line a table; or that it is not known.
    ///
    /// # Errors
    /// What the server said.
    pub(super) async fn since(&self, session: &Session) -> Result<Vec<String>> {
        Ok(compare(&self.0, &catalog::written_counts(session.client()).await?))
    }
}

fn compare(before: &[WrittenCount], now: &[WrittenCount]) -> Vec<String> {
    let mut found = Vec::new();
    let is_counted = |counts: &[WrittenCount]| counts.iter().all(|one| one.counts);
    let mut not_known = !is_counted(before) || !is_counted(now);
    for one in now {
        let then = before.iter().find(|then| then.oid == one.oid);
        let more = |of: fn(&WrittenCount) -> i64| of(one) - then.map_or(0, of);
        let written = [more(|one| one.inserted), more(|one| one.updated), more(|one| one.deleted)];
        not_known |= written.iter().any(|rows| *rows < 0);
        let words = ["inserted", "updated", "deleted"];
        let said: Vec<_> = written
            .iter()
            .zip(words)
            .filter(|(rows, _)| **rows > 0)
            .map(|(rows, word)| format!("{} {word}", amount::count(rows.unsigned_abs())))
            .collect();
        if !said.is_empty() {
            found.push(format!("{}: {}", one.table, said.join(", ")));
        }
    }
    let gone = before.iter().filter(|then| !now.iter().any(|one| one.oid == then.oid));
    found.extend(gone.map(|then| format!("{}: it was dropped", then.table)));
    if not_known {
        found
            .push("whether more was written is not known: the server does not count, or its counters were set back".to_owned());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(oid: u32, inserted: i64, updated: i64) -> WrittenCount {
        WrittenCount { oid, table: format!("public.t{oid}"), inserted, updated, deleted: 0, counts: true }
    }

    #[test]
    fn what_was_written_since_is_said_by_table() {
        let before = [count(1, 5, 5), count(2, 7, 0), count(4, 0, 0)];
        let now = [count(1, 8, 6), count(2, 7, 0), count(3, 1, 0)];
        assert_eq!(
            compare(&before, &now),
            ["public.t1: 3 inserted, 1 updated", "public.t3: 1 inserted", "public.t4: it was dropped"]
        );
        assert!(compare(&before[..2], &before[..2]).is_empty());
    }

    #[test]
    fn counters_that_were_set_back_or_stand_still_say_nothing() {
        assert!(compare(&[count(1, 5, 0)], &[count(1, 0, 0)])[0].contains("not known"));
        let off = [WrittenCount { counts: false, ..count(1, 5, 0) }];
        assert!(compare(&off, &off)[0].contains("not known"));
    }
}
