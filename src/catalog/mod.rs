//! Reads a database's catalog into the values of `schema`: tables, whatever else could hold data, sequences, privileges.
//!
//! Comes in: a session with an empty `search_path`. Goes out: facts, each relation exactly once, sorted by name.
//! Never: reads a user's rows, writes, takes a lock stronger than ACCESS SHARE, or decides what to do about a fact.
//! The queries are in `sql/catalog/`, one per file here. Several are sent one after the other: inside one transaction the lists
//! agree on rows, but the server prints expressions and sizes as of now, so a schema that changes meanwhile may come out mixed.
//! PostgreSQL 13 or newer.
//!
//! ```no_run
//! use failback::catalog;
//! use failback::error::Result;
//! use failback::pg::{Endpoint, Session};
//!
//! # async fn tables(endpoint: Endpoint) -> Result<()> {
//! let session = Session::connect(&endpoint).await?;
//! for table in catalog::read(session.client()).await?.tables {
//!     println!("{} has {} columns", table.name, table.columns.len());
//! }
//! # Ok(())
//! # }
//! ```

mod attribute;
mod column;
mod condition;
mod constraint;
mod database;
mod database_facts;
mod database_traits;
mod exclusive;
mod fact;
mod filenode;
mod foreign_key;
mod guard;
mod key_lift;
mod large_object;
mod leading_index;
mod leaf;
mod ledger;
mod ledger_place;
mod numbered_column;
mod owner;
mod partition_bound;
mod partition_check;
mod privilege;
mod published;
mod relation;
mod replica_role;
mod role;
mod role_exists;
mod row_file;
mod sequence;
mod sequence_use;
mod shielded;
mod trigger;
mod unique_index;
mod unproven_check;
mod used;
mod worked_out_index;
mod written_count;

use std::collections::{BTreeMap, HashMap};

use tokio_postgres::Client;

pub use condition::{ConditionFacts, condition_facts};
pub use database::{Database, databases, has_relations};
pub use database_facts::{
    CountableTable, TableObject, archive_needs, countable_tables, database_facts, database_grants, database_settings,
    table_objects, unproven,
};
pub use database_traits::database_traits;
pub use filenode::filenodes;
pub use guard::{connect_grants, guarded_databases, guarded_roles};
pub use key_lift::key_lifts;
pub use leading_index::has_leading_index;
pub use ledger_place::ledger_place;
pub use numbered_column::numbered_columns;
pub use owner::is_owner;
pub use partition_bound::partition_bounds;
pub use partition_check::partition_checks;
pub use privilege::privileges;
pub use published::unidentified;
pub use replica_role::replica_role_allowed;
pub use role::role;
pub use role_exists::role_exists;
pub use row_file::row_files;
pub use sequence_use::sequence_uses;
pub use shielded::shielded;
pub use unproven_check::unproven_checks;
pub use used::used;
pub use written_count::{WrittenCount, written_counts};

use crate::error::Result;
use crate::name::QualifiedName;
use crate::schema::{ForeignKey, Relation, RelationKind, Sequence, Table};

/// What one database holds. Every relation of the user's schemas is in exactly one of the lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalog {
    /// Ordinary tables and the roots of partition trees, by name.
    pub tables: Vec<Table>,
    /// Everything else that could hold or show rows, by name, with large objects as one entry at the end.
    pub relations: Vec<Relation>,
    /// Sequences, by name.
    pub sequences: Vec<Sequence>,
}

/// Facts of one sort, by the OID of the table that they belong to. OIDs live no longer than the reading.
type ByTable<T> = HashMap<u32, Vec<T>>;

/// Reads every foreign key of a database, also those of tables that are not carried.
///
/// # Errors
/// As [`read`].
pub async fn foreign_keys(client: &Client) -> Result<Vec<ForeignKey>> {
    let mut found: Vec<_> = foreign_key::read(client).await?.into_values().flatten().collect();
    found.sort_by(|left, right| (&left.child, &left.name).cmp(&(&right.child, &right.name)));
    Ok(found)
}

/// Reads the sequences alone, by name; the ledger's are not the estate's.
///
/// # Errors
/// `Server` if the query fails, `Malformed` if an answer makes no sense.
pub async fn sequences(client: &Client) -> Result<Vec<Sequence>> {
    let of_ledger = ledger::tables(client).await?;
    let mut found: Vec<_> = sequence::read(client).await?.into_values().collect();
    found.retain(|sequence| !feeds(sequence, &of_ledger));
    found.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(found)
}

