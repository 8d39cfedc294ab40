//! Which blocks of NEW were changed since the mark, asked once an export has its snapshot.

use crate::engine::evidence::{ChangedBlocks, finder};
use crate::engine::run::{Context, Event};
use crate::error::{Place as _, Result};
use crate::name::Side;
use crate::schema::Method;
use crate::staging::{BaseRecord, DatabaseRecord, TableRecord};

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
    let (name, base) = (&record.name, record.base.as_ref());
    for table in record.tables.iter_mut().filter(|table| table.method.goes_by_blocks()) {
        let (method, by_ids) = (table.method.word(), Method::Xid.word());
        let note = format!("{name}: {}: method = \"{method}\" cannot be followed, as {why}: {by_ids} is used", table.name);
        context.reporter().tell(Event::Note(note));
        go_by_ids(table, base);
        table.unlisted = Some(why.clone());
    }
    Ok(None)
}

/// Finds a table's rows by their ids, whichever blocks they are in, and with that keys that were not to be looked at.
fn go_by_ids(table: &mut TableRecord, base: Option<&BaseRecord>) {
    let had_keys = table.method != Method::BlocksOnly;
    table.method = Method::Xid;
    if had_keys {
        return;
    }
    table.coverage.delete = finder(Method::Xid).coverage(&table.times, table.compare_by).delete;
    // A baseline proves no less than ids do where these are asked.
    if let Some(by) = base.filter(|_| table.has_base()).and_then(|base| base.trusted.as_deref()) {
        table.coverage.trust_all(by);
    }
    table.coverage.doubt_deletes(&table.detached);
}
