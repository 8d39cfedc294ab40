//! The stage on which a phase is played: a zone, a cluster, a subscription and health pages that stand-ins show, infrastructure
//! that terraform has made, and what failback.toml says of all of it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::binaries::Binaries;
use super::estate::databases;
use super::played_phase::{PhaseOptions, PlayedPhase};
use super::standin::{Standins, on_path};
use super::workspace::{CONFIG, STANDINS, Workspace};
use crate::error::{Error, ErrorKind, Result};
use crate::phases::kind::ask;
use crate::store::backup_files;

/// The environment's name.
pub(super) const ENVIRONMENT: &str = "demo";

/// Where backups are.
pub(super) const BACKUPS: &str = "az://demo/backups/nightly";

const SUBSCRIPTION: &str = "demo-subscription";

/// The file that the stand-in of `az` looks at.
const WORLD: &str = "world.json";

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
    path: String,
    pg_dump: PathBuf,
    /// The name server's port, where there is one.
    dns: Option<u16>,
    /// Who is real and who is played.
    pub(super) parts: Vec<Part>,
}

impl Stage {
    /// Sets the stage beside the configuration of a workspace. Blocks.
    ///
    /// # Errors
    /// `Refused` where there is no Python, or, where databases are dumped, no `pg_dump`; `Server` where a stand-in or terraform
    /// fails.
    pub(super) fn set(workspace: &Workspace, options: &PhaseOptions, moment: Timestamp) -> Result<Self> {
        let (folder, path) = (workspace.folder().to_path_buf(), options.path.as_str());
        let mut standins = Standins::unpack(folder.join(STANDINS), path, options.keep)?;
        workspace.write("told", "")?;
        let pages = standins.serve("web.py", &folder.join("told"))?;
        workspace.write("hook", &format!("http://127.0.0.1:{pages}/incidents\n"))?;
        let clients = clients(&options.binaries, path);
        let mut tools = vec![("az", standins.program("az"))];
        tools.extend(clients.clone());
        let pg_dump = clients.into_iter().find(|(name, _)| *name == "pg_dump").map(|(_, found)| found);
        let mut stage = Self {
            folder,
            standins,
            path: path.to_owned(),
            pg_dump: pg_dump.unwrap_or_default(),
            dns: None,
            parts: Vec::new(),
        };
        match options.phase {
            PlayedPhase::Quick | PlayedPhase::Evaluated => stage.set_traffic(workspace, tools, pages)?,
            PlayedPhase::Emergency => stage.set_backups(workspace, &tools, moment)?,
        }
        Ok(stage)
    }

    /// Names, a cluster, and infrastructure that terraform has made.
    fn set_traffic(&mut self, workspace: &Workspace, mut tools: Vec<(&str, PathBuf)>, pages: u16) -> Result<()> {
        let file = |name: &str| workspace.folder().join(name);
        workspace.write("hosts", "")?;
        let dns = self.standins.serve("dns.py", &file("hosts"))?;
        workspace.write("cluster.json", &cluster().to_string())?;
        let api = self.standins.serve("kube.py", &file("cluster.json"))?;
        workspace.write(WORLD, &world(api, &file("hosts")).to_string())?;
        workspace.replace("hosts", &hosts())?;
        let (kubectl, terraform) = (on_path(&self.path, "kubectl"), on_path(&self.path, "terraform"));
        self.parts = parts(kubectl.is_some(), terraform.is_some());
        if kubectl.is_none() {
            tools.push(("kubectl", self.standins.program("kubectl")));
        }
        let terraform = terraform.unwrap_or_else(|| self.standins.program("terraform"));
        tools.push(("terraform", terraform.clone()));
        workspace.append(CONFIG, &(common(&self.folder, &tools) + &of_traffic(&self.folder, dns, pages)))?;
        self.dns = Some(dns);
        workspace.make_folder("infra")?;
        workspace.write("infra/main.tf", NEW_INFRASTRUCTURE)?;
        self.deploy(&terraform)
    }

