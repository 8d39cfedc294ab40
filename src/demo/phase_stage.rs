//! The stage on which a phase is played: a zone, a cluster, a subscription and health pages that stand-ins show, infrastructure
//! that terraform has made, and what failback.toml says of all of it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::binaries::Binaries;
use super::estate::databases;
use super::standin::{Standins, on_path};
use super::workspace::{CONFIG, Workspace};
use crate::error::{Error, ErrorKind, Result};
use crate::phases::kind::ask;

/// The environment's name.
pub(super) const ENVIRONMENT: &str = "demo";

/// The zone's name, of a domain that nobody can have (RFC 2606).
const ZONE: &str = "mystira.example";

const SERVICES: [&str; 3] = ["publisher", "chain", "story-generator"];

/// Where OLD answers, and an address that leads nowhere (RFC 5737), where NEW would.
const OLD: &str = "127.0.0.1";
const NEW: &str = "192.0.2.20";

const NEW_INFRASTRUCTURE: &str = include_str!("../../fixtures/standins/new/main.tf");

/// What takes part in the demo.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// What it is.
    pub what: &'static str,
    /// Whether it is the real one.
    pub real: bool,
    /// Who plays it, or why it is played.
    pub by: String,
}

/// The stage.
pub(super) struct Stage {
    folder: PathBuf,
    standins: Standins,
    dns: u16,
    terraform: PathBuf,
    path: String,
    /// Who is real and who is played.
    pub(super) parts: Vec<Part>,
}

impl Stage {
    /// Sets the stage beside the configuration of a workspace. Blocks.
    ///
    /// # Errors
    /// `Refused` where there is no Python; `Server` where a stand-in or terraform fails.
    pub(super) fn set(workspace: &Workspace, binaries: &Binaries, path: &str) -> Result<Self> {
        let folder = workspace.folder().to_path_buf();
        let mut standins = Standins::unpack(folder.join("standins"), path)?;
        let file = |name: &str| folder.join(name);
        workspace.write("hosts", "")?;
        workspace.write("told", "")?;
        let dns = standins.serve("dns.py", &file("hosts"))?;
        let pages = standins.serve("web.py", &file("told"))?;
        workspace.write("cluster.json", &cluster().to_string())?;
        let api = standins.serve("kube.py", &file("cluster.json"))?;
        workspace.write("world.json", &world(api, &file("hosts")).to_string())?;
        workspace.replace("hosts", &hosts())?;
        workspace.write("hook", &format!("http://127.0.0.1:{pages}/incidents\n"))?;
        let real = |name: &str| on_path(path, name);
        let (kubectl, terraform) = (real("kubectl"), real("terraform"));
        let parts = parts(kubectl.is_some(), terraform.is_some());
        let mut tools = vec![("az", standins.program("az"))];
        if kubectl.is_none() {
            tools.push(("kubectl", standins.program("kubectl")));
        }
        let terraform = terraform.unwrap_or_else(|| standins.program("terraform"));
        tools.push(("terraform", terraform.clone()));
        let beside = ["pg_dump", "pg_restore"].map(|name| (name, binaries.program(name)));
        tools.extend(beside.into_iter().filter(|(name, found)| real(name).is_none() && found.is_file()));
        workspace.append(CONFIG, &config(&folder, &tools, dns, pages))?;
        let stage = Self { folder, standins, dns, terraform, path: path.to_owned(), parts };
        workspace.make_folder("infra")?;
        workspace.write("infra/main.tf", NEW_INFRASTRUCTURE)?;
        stage.deploy()?;
        Ok(stage)
    }

    /// The variables that verbs see beside their own.
    pub(super) fn variables(&self) -> Vec<(String, String)> {
        let world = self.folder.join("world.json").display().to_string();
        vec![("PATH".to_owned(), self.path.clone()), ("AZ_WORLD".to_owned(), world)]
    }

    /// Lets terraform make what stands in for NEW's infrastructure.
    fn deploy(&self) -> Result<()> {
        let variable = format!("-var=environment={ENVIRONMENT}");
        for words in [&["init", "-input=false"][..], &["apply", "-auto-approve", "-input=false", &variable]] {
            let mut command = Command::new(&self.terraform);
            command.arg(format!("-chdir={}", self.folder.join("infra").display())).args(words);
            command.env_clear().envs(self.variables()).env("HOME", &self.folder).env("CHECKPOINT_DISABLE", "1");
            let failed = |cause: String| Error::new(ErrorKind::Server, "make NEW's infrastructure").because(cause);
            let output = command.stdin(Stdio::null()).output().map_err(|cause| failed(cause.to_string()))?;
            if !output.status.success() {
                return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
            }
        }
        Ok(())
    }

    /// Where every name leads, asked of the name server itself.
    pub(super) async fn names(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for service in SERVICES {
            let name = format!("{ENVIRONMENT}.{service}.{ZONE}");
            let leads = match ask(&format!("127.0.0.1:{}", self.dns), &name).await {
                Ok(asked) => asked.addresses.join(" "),
                Err(cause) => cause,
            };
            found.push((name, leads));
        }
        found
    }

    /// Whether a name leads to OLD.
    pub(super) fn is_old(leads: &str) -> bool {
        leads == OLD
    }

