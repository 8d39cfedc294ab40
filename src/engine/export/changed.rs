//! Which blocks of NEW were changed since the mark, asked once an export has its snapshot.

use crate::engine::evidence::{ChangedBlocks, finder};
use crate::engine::run::{Context, Event};
use crate::error::{Place as _, Result};
use crate::name::Side;
use crate::schema::Method;
use crate::staging::{DatabaseRecord, TableRecord};

/// Reads which blocks were changed of the tables that are to be found by them; `as_of` is where NEW's log was after the
/// snapshot was taken. Where that cannot be known, it is said why, and they are found by `xid`.
///
/// # Errors
/// Whatever connecting can give.
pub(crate) async fn changed_blocks(
    context: &Context,
    record: &mut DatabaseRecord,
    as_of: &str,
) -> Result<Option<ChangedBlocks>> {
    let by_blocks = |table: &&TableRecord| table.method.goes_by_blocks();
    let leaves: Vec<_> = record.tables.iter().filter(by_blocks).flat_map(|table| &table.new.leaves).collect();
    let mark = context.selection().shared_mark();
    let server = mark.as_ref().map(|mark| &mark.servers.new);
    let marked = server.and_then(|server| Some((server, server.database(record.new.database_oid)?)));
    let (Some(marked), false) = (marked, leaves.is_empty()) else { return Ok(None) };
    let session = context.servers().connect(Side::New, &record.name).await?;
    let found =
        ChangedBlocks::read(&session, context.reporter(), marked, as_of, leaves.into_iter()).await.place(|| Side::New)?;
    let why = match found {
        Ok(changed) => return Ok(Some(changed)),
        Err(why) => why,
    };
    let name = record.name.clone();
    for table in record.tables.iter_mut().filter(|table| table.method.goes_by_blocks()) {
        let (method, by_ids) = (table.method.word(), Method::Xid);
        let note =
            format!("{name}: {}: method = \"{method}\" cannot be followed, as {why}: {} is used", table.name, by_ids.word());
        context.reporter().tell(Event::Note(note));
        table.method = by_ids;
        table.coverage.delete = finder(by_ids).coverage(&table.times, table.compare_by).delete;
        table.coverage.doubt_deletes(&table.detached);
        table.unlisted = Some(why.clone());
    }
    Ok(None)
}
