//! The numbers of copies in a table without a key, once copies have come or gone on OLD since they were staged.
//!
//! Copies are alike, so that which of them has which number means nothing, and the numbers only say how many NEW has more, or
//! fewer, than OLD had. What is about so many further copies is about those behind the ones that OLD has by now; what is about
//! so many copies of OLD's is about its last ones. Memory: one digest beside the batch.

use std::sync::Arc;

use arrow_array::{Int64Array, RecordBatch};

use super::staged::Staged;
use crate::error::{Error, ErrorKind, Result};
use crate::pg::Session;
use crate::schema::ComparisonKey;
use crate::statement::{RowSource, copies};

/// Numbers the copies of one staged segment anew, in which all copies of a row are one behind the other.
pub(super) struct Copies {
    staged: Staged,
    /// The digest of the last row that was looked at, and the first number that was staged of it.
    last: (String, i64),
}

impl Copies {
    /// Nothing where rows have a key.
    pub(super) fn of(key: &ComparisonKey, staged: Staged) -> Option<Self> {
        key.is_whole_row().then(|| Self { staged, last: (String::new(), 0) })
    }

    /// Numbers a batch anew, of which `at` is the column of the numbers, and its keys.
    ///
    /// # Errors
    /// Whatever OLD says; `Damaged` where a number is none.
    pub(super) async fn renumber(
        &mut self,
        old: &Session,
        source: RowSource<'_>,
        (batch, at): (&RecordBatch, usize),
        keys: &[Vec<String>],
    ) -> Result<(RecordBatch, Vec<Vec<String>>)> {
        let damaged = |cause: String| Error::new(ErrorKind::Damaged, "number copies of rows").because(cause);
        let [digests, staged] = keys else { return Err(damaged("the key has other columns".to_owned())) };
        let there = old.query(&copies(source, keys), &[]).await?;
        let mut numbers = Vec::new();
        for ((digest, number), there) in digests.iter().zip(staged).zip(there) {
            let number: i64 = number.parse().map_err(|_| damaged(format!("{number} is no number")))?;
            if self.last.0 != *digest {
                self.last = (digest.clone(), number);
            }
            numbers.push(renumbered(self.staged, number, self.last.1, there.get(0)));
        }
        let texts = numbers.iter().map(i64::to_string).collect();
        let mut columns = batch.columns().to_vec();
        columns[at] = Arc::new(Int64Array::from(numbers));
        let batch = RecordBatch::try_new(batch.schema(), columns).map_err(|error| damaged(error.to_string()))?;
        Ok((batch, vec![digests.clone(), texts]))
    }
}

/// The number of a copy that was staged as the `number`-th, where the first that was staged of its kind was the `first`-th, and
/// OLD has so many by now.
fn renumbered(staged: Staged, number: i64, first: i64, there: i64) -> i64 {
    match staged {
        Staged::Rows => number - (first - 1 - there).max(0),
        Staged::Keys if number <= there => there - (number - first),
        // Gone by now.
        Staged::Keys => number,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_on_behind_the_copies_that_are_there() {
        let numbered = |staged, there| [4, 5].map(|number| renumbered(staged, number, 4, there));
        // OLD had three, and NEW has five.
        assert_eq!(numbered(Staged::Rows, 3), [4, 5]);
        assert_eq!(numbered(Staged::Rows, 4), [4, 5], "one of them is there by now");
        assert_eq!(numbered(Staged::Rows, 1), [2, 3]);
        assert_eq!(numbered(Staged::Rows, 0), [1, 2]);
        // OLD had five, and NEW has three.
        assert_eq!(numbered(Staged::Keys, 5), [5, 4]);
        assert_eq!(numbered(Staged::Keys, 7), [7, 6]);
        assert_eq!(numbered(Staged::Keys, 4), [4, 5], "one of them is gone by now");
        assert_eq!(numbered(Staged::Keys, 2), [4, 5]);
    }
}
