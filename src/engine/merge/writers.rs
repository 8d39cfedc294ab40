//! Who wrote OLD's rows last, as far as they tell: what an undo may rely on.

use crate::catalog;
use crate::engine::run::Entry;
use crate::error::{Place, Result};
use crate::name::QualifiedName;
use crate::pg::Session;
use crate::schema::Table;
use crate::staging::layout::TableId;
use crate::statement::{WriterMark, has_row_of};

/// Finds out how a table's rows tell that the merge wrote them last; `None` where none does. A relation that lies in the file
/// of then was not rewritten; one that lies in another was not either as long as a row bears the merge's number: VACUUM FULL
/// and CLUSTER leave it alone, and ALTER TABLE gives every row another.
///
/// # Errors
/// Whatever asking OLD can give.
pub(super) async fn mark(old: &Session, merge: Option<&Entry>, (id, table): (TableId, &Table)) -> Result<Option<WriterMark>> {
    let Some(entry) = merge.filter(|entry| !entry.written_in.is_empty()) else { return Ok(None) };
    let known = entry.files.get(&id).map_or(&[][..], Vec::as_slice);
    let own: Vec<_> = entry.put_back_in.iter().chain(&entry.written_in).copied().collect();
    let mut rewritten = Vec::new();
    for found in catalog::row_files(old.client(), &table.name).await.place(|| &table.name)? {
        if known.contains(&(found.oid, found.file)) {
            continue;
        }
        let answer = old.query(&has_row_of(table, found.oid, &own), &[]).await.place(|| &table.name)?;
        if !answer.first().is_some_and(|row| row.get(0)) {
            rewritten.push(found.oid);
        }
    }
    Ok(Some(WriterMark { transactions: entry.written_in.clone(), put_back_in: entry.put_back_in.clone(), rewritten }))
}

/// Lists the files in which a table's rows lie, to be recorded.
///
/// # Errors
/// Whatever asking OLD can give.
pub(super) async fn files(old: &Session, table: &QualifiedName) -> Result<Vec<(u32, u32)>> {
    let found = catalog::row_files(old.client(), table).await.place(|| table)?;
    Ok(found.into_iter().map(|found| (found.oid, found.file)).collect())
}
