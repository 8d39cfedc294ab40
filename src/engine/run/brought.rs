//! What OLD remembers of the rows that merges brought to it: digests of their keys, written in the merge's own transaction. A
//! row that a merge brought and that is gone was deleted on OLD: a later run must know it, or it would bring back what somebody
//! erased.
//!
//! Memory: about 40 bytes for every digest of the tables that are asked about.

use std::collections::{BTreeMap, HashSet};

use super::ledger::Ledger;
use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::name::QualifiedName;
use crate::pg::Session;
use crate::schema::{LedgerPlace, Memory, RememberedKey};
use crate::staging::TableRecord;
use crate::statement::{LoadTable, remember_keys};

const CREATE: &str = include_str!("../../../sql/ledger/create_brought.sql");
const KEYS: &str = include_str!("../../../sql/ledger/brought.sql");
const KEYS_BY_NAME: &str = include_str!("../../../sql/ledger/brought_by_name.sql");

const WRITTEN_DOWN: &str = include_str!("../../../sql/ledger/written_down.sql");

const MERGED_RELATION: &str = include_str!("../../../sql/ledger/merged_relation.sql");

/// The length of a digest.
const DIGEST_BYTES: usize = 16;

/// The keys that were brought to a database and not taken away again by failback, a table.
#[derive(Debug, Default)]
pub(crate) struct Brought(BTreeMap<String, BroughtKeys>);

/// Those of one table.
#[derive(Debug)]
pub(crate) struct BroughtKeys {
    /// The table's key of today.
    pub(crate) key: RememberedKey,
    /// Digests of those that were remembered under it.
    known: HashSet<u128>,
    /// Digests of others, by the key that the table had then: they cannot be found by one of today.
    elsewise: BTreeMap<String, HashSet<u128>>,
}

impl Brought {
    /// Reads what is remembered of some tables.
    ///
    /// # Errors
    /// Whatever asking OLD can give: `Permission` where this user may not read it.
    pub(crate) async fn read(ledger: &Ledger, old: &Session, tables: &[TableRecord]) -> Result<Self> {
        let mut found = Self::default();
        let memory = memory(ledger, old).await?;
        for table in tables {
            let name = table.old.name.to_string();
            let rows = match memory {
                Memory::Nothing => break,
                Memory::ByName => old.query(&ledger.statement(KEYS_BY_NAME), &[&name]).await?,
                Memory::ByIdentity => old.query(&ledger.statement(KEYS), &[&name, &table.old.name.sql()]).await?,
            };
            if rows.is_empty() {
                continue;
            }
            let mut keys = BroughtKeys::none(table);
            for row in rows {
                let (stands, key, digests): (bool, Option<&str>, &[u8]) = (row.get("stands"), row.get("key"), row.get("keys"));
                keys.learn(stands, key, digests).place(|| &name)?;
            }
            found.0.insert(name, keys);
        }
        Ok(found)
    }

    /// Returns what is remembered of a table, unless there is nothing.
    pub(crate) fn of(&self, table: &QualifiedName) -> Option<&BroughtKeys> {
        self.0.get(&table.to_string()).filter(|keys| !keys.known.is_empty() || keys.other_keys().next().is_some())
    }
}

impl BroughtKeys {
    pub(super) fn none(table: &TableRecord) -> Self {
        Self { key: RememberedKey::of(&table.old, &table.key), known: HashSet::new(), elsewise: BTreeMap::new() }
    }

    /// Reads which keys of a table a transaction wrote down, whether it left their rows there or took them away.
    ///
    /// # Errors
    /// As [`Brought::read`].
    pub(crate) async fn of_transaction(ledger: &Ledger, old: &Session, table: &TableRecord, transaction: i64) -> Result<Self> {
        let mut keys = Self::none(table);
        if memory(ledger, old).await? == Memory::ByIdentity {
            let name = table.old.name.to_string();
            for row in old.query(&ledger.statement(WRITTEN_DOWN), &[&transaction, &name]).await? {
                keys.learn(true, row.get("key"), row.get("keys")).place(|| &name)?;
            }
        }
        Ok(keys)
    }