    /// The messages that the channel got.
    pub(super) fn messages(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.folder.join("told")).unwrap_or_default();
        let said = |line: &str| serde_json::from_str::<Value>(line).ok()?["text"].as_str().map(str::to_owned);
        text.lines().filter_map(said).collect()
    }

    /// Ends the stand-ins.
    pub(super) fn strike(self) {
        drop(self.standins);
    }
}

fn parts(kubectl: bool, terraform: bool) -> Vec<Part> {
    let real = |what, by: &str| Part { what, real: true, by: by.to_owned() };
    let played = |what, by: &str| Part { what, real: false, by: by.to_owned() };
    let tool = |what, is_real, standin: &str| {
        if is_real { real(what, "found on PATH") } else { played(what, &format!("not on PATH: {standin}")) }
    };
    vec![
        real("failback", "each verb in a process of its own"),
        real("OLD and NEW", "two PostgreSQL servers of this demo's own"),
        tool("kubectl", kubectl, "a stand-in that asks the cluster's API server"),
        tool("terraform", terraform, "a stand-in with a state of its own"),
        played("az", "a real one would talk to your subscription"),
        played("the cluster's API server", "on loopback"),
        played("the name server", "on loopback, asked over UDP"),
        played("the health pages and the incident channel", "on loopback"),
        played("the people", "this demo approves and answers in their names"),
    ]
}

fn cluster() -> Value {
    let pod = |service: &&str| {
        let labels = json!({ "app.kubernetes.io/name": format!("mys-{service}") });
        json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": { "name": service, "namespace": "mys-demo", "labels": labels },
            "spec": { "containers": [{ "name": "main", "image": "none" }] },
            "status": { "phase": "Running", "conditions": [{ "type": "Ready", "status": "True" }] },
        })
    };
    let ingress = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": { "name": "main", "namespace": "mys-demo" },
        "spec": {}, "status": { "loadBalancer": { "ingress": [{ "ip": OLD }] } },
    });
    let logs: Map<_, _> = SERVICES.iter().map(|service| ((*service).to_owned(), json!("served\nserved\n"))).collect();
    let pods: Vec<_> = SERVICES.iter().map(pod).collect();
    json!({ "namespaces": { "mys-demo": { "pods": pods, "ingresses": [ingress] } }, "logs": logs })
}

fn world(api: u16, hosts: &Path) -> Value {
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "old",
        "clusters": [{ "name": "old", "cluster": { "server": format!("http://127.0.0.1:{api}") } }],
        "users": [{ "name": "old", "user": {} }],
        "contexts": [{ "name": "old", "context": { "cluster": "old", "user": "old" } }],
    });
    let set = |service: &&str| (format!("dns-rg/{ZONE}/{ENVIRONMENT}.{service}"), json!({ "a": [NEW], "ttl": 2 }));
    let dns: Map<_, _> = SERVICES.iter().map(set).collect();
    json!({
        "subscription": "demo-subscription", "groups": [format!("mys-{ENVIRONMENT}-core-rg-san")], "dns": dns,
        "kubeconfig": { "old-rg/old-aks": kubeconfig.to_string() }, "hosts": hosts.display().to_string(),
    })
}

fn hosts() -> String {
    let line = |service: &&str| format!("{ZONE}/{ENVIRONMENT}.{service} {NEW} 2");
    SERVICES.iter().map(line).collect::<Vec<_>>().join("\n") + "\n"
}

/// What failback.toml says of the stage. Waits are short because it says so, and for no other reason.
fn config(folder: &Path, tools: &[(&str, PathBuf)], dns: u16, pages: u16) -> String {
    let text = |value: &str| toml_edit::Value::from(value).to_string().trim().to_owned();
    let path = |name: &str| text(&folder.join(name).to_string_lossy());
    let list = |values: &[&str]| values.iter().map(|value| text(value)).collect::<Vec<_>>().join(", ");
    let mut config = format!(
        "\n[environments.{ENVIRONMENT}]\nchannels.incidents.webhook = {{ file = {} }}\n\n[environments.{ENVIRONMENT}.tools]\n",
        path("hook")
    );
    for (name, program) in tools {
        let _ = writeln!(config, "{name} = {}", text(&program.to_string_lossy()));
    }
    let _ = write!(
        config,
        "environment = [\"AZ_WORLD\"]\n\n[environments.{ENVIRONMENT}.vars]\nsubscription = \"demo-subscription\"\n\
         services = [{}]\ndatabases = [{}]\nzone = \"{ZONE}\"\ndns_group = \"dns-rg\"\ndns_servers = [\"127.0.0.1:{dns}\"]\n\
         old_group = \"old-rg\"\nold_cluster = \"old-aks\"\nnamespace = \"mys-{ENVIRONMENT}\"\ningress = \"main\"\n\
         health_scheme = \"http\"\nhealth_port = {pages}\nobserve = \"2s\"\nwatch = \"1s\"\nttl = 2\nold_address = \"{OLD}\"\n\
         terraform = {}\nallow = [\"mys-{ENVIRONMENT}-*\"]\nnew_groups = [\"mys-{ENVIRONMENT}-core-rg-san\"]\n\
         new_service = \"new\"\n",
        list(&SERVICES),
        list(&databases()),
        path("infra"),
    );
    config
}
