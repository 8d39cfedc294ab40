//! Asks git which commit is built, for `failback --version`.
//!
//! Goes out: `FAILBACK_VERSION`, as `0.1.0 (215dc43 2026-11-24)`; ` with changes` follows the date where files differ from the
//! commit. Without git, or outside a checkout of failback itself (a vendored copy, an unpacked archive), it is the version
//! alone. Never: fails a build.

use std::process::Command;

/// What the program is made of.
const SOURCES: [&str; 5] = ["src", "sql", "Cargo.toml", "Cargo.lock", "build.rs"];

fn main() {
    let version = std::env::var("CARGO_PKG_VERSION").unwrap_or_default();
    println!(
        "cargo::rustc-env=FAILBACK_VERSION={}",
        built_from().map_or(version.clone(), |from| format!("{version} ({from})"))
    );
    for source in SOURCES {
        println!("cargo::rerun-if-changed={source}");
    }
}

/// Returns commit and date, as `215dc43 2026-11-24`.
fn built_from() -> Option<String> {
    // A prefix means that a repository around this folder was found, which is not ours.
    if !git(&["rev-parse", "--show-prefix"])?.is_empty() {
        return None;
    }
    // Every commit and checkout adds a line to this file; a checkout without one is built anew at every change of a source.
    let log = git(&["rev-parse", "--git-path", "logs/HEAD"]).filter(|log| std::path::Path::new(log).exists());
    if let Some(log) = log {
        println!("cargo::rerun-if-changed={log}");
    }
    let commit = git(&["log", "-1", "--format=%h %cs"]).filter(|commit| !commit.is_empty())?;
    let changed = !git(&[&["status", "--porcelain", "--"][..], &SOURCES].concat())?.is_empty();
    Some(if changed { format!("{commit} with changes") } else { commit })
}

/// Runs git in this folder, and returns what it prints if it succeeds.
fn git(arguments: &[&str]) -> Option<String> {
    // Looking must not write: `status` would refresh the index otherwise.
    let output = Command::new("git").arg("--no-optional-locks").args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