/// Whether a sequence belongs to one of these tables.
fn feeds(sequence: &Sequence, tables: &BTreeMap<u32, QualifiedName>) -> bool {
    sequence.owner.as_ref().is_some_and(|(owner, _)| tables.values().any(|table| table == owner))
}

/// Reads everything that a database holds.
///
/// # Errors
/// `Server` if a query fails, `Malformed` if an answer makes no sense.
pub async fn read(client: &Client) -> Result<Catalog> {
    let listed = relation::list(client).await?;
    let mut facts = Facts {
        columns: column::read(client, &attribute::read(client).await?).await?,
        unique_indexes: unique_index::read(client).await?,
        foreign_keys: foreign_key::read(client).await?,
        checks: constraint::read(client).await?,
        exclusives: exclusive::read(client).await?,
        worked_out_indexes: worked_out_index::read(client).await?,
        triggers: trigger::read(client).await?,
        leaves: leaf::read(client).await?,
    };
    let mut sequences = sequence::read(client).await?;
    let of_ledger = ledger::tables(client).await?;
    let mut catalog = Catalog { tables: Vec::new(), relations: Vec::new(), sequences: Vec::new() };
    for entry in listed {
        let sequence = sequences.get(&entry.oid);
        let is_ledgers = of_ledger.contains_key(&entry.oid) || sequence.is_some_and(|sequence| feeds(sequence, &of_ledger));
        match if is_ledgers { relation::Place::Relation(RelationKind::Ledger) } else { entry.place() } {
            relation::Place::Table => catalog.tables.push(facts.table(entry)),
            relation::Place::Sequence => catalog.sequences.extend(sequences.remove(&entry.oid)),
            relation::Place::Relation(kind) => catalog.relations.push(entry.relation(kind)),
        }
    }
    catalog.relations.extend(large_object::read(client).await?);
    privilege::note_unreadable(client, &mut catalog.tables).await?;
    Ok(catalog)
}

struct Facts {
    columns: ByTable<crate::schema::Column>,
    unique_indexes: ByTable<crate::schema::UniqueIndex>,
    foreign_keys: ByTable<crate::schema::ForeignKey>,
    checks: ByTable<crate::schema::Check>,
    exclusives: ByTable<crate::schema::Exclusive>,
    worked_out_indexes: ByTable<crate::schema::WorkedOutIndex>,
    triggers: ByTable<crate::schema::Trigger>,
    leaves: ByTable<leaf::LeafFacts>,
}

/// Why rows of a table cannot be read, as far as the catalog alone says it.
fn obstacle(leaves: &[leaf::LeafFacts], row_security: bool) -> Option<String> {
    if let Some(foreign) = leaves.iter().find(|facts| facts.is_foreign) {
        let name = &foreign.leaf.name;
        return Some(format!(
            "its partition {name} is a foreign table: rows of it live on another server, which nothing is read \
             from or written to"
        ));
    }
    let said = if row_security {
        Some("row-level security hides rows from this user: use one with BYPASSRLS, or the owner unless it is forced")
    } else if leaves.iter().any(|facts| facts.emptied) {
        Some("it is unlogged, and a standby has none of its rows: connect to the primary")
    } else {
        None
    };
    said.map(str::to_owned)
}

impl Facts {
    fn table(&mut self, entry: relation::Entry) -> Table {
        let leaves = self.leaves.remove(&entry.oid).unwrap_or_default();
        let row_security = entry.row_security || leaves.iter().any(|facts| facts.row_security);
        let obstacle = obstacle(&leaves, row_security);
        Table {
            name: entry.name,
            partitioned: entry.kind == relation::PARTITIONED_TABLE,
            columns: self.columns.remove(&entry.oid).unwrap_or_default(),
            unique_indexes: self.unique_indexes.remove(&entry.oid).unwrap_or_default(),
            foreign_keys: self.foreign_keys.remove(&entry.oid).unwrap_or_default(),
            checks: self.checks.remove(&entry.oid).unwrap_or_default(),
            exclusives: self.exclusives.remove(&entry.oid).unwrap_or_default(),
            worked_out_indexes: self.worked_out_indexes.remove(&entry.oid).unwrap_or_default(),
            triggers: self.triggers.remove(&entry.oid).unwrap_or_default(),
            unlogged: leaves.iter().any(|facts| facts.unlogged),
            inherits: entry.inherits,
            inherited: entry.inherited,
            obstacle,
            row_security,
            row_estimate: leaves.iter().map(|facts| facts.row_estimate).sum(),
            size_bytes: leaves.iter().map(|facts| facts.leaf.size_bytes).sum(),
            leaves: leaves.into_iter().filter(|facts| !facts.is_foreign).map(|facts| facts.leaf).collect(),
        }
    }
}
