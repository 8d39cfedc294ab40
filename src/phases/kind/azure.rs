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
use crate::phases::outcome::{Ended, Facts, Seen};
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
    #[serde(default)]
    source: Option<String>,
    #[serde(default)]
    at: Option<String>,
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
    /// That no flexible server has this name.
    ServerAbsent,
    /// Has Azure begin to make a flexible server, as another one was at a moment.
    RestoreServer,
    /// That a flexible server is ready.
    ServerReady,
}

words!(Ask {
    Account => "account",
    Kubeconfig => "kubeconfig",
    GroupPresent => "group_present",
    GroupAbsent => "group_absent",
    ServerAbsent => "server_absent",
    RestoreServer => "restore_server",
    ServerReady => "server_ready",
});

impl Azure {
    pub(super) const KEYS: &[&str] = &["do", "subscription", "group", "name", "cluster", "source", "at"];

    pub(super) fn read(fields: &Fields<'_>) -> Result<Self> {
        let ask: Ask = fields.word("do")?;
        let is_server = matches!(ask, Ask::ServerAbsent | Ask::RestoreServer | Ask::ServerReady);
        let wanted = |key: &str, is_wanted: bool| if is_wanted { fields.required(key).map(Some) } else { fields.text(key) };
        Ok(Self {
            ask,
            subscription: wanted("subscription", ask == Ask::Account)?,
            group: wanted("group", ask != Ask::Account)?,
            name: wanted("name", ask == Ask::Kubeconfig || is_server)?,
            cluster: wanted("cluster", ask == Ask::Kubeconfig)?,
            source: wanted("source", ask == Ask::RestoreServer)?,
            at: wanted("at", ask == Ask::RestoreServer)?.map(|at| moment(fields, at)).transpose()?,
        })
    }

    pub(super) const fn effect(&self) -> Effect {
        match self.ask {
            Ask::RestoreServer => Effect::Write,
            _ => Effect::Read,
        }
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
            Ask::ServerAbsent | Ask::ServerReady => {
                vec!["az", "postgres", "flexible-server", "show", "-g", group, "-n", name, "--output", "json"]
            }
            Ask::RestoreServer => {
                let (source, at) = (self.source.as_deref().unwrap_or_default(), self.at.as_deref().unwrap_or_default());
                let restore = ["az", "postgres", "flexible-server", "restore", "-g", group, "-n", name];
                // Without a time it would be the server as it is now.
                let more = ["--source-server", source, "--restore-time", at, "--no-wait", "--output", "json"];
                restore.into_iter().chain(more).collect()
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
            Ask::ServerAbsent => self.server_absent(work).await,
            Ask::RestoreServer => self.restore_server(work).await,
            Ask::ServerReady => work.until(EVERY * 5, || self.server_ready(work)).await,
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

    /// Looks whether the server that is to be made is there: that its name was free is what the step before has seen.
    ///
    /// # Errors
    /// Where the program cannot be started.
    pub(super) async fn probe(&self, work: &Work<'_>) -> Result<Seen> {
        let shown = Self { ask: Ask::ServerReady, ..self.clone() };
        let ran = work.run(&shown.filled(work)?).await?;
        Ok(match ran.code {
            Some(0) => Seen::Done(Facts::new()),
            Some(NOT_FOUND) => Seen::NotDone,
            _ => Seen::Unknown(ran.said("az")),
        })
    }

    async fn server_absent(&self, work: &Work<'_>) -> Result<Ended> {
        let ran = work.run(&self.filled(work)?).await?;
        let name = self.name.as_deref().unwrap_or_default();
        Ok(match ran.code {
            Some(NOT_FOUND) => Ended::done(),
            Some(0) => Ended::Failed(format!("there is a server {name}: one that is restored gets a name of its own")),
            _ => Ended::Failed(ran.said("az")),
        })
    }

    async fn restore_server(&self, work: &Work<'_>) -> Result<Ended> {
        let ran = work.run(&self.filled(work)?).await?;
        Ok(match ran.code {
            Some(0) => Ended::found("server", self.name.as_deref().unwrap_or_default()),
            None => Ended::Unknown(ran.said("az")),
            Some(_) => Ended::Failed(ran.said("az")),
        })
    }

    async fn server_ready(&self, work: &Work<'_>) -> Result<Ended> {
        let ran = work.run(&self.filled(work)?).await?;
        if !ran.is_fine() {
            return Ok(Ended::Failed(ran.said("az")));
        }
        let server = lower_keys(parse("az postgres flexible-server show", &ran.out)?);
        let (state, host) = (server["state"].as_str().unwrap_or_default(), server["fullyqualifieddomainname"].as_str());
        Ok(match host {
            Some(host) if state.eq_ignore_ascii_case("ready") && !host.is_empty() => Ended::found("host", host),
            _ => Ended::Failed(format!("it is {}", if state.is_empty() { "in no state that az names" } else { state })),
        })
    }

    fn filled(&self, work: &Work<'_>) -> Result<Vec<String>> {
        work.fill_all(&self.argv(&work.tools.folder().display().to_string()))
    }
}

/// The Azure CLI's exit code for what is not there.
const NOT_FOUND: i32 = 3;

/// Reads a moment, which has to say its offset.
fn moment(fields: &Fields<'_>, text: String) -> Result<String> {
    match text.parse::<jiff::Timestamp>() {
        Ok(_) => Ok(text),
        Err(_) => {
            Err(fields
                .error("at", format!("`at` is `{text}`, and has to be a moment with its offset, as 2026-11-22T10:00:00Z")))
        }
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
