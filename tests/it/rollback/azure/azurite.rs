//! Azurite, which serves blobs as Azure Blob Storage does, behind the host name of an account in the public cloud.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::real::{Azure, skipped};
use crate::rollback::stage::Stage;
use crate::support::Output;

/// The key of the account `account`: "a throwaway key for tests".
pub(super) const KEY: &str = "YSB0aHJvd2F3YXkga2V5IGZvciB0ZXN0cw==";

/// A container `backups` of the account `account`.
pub(super) struct Azurite {
    pub(super) azure: Azure,
    child: Child,
}

impl Drop for Azurite {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Azurite {
    /// Starts it, and makes the container; `None` where it, or the Azure CLI, is not installed, which is told.
    pub(super) fn on(stage: Stage, test: &str) -> Option<Self> {
        let program = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/azurite/bin/azurite-blob");
        if !program.exists() {
            skipped("Azurite is not installed (fixtures/azurite/fetch target/azurite)", test);
            return None;
        }
        let azure = Azure::on(stage, test)?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr()).expect("a port").port();
        let at = |name: &str| azure.stage.path(name);
        let mut command = Command::new(program);
        command.args(["--silent", "--disableTelemetry", "--skipApiVersionCheck", "--oauth", "basic"]);
        command.args(["--blobHost", "127.0.0.1", "--blobPort"]).arg(port.to_string());
        command.arg("--cert").arg(at("azure.crt")).arg("--key").arg(at("azure.key"));
        command.arg("--location").arg(at("azurite")).arg("--debug").arg(at("azurite.log"));
        command.env("AZURITE_ACCOUNTS", format!("account:{KEY}")).stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.spawn().expect("Azurite");
        azure.set(|world| world["azurite"] = port.into());
        let azurite = Self { azure, child };
        let deadline = Instant::now() + Duration::from_mins(1);
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(Instant::now() < deadline, "Azurite did not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        azurite.az(&["container", "create", "--name", "backups"]);
        Some(azurite)
    }

    /// Has the Azure CLI do something with the account, and returns what it printed.
    pub(super) fn az(&self, words: &[&str]) -> String {
        let account = ["--account-name", "account", "--auth-mode", "login"];
        let Output { code, stdout, stderr } = self.azure.az(&[&["storage"], words, account.as_slice()].concat());
        assert_eq!(code, 0, "{words:?} {stderr}");
        stdout
    }

    /// The same with a blob.
    pub(super) fn blob(&self, deed: &str, name: &str, more: &[&str]) -> String {
        self.az(&[&["blob", deed, "--container-name", "backups", "--name", name], more].concat())
    }

    /// What it was asked for.
    pub(super) fn log(&self) -> String {
        std::fs::read_to_string(self.azure.stage.path("azurite.log")).expect("its log")
    }
}
