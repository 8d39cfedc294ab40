//! The demo, from the servers' start to the undo, through the program itself: the check passes and nothing is left behind.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support;

/// How many seconds a phase may take beside other tests; alone it takes less than one minute.
const LONGEST: f64 = 300.0;

/// A folder for temporary files that the account of the servers can enter, too.
fn temp_folder() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().expect("a folder");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).expect("its mode");
    folder
}

/// The failback program with its own folder for temporary files and nothing of the developer's environment.
fn failback(temp: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_failback"));
    let folder = support::binaries(failback::name::Side::Old).folder().to_owned();
    command.args(arguments).env_clear().env("PATH", "/usr/bin:/bin").env("HOME", temp).env("TMPDIR", temp);
    command.env("FAILBACK_PG_BIN", folder).current_dir(temp).stdin(Stdio::null());
    command
}

/// Lists what is in a folder.
fn entries(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder").flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// Lists the processes that mention a folder on their command line.
fn processes(folder: &Path) -> Vec<String> {
    let output = Command::new("ps").args(["-eo", "pid=,args="]).output().expect("ps");
    let wanted = folder.to_string_lossy().into_owned();
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    lines.lines().filter(|line| line.contains(&wanted)).map(str::to_owned).collect()
}

fn wait_until(done: impl Fn() -> bool) -> bool {
    let began = Instant::now();
    while !done() && began.elapsed() < Duration::from_mins(1) {
        std::thread::sleep(Duration::from_millis(50));
    }
    done()
}

#[test]
fn the_demo_passes_its_own_check_and_leaves_nothing_behind() {
    let temp = temp_folder();
    let began = Instant::now();
    let output = failback(temp.path(), &["demo", "--undo", "--json"]).output().expect("the demo");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{stdout}{stderr}");
    let report: Value = serde_json::from_str(&stdout).expect("one document");
    assert_eq!((&report["command"], &report["passed"]), (&"demo".into(), &true.into()), "{report:#}");
    assert_eq!(report["check"]["problems"], Value::Array(Vec::new()));
    assert_eq!(report["undone"]["different"], Value::Array(Vec::new()));
    assert_eq!(report["acts"].as_array().map(Vec::len), Some(12));
    let number = |pointer: &str| report.pointer(pointer).and_then(Value::as_u64).unwrap_or_else(|| panic!("{pointer}"));
    // What the incident is, is fixed by the fixtures; what a script loses of it, too.
    assert_eq!(number("/changes"), 276);
    assert!(number("/check/outcome/arrived") > 200 && number("/check/outcome/overwritten") == 0, "{report:#}");
    assert!(number("/by_hand/mended/arrived") < number("/check/outcome/arrived"), "{report:#}");
    assert!(number("/by_hand/mended/stale") > 0 && number("/by_hand/mended/undeleted") > 0, "{report:#}");
    assert!(began.elapsed() < Duration::from_mins(3));
    assert_eq!(entries(temp.path()), Vec::<String>::new());
    assert_eq!(processes(temp.path()), Vec::<String>::new());
}

#[test]
fn a_demo_that_is_interrupted_leaves_nothing_behind() {
    for signal in ["-INT", "-TERM"] {
        let temp = temp_folder();
        let mut demo = failback(temp.path(), &["demo"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the demo");
        // The servers are being made at this moment, which is when most can be left lying about.
        let has_servers = || entries(temp.path()).iter().any(|name| name.starts_with("failback-demo-new"));
        assert!(wait_until(has_servers), "{:?}", entries(temp.path()));
        let signalled = Command::new("kill").args([signal, &demo.id().to_string()]).status().expect("kill");
        assert!(signalled.success());
        assert_eq!(demo.wait().expect("the demo's end").code(), Some(130), "{signal}");
        assert_eq!(entries(temp.path()), Vec::<String>::new(), "{signal}");
        assert_eq!(processes(temp.path()), Vec::<String>::new(), "{signal}");
    }
}

/// A folder with links to programs: what is on `PATH` in the demo.
fn programs(folder: &Path, names: &[&str]) {
    let path = std::env::var_os("PATH").expect("a PATH");
    // Where a version manager's script stands on PATH, Python itself knows where it is.
    let python = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output().expect("python3");
    let python = String::from_utf8(python.stdout).expect("a path").trim().to_owned();
    for name in names {
        if *name == "python3" {
            std::os::unix::fs::symlink(&python, folder.join(name)).expect("a link");
            continue;
        }
        let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file());
        std::os::unix::fs::symlink(found.unwrap_or_else(|| panic!("{name} is not installed")), folder.join(name))
            .expect("a link");
    }
}

/// Whoever is not on `PATH` is played, and the phase ends as it does with the real ones.
#[test]
fn a_phase_is_played_to_its_end_and_it_is_said_who_is_played() {
    let bare = temp_folder();
    programs(bare.path(), &["python3", "sh", "env", "ps"]);
    for (phase, path) in [("quick", std::env::var("PATH").expect("a PATH")), ("evaluated", bare.path().display().to_string())] {
        let temp = temp_folder();
        let mut command = failback(temp.path(), &["demo", "--phase", phase, "--json"]);
        let output = command.env("PATH", path).output().expect("the demo");
        let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{phase}: {stdout}{stderr}");
        let report: Value = serde_json::from_str(&stdout).expect("one document");
        assert_eq!((&report["passed"], &report["phase"]), (&true.into(), &phase.into()), "{report:#}");
        let real = |what: &str| {
            let parts = report["parts"].as_array().expect("parts");
            parts.iter().find(|part| part["what"] == what).unwrap_or_else(|| panic!("{what}"))["real"] == true
        };
        assert!(!real("az") && !real("the people") && real("OLD and NEW"));
        if phase == "evaluated" {
            assert!(!real("kubectl") && !real("terraform"), "{report:#}");
        }
        for moved in report["names"].as_array().expect("names") {
            assert_eq!((&moved["before"], &moved["after"]), (&"192.0.2.20".into(), &"127.0.0.1".into()));
        }
        let number = |pointer: &str| report.pointer(pointer).and_then(Value::as_u64).unwrap_or_else(|| panic!("{pointer}"));
        assert!(number("/outcome/arrived") > 100 && number("/outcome/overwritten") == 0, "{report:#}");
        assert!(report["messages"].as_array().is_some_and(|messages| messages.len() >= 3), "{report:#}");
        assert!(report["postmortem"].as_str().is_some_and(|text| text.contains("Rollback complete")));
        assert!(report["seconds"].as_f64().is_some_and(|seconds| seconds < LONGEST), "{}", report["seconds"]);
        assert_eq!(entries(temp.path()), Vec::<String>::new());
        assert_eq!(processes(temp.path()), Vec::<String>::new());
    }
}

/// What OLD lost comes back, what NEW took since comes home; and all of it stays until it is stopped.
#[test]
fn the_emergency_is_played_and_what_is_kept_is_stopped() {
    let (temp, bare) = (temp_folder(), temp_folder());
    programs(bare.path(), &["python3", "sh", "env", "ps"]);
    let path = bare.path().display().to_string();
    let run = |words: &[&str]| failback(temp.path(), words).env("PATH", &path).output().expect("the demo");
    let output = run(&["demo", "--phase", "emergency", "--keep", "--json"]);
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{stdout}{stderr}");
    let report: Value = serde_json::from_str(&stdout).expect("one document");
    assert_eq!((&report["passed"], &report["phase"]), (&true.into(), &"emergency".into()), "{report:#}");
    let parts = report["parts"].as_array().expect("parts");
    let is_real =
        |what: &str| parts.iter().find(|part| part["what"] == what).unwrap_or_else(|| panic!("{what}"))["real"] == true;
    assert!(is_real("pg_dump and pg_restore") && !is_real("az") && !is_real("the container of blobs"), "{report:#}");
    let number = |pointer: &str| report.pointer(pointer).and_then(Value::as_u64).unwrap_or_else(|| panic!("{pointer}"));
    assert!(number("/restored/lost") > 10_000 && number("/restored/rows") > number("/restored/lost"), "{report:#}");
    assert_eq!(report["restored"]["different"], Value::Array(Vec::new()));
    assert!(number("/outcome/arrived") > 100 && number("/outcome/overwritten") == 0, "{report:#}");
    assert!(report["seconds"].as_f64().is_some_and(|seconds| seconds < LONGEST), "{}", report["seconds"]);

    let folder = report["kept"]["folder"].as_str().expect("a folder").to_owned();
    assert!(processes(Path::new(&folder)).iter().any(|line| line.contains("web.py")), "{report:#}");
    let mut undo = failback(Path::new(&folder), &["rollback", "undo", "swap", "--env", "demo", "--confirm", "demo"]);
    let undone = undo.env("PATH", &path).output().expect("the program");
    assert_eq!(undone.status.code(), Some(9), "what is kept can be gone on with: {undone:?}");
    let stopped = run(&["demo", "--stop", &folder]);
    assert_eq!(stopped.status.code(), Some(0), "{stopped:?}");
    assert_eq!(entries(temp.path()), Vec::<String>::new());
    assert_eq!(processes(temp.path()), Vec::<String>::new());
}

#[test]
fn a_phase_without_python_says_so_by_name() {
    let (temp, bare) = (temp_folder(), temp_folder());
    programs(bare.path(), &["sh", "env"]);
    let mut command = failback(temp.path(), &["demo", "--phase", "quick"]);
    let output = command.env("PATH", bare.path()).output().expect("the demo");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(4) && said.contains("no python3 on PATH"), "{said}");
    assert_eq!(entries(temp.path()), Vec::<String>::new());
    assert_eq!(processes(temp.path()), Vec::<String>::new());
    let both = failback(temp.path(), &["demo", "--phase", "quick", "--undo"]).output().expect("the program");
    assert_eq!(both.status.code(), Some(2));
}

#[test]
fn only_a_kept_demo_is_stopped() {
    let temp = temp_folder();
    fs::write(temp.path().join("precious"), "").expect("a file");
    let output = failback(temp.path(), &["demo", "--stop", "."]).output().expect("the program");
    assert_eq!(output.status.code(), Some(4), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(entries(temp.path()), ["precious"]);
}
