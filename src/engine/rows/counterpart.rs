//! The other side's row for every key of a batch, in the batch's order: the one primitive under diff and verify.

use arrow_array::{BooleanArray, RecordBatch};

use super::image::{Image, flagged_layout, image_layout, placed_layout};
use super::stream::Batches;
use crate::codec::{BatchEncoder, RowLayout};
use crate::error::{Error, ErrorKind, Result};
use crate::name::Ident;
use crate::pg::{Session, Transaction, sqlstate};
use crate::statement::{self, RowSource};

/// What is asked of a row where nothing says which transactions were over at the cutover.
pub(crate) const NOT_ASKED: &str = "null::bool";

/// How many bytes of decoded rows one statement fetches counterparts for, by estimate.
const STATEMENT_BYTES: usize = 8 << 20;

/// How many keys are sent in one statement at most.
pub(crate) const KEYS_PER_STATEMENT: usize = 4096;

/// What a server says to the name of an object that it has not.
const UNKNOWN_NAME: [&str; 5] = ["42P01", "42704", "42883", "42725", "3F000"];

/// Whether a server has refused a value that its type or encoding does not hold (SQLSTATE class 22), or that names what it has
/// not: none of its rows has that value.
pub(crate) fn is_no_value(error: &Error) -> bool {
    sqlstate(error).is_some_and(|state| state.starts_with("22") || UNKNOWN_NAME.contains(&state))
}

/// Reads keys out of a batch as texts that the server takes as literals: one list a key column.
///
/// # Errors
/// `Refused` where a key column is NULL: such a row cannot be identified.
pub(crate) fn key_texts(encoder: &BatchEncoder, batch: &RecordBatch, key_columns: &[usize]) -> Result<Vec<Vec<String>>> {
    let unreadable = |error| Error::new(ErrorKind::Damaged, "read keys out of a staged file").because(error);
    let view = encoder.view(batch).map_err(unreadable)?;
    key_columns
        .iter()
        .map(|column| {
            (0..batch.num_rows())
                .map(|row| {
                    view.display(row, *column).map_err(unreadable)?.ok_or_else(|| {
                        Error::new(ErrorKind::Refused, "identify a row")
                            .because(format!("its key column {} is NULL", batch.schema().field(*column).name()))
                            .next("configure another key for the table in failback.toml")
                    })
                })
                .collect()
        })
        .collect()
}

/// Reads one side's rows for a list of keys, at most [`KEYS_PER_STATEMENT`] of them.
pub(crate) async fn fetch(session: &Session, source: RowSource<'_>, layout: &RowLayout, keys: &[Vec<String>]) -> Result<Image> {
    let query = statement::counterparts(source, &statement::select_list(layout, source.side, "t"), keys);
    read(session, &query, layout, keys.first().map_or(0, Vec::len)).await
}

/// Begins to read one side's rows for a list of keys, in the keys' order, as if there were none that a predicate (`but`)
/// selects; [`Image::split`] takes the batches.
pub(crate) async fn stream(
    session: &Session,
    source: RowSource<'_>,
    layout: &RowLayout,
    keys: &[Vec<String>],
    but: Option<&str>,
) -> Result<Batches> {
    let query = statement::counterparts_but(source, &statement::select_list(layout, source.side, "t"), keys, but);
    Batches::open(session, &statement::copy_binary(&query), &image_layout(layout)).await
}

/// The same, but all of them: each with what a predicate on the row `t` says, its relation and its block before the row.
pub(crate) async fn stream_placed(
    session: &Session,
    source: RowSource<'_>,
    layout: &RowLayout,
    keys: &[Vec<String>],
    flag: &str,
) -> Result<Batches> {
    let list = format!("{flag}, {}, {}", statement::PLACE, statement::select_list(layout, source.side, "t"));
    let query = statement::counterparts(source, &list, keys);
    Batches::open(session, &statement::copy_binary(&query), &image_layout(&placed_layout(layout))).await
}

/// Returns one key of a list, for people.
pub(crate) fn one_key(keys: &[Vec<String>], row: usize) -> String {
    keys.iter().filter_map(|values| values.get(row)).map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// As [`fetch`], from a server that may not have the characters of some of the keys, or what they name: none of its rows has
/// those. Says of each row also what `flag` says, an expression on the row `t`.
pub(crate) async fn fetch_known(
    session: &Transaction,
    source: RowSource<'_>,
    layout: &RowLayout,
    flag: &str,
    keys: &[Vec<String>],
) -> Result<(Image, BooleanArray)> {
    let list = format!("{flag}, {}", statement::select_list(layout, source.side, "t"));
    let flagged = flagged_layout(layout);
    let rows = keys.first().map_or(0, Vec::len);
    let (mut waiting, mut parts) = (vec![(0, rows)], Vec::new());
    while let Some((from, to)) = waiting.pop() {
        let part: Vec<Vec<String>> = keys.iter().map(|values| values[from..to].to_vec()).collect();
        let query = statement::counterparts(source, &list, &part);
        if !session.converts_text() && !source.key.names_objects() {
            parts.push(read(session, &query, &flagged, to - from).await?);
            continue;
        }
        let before = session.savepoint("fb_fetch").await?;
        match read(session, &query, &flagged, to - from).await {
            Ok(found) => {
                before.release().await?;
                parts.push(found);
            }
            Err(error) if is_no_value(&error) => {
                before.rollback_to().await?;
                if to - from == 1 {
                    parts.push(Image::nothing(&flagged.arrow_schema(), 1));
                } else {
                    let middle = from + (to - from) / 2;
                    waiting.extend([(middle, to), (from, middle)]);
                }
            }
            Err(error) => return Err(error),
        }
    }
    Image::join(&parts)?.split_flag()
}

/// As [`fetch_known`], and nothing more is said of the rows.
pub(crate) async fn fetch_all(
    session: &Transaction,
    source: RowSource<'_>,
    layout: &RowLayout,
    keys: &[Vec<String>],
) -> Result<Image> {
    fetch_known(session, source, layout, NOT_ASKED, keys).await.map(|(image, _)| image)
}

/// Cuts a batch so that its counterparts, which are about as wide, stay within [`STATEMENT_BYTES`].
pub(crate) fn bounded(batch: &RecordBatch) -> Vec<RecordBatch> {
    let rows = batch.num_rows();
    let width = batch.get_array_memory_size() / rows.max(1);
    let step = (STATEMENT_BYTES / width.max(1)).clamp(1, KEYS_PER_STATEMENT);
    (0..rows).step_by(step).map(|from| batch.slice(from, step.min(rows - from))).collect()
}

/// Reads as many rows as were asked for.
async fn read(session: &Session, query: &str, layout: &RowLayout, rows: usize) -> Result<Image> {
    let mut stream = Batches::open(session, &statement::copy_binary(query), &image_layout(layout)).await?;
    let batch = stream.take(rows).await?;
    stream.expect_end().await?;
    let found = Image::split(&batch)?;
    debug_assert_eq!(found.present.len(), rows);
    Ok(found)
}

/// Returns the positions of the key's columns within a layout.
///
/// # Errors
/// `Damaged` where the layout lacks one, which only a manifest that was edited can cause.
pub(crate) fn key_positions(layout: &RowLayout, key: &[Ident]) -> Result<Vec<usize>> {
    key.iter()
        .map(|name| {
            layout.columns.iter().position(|column| column.name == *name).ok_or_else(|| {
                Error::new(ErrorKind::Damaged, "read the manifest").because(format!("key column {name} is not a staged column"))
            })
        })
        .collect()
}
