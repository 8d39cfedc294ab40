//! The plan of a run: exactly what merge will do, and a digest that a hand-edited plan does not survive.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Segment;
use super::index_file::{Sealed, own_blake3, read_json, write_json};
use super::layout::{self, TableId};
use super::{RunId, RunRecord};
use crate::delta::Class;
use crate::error::{Error, ErrorKind, Result};
use crate::name::QualifiedName;
use crate::pg::ServerIdentity;
use crate::policy::Action;
use crate::schema::Sequence;
use crate::store::Store;
use crate::words::Counts;

/// What merge will do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// See [`super::FORMAT_VERSION`].
    pub format_version: u32,
    /// The failback that made it.
    pub tool_version: String,
    /// The run's id, as in its manifest.
    pub run_id: RunId,
    /// When it was made, RFC 3339 in UTC.
    pub made_at: String,
    /// The digest that the manifest bears which it rests on.
    pub manifest_blake3: String,
    /// The digest that the diff's index bears which it rests on.
    pub diff_blake3: String,
    /// The digest that `demands.json` bore; nothing where nothing was asked, or an earlier failback wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub demands_blake3: Option<String>,
    /// The number below which every transaction that can have written to OLD's database had ended before the plan looked at
    /// its rows, by the database's name; unknown where an earlier failback planned.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub horizons: BTreeMap<String, i64>,
    /// Digest of what was decided.
    pub decisions_digest: String,
    /// One part a database, by name.
    pub databases: Vec<DatabasePlan>,
    /// blake3 of everything above, the time, the horizons and who was asked apart.
    pub digest: String,
}

/// One database's part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DatabasePlan {
    /// The database's name, the same on both sides.
    pub name: String,
    /// OLD when its rows were classified.
    pub old: ServerIdentity,
    /// The tables, parents before children.
    pub tables: Vec<TablePlan>,
    /// NEW's sequences at the export; OLD's are raised to cover them.
    pub new_sequences: Vec<Sequence>,
    /// Children on OLD that get another parent under the key of their own, perhaps, as was decided by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adopted: Vec<AdoptedChildren>,
    /// blake3 of the manifest's record of the database.
    pub record_blake3: String,
    /// blake3 of everything above and the run's id: the name of this part in OLD's ledger. Each database is carried out and
    /// taken back under a name of its own, so that one can be planned anew while another stands.
    pub digest: String,
}

/// Children on OLD that stay, and whose parents are overwritten by rows of NEW's that may be others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdoptedChildren {
    /// The foreign key.
    pub key: String,
    /// The children's table.
    pub child: QualifiedName,
    /// The parents' table.
    pub parent: QualifiedName,
    /// How many parents are overwritten that have such children.
    pub parents: u64,
}

/// One table's part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TablePlan {
    /// Its short name in paths.
    pub id: TableId,
    /// As the catalog spells it.
    pub name: QualifiedName,
    /// Digest of OLD's definition of the table.
    pub definition: String,
    /// The diff's files, in the order in which `changes` counts their rows.
    pub diff: Vec<Segment>,
    /// One row for every row of the diff: what is done with it, and why. `None` where the diff has no rows.
    pub changes: Option<Segment>,
    /// Rows whose columns were chosen one by one: what NEW's row stands for in them. `None` where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub composed: Option<Segment>,
    /// How many rows each action has.
    pub actions: Counts<Action>,
    /// How many rows nothing is to be done about, by class; these are in no file of the diff.
    pub settled: Counts<Class>,
    /// How many rows each reason has.
    pub reasons: BTreeMap<String, u64>,
    /// How many rows each reason holds; they are among those above.
    pub held_reasons: BTreeMap<String, u64>,
}

impl DatabasePlan {
    /// Gives the part its name in OLD's ledger.
    ///
    /// # Errors
    /// None in practice: the plan holds nothing that JSON cannot.
    pub fn seal(self, run_id: &RunId) -> Result<Self> {
        let bare = Self { digest: String::new(), ..self };
        let digest = json_digest(&(run_id, &bare))?;
        Ok(Self { digest, ..bare })
    }

    /// Returns a table's part.
    ///
    /// # Errors
    /// `Damaged` where there is none: only files that do not belong together can cause it.
    pub fn table(&self, id: TableId) -> Result<&TablePlan> {
        self.tables.iter().find(|table| table.id == id).ok_or_else(|| {
            Error::new(ErrorKind::Damaged, "read the plan")
                .at(format!("database {}", self.name))
                .because(format!("it does not know table {id}"))
        })
    }
}

