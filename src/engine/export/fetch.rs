//! NEW's whole rows for keys that a comparison found.

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Int64Type, UInt32Type};
use arrow_array::{BooleanArray, RecordBatch};

use super::stamped::Stamped;
use super::subject::{Copied, Subject};
use crate::codec::{BatchEncoder, RowLayout};
use crate::engine::evidence::ChangedBlocks;
use crate::engine::rows::counterpart;
use crate::engine::rows::{Batches, Image, LazySegment, Target};
use crate::error::{Error, ErrorKind, Place, Result};
use crate::name::Side;
use crate::staging::{Segment, SegmentReader};
use crate::statement::{self, KeyRange, RowSource};

/// How many keys are sent in one statement.
const FETCHED_KEYS: usize = 1024;

/// Fetches NEW's rows for keys that stand in scratch segments or make up whole ranges, but for those that are copied whatever
/// their keys; tallies them, and removes the scratch.
pub(crate) async fn fetch_rows(
    subject: Subject<'_>,
    keys: &RowLayout,
    (scratch, ranges): (&[Segment], &[KeyRange]),
    target: &Target,
) -> Result<(Vec<Segment>, Stamped)> {
    let (Subject { reporter, record, new, .. }, mut tally) = (subject, subject.tally.clone());
    let but = match subject.copied {
        Some(Copied::Unflagged(predicate)) => Some(predicate.as_str()),
        _ => None,
    };
    let encoder = BatchEncoder::new(keys);
    let positions: Vec<_> = (0..keys.columns.len()).collect();
    let source = RowSource::of(&record.new, &record.key, Side::New);
    let rows_target = Target { path: target.path.replace(".parquet", "-rows.parquet"), ..target.clone() };
    let mut file = LazySegment::new(rows_target, record.layout.arrow_schema());
    for segment in scratch {
        for batch in SegmentReader::open(target.store.as_ref(), segment, FETCHED_KEYS)? {
            reporter.check_stop()?;
            let texts = counterpart::key_texts(&encoder, &batch?, &positions)?;
            let mut stream = match subject.copied {
                Some(Copied::Within(young, _)) => {
                    counterpart::stream_placed(new, source, &record.layout, &texts, young).await?
                }
                _ => counterpart::stream(new, source, &record.layout, &texts, but).await?,
            };
            let (mut done, wanted) = (0, texts.first().map_or(0, Vec::len));
            // Written as they come: whole rows may be far wider than their keys.
            while done < wanted {
                // A server that sorts has looked at every row before it sends the first.
                let which = if done == 0 && wanted > 1 { "a row of those from the key" } else { "the row with the key" };
                let at_fault = || format!("{which} {}", counterpart::one_key(&texts, done));
                let Some(found) = stream.next().await.place(at_fault)? else { break };
                let image = Image::split(&found)?;
                if but.is_some() {
                    let rows = image.select(&image.present)?.rows;
                    file.write(&rows)?;
                    tally.add(&rows);
                    done += found.num_rows();
                    continue;
                }
                if image.present.false_count() > 0 {
                    return Err(Error::new(ErrorKind::Malformed, "fetch rows by key")
                        .at(&record.name)
                        .because("NEW does not find rows by the keys that it has just sent, under the same snapshot"));
                }
                let rows = match subject.copied {
                    Some(Copied::Within(_, changed)) => unread(image, changed)?,
                    _ => image.rows,
                };
                file.write(&rows)?;
                tally.add(&rows);
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
    for range in ranges {
        reporter.check_stop()?;
        let list = statement::select_list(&record.layout, Side::New, "t");
        let query = statement::rows_between(source, *range, &list, but.unwrap_or("false"));
        let mut rows = Batches::open(new, &statement::copy_binary(&query), &record.layout).await?;
        while let Some(found) = rows.next().await? {
            file.write(&found)?;
            tally.add(&found);
        }
    }
    Ok((file.finish()?.into_iter().collect(), tally.found()))
}

/// Takes the rows that were not read with the changed blocks, and off them what says so: whether each is young, and its place.
fn unread(image: Image, changed: &ChangedBlocks) -> Result<RecordBatch> {
    let (image, young) = image.split_flag()?;
    let relations = image.rows.column(0).as_primitive::<UInt32Type>().clone();
    let blocks = image.rows.column(1).as_primitive::<Int64Type>().clone();
    let is_read = |row: usize| {
        young.value(row) && u64::try_from(blocks.value(row)).is_ok_and(|block| changed.include(relations.value(row), block))
    };
    let unread: BooleanArray = (0..young.len()).map(|row| Some(!is_read(row))).collect();
    let rows = image.select(&unread)?.rows;
    let malformed = |error| Error::new(ErrorKind::Malformed, "split a batch of rows").because(error);
    rows.project(&(2..rows.num_columns()).collect::<Vec<_>>()).map_err(malformed)
}
