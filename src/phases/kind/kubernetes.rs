//! `kind = "kubernetes"`: the pods, addresses and logs of a cluster, by kubectl with a kubeconfig, context and namespace that
//! are named in every call.
//!
//! kubectl's exit code says nothing of health: `get pods` ends with 0 where there are none, and where all of them crash. So the
//! objects are read, as JSON (Kubernetes API, core/v1 and networking.k8s.io/v1).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::azure::kubeconfig;
use super::json::parse;
use crate::error::Result;
use crate::phases::fields::Fields;
use crate::phases::outcome::{Ended, Facts, Seen};
use crate::phases::state::Effect;
use crate::phases::tools::Ran;
use crate::phases::work::{EVERY, Work};
use crate::text::shell_line;
use crate::words::words;

/// What is asked of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kubernetes {
    #[serde(rename = "do")]
    ask: Ask,
    cluster: String,
    kubeconfig: Option<String>,
    context: Option<String>,
    server: Option<String>,
    namespace: String,
    selector: Option<String>,
    name: Option<String>,
    least: u32,
    replicas: Option<u32>,
    since: String,
    forbid: Vec<String>,
}

/// The questions, and the one thing that is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// That enough pods are ready.
    Pods,
    /// Which address an ingress has.
    Address,
    /// That no line of the logs holds one of some texts.
    Logs,
    /// How many pods a deployment has.
    Scale,
}

words!(Ask {
    Pods => "pods",
    Address => "address",
    Logs => "logs",
    Scale => "scale",
});

impl Kubernetes {
    pub(super) const KEYS: &[&str] = &[
        "do",
        "cluster",
        "kubeconfig",
        "context",
        "server",
        "namespace",
        "selector",
        "name",
        "least",
        "replicas",
        "since",
        "forbid",
    ];

    pub(super) fn read(fields: &Fields<'_>) -> Result<Self> {
        let ask: Ask = fields.word("do")?;
        let wanted = |key: &str, is_wanted: bool| if is_wanted { fields.required(key).map(Some) } else { fields.text(key) };
        let replicas = fields.count("replicas")?;
        if ask == Ask::Scale && replicas.is_none() {
            return Err(fields.error("replicas", "`replicas` is missing"));
        }
        Ok(Self {
            ask,
            cluster: fields.required("cluster")?,
            kubeconfig: fields.text("kubeconfig")?,
            context: fields.text("context")?,
            server: fields.text("server")?,
            namespace: fields.required("namespace")?,
            selector: wanted("selector", matches!(ask, Ask::Pods | Ask::Logs))?,
            name: wanted("name", matches!(ask, Ask::Address | Ask::Scale))?,
            least: fields.count("least")?.unwrap_or(1),
            replicas,
            since: fields.text("since")?.unwrap_or_else(|| "5m".to_owned()),
            forbid: if ask == Ask::Logs { fields.some_texts("forbid")? } else { fields.texts("forbid")? },
        })
    }

    pub(super) const fn effect(&self) -> Effect {
        if matches!(self.ask, Ask::Scale) { Effect::Write } else { Effect::Read }
    }

    pub(super) const fn can_undo(&self) -> bool {
        matches!(self.ask, Ask::Scale)
    }

    pub(super) fn show(&self) -> Vec<String> {
        vec![shell_line(&self.call("<rollback>", &self.question()))]
    }

    fn question(&self) -> Vec<String> {
        let (selector, name) = (self.selector.as_deref().unwrap_or_default(), self.name.as_deref().unwrap_or_default());
        let since = format!("--since={}", self.since);
        let words: Vec<&str> = match self.ask {
            Ask::Pods => vec!["get", "pods", "-l", selector, "-o", "json"],
            Ask::Address => vec!["get", "ingress", name, "-o", "json"],
            Ask::Logs => vec!["logs", "-l", selector, &since, "--tail=-1", "--prefix", "--all-containers"],
            Ask::Scale => return scale(name, self.replicas.unwrap_or_default()),
        };
        words.into_iter().map(str::to_owned).collect()
    }

