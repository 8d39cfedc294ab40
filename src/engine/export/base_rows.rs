//! BASE's rows for the keys that are staged, in a file beside each segment: what the diff needs to know of the cutover.

use crate::codec::{BatchEncoder, RowLayout};
use crate::engine::rows::counterpart::{bounded, fetch_all};
use crate::engine::rows::{
    KEYS_PER_STATEMENT, LazySegment, Target, base_schema, finding_names, key_layout, key_positions, key_texts,
};
use crate::engine::run::Reporter;
use crate::error::Result;
use crate::name::Side;
use crate::pg::Transaction;
use crate::staging::{Segment, SegmentReader, TableRecord};
use crate::statement::RowSource;

use super::key_walk::Found;
use super::stamped::StampTally;

/// Where BASE's rows of one table are read, and who is told.
pub(crate) struct BaseRows<'a> {
    pub(crate) reporter: &'a Reporter,
    pub(crate) base: &'a Transaction,
    pub(crate) table: &'a TableRecord,
    /// Where the chunk's rows went.
    pub(crate) target: Target,
    pub(crate) tally: StampTally,
}

impl BaseRows<'_> {
    /// Stages BASE's rows for everything that a chunk found.
    pub(crate) async fn stage(mut self, found: &mut Found) -> Result<()> {
        let keys = key_layout(&self.table.key);
        for segment in &mut found.candidates {
            segment.base = self.fetch(segment, &self.table.layout).await?.map(Box::new);
        }
        for segment in &mut found.absent {
            segment.base = self.fetch(segment, &keys).await?.map(Box::new);
        }
        found.stamped.add_base(self.tally.found());
        Ok(())
    }

    /// Reads BASE's rows for the keys of one segment, whose rows have a layout, in its order.
    async fn fetch(&mut self, segment: &Segment, layout: &RowLayout) -> Result<Option<Segment>> {
        let (store, record) = (self.target.store.clone(), self.table);
        let (encoder, positions) = (BatchEncoder::new(layout), key_positions(layout, &record.key.names())?);
        let source = RowSource::of(&record.old, &record.key, Side::Old);
        let target = Target { path: segment.file.path.replace(".parquet", "-base.parquet"), ..self.target.clone() };
        let mut file = LazySegment::new(target, base_schema(&record.layout));
        for batch in SegmentReader::open(store.as_ref(), segment, KEYS_PER_STATEMENT)? {
            for batch in bounded(&batch?) {
                self.reporter.check_stop()?;
                let texts = key_texts(&encoder, &batch, &positions)?;
                let reading = fetch_all(self.base, source, &record.layout, &texts);
                let found = finding_names(self.base, record.old.inlines(), reading).await?;
                self.tally.add(&found.rows);
                file.write(&found.to_base(&record.layout)?)?;
            }
        }
        file.finish()
    }
}