    /// A container that holds one blob as yet, which nobody can read before hours have passed.
    fn set_backups(&mut self, workspace: &Workspace, tools: &[(&str, PathBuf)], moment: Timestamp) -> Result<()> {
        if self.pg_dump.as_os_str().is_empty() {
            return Err(Error::new(ErrorKind::Refused, "back the databases of the demo up")
                .because("there is no pg_dump and pg_restore on PATH, nor where the server's programs are")
                .next("Debian, Ubuntu: apt-get install postgresql-client"));
        }
        self.parts = parts_of_emergency(&self.pg_dump);
        workspace.make_folder("blobs")?;
        workspace.write("blobs/archived.dump", "of last year")?;
        workspace.write(WORLD, &json!({ "subscription": SUBSCRIPTION, "blobs": { "backups": {} } }).to_string())?;
        let archived = self.folder.join("blobs/archived.dump");
        self.add(workspace, databases()[0], &archived, moment - SignedDuration::from_hours(24 * 300), "Archive")?;
        workspace.append(CONFIG, &(common(&self.folder, tools) + &of_emergency(moment)))
    }

    /// Puts a backup of a database into the container.
    pub(super) fn add_blob(&self, workspace: &Workspace, database: &str, file: &Path, ended: Timestamp) -> Result<()> {
        self.add(workspace, database, file, ended, "Hot")
    }

    fn add(&self, workspace: &Workspace, database: &str, file: &Path, ended: Timestamp, tier: &str) -> Result<()> {
        let failed = |cause: String| Error::new(ErrorKind::Storage, "read the stand-in's world").because(cause);
        let text = std::fs::read_to_string(self.folder.join(WORLD)).map_err(|cause| failed(cause.to_string()))?;
        let mut world: Value = serde_json::from_str(&text).map_err(|cause| failed(cause.to_string()))?;
        let digest = backup_files::digests(file, &|| Ok(()))?.md5;
        let bytes = (0..digest.len() / 2).filter_map(|at| u8::from_str_radix(&digest[2 * at..2 * at + 2], 16).ok());
        let md5 = STANDARD.encode(bytes.collect::<Vec<u8>>());
        let name = format!("nightly/{database}-{}.dump", ended.strftime("%Y-%m-%dT%H%MZ"));
        let blob = json!({ "file": file, "at": ended.to_string(), "md5": md5, "tier": tier });
        world["blobs"]["backups"][name] = blob;
        workspace.replace(WORLD, &world.to_string())
    }

    /// Where `pg_dump` is.
    pub(super) fn pg_dump(&self) -> &Path {
        &self.pg_dump
    }

    /// The variables that verbs see beside their own.
    pub(super) fn variables(&self) -> Vec<(String, String)> {
        vec![("PATH".to_owned(), self.path.clone())]
    }

