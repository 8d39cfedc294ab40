//! A headless Chromium, spoken to by its `DevTools` protocol over two pipes: nothing but the browser is needed.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// The browser reads commands from its third file and answers on its fourth.
const PIPES: &str = "exec \"$0\" \"$@\" 3<&0 4>&1 0</dev/null 1>/dev/null 2>/dev/null";

/// A browser with one page open.
pub(crate) struct Chromium {
    browser: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    session: Option<String>,
    number: u64,
    folder: tempfile::TempDir,
    /// What the page complained of: errors of its script, and what its policy forbade.
    pub(crate) complaints: Vec<String>,
}

impl Chromium {
    /// Opens a file.
    pub(crate) fn open(page: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut browser = Command::new("sh")
            .args(["-c", PIPES, "chromium", "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu"])
            .args(["--no-first-run", "--disable-extensions", "--disable-dev-shm-usage", "--disable-background-networking"])
            .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let commands = browser.stdin.take();
        let answers = BufReader::new(browser.stdout.take().expect("a pipe"));
        let mut chromium = Self { browser, commands, answers, session: None, number: 0, folder, complaints: Vec::new() };
        chromium.begin(page);
        chromium
    }

    fn begin(&mut self, page: &Path) {
        let folder = self.downloads();
        self.call("Browser.setDownloadBehavior", &json!({ "behavior": "allow", "downloadPath": folder }));
        let made = self.call("Target.createTarget", &json!({ "url": "about:blank" }));
        let attached = self.call("Target.attachToTarget", &json!({ "targetId": made["targetId"], "flatten": true }));
        self.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page.enable", "Runtime.enable", "Log.enable", "Network.enable"] {
            self.call(domain, &json!({}));
        }
        let url = format!("file://{}", page.canonicalize().expect("the page").display());
        self.call("Page.navigate", &json!({ "url": url }));
        let until = Instant::now() + Duration::from_mins(1);
        while self.eval("document.readyState") != "complete" {
            assert!(Instant::now() < until, "the page did not load");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Where files go that the page gives out.
    pub(crate) fn downloads(&self) -> String {
        let folder = self.folder.path().join("downloads");
        std::fs::create_dir_all(&folder).expect("a folder");
        folder.display().to_string()
    }

    /// Waits for the one file that the page gives out, and returns its text.
    pub(crate) fn download(&self) -> String {
        let until = Instant::now() + Duration::from_mins(1);
        loop {
            let files = std::fs::read_dir(self.downloads()).expect("a folder").map(|entry| entry.expect("an entry").path());
            if let Some(file) = files.into_iter().find(|file| file.extension().is_some_and(|kind| kind == "toml")) {
                return std::fs::read_to_string(file).expect("a text");
            }
            assert!(Instant::now() < until, "no file was given out");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Runs a script in the page, and returns what it comes to.
    pub(crate) fn eval(&mut self, script: &str) -> Value {
        let asked = json!({ "expression": script, "returnByValue": true, "awaitPromise": true });
        let answer = self.call("Runtime.evaluate", &asked);
        assert!(answer.get("exceptionDetails").is_none(), "{script}: {}", answer["exceptionDetails"]);
        answer["result"]["value"].clone()
    }

    /// Makes the page as wide as a screen, in a theme.
    pub(crate) fn look(&mut self, width: u32, height: u32, theme: &str) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.call("Emulation.setDeviceMetricsOverride", &size);
        let theme = json!({ "features": [{ "name": "prefers-color-scheme", "value": theme }] });
        self.call("Emulation.setEmulatedMedia", &theme);
    }

    /// Calls a method of the protocol, and returns its result.
    pub(crate) fn call(&mut self, method: &str, parameters: &Value) -> Value {
        self.number += 1;
        let number = self.number;
        let mut command = json!({ "id": number, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            command["sessionId"] = session.as_str().into();
        }
        let commands = self.commands.as_mut().expect("the browser is open");
        let sent = commands.write_all(format!("{command}\0").as_bytes()).and_then(|()| commands.flush());
        assert!(sent.is_ok(), "missing: chromium (Debian's package of that name), or it ended: {sent:?}");
        loop {
            let mut answer = Vec::new();
            self.answers.read_until(0, &mut answer).expect("an answer");
            answer.pop();
            assert!(!answer.is_empty(), "missing: chromium (Debian's package of that name), or it ended in {method}");
            let answer: Value = serde_json::from_slice(&answer).expect("JSON");
            if answer["id"] == number {
                assert!(answer.get("error").is_none(), "{method}: {}", answer["error"]);
                return answer["result"].clone();
            }
            self.heed(&answer);
        }
    }

    /// Keeps what the page complains of, and what it asks for beside itself.
    fn heed(&mut self, event: &Value) {
        let parameters = &event["params"];
        match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => self.complaints.push(parameters["exceptionDetails"].to_string()),
            Some("Log.entryAdded") if parameters["entry"]["level"] == "error" => {
                self.complaints.push(parameters["entry"]["text"].to_string());
            }
            Some("Network.requestWillBeSent") => {
                let url = parameters["request"]["url"].as_str().unwrap_or_default();
                if !url.starts_with("file://") && !url.starts_with("blob:") {
                    self.complaints.push(format!("asked for {url}"));
                }
            }
            _ => {}
        }
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        self.session = None;
        if let Some(mut commands) = self.commands.take() {
            // Its end is asked for; it may have come by itself.
            let _ = commands.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        }
        let until = Instant::now() + Duration::from_secs(10);
        while self.browser.try_wait().is_ok_and(|ended| ended.is_none()) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.browser.kill();
        let _ = self.browser.wait();
    }
}
