//! What a rollback will do, frozen before it begins: `rollback` shows it, the journal names its digest, and nothing else is
//! ever carried out.

use serde::{Deserialize, Serialize};

use super::runbook::Runbook;
use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::store::{LocalStore, Store as _};

/// The plan's file, in the rollback's folder.
pub const PLAN: &str = "plan.json";

/// The version of the file's form.
const FORMAT: u32 = 1;

/// A plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The version of the file's form.
    pub format: u32,
    /// The failback that made it.
    pub tool_version: String,
    /// The environment's name.
    pub environment: String,
    /// Whether the environment's name has to be typed before anything is changed.
    pub protected: bool,
    /// The way through the runbook that was chosen.
    pub option: Option<String>,
    /// The blake3 digest of the configuration's text.
    pub config: String,
    /// The steps, with every placeholder replaced that is known before they begin.
    pub runbook: Runbook,
}

/// A plan with its digest.
#[derive(Serialize, Deserialize)]
struct Sealed {
    digest: String,
    plan: Plan,
}

impl Plan {
    /// Freezes a runbook.
    #[must_use]
    pub fn new(environment: &str, protected: bool, option: Option<&str>, config_text: &str, runbook: Runbook) -> Self {
        Self {
            format: FORMAT,
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            environment: environment.to_owned(),
            protected,
            option: option.map(str::to_owned),
            config: blake3::hash(config_text.as_bytes()).to_hex().to_string(),
            runbook,
        }
    }

    /// The plan's digest: of everything in it.
    ///
    /// # Errors
    /// `Storage` where it cannot be written as JSON.
    pub fn digest(&self) -> Result<String> {
        let text = serde_json::to_vec(self).map_err(|error| broken(ErrorKind::Storage, error.to_string()))?;
        Ok(blake3::hash(&text).to_hex().to_string())
    }

    /// Writes the plan into a rollback's folder.
    ///
    /// # Errors
    /// `Storage` where it cannot be written.
    pub fn write(&self, store: &LocalStore) -> Result<()> {
        let sealed = Sealed { digest: self.digest()?, plan: self.clone() };
        let text = serde_json::to_vec_pretty(&sealed).map_err(|error| broken(ErrorKind::Storage, error.to_string()))?;
        store.write(PLAN, &text).place(|| PLAN).map(|_| ())
    }

    /// Reads the plan of a rollback.
    ///
    /// # Errors
    /// `Damaged` where it is not what was written.
    pub fn read(store: &LocalStore) -> Result<Self> {
        let sealed: Sealed = serde_json::from_slice(&store.read(PLAN)?)
            .map_err(|error| broken(ErrorKind::Damaged, format!("it is no plan of this version: {error}")))?;
        if sealed.plan.digest()? != sealed.digest {
            return Err(broken(ErrorKind::Damaged, "it was altered since it was written".to_owned()));
        }
        Ok(sealed.plan)
    }

    /// Refuses a configuration that is not the one that the plan was made with.
    ///
    /// # Errors
    /// `Refused` where it has changed.
    pub fn expect_config(&self, config_text: &str) -> Result<()> {
        if blake3::hash(config_text.as_bytes()).to_hex().as_str() == self.config {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Refused, "go on with the rollback")
            .because("failback.toml has changed since the plan was made")
            .next("put it back, or end this rollback with `failback rollback abort` and begin another"))
    }
}

fn broken(kind: ErrorKind, cause: String) -> Error {
    Error::new(kind, "read the plan of a rollback").at(PLAN).because(cause)
}
