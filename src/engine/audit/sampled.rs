//! A sample of the rows that stamps call unchanged, compared with OLD's.

use crate::codec::BatchEncoder;
use crate::delta;
use crate::engine::evidence::Stamps;
use crate::engine::rows::{Batches, KEYS_PER_STATEMENT, counterpart, key_layout};
use crate::engine::run::Reporter;
use crate::error::{Error, ErrorKind, Result};
use crate::name::{Side, Sided};
use crate::pg::Session;
use crate::staging::TableRecord;
use crate::statement::{self, RowSource};

use super::report::Measured;

/// Compares so many rows at most of those for which a condition on NEW's is true. `stamps` reads OLD's.
pub(super) async fn compare(
    (reporter, sessions): (&Reporter, Sided<&Session>),
    record: &TableRecord,
    stamps: &Stamps,
    (unseen, most): (&str, u32),
) -> Result<Measured> {
    let source = |side| RowSource::of(if side == Side::Old { &record.old } else { &record.new }, &record.key, side);
    let keys = key_layout(&record.key);
    let (encoder, positions) = (BatchEncoder::new(&keys), (0..keys.columns.len()).collect::<Vec<_>>());
    let query = statement::random_keys(source(Side::New), unseen, most);
    let mut picked = Vec::new();
    let mut stream = Batches::open(sessions.new, &statement::copy_binary(&query), &keys).await?;
    while let Some(batch) = stream.next().await? {
        picked.push(batch);
    }
    // A connection copies one thing at a time.
    drop(stream);
    let (mut rows, mut differ) = (0, 0);
    for batch in &picked {
        for from in (0..batch.num_rows()).step_by(KEYS_PER_STATEMENT) {
            reporter.check_stop()?;
            let part = batch.slice(from, KEYS_PER_STATEMENT.min(batch.num_rows() - from));
            let texts = counterpart::key_texts(&encoder, &part, &positions)?;
            let new = counterpart::fetch(sessions.new, source(Side::New), &record.layout, &texts).await?;
            let old = counterpart::fetch(sessions.old, source(Side::Old), &record.layout, &texts).await?;
            let mut differences = delta::compare(&old.rows, &new.rows)
                .map_err(|error| Error::new(ErrorKind::Malformed, "compare OLD's and NEW's rows").because(error))?;
            differences.keep(|column| record.layout.columns[column].is_carried());
            for row in 0..part.num_rows() {
                let (Some(olds), Some(_)) = (old.row(row), new.row(row)) else { continue };
                rows += 1;
                let is_olds_own = stamps.witness(olds, row).history().changed == Some(true);
                differ += u64::from(differences.any(row) && !is_olds_own);
            }
        }
    }
    Ok(Measured::Compare { rows, differ })
}
