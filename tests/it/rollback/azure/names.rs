//! Names that lead back to OLD, changed by the Azure CLI itself, and looked at in the zone.

use std::net::{Ipv4Addr, UdpSocket};
use std::process::{Child, Command, Stdio};

use super::real::{Azure, skipped};
use crate::rollback::flip;
use crate::rollback::stage::{NEW, OLD, Stage};

/// A name server itself, dnsmasq, which looks at a folder of names.
struct NameServer(Child);

impl Drop for NameServer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl NameServer {
    /// Lets it answer for the zone that Azure changes; `None` where it is not installed, which is told.
    fn of(azure: &Azure, test: &str) -> Option<Self> {
        let program =
            ["dnsmasq", "/usr/sbin/dnsmasq"].into_iter().find(|name| Command::new(name).arg("--version").output().is_ok());
        let Some(program) = program else {
            skipped("dnsmasq is not installed", &format!("names::{test}"));
            return None;
        };
        let stage = &azure.stage;
        let zone = stage.path("zone");
        std::fs::create_dir(&zone).expect("a folder");
        for name in ["dev.publisher", "dev.chain"] {
            std::fs::write(zone.join(name), format!("{NEW} {name}.example.org\n")).expect("a name");
        }
        azure.set(|world| world["zone"] = zone.display().to_string().into());
        let port = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr()).expect("a port").port();
        let mut command = Command::new(program);
        command.args(["--keep-in-foreground", "--listen-address=127.0.0.1", "--bind-interfaces", "--no-resolv", "--no-hosts"]);
        command.args(["--conf-file=/dev/null", "--local=/example.org/", "--local-ttl=1", "--pid-file", "--log-facility=-"]);
        command.arg(format!("--port={port}")).arg(format!("--hostsdir={}", zone.display()));
        // Started as root it would become somebody who cannot look into the folder.
        if rustix::process::geteuid().is_root() {
            command.arg("--user=root");
        }
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("dnsmasq");
        let config = std::fs::read_to_string(stage.path("failback.toml")).expect("text");
        let from = config.find("dns_servers = [").expect("servers");
        let to = from + config[from..].find('\n').expect("a line");
        let config = format!("{}dns_servers = [\"127.0.0.1:{port}\"]{}", &config[..from], &config[to..]);
        stage.write("failback.toml", &config);
        Some(Self(child))
    }
}

fn azure(test: &str) -> Option<Azure> {
    Azure::on(flip::stage(), &format!("names::{test}"))
}

fn leads(stage: &Stage) -> [String; 2] {
    [stage.leads("publisher"), stage.leads("chain")]
}

#[test]
fn record_sets_are_replaced_by_their_etags_and_put_back() {
    let Some(azure) = azure("record_sets_are_replaced_by_their_etags_and_put_back") else { return };
    let stage = &azure.stage;
    let shown = azure.ends(0, &["run", "own.toml", "--dry-run"]);
    assert!(shown.contains("--if-match") && stage.calls("PUT ") == 0, "{shown}");
    // Once too often asked is waited out by the CLI itself.
    azure.refuse("GET /A/dev.publisher", 429, "TooManyRequests", 2);
    azure.ends(0, &["run", "own.toml", "--confirm", "dev"]);
    assert_eq!(leads(stage), [OLD, OLD]);
    let record = stage.world()["dns"]["dns-rg/example.org/dev.chain"].clone();
    assert_eq!((record["a"].as_array().map(Vec::len), record["ttl"].as_u64()), (Some(1), Some(30)));
    assert_eq!((stage.calls("PUT "), stage.calls("etag-1")), (2, 2));
    azure.ends(0, &["undo", "flip", "--confirm", "dev"]);
    assert_eq!((leads(stage), stage.calls("etag-2")), ([NEW.to_owned(), NEW.to_owned()], 2));
    assert_eq!(stage.world()["dns"]["dns-rg/example.org/dev.chain"]["ttl"], 1);
}

#[test]
fn what_a_name_server_itself_answers_is_waited_for() {
    const TEST: &str = "what_a_name_server_itself_answers_is_waited_for";
    let Some(azure) = azure(TEST) else { return };
    let Some(server) = NameServer::of(&azure, TEST) else { return };
    azure.ends(0, &["run", "own.toml", "--confirm", "dev"]);
    assert_eq!(azure.stage.state("settled/chain"), "done");
    // Nobody answers any more: Azure has the name, and it is not settled.
    drop(server);
    azure.stage.lead(NEW);
    let said = azure.ends(8, &["run", "own.toml", "--confirm", "dev"]);
    assert!(said.contains("stopped at settled/publisher"), "{said}");
}

#[test]
fn a_change_in_between_is_not_lost_and_all_names_stay() {
    let Some(azure) = azure("a_change_in_between_is_not_lost_and_all_names_stay") else { return };
    azure.refuse("PUT /A/dev.chain", 412, "PreconditionFailed", 1);
    let said = azure.ends(8, &["run", "own.toml", "--confirm", "dev"]);
    assert!(said.contains("stopped at flip/chain") && said.contains("(PreconditionFailed)"), "{said}");
    assert_eq!((leads(&azure.stage), azure.stage.state("flip/publisher")), ([NEW.into(), NEW.into()], "undone".into()));
    azure.ends(0, &["resume", "--confirm", "dev"]);
    assert_eq!(leads(&azure.stage), [OLD, OLD]);
}

#[test]
fn what_azure_does_not_answer_is_not_taken_for_done() {
    let Some(azure) = azure("what_azure_does_not_answer_is_not_taken_for_done") else { return };
    azure.set(|world| {
        world["dns"].as_object_mut().expect("names").remove("dns-rg/example.org/dev.publisher");
    });
    let said = azure.ends(8, &["run", "own.toml", "--confirm", "dev"]);
    assert!(said.contains("az ended with exit code 3") && said.contains("dev.publisher"), "{said}");
    azure.ends(0, &["abort", "next"]);
    azure.stage.lead(NEW);
    // It was changed, and nobody can look at it any more.
    azure.set(|world| world["dns"]["dns-rg/example.org/dev.publisher"]["ttl"] = 1.into());
    azure.refuse("GET /A/dev.publisher", 403, "AuthorizationFailed", 99);
    let said = azure.ends(8, &["run", "own.toml", "--confirm", "dev"]);
    assert!(said.contains("(AuthorizationFailed)") && azure.stage.calls("PUT ") == 0, "{said}");
}
