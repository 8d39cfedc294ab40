//! What the configuration asked of a run when it was exported and planned: whose approval a merge needs, and which columns no
//! view shows. Whatever configuration a later command reads, it asks at least that: an option that is forgotten opens nothing.
//! The manifest and the plan name the file as it was when they were written: one that is taken away, or another's, is seen.

use serde::{Deserialize, Serialize};

use super::index_file::{FORMAT_VERSION, Sealed, read_json, write_json};
use super::layout;
use crate::config::{Mask, Quorum};
use crate::error::{Error, ErrorKind, Result};
use crate::store::Store;

/// What was asked of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demands {
    /// See [`FORMAT_VERSION`].
    pub format_version: u32,
    /// By each environment under which the run was exported or planned.
    pub of: Vec<Demand>,
    /// The digests that the file bore before: an index may have been written then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<String>,
}

/// What an index says of it.
#[derive(Deserialize)]
struct Named {
    /// The digest that the file bore.
    #[serde(default)]
    demands_blake3: Option<String>,
}

/// What one environment asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demand {
    /// The environment; `None` is the configuration without one.
    pub environment: Option<String>,
    /// Whose approval a plan needs.
    pub approval: Quorum,
    /// Which columns' values no view shows.
    pub mask: Mask,
}

impl Demand {
    /// Says where it comes from.
    #[must_use]
    pub fn origin(&self) -> String {
        match &self.environment {
            Some(name) => format!("environment {name}, under which this run was made"),
            None => "the failback.toml with which this run was made".to_owned(),
        }
    }
}

impl Demands {
    /// Reads what was asked of a run; nothing where an earlier failback made it, or nothing was asked.
    ///
    /// # Errors
    /// `Damaged` where the file is not what was written, or an index names another than is there.
    pub fn read(store: &dyn Store) -> Result<Vec<Demand>> {
        Ok(Self::checked(store)?.map_or_else(Vec::new, |found| found.into_content().of))
    }

    /// Returns the digest by which an index that is written now names the file; nothing where there is none.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn own_blake3(store: &dyn Store) -> Result<Option<String>> {
        Ok(Self::checked(store)?.map(|found| found.own_blake3().to_owned()))
    }

    fn checked(store: &dyn Store) -> Result<Option<Sealed<Self>>> {
        let exists = store.exists(layout::DEMANDS)?;
        let found = exists.then(|| read_json::<Self>(store, layout::DEMANDS, "failback plan")).transpose()?;
        for path in [layout::MANIFEST, layout::PLAN] {
            let Some(named) = named(store, path)? else { continue };
            let is_known = |found: &Sealed<Self>| found.own_blake3() == named || found.before.contains(&named);
            if !found.as_ref().is_some_and(is_known) {
                let fate = if found.is_some() { "is another than it names" } else { "is missing" };
                return Err(Error::new(ErrorKind::Damaged, format!("read {}", layout::DEMANDS))
                    .at(store.location())
                    .because(format!(
                        "{path} names the file, in which whose approval and which masks were asked for, and it {fate}"
                    ))
                    .next(format!("put the run's own {} back, from where this run was copied", layout::DEMANDS))
                    .next("where it is lost, make a new run with `failback export`, under the configuration that asks"));
            }
        }
        Ok(found)
    }

    /// Writes down what is asked now. What the same environment asked before gives way, unless nothing is asked in its place.
    ///
    /// # Errors
    /// As [`read`](Self::read); `Storage` where it cannot be written.
    pub fn record(store: &dyn Store, now: Demand) -> Result<()> {
        let known = Self::checked(store)?;
        let mut before = known.as_ref().map_or_else(Vec::new, |known| known.before.clone());
        before.extend(known.as_ref().map(|known| known.own_blake3().to_owned()));
        let known = known.map_or_else(Vec::new, |known| known.into_content().of);
        let mut of = known.clone();
        let at = of.iter().position(|demand| demand.environment == now.environment).unwrap_or_else(|| {
            of.push(Demand { environment: now.environment.clone(), ..Demand::default() });
            of.len() - 1
        });
        if now.approval.approvers() > 0 {
            of[at].approval = now.approval;
        }
        if now.mask.rules() > 0 {
            of[at].mask = now.mask;
        }
        of.retain(|demand| demand.approval.approvers() > 0 || demand.mask.rules() > 0);
        if of == known {
            return Ok(());
        }
        write_json(store, layout::DEMANDS, &Self { format_version: FORMAT_VERSION, of, before }).map(drop)
    }
}