    fn call(&self, folder: &str, words: &[String]) -> Vec<String> {
        let own = || format!("{folder}/{}", kubeconfig(&self.cluster));
        let file = self.kubeconfig.clone().unwrap_or_else(own);
        let mut argv = vec!["kubectl".to_owned(), "--kubeconfig".to_owned(), file];
        if let Some(context) = &self.context {
            argv.extend(["--context".to_owned(), context.clone()]);
        }
        argv.extend(["--namespace".to_owned(), self.namespace.clone()]);
        argv.extend_from_slice(words);
        argv
    }

    async fn ask(&self, work: &Work<'_>, words: &[String]) -> Result<Ran> {
        work.run(&work.fill_all(&self.call(&work.tools.folder().display().to_string(), words))?).await
    }

    pub(super) async fn probe(&self, work: &Work<'_>) -> Result<Seen> {
        if self.ask != Ask::Scale {
            return Ok(Seen::NotDone);
        }
        Ok(match self.replicas(work).await? {
            Ok(replicas) if Some(replicas) == self.replicas => Seen::Done(Facts::new()),
            Ok(_) => Seen::NotDone,
            Err(cause) => Seen::Unknown(cause),
        })
    }

    pub(super) async fn act(&self, work: &Work<'_>) -> Result<Ended> {
        if let Some(wrong) = self.other_cluster(work).await? {
            return Ok(Ended::Failed(wrong));
        }
        match self.ask {
            Ask::Pods => work.until(EVERY, || self.pods(work)).await,
            Ask::Address => work.until(EVERY, || self.address(work)).await,
            Ask::Logs => self.logs(work).await,
            Ask::Scale => self.scale(work).await,
        }
    }

    /// Says so where the kubeconfig leads to another cluster than the one that is meant.
    async fn other_cluster(&self, work: &Work<'_>) -> Result<Option<String>> {
        let Some(wanted) = &self.server else { return Ok(None) };
        let words = ["config", "view", "--minify", "-o", "json"].map(str::to_owned);
        let ran = self.ask(work, &words).await?;
        if !ran.is_fine() {
            return Ok(Some(ran.said("kubectl")));
        }
        let view = parse("kubectl config view", &ran.out)?;
        let server = view["clusters"][0]["cluster"]["server"].as_str().unwrap_or_default();
        let same = server.trim_end_matches('/') == wanted.trim_end_matches('/');
        Ok((!same).then(|| format!("the kubeconfig leads to {server}, and {wanted} is meant")))
    }

    async fn pods(&self, work: &Work<'_>) -> Result<Ended> {
        let ran = self.ask(work, &self.question()).await?;
        if !ran.is_fine() {
            return Ok(Ended::Failed(ran.said("kubectl")));
        }
        let list = parse("kubectl get pods", &ran.out)?;
        let pods = list["items"].as_array().map(Vec::as_slice).unwrap_or_default();
        let unwell: Vec<_> = pods.iter().filter_map(unwell).collect();
        let ready = pods.len() - unwell.len();
        let selector = self.selector.as_deref().unwrap_or_default();
        Ok(if !unwell.is_empty() {
            Ended::Failed(format!("{ready} of {} pods are ready ({selector}): {}", pods.len(), unwell.join(", ")))
        } else if ready < self.least as usize {
            Ended::Failed(format!("{ready} pods are ready ({selector}), and {} are wanted", self.least))
        } else {
            Ended::found("ready", ready.to_string())
        })
    }

    async fn address(&self, work: &Work<'_>) -> Result<Ended> {
        let ran = self.ask(work, &self.question()).await?;
        if !ran.is_fine() {
            return Ok(Ended::Failed(ran.said("kubectl")));
        }
        let ingress = parse("kubectl get ingress", &ran.out)?;
        let points = ingress["status"]["loadBalancer"]["ingress"].as_array().map(Vec::as_slice).unwrap_or_default();
        let addresses: Vec<_> = points.iter().filter_map(|point| point["ip"].as_str()).collect();
        let name = self.name.as_deref().unwrap_or_default();
        Ok(match addresses[..] {
            [one] if points.len() == 1 && one.parse::<std::net::Ipv4Addr>().is_ok() => Ended::found("address", one),
            [] => Ended::Failed(format!("ingress {name} has no address yet, or a host name alone")),
            _ => Ended::Failed(format!("ingress {name} has several addresses: name the one that is meant in the runbook")),
        })
    }

