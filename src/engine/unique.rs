//! Unique values beside the key: a planned row may carry a value that another row of OLD has. The server would refuse the
//! whole merge; so such rows are found here, before anything is written, and held under PostgreSQL's name `update_exists`.

use std::collections::HashSet;

use super::change::Action;
use super::context::Context;
use super::counterpart::{self, KEYS_PER_STATEMENT};
use super::family::{Value, digest, each_text};
use super::plan::Draft;
use crate::codec::BatchEncoder;
use crate::error::Result;
use crate::name::{Ident, Side};
use crate::pg::Session;
use crate::pg::statement::RowSource;
use crate::schema::{ComparisonKey, KeyColumn, KeyOrder, KeySide, UniqueIndex};

/// Holds every planned row that OLD has no room for; returns how many.
pub(super) async fn hold_clashes(context: &Context, old: &Session, draft: &mut Draft<'_>) -> Result<usize> {
    let brings = |action: &Action| matches!(action, Action::Insert | Action::Replace);
    if draft.record.key.is_whole_row() || !draft.actions.iter().any(brings) {
        return Ok(0);
    }
    let keys = draft.record.key.names();
    let mut held = 0;
    for index in draft.record.old.unique_indexes.clone() {
        // Partial and expression indexes are left to the merge's own check, which refuses instead of holding.
        if index.columns.is_empty() || index.predicate.is_some() || index.columns == keys {
            continue;
        }
        let leaving = rows_that_leave(context, draft)?;
        let why = format!("held: update_exists, another row of OLD has its {} ({})", names(&index.columns), index.name);
        for row in clashes(context, old, draft, &index, &leaving).await? {
            draft.hold(row, &why);
            held += 1;
        }
    }
    Ok(held)
}

fn names(columns: &[Ident]) -> String {
    columns.iter().map(Ident::as_str).collect::<Vec<_>>().join(", ")
}

/// Collects the keys of OLD's rows whose unique values the plan frees.
fn rows_that_leave(context: &Context, draft: &Draft<'_>) -> Result<HashSet<Value>> {
    let mut leaving = HashSet::new();
    each_text(context, draft, &draft.record.key.names(), "old", |row, _, texts| {
        if matches!(draft.actions[row], Action::Delete | Action::Replace) {
            leaving.extend(texts.as_deref().map(digest));
        }
    })?;
    Ok(leaving)
}

/// One planned row: its position, its key, its values under the index.
struct Planned {
    row: usize,
    key: Value,
    values: Vec<String>,
}

async fn clashes(
    context: &Context,
    old: &Session,
    draft: &Draft<'_>,
    index: &UniqueIndex,
    leaving: &HashSet<Value>,
) -> Result<Vec<usize>> {
    let mut found = Vec::new();
    for part in planned(context, draft, index)?.chunks(KEYS_PER_STATEMENT / 4) {
        let values: Vec<Vec<String>> = (0..index.columns.len())
            .map(|column| part.iter().map(|planned| planned.values[column].clone()).collect())
            .collect();
        let by_value = ComparisonKey::Columns { columns: index.columns.iter().map(|name| key_column(draft, name)).collect() };
        let source = RowSource::of(&draft.record.old, &by_value, Side::Old);
        let ours = counterpart::fetch(old, source, &draft.record.layout, &values).await?;
        let encoder = BatchEncoder::new(&draft.record.layout);
        let keys = counterpart::key_positions(&draft.record.layout, &draft.record.key.names())?;
        for (position, planned) in part.iter().enumerate().filter(|(position, _)| ours.present.value(*position)) {
            let row = ours.rows.slice(position, 1);
            let texts = counterpart::key_texts(&encoder, &row, &keys)?.into_iter().flatten().collect::<Vec<_>>();
            let theirs = digest(&texts);
            if theirs != planned.key && !leaving.contains(&theirs) {
                found.push(planned.row);
            }
        }
    }
    Ok(found)
}

fn key_column(draft: &Draft<'_>, name: &Ident) -> KeyColumn {
    let Some((ours, staged)) = draft.record.old.column(name).zip(draft.record.layout.column(name)) else {
        return KeyColumn::plain(name.clone(), KeyOrder::Text, "text");
    };
    let plain = staged.old.is_plain();
    let side = KeySide {
        source: staged.old.clone(),
        cast: if plain { ours.data_type.bare_sql.clone() } else { staged.pg_type.clone() },
        equals: if plain { ours.data_type.equals() } else { "=".to_owned() },
    };
    KeyColumn { name: name.clone(), order: KeyOrder::Text, old: side.clone(), new: side }
}

/// Lists the rows that the plan inserts or gives new unique values, those with a NULL under the index left out: NULLs clash with
/// nothing. Memory: the values of those rows.
fn planned(context: &Context, draft: &Draft<'_>, index: &UniqueIndex) -> Result<Vec<Planned>> {
    let both: Vec<Ident> = draft.record.key.names().into_iter().chain(index.columns.iter().cloned()).collect();
    let key_columns = both.len() - index.columns.len();
    let mut found = Vec::new();
    each_text(context, draft, &both, "new", |row, _, texts| {
        let wanted = matches!(draft.actions[row], Action::Insert | Action::Replace);
        if let Some(texts) = texts.filter(|_| wanted) {
            let (key, values) = texts.split_at(key_columns);
            found.push(Planned { row, key: digest(key), values: values.to_vec() });
        }
    })?;
    Ok(found)
}