/// Returns what an index says that the file's digest was. One that is not there, or is itself not what was written, says
/// nothing: whoever needs it refuses it.
fn named(store: &dyn Store, path: &str) -> Result<Option<String>> {
    if !store.exists(path)? {
        return Ok(None);
    }
    match read_json::<Named>(store, path, "failback plan") {
        Ok(found) => Ok(found.into_content().demands_blake3),
        Err(error) if matches!(error.kind(), ErrorKind::Damaged | ErrorKind::Refused) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::store::LocalStore;

    fn demand(environment: Option<&str>, text: &str) -> Demand {
        let config = Config::parse(text, "failback.toml").unwrap();
        let environment = environment.map(str::to_owned);
        Demand { environment, approval: config.quorum().clone(), mask: config.mask().clone() }
    }

    #[test]
    fn what_was_asked_once_is_asked_until_its_environment_asks_otherwise() {
        let root = tempfile::tempdir().unwrap();
        let store = LocalStore::create(&root.path().join("run")).unwrap();
        Demands::record(&store, demand(None, "")).unwrap();
        assert!(!store.exists(layout::DEMANDS).unwrap(), "nothing is asked");
        let two = demand(Some("prod"), "approval.roles = [\"dba\", \"lead\"]\nmask.\"public.p\" = [\"v\"]");
        Demands::record(&store, two.clone()).unwrap();
        Demands::record(&store, demand(None, "")).unwrap();
        Demands::record(&store, demand(Some("prod"), "")).unwrap();
        assert_eq!(Demands::read(&store).unwrap(), [two]);
        let one = demand(Some("prod"), "approval = { approvers = 1, expires = \"2h\" }");
        Demands::record(&store, one.clone()).unwrap();
        let found = Demands::read(&store).unwrap();
        assert_eq!((found.len(), &found[0].approval, found[0].mask.rules()), (1, &one.approval, 1));
    }

    #[test]
    fn one_that_an_index_names_is_missed_and_one_that_grew_since_is_not() {
        #[derive(Serialize)]
        struct Index {
            format_version: u32,
            demands_blake3: Option<String>,
        }
        let root = tempfile::tempdir().unwrap();
        let store = LocalStore::create(&root.path().join("run")).unwrap();
        let index = |path: &str| {
            let demands_blake3 = Demands::own_blake3(&store).unwrap();
            write_json(&store, path, &Index { format_version: FORMAT_VERSION, demands_blake3 }).unwrap();
        };
        index(layout::MANIFEST);
        Demands::record(&store, demand(Some("prod"), "approval.approvers = 2")).unwrap();
        let first = store.read(layout::DEMANDS).unwrap();
        index(layout::MANIFEST);
        Demands::record(&store, demand(None, "approval.approvers = 1")).unwrap();
        assert_eq!(Demands::read(&store).unwrap().len(), 2, "a plan that failed leaves it so");
        index(layout::PLAN);
        assert_eq!(Demands::read(&store).unwrap().len(), 2);
        store.write(layout::DEMANDS, &first).unwrap();
        assert_eq!(Demands::read(&store).unwrap_err().kind(), ErrorKind::Damaged, "the plan was asked for more");
        store.remove_file(layout::DEMANDS).unwrap();
        let missed = Demands::record(&store, demand(None, "")).unwrap_err();
        assert!(missed.kind() == ErrorKind::Damaged && missed.causes()[0].contains("is missing"), "{missed:?}");
    }
}
