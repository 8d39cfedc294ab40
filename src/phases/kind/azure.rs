//! `kind = "azure"`: questions to the Azure CLI that the operator is logged in with.
//!
//! Exit codes (azure-cli, `azure/cli/core/azclierror.py`): 3 is "not found", 2 a wrong command line, 1 anything else, a missing
//! right and a lost network included. `az group exists` answers on standard output, so that "gone" is never read from a
//! failure.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::json::{lower_keys, parse};
use crate::error::Result;
use crate::phases::fields::Fields;
use crate::phases::outcome::Ended;
use crate::phases::state::Effect;
use crate::phases::work::{EVERY, Work};
use crate::text::shell_line;
use crate::words::words;

/// What is asked of Azure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Azure {
    #[serde(rename = "do")]
    ask: Ask,
    subscription: Option<String>,
    group: Option<String>,
    name: Option<String>,
    cluster: Option<String>,
}

/// The questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// That the login is for this subscription.
    Account,
    /// The cluster's credentials, into a file of the rollback's own.
    Kubeconfig,
    /// That a resource group is there.
    GroupPresent,
    /// That a resource group is gone.
    GroupAbsent,
}

words!(Ask {
    Account => "account",
    Kubeconfig => "kubeconfig",
    GroupPresent => "group_present",
    GroupAbsent => "group_absent",
});

impl Azure {
    pub(super) const KEYS: &[&str] = &["do", "subscription", "group", "name", "cluster"];

    pub(super) fn read(fields: &Fields<'_>) -> Result<Self> {
        let ask: Ask = fields.word("do")?;
        let wanted = |key: &str, is_wanted: bool| if is_wanted { fields.required(key).map(Some) } else { fields.text(key) };
        Ok(Self {
            ask,
            subscription: wanted("subscription", ask == Ask::Account)?,
            group: wanted("group", ask != Ask::Account)?,
            name: wanted("name", ask == Ask::Kubeconfig)?,
            cluster: wanted("cluster", ask == Ask::Kubeconfig)?,
        })
    }

    pub(super) const fn effect() -> Effect {
        Effect::Read
    }

    pub(super) fn show(&self) -> Vec<String> {
        vec![shell_line(&self.argv("<rollback>"))]
    }

    fn argv(&self, folder: &str) -> Vec<String> {
        let group = self.group.as_deref().unwrap_or_default();
        let name = self.name.as_deref().unwrap_or_default();
        let file = format!("{folder}/{}", kubeconfig(self.cluster.as_deref().unwrap_or_default()));
        let mut words = match self.ask {
            Ask::Account => vec!["az", "account", "show", "--output", "json"],
            Ask::Kubeconfig => {
                vec!["az", "aks", "get-credentials", "-g", group, "-n", name, "--file", &file, "--overwrite-existing"]
            }
            Ask::GroupPresent | Ask::GroupAbsent => vec!["az", "group", "exists", "-n", group],
        };
        if let Some(subscription) = self.subscription.as_deref() {
            words.extend(["--subscription", subscription]);
        }
        words.into_iter().map(str::to_owned).collect()
    }

    pub(super) async fn act(&self, work: &Work<'_>) -> Result<Ended> {
        match self.ask {
            Ask::Account => self.account(work).await,
            Ask::Kubeconfig => self.kubeconfig(work).await,
            Ask::GroupPresent => self.group(work, true).await,
            // A group goes after its last resource, minutes after who removed it was told so.
            Ask::GroupAbsent => work.until(EVERY * 5, || self.group(work, false)).await,
        }
    }

    async fn account(&self, work: &Work<'_>) -> Result<Ended> {
        let ran = work.run(&self.filled(work)?).await?;
        if !ran.is_fine() {
            return Ok(Ended::Failed(ran.said("az")));
        }
        let account = lower_keys(parse("az account show", &ran.out)?);
        let (id, state) = (account["id"].as_str().unwrap_or_default(), account["state"].as_str().unwrap_or_default());
        let wanted = self.subscription.as_deref().unwrap_or_default();
        Ok(if !id.eq_ignore_ascii_case(wanted) {
            Ended::Failed(format!("az answers for subscription {id}, and {wanted} is meant"))
        } else if !state.eq_ignore_ascii_case("enabled") {
            Ended::Failed(format!("subscription {id} is {state}"))
        } else {
            Ended::found("subscription", id)
        })
    }

    async fn kubeconfig(&self, work: &Work<'_>) -> Result<Ended> {
        let ran = work.run(&self.filled(work)?).await?;
        if !ran.is_fine() {
            return Ok(Ended::Failed(ran.said("az")));
        }
        let cluster = self.cluster.as_deref().unwrap_or_default();
        Ok(Ended::found("kubeconfig", kubeconfig(cluster)))
    }

    async fn group(&self, work: &Work<'_>, present: bool) -> Result<Ended> {
        let ran = work.run(&self.filled(work)?).await?;
        let group = self.group.as_deref().unwrap_or_default();
        Ok(match (ran.is_fine(), ran.out.trim()) {
            (true, "true") if present => Ended::done(),
            (true, "false") if !present => Ended::done(),
            (true, "true") => Ended::Failed(format!("resource group {group} is still there")),
            (true, "false") => Ended::Failed(format!("there is no resource group {group}")),
            (true, _) => Ended::Unknown(format!("az group exists said neither true nor false of {group}")),
            (false, _) => Ended::Unknown(ran.said("az")),
        })
    }

    fn filled(&self, work: &Work<'_>) -> Result<Vec<String>> {
        work.fill_all(&self.argv(&work.tools.folder().display().to_string()))
    }
}

/// The file of a cluster's credentials, in the rollback's folder: never the operator's own.
pub(super) fn kubeconfig(cluster: &str) -> String {
    format!("kube-{cluster}.yaml")
}

/// Returns what a key holds, whatever capitals a version of the CLI spells it with.
pub(super) fn addresses(record_set: &Value) -> Vec<String> {
    let list = record_set["arecords"].as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(|record| record["ipv4address"].as_str().map(str::to_owned)).collect()
}
