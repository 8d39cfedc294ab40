//! What the configuration asked of a run when it was exported and planned: whose approval a merge needs, and which columns no
//! view shows. Whatever configuration a later command reads, it asks at least that: an option that is forgotten opens nothing.

use serde::{Deserialize, Serialize};

use super::index_file::{FORMAT_VERSION, read_json, write_json};
use super::layout;
use crate::config::{Mask, Quorum};
use crate::error::Result;
use crate::store::Store;

/// What was asked of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demands {
    /// See [`FORMAT_VERSION`].
    pub format_version: u32,
    /// By each environment under which the run was exported or planned.
    pub of: Vec<Demand>,
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
    /// `Damaged` where the file is not what was written.
    pub fn read(store: &dyn Store) -> Result<Vec<Demand>> {
        if !store.exists(layout::DEMANDS)? {
            return Ok(Vec::new());
        }
        read_json::<Self>(store, layout::DEMANDS, "failback plan").map(|found| found.into_content().of)
    }

    /// Writes down what is asked now. What the same environment asked before gives way, unless nothing is asked in its place.
    ///
    /// # Errors
    /// As [`read`](Self::read); `Storage` where it cannot be written.
    pub fn record(store: &dyn Store, now: Demand) -> Result<()> {
        let known = Self::read(store)?;
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
        write_json(store, layout::DEMANDS, &Self { format_version: FORMAT_VERSION, of }).map(drop)
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
}
