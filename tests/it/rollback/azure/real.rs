//! The Azure CLI itself, led to a stand-in of Azure.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};

use crate::rollback::stage::Stage;
use crate::support::Output;

/// The tenant of the world.
const TENANT: &str = "22222222-2222-2222-2222-222222222222";

/// The subscription that is meant; Azure's are all of this form.
pub(super) const SUBSCRIPTION: &str = "11111111-1111-1111-1111-111111111111";

/// The hosts that the stand-in plays.
const HOSTS: [&str; 4] = ["login.microsoftonline.com", "management.azure.com", "*.vault.azure.net", "*.blob.core.windows.net"];

/// A stage whose `az` is the Azure CLI, logged in.
pub(super) struct Azure {
    pub(super) stage: Stage,
    program: PathBuf,
    proxy: String,
}

impl Azure {
    /// Puts the Azure CLI onto a stage, and logs it in; `None` where it is not installed, which is told.
    pub(super) fn on(stage: Stage, test: &str) -> Option<Self> {
        Self::off(stage, test).inspect(Self::log_in)
    }

    /// Logs it in, as a service principal.
    pub(super) fn log_in(&self) {
        let secret = ["--username", "33333333-3333-3333-3333-333333333333", "--password", "a secret", "--tenant", TENANT];
        let login = self.az(&[&["login", "--service-principal", "--output", "none"], secret.as_slice()].concat());
        assert_eq!(login.code, 0, "{login:?}");
    }

    /// Puts the Azure CLI onto a stage, without a login.
    pub(super) fn off(mut stage: Stage, test: &str) -> Option<Self> {
        let program = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/azure/bin/az");
        if !program.exists() {
            skipped("the Azure CLI is not installed (fixtures/azure/install.sh target/azure)", test);
            return None;
        }
        certify(&stage);
        let mut world = stage.world();
        world["tenant"] = TENANT.into();
        world["subscription"] = SUBSCRIPTION.into();
        stage.set_world(&world);
        let file = stage.path("world.json");
        let port = stage.serve_from("fixtures/azure", "arm.py", &file);
        let config = std::fs::read_to_string(stage.path("failback.toml")).expect("text");
        let standin = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/standins/az");
        let config = config.replace(&standin.display().to_string(), &program.display().to_string());
        stage.write("failback.toml", &config.replace("0000-sub", SUBSCRIPTION));
        Some(Self { stage, program, proxy: format!("http://127.0.0.1:{port}") })
    }

    /// The variables of whoever is behind a proxy with an authority of its own.
    pub(super) fn led(&self, command: &mut Command) {
        command
            .env("HTTPS_PROXY", &self.proxy)
            .env("REQUESTS_CA_BUNDLE", self.stage.path("azure.pem"))
            .env("AZURE_CONFIG_DIR", self.stage.path("azure-config"));
    }

    /// Runs `failback rollback`.
    pub(super) fn run(&self, words: &[&str]) -> Output {
        let mut command = self.stage.command(words);
        self.led(&mut command);
        ended(&mut command)
    }

    /// Runs `failback rollback`, and expects how it ends.
    pub(super) fn ends(&self, code: i32, words: &[&str]) -> String {
        let ran = self.run(words);
        let all = format!("{}{}", ran.stdout, ran.stderr);
        assert_eq!(ran.code, code, "{words:?} {all}");
        all
    }

    /// Runs the Azure CLI.
    pub(super) fn az(&self, words: &[&str]) -> Output {
        let mut command = Command::new(&self.program);
        command.args(words).env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.env("HOME", self.stage.path("")).env("AZURE_CORE_COLLECT_TELEMETRY", "false").stdin(Stdio::null());
        self.led(&mut command);
        ended(&mut command)
    }

    /// Changes the world.
    pub(super) fn set(&self, change: impl FnOnce(&mut Value)) {
        let mut world = self.stage.world();
        change(&mut world);
        self.stage.set_world(&world);
    }

    /// Has Azure refuse a request, as often as this.
    pub(super) fn refuse(&self, call: &str, code: u16, error: &str, times: usize) {
        self.set(|world| world["refuse"] = json!([{ "call": call, "code": code, "error": error, "times": times }]));
    }
}

/// Says that a test was not run.
pub(super) fn skipped(why: &str, test: &str) {
    let said = format!("skipped: {why} (rollback::azure::{test})\n");
    let _ = std::io::Write::write_all(&mut std::io::stderr(), said.as_bytes());
}

/// Runs a command to its end.
pub(super) fn ended(command: &mut Command) -> Output {
    let output = command.output().expect("a program");
    Output {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Writes a throwaway authority, and the certificate of the hosts that are played.
fn certify(stage: &Stage) {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(Vec::new()).expect("names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign];
    params.distinguished_name.push(DnType::CommonName, "throwaway authority");
    stage.write("azure.pem", &params.self_signed(&key).expect("a certificate").pem());
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(HOSTS.map(str::to_owned)).expect("names");
    stage.write("azure.crt", &params.signed_by(&key, &issuer).expect("a certificate").pem());
    stage.write("azure.key", &key.serialize_pem());
}
