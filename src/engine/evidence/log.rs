//! NEW's log: what a slot that was made with the mark can say of one database's tables.
//!
//! Beside transaction ids, never without them: these say which rows were written, and that a table's definition, files and
//! place are those of the mark. The log adds what was under a key before.

use std::collections::BTreeMap;

use tokio_postgres::Row;

use crate::engine::run::{Context, foreign};
use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::name::{Ident, QualifiedName, Side};
use crate::pg::{ServerIdentity, Session, Slot, read_position};
use crate::schema::{ComparisonKey, KeyColumn, Table};
use crate::staging::{DatabaseMark, LogRecord, MarkedSlot};
use crate::statement;

/// Types of key columns whose values the log spells as everything else here does.
const SPELT_ALIKE: [&str; 7] = ["int2", "int4", "int8", "uuid", "text", "varchar", "date"];

/// What a slot can say of one database.
#[derive(Debug)]
pub(crate) struct LogEvidence {
    pub(crate) record: LogRecord,
    identities: BTreeMap<QualifiedName, Identity>,
}

/// What the log has of a row of a table that was changed or deleted.
#[derive(Debug)]
struct Identity {
    whole: bool,
    columns: Vec<String>,
    altered: bool,
}

impl LogEvidence {
    /// Looks at the slot that was made of a database with the mark, if one was. `new` is a session under the snapshot that
    /// the rows are read under.
    ///
    /// # Errors
    /// What NEW said.
    pub(crate) async fn read(context: &Context, new: &Session, now: &ServerIdentity) -> Result<Option<Self>> {
        let Some(mark) = context.selection().shared_mark() else { return Ok(None) };
        let server = &mark.servers.new;
        let Some(database) = server.database(now.database_oid) else { return Ok(None) };
        let Some(slot) = &database.slot else { return Ok(None) };
        let there = new.slots().await.place(|| Side::New)?;
        let mut unused = unusable(there.iter().find(|one| one.name == slot.name), database, slot, &server.wal);
        if now.encoding != "UTF8" {
            unused = Some(format!("NEW is in {}, and the log is read in UTF8 alone", now.encoding));
        }
        let next = new.transaction_ids().await?.next;
        let identities = match database.horizon.young(next).filter(|_| unused.is_none()) {
            Some(xids) => identities(new, &statement::replica_identities(&xids)).await?,
            None => BTreeMap::new(),
        };
        let record = LogRecord { slot: slot.name.clone(), start: slot.start.clone(), unused };
        Ok(Some(Self { record, identities }))
    }

    /// Says why the log proves nothing of a table of NEW's, in NEW's own words, by its key; `None` where it does.
    pub(crate) fn objection(&self, new: &Table, key: &ComparisonKey) -> Option<String> {
        if let Some(column) = key.columns().iter().find(|column| !is_spelt_alike(new, column)) {
            return Some(format!("the log spells values of the key's column {} otherwise than a server does", column.name));
        }
        let wanted: Vec<_> = key_on_new(key);
        new.leaves.iter().find_map(|leaf| {
            let Some(identity) = self.identities.get(&leaf.name) else {
                return Some(format!("it is not known what the log has of {}", leaf.name));
            };
            if identity.altered {
                return Some(format!(
                    "{} was made since the mark, or something about it changed, maybe what identifies its rows in the log",
                    leaf.name
                ));
            }
            let has = |name: &Ident| identity.whole || identity.columns.iter().any(|one| one == name.as_str());
            let lacking = wanted.iter().find(|name| !has(name))?;
            Some(format!("the log lacks column {lacking} of rows of {} that were deleted (REPLICA IDENTITY)", leaf.name))
        })
    }
}

/// The key's columns as NEW calls them.
pub(crate) fn key_on_new(key: &ComparisonKey) -> Vec<Ident> {
    key.columns().iter().map(|column| column.new.source.column(&column.name).clone()).collect()
}

fn is_spelt_alike(new: &Table, column: &KeyColumn) -> bool {
    let own = new.column(column.new.source.column(&column.name));
    let is_known = |base: &str| SPELT_ALIKE.contains(&base);
    column.new.source.is_plain() && own.is_some_and(|own| own.data_type.builtin && is_known(&own.data_type.base))
}

/// Why a slot cannot be read; `None` where it can.
fn unusable(there: Option<&Slot>, database: &DatabaseMark, marked: &MarkedSlot, marked_at: &str) -> Option<String> {
    let Some(slot) = there else {
        return Some("it is not there any more: it was dropped, or the server is another".to_owned());
    };
    if let Some(why) = foreign(slot, database) {
        return Some(why);
    }
    if slot.is_lost() {
        let why = slot.lost_why.as_deref().unwrap_or("the server removed log that it needs");
        return Some(format!("it was lost: {why}"));
    }
    if slot.start.as_ref() != Some(&marked.start) {
        return Some("somebody has read on from it, so that it begins later".to_owned());
    }
    let is_before = read_position(&marked.start).zip(read_position(marked_at)).is_some_and(|(start, mark)| start <= mark);
    (!is_before).then(|| "it was made after the mark".to_owned())
}

async fn identities(new: &Session, statement: &str) -> Result<BTreeMap<QualifiedName, Identity>> {
    let read = |row: &Row| {
        let name = QualifiedName::new(row.try_get::<_, &str>(0)?, row.try_get::<_, &str>(1)?);
        let columns = row.try_get::<_, Option<Vec<String>>>("columns")?.unwrap_or_default();
        let (whole, altered) = (row.try_get("whole")?, row.try_get("altered")?);
        Ok((name, Identity { whole, columns, altered }))
    };
    let rows = new.query(statement, &[]).await?;
    let found = rows.iter().map(read).collect::<std::result::Result<_, tokio_postgres::Error>>();
    found.map_err(|_| Error::new(ErrorKind::Malformed, "ask what the log has of rows").at(new.place()))
}
