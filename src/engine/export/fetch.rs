//! NEW's whole rows for keys that a comparison found.

use super::stamped::Stamped;
use super::subject::Subject;
use crate::codec::{BatchEncoder, RowLayout};
use crate::engine::rows::counterpart;
use crate::engine::rows::{Image, LazySegment, Target};
use crate::error::{Error, ErrorKind, Place, Result};
use crate::name::Side;
use crate::staging::{Segment, SegmentReader};
use crate::statement::RowSource;

/// How many keys are sent in one statement.
const FETCHED_KEYS: usize = 1024;

/// Fetches NEW's rows for keys that stand in scratch segments, tallies them, and removes the scratch.
pub(crate) async fn fetch_rows(
    subject: Subject<'_>,
    keys: &RowLayout,
    scratch: &[Segment],
    target: &Target,
) -> Result<(Vec<Segment>, Stamped)> {
    let (Subject { reporter, record, new, .. }, mut tally) = (subject, subject.tally.clone());
    let encoder = BatchEncoder::new(keys);
    let positions: Vec<_> = (0..keys.columns.len()).collect();
    let source = RowSource::of(&record.new, &record.key, Side::New);
    let rows_target = Target { path: target.path.replace(".parquet", "-rows.parquet"), ..target.clone() };
    let mut file = LazySegment::new(rows_target, record.layout.arrow_schema());
    for segment in scratch {
        for batch in SegmentReader::open(target.store.as_ref(), segment, FETCHED_KEYS)? {
            reporter.check_stop()?;
            let texts = counterpart::key_texts(&encoder, &batch?, &positions)?;
            let mut stream = counterpart::stream(new, source, &record.layout, &texts).await?;
            let (mut done, wanted) = (0, texts.first().map_or(0, Vec::len));
            // Written as they come: whole rows may be far wider than their keys.
            while done < wanted {
                // A server that sorts has looked at every row before it sends the first.
                let which = if done == 0 && wanted > 1 { "a row of those from the key" } else { "the row with the key" };
                let at_fault = || format!("{which} {}", counterpart::one_key(&texts, done));
                let Some(found) = stream.next().await.place(at_fault)? else { break };
                let image = Image::split(&found)?;
                if image.present.false_count() > 0 {
                    return Err(Error::new(ErrorKind::Malformed, "fetch rows by key")
                        .at(&record.name)
                        .because("NEW does not find rows by the keys that it has just sent, under the same snapshot"));
                }
                file.write(&image.rows)?;
                tally.add(&image.rows);
                done += found.num_rows();
            }
            stream.expect_end().await?;
            if done != wanted {
                return Err(Error::new(ErrorKind::Malformed, "fetch rows by key")
                    .at(&record.name)
                    .because(format!("NEW sent {done} rows for {wanted} keys")));
            }
        }
        target.store.remove_file(&segment.file.path)?;
    }
    Ok((file.finish()?.into_iter().collect(), tally.found()))
}
