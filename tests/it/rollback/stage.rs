//! The stage of a rollback's tests: a configuration, a world in a file, and the stand-ins that look at it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Output, Pair};

/// A folder with everything that a rollback needs.
pub(super) struct Stage {
    folder: tempfile::TempDir,
    servers: Vec<Child>,
}

impl Drop for Stage {
    fn drop(&mut self) {
        for server in &mut self.servers {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

/// The events that were printed, a line each.
pub(super) fn events(stdout: &str) -> Vec<Value> {
    stdout.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

/// The last of the events: the summary, or an error.
pub(super) fn last(stdout: &str) -> Value {
    events(stdout).pop().expect("an event")
}

/// OLD's and NEW's addresses in the world.
pub(super) const OLD: &str = "192.0.2.10";
pub(super) const NEW: &str = "192.0.2.20";

const SERVICES: [&str; 2] = ["publisher", "chain"];

impl Stage {
    /// Builds a world in which traffic goes to NEW; `more` is added to the configuration's environment `dev`.
    pub(super) fn new(pair: Option<&Pair>, more: &str) -> Self {
        let mut stage = Self { folder: tempfile::tempdir().expect("a folder"), servers: Vec::new() };
        let dns: serde_json::Map<_, _> = SERVICES
            .iter()
            .map(|name| (format!("dns-rg/example.org/dev.{name}"), json!({ "a": [NEW], "ttl": 1, "version": 1 })))
            .collect();
        stage.write("world.json", &json!({}).to_string());
        stage.write("hosts", "");
        stage.set_world(&json!({
            "subscription": "0000-sub", "groups": ["mys-dev-core-rg-san"], "kubeconfig": {}, "dns": dns,
            "hosts": stage.path("hosts").display().to_string(),
        }));
        let hosts = stage.path("hosts");
        let port = stage.serve("dns.py", &hosts);
        stage.configure(pair, &port, more);
        stage
    }

    fn configure(&self, pair: Option<&Pair>, dns: &str, more: &str) {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/standins");
        let servers = pair.map_or_else(String::new, |pair| {
            format!("old = {{ url = \"{}\" }}\nnew = {{ url = \"{}\" }}\n", pair.old, pair.new)
        });
        let database = pair.map_or("none", |pair| pair.database.as_str());
        let text = format!(
            "runs = \"{}\"\ntraffic_rest = \"0s\"\n{servers}\
             [environments.dev]\n{more}\n\
             [environments.dev.tools]\naz = \"{}\"\nenvironment = [\"AZ_WORLD\"]\n\
             [environments.dev.vars]\nsubscription = \"0000-sub\"\nservices = [\"publisher\", \"chain\"]\n\
             zone = \"example.org\"\ndns_group = \"dns-rg\"\ndns_servers = [\"127.0.0.1:{dns}\"]\n\
             old_address = \"{OLD}\"\ndatabases = [\"{database}\"]\n\
             terraform = \"{}\"\nallow = [\"mys-${{env}}-*\"]\nnew_groups = [\"mys-${{env}}-core-rg-san\"]\n",
            self.path("runs").display(),
            fixtures.join("az").display(),
            self.path("infra").display(),
        );
        self.write("failback.toml", &text);
    }

    /// Starts a stand-in, and returns the port that it listens on.
    pub(super) fn serve(&mut self, program: &str, world: &Path) -> String {
        self.serve_from("fixtures/standins", program, world)
    }

    /// Starts a stand-in of another folder of ours.
    pub(super) fn serve_from(&mut self, folder: &str, program: &str, world: &Path) -> String {
        let file = self.path(&format!("{program}.port"));
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(program);
        let mut command = Command::new("python3");
        let child = command.arg(script).arg(&file).arg(world).stdin(Stdio::null()).spawn().expect("python3");
        self.servers.push(child);
        let deadline = Instant::now() + Duration::from_secs(30);
        while !file.exists() {
            assert!(Instant::now() < deadline, "{program} did not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        std::fs::read_to_string(file).expect("a port")
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("a file");
    }

    /// The world as it stands.
    pub(super) fn world(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.path("world.json")).expect("the world")).expect("JSON")
    }

    /// Sets the world, and what its name servers say.
    pub(super) fn set_world(&self, world: &Value) {
        let line = |(key, set): (&String, &Value)| {
            let addresses: Vec<_> = set["a"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let name = key.split_once('/').map_or(key.as_str(), |(_, name)| name);
            format!("{name} {} {}\n", addresses.join(" "), set["ttl"])
        };
        let hosts: String = world["dns"].as_object().into_iter().flatten().map(line).collect();
        self.write("hosts", &hosts);
        self.write("world.json", &world.to_string());
    }

    /// Where a name leads.
    pub(super) fn leads(&self, service: &str) -> String {
        self.world()["dns"][format!("dns-rg/example.org/dev.{service}")]["a"][0].as_str().unwrap_or_default().to_owned()
    }

    /// Lets every name lead somewhere.
    pub(super) fn lead(&self, address: &str) {
        let mut world = self.world();
        for service in SERVICES {
            world["dns"][format!("dns-rg/example.org/dev.{service}")]["a"] = json!([address]);
        }
        self.set_world(&world);
    }

    /// How often the stand-in of `az` was called with these words.
    pub(super) fn calls(&self, words: &str) -> usize {
        let calls = std::fs::read_to_string(self.path("world.json.calls")).unwrap_or_default();
        calls.lines().filter(|call| call.contains(words)).count()
    }

    /// The command of `failback rollback` with these words, in the environment `dev`.
    pub(super) fn command(&self, words: &[&str]) -> Command {
        self.verb(&[&["rollback"], words].concat())
    }

    /// The command of any verb with these words, in the environment `dev`.
    pub(super) fn verb(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_failback"));
        command
            .args(words)
            .args(["--env", "dev", "--config"])
            .arg(self.path("failback.toml"))
            .env_clear()
            .envs(["PATH", "USER"].iter().filter_map(|name| std::env::var_os(name).map(|value| (*name, value))))
            .env("HOME", self.folder.path())
            .env("AZ_WORLD", self.path("world.json"))
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs `failback rollback`.
    pub(super) fn run(&self, words: &[&str]) -> Output {
        let output = self.command(words).output().expect("the failback program");
        Output {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Where each step is, by the status of the newest rollback.
    pub(super) fn states(&self) -> Vec<(String, String)> {
        let output = self.run(&["status", "--json"]);
        let status = last(&output.stdout);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        status["steps"].as_array().expect("steps").iter().map(|step| (text(&step["id"]), text(&step["state"]))).collect()
    }

    /// Where one step is.
    pub(super) fn state(&self, step: &str) -> String {
        self.states().into_iter().find(|(id, _)| id == step).map(|(_, state)| state).expect("a step of that name")
    }

    /// The newest rollback's folder.
    pub(super) fn rollback(&self) -> PathBuf {
        self.newest().expect("a rollback")
    }

    /// The newest rollback's folder, if there is one.
    pub(super) fn newest(&self) -> Option<PathBuf> {
        let entries = std::fs::read_dir(self.path("runs/rollback/dev")).ok()?;
        let folders = entries.map(|entry| entry.expect("entry").path()).filter(|path| path.is_dir());
        folders.max()
    }
}