    /// Lets terraform make what stands in for NEW's infrastructure.
    fn deploy(&self, terraform: &Path) -> Result<()> {
        let variable = format!("-var=environment={ENVIRONMENT}");
        for words in [&["init", "-input=false"][..], &["apply", "-auto-approve", "-input=false", &variable]] {
            let mut command = Command::new(terraform);
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
        let (mut found, Some(dns)) = (Vec::new(), self.dns) else { return Vec::new() };
        for service in SERVICES {
            let name = format!("{ENVIRONMENT}.{service}.{ZONE}");
            let leads = match ask(&format!("127.0.0.1:{dns}"), &name).await {
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

    /// Lets the stand-ins run on.
    pub(super) fn keep(self) {
        self.standins.keep();
    }
}

/// PostgreSQL's client programs: those beside the server's, else those on `PATH`, which may be older than the server.
fn clients(binaries: &Binaries, path: &str) -> Vec<(&'static str, PathBuf)> {
    let found = |name: &'static str| {
        let beside = Some(binaries.program(name)).filter(|found| found.is_file());
        beside.or_else(|| on_path(path, name)).map(|found| (name, found))
    };
    ["pg_dump", "pg_restore"].into_iter().filter_map(found).collect()
}

fn real(what: &'static str, by: impl Into<String>) -> Part {
    Part { what, real: true, by: by.into() }
}

fn played(what: &'static str, by: impl Into<String>) -> Part {
    Part { what, real: false, by: by.into() }
}

fn parts_of_emergency(pg_dump: &Path) -> Vec<Part> {
    vec![
        real("failback", "each verb in a process of its own"),
        real("OLD and NEW", "two PostgreSQL servers of this demo's own"),
        real("pg_dump and pg_restore", pg_dump.parent().unwrap_or(pg_dump).display().to_string()),
        played("az", "a real one would talk to your subscription"),
        played("the container of blobs", "files of this demo's own, with the times that the story has"),
        played("the incident channel", "on loopback"),
        played("the people", "this demo approves and answers in their names"),
    ]
}

fn parts(kubectl: bool, terraform: bool) -> Vec<Part> {
    let tool = |what, is_real, standin: &str| {
        if is_real { real(what, "found on PATH") } else { played(what, format!("not on PATH: {standin}")) }
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
        "subscription": SUBSCRIPTION, "groups": [format!("mys-{ENVIRONMENT}-core-rg-san")], "dns": dns,
        "kubeconfig": { "old-rg/old-aks": kubeconfig.to_string() }, "hosts": hosts.display().to_string(),
    })
}

fn hosts() -> String {
    let line = |service: &&str| format!("{ZONE}/{ENVIRONMENT}.{service} {NEW} 2");
    SERVICES.iter().map(line).collect::<Vec<_>>().join("\n") + "\n"
}

/// A text as failback.toml has it.
fn quoted(value: &str) -> String {
    toml_edit::Value::from(value).to_string().trim().to_owned()
}

fn quoted_path(path: &Path) -> String {
    quoted(&path.to_string_lossy())
}

fn list(values: &[&str]) -> String {
    values.iter().map(|value| quoted(value)).collect::<Vec<_>>().join(", ")
}

/// What failback.toml says of every stage. Waits are short because it says so, and for no other reason.
fn common(folder: &Path, tools: &[(&str, PathBuf)]) -> String {
    let mut config = format!(
        "\n[environments.{ENVIRONMENT}]\nchannels.incidents.webhook = {{ file = {} }}\n\n[environments.{ENVIRONMENT}.tools]\n",
        quoted_path(&folder.join("hook"))
    );
    for (name, program) in tools {
        let _ = writeln!(config, "{name} = {}", quoted_path(program));
    }
    let _ = write!(
        config,
        "\n[environments.{ENVIRONMENT}.vars]\nsubscription = \"{SUBSCRIPTION}\"\ndatabases = [{}]\n",
        list(&databases())
    );
    config
}

fn of_traffic(folder: &Path, dns: u16, pages: u16) -> String {
    format!(
        "services = [{}]\nzone = \"{ZONE}\"\ndns_group = \"dns-rg\"\ndns_servers = [\"127.0.0.1:{dns}\"]\n\
         old_group = \"old-rg\"\nold_cluster = \"old-aks\"\nnamespace = \"mys-{ENVIRONMENT}\"\ningress = \"main\"\n\
         health_scheme = \"http\"\nhealth_port = {pages}\nobserve = \"2s\"\nwatch = \"1s\"\nttl = 2\nold_address = \"{OLD}\"\n\
         terraform = {}\nallow = [\"mys-{ENVIRONMENT}-*\"]\nnew_groups = [\"mys-{ENVIRONMENT}-core-rg-san\"]\n",
        list(&SERVICES),
        quoted_path(&folder.join("infra")),
    )
}

fn of_emergency(moment: Timestamp) -> String {
    format!("moment = \"{moment}\"\nbackups = \"{BACKUPS}\"\n")
}
