//! The guard on instruction counts: what the code takes today is what is on record, and the guard can fail.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions/recorded.json");

/// Counts in an optimised build, which cargo makes first of what it has built for the tests. Finished programs go elsewhere:
/// other tests use those of this build meanwhile.
fn count(arguments: &[&str]) -> Output {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder");
    let mut cargo = Command::new(env!("CARGO"));
    // What cargo tells a test of its package: a dependency's build script that sees it takes it for a change, and is run again.
    let told = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in std::env::vars().filter(|(name, _)| told(name)) {
        cargo.env_remove(name);
    }
    cargo
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("CARGO_BUILD_BUILD_DIR", target)
        .env("CARGO_TARGET_DIR", target.join("instructions"))
        .args(["bench", "--quiet", "--locked", "--offline", "--config", "benches/instructions/build.toml", "--profile", "dev"])
        .args(["--bench", "instructions", "--"])
        .args(arguments)
        .output()
        .expect("cargo")
}

/// Whether the counts on record are of such a machine.
fn is_comparable() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("avx2");
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// One case with another count on record than the code's.
fn count_against(other: impl Fn(u64) -> u64) -> Output {
    const CASE: &str = "frame/narrow_4";
    let mut record: Value = serde_json::from_slice(&fs::read(RECORDED).expect("the counts on record")).expect("JSON");
    let recorded = &mut record["cases"][CASE]["instructions"];
    *recorded = json!(other(recorded.as_u64().expect("a count")));
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("recorded.json");
    fs::write(&file, record.to_string()).expect("a file");
    count(&["--recorded", file.to_str().expect("a path in UTF-8"), CASE])
}

/// One test: cargo builds once, and tests that waited for it would keep others from running.
#[test]
fn counts_are_those_on_record_and_others_are_noticed() {
    let output = count(&[]);
    let found = said(&output);
    assert!(output.status.success(), "{found}");
    assert_eq!(found.contains("nothing is compared"), !is_comparable(), "{found}");
    if !is_comparable() {
        return;
    }
    let dearer = count_against(|count| count / 2);
    let found = said(&dearer);
    assert_eq!(dearer.status.code(), Some(1), "{found}");
    assert!(found.contains("frame/narrow_4 is dearer than it may be: recorded "), "{found}");
    let cheaper = count_against(|count| count * 2);
    let found = said(&cheaper);
    assert!(cheaper.status.success(), "{found}");
    assert!(found.contains("frame/narrow_4 has become cheaper: recorded "), "{found}");
}