    async fn logs(&self, work: &Work<'_>) -> Result<Ended> {
        // Logs of no pods are as silent as logs of healthy ones.
        if let Ended::Failed(cause) = self.matching(work).await? {
            return Ok(Ended::Failed(cause));
        }
        let ran = self.ask(work, &self.question()).await?;
        if !ran.is_fine() {
            return Ok(Ended::Failed(ran.said("kubectl")));
        }
        let wrong = |line: &&str| self.forbid.iter().any(|text| line.contains(text.as_str()));
        let found = ran.out.lines().filter(wrong).count();
        // The lines themselves may hold personal data: the evidence has them, the journal does not.
        Ok(match found {
            0 => Ended::found("lines", ran.out.lines().count().to_string()),
            found => Ended::Failed(format!("{found} lines of the last {} hold one of {}", self.since, self.forbid.join(", "))),
        })
    }

    async fn matching(&self, work: &Work<'_>) -> Result<Ended> {
        let selector = self.selector.as_deref().unwrap_or_default();
        let words = ["get", "pods", "-l", selector, "-o", "name"].map(str::to_owned);
        let ran = self.ask(work, &words).await?;
        Ok(if !ran.is_fine() {
            Ended::Failed(ran.said("kubectl"))
        } else if ran.out.trim().is_empty() {
            Ended::Failed(format!("no pod matches {selector}"))
        } else {
            Ended::done()
        })
    }

    async fn replicas(&self, work: &Work<'_>) -> Result<Result<u32, String>> {
        let name = self.name.as_deref().unwrap_or_default();
        let words = ["get", "deployment", name, "-o", "json"].map(str::to_owned);
        let ran = self.ask(work, &words).await?;
        if !ran.is_fine() {
            return Ok(Err(ran.said("kubectl")));
        }
        let deployment = parse("kubectl get deployment", &ran.out)?;
        let replicas = deployment["spec"]["replicas"].as_u64().and_then(|number| u32::try_from(number).ok());
        Ok(replicas.ok_or_else(|| format!("deployment {name} says no number of replicas")))
    }

    async fn scale(&self, work: &Work<'_>) -> Result<Ended> {
        let before = match self.replicas(work).await? {
            Ok(before) => before,
            Err(cause) => return Ok(Ended::Failed(cause)),
        };
        let ran = self.ask(work, &self.question()).await?;
        Ok(match (ran.is_fine(), self.replicas(work).await?) {
            (true, Ok(now)) if Some(now) == self.replicas => Ended::found("before", before.to_string()),
            (_, Ok(now)) => Ended::Failed(format!("{now} replicas are asked for; {}", ran.said("kubectl"))),
            (_, Err(cause)) => Ended::Unknown(cause),
        })
    }

    pub(super) async fn undo(&self, work: &Work<'_>) -> Result<Ended> {
        let Some(before) = (work.facts)(work.step, "before").and_then(|before| before.parse().ok()) else {
            return Ok(Ended::Unknown("nothing says how many replicas there were".to_owned()));
        };
        let ran = self.ask(work, &scale(self.name.as_deref().unwrap_or_default(), before)).await?;
        Ok(if ran.is_fine() { Ended::done() } else { Ended::Unknown(ran.said("kubectl")) })
    }
}

fn scale(name: &str, replicas: u32) -> Vec<String> {
    vec!["scale".to_owned(), format!("deployment/{name}"), format!("--replicas={replicas}")]
}

/// Names a pod that is not ready, with the reason that it gives.
fn unwell(pod: &Value) -> Option<String> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let conditions = list(&pod["status"]["conditions"]);
    let is_ready = conditions.iter().any(|condition| condition["type"] == "Ready" && condition["status"] == "True");
    // A pod that ended as it should, of a job, is not waited for.
    if (is_ready && pod["metadata"]["deletionTimestamp"].is_null()) || pod["status"]["phase"] == "Succeeded" {
        return None;
    }
    let containers = list(&pod["status"]["containerStatuses"]);
    let waiting = containers.iter().find_map(|container| container["state"]["waiting"]["reason"].as_str());
    let reason = waiting.or_else(|| pod["status"]["phase"].as_str()).unwrap_or("not ready");
    Some(format!("{} {reason}", pod["metadata"]["name"].as_str().unwrap_or("a pod")))
}