    /// Whether nothing is known.
    pub(crate) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    pub(super) fn learn(&mut self, stands: bool, key: Option<&str>, digests: &[u8]) -> Result<()> {
        // What an earlier failback wrote down says nothing of the key, which was the same as long as nobody changed it.
        let keys = match key.filter(|key| *key != self.key.name) {
            Some(other) => self.elsewise.entry(other.to_owned()).or_default(),
            None => &mut self.known,
        };
        for digest in digests.chunks(DIGEST_BYTES) {
            let digest = read_digest(digest)?;
            if stands {
                keys.insert(digest);
            } else {
                keys.remove(&digest);
            }
        }
        Ok(())
    }

    /// Whether a key is among them, by any of its digests.
    pub(crate) fn has(&self, digests: &[u128]) -> bool {
        digests.iter().any(|digest| self.known.contains(digest))
    }

    /// Lists the keys that the table had when rows were brought that cannot be asked about by that of today.
    pub(crate) fn other_keys(&self) -> impl Iterator<Item = &str> {
        self.elsewise.iter().filter(|(_, keys)| !keys.is_empty()).map(|(key, _)| key.as_str())
    }
}

/// Reads a digest as OLD sends it.
///
/// # Errors
/// `Malformed` where it is of another length.
pub(crate) fn read_digest(bytes: &[u8]) -> Result<u128> {
    let digest = bytes.try_into().map(u128::from_be_bytes);
    digest.map_err(|_| Error::new(ErrorKind::Malformed, "read the digest of a key").because("it does not have 16 bytes"))
}

/// Makes the table of keys for a merge, unless it is there. Says whether keys are to be remembered: an undo of a merge that
/// nothing is remembered of has nothing to add.
///
/// # Errors
/// `Permission` where this user may not make the table.
pub(crate) async fn remembers(ledger: &Ledger, old: &Session, is_merge: bool) -> Result<bool> {
    let memory = memory(ledger, old).await?;
    if memory == Memory::ByIdentity {
        return Ok(true);
    }
    if memory == Memory::Nothing && !is_merge {
        return Ok(false);
    }
    ledger.make(old).await?;
    old.execute_all(&ledger.statement(CREATE)).await.map_err(|error| ledger.not_allowed(error))?;
    Ok(true)
}

/// Remembers the keys of the rows that a load wrote; commits with them.
///
/// # Errors
/// `Permission` where this user may not write into the table.
pub(crate) async fn remember(ledger: &Ledger, old: &Session, record: &TableRecord, load: &LoadTable<'_>) -> Result<()> {
    let key = RememberedKey::of(&record.old, &record.key);
    let statement = remember_keys(load, &key, ledger.schema());
    old.execute(&statement, &[&record.name.to_string(), &key.name]).await.map(|_| ())
}

/// Asks whether another table than the one that a merge wrote bears its name today; says what the merge's is called then, if it
/// is there. `None` where it is the same, or that is not known.
///
/// # Errors
/// Whatever asking OLD can give.
pub(crate) async fn swapped(
    ledger: &Ledger,
    old: &Session,
    transactions: &[i64],
    table: &QualifiedName,
) -> Result<Option<Option<String>>> {
    if transactions.is_empty() || memory(ledger, old).await? != Memory::ByIdentity {
        return Ok(None);
    }
    let found = old.query(&ledger.statement(MERGED_RELATION), &[&transactions, &table.to_string(), &table.sql()]).await?;
    Ok(found.first().filter(|row| !row.get::<_, bool>("is_same")).map(|row| row.get("called")))
}

/// Whether OLD remembers the tables of keys by more than their names.
///
/// # Errors
/// Whatever asking OLD can give.
pub(super) async fn remembers_tables(ledger: &Ledger, old: &Session) -> Result<bool> {
    Ok(memory(ledger, old).await? == Memory::ByIdentity)
}

async fn memory(ledger: &Ledger, old: &Session) -> Result<Memory> {
    Ok(match ledger.place(old).await? {
        LedgerPlace::Ledger { memory } => memory,
        _ => Memory::Nothing,
    })
}
