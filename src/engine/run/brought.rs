//! What OLD remembers of the rows that merges brought to it: digests of their keys, written in the merge's own transaction. A
//! row that a merge brought and that is gone was deleted on OLD: a later run must know it, or it would bring back what somebody
//! erased.
//!
//! Memory: about 40 bytes for every key of the tables that are asked about.

use std::collections::{BTreeMap, HashSet};

use super::ledger::Ledger;
use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::name::QualifiedName;
use crate::pg::Session;
use crate::schema::LedgerPlace;
use crate::statement::{LoadTable, remember_keys};

const CREATE: &str = include_str!("../../../sql/ledger/create_brought.sql");
const RELATIONS: &str = include_str!("../../../sql/ledger/brought_relations.sql");
const KEYS: &str = include_str!("../../../sql/ledger/brought.sql");

/// The length of a key's digest.
const DIGEST_BYTES: usize = 16;

/// The keys that were brought to a database and not taken away again by failback, a table.
#[derive(Debug, Default)]
pub(crate) struct Brought(BTreeMap<String, HashSet<u128>>);

impl Brought {
    /// Reads what is remembered of some tables.
    ///
    /// # Errors
    /// Whatever asking OLD can give: `Permission` where this user may not read it.
    pub(crate) async fn read<'t>(
        ledger: &Ledger,
        old: &Session,
        tables: impl Iterator<Item = &'t QualifiedName>,
    ) -> Result<Self> {
        let mut found = Self::default();
        if !is_there(ledger, old).await? {
            return Ok(found);
        }
        let keys_of_table = ledger.statement(KEYS);
        let known: HashSet<String> = old.query(&ledger.statement(RELATIONS), &[]).await?.iter().map(|row| row.get(0)).collect();
        for name in tables.map(ToString::to_string).filter(|name| known.contains(name)) {
            let mut keys = HashSet::new();
            for row in old.query(&keys_of_table, &[&name]).await? {
                let (stands, digests): (bool, &[u8]) = (row.get("stands"), row.get("keys"));
                for digest in digests.chunks(DIGEST_BYTES) {
                    let digest = read_digest(digest).place(|| &name)?;
                    if stands {
                        keys.insert(digest);
                    } else {
                        keys.remove(&digest);
                    }
                }
            }
            found.0.insert(name, keys);
        }
        Ok(found)
    }

    /// Returns the keys of a table, unless there are none.
    pub(crate) fn of(&self, table: &QualifiedName) -> Option<&HashSet<u128>> {
        self.0.get(&table.to_string()).filter(|keys| !keys.is_empty())
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
    if is_there(ledger, old).await? {
        return Ok(true);
    }
    if is_merge {
        ledger.make(old).await?;
        old.execute_all(&ledger.statement(CREATE)).await.map_err(|error| ledger.not_allowed(error))?;
    }
    Ok(is_merge)
}

/// Remembers the keys of the rows that a load wrote; commits with them.
///
/// # Errors
/// `Permission` where this user may not write into the table.
pub(crate) async fn remember(ledger: &Ledger, old: &Session, table: &QualifiedName, load: &LoadTable<'_>) -> Result<()> {
    old.execute(&remember_keys(load, ledger.schema()), &[&table.to_string()]).await.map(|_| ())
}

async fn is_there(ledger: &Ledger, old: &Session) -> Result<bool> {
    Ok(ledger.place(old).await? == LedgerPlace::Ledger { remembers: true })
}
