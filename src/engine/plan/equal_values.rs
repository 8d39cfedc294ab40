//! Which children refer to which parents, as OLD's own equality says it.
//!
//! Equal values are mostly printed alike, so that digests of their texts tell. Where they are not (citext, a `numeric` without
//! a scale, a child of another type than its parent's), OLD is asked: the texts go there, and its foreign key's own operators
//! say which belong together.

use super::delta_tables::TableDeltas;
use super::draft::Draft;
use super::row_values::each_text;
use crate::error::{Place as _, Result};
use crate::name::Ident;
use crate::schema::{Column, ForeignKey};
use crate::statement::{self, GivenValues};
use crate::store::Store;

/// How many values of each end are sent in one statement.
const SENT: usize = 4096;

/// Rows of a diff, by position, with the values of some of their columns.
pub(crate) type RowTexts = Vec<(usize, Vec<String>)>;

/// Whether values of a foreign key that OLD calls equal are always printed alike, on both of its ends.
pub(crate) fn print_alike(key: &ForeignKey, parent: &Draft<'_>, child: &Draft<'_>) -> bool {
    let ends = key.parent_columns.iter().zip(&key.child_columns);
    let known = |(referenced, referring): (&Ident, &Ident)| {
        Some((parent.record.old.column(referenced)?, child.record.old.column(referring)?))
    };
    !key.period && ends.map(known).all(|columns| columns.is_some_and(|(parent, child)| are_alike(parent, child)))
}

fn are_alike(parent: &Column, child: &Column) -> bool {
    let is_integer =
        |column: &Column| column.data_type.builtin && matches!(column.data_type.base.as_str(), "int2" | "int4" | "int8");
    let of_one_type = parent.data_type.bare_sql == child.data_type.bare_sql || is_integer(parent) && is_integer(child);
    of_one_type && parent.equal_prints_alike() && child.equal_prints_alike()
}

/// Reads some columns of one image of a draft's rows; those with a NULL among them refer to nothing. `keep` makes of the texts
/// what is kept of them.
pub(crate) fn values<V>(
    store: &dyn Store,
    draft: &Draft<'_>,
    (columns, image): (&[Ident], &str),
    keep: impl Fn(Vec<String>) -> V,
) -> Result<Vec<(usize, V)>> {
    let mut found = Vec::new();
    each_text(store, draft, columns, image, |row, _, texts| found.extend(texts.map(|texts| (row, keep(texts)))))?;
    Ok(found)
}

/// Finds the parents and children among some values that belong together, as pairs of their positions.
pub(crate) async fn pairs(
    deltas: &TableDeltas<'_>,
    key: &ForeignKey,
    (parent, parents): (&Draft<'_>, &RowTexts),
    (child, children): (&Draft<'_>, &RowTexts),
) -> Result<Vec<(usize, usize)>> {
    let types = |draft: &Draft<'_>, columns: &[Ident]| -> Vec<String> {
        let column = |name: &Ident| draft.record.old.column(name).map(|column| column.data_type.bare_sql.clone());
        columns.iter().map(|name| column(name).unwrap_or_else(|| "text".to_owned())).collect()
    };
    let (of_parents, of_children) = (types(parent, &key.parent_columns), types(child, &key.child_columns));
    let mut found = Vec::new();
    for some in parents.chunks(SENT) {
        for few in children.chunks(SENT) {
            let (some, few) = (GivenValues { rows: some, types: &of_parents }, GivenValues { rows: few, types: &of_children });
            let asked = paired(deltas, key, some, few).await;
            found.extend(asked.place(|| &key.name)?);
        }
    }
    Ok(found)
}

/// Asks OLD which belong together. Values that are none of OLD's types, or that its encoding has no characters for, are
/// nobody's.
async fn paired(
    deltas: &TableDeltas<'_>,
    key: &ForeignKey,
    parents: GivenValues<'_>,
    children: GivenValues<'_>,
) -> Result<Vec<(usize, usize)>> {
    if let Some(found) = deltas.position_pairs(&statement::referring_values(key, parents, children)).await? {
        return Ok(found);
    }
    let (some, few) = (readable(deltas, parents).await?, readable(deltas, children).await?);
    let (some, few) = (GivenValues { rows: &some, ..parents }, GivenValues { rows: &few, ..children });
    Ok(deltas.position_pairs(&statement::referring_values(key, some, few)).await?.unwrap_or_default())
}

/// Picks the values that OLD can read.
async fn readable(deltas: &TableDeltas<'_>, values: GivenValues<'_>) -> Result<RowTexts> {
    let (mut waiting, mut found) = (vec![values.rows], Vec::new());
    while let Some(part) = waiting.pop() {
        if part.is_empty() {
            continue;
        }
        if deltas.position_pairs(&statement::read_values(GivenValues { rows: part, ..values })).await?.is_some() {
            found.extend_from_slice(part);
        } else if part.len() > 1 {
            let (left, right) = part.split_at(part.len() / 2);
            waiting.extend([right, left]);
        }
    }
    Ok(found)
}
