//! What speaks for trying a table's rows on OLD before they are written.

use std::collections::BTreeSet;

use super::direction::Direction;
use super::draft::Draft;
use crate::catalog;
use crate::engine::run::Servers;
use crate::error::Result;
use crate::name::{QualifiedName, Side};
use crate::schema::{Check, Column, Drift, TypeKind, WorkedOutIndex};
use crate::staging::{DatabaseRecord, TableRecord};

/// Whether anything speaks for a difference between what NEW took and what OLD takes.
pub(crate) fn is_needed(database: &DatabaseRecord, record: &TableRecord, direction: Direction) -> bool {
    let (old, new) = (&record.old, &record.new);
    if direction == Direction::Back {
        // The rows were OLD's: what could refuse them is what does not hold of rows that were there before it, or came since.
        let may_refuse = |column: &Column| {
            let own = &column.data_type;
            column.not_null || own.sql != own.base_sql || own.asks_the_server() || !own.builtin && own.kind != TypeKind::Enum
        };
        let is_checked = !old.checks.is_empty() || !old.worked_out_indexes.is_empty();
        return old.partitioned || is_checked || old.columns.iter().any(may_refuse);
    }
    let newer = database.new.version_num / 10_000 > database.old.version_num / 10_000;
    let known = |check: &Check| new.checks.iter().any(|on_new| on_new.validated && on_new.expression == check.expression);
    let is_worked_out = |index: &WorkedOutIndex| new.worked_out_indexes.iter().any(|on_new| on_new.is_like(index));
    old.partitioned
        || database.old.encoding != database.new.encoding
        || record.drift.iter().any(Drift::may_not_fit)
        || record.layout.columns.iter().any(|column| column.own_form_of.is_some())
        || !old.checks.iter().all(known)
        // A function may find things on NEW that it does not find for our user on OLD.
        || old.checks.iter().any(|check| names_a_schema(&check.expression))
        || !old.worked_out_indexes.iter().all(is_worked_out)
        || old.worked_out_indexes.iter().any(|index| names_a_schema(&index.entries))
        || old.worked_out_indexes.iter().filter_map(|index| index.predicate.as_deref()).any(names_a_schema)
        || old.columns.iter().any(|column| {
            let own = &column.data_type;
            // A domain or composite of the same name may be defined otherwise, and an extension or a newer server may have
            // learnt values that OLD's has not. What a value names may be there on NEW alone.
            own.sql != own.base_sql
                || own.kind == TypeKind::Composite
                || (!own.builtin && own.kind != TypeKind::Enum)
                || own.asks_the_server()
                || newer
        })
}

/// Lists the tables that OLD has given checks since the export: NEW's rows have met none of these.
///
/// # Errors
/// As reading OLD's catalogs.
pub(crate) async fn stricter_since(
    servers: &Servers,
    database: &DatabaseRecord,
    drafts: &[Draft<'_>],
) -> Result<BTreeSet<QualifiedName>> {
    let old = servers.connect(Side::Old, &database.name).await?;
    let today = catalog::read(old.client()).await?;
    let is_stricter = |record: &TableRecord| {
        let now = today.tables.iter().find(|table| table.name == record.name);
        now.is_some_and(|now| now.checks.iter().any(|check| !record.old.checks.contains(check)))
    };
    Ok(drafts.iter().map(|draft| draft.record).filter(|record| is_stricter(record)).map(|one| one.name.clone()).collect())
}

/// Whether an expression, as the server prints it, names something that is not the server's own: only that has its schema in
/// front.
fn names_a_schema(expression: &str) -> bool {
    let is_name = |letter: char| letter.is_alphabetic() || letter == '_' || letter == '"';
    expression.match_indices('.').any(|(at, _)| {
        let (before, after) = (&expression[..at], &expression[at + 1..]);
        before.ends_with(|letter: char| is_name(letter) || letter.is_ascii_digit()) && after.starts_with(is_name)
    })
}