impl TablePlan {
    /// Returns how many rows of OLD the plan writes or takes away.
    #[must_use]
    pub fn written_rows(&self) -> u64 {
        self.actions.sum_of(Action::writes)
    }
}

impl Plan {
    /// Computes the digest over everything but itself, when it was made, and who was asked: the same plan made twice is the
    /// same plan, whoever has to approve it.
    ///
    /// # Errors
    /// None in practice: the plan holds nothing that JSON cannot.
    pub fn compute_digest(&self) -> Result<String> {
        let bare = Self { digest: String::new(), made_at: String::new(), demands_blake3: None, ..self.clone() };
        json_digest(&Self { horizons: BTreeMap::new(), ..bare })
    }

    /// Writes the plan, which makes it exist, and returns the digest of its file.
    pub fn write(&self, store: &dyn Store) -> Result<String> {
        write_json(store, layout::PLAN, self)
    }

    /// Reads the plan of a run, and checks that it, and the export and the diff that it was made from, are as they were.
    ///
    /// # Errors
    /// `Refused` where there is none, it is another run's, or another diff has been made since; `Damaged` where it, or one of
    /// the files that it rests on, is not what was written.
    pub fn read(store: &dyn Store) -> Result<Sealed<Self>> {
        let (plan, stale) = Self::read_with_age(store)?;
        match stale {
            None => Ok(plan),
            Some(what) => Err(Error::new(ErrorKind::Refused, "check the plan")
                .at(store.location())
                .because(format!("{what} changed since the plan was made"))
                .next("run `failback plan` again and read what it says")
                .next("where the run is merged already: put the files back that the plan was made from")),
        }
    }

    /// Reads the plan of a run, and says what has changed since it was made: the export or the diff, if either has.
    ///
    /// # Errors
    /// As [`read`](Self::read), a change of the export or the diff apart.
    pub fn read_with_age(store: &dyn Store) -> Result<(Sealed<Self>, Option<&'static str>)> {
        let plan = Self::read_own(store)?;
        let stale = if own_blake3(store, layout::MANIFEST)? != plan.manifest_blake3 {
            Some("the export")
        } else if own_blake3(store, layout::DIFF)? != plan.diff_blake3 {
            Some("the diff")
        } else {
            None
        };
        Ok((plan, stale))
    }

    /// Reads a plan to compare another with it: of whichever run, and whatever it was made from.
    ///
    /// # Errors
    /// `Refused` where there is none, `Damaged` where it is not what was written.
    pub fn read_alone(store: &dyn Store) -> Result<Sealed<Self>> {
        read_json(store, layout::PLAN, "failback plan")
    }

    fn read_own(store: &dyn Store) -> Result<Sealed<Self>> {
        let plan: Sealed<Self> = read_json(store, layout::PLAN, "failback plan")?;
        let run = RunRecord::read(store)?;
        if plan.run_id != run.id {
            return Err(Error::new(ErrorKind::Refused, "read the plan")
                .at(store.location())
                .because(format!("it is the plan of run {}, and this is run {}", plan.run_id, run.id))
                .next("put the run's own plan.json back, or run `failback plan` again"));
        }
        if plan.compute_digest()? != plan.digest {
            return Err(Error::new(ErrorKind::Refused, "read the plan")
                .at(store.location())
                .because("plan.json does not match its own digest: it was edited or damaged")
                .next("run `failback plan` again; decisions are made in decisions.toml, with `failback decide`"));
        }
        Ok(plan)
    }

    /// Lists the tables of every database.
    pub fn tables(&self) -> impl Iterator<Item = &TablePlan> {
        self.databases.iter().flat_map(|database| &database.tables)
    }

    /// Counts rows by action, over all tables.
    #[must_use]
    pub fn actions(&self) -> Counts<Action> {
        self.tables().map(|table| &table.actions).sum()
    }
}

/// Returns the blake3 digest of a value's compact JSON.
///
/// # Errors
/// `Storage` where it holds what JSON cannot.
pub fn json_digest<T: Serialize>(value: &T) -> Result<String> {
    let text = serde_json::to_vec(value).map_err(|error| Error::new(ErrorKind::Storage, "digest a record").because(error))?;
    Ok(blake3::hash(&text).to_hex().to_string())
}
