//! The counts that were found right, and how far a count may lie from them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};

use super::verdict::Verdict;
use super::{Outcome, callgrind, case};

/// How far a count may lie from the recorded one, in per cent, where the record says nothing else.
const TOLERANCE: u32 = 3;

/// By how much that is wider under another compiler or valgrind: they move counts without any doing of ours.
const ELSEWHERE: u32 = 5;

/// What a count depends on beside the code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Maker {
    build: String,
    machine: String,
    rustc: String,
    valgrind: String,
}

impl Maker {
    /// Asks the tools of this build.
    pub(crate) fn of_this_build() -> Outcome<Self> {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let output =
            Command::new(rustc).arg("--version").output().map_err(|error| format!("ask rustc for its version: {error}"))?;
        Ok(Self {
            // Set in build.toml.
            build: std::env::var("FAILBACK_INSTRUCTIONS_BUILD").unwrap_or_else(|_| "the profile bench".to_owned()),
            machine: machine(),
            rustc: String::from_utf8(output.stdout)?.trim().to_owned(),
            valgrind: callgrind::version()?,
        })
    }
}

/// The processor as valgrind shows it to programs: it hides all that is newer than AVX2, and shows that where the machine has
/// it.
fn machine() -> String {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        return "x86_64 with AVX2".to_owned();
    }
    std::env::consts::ARCH.to_owned()
}

impl fmt::Display for Maker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}, {}, {}", self.build, self.machine, self.rustc, self.valgrind)
    }
}

/// The file of counts.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Record {
    made_with: Maker,
    cases: BTreeMap<String, Recorded>,
}

/// One case's count.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Recorded {
    /// Of one run over all rows.
    instructions: u32,
    tolerance_percent: u32,
}

impl Record {
    /// Reads the file.
    pub(crate) fn read(path: &Path) -> Outcome<Self> {
        let bytes = std::fs::read(path).map_err(|error| format!("read {}: {error}", path.display()))?;
        serde_json::from_slice(&bytes).map_err(|error| format!("read {}: {error}", path.display()).into())
    }

    /// Puts the counts that were found in place of all others.
    pub(crate) fn replace(&mut self, maker: Maker, verdicts: &[Verdict]) {
        let recorded = |verdict: &Verdict| {
            let tolerance_percent = self.cases.get(&verdict.case).map_or(TOLERANCE, |recorded| recorded.tolerance_percent);
            (verdict.case.clone(), Recorded { instructions: verdict.found, tolerance_percent })
        };
        self.cases = verdicts.iter().map(recorded).collect();
        self.made_with = maker;
    }

    /// Writes the file.
    pub(crate) fn write(&self, path: &Path) -> Outcome<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        std::fs::write(path, text).map_err(|error| format!("write {}: {error}", path.display()).into())
    }

    /// Says what keeps the counts of this build from being compared as they are.
    pub(crate) fn reservation(&self, maker: &Maker) -> Option<String> {
        if self.made_with == *maker {
            return None;
        }
        let consequence = if self.is_comparable(maker) { "tolerances are wider" } else { "nothing is compared" };
        Some(format!("recorded with {}, found with {maker}: {consequence}", self.made_with))
    }

    fn is_comparable(&self, maker: &Maker) -> bool {
        (&self.made_with.build, &self.made_with.machine) == (&maker.build, &maker.machine)
    }

    /// Holds a count against the recorded one.
    pub(crate) fn judge(&self, case: &str, found: u32, maker: &Maker) -> Verdict {
        let recorded = self.cases.get(case).map(|recorded| recorded.instructions);
        let own = self.cases.get(case).map_or(TOLERANCE, |recorded| recorded.tolerance_percent);
        let tolerance = if self.made_with == *maker { own } else { own * ELSEWHERE };
        Verdict { case: case.to_owned(), found, recorded, tolerance: self.is_comparable(maker).then_some(tolerance) }
    }

    /// The cases on record that there are no more.
    pub(crate) fn stale(&self) -> impl Iterator<Item = &str> {
        self.cases.keys().map(String::as_str).filter(|recorded| !case::names().any(|name| name == *recorded))
    }
}
