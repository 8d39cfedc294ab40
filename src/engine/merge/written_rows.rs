//! Rows of OLD once they are written: read back within the transaction, and compared with what the plan promised, as `verify`
//! does after it.
//!
//! Memory: one batch of rows.

use arrow_array::BooleanArray;
use tracing::info;

use super::landing::Landing;
use super::table_merge::TableMerge;
use crate::engine::plan::Direction;
use crate::engine::rows::{Batches, Image, finding_names, image_layout, landed_layout};
use crate::engine::run::Reporter;
use crate::error::{Error, ErrorKind, Result};
use crate::name::Side;
use crate::pg::Session;
use crate::statement::{BY_ANY_JOIN, BY_INDEX, LANDED, copy_binary, select_list};
use crate::store::Store;

impl TableMerge<'_> {
    /// Expects every row that was written, or taken away, to be as planned. Of a table without a key the numbers of rows say it
    /// alone; and triggers that fire, because somebody asked for that, may have changed what was written.
    ///
    /// # Errors
    /// `Refused` where one is not.
    /// `landing` takes down where the rows lie.
    pub(crate) async fn expect_written(
        &self,
        (store, reporter, old): (&dyn Store, &Reporter, &Session),
        landing: &mut Option<Landing>,
    ) -> Result<()> {
        if self.record.key.is_whole_row() || self.fires {
            return Ok(());
        }
        self.hint(old, BY_INDEX).await?;
        let reading = self.written_otherwise((store, reporter, old), landing);
        let other = finding_names(old, self.record.old.inlines(), reading).await?;
        self.hint(old, BY_ANY_JOIN).await?;
        info!(table = %self.record.name, rows = self.wanted.sum(), other, "read back");
        if other == 0 {
            return Ok(());
        }
        let rows = if other == 1 { "1 row is" } else { &format!("{other} rows are") };
        Err(Error::new(ErrorKind::Refused, "compare what was written with the plan")
            .because(format!("{rows} not as planned once all was written: something on OLD has changed what was sent"))
            .next("look for functions with effects of their own behind the table's checks, indexes or generated columns")
            .next("then run the same command again, or hold the table's rows: `failback decide`"))
    }

    /// Counts the rows that are not as planned.
    async fn written_otherwise(
        &self,
        (store, reporter, old): (&dyn Store, &Reporter, &Session),
        landing: &mut Option<Landing>,
    ) -> Result<usize> {
        let layout = &self.record.layout;
        let list = format!("{LANDED}, {}", select_list(layout, Side::Old, "t"));
        let query = self.load.counterparts(&list, self.is_unguarded());
        let mut stream = Batches::open(old, &copy_binary(&query), &image_layout(&landed_layout(layout))).await?;
        let mut reader = self.reader(store)?;
        let mut other = 0;
        while let Some(changes) = reader.next()? {
            reporter.check_stop()?;
            let written: BooleanArray = changes.actions.iter().map(|action| Some(action.writes())).collect();
            if written.true_count() == 0 {
                landing.iter_mut().try_for_each(|landing| landing.pass(written.len()))?;
                continue;
            }
            let (found, places) = Image::split(&stream.take(written.true_count()).await?)?.split_landed()?;
            landing.iter_mut().try_for_each(|landing| landing.take(&written, &places))?;
            let change = changes.change(layout)?.select(&written)?;
            other += match self.direction {
                Direction::Forward => change.broken(&found, layout)?,
                Direction::Back => found.unlike(&change.before, |_, _| true)?,
            }
            .len();
        }
        stream.expect_end().await?;
        Ok(other)
    }
}
