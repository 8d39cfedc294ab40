//! The same questions, asked of Prometheus itself.

use std::io::Write as _;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{self, Reply, Web};

/// So long is waited for Prometheus to have seen what it is asked about.
const PATIENCE: Duration = Duration::from_secs(90);

/// A Prometheus that looks at one page, every second.
struct Prometheus {
    child: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl Prometheus {
    fn start(exporter: &Web) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("prometheus.yml");
        let text = format!(
            "global: {{scrape_interval: 1s}}\nscrape_configs:\n- job_name: shop\n  static_configs:\n  \
             - targets: ['127.0.0.1:{}']\n",
            exporter.port()
        );
        std::fs::write(&file, text).expect("written");
        // Free a moment ago; whoever takes it in between makes the test fail, which says so.
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("Prometheus");
        Self { child, port, folder }
    }

    /// Answers one question, as soon as it is known.
    fn answer(&self, query: &str, lines: &str) -> Value {
        let file = self.folder.path().join("failback.toml");
        let address = format!("http://127.0.0.1:{}", self.port);
        let text = format!("[[metrics]]\ncriterion = \"error-rate\"\nprometheus = \"{address}\"\nquery = '{query}'\n{lines}\n");
        std::fs::write(&file, text).expect("written");
        let until = Instant::now() + PATIENCE;
        loop {
            let output = support::failback(&["assess", "--json", "-q", "--config", &file.display().to_string()]);
            let document: Value = serde_json::from_str(&output.stdout).expect("a document");
            let readings = document["readings"].as_array().expect("readings");
            let reading = readings.iter().find(|one| one["criterion"] == "error-rate").expect("the question").clone();
            if reading["answer"] != "unknown" || Instant::now() > until {
                return reading;
            }
            thread::sleep(Duration::from_millis(500));
        }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn prometheus_itself_is_understood() {
    if Command::new("prometheus").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
        // Past the harness, which shows what is printed of tests alone that fail.
        let why = "skipped: prometheus_itself_is_understood: prometheus is not on PATH (apt-get install prometheus)";
        let _ = writeln!(std::io::stderr(), "{why}");
        return;
    }
    let exporter = Web::plain(|_| {
        let body = "requests{code=\"200\"} 85\nrequests{code=\"500\"} 15\nidle{code=\"500\"} 0\n";
        Reply::Whole(200, vec!["content-type: text/plain; version=0.0.4".to_owned()], body.as_bytes().to_vec())
    });
    let prometheus = Prometheus::start(&exporter);
    let ratio = "sum(requests{code=~\"5..\"}) / sum(requests)";
    let met = prometheus.answer(ratio, "for = \"3s\"");
    assert_eq!(
        (&met["answer"], &met["value"], &met["threshold"]),
        (&"yes".into(), &"0.15".into(), &"> 0.1 for 3s".into()),
        "{met}"
    );
    let unmet = prometheus.answer(ratio, "for = \"3s\"\nabove = 0.2");
    assert_eq!(unmet["answer"], "no", "{unmet}");

    // It answers now: what is not known stays so.
    let unknown = |query: &str, why: &str| {
        let file = prometheus.folder.path().join("unknown.toml");
        let address = format!("http://127.0.0.1:{}", prometheus.port);
        let text =
            format!("[[metrics]]\ncriterion = \"error-rate\"\nfor = \"0s\"\nprometheus = \"{address}\"\nquery = '{query}'\n");
        std::fs::write(&file, text).expect("written");
        let output = support::failback(&["assess", "--json", "-q", "--config", &file.display().to_string()]);
        let document: Value = serde_json::from_str(&output.stdout).expect("a document");
        let reading = document["readings"].as_array().expect("readings").iter().find(|one| one["criterion"] == "error-rate");
        let reading = reading.expect("the question");
        assert_eq!(reading["answer"], "unknown", "{reading}");
        assert!(reading["evidence"].as_str().expect("a text").contains(why), "{reading}");
    };
    unknown("idle / idle", "NaN");
    unknown("nowhere_to_be_found", "no result");
    unknown("sum(", "Prometheus says: ");
    unknown("requests[5m]", "Prometheus says: ");
}
