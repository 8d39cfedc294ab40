//! Referential closure: rows that foreign keys tie together are applied together or held together.
//!
//! A child that refers to a row which will not be on OLD would be refused by the foreign key, or worse: it would be adopted by
//! the different row that OLD has under the same key. And a parent cannot go while OLD still has children of it. Both are
//! found here, before anything is written, and held with the foreign key's name as the reason.

use super::draft::Draft;
use std::collections::HashSet;

use super::delta_tables::TableDeltas;
use super::uniqueness;
use crate::codec::{BatchEncoder, BatchView, CodecError};
use crate::delta::{Base, Class};
use crate::engine::diff::read_words;
use crate::engine::rows::Image;
use crate::engine::run::Context;
use crate::error::{Error, ErrorKind, Place, Result};
use crate::name::Ident;
use crate::policy::Action;
use crate::schema::ForeignKey;
use crate::staging::SegmentReader;
use crate::statement;
use crate::store::Store;

/// A value of a foreign key's columns, as 128 bits of its digest.
type Value = [u8; 16];

/// Holds every row for which its parents, its children or its neighbours on OLD do not allow what was decided for it.
pub(crate) async fn hold_closure(context: &Context, database: &str, drafts: &mut [Draft<'_>]) -> Result<()> {
    let mut deltas = TableDeltas::prepare(context, database, drafts).await?;
    let keys = deltas.keys.clone();
    // A held child may itself be a parent, and a held row may be the one that was to free a value: until nothing moves.
    loop {
        let mut held = hold_children(context.store(), drafts, &keys)?;
        deltas.follow(drafts).await?;
        for (position, draft) in drafts.iter_mut().enumerate() {
            held += uniqueness::hold_clashes(&deltas, position, draft).await.place(|| &draft.record.name)?;
        }
        for key in &keys {
            held += hold_orphans(&deltas, drafts, key).await.place(|| &key.name)?;
            held += hold_parents(&deltas, drafts, key).await.place(|| &key.name)?;
        }
        if held == 0 {
            return deltas.leave().await;
        }
    }
}

/// Holds children of rows that will not be on OLD; returns how many.
fn hold_children(store: &dyn Store, drafts: &mut [Draft<'_>], keys: &[ForeignKey]) -> Result<usize> {
    let mut held = 0;
    for key in keys {
        let Some(parent) = drafts.iter().position(|draft| draft.record.name == key.parent) else { continue };
        let Some(child) = drafts.iter().position(|draft| draft.record.name == key.child) else { continue };
        let missing = values_not_on_old(store, &drafts[parent], key)?;
        if missing.is_empty() {
            continue;
        }
        let why = format!("held with its parent: {} ({})", key.parent, key.name);
        let mut orphans = Vec::new();
        each_row(store, &drafts[child], &key.child_columns, "new", |row, _, value| {
            if drafts[child].actions[row].brings_new() && value.is_some_and(|value| missing.contains(&value)) {
                orphans.push(row);
            }
        })?;
        held += orphans.len();
        for row in orphans {
            drafts[child].hold(row, &why);
        }
    }
    Ok(held)
}

/// Collects the referenced values of NEW's rows that will not be on OLD under their own identity.
fn values_not_on_old(store: &dyn Store, parent: &Draft<'_>, key: &ForeignKey) -> Result<HashSet<Value>> {
    let mut missing = HashSet::new();
    if parent.actions.iter().all(|action| action.brings_new()) {
        return Ok(missing);
    }
    each_row(store, parent, &key.parent_columns, "new", |row, found, value| {
        if found.is_not_olds() && !parent.actions[row].brings_new() {
            missing.extend(value);
        }
    })?;
    // A value of a row that OLD has in its own right (`old_only` with both rows) is on OLD.
    if !missing.is_empty() {
        each_row(store, parent, &key.parent_columns, "old", |row, found, value| {
            if found.class == Class::OldOnly
                && !parent.actions[row].writes()
                && let Some(value) = value
            {
                missing.remove(&value);
            }
        })?;
    }
    Ok(missing)
}

/// Holds children whose parent is neither on OLD nor on its way there; returns how many.
async fn hold_orphans(deltas: &TableDeltas<'_>, drafts: &mut [Draft<'_>], key: &ForeignKey) -> Result<usize> {
    let Some((position, child)) = deltas.of(&key.child) else { return Ok(0) };
    let parent = deltas.of(&key.parent).map(|(_, parent)| parent);
    let why = format!("held: fk_parent_missing, OLD has no such row of {} ({})", key.parent, key.name);
    Ok(hold_standing(&mut drafts[position], deltas.positions(&statement::orphans(key, child, parent)).await?, &why))
}

/// Holds parents that would go, or would change what children refer to, while OLD keeps such children; returns how many.
async fn hold_parents(deltas: &TableDeltas<'_>, drafts: &mut [Draft<'_>], key: &ForeignKey) -> Result<usize> {
    let Some((position, parent)) = deltas.of(&key.parent) else { return Ok(0) };
    if !drafts[position].actions.iter().copied().any(Action::takes_old) {
        return Ok(0);
    }
    let child = deltas.of(&key.child).map(|(_, child)| child);
    let why = format!("held: OLD still has children of it in {} ({})", key.child, key.name);
    Ok(hold_standing(&mut drafts[position], deltas.positions(&statement::orphaning_parents(key, child, parent)).await?, &why))
}

