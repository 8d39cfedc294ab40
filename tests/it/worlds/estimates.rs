//! Worlds that estimate which transactions were over at the cutover: one table in them is written by a transaction every few
//! minutes that stamps its row, until shortly before the cutover and from then on.

use failback::name::{Side, Sided};
use jiff::SignedDuration;

use super::journey::Journey;
use crate::support::block_on;

/// One world in so many estimates, of those that are not marked.
const EVERY: u64 = 6;

/// How many rows are written before the cutover, and minutes from one to the next.
const BEATS: i64 = 12;
const STEP: i64 = 4;

/// How many minutes before the cutover the last of them is: more than twice the overlap.
const LAST: i64 = 16;

/// Whether a world estimates.
pub(super) const fn is_estimated(seed: u64) -> bool {
    seed % EVERY == 4
}

impl Journey<'_> {
    /// Lets both sides be written honestly until the cutover, and goes on. The rows are the same on both.
    pub(super) fn beat(&mut self) {
        let mut statements = vec!["create table beats (id int primary key, created_at timestamptz not null)".to_owned()];
        let insert = |number: i64, minutes: i64| {
            let at = self.cutover + SignedDuration::from_mins(minutes);
            format!("insert into beats values ({number}, '{at}')")
        };
        statements.extend((0..BEATS).map(|number| insert(number, (number - BEATS + 1) * STEP - LAST)));
        let after = insert(BEATS, 1);
        self.send_all(&statements);
        self.at_cutover = Some(Sided::of(|side| (self.snapshot(side), self.writers(side))));
        self.send_all(&[after]);
        self.log.push("-- estimated".to_owned());
    }

    fn send_all(&self, statements: &[String]) {
        for (side, statement) in Side::BOTH.into_iter().flat_map(|side| statements.iter().map(move |one| (side, one))) {
            block_on(self.clients(side)[0].batch_execute(statement)).expect(statement);
        }
    }
}