/// Holds those of the rows that are not held yet; returns how many.
fn hold_standing(draft: &mut Draft<'_>, rows: Vec<usize>, why: &str) -> usize {
    let standing: Vec<_> = rows.into_iter().filter(|row| draft.actions[*row].writes()).collect();
    for row in &standing {
        draft.hold(*row, why);
    }
    standing.len()
}

/// What the diff says of a row.
#[derive(Clone, Copy)]
struct Found {
    class: Class,
    base: Base,
}

impl Found {
    /// Whether NEW's row may be none that OLD has. Where both sides have a row, OLD has this one already, unless it is a
    /// different row under the same key. A key is no proof of being the same row: both sides number on from the same value, and
    /// people give out `INV-0101` twice.
    const fn is_not_olds(self) -> bool {
        match self.class {
            Class::Insert
            | Class::InsertExists
            | Class::UpdateMissing
            | Class::UpdateDeleted
            | Class::AmbiguousMissingOnOld
            | Class::AmbiguousDeletedOnOld
            | Class::OldOnly => true,
            Class::UpdateOriginDiffers | Class::AmbiguousDiffers => matches!(self.base, Base::Unknown),
            Class::Update
            | Class::Delete
            | Class::AmbiguousMissingOnNew
            | Class::DeleteOriginDiffers
            | Class::Convergent
            | Class::Unchanged => false,
        }
    }
}

/// Visits every row of a table's diff with what the diff says of it and the digest of some columns of one image; `None` where
/// the image does not exist or one of the values is NULL.
fn each_row(
    store: &dyn Store,
    draft: &Draft<'_>,
    columns: &[Ident],
    image: &str,
    mut visit: impl FnMut(usize, Found, Option<Value>),
) -> Result<()> {
    each_text(store, draft, columns, image, |row, found, texts| visit(row, found, texts.as_deref().map(digest)))
}

fn each_text(
    store: &dyn Store,
    draft: &Draft<'_>,
    columns: &[Ident],
    image: &str,
    mut visit: impl FnMut(usize, Found, Option<Vec<String>>),
) -> Result<()> {
    let layout = &draft.record.layout;
    let positions: Option<Vec<_>> =
        columns.iter().map(|name| layout.columns.iter().position(|column| column.name == *name)).collect();
    // A column that is not staged (it is generated, or exists on OLD only) cannot have been changed by NEW.
    let Some(positions) = positions else { return Ok(()) };
    let encoder = BatchEncoder::new(layout);
    let mut first = 0;
    for segment in &draft.diff.segments {
        for batch in SegmentReader::open_projected(store, segment, 1 << 13, &["fb_class", "fb_base", image])? {
            let batch = batch?;
            let (classes, bases) = (read_words(&batch, "fb_class")?, read_words(&batch, "fb_base")?);
            let found = Image::read(&batch, image)?;
            let view = encoder.view(&found.rows).map_err(unreadable)?;
            for row in 0..batch.num_rows() {
                let values = if found.present.value(row) { values(&view, row, &positions)? } else { None };
                visit(first + row, Found { class: classes[row], base: bases[row] }, values);
            }
            first += batch.num_rows();
        }
    }
    Ok(())
}

/// Reads some values of a row as texts; `None` where one of them is NULL.
fn values(rows: &BatchView<'_>, row: usize, positions: &[usize]) -> Result<Option<Vec<String>>> {
    positions.iter().map(|column| rows.display(row, *column).map_err(unreadable)).collect()
}

fn unreadable(error: CodecError) -> Error {
    Error::new(ErrorKind::Damaged, "read the diff").because(error)
}

/// Digests values by their text, which is the same for `int4` and `int8`; lengths keep neighbours apart.
fn digest(texts: &[String]) -> Value {
    let mut hasher = blake3::Hasher::new();
    for text in texts {
        hasher.update(&(text.len() as u64).to_be_bytes());
        hasher.update(text.as_bytes());
    }
    let mut value = [0; 16];
    value.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_values_do_not_run_into_each_other() {
        assert_ne!(digest(&["ab".into(), "c".into()]), digest(&["a".into(), "bc".into()]));
        assert_eq!(digest(&["7".into()]), digest(&["7".into()]));
    }
}
